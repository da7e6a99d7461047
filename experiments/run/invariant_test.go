package run_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A ledger names what is in violation: 30 old keys always, at every look another one
// that is on its way, and one more since it broke.
type ledger struct {
	broken atomic.Bool
	looks  atomic.Int64
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	keys := []string{fmt.Sprintf(`"flying-%d"`, l.looks.Add(1))}
	for i := range 30 {
		keys = append(keys, fmt.Sprintf(`"old-%d"`, i))
	}
	if l.broken.Load() {
		keys = append(keys, `"new"`)
	}
	_, _ = fmt.Fprintf(w, `{"count": %d, "keys": [%s]}`, len(keys), strings.Join(keys, ","))
}

// What a fault breaks in a dirty staging, while traffic goes on, is told from all else,
// and refutes although the journeys of one arm failed already before the fault, as they
// were allowed to.
func TestABrokenInvariantRefutesWhateverBecameOfTheNumbers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		breaks bool
		want   result.Verdict
		exit   int
	}{
		"it breaks": {true, result.Refuted, result.ExitRefuted},
		"it holds":  {false, result.Invalid, result.ExitInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &ledger{}
			books := httptest.NewServer(l)
			defer books.Close()
			client := systemtest.Client(time.Second)
			s, err := systemtest.Start(t.TempDir(), systemtest.Options{
				Entry: func(backend string) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						systemtest.Answers(client, backend)
						w.WriteHeader(http.StatusInternalServerError)
					})
				},
				Control: systemtest.Calls, Limits: "{blast_radius: 20%, baseline: 100%}",
				SlowAfter: "2s", Timeout: "4s", Phases: "{warmup: 300ms, baseline: 2s, fault: 5s, recovery: 0s}",
				OfSystem: "invariants:\n  - {name: charged once, request: GET " + books.URL + `/, expect: {json: {"$.count": 0}}, keys: "$.keys[*]", within: 500ms}` + "\n",
			})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // the end of the test
			out, err := perform(t, s, run.Options{NoPreflight: true, View: func(*plan.Plan) run.View {
				return &faultWatcher{act: func() { l.broken.Store(tt.breaks) }}
			}})
			if err != nil {
				t.Fatal(err)
			}
			e := out.Result.Experiments[0]
			if e.Verdict != tt.want || out.Result.Run.ExitCode != tt.exit || !e.HasReason(result.ReasonArmsDiffer) || e.HasReason(result.ReasonInvariantBroken) != tt.breaks {
				t.Errorf("%s, exit %d, %q; want %s, exit %d", e.Verdict, out.Result.Run.ExitCode, e.Reasons, tt.want, tt.exit)
			}
			inv := e.Invariants[0]
			if inv.Before == nil || inv.NewAfter == nil {
				t.Fatalf("%+v", inv)
			}
			var keys []string
			if tt.breaks {
				keys = []string{"new"}
			}
			if *inv.Before != 30 || *inv.NewAfter != float64(len(keys)) || !slices.Equal(inv.Keys, keys) {
				t.Errorf("%g before, %g new, keys %q; want 30, and %q", *inv.Before, *inv.NewAfter, inv.Keys, keys)
			}
		})
	}
}
