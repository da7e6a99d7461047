package live

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A quietView shows nothing, verdicts included.
type quietView struct{ Silent }

func (quietView) Judge(*result.Experiment) {}

// A stuckView never returns from its first event.
type stuckView struct {
	quietView
	release chan struct{}
}

func (s stuckView) Record(journal.Event) { <-s.release }

// A terminal that does not scroll must not keep a fault in force.
func TestAViewCannotHoldUpTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		stuck := stuckView{release: make(chan struct{})}
		v := newBuffered(stuck)
		for range 2 * queueLength { // would block the test for ever
			v.Record(journal.Event{})
			v.Observe(journal.Observation{})
		}
		v.Close()
		close(stuck.release)
		<-v.done
	})
}

// A writer that is stuck for good is left behind at the end of a run.
func TestAViewThatIsStuckIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck := stuckView{release: make(chan struct{})}
		v := newBuffered(stuck)
		v.Record(journal.Event{})
		began := time.Now()
		v.Close()
		if took := time.Since(began); took != closeWithin {
			t.Errorf("close took %s, want %s", took, closeWithin)
		}
		close(stuck.release)
		<-v.done
	})
}

type countingView struct {
	quietView
	events, journeys, verdicts, closed int
}

func (c *countingView) Record(journal.Event)        { c.events++ }
func (c *countingView) Observe(journal.Observation) { c.journeys++ }
func (c *countingView) Judge(*result.Experiment)    { c.verdicts++ }
func (c *countingView) Close()                      { c.closed++ }

// A slowView takes a second for its first event.
type slowView struct{ countingView }

func (s *slowView) Record(e journal.Event) {
	if s.countingView.Record(e); s.events == 1 {
		time.Sleep(time.Second)
	}
}

// Where a terminal is slow, journeys are dropped. Events and verdicts are not: each has a
// line of its own.
func TestNoEventIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := &slowView{}
		v := newBuffered(seen)
		v.Record(journal.Event{})
		synctest.Wait()
		for range 3 * queueLength {
			v.Observe(journal.Observation{})
		}
		for range 100 {
			v.Record(journal.Event{})
			v.Judge(&result.Experiment{})
		}
		v.Close()
		if seen.events != 101 || seen.verdicts != 100 || seen.journeys != queueLength || seen.closed != 1 {
			t.Errorf("saw %+v", seen.countingView)
		}
	})
}

func TestAViewSeesEverythingBeforeTheEnd(t *testing.T) {
	t.Parallel()
	seen := &countingView{}
	v := newBuffered(seen)
	for range 100 {
		v.Record(journal.Event{})
	}
	v.Close()
	if seen.events != 100 || seen.closed != 1 {
		t.Errorf("saw %d events and %d ends, want 100 and 1", seen.events, seen.closed)
	}
}

// Two runs side by side write to one screen in the mode that was asked for.
func TestScreenModes(t *testing.T) {
	t.Parallel()
	const lines = `00:00:00Z run      1 experiment against two shops: about 21s
00:00:00Z naive    start    x 1/1 latency 2s, jitter 250ms into payments
00:00:00Z naive    end      x
00:00:00Z naive    verdict  refuted x 32.0% [29.2, 34.9] limit 5%
00:00:00Z hardened start    x 1/1 latency 2s, jitter 250ms into payments
00:00:00Z hardened end      x
00:00:00Z hardened verdict  refuted x 32.0% [29.2, 34.9] limit 5%
`
	for name, tt := range map[string]struct{ mode, want string }{
		"none":                        {None, ""},
		"lines":                       {Lines, lines},
		"auto on what is no terminal": {Auto, lines},
		"bars on what is no terminal": {Bars, lines},
		"a mode that there is not":    {"colourful", lines},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				s := New(Options{Mode: tt.mode, Output: &out, Labels: []string{"naive", "hardened"}})
				p := onePlan()
				p.Experiments[0].Phases = phases()
				s.Announce(p, "two shops")
				views := []View{s.View(0, onePlan()), s.View(1, onePlan())}
				for _, v := range views {
					v.Record(journal.Event{Kind: journal.ExperimentStarted, Experiment: "x", At: time.Now()})
					v.Record(journal.Event{Kind: journal.ExperimentEnded, Experiment: "x", At: time.Now()})
					if v, ok := v.(verdictView); ok {
						v.Judge(judged("x", result.Refuted))
					}
					v.Close()
				}
				s.Close()
				if got := out.String(); got != tt.want {
					t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
				}
			})
		})
	}
}

// judged is an experiment of a result.
func judged(id string, v result.Verdict) *result.Experiment {
	return &result.Experiment{ID: id, Verdict: v, Limits: result.Limits{BlastRadius: 0.05},
		BlastRadius: &result.BlastRadius{Journey: "checkout", Estimate: 0.32, Low: 0.292, High: 0.349}}
}
