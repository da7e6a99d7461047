package generator

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// words are those of an experiment with two arms and two journeys, a minute after the
// program was started.
func words() (*vocabulary, moment) {
	v := &vocabulary{
		experiment: 1, epoch: time.Date(2026, 2, 3, 10, 0, 0, 0, time.UTC), began: 10 * time.Second, arms: []plan.Arm{plan.FaultArm, plan.ControlArm},
		together: []int{24, 40},
		journeys: []plan.Journey{
			{Journey: experiments.Journey{Name: "checkout", SlowAfter: 2 * time.Second, Timeout: 8 * time.Second, Steps: []experiments.Step{{Name: "cart"}, {Name: "pay"}}}},
			{Journey: experiments.Journey{Name: "search", SlowAfter: 500 * time.Millisecond, Timeout: time.Second, Steps: []experiments.Step{{Name: "find"}}}},
		},
	}
	return v, moment{now: 70 * time.Second}
}

func TestWhatALineSays(t *testing.T) {
	t.Parallel()
	v, m := words()
	for text, want := range map[string]said{
		`{"journey":"checkout","arm":"fault","start":69.5,"took":0.25,"outcome":"ok"}`:          {Observation: journal.Observation{Intended: 69500 * time.Millisecond, Took: 250 * time.Millisecond, Step: -1}},
		`{"journey":"search","arm":"control","start":69,"took":0.1,"outcome":"ok","late":0.02}`: {Observation: journal.Observation{Journey: 1, Arm: plan.ControlArm, Intended: 69 * time.Second, Took: 100 * time.Millisecond, Late: 20 * time.Millisecond, Step: -1}},
		`{"journey":"checkout","arm":"fault","start":"2026-02-03T10:01:09.5Z","took":0,"outcome":"failed","cause":"status: 503","step":"pay","trace":"t","detail":"d"}`: {
			Observation: journal.Observation{Intended: 69500 * time.Millisecond, Outcome: journal.Failed, Cause: journal.Status, Step: 1}, key: "503", trace: "t", detail: "d"},
		`{"journey":"checkout","arm":"fault","start":"2026-02-03T12:01:09.5+02:00","took":0,"outcome":"wrong","step":0}`: {Observation: journal.Observation{Intended: 69500 * time.Millisecond, Outcome: journal.Wrong, Cause: journal.Unmet}},
		// Whatever it is called, it took longer than it may.
		`{"journey":"checkout","arm":"fault","start":65,"took":2.001,"outcome":"ok"}`: {Observation: journal.Observation{Intended: 65 * time.Second, Took: 2001 * time.Millisecond, Outcome: journal.Slow, Cause: journal.TooSlow, Step: -1}, key: "2s"},
		`{"journey":"search","arm":"fault","start":69,"took":0.6,"outcome":"slow"}`:   {Observation: journal.Observation{Journey: 1, Intended: 69 * time.Second, Took: 600 * time.Millisecond, Outcome: journal.Slow, Cause: journal.TooSlow}, key: "500ms"},
		`{"journey":"search","arm":"fault","start":69,"outcome":"shed"}`:              {Observation: journal.Observation{Journey: 1, Intended: 69 * time.Second, Outcome: journal.Failed, Cause: journal.Shed}},
		// A class that we have no name for is the key of an error.
		`{"journey":"search","arm":"fault","start":69,"took":0,"outcome":"failed","cause":"CatchResponseError: no"}`: {Observation: journal.Observation{Journey: 1, Intended: 69 * time.Second, Outcome: journal.Failed, Cause: journal.Broken}, key: "CatchResponseError: no"},
		`{"journey":"search","arm":"fault","start":68,"took":0.1,"outcome":"ok","count":40}`:                         {Observation: journal.Observation{Journey: 1, Intended: 68 * time.Second, Took: 100 * time.Millisecond, Paused: 500 * time.Millisecond, Step: -1, Count: 40}},
	} {
		want.Experiment = 1
		got, wrong := v.read([]byte(text), m)
		if wrong != nil || !equal(got, want) {
			t.Errorf("%s\n  says %+v, %v\n  want %+v", text, got, wrong, want)
		}
		if err := schemaOf(t).Validate(decoded(t, text)); err != nil {
			t.Errorf("%s\n  is no line by the schema: %v", text, err)
		}
	}
}

func equal(a, b said) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y) && a.key == b.key && a.detail == b.detail && a.trace == b.trace
}

// A line that cannot be of a journey is told apart by what is wrong with it, and the schema
// knows what is wrong whatever the experiment is.
func TestBadLines(t *testing.T) {
	t.Parallel()
	v, m := words()
	stopped := m
	stopped.stopped = 60 * time.Second
	for _, tt := range []struct {
		kind, text string
		schema     bool // it is a line by the schema
		at         moment
	}{
		{Malformed, `hello`, false, m},
		{Malformed, `[]`, false, m},
		{Malformed, `{`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok"`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok"} {}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","outcme":"failed"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","Step":1}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"failed","outcome":"ok"}`, true, m}, // a parser takes the last
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":"1","outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":-1,"outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1e99,"outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":"69","took":1,"outcome":"ok"}`, true, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":null,"took":1,"outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":{},"took":1,"outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":1e300,"took":1,"outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","took":1,"outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"outcome":"failed"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1}`, false, m},
		{Malformed, `{"arm":"fault","start":69,"took":1,"outcome":"ok"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","count":0}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","count":1000001}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","count":1.5}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","cause":"status"}`, false, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"failed","step":-1}`, false, m},
		{UnknownJourney, `{"journey":"Checkout","arm":"fault","start":69,"took":1,"outcome":"ok"}`, true, m},
		{UnknownArm, `{"journey":"checkout","start":69,"took":1,"outcome":"ok"}`, true, m},
		{UnknownArm, `{"journey":"checkout","arm":"canary","start":69,"took":1,"outcome":"ok"}`, false, m},
		{UnknownStep, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"failed","step":"ship"}`, true, m},
		{UnknownStep, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"failed","step":2}`, true, m},
		{UnknownOutcome, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"passed"}`, false, m},
		{BeforeRun, `{"journey":"checkout","arm":"fault","start":9,"took":1,"outcome":"ok"}`, true, m},
		{BeforeRun, `{"journey":"checkout","arm":"fault","start":"0001-01-01T00:00:00Z","took":1,"outcome":"ok"}`, true, m},
		{BeforeRun, `{"journey":"checkout","arm":"fault","start":-69,"took":1,"outcome":"ok"}`, true, m},
		{Future, `{"journey":"checkout","arm":"fault","start":71,"took":0,"outcome":"ok"}`, true, m},
		{Malformed, `{"journey":"checkout","arm":"fault","start":1.7701e9,"took":0,"outcome":"ok"}`, false, m}, // seconds of Unix: no run is so long
		{Future, `{"journey":"checkout","arm":"fault","start":69,"took":250,"outcome":"ok"}`, true, m},         // milliseconds
		{TooLate, `{"journey":"checkout","arm":"fault","start":56,"took":1,"outcome":"ok"}`, true, m},
		{TooMany, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","count":25}`, true, m},
		{TooMany, `{"journey":"checkout","arm":"fault","start":69,"took":1,"outcome":"ok","count":1000000}`, true, m},
		{AfterStop, `{"journey":"checkout","arm":"fault","start":61.5,"took":1,"outcome":"ok"}`, true, stopped},
	} {
		if _, wrong := v.read([]byte(tt.text), tt.at); wrong == nil || wrong.kind != tt.kind || wrong.why == "" {
			t.Errorf("%s\n  is %+v, want %s", tt.text, wrong, tt.kind)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(tt.text))
		if valid := err == nil && schemaOf(t).Validate(doc) == nil; valid != tt.schema {
			t.Errorf("%s\n  is a line by the schema: %v, want %v", tt.text, valid, tt.schema)
		}
	}
}

// One arm needs no name.
func TestOneArm(t *testing.T) {
	t.Parallel()
	v, m := words()
	v.arms = v.arms[:1]
	if o, wrong := v.read([]byte(`{"journey":"checkout","start":69,"took":1,"outcome":"ok"}`), m); wrong != nil || o.Arm != plan.FaultArm {
		t.Errorf("%+v, %v", o, wrong)
	}
	if _, wrong := v.read([]byte(`{"journey":"checkout","arm":"control","start":69,"took":1,"outcome":"ok"}`), m); wrong == nil || wrong.kind != UnknownArm {
		t.Errorf("the arm that is not there: %v", wrong)
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func schemaOf(t *testing.T, at ...string) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("traffic.json", decoded(t, string(text))); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("traffic.json" + strings.Join(at, ""))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What a program is told is as the schema says.
func TestWhatAProgramIsTold(t *testing.T) {
	t.Parallel()
	v, _ := words()
	journeys := v.journeys
	journeys = append(journeys, plan.Journey{Journey: experiments.Journey{Name: "unsent"}})
	journeys[0].Rate, journeys[1].Rate = 40, 6
	journeys[0].Stages = []experiments.Stage{{Rate: 10, For: 2 * time.Second}}
	p := &plan.Plan{Run: "r", System: experiments.System{URL: "http://shop.test", ControlURL: "http://control.test", Host: "shop"}, Experiments: []plan.Experiment{{
		ID: "payments-slow", Seed: 1<<64 - 1, Control: plan.Concurrent, Journeys: journeys, Phases: experiments.Phases{Warmup: 5 * time.Second, Fault: time.Minute},
	}}}
	env, err := tell(Options{Plan: p, Epoch: v.epoch.Add(250 * time.Millisecond)}, "/tmp/lines", "/tmp/stop").environ([]string{"HOME=/root"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		got[name] = value
	}
	for name, want := range map[string]string{
		"HOME": "/root", "BLASTGAUGE_RUN": "r", "BLASTGAUGE_EXPERIMENT": "payments-slow", "BLASTGAUGE_LINES": "/tmp/lines", "BLASTGAUGE_STOP": "/tmp/stop",
		"BLASTGAUGE_URL": "http://shop.test", "BLASTGAUGE_CONTROL_URL": "http://control.test", "BLASTGAUGE_EPOCH": "1770112800.250000",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	text := got["BLASTGAUGE_TRAFFIC"]
	if err := schemaOf(t, "#/$defs/traffic").Validate(decoded(t, text)); err != nil {
		t.Errorf("%s\n%v", text, err)
	}
	var all told
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	if r := all.Journeys[0].Rates; len(all.Arms) != 2 || len(all.Journeys) != 2 || r["fault"] != 20 || r["control"] != 20 || all.Journeys[0].Stages[0].Rates["fault"] != 5 || all.Arms[0].Headers["Host"] != "shop" || all.Seed != exactSeed {
		t.Errorf("%+v", all)
	}
}

// Whatever comes, it is read or told what it is, and what is read can have been.
func FuzzLine(f *testing.F) {
	f.Add([]byte(`{"journey":"checkout","arm":"fault","start":69.5,"took":0.25,"outcome":"ok"}`))
	f.Add([]byte(`{"journey":"search","arm":"control","start":"2026-02-03T10:01:09.5Z","took":1e-3,"outcome":"failed","cause":"status: 503","step":0,"count":3,"late":0.1,"trace":"a","detail":"b"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, m := words()
		o, wrong := v.read(text, m)
		if wrong != nil {
			if wrong.kind == "" || wrong.why == "" {
				t.Errorf("%q is refused without a reason", text)
			}
			return
		}
		j := v.journeys[o.Journey]
		if o.Took < 0 || o.Late < 0 || o.Intended > m.now+skew || o.Intended+o.Took > m.now+skew || o.Step >= len(j.Steps) || o.Times() > v.together[o.Journey] {
			t.Errorf("%q is read as %+v", text, o)
		}
		if o.Took > j.SlowAfter && !o.Harmed() || o.Harmed() != (o.Cause != journal.NoCause) {
			t.Errorf("%q took %s and is %s for %q", text, o.Took, o.Outcome, o.Cause)
		}
	})
}

func BenchmarkLine(b *testing.B) {
	v, m := words()
	text := []byte(`{"journey":"checkout","arm":"fault","start":69.5,"took":0.25,"outcome":"failed","step":"pay","cause":"status: 503"}`)
	for b.Loop() {
		if _, wrong := v.read(text, m); wrong != nil {
			b.Fatal(wrong)
		}
	}
}
