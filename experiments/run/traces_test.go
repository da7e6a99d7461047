package run_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A traceReceiver is a shop that notes the traces of its requests.
type traceReceiver struct {
	mu       sync.Mutex
	requests map[string]int    // by trace
	arms     map[string]string // by trace
	spans    map[string]bool
	paths    map[string]int // of requests without a trace, by their path
	wrong    []string
}

var traceparentForm = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-01$`)

// route is the shop as an arm enters it.
func (r *traceReceiver) route(arm string) func(string) http.Handler {
	return func(backend string) http.Handler {
		calls := systemtest.Calls(backend)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r.note(arm, req)
			if req.URL.Path != "/ledger" {
				calls.ServeHTTP(w, req)
			}
		})
	}
}

func (r *traceReceiver) note(arm string, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	parents, states := req.Header["Traceparent"], req.Header["Tracestate"]
	if len(parents)+len(states) == 0 {
		r.paths[req.URL.Path]++
		return
	}
	m := traceparentForm.FindStringSubmatch(req.Header.Get("Traceparent"))
	if len(parents) != 1 || len(states) != 1 || m == nil || states[0] != "blastgauge="+arm || r.spans[m[2]] {
		r.wrong = append(r.wrong, fmt.Sprint(arm, parents, states))
		return
	}
	if before := r.arms[m[1]]; before != "" && before != arm {
		r.wrong = append(r.wrong, "in both arms: "+m[1])
	}
	r.requests[m[1]]++
	r.arms[m[1]], r.spans[m[2]] = arm, true
}

// Every step of both arms is a span of its journey's trace, and the traces that a result
// names and links are those that the system has received. What is no journey carries none.
func TestTheTracesOfAResultAreThoseThatWereSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		system string
		traced bool
	}{
		"by default": {"trace_url: https://tempo.test/trace/${trace}\n", true},
		"off":        {"traces: off\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &traceReceiver{requests: map[string]int{}, arms: map[string]string{}, spans: map[string]bool{}, paths: map[string]int{}}
			s, err := systemtest.Start(t.TempDir(), systemtest.Options{Entry: r.route("fault"), Control: r.route("control"), OfSystem: tt.system})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // the end of the test
			file := filepath.Join(s.Dir, systemtest.SystemFile)
			text, err := os.ReadFile(file)
			text = bytes.Replace(text, []byte("{name: visit, request: GET /}"), []byte("{name: visit, request: GET /}, {name: pay, request: POST /pay, json: {id: '${uuid}'}}"), 1)
			text = fmt.Appendf(text, "invariants:\n  - {name: paid once, request: GET %s/ledger}\n", s.EntryURL)
			if err := errors.Join(err, os.WriteFile(file, text, 0o600)); err != nil {
				t.Fatal(err)
			}
			out, err := perform(t, s, run.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if out.Err != nil {
				t.Fatal(out.Err)
			}
			r.mu.Lock() // a request whose journey was given up may still arrive
			defer r.mu.Unlock()
			if len(r.wrong) > 0 || r.paths["/ledger"] == 0 || (r.paths["/"]+r.paths["/pay"] == 0) != tt.traced {
				t.Errorf("wrong %q, without a trace %v", r.wrong, r.paths)
			}
			arms := map[string]int{}
			for trace, n := range r.requests {
				if arms[r.arms[trace]]++; n > 2 {
					t.Errorf("%d requests are of the trace %s", n, trace)
				}
			}
			if (arms["fault"] > 0) != tt.traced || (arms["control"] > 0) != tt.traced {
				t.Errorf("traces by arm: %v", arms)
			}
			wantTraces(t, out.Result, r, tt.traced)
		})
	}
}

// wantTraces looks at the examples of a result.
func wantTraces(t *testing.T, res *result.Result, r *traceReceiver, traced bool) {
	t.Helper()
	examples := 0
	for _, c := range res.Experiments[0].Journeys[0].Causes {
		for _, x := range c.Examples {
			examples++
			if !traced && (x.Trace != "" || x.Link() != "") {
				t.Errorf("a trace that nobody sent: %+v", x)
			}
			if traced && (r.arms[x.Trace] != x.Arm || x.Link() != "https://tempo.test/trace/"+x.Trace) {
				t.Errorf("%s arm: %s, %q; received of the arm %q", x.Arm, x.Trace, x.Link(), r.arms[x.Trace])
			}
		}
	}
	if examples == 0 {
		t.Error("no example")
	}
}
