package notify

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// grafana writes annotations. A fault is a region, which begins with its injection and is
// closed with its removal; meanwhile graphs show where it began.
type grafana struct {
	url    string
	header http.Header
	tags   []string
	open   map[string]region // faults in force, by name
}

// A region is the annotation of a fault that is in force.
type region struct {
	id   int64 // 0: Grafana did not say
	from int64 // milliseconds since 1970
}

func newGrafana(url, token string, tags []string) *grafana {
	h := http.Header{}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return &grafana{strings.TrimRight(url, "/") + "/api/annotations", h, tags, map[string]region{}}
}

// An annotation is one that is made, or what changes in one that is there. Times are
// milliseconds since 1970.
type annotation struct {
	Time    int64    `json:"time,omitempty"`
	TimeEnd int64    `json:"timeEnd,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Text    string   `json:"text,omitempty"`
}

// mostMarkup is how long the text of an annotation may be, in UTF-16 units.
const mostMarkup = 8000

func (g *grafana) requests(m *Message) []request {
	a := annotation{Time: m.At.UnixMilli(), Tags: g.tagsOf(m), Text: fit(m.text(), mostMarkup, markup)}
	switch {
	case m.Event == experiments.NoticeFault && m.Fault != nil:
		return []request{g.begin(m.Fault.Name, a)}
	case m.Event == experiments.NoticeRemoved && m.Fault != nil && m.Fault.Removed != nil && *m.Fault.Removed:
		return []request{g.end(m.Fault.Name, a)}
	}
	return []request{post(g.url, jsonType, g.header, a)}
}

// begin marks where a fault was injected.
func (g *grafana) begin(fault string, a annotation) request {
	g.open[fault] = region{from: a.Time}
	q := post(g.url, jsonType, g.header, a)
	q.answered = func(body []byte) { g.open[fault] = region{annotationID(body), a.Time} }
	return q
}

// end closes the region of a fault. Where Grafana did not take its beginning, the whole
// region is made now.
func (g *grafana) end(fault string, a annotation) request {
	r, known := g.open[fault]
	delete(g.open, fault)
	if known && r.id == 0 {
		a.Time, a.TimeEnd = r.from, a.Time
	}
	if r.id == 0 {
		return post(g.url, jsonType, g.header, a)
	}
	q := post(g.url+"/"+strconv.FormatInt(r.id, 10), jsonType, g.header, annotation{TimeEnd: a.Time})
	q.method = http.MethodPatch
	return q
}

// annotationID reads the id of an annotation that was made; 0: the answer does not say.
func annotationID(body []byte) int64 {
	var answer struct {
		ID json.Number `json:"id"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&answer); err != nil {
		return 0
	}
	id, err := answer.ID.Int64()
	if err != nil || id < 0 {
		return 0
	}
	return id
}

// tagsOf are the tags of an annotation, each once.
func (g *grafana) tagsOf(m *Message) []string {
	var tags []string
	for _, tag := range append([]string{"blastgauge", m.System, m.Experiment, string(m.Event)}, g.tags...) {
		if tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// text is the message in lines.
func (m *Message) text() string {
	lines := []string{m.Summary}
	for _, f := range m.Facts {
		lines = append(lines, f.Name+": "+f.Text)
	}
	return strings.Join(lines, "\n")
}
