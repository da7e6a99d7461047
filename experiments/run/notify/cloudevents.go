package notify

import (
	"net/http"
	"net/url"
	"time"
)

// cloudEvents sends CloudEvents 1.0 in structured mode over HTTP.
type cloudEvents struct {
	url     string
	headers http.Header
}

// A cloudEvent is one in its JSON form.
type cloudEvent struct {
	SpecVersion     string   `json:"specversion"`
	ID              string   `json:"id"`
	Source          string   `json:"source"`
	Type            string   `json:"type"`
	Subject         string   `json:"subject"`
	Time            string   `json:"time"`
	DataContentType string   `json:"datacontenttype"`
	Data            *Message `json:"data"`
}

// typePrefix begins the type of each event: the reversed name of the project's domain.
const typePrefix = "io.github.blastgauge.run."

func (c cloudEvents) requests(m *Message) []request {
	subject := m.Run
	if m.Experiment != "" {
		subject += "/" + m.Experiment
	}
	return []request{post(c.url, "application/cloudevents+json; charset=utf-8", c.headers, cloudEvent{
		SpecVersion: "1.0",
		ID:          m.ID,
		// A source is a URI reference; that of a system in an environment is the same in each run.
		Source:          "/blastgauge/" + url.PathEscape(m.System) + "/" + url.PathEscape(m.Environment),
		Type:            typePrefix + string(m.Event),
		Subject:         subject,
		Time:            m.At.Format(time.RFC3339Nano),
		DataContentType: "application/json",
		Data:            m,
	})}
}
