package result

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// ScanNotRun is the reason for the end of a scan of a system that did not work before
// anything was injected.
const ScanNotRun = "not_run"

// A ScanFault is one fault that a scan injected, as often as its cells say.
type ScanFault struct {
	Name       string           `json:"name"`
	Dependency string           `json:"dependency"`
	Mode       plan.FailureMode `json:"mode,omitempty"`
	Inject     string           `json:"inject"`
	Proxy      string           `json:"proxy,omitempty"`
	Times      int              `json:"times"` // that its injection was begun
	// RemovalVerified reports that it is proven gone, after the last of them.
	RemovalVerified bool `json:"removal_verified"`
}

// A scanRun folds the events of a scan. Its journeys need not be read again: what they
// showed of each cell is in the events.
type scanRun struct {
	plan   *plan.Experiment
	faults map[string]*ScanFault // by name: those whose injection was begun
	scan   *scan.Scan
	cell   *journal.Cell // under way
	done   bool          // nothing more is tried
}

func newScanRun(p *plan.Plan) *scanRun {
	return &scanRun{plan: &p.Experiments[0], faults: map[string]*ScanFault{}, scan: scan.New(p)}
}

func (r *scanRun) event(e journal.Event) {
	if e.Seq > 0 { // of the run itself
		r.scan.Event(e)
	}
	switch e.Kind {
	case journal.CellStarted:
		r.cell = e.Cell
	case journal.CellEnded:
		r.cell = nil
	case journal.ScanEnded:
		r.done = true
	case journal.FaultIntended:
		r.intend(e.Fault)
	case journal.FaultRemoved:
		if f := r.faults[e.Fault]; f != nil {
			f.RemovalVerified = e.Verified
		}
	}
}

// intend notes that the injection of a fault began once more.
func (r *scanRun) intend(name string) {
	i := slices.IndexFunc(r.plan.Faults, func(f plan.Fault) bool { return f.Name == name })
	if i < 0 {
		return
	}
	f := r.faults[name]
	if f == nil {
		p := r.plan.Faults[i]
		f = &ScanFault{Name: name, Dependency: p.Into, Mode: p.Mode, Inject: p.Inject, Proxy: p.Proxy}
		r.faults[name] = f
	}
	f.Times++
	f.RemovalVerified = false
}

// list are the faults that were injected, in the order of the plan.
func (r *scanRun) list() (list []ScanFault) {
	for _, p := range r.plan.Faults {
		if f := r.faults[p.Name]; f != nil {
			list = append(list, *f)
		}
	}
	return list
}

// where says what the scan was about when its journal ended, such as " in cell 7, while
// payments failed (hang)".
func (r *scanRun) where() string {
	switch {
	case r.done:
		return " after its last cell"
	case r.cell == nil:
		return ""
	}
	var failed []string
	for _, f := range r.cell.Faults {
		failed = append(failed, fmt.Sprintf("%s failed (%s)", f.Into, f.Mode))
	}
	return fmt.Sprintf(" in cell %d, while %s", r.cell.Number, figures.List(failed, "and"))
}

// scanResult fills in what a scan found.
func (f *fold) scanResult(r *Result) {
	r.Schema, r.Experiments = ScanSchema, []Experiment{}
	r.Scan, r.ScanFaults = f.scan.scan.Map(), f.scan.list()
	r.Warnings = append(r.Warnings, f.scan.plan.Warnings...)
	if len(f.preflight) > 0 {
		r.Scan.Ended, r.Scan.Detail = ScanNotRun, "nothing was injected, because the system did not work already: "+strings.Join(f.preflight, "; ")
	}
}

// dangling reports whether the fault may still be in force.
func (f ScanFault) dangling() bool { return !f.RemovalVerified }

// scanExit is the exit code of a scan that came to its end.
func (r *Result) scanExit(allow []Verdict) int {
	m := r.Scan
	switch {
	case m.Ended == journal.ScanHarmed: // what was taken over says nothing of this system as it is
		return Invalid.exit(allow)
	case m.Weaknesses():
		return ExitRefuted
	case !m.Decided():
		return Invalid.exit(allow)
	case !m.Whole():
		return Inconclusive.exit(allow)
	}
	return ExitHeld
}

// scanMeaning says in words what the exit code of a scan means.
func scanMeaning(code int) string {
	switch code {
	case ExitHeld:
		return "the scan found no weakness"
	case ExitRefuted:
		return "the scan found weaknesses"
	case ExitInconclusive:
		return "the scan found no weakness, and could not decide everything"
	case ExitInvalid:
		return "the scan decided nothing"
	}
	return ExitMeaning(code)
}
