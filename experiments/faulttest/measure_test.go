package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/faulttest"
)

// ofSomebody is set in a process whose tests are those of somebody else: they fail.
const ofSomebody = "FAULTTEST_OF_SOMEBODY"

// buy is a journey: it buys something, and tries so often.
func buy(c *http.Client, url string, tries int) func(context.Context) error {
	return func(ctx context.Context) error {
		var last error
		for range tries {
			r, err := http.NewRequestWithContext(ctx, "POST", url+"/charges", http.NoBody)
			if err != nil {
				return err
			}
			answer, err := c.Do(r)
			if err != nil {
				last = err
				continue
			}
			if _ = answer.Body.Close(); answer.StatusCode == http.StatusOK {
				return nil
			}
			last = fmt.Errorf("status %s", answer.Status)
		}
		return last
	}
}

// measurement is one whose verdict is certain on a busy machine: nothing is late.
func measurement(t testing.TB, f faulttest.Fault, tries int) faulttest.Measurement {
	payments := faulttest.Proxy(t, "payments", shop(t))
	return faulttest.Measurement{
		Journey: buy(client(t), payments.URL, tries), Into: payments, Fault: f,
		Rate: 400, For: 500 * time.Millisecond, SlowAfter: soon,
	}
}

func TestMeasureHeld(t *testing.T) {
	t.Parallel()
	m := measurement(t, faulttest.HTTPError(503, faulttest.First(20)), 40)
	h := faulttest.Measure(t, m)
	if !testing.Short() && h.Verdict != faulttest.Held {
		t.Errorf("%v", h)
	}
	if h.Met != 20 || h.Under.Harmed() != 0 || h.Control.Harmed() != 0 || h.Under.Journeys != h.Control.Journeys {
		t.Errorf("%+v", h)
	}
	if f := m.Into.Counts().Faults[0]; f.InForce {
		t.Errorf("afterwards: %+v", f)
	}
}

// The tests of somebody: each has another verdict, and two are allowed to.
func TestOfSomebody(t *testing.T) {
	if os.Getenv(ofSomebody) == "" {
		t.Skip("it fails, as TestSubtests wants it to")
	}
	harmful := faulttest.HTTPError(503, faulttest.Share(0.5))
	unsure := func(t testing.TB) faulttest.Measurement {
		m := measurement(t, faulttest.HTTPError(503, faulttest.First(1)), 1)
		m.For = 50 * time.Millisecond
		return m
	}
	t.Run("held", func(t *testing.T) { faulttest.Measure(t, measurement(t, harmful, 1000)) })
	t.Run("refuted", func(t *testing.T) { faulttest.Measure(t, measurement(t, harmful, 1)) })
	t.Run("inconclusive", func(t *testing.T) { faulttest.Measure(t, unsure(t)) })
	t.Run("allowed", func(t *testing.T) {
		m := unsure(t)
		m.AllowInconclusive = true
		faulttest.Measure(t, m)
	})
	t.Run("unmet", func(t *testing.T) {
		faulttest.Measure(t, measurement(t, faulttest.HTTPError(503, faulttest.Match("path", "/nothing")), 1))
	})
	t.Run("broken", func(t *testing.T) {
		m := measurement(t, harmful, 1)
		m.Journey = func(context.Context) error { return errors.New("broken anyway") }
		faulttest.Measure(t, m)
	})
}

// Each thing that had to be true is a sub-test, whose result is that of its verdict.
func TestSubtests(t *testing.T) {
	t.Parallel()
	run := exec.Command(os.Args[0], "-test.run=^TestOfSomebody$", "-test.v")
	run.Env = append(os.Environ(), ofSomebody+"=1")
	out, err := run.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Fatalf("%v:\n%s", err, out)
	}
	var got []string
	for _, line := range regexp.MustCompile(`(?m)^\s*--- (\w+): TestOfSomebody/(\S+/\S+)`).FindAllStringSubmatch(string(out), -1) {
		got = append(got, line[2]+" "+line[1])
	}
	want := []string{
		"held/baseline PASS", "held/fault_met PASS", "held/blast_radius PASS",
		"refuted/baseline PASS", "refuted/fault_met PASS", "refuted/blast_radius FAIL",
		"inconclusive/baseline PASS", "inconclusive/fault_met PASS", "inconclusive/blast_radius FAIL",
		"allowed/baseline PASS", "allowed/fault_met PASS", "allowed/blast_radius SKIP",
		"unmet/baseline PASS", "unmet/fault_met FAIL", "unmet/blast_radius SKIP",
		"broken/baseline FAIL", "broken/fault_met FAIL", "broken/blast_radius SKIP",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sub-tests\n%s\nwant\n%s\nof\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), out)
	}
	for _, says := range []string{"held: http_error status 503, share 50% harmed 0.0% of the journeys", "refuted: http_error", ": status 503 Service Unavailable", "inconclusive: ", "invalid: nobody met", "invalid: 100.0% of the journeys were harmed without the fault"} {
		if !strings.Contains(string(out), says) {
			t.Errorf("nothing says %q in\n%s", says, out)
		}
	}
}

// Who has no sub-tests is told everything at once.
func TestMeasureWithoutSubtests(t *testing.T) {
	t.Parallel()
	wantProblem(t, during(t, func(tb testing.TB) { faulttest.Measure(tb, measurement(t, faulttest.HTTPError(503), 1)) }), "refuted: ", "status 503")
	wantProblem(t, during(t, func(tb testing.TB) {
		faulttest.Measure(tb, measurement(t, faulttest.HTTPError(503, faulttest.Match("path", "/nothing")), 1))
	}), "invalid: nobody met", "skipped: nothing is known")
	for says, change := range map[string]func(*faulttest.Measurement){
		"Measure needs a Journey": func(m *faulttest.Measurement) { m.Journey = nil },
		"Rate must be":            func(m *faulttest.Measurement) { m.Rate = -1 },
		"above 0 and at most":     func(m *faulttest.Measurement) { m.For = -time.Second },
		"at most an hour":         func(m *faulttest.Measurement) { m.SlowAfter = math.MaxInt64 },
		"Limit and Baseline":      func(m *faulttest.Measurement) { m.Limit = 5 },
	} {
		wantProblem(t, during(t, func(tb testing.TB) {
			m := measurement(t, faulttest.HTTPError(503), 1)
			change(&m)
			faulttest.Measure(tb, m)
		}), says)
	}
}

// A benchmark reports the share, and no verdict.
func TestBenchmark(t *testing.T) {
	t.Parallel()
	m := measurement(t, faulttest.HTTPError(503), 1)
	m.For = 300 * time.Millisecond
	var h faulttest.Harm
	r := testing.Benchmark(func(b *testing.B) { h = faulttest.Measure(b, m) })
	if r.N == 0 || r.Extra["harmed/op"] != 1 || r.Extra["harmed-low/op"] <= 0 || r.Extra["harmed-high/op"] != 1 {
		t.Errorf("%d operations, %v", r.N, r.Extra)
	}
	if h.Under.Journeys != r.N || h.Met != int64(r.N) {
		t.Errorf("%d journeys, %d met it, of %d operations", h.Under.Journeys, h.Met, r.N)
	}
}

// A benchmark whose journeys are harmed anyway says nothing of the fault, and one that ends
// its own goroutine leaves no fault behind.
func TestBenchmarksThatFail(t *testing.T) {
	t.Parallel()
	for name, journey := range map[string]func(context.Context) error{
		"harmed anyway": func(context.Context) error { return errors.New("broken anyway") },
		"ends": func(context.Context) error {
			runtime.Goexit()
			return errors.New("it went on")
		},
	} {
		m := measurement(t, faulttest.HTTPError(503), 1)
		m.For, m.Journey = 10*time.Millisecond, journey
		if r := testing.Benchmark(func(b *testing.B) { faulttest.Measure(b, m) }); r.N != 0 {
			t.Errorf("%s: %d operations, and no failure", name, r.N)
		}
		for _, f := range m.Into.Counts().Faults {
			if f.InForce {
				t.Errorf("%s: afterwards %+v", name, f)
			}
		}
	}
}
