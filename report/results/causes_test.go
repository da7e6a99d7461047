package results

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A step is named with its journey where its name alone is that of another one, too.
func TestStepsOfTheSameName(t *testing.T) {
	t.Parallel()
	cause := func(step string) []result.Cause {
		return []result.Cause{{Step: step, Class: "reset", Fault: result.CauseCounts{Fault: 3}}}
	}
	e := &result.Experiment{Journeys: []result.Journey{
		{Name: "checkout", Steps: []result.Step{{Name: "pay"}, {Name: "confirm"}}, Causes: append(cause("pay"), cause("confirm")...)},
		{Name: "renewal", Causes: cause("pay")},
		{Name: "browse", Causes: cause("")},
	}}
	var got []string
	for i := range e.Journeys {
		got = append(got, causeLines(e, &e.Journeys[i], 10, underFault)...)
	}
	want := []string{"checkout, step pay: ", "confirm: ", "renewal, step pay: ", "browse: "}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i, w := range want {
		if len(got[i]) < len(w) || got[i][:len(w)] != w {
			t.Errorf("%q, want %q first", got[i], w)
		}
	}
}

// A fault that was in force several times is one fault of the experiment, and a run that
// never came to an experiment took no time that its result knows.
func TestRepeatedFaultsAndNoTime(t *testing.T) {
	t.Parallel()
	f := result.Fault{Inject: "latency", Into: "dep", Description: "latency 300ms"}
	e := experiment{Experiment: &result.Experiment{Verdict: result.NotRun, Faults: []result.Fault{f, f, f}}}
	if got := e.About(); len(got) != 2 || got[0] != "dep" || got[1] != "latency 300ms (3 times)" {
		t.Errorf("%q", got)
	}
	at := time.Unix(1, 0)
	r := &result.Result{Run: result.Run{Started: at, Ended: at.Add(time.Millisecond)}, Experiments: []result.Experiment{*e.Experiment}}
	if got := took(r); got != "" {
		t.Errorf("it took %q", got)
	}
	if r.Run.Ended = at.Add(time.Minute); took(r) == "" {
		t.Error("a minute is no time")
	}
}
