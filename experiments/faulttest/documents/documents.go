// Package documents runs an experiment of blastgauge's documents in a Go test, with a
// sub-test for each thing that had to be true.
//
//	payments := faulttest.Proxy(t, "payments", srv.URL)
//	shop := httptest.NewServer(newShop(payments.URL))
//	documents.Run(t, "blastgauge.yaml", "experiments/payments-slow.yaml", documents.Options{
//		URL: shop.URL, Behind: []*faulttest.Dependency{payments},
//	})
//
// It is a package of its own because runs need more than faults do: drivers of databases for
// invariants, a client for journeys, and statistics. A test that needs no document is built
// without these.
package documents

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/faulttest"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// Options say what of the documents is different in a test.
type Options struct {
	// Behind are the proxies of the test. Each stands for the dependency of its name: the
	// document's own addresses of it mean nothing. Whatever gets a fault needs one.
	Behind []*faulttest.Dependency
	// URL is where journeys enter; empty: as the document says.
	URL string
	// Set are values in place of the system document's, each as PATH=VALUE, such as
	// journeys.checkout.rate=100/s.
	Set []string
	// Phases are the lengths of phases in place of the documents', such as
	// "baseline=5s,fault=10s". Empty: as the documents say; with -short a quarter of that.
	Phases string
	// Dir is the directory of the run, which is created and stays; empty: a temporary one.
	// `blastgauge report DIR` makes reports of it.
	Dir string
	// AllowInconclusive skips what nothing is shown of, and does not fail it. So does -short.
	AllowInconclusive bool
}

// Run runs an experiment, by its file or by the id that it has beside the system's document,
// and returns what came of it. Names of files are seen from the directory of the test.
//
// For each experiment there is a sub-test of its id, with one for each criterion and one for
// the verdict. What is refuted fails, as does what is invalid or was not run, and what is
// inconclusive, unless that is allowed: then it is skipped.
func Run(t *testing.T, system, experiment string, o Options) *run.Outcome {
	t.Helper()
	p := o.load(t, system, experiment)
	temp := t.TempDir()
	registry := journal.OpenRegistry(filepath.Join(temp, "state")) // faults on proxies end with the test: nobody has to find them
	if p.LeavesProxies() {
		registry = journal.UserRegistry(os.LookupEnv)
	}
	out, err := run.Run(t.Context(), p, run.Options{
		Dir: cmp.Or(o.Dir, filepath.Join(temp, "run")), Embedded: true, Log: t.Output(), Registry: registry,
	})
	if err != nil {
		t.Fatalf("documents: %v", err)
	}
	if out.Err != nil {
		t.Errorf("documents: %v", out.Err)
	}
	allow := o.AllowInconclusive || testing.Short()
	for i := range out.Result.Experiments {
		e := &out.Result.Experiments[i]
		t.Run(e.ID, func(t *testing.T) { report(t, e, allow) })
	}
	return out
}

// load plans the run.
func (o Options) load(t *testing.T, system, experiment string) *plan.Plan {
	t.Helper()
	phases, err := plan.ParsePhases(o.Phases)
	if err != nil {
		t.Fatalf("documents: phases: %v", err)
	}
	p := o.loadWith(t, system, experiment, phases)
	o.checkBehind(t, p)
	if !testing.Short() || o.Phases != "" {
		return p
	}
	return o.loadWith(t, system, experiment, shortened(p))
}

func (o Options) loadWith(t *testing.T, system, experiment string, phases experiments.Phases) *plan.Plan {
	t.Helper()
	loaded, err := plan.Load(experiments.Selection{SystemFile: system, Arguments: []string{experiment}, Outside: experiments.Outside{Set: o.set(), Silent: true}},
		plan.Options{Phases: phases}, os.LookupEnv)
	if err == nil {
		err = loaded.Unset
	}
	if err != nil {
		t.Fatalf("documents: %s", cmp.Or(experiments.Explain(err), err.Error()))
	}
	return loaded.Plan
}

// checkBehind fails the test where a fault would go to a proxy that is not of the test: it
// would outlive a test that is killed.
func (o Options) checkBehind(t *testing.T, p *plan.Plan) {
	t.Helper()
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			behind := slices.ContainsFunc(o.Behind, func(d *faulttest.Dependency) bool { return d.Name == f.Into })
			if f.OnProxy() && !behind {
				t.Fatalf("documents: %s: %s goes into %s, and no proxy of the test stands for it: add faulttest.Proxy(t, %[3]q, ...) to Options.Behind", e.ID, f.Inject, f.Into)
			}
		}
	}
}

// set lists what the test sets in place of the system's document: what Set says wins.
func (o Options) set() []string {
	var list []string
	for i, d := range o.Behind {
		if i == 0 {
			list = append(list, "toxiproxy="+d.Toxiproxy())
		}
		at := "dependencies[" + d.Name + "]."
		list = append(list, at+"toxiproxy="+d.Toxiproxy(), at+"listen="+strconv.Quote(d.Addr), at+"upstream="+strconv.Quote(d.Upstream()))
	}
	if o.URL != "" {
		list = append(list, "url="+strconv.Quote(o.URL))
	}
	return append(list, o.Set...)
}

// shortened are phases of a quarter of those of a plan. The fault's is long enough for its
// slowest journeys.
func shortened(p *plan.Plan) experiments.Phases {
	least, long := time.Duration(0), experiments.Phases{}
	for _, e := range p.Experiments {
		long.Warmup, long.Baseline = max(long.Warmup, e.Phases.Warmup), max(long.Baseline, e.Phases.Baseline)
		long.Fault, long.Recovery = max(long.Fault, e.Phases.Fault), max(long.Recovery, e.Phases.Recovery)
		for _, j := range e.Journeys {
			least = max(least, 2*j.HarmedAfter())
		}
	}
	return experiments.Phases{Warmup: long.Warmup / 4, Baseline: long.Baseline / 4, Fault: max(least, long.Fault/4), Recovery: long.Recovery / 4}
}

// report runs the sub-tests of one experiment.
func report(t *testing.T, e *result.Experiment, allow bool) {
	for _, c := range e.Criteria {
		t.Run(c.Name, func(t *testing.T) {
			verdict := c.Verdict
			if !e.Judged() { // its criteria have none that counts: the experiment says why
				verdict = result.NotRun
			}
			tell(t, verdict, allow, cmp.Or(c.Detail, c.Measured))
		})
	}
	t.Run("verdict", func(t *testing.T) {
		if e.Verdict == result.NotRun {
			t.Errorf("%s: %s", e.Verdict, strings.Join(e.Reasons, "\n"))
			return
		}
		tell(t, e.Verdict, allow, strings.Join(e.Reasons, "\n"))
	})
}

// tell ends a sub-test as its verdict says.
func tell(t *testing.T, verdict result.Verdict, allow bool, why string) {
	t.Helper()
	switch {
	case verdict == result.Held:
		t.Logf("%s: %s", verdict, why)
	case verdict == result.NotRun:
		t.Skip("it has no verdict: see that of the experiment")
	case verdict == result.Inconclusive && allow:
		t.Skipf("%s: %s", verdict, why)
	default:
		t.Errorf("%s: %s", verdict, why)
	}
}
