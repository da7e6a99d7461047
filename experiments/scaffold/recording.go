package scaffold

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// maxSteps is how many steps a journey may have.
const maxSteps = 200

// A Recording is a journey as a browser recorded it. Its values are traced to the
// answers that they come from.
type Recording struct {
	Origin  string // of the journey, such as https://shop.staging.example
	Kept    int    // requests that became steps
	Left    string // the requests that were left out, in words; empty: none
	file    string
	id      string // of the journey
	steps   []*step
	secrets *vault
	notes   []string
}

// ReadRecording reads a HAR 1.2 file; file is its name in messages. The journey is
// made of the requests to one origin: own, or the main one of the recording if own is
// empty. The error is a *[shape.Error] that names the file, the entry and what to do.
func ReadRecording(file string, from io.Reader, own string) (*Recording, error) {
	r, err := readHAR(file, from)
	if err != nil {
		return nil, err
	}
	if len(r.list) == 0 {
		return nil, r.fail("record a visit of the shop itself", "no request is left for a journey: %s were left out", r.drops)
	}
	if own == "" {
		own = mainOrigin(r.list)
	} else if own, err = parseOrigin(own); err != nil {
		return nil, err
	}
	rec := &Recording{Origin: own, file: file, id: cmp.Or(slug(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))), "checkout")}
	var kept []*exchange
	for _, x := range r.list {
		if origin(x.url) == own {
			kept = append(kept, x)
		} else {
			r.drops.add(otherOrigin)
		}
	}
	if names := otherOrigins(r.list, own); len(names) > 0 {
		rec.notes = append(rec.notes, "requests to other origins were left out: "+strings.Join(names, ", ")+"; --origin chooses another one")
	}
	kept = mergeRepeats(kept)
	rec.Left, rec.Kept = r.drops.String(), len(kept)
	switch {
	case len(kept) == 0:
		return nil, r.fail("give one of: "+strings.Join(otherOrigins(r.list, own), ", "), "no request went to %s", own)
	case len(kept) > maxSteps:
		return nil, r.fail("record only the journey", "%d requests to %s, a journey has at most %d steps", len(kept), own, maxSteps)
	}
	rec.trace(kept)
	return rec, nil
}

// parseOrigin checks the origin that the user gave.
func parseOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("%w: --origin %q is not an origin such as https://shop.staging.example", experiments.ErrInvalid, text)
	}
	return origin(u), nil
}

// trace makes steps of the exchanges and links their values.
func (rec *Recording) trace(list []*exchange) {
	rec.secrets = &vault{prefix: strings.ToUpper(snake(strings.ReplaceAll(rec.id, "-", "_"))), names: map[string]string{}, taken: map[string]bool{}}
	if c := rec.secrets.prefix[0]; c >= '0' && c <= '9' {
		rec.secrets.prefix = "SHOP_" + rec.secrets.prefix
	}
	l := &linker{index: map[string][]source{}, sent: map[string]map[string]bool{}, taken: map[string]bool{}, secrets: rec.secrets}
	names := map[string]bool{}
	for _, x := range list {
		s := &step{exchange: x, request: newRequest(x)}
		s.resource = resourceOf(s.request)
		if n, ok := parseJSON(x.answer.text); ok && (strings.Contains(x.answer.mime, "json") || x.answer.mime == "") {
			s.json, s.leaves = n, leavesOf(n)
		}
		s.name = uniqueName(stepName(s), "-", names)
		l.steps = append(l.steps, s)
	}
	rec.steps = l.steps
	l.link()
	l.addExpectations()
	rec.notes = append(rec.notes, l.notes...)
	rec.noteGaps()
}

// noteGaps notes what is missing from the recording.
func (rec *Recording) noteGaps() {
	lost, unchanged, unset := 0, 0, []string{}
	set := map[string]bool{}
	for _, s := range rec.steps {
		if s.answer.lost && (strings.Contains(s.answer.mime, "json") || strings.Contains(s.answer.mime, "html")) {
			lost++
		}
		if s.answer.status == 304 {
			unchanged++
		}
		for _, h := range s.headers {
			if strings.EqualFold(h.Name, "cookie") {
				unset = append(unset, unknownCookies(h.Value, set)...)
			}
		}
		for _, src := range headerSources(0, s.answer, "") {
			if src.from == experiments.FromCookie {
				set[src.key] = true
			}
		}
	}
	if lost > 0 {
		rec.notes = append(rec.notes, fmt.Sprintf("the file holds no text of %d answers: what they gave to later requests could not be found; export HAR with content", lost))
	}
	if unchanged > 0 {
		rec.notes = append(rec.notes, fmt.Sprintf("%d answers came from the browser's cache (304): record with the cache disabled to have their texts", unchanged))
	}
	if unset = slices.Compact(slices.Sorted(slices.Values(unset))); len(unset) > 0 {
		rec.notes = append(rec.notes, "cookies from before the recording were sent and are not part of it: "+strings.Join(unset[:min(len(unset), 8)], ", ")+"; record in a private window from the first page on")
	}
}

// unknownCookies returns the names in a Cookie header that no earlier answer set.
func unknownCookies(header string, set map[string]bool) []string {
	var names []string
	for pair := range strings.SplitSeq(header, ";") {
		name, _, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if ok && !set[name] && experiments.IsHeaderName(name) && len(name) <= 60 {
			names = append(names, name)
		}
	}
	return names
}

// budget returns after how long the journey is slow, and has failed: three times as
// long as the recorded answers took, in whole seconds, but at least the defaults.
func (rec *Recording) budget() (slow, timeout time.Duration) {
	var took time.Duration
	for _, s := range rec.steps {
		took += s.took
	}
	seconds := math.Ceil(3 * took.Seconds())
	slow = min(max(time.Duration(seconds)*time.Second, experiments.DefaultSlowAfter), 30*time.Second)
	return slow, max(experiments.DefaultTimeout, 2*slow)
}
