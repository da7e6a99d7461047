package report

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestHeadline(t *testing.T) {
	const h, r, i, v, n = result.Held, result.Refuted, result.Inconclusive, result.Invalid, result.NotRun
	run := func(outcome string, verdicts ...result.Verdict) *result.Result {
		res := &result.Result{Run: result.Run{Outcome: outcome}}
		for _, v := range verdicts {
			res.Experiments = append(res.Experiments, result.Experiment{Verdict: v})
		}
		return res
	}
	for want, in := range map[string]*result.Result{
		"No hypothesis was tested":                 run("completed"),
		"The hypothesis held":                      run("completed", h),
		"The hypothesis is refuted":                run("completed", r),
		"The hypothesis is inconclusive":           run("completed", i),
		"The measurement is invalid":               run("completed", v),
		"All 3 hypotheses held":                    run("completed", h, h, h),
		"2 of 4 hypotheses refuted":                run("completed", h, r, v, r),
		"1 of 3 measurements invalid":              run("completed", h, i, v),
		"1 of 2 hypotheses inconclusive":           run("completed", h, i),
		"Interrupted: 1 of 2 hypotheses held":      run("interrupted", h, n),
		"Interrupted: no hypothesis was tested":    run("interrupted", n, n),
		"The run failed: no hypothesis was tested": run("failed"),
	} {
		if got := summarize(in).headline(); got != want {
			t.Errorf("headline() = %q, want %q", got, want)
		}
	}
}

// Whatever else a run found, a fault that may still be in force comes first.
func TestFaultLeftBehindComesFirst(t *testing.T) {
	r := load(t, "stuck")
	text := render(t, "text", Options{}, r)
	if !strings.HasPrefix(text, "Fault not removed: ") || !strings.Contains(text, "blastgauge recover") {
		t.Errorf("the text does not start with the fault that is left:\n%s", text)
	}
	page := render(t, "html", Options{}, r)
	alarm, figures := strings.Index(page, `role="alert"`), strings.Index(page, `class="kpis"`)
	if alarm < 0 || alarm > figures {
		t.Error("the page does not say on top that a fault is left")
	}
}

// No number of a measurement that cannot be trusted stands beside a verdict.
func TestInvalidShowsNoBlastRadius(t *testing.T) {
	r := load(t, "invalid")
	for line := range strings.Lines(render(t, "text", Options{}, r)) {
		if strings.HasPrefix(line, "! inventory-down") && strings.Contains(line, "0.5%") {
			t.Errorf("a void number: %q", line)
		}
	}
	s := summarize(r)
	if s.worst == nil || s.worst.ID != "recommendations-down" {
		t.Errorf("the largest blast radius is that of %v, want the only one that can be trusted", s.worst)
	}
}

func TestRemoval(t *testing.T) {
	gone := result.Fault{Intended: true, RemovalVerified: true}
	left := result.Fault{Injected: time.Unix(1, 0)} // from before "intended" was written
	for want, faults := range map[string][]result.Fault{
		"Nothing was injected.":                                        {{}},
		"The fault was removed and verified absent.":                   {gone, {}},
		"Both faults were removed and verified absent.":                {gone, gone},
		"All 3 faults were removed and verified absent.":               {gone, gone, gone},
		"1 of 2 faults are not proven gone and may still be in force.": {gone, left},
	} {
		s := summarize(&result.Result{Experiments: []result.Experiment{{Faults: faults}}})
		if got, ok := s.removal(); got != want || ok != (len(s.stuck) == 0) {
			t.Errorf("removal() = %q, %v, want %q", got, ok, want)
		}
	}
}

// What kind of control there was is said even if the result has no warning.
func TestControlIsAlwaysSaid(t *testing.T) {
	for fixture, want := range map[string]string{"baseline": "the control is the baseline", "contaminated": "control contaminated"} {
		r := load(t, fixture)
		r.Experiments[0].Warnings = nil
		for _, format := range []string{"text", "html"} {
			if out := render(t, format, Options{}, r); !strings.Contains(strings.ToLower(strings.Join(strings.Fields(out), " ")), want) {
				t.Errorf("%s of %s does not say %q", format, fixture, want)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{percent(0.32), "32.0%"}, {percent(-0.0001), "0.0%"}, {percent(-0.005), "-0.5%"},
		{limit(0.05), "5%"}, {limit(0.005), "0.5%"}, {limit(1), "100%"}, {limit(0), "0%"},
		{ceiling(0.00301), "0.4%"}, {ceiling(0.003), "0.3%"}, {ceiling(-0.01), "0.0%"},
		{span(0), "0 s"}, {span(0.25), "250 ms"}, {span(5), "5 s"}, {span(56.2), "56 s"}, {span(9.96), "10 s"}, {span(900), "15 min"},
		{precise(0.9514), "951 ms"}, {precise(0.9999), "1.00 s"}, {precise(2.557), "2.56 s"}, {precise(10.08), "10.1 s"},
		{stopwatch(65), "1:05"}, {stopwatch(0), "0:00"}, {stopwatch(3599.9), "59:59"},
		{count(45773), "45,773"}, {count(999), "999"}, {count(-1000), "-1,000"}, {count(1234567), "1,234,567"},
		{quoted("a-b/c.yaml"), "a-b/c.yaml"}, {quoted("it's"), `'it'\''s'`}, {quoted("-f"), "'-f'"}, {quoted(""), "''"}, {quoted("é"), "'é'"},
		{capital("éa"), "Éa"}, {capital(""), ""}, {plain("a\x1b[2J\n\tb\u202e"), "a?[2J b?"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestAxes(t *testing.T) {
	for _, tt := range []struct{ most, step, top float64 }{
		{0.32, 0.1, 0.4}, {0.036, 0.01, 0.04}, {9.8, 5, 10}, {1, 0.5, 1}, {0, 0.5, 1}, {4, 1, 4},
	} {
		a := axisFor(tt.most)
		if diff(a.step, tt.step) || diff(a.top(), tt.top) {
			t.Errorf("axisFor(%g) = steps of %g to %g, want %g to %g", tt.most, a.step, a.top(), tt.step, tt.top)
		}
	}
	if a := harmAxis(0.97); a.top() != 1 {
		t.Errorf("harmAxis(0.97) ends at %g, want 1: there is no share beyond all", a.top())
	}
	for total, want := range map[float64]float64{22: 5, 275: 60, 8: 1, 40000: 2 * 3600} {
		if got := timeStep(total); got != want {
			t.Errorf("timeStep(%g) = %g, want %g", total, got, want)
		}
	}
}

func diff(a, b float64) bool { return a-b > 1e-9 || b-a > 1e-9 }

// Points add up to their series, whatever its length.
func TestSeriesPoints(t *testing.T) {
	for _, n := range []int{0, 1, 59, 60, 61, 240, 1000} {
		var s result.Series
		s.Bucket = 2
		for i := range n {
			s.Fault = append(s.Fault, result.Bucket{Journeys: 3, Harmed: i % 3, P95: float64(i)})
		}
		s.Control = s.Fault[:n/2] // the control ended earlier
		list := seriesPoints(s)
		if len(list) > maxPoints {
			t.Errorf("%d buckets give %d points, want at most %d", n, len(list), maxPoints)
		}
		var journeys, control int
		end := 0.0
		for _, p := range list {
			if p.from != end {
				t.Errorf("%d buckets: a point starts at %g, want %g", n, p.from, end)
			}
			end = p.to
			journeys += p.fault.journeys
			control += p.control.journeys
		}
		if journeys != 3*n || control != 3*(n/2) || end != float64(2*n) {
			t.Errorf("%d buckets: %d and %d journeys to %g s, want %d and %d to %d s", n, journeys, control, end, 3*n, 3*(n/2), 2*n)
		}
	}
}
