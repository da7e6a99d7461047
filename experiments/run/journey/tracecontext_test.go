package journey

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

var (
	// parentForm is a traceparent of version 00, sampled.
	parentForm = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-01$`)
	// stateForm is a list of one member, as W3C Trace Context has it.
	stateForm = regexp.MustCompile(`^[a-z][a-z0-9_*/-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$`)
)

// A traceLog is what requests carried.
type traceLog struct {
	parents, states []string
	rest            []string // targets, bodies and other headers
	trace           string
	spans           map[string]bool
}

// record performs a journey and returns what its requests carried.
func record(t *testing.T, f Facts, seed Seed, steps []experiments.Step, answer func(n int, resp *httpclient.Response) error) (*traceLog, Result) {
	t.Helper()
	script, err := Compile(steps, f)
	if err != nil {
		t.Fatal(err)
	}
	log := &traceLog{spans: map[string]bool{}}
	to := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		log.rest = append(log.rest, req.Target, string(req.Body))
		for _, h := range req.Headers {
			switch h.Name {
			case traceParent:
				log.parents = append(log.parents, h.Value)
				if m := parentForm.FindStringSubmatch(h.Value); m != nil && strings.Trim(m[1], "0") != "" && strings.Trim(m[2], "0") != "" {
					log.trace, log.spans[m[2]] = m[1], true
				}
			case traceState:
				log.states = append(log.states, h.Value)
			default:
				log.rest = append(log.rest, h.Name+h.Value)
			}
		}
		return answer(len(log.parents), resp)
	})
	return log, NewExecution().Perform(t.Context(), script, Entry{Sender: to, Site: shopSite, Wanted: always}, seed, Limits{Intended: time.Now(), Timeout: time.Minute, SlowAfter: 30 * time.Second})
}

func fine(_ int, resp *httpclient.Response) error {
	resp.Status, resp.Headers = 200, []experiments.Field{{Name: "Set-Cookie", Value: "s=1"}}
	return nil
}

func twoSteps(headers ...experiments.Field) []experiments.Step {
	return []experiments.Step{
		{Name: "list", Request: experiments.Request{Target: "/list?x=${random 1..1000000}"}},
		{Name: "pay", Request: experiments.Request{Method: "POST", Target: "/pay", Body: "${uuid} ${random 1..1000000}", Headers: headers}},
	}
}

// Each request of a journey is a span of its own in one trace, which is sampled and says
// the arm. The ids depend on the seed of the journey, and nothing else depends on them.
func TestEachJourneyIsATrace(t *testing.T) {
	t.Parallel()
	traces := map[string]bool{}
	for n := range uint64(200) {
		seed := Seed{Choices: 1, UUIDs: 2, Number: n}
		log, r := record(t, Facts{Traced: true, Arm: plan.FaultArm}, seed, twoSteps(), fine)
		if r.Outcome != journal.OK || len(log.parents) != 2 || len(log.spans) != 2 || traces[log.trace] {
			t.Fatalf("%+v of %+v", log, r)
		}
		traces[log.trace] = true
		again, _ := record(t, Facts{Traced: true, Arm: plan.FaultArm}, seed, twoSteps(), fine)
		without, _ := record(t, Facts{}, seed, twoSteps(), fine)
		if !slices.Equal(log.parents, again.parents) || !slices.Equal(log.rest, without.rest) || len(without.parents)+len(without.states) > 0 {
			t.Fatalf("%+v, again %+v, without %+v", log, again, without)
		}
		seed.UUIDs++ // another run, or the other arm
		if other, _ := record(t, Facts{Traced: true}, seed, twoSteps(), fine); traces[other.trace] {
			t.Fatal("two journeys share a trace")
		}
	}
	for _, arm := range []plan.Arm{plan.FaultArm, plan.ControlArm} {
		log, _ := record(t, Facts{Traced: true, Arm: arm}, Seed{}, twoSteps(), fine)
		want := "blastgauge=" + arm.String()
		if !slices.Equal(log.states, []string{want, want}) || !stateForm.MatchString(want) {
			t.Errorf("%s: %q", arm, log.states)
		}
	}
}

// Attempts of a step that polls are spans of their own.
func TestEachAttemptIsASpan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		steps := twoSteps()
		steps[1].Poll = &experiments.Poll{Every: time.Second, For: 20 * time.Second}
		log, r := record(t, Facts{Traced: true}, Seed{}, steps, func(n int, resp *httpclient.Response) error {
			if resp.Status = 404; n == 1 || n == 5 {
				resp.Status = 200
			}
			return nil
		})
		if r.Outcome != journal.OK || len(log.parents) != 5 || len(log.spans) != 5 {
			t.Errorf("%+v of %+v", log, r)
		}
	})
}

// Hops of a redirect that is followed are spans of their own, and what is shown of the
// request afterwards is what the step has sent.
func TestEachHopIsASpan(t *testing.T) {
	t.Parallel()
	steps := twoSteps()
	steps[1].Follow = 5
	steps[1].Request.Headers = []experiments.Field{{Name: "X-Api-Key", Value: "c4n4ry-of-nobody"}}
	log, r := record(t, Facts{Traced: true}, Seed{}, steps, func(n int, resp *httpclient.Response) error {
		resp.Status, resp.Body = 200, []byte("is c4n4ry-of-nobody right?")
		switch n {
		case 2:
			resp.Status, resp.Headers = 303, []experiments.Field{{Name: "Location", Value: "/thanks"}}
		case 3:
			resp.Status, resp.Headers = 302, []experiments.Field{{Name: "Location", Value: "http://other.test/"}}
		case 4:
			resp.Status, resp.Headers = 502, nil
		}
		return nil
	})
	if r.Outcome != journal.Failed || len(log.parents) != 4 || len(log.spans) != 4 || r.Example == nil || r.Example.Trace != log.trace {
		t.Errorf("%+v of %+v, %+v", log, r, r.Example)
	}
	if text := fmt.Sprintf("%+v", r.Example); strings.Contains(text, "c4n4ry") || !strings.Contains(text, "is *** right") {
		t.Errorf("the example shows a secret: %s", text)
	}
}

// What a step says itself wins: its trace is another's, and its state goes with ours.
func TestATraceOfTheDocumentWins(t *testing.T) {
	t.Parallel()
	const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	for name, tt := range map[string]struct {
		header          experiments.Field
		parents, states int // that are ours
	}{
		"another header":  {experiments.Field{Name: "X-Trace", Value: own}, 2, 2},
		"a trace":         {experiments.Field{Name: "TraceParent", Value: own}, 1, 1},
		"a trace by name": {experiments.Field{Name: "traceparent", Value: "${uuid}"}, 1, 1},
		"a state":         {experiments.Field{Name: "Tracestate", Value: "shop=1"}, 2, 1},
	} {
		log, r := record(t, Facts{Traced: true}, Seed{}, twoSteps(tt.header), fine)
		parents := slices.DeleteFunc(log.parents, func(v string) bool { return !parentForm.MatchString(v) })
		if r.Outcome != journal.OK || len(parents) != tt.parents || len(log.states) != tt.states {
			t.Errorf("%s: %q, %q", name, log.parents, log.states)
		}
		if text := fmt.Sprint(log.rest); tt.header.Name != traceParent && !strings.Contains(text, tt.header.Name+tt.header.Value) {
			t.Errorf("%s: its own header is not sent: %s", name, text)
		}
	}
}

// An example of harm has the trace that was sent, however the journey was harmed, and
// beside it what the system calls the request. Without a trace of ours, what the system
// says is all there is.
func TestExamplesHaveTheirTrace(t *testing.T) {
	t.Parallel()
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	says := func(name, value string) func(int, *httpclient.Response) error {
		return func(_ int, resp *httpclient.Response) error {
			resp.Status, resp.Headers = 502, []experiments.Field{{Name: name, Value: value}}
			return nil
		}
	}
	for name, tt := range map[string]struct {
		answer       func(int, *httpclient.Response) error
		ours, theirs string // what the system's name is, with our trace and without
	}{
		"a bad status":     {func(_ int, resp *httpclient.Response) error { resp.Status = 502; return nil }, "", ""},
		"no answer":        {func(int, *httpclient.Response) error { return httpclient.ErrTimedOut }, "", ""},
		"an id":            {says("X-Request-Id", "r-17"), "r-17", "r-17"},
		"a trace of its":   {says("Traceresponse", "00-"+theirs+"-b7ad6b7169203331-01"), theirs, theirs},
		"what is no trace": {says("X-Request-Id", "a b"), "", ""},
		"too slow":         {func(int, *httpclient.Response) error { time.Sleep(31 * time.Second); return nil }, "", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			slow := func(n int, resp *httpclient.Response) error {
				resp.Status = 200
				return tt.answer(n, resp)
			}
			log, r := record(t, Facts{Traced: true}, Seed{}, twoSteps(), slow)
			if x := r.Example; x == nil || log.trace == "" || x.Trace != log.trace || x.RequestID != tt.ours {
				t.Errorf("%s: %+v, sent %s", name, x, log.trace)
			}
			if _, r = record(t, Facts{}, Seed{}, twoSteps(), slow); r.Example == nil || r.Example.Trace != tt.theirs || r.Example.RequestID != "" {
				t.Errorf("%s, without a trace: %+v", name, r.Example)
			}
		})
	}
}
