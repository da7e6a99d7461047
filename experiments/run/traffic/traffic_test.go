package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// aPlan is a plan with one experiment and one journey of two steps.
func aPlan(edit func(*plan.Plan)) *plan.Plan {
	step := func(name string) experiments.Step {
		return experiments.Step{Name: name, Request: experiments.Request{Method: "GET", Target: "/" + name}}
	}
	p := &plan.Plan{Run: "20260101t000000z-abcdef",
		System: experiments.System{URL: "http://127.0.0.1:1", ControlURL: "http://127.0.0.1:2"},
		Experiments: []plan.Experiment{{ID: "e", Control: plan.Concurrent, Seed: 7, Journeys: []plan.Journey{{Journey: experiments.Journey{
			Name: "checkout", Rate: 20, SlowAfter: time.Second, Timeout: 4 * time.Second, Steps: []experiments.Step{step("browse"), step("pay")},
		}}}}}}
	if edit != nil {
		edit(p)
	}
	return p
}

// run runs the traffic of a plan for a time. It returns the observations in the
// order of the intended starts.
func run(t *testing.T, p *plan.Plan, lasting time.Duration, fault, control journey.Sender, edit func(*Options)) []journal.Observation {
	t.Helper()
	o := Options{Plan: p, Fault: fault, Control: control}
	if edit != nil {
		edit(&o)
	}
	traffic, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return observe(t, traffic, lasting)
}

func observe(t *testing.T, traffic *Traffic, lasting time.Duration) []journal.Observation {
	t.Helper()
	var list []journal.Observation
	var busy atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		traffic.Run(t.Context(), func(o journal.Observation) {
			if !busy.CompareAndSwap(false, true) {
				t.Error("observe was called for two journeys at a time")
			}
			list = append(list, o)
			busy.Store(false)
		})
	})
	time.Sleep(lasting)
	traffic.Stop()
	traffic.Stop()
	wg.Wait()
	slices.SortFunc(list, func(a, b journal.Observation) int { return cmp.Compare(a.Intended, b.Intended) })
	return list
}

func TestScheduleIsAbsoluteAndArmsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list := run(t, aPlan(nil), 100*time.Second, taking(always(30*time.Millisecond)), taking(always(10*time.Millisecond)), nil)
		if n := len(list); n != 2000 {
			t.Fatalf("%d journeys in 100 s at 20/s, want 2000", n)
		}
		for i, o := range list {
			want := list[0].Intended + time.Duration(i)*50*time.Millisecond
			arm := plan.Arm(i % 2)
			if d := o.Intended - want; o.Late != 0 || d.Abs() > 10 || o.Arm != arm {
				t.Fatalf("journey %d on %v intended at %v, %v late; want %v on %v, not late", i, o.Arm, o.Intended, o.Late, want, arm)
			}
			if took := 20 * time.Millisecond << (1 - o.Arm); o.Outcome != journal.OK || o.Step != -1 || len(o.Steps) != 2 || o.Took < took || o.Took > 60*time.Millisecond {
				t.Fatalf("journey %d: %+v, want ok", i, o)
			}
		}
	})
}

// A system stalls for 2 s. Every journey that was due in the stall waits for its
// end, and the journey's time includes the wait.
func TestStallIsCountedFromTheIntendedStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		epoch := time.Now()
		stalled := taking(func(*httpclient.Request) time.Duration {
			if at := time.Since(epoch); at >= 4*time.Second && at < 6*time.Second {
				return 6*time.Second - at
			}
			return 0
		})
		list := run(t, aPlan(nil), 10*time.Second, stalled, taking(always(0)), nil)
		slow := 0
		for _, o := range list {
			want := time.Duration(0)
			if o.Arm == plan.FaultArm && o.Intended >= 4*time.Second && o.Intended < 6*time.Second {
				want = 6*time.Second - o.Intended
			}
			if o.Took != want || o.Late != 0 {
				t.Fatalf("journey intended at %v took %v, want %v", o.Intended, o.Took, want)
			}
			harmed := want > time.Second
			if harmed {
				slow++
			}
			if (o.Outcome == journal.Slow) != harmed || harmed && o.Step != 0 {
				t.Fatalf("journey intended at %v: %v at step %d", o.Intended, o.Outcome, o.Step)
			}
		}
		if len(list) != 200 || slow != 10 {
			t.Errorf("%d journeys, %d slow; want 200 and 10", len(list), slow)
		}
	})
}

// A schedule is held up for a second. The journeys that were due meanwhile start at
// once, report how late they are, and their time counts from the intended start.
func TestLateJourneysAreStartedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan(func(p *plan.Plan) { p.Experiments[0].Control = plan.Baseline })
		first := true
		onlyFirst := taking(func(*httpclient.Request) time.Duration {
			defer func() { first = false }()
			if first {
				return 1500 * time.Millisecond
			}
			return 0
		})
		traffic, err := New(Options{Plan: p, MaxInFlight: 1, Fault: onlyFirst})
		if err != nil {
			t.Fatal(err)
		}
		var list []journal.Observation
		var wg sync.WaitGroup
		wg.Go(func() {
			traffic.Run(t.Context(), func(o journal.Observation) {
				if len(list) == 0 { // shed by the schedule itself, which waits for observe
					time.Sleep(time.Second)
				}
				list = append(list, o)
			})
		})
		time.Sleep(3 * time.Second)
		traffic.Stop()
		wg.Wait()
		if len(list) != 60 {
			t.Fatalf("%d journeys in 3 s at 20/s, want 60: none is skipped", len(list))
		}
		held := list[0].Intended
		late := 0
		for _, o := range list {
			want := max(0, held+time.Second-o.Intended)
			if o.Intended <= held {
				want = 0
			}
			if o.Late != want || o.Took < o.Late {
				t.Errorf("intended %v after the hold-up: %v late and took %v, want %v late", o.Intended-held, o.Late, o.Took, want)
			}
			if o.Late > 0 {
				late++
			}
		}
		if late != 19 {
			t.Errorf("%d were late, want 19", late)
		}
	})
}

func TestJourneysBeyondTheLimitAreShed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		list := run(t, aPlan(nil), 3*time.Second, taking(always(time.Hour)), taking(always(0)), func(o *Options) { o.MaxInFlight = 5 })
		if took := time.Since(begun); took > 7*time.Second {
			t.Errorf("Run() took %v after Stop, want at most the timeout of 4s", took-3*time.Second)
		}
		var shed, timeouts, fine int
		for _, o := range list {
			switch {
			case o.Arm == plan.ControlArm && o.Outcome == journal.OK:
				fine++
			case o.Cause == journal.Shed && o.Outcome == journal.Failed && o.Step == 0 && len(o.Steps) == 0 && o.Took == 0:
				shed++
			case o.Cause == journal.Timeout && o.Outcome == journal.Failed && o.Took == 4*time.Second:
				timeouts++
			default:
				t.Errorf("unexpected %+v", o)
			}
		}
		if shed != 25 || timeouts != 5 || fine != 30 {
			t.Errorf("%d shed, %d timed out, %d ok; want 25, 5 and 30", shed, timeouts, fine)
		}
	})
}

func TestInFlightLimit(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]int{20: 64, 1000: 3000} {
		p := aPlan(func(p *plan.Plan) { p.Experiments[0].Journeys[0].Rate = rate })
		traffic, err := New(Options{Plan: p})
		if err != nil {
			t.Fatal(err)
		}
		if got := traffic.schedules[0].inFlight.limit; got != want {
			t.Errorf("at %v/s the limit is %d, want %d", rate, got, want)
		}
	}
}

func TestHarmedStep(t *testing.T) {
	t.Parallel()
	at := func(d map[string]time.Duration, status map[string]int) sender {
		wait := taking(func(r *httpclient.Request) time.Duration { return d[r.Target] })
		return func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
			err := wait(ctx, req, resp)
			resp.Status = cmp.Or(status[req.Target], 200)
			return err
		}
	}
	tests := map[string]struct {
		took    map[string]time.Duration
		status  map[string]int
		own     time.Duration // slow_after of the first step
		outcome journal.Outcome
		cause   journal.Cause
		step    int
		steps   int
	}{
		"ok":                          {nil, nil, 0, journal.OK, 0, -1, 2},
		"exactly in time":             {map[string]time.Duration{"/browse": time.Second}, nil, 0, journal.OK, 0, -1, 2},
		"budget crossed in the first": {map[string]time.Duration{"/browse": 1100 * time.Millisecond}, nil, 0, journal.Slow, journal.TooSlow, 0, 2},
		"budget crossed in the last":  {map[string]time.Duration{"/browse": 600 * time.Millisecond, "/pay": 600 * time.Millisecond}, nil, 0, journal.Slow, journal.TooSlow, 1, 2},
		"a step beyond its own":       {map[string]time.Duration{"/browse": 300 * time.Millisecond}, nil, 200 * time.Millisecond, journal.Slow, journal.TooSlow, 0, 2},
		"bad status":                  {nil, map[string]int{"/pay": 503}, 0, journal.Failed, journal.Status, 1, 2},
		"the first fails":             {nil, map[string]int{"/browse": 503}, 0, journal.Failed, journal.Status, 0, 1},
		"slow, then failed":           {map[string]time.Duration{"/browse": 2 * time.Second}, map[string]int{"/pay": 500}, 0, journal.Failed, journal.Status, 0, 2},
		"timed out":                   {map[string]time.Duration{"/pay": time.Hour}, nil, 0, journal.Failed, journal.Timeout, 1, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := aPlan(func(p *plan.Plan) {
					p.Experiments[0].Control = plan.Baseline
					p.Experiments[0].Journeys[0].Steps[0].SlowAfter = tt.own
				})
				list := run(t, p, time.Second, at(tt.took, tt.status), nil, nil)
				if len(list) != 20 {
					t.Fatalf("%d journeys, want 20", len(list))
				}
				for _, o := range list {
					if o.Outcome != tt.outcome || o.Cause != tt.cause || o.Step != tt.step || len(o.Steps) != tt.steps {
						t.Fatalf("%+v, want %v (%v) at step %d after %d steps", o, tt.outcome, tt.cause, tt.step, tt.steps)
					}
				}
			})
		})
	}
}

func TestInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traffic, err := New(Options{Plan: aPlan(nil), Fault: taking(always(time.Hour)), Control: taking(always(0))})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { traffic.Run(t.Context(), func(journal.Observation) {}) })
		time.Sleep(3 * time.Second)
		overdue := 0
		for _, intended := range traffic.InFlight(0, plan.FaultArm) {
			if intended < 2*time.Second {
				overdue++
			}
		}
		if c, other := traffic.InFlight(0, plan.ControlArm), traffic.InFlight(1, plan.FaultArm); overdue != 20 || len(c) != 0 || len(other) != 0 {
			t.Errorf("%d older than a second, %v and %v in flight, want 20 (those due in the first two of three seconds), and no others", overdue, c, other)
		}
		traffic.Stop()
		wg.Wait()
		if n := traffic.InFlight(0, plan.FaultArm); len(n) != 0 {
			t.Errorf("%v in flight after the end", n)
		}
	})
}

// What is abandoned and beyond its budget by then is too slow for certain; of the rest
// nothing is known.
func TestCancelAbandonsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traffic, err := New(Options{Plan: aPlan(nil), Fault: taking(always(time.Hour)), Control: taking(always(500 * time.Millisecond))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		ended, slow := 0, 0
		wg.Go(func() {
			traffic.Run(ctx, func(o journal.Observation) {
				switch {
				case o.Arm == plan.ControlArm && !o.Harmed():
					ended++
				case o.Arm == plan.FaultArm && o.Outcome == journal.Slow && o.Cause == journal.TooSlow && o.Step == 0 && o.Intended+o.Took == 2*time.Second && o.Took >= time.Second:
					slow++
				default:
					t.Errorf("observed %+v", o)
				}
			})
		})
		time.Sleep(2 * time.Second)
		cancel()
		begun := time.Now()
		wg.Wait()
		if took := time.Since(begun); took != 0 || ended != 10 || slow != 10 {
			t.Errorf("Run() returned %v after the end of its context with %d journeys that ended and %d that were too slow, want at once with 10 of each", took, ended, slow)
		}
	})
}

// A panic in a worker must reach the caller of Run, which has faults to remove.
func TestPanicReachesTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := sender(func(context.Context, *httpclient.Request, *httpclient.Response) error { panic("out of order") })
		traffic, err := New(Options{Plan: aPlan(nil), Fault: broken, Control: taking(always(time.Hour))})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if r := fmt.Sprint(recover()); !strings.Contains(r, "out of order") {
				t.Errorf("Run() ended with %.60q, want the panic", r)
			}
		}()
		traffic.Run(t.Context(), func(journal.Observation) {})
	})
}

// Journeys with the same number make the same choices on both arms, and differ in
// everything that must be unique.
func TestArmsMakeTheSameChoices(t *testing.T) {
	t.Parallel()
	record := func() (*sync.Map, sender) {
		var seen sync.Map
		return &seen, func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
			var word, seq, id, arm, run string
			parts := strings.Split(req.Target, "/")
			word, seq, id, arm, run = parts[1], parts[2], parts[3], parts[4], parts[5]
			seen.Store(seq, []string{word, id, arm, run})
			resp.Status = 200
			return nil
		}
	}
	planOf := func(run string) *plan.Plan {
		return aPlan(func(p *plan.Plan) {
			p.Run = run
			p.Experiments[0].Journeys[0].Steps = []experiments.Step{{Name: "a", Request: experiments.Request{Target: "/${random 1..1000000}/${seq}/${uuid}/${arm}/${run}"}}}
		})
	}
	var words [2][]string
	ids := map[string]bool{}
	for i, id := range []string{"r1", "r2"} {
		synctest.Test(t, func(t *testing.T) {
			fault, onFault := record()
			control, onControl := record()
			run(t, planOf(id), 10*time.Second, onFault, onControl, nil)
			for n := range 100 {
				f, okF := fault.Load(fmt.Sprint(2 * n))
				c, okC := control.Load(fmt.Sprint(2*n + 1))
				if !okF || !okC {
					t.Fatalf("journey %d is missing", n)
				}
				a, b := f.([]string), c.([]string)
				if a[0] != b[0] || a[2] != "fault" || b[2] != "control" || a[3] != id {
					t.Errorf("journey %d: %v on one arm, %v on the other", n, a, b)
				}
				words[i] = append(words[i], a[0])
				ids[a[1]], ids[b[1]] = true, true
			}
		})
	}
	if !slices.Equal(words[0], words[1]) {
		t.Error("two runs with one seed make different choices")
	}
	if n := len(ids); n != 400 {
		t.Errorf("%d different uuids in 400 journeys of two runs with one seed", n)
	}
	slices.Sort(words[0])
	if n := len(slices.Compact(words[0])); n < 99 {
		t.Errorf("%d different draws from a million in 100 journeys", n)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		edit    func(*plan.Plan)
		refused bool
		want    string
	}{
		"entry": {func(p *plan.Plan) { p.System.URL = "http://shop.example.com" }, true, "shop.example.com"},
		"absolute target": {func(p *plan.Plan) {
			p.System.Journeys = []experiments.Journey{{Steps: []experiments.Step{{Request: experiments.Request{Target: "https://192.0.2.7/"}}}}}
		}, true, "192.0.2.7"},
		"environment not set": {func(p *plan.Plan) {
			p.Experiments[0].Journeys[0].Steps[1].Request.Headers = []experiments.Field{{Name: "Authorization", Value: "${env:TOKEN}"}}
		}, false, "journey checkout: step pay: ${env:TOKEN}: the environment variable is not set"},
		"authorities": {func(p *plan.Plan) { p.System.TLS = &experiments.TLS{CAFile: "none.pem"} }, false, "none.pem"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{Plan: aPlan(tt.edit)})
			if err == nil || errors.Is(err, experiments.ErrRefused) != tt.refused || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New() = %v, want %q", err, tt.want)
			}
		})
	}
}
