package toxiproxy

import (
	"context"
	"net/url"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/injectors"
)

// A state is a proxy as its server shows it. The last key is of a blastgauge
// proxy alone.
type state struct {
	Name     string  `json:"name"`
	Listen   string  `json:"listen"`
	Upstream string  `json:"upstream"`
	Enabled  bool    `json:"enabled"`
	Toxics   []toxic `json:"toxics"`
	Counts   counts  `json:"blastgauge"`
}

type counts struct {
	Total     int64  `json:"total"` // connections accepted so far
	BytesUp   int64  `json:"bytes_up"`
	BytesDown int64  `json:"bytes_down"`
	Calls     *int64 `json:"calls"` // nil where only bytes are known
}

// A toxic is one as the server shows it, also somebody else's.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Toxicity   float64        `json:"toxicity"`
	Attributes map[string]any `json:"attributes"`
	Ours       tally          `json:"blastgauge"`
}

// A tally is what a blastgauge proxy counted for one toxic.
type tally struct {
	Met int64 `json:"met"`
	Of  int64 `json:"of"`
	// Of a toxic that makes config bad: what became of each document, and why
	// others were left alone.
	Documents []journal.Mutated `json:"documents"`
	Passed    map[string]int64  `json:"passed"`
}

// newToxic is a toxic as it is sent.
type newToxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Toxicity   float64        `json:"toxicity"`
	Attributes map[string]any `json:"attributes"`
}

func proxyPath(proxy string) string { return "/proxies/" + url.PathEscape(proxy) }

func toxicPath(proxy, toxic string) string {
	return proxyPath(proxy) + "/toxics/" + url.PathEscape(toxic)
}

// proxy reads one proxy. Where it does not exist the error is a [missing] one.
func (d *Driver) proxy(ctx context.Context, name string) (state, error) {
	var s state
	if err := d.api.call(ctx, name, request{method: "GET", path: proxyPath(name)}, &s); err != nil {
		return state{}, err
	}
	if s.Name != name { // an answer about something else would prove a fault gone
		return state{}, d.api.errorf("GET %s: the answer is about proxy %q", proxyPath(name), printable(s.Name))
	}
	return s, nil
}

func (d *Driver) proxies(ctx context.Context) (map[string]state, error) {
	all := map[string]state{}
	err := d.api.call(ctx, "", request{method: "GET", path: "/proxies"}, &all)
	return all, err
}

// toxic finds a toxic by name.
func (s state) toxic(name string) (toxic, bool) {
	for _, t := range s.Toxics {
		if t.Name == name {
			return t, true
		}
	}
	return toxic{}, false
}

// describe is a toxic in a few words, such as "payments_slow (latency)".
func (t toxic) describe() string {
	kind := t.Type
	if k, ok := injectors.Lookup(t.Type); ok {
		kind = k.Name
	}
	return printable(t.Name) + " (" + printable(kind) + ")"
}
