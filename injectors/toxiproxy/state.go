package toxiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/injectors"
)

// A state is a proxy as its server shows it. Only a blastgauge proxy has the last
// key.
type state struct {
	Name     string  `json:"name"`
	Listen   string  `json:"listen"`
	Upstream string  `json:"upstream"`
	Enabled  bool    `json:"enabled"`
	Toxics   []toxic `json:"toxics"`
	Counts   counts  `json:"blastgauge"`
}

// UnmarshalJSON refuses what is not a proxy: in an answer of something else, a missing
// list of toxics would be taken for an empty one.
func (s *state) UnmarshalJSON(text []byte) error {
	type plain state
	read := struct {
		*plain
		Enabled *bool `json:"enabled"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	if s.Name == "" || read.Enabled == nil || s.Toxics == nil {
		return errors.New("a proxy has a name, enabled and toxics")
	}
	s.Enabled = *read.Enabled
	return nil
}

type counts struct {
	Total     int64  `json:"total"` // connections accepted so far
	BytesUp   int64  `json:"bytes_up"`
	BytesDown int64  `json:"bytes_down"`
	Calls     *int64 `json:"calls"` // nil where only bytes are known
	// DialFailed are the connections that ended because the upstream could not be reached.
	DialFailed int64 `json:"dial_failed"`
	// Answers are how long the upstream took to answer.
	Answers []answerCount `json:"answers"`
}

type answerCount struct {
	From     int64 `json:"from_us"`
	Answered int64 `json:"answered"`
	GivenUp  int64 `json:"given_up"`
}

// answered is how long the upstream took to answer; nil where the server does not tell, or
// tells what cannot be.
func (c counts) answered() (list []journal.AnswerCount) {
	const most = 1 << 40
	for _, a := range c.Answers {
		if min(a.From, a.Answered, a.GivenUp) < 0 || max(a.Answered, a.GivenUp) > most || a.From > journal.LongestRun.Microseconds() {
			return nil
		}
		list = append(list, journal.AnswerCount{AtLeast: time.Duration(a.From) * time.Microsecond, Answered: a.Answered, GivenUp: a.GivenUp})
	}
	return list
}

// A toxic is a toxic as the server shows it, whoever added it.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Toxicity   float64        `json:"toxicity"`
	Attributes map[string]any `json:"attributes"`
	Counts     toxicCounts    `json:"blastgauge"`
}

// toxicCounts is what a blastgauge proxy counted for one toxic: how many connections
// or requests it affected, of how many that it could have affected.
type toxicCounts struct {
	Met int64 `json:"met"`
	Of  int64 `json:"of"`
	// Refusing is that the toxic makes connect() fail, which the server does not see.
	Refusing bool `json:"refusing"`
	// For a message-level toxic: the requests that came, and the most frequent kinds of
	// those that did not match.
	Seen   int64            `json:"seen"`
	Missed []journal.Missed `json:"missed"`
	// For a toxic that makes config bad: what it did to each document, and how many
	// documents it left alone, by reason.
	Documents []journal.Mutated `json:"documents"`
	Passed    map[string]int64  `json:"passed"`
}

// A newToxic is the body of a request that adds a toxic.
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

// proxy reads one proxy. When it does not exist, [isMissing] is true of the error.
func (d *Driver) proxy(ctx context.Context, name string) (state, error) {
	var s state
	if err := d.api.call(ctx, name, request{method: "GET", path: proxyPath(name)}, &s); err != nil {
		return state{}, err
	}
	if s.Name != name { // an answer about another proxy would wrongly prove a fault gone
		return state{}, d.api.errorf("GET %s: the answer is about proxy %q", proxyPath(name), d.api.printable(s.Name))
	}
	return s, nil
}

// proxies reads all proxies. An answer that is not the list of a Toxiproxy is an error.
func (d *Driver) proxies(ctx context.Context) (map[string]state, error) {
	const path = "/proxies"
	var all map[string]state
	if err := d.api.call(ctx, "", request{method: "GET", path: path}, &all); err != nil {
		return nil, err
	}
	if all == nil {
		return nil, d.api.errorf("GET %s: the answer is null, and not a list of proxies", path)
	}
	for name, s := range all {
		if s.Name != name {
			return nil, d.api.errorf("GET %s: the answer has proxy %q under the name %q", path, d.api.printable(s.Name), d.api.printable(name))
		}
	}
	return all, nil
}

// listing reads all proxies, after it has made sure that a Toxiproxy answers. It is what
// proves that something is absent: whatever took the server's place since the last
// call must not do so with an empty answer.
func (d *Driver) listing(ctx context.Context) (map[string]state, error) {
	if _, err := d.Identify(ctx); err != nil {
		return nil, err
	}
	return d.proxies(ctx)
}

// toxic returns a toxic by its name.
func (s state) toxic(name string) (toxic, bool) {
	for _, t := range s.Toxics {
		if t.Name == name {
			return t, true
		}
	}
	return toxic{}, false
}

// describe returns a toxic's name and kind, such as "payments_slow (latency)".
func (t toxic) describe(show func(string) string) string {
	kind := t.Type
	if k, ok := injectors.Lookup(t.Type); ok {
		kind = k.Name
	}
	return show(t.Name) + " (" + show(kind) + ")"
}
