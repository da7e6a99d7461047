package prometheus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A fakePrometheus scrapes targets that count ten journeys a second, one of them harmed, in
// fake time.
type fakePrometheus struct {
	begun   time.Time
	scrape  time.Duration
	targets int
	ahead   time.Duration // its clock
	// down reports that it is, at a time since it began: it scrapes nothing and answers
	// nothing. deaf: it scrapes, and does not answer.
	down, deaf func(time.Duration) bool
	lag        time.Duration                 // after which a scrape is known
	lanes      bool                          // every other target is of the control
	dead       func(int, time.Duration) bool // a target is
	queries    int
}

func (f *fakePrometheus) is(state func(time.Duration) bool, at time.Duration) bool {
	return state != nil && state(at)
}

func (f *fakePrometheus) query(_ context.Context, query string, at time.Time) (answer, error) {
	f.queries++
	now := time.Since(f.begun)
	if f.is(f.down, now) || f.is(f.deaf, now) {
		return answer{}, errors.New("connection refused")
	}
	if query == "time()" {
		return timeIs(f.begun.Add(now + f.ahead)), nil
	}
	selector, text, _ := strings.Cut(strings.TrimSuffix(query, "ms]"), "[")
	var back int64
	if _, err := fmt.Sscan(text, &back); err != nil {
		return answer{}, err
	}
	until := at.Add(-f.ahead).Sub(f.begun)
	return answer{kind: matrix, matrix: f.matrix(selector, max(0, until-time.Duration(back)*time.Millisecond), min(until, now-f.lag))}, nil
}

func (f *fakePrometheus) matrix(selector string, from, to time.Duration) (list []labelled) {
	rate := map[string]float64{"total": 10, "harmed": 1}[selector]
	for target := range f.targets {
		s := labelled{labels: labels(selector, fmt.Sprint(target))}
		if f.lanes {
			s.labels["lane"] = []string{"fault", "control"}[target%2]
		}
		s.name = nameOf(s.labels)
		for at := f.scrape * time.Duration(target) / time.Duration(f.targets); at <= to; at += f.scrape {
			if at > from && !f.is(f.down, at) && (f.dead == nil || !f.dead(target, at)) {
				s.samples = append(s.samples, sample{f.begun.Add(at + f.ahead).UnixMilli(), float64(int(rate * at.Seconds()))})
			}
		}
		if s.samples != nil {
			list = append(list, s)
		}
	}
	return list
}

// observed is what a generator observed.
type observed struct {
	all, harmed int
	first, last time.Duration // intended starts
	late        time.Duration // the most by which an observation came after its end
}

// run measures for so long in fake time, and returns what was observed and told.
func run(t *testing.T, f *fakePrometheus, long time.Duration, during func(*Generator)) (o observed, m *journal.Measurement) {
	t.Helper()
	f.begun = time.Now()
	s := experiments.System{Measure: &experiments.Measure{Scrape: f.scrape, Journeys: []experiments.MeasuredJourney{{Name: "visit", Total: "total", Harmed: "harmed"}}}}
	if f.lanes {
		s.Measure.Journeys[0].Arm = &experiments.ArmLabel{Label: "lane", Fault: "fault", Control: "control"}
	}
	p := &plan.Plan{System: s, Experiments: []plan.Experiment{{Journeys: []plan.Journey{{Journey: experiments.Journey{Name: "visit"}}}}}}
	epoch := time.Now()
	g := newGenerator(Options{Plan: p, Epoch: epoch}, &client{api: f})
	o.first = -1
	var done sync.WaitGroup
	done.Go(func() {
		g.Run(t.Context(), func(x journal.Observation) {
			o.all += x.Times()
			if x.Harmed() {
				o.harmed += x.Times()
			}
			if o.first < 0 {
				o.first = x.Intended
			}
			o.last, o.late = max(o.last, x.Intended), max(o.late, time.Since(epoch)-x.Ended())
		})
	})
	if during != nil {
		during(g)
	}
	time.Sleep(long - time.Since(epoch))
	g.Stop()
	g.Stop()
	done.Wait()
	return o, g.Measured()
}

func TestScrapesAreObservedAsTheyCome(t *testing.T) {
	t.Parallel()
	for _, scrape := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			o, m := run(t, &fakePrometheus{scrape: scrape, targets: 4, ahead: time.Hour}, 5*time.Minute, nil)
			want := 4 * 10 * (5*time.Minute - scrape).Seconds()
			if n := float64(o.all); n < want-40*scrape.Seconds() || n > want+80*scrape.Seconds() {
				t.Errorf("%s: %d journeys, want about %.0f", scrape, o.all, want)
			}
			if share := float64(o.harmed) / float64(o.all); share < 0.09 || share > 0.11 {
				t.Errorf("%s: %.3f were harmed", scrape, share)
			}
			if o.late > max(scrape/2, time.Second) || o.first > 2*scrape || o.last < 5*time.Minute-2*scrape {
				t.Errorf("%s: first %s, last %s, late by %s", scrape, o.first, o.last, o.late)
			}
			if m.Lost > 0 || len(m.Unharmed) > 0 || m.Unanswered > 0 || (m.ClockAhead-time.Hour).Abs() > 2*time.Millisecond || m.ClockMoved > 0 {
				t.Errorf("%s: %+v", scrape, m)
			}
		})
	}
}

// A Prometheus that scrapes and does not answer for a while tells everything later; one that
// is down has scraped nothing, and nobody fills that in.
func TestWhatWasScrapedIsToldLater(t *testing.T) {
	t.Parallel()
	between := func(from, to time.Duration) func(time.Duration) bool {
		return func(at time.Duration) bool { return at >= from && at < to }
	}
	for name, tt := range map[string]struct {
		f    fakePrometheus
		lost bool
	}{
		"deaf": {fakePrometheus{deaf: between(30*time.Second, 45*time.Second)}, false},
		"down": {fakePrometheus{down: between(30*time.Second, 45*time.Second)}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			tt.f.scrape, tt.f.targets = time.Second, 4
			o, m := run(t, &tt.f, 90*time.Second, nil)
			missing := 4*10*90 - o.all
			if m.Unanswered == 0 || (m.Lost > 0) != tt.lost || (missing > 500) != tt.lost {
				t.Errorf("%s: %d of %d are missing: %+v", name, missing, 4*10*90, m)
			}
			if tt.lost && (len(m.Losses) != 1 || m.Losses[0].Targets != 4 || m.Losses[0].To-m.Losses[0].From < 14*time.Second) {
				t.Errorf("%s: %+v", name, m.Losses)
			}
		})
	}
}

// Where no scrape comes for long, nobody sees what a fault does: it is time to remove it.
func TestABlindMeasurementEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		down func(time.Duration) bool
		want bool
	}{
		"for good":    {func(at time.Duration) bool { return at > 20*time.Second }, true},
		"from before": {func(time.Duration) bool { return true }, true},
		"for 15 s":    {func(at time.Duration) bool { return at > 20*time.Second && at < 35*time.Second }, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, m := run(t, &fakePrometheus{scrape: time.Second, targets: 2, down: tt.down}, 70*time.Second, func(g *Generator) {
				time.Sleep(50 * time.Second)
				synctest.Wait()
				select {
				case <-g.Ended():
					if !tt.want {
						t.Errorf("%s: it ended", name)
					}
				default:
					if tt.want {
						t.Errorf("%s: it goes on", name)
					}
				}
			})
			if m.Blind != tt.want || tt.want && len(m.Losses) == 0 {
				t.Errorf("%s: nothing is lost: %+v", name, m)
			}
		})
	}
}

// A run that nobody waits for ends at once, and never twice.
func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakePrometheus{scrape: 5 * time.Second, targets: 1, begun: time.Now()}
		s := experiments.System{Measure: &experiments.Measure{Scrape: f.scrape, Journeys: []experiments.MeasuredJourney{{Name: "visit", Total: "total", Harmed: "harmed"}}}}
		p := &plan.Plan{System: s, Experiments: []plan.Experiment{{Journeys: []plan.Journey{{Journey: experiments.Journey{Name: "visit"}}}}}}
		g := newGenerator(Options{Plan: p, Epoch: time.Now()}, &client{api: f})
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		begun := time.Now()
		g.Run(ctx, func(journal.Observation) {})
		if took := time.Since(begun); took > 12*time.Second {
			t.Errorf("it took %s", took)
		}
		if g.InFlight(0, plan.FaultArm) != nil {
			t.Error("journeys are in flight")
		}
	})
}

// Clocks are looked at again in each phase: one that is set meanwhile is found.
func TestAClockThatIsSetIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakePrometheus{scrape: time.Second, targets: 1}
		_, m := run(t, f, 30*time.Second, func(g *Generator) {
			time.Sleep(10 * time.Second)
			synctest.Wait()
			f.ahead = 700 * time.Millisecond
			g.StartPhase(journal.Fault)
		})
		if m.ClockMoved < 600*time.Millisecond {
			t.Errorf("%+v", m)
		}
	})
}

// Where the only target of the fault arm dies, the control's are no comfort: nobody sees what
// the fault does.
func TestAnArmThatIsScrapedNoMoreIsBlind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakePrometheus{scrape: time.Second, targets: 2, lanes: true, dead: func(target int, at time.Duration) bool { return target == 0 && at > 20*time.Second }}
		_, m := run(t, f, 60*time.Second, func(g *Generator) {
			time.Sleep(50 * time.Second)
			synctest.Wait()
			select {
			case <-g.Ended():
			default:
				t.Error("it goes on")
			}
		})
		if !m.Blind || len(m.Losses) != 1 || m.Losses[0].Arm != "fault" || m.Losses[0].Why != "silent" || m.Losses[0].Share != 1 || m.Losses[0].To-m.Losses[0].From < 39*time.Second {
			t.Errorf("%+v", m)
		}
	})
}

// One target of three that dies under the fault takes a third of what is known with it.
func TestATargetThatDiesIsLostToTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakePrometheus{scrape: time.Second, targets: 3, dead: func(target int, at time.Duration) bool { return target == 0 && at > 20*time.Second }}
		_, m := run(t, f, 60*time.Second, func(g *Generator) {
			time.Sleep(19 * time.Second)
			g.StartPhase(journal.Fault)
		})
		if m.Blind || len(m.Losses) != 1 || m.Losses[0].Share < 0.3 || m.Losses[0].Share > 0.36 || m.Losses[0].To < 59*time.Second || len(m.Losses[0].First) != 1 {
			t.Errorf("%+v", m)
		}
	})
}

// Scrapes that are known long after they were made are counted all the same, and the lag is
// told.
func TestScrapesThatAreKnownLateAreCounted(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{4 * time.Second, 9 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			o, m := run(t, &fakePrometheus{scrape: time.Second, targets: 3, lag: lag}, 60*time.Second, nil)
			if o.all < 3*10*(60-int(lag.Seconds())-5) || m.Blind || m.Lag < lag-time.Second || m.Lag > lag+2*time.Second {
				t.Errorf("%s: %d journeys, lag %s, %+v", lag, o.all, m.Lag, m)
			}
		})
	}
}
