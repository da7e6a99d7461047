package run_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A system that a fault kills is told as that, before what was harmed by it: since when,
// and where nobody listens any more.
func TestASystemThatDiesIsTold(t *testing.T) {
	t.Parallel()
	o := systemtest.Options{Phases: "{warmup: 300ms, baseline: 2s, fault: 4s, recovery: 1s}", Faults: "{inject: latency, into: backend, latency: 1ms}"}
	s, err := systemtest.Start(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the end of the test
	address := reserve(t, 1)[0]
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	entry := &httptest.Server{Listener: l, Config: &http.Server{Handler: systemtest.Calls("http://" + s.Listen)}}
	entry.Start()
	defer entry.Close()
	s.EntryURL = entry.URL
	if err := s.WriteDocuments(o); err != nil {
		t.Fatal(err)
	}
	out, err := perform(t, s, run.Options{View: func(*plan.Plan) run.View { return &faultWatcher{act: entry.Close} }})
	if err != nil {
		t.Fatal(err)
	}
	e := out.Result.Experiments[0]
	if e.Verdict == result.Held || len(e.ReasonCodes) < 2 || e.ReasonCodes[0] != result.ReasonSystemDied || len(e.Outages) != 1 {
		t.Fatalf("%s %v %q, outages %+v", e.Verdict, e.ReasonCodes, e.Reasons, e.Outages)
	}
	died := e.Outages[0]
	if !died.Lasted() || died.Address != address || died.From.Before(e.Faults[0].Injected.Add(-1e9)) {
		t.Errorf("%+v, want %s since the fault", died, address)
	}
}
