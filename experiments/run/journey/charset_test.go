package journey

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// What is expected of a body, and captured from it, is text, whatever bytes it comes in.
func TestBodiesAreJudgedAsText(t *testing.T) {
	t.Parallel()
	header := func(value string) experiments.Field { return experiments.Field{Name: "Content-Type", Value: value} }
	isJSON := experiments.Expect{JSON: []experiments.Check{{Target: "$.city", Op: experiments.Eq, Value: "Zürich"}}}
	isText := experiments.Expect{Body: []experiments.Check{{Op: experiments.Contains, Value: "Zürich"}, {Op: experiments.Matches, Value: "^Z.rich"}, {Op: experiments.Lacks, Value: "ZÃ"}}}
	byPath := experiments.Capture{Name: "c", From: experiments.FromJSON, Expr: "$.city"}
	byPattern := experiments.Capture{Name: "c", From: experiments.FromRegex, Expr: "(Z.rich)"}
	byHeader := experiments.Capture{Name: "c", From: experiments.FromHeader, Expr: "X-City"}
	wide := "\xff\xfe" + "{\x00\"\x00c\x00i\x00t\x00y\x00\"\x00:\x00\"\x00Z\x00\xfc\x00r\x00i\x00c\x00h\x00\"\x00}\x00"
	tests := map[string]struct {
		to      Sender
		expect  experiments.Expect
		capture experiments.Capture
	}{
		"JSON with a byte order mark": {answering(200, "\xef\xbb\xbf"+`{"city":"Zürich"}`, header("application/json; charset=utf-8")), isJSON, byPath},
		"JSON in UTF-16":              {answering(200, wide, header("application/json")), isJSON, byPath},
		"JSON in Latin-1":             {answering(200, "{\"city\":\"Z\xfcrich\"}", header("application/json; charset=iso-8859-1")), isJSON, byPath},
		"text with a byte order mark": {answering(200, "\xef\xbb\xbfZürich", header("text/plain")), isText, byPattern},
		"text in Latin-1":             {answering(200, "Z\xfcrich", header("text/plain; charset=iso-8859-1")), isText, byPattern},
		"a header in Latin-1": {answering(200, "", experiments.Field{Name: "X-City", Value: "Z\xfcrich"}),
			experiments.Expect{Header: []experiments.Check{{Target: "X-City", Op: experiments.Eq, Value: "Zürich"}}}, byHeader},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := NewExecution()
			var told Exchange
			e.Trace(func(x Exchange) { told = x })
			r := e.Perform(t.Context(), oneStep(t, tt.expect, tt.capture), Entry{Sender: tt.to, Site: shopSite}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
			if r.Outcome != journal.OK || len(told.Captured) != 1 || told.Captured[0].Value != "Zürich" {
				t.Errorf("%v: %s; captured %+v", r.Outcome, r.Detail, told.Captured)
			}
			if told.Size > 0 && !strings.Contains(told.Content, "Zürich") {
				t.Errorf("shown as %q", told.Content)
			}
			holdsNothing(t, e)
		})
	}
}

// An example shows a body as text, too.
func TestExamplesAreText(t *testing.T) {
	t.Parallel()
	to := answering(500, "Z\xfcrich", experiments.Field{Name: "Content-Type", Value: "text/plain; charset=iso-8859-1"}, experiments.Field{Name: "Location", Value: "/Z\xfcrich"})
	r := performOnce(t, experiments.Step{Name: "a", Request: experiments.Request{Target: "/"}}, Entry{Sender: to, Site: shopSite, Wanted: always}, time.Minute)
	if r.Example == nil || r.Example.Body != "Zürich" || r.Example.Location != "/Zürich" {
		t.Errorf("%+v", r.Example)
	}
}

// An answer that nobody can read says why.
func TestUnknownCodingsAreNamed(t *testing.T) {
	t.Parallel()
	c := newClient(t, httpclient.Options{Base: journeytest.Listen(t, journeytest.Reply("HTTP/1.1 200 OK\r\nContent-Encoding: x-own\r\nContent-Length: 2\r\n\r\n!!"))})
	for name, expect := range map[string]experiments.Expect{
		"JSON": {JSON: []experiments.Check{{Target: "$.a", Op: experiments.Exists, Value: true}}},
		"text": {Body: []experiments.Check{{Op: experiments.Contains, Value: "ok"}}},
	} {
		r := NewExecution().Perform(t.Context(), oneStep(t, expect), Entry{Sender: c, Site: shopSite}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
		if r.Outcome != journal.Wrong || !strings.Contains(r.Detail, "x-own") {
			t.Errorf("%s: %v, %s", name, r.Outcome, r.Detail)
		}
	}
	r := NewExecution().Perform(t.Context(), oneStep(t, experiments.Expect{Body: []experiments.Check{{Op: experiments.Contains, Value: "!!"}}}), Entry{Sender: c, Site: shopSite}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
	if r.Outcome != journal.OK {
		t.Errorf("bytes that can be compared: %v, %s", r.Outcome, r.Detail)
	}
}

// A text that is much larger than its body is too large, and no JSON that is wrong.
func TestTextsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	to := answering(200, strings.Repeat("\x80", 25<<20), experiments.Field{Name: "Content-Type", Value: "text/plain; charset=windows-1252"})
	for name, expect := range map[string]experiments.Expect{
		"JSON": {JSON: []experiments.Check{{Target: "$.a", Op: experiments.Exists, Value: true}}},
		"text": {Body: []experiments.Check{{Op: experiments.Contains, Value: "ok"}}},
	} {
		m := NewMemory()
		r := performOnce(t, experiments.Step{Name: "a", Request: experiments.Request{Target: "/"}, Expect: expect}, Entry{Sender: to, Site: shopSite, Memory: m}, time.Minute)
		if r.Outcome != journal.Failed || r.Cause != journal.TooLarge || m.used != 0 {
			t.Errorf("%s: %v %s, %s; %d bytes are held", name, r.Outcome, r.Cause, r.Detail, m.used)
		}
	}
}
