package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
)

// NeedsOurs says why a failure mode cannot be caused where the Toxiproxy is an unchanged
// one.
const NeedsOurs = "it acts on single requests, which a stock Toxiproxy does not know: use `blastgauge proxy`"

// faultFor returns the fault that makes a dependency fail in a mode, or why there is none.
func faultFor(d experiments.Dependency, mode FailureMode, slow time.Duration) (f experiments.Fault, why string) {
	f = experiments.Fault{Into: d.Name, Share: 1, Attributes: injectors.Attributes{}}
	switch mode {
	case Hang:
		f.Inject = "timeout" // whose time-out of 0 lasts for as long as the fault
	case Refuse:
		f.Inject = "down"
	case Slow:
		f.Inject, f.Attributes = "latency", injectors.Attributes{"latency": slow.Seconds()}
	case Reset:
		f.Inject = "reset_peer"
	case Error, ErrorAfter:
		if f.Inject, f.Attributes, why = errorFor(d, mode); why != "" {
			return f, why
		}
	}
	kind, known := injectors.Lookup(f.Inject)
	if !known {
		return f, fmt.Sprintf("no fault causes %s", mode)
	}
	if err := kind.Check(f.Attributes); err != nil {
		return f, err.Error()
	}
	return f, ""
}

// errorFor returns the kind of fault that answers in place of a dependency, and its
// attributes, by the protocol that the dependency speaks. Where there is none, why says so.
func errorFor(d experiments.Dependency, mode FailureMode) (inject string, attributes injectors.Attributes, why string) {
	when := map[FailureMode]string{Error: "before", ErrorAfter: "after"}[mode]
	scheme, _, has := strings.Cut(d.Upstream, "://")
	switch {
	case d.Upstream == "":
		return "", nil, "the system file does not say which protocol it speaks: give it a listen, and an upstream with a scheme such as http://"
	case !has:
		return "", nil, fmt.Sprintf("its upstream has no scheme, which says what an error is: write http://%s, or the scheme that it speaks", d.Upstream)
	case slices.Contains([]string{"http", "https"}, scheme):
		return "http_error", injectors.Attributes{"status": 503.0, "when": when}, ""
	case slices.Contains([]string{"h2c", "grpc", "grpcs"}, scheme):
		return "grpc_error", injectors.Attributes{"code": "UNAVAILABLE", "when": when}, ""
	case scheme == "postgres": // an error of the server's own that no driver tries again, and that does not end the session
		return "postgres_error", injectors.Attributes{"sqlstate": "53200", "when": when}, ""
	case slices.Contains([]string{"redis", "rediss"}, scheme) && mode == ErrorAfter:
		return "", nil, "a Redis command that ends with an error has done nothing"
	case slices.Contains([]string{"redis", "rediss"}, scheme):
		return "redis_error", injectors.Attributes{"error": "ERR internal error"}, ""
	}
	return "", nil, fmt.Sprintf("no fault of %s answers with an error", scheme)
}

// OnStock returns the plan of a scan as an unchanged Toxiproxy can perform it: what needs
// another server is unavailable, and what it does otherwise is warned of. p is not changed.
// The error is of class [ErrImpossible]: nothing is left.
func (p *Plan) OnStock() (*Plan, error) {
	if p.Scan == nil {
		return p, nil
	}
	stock := p.leaveOut(func(f Fault) string {
		if kind, _ := injectors.Lookup(f.Inject); kind.Level == injectors.Byte {
			return ""
		}
		return NeedsOurs
	})
	if len(stock.Experiments[0].Faults) == 0 {
		return nil, fmt.Errorf("%w: %s cannot be caused: %s", ErrImpossible, figures.List(p.Scan.Modes, "and"), NeedsOurs)
	}
	e := &stock.Experiments[0]
	e.Warnings = slices.Concat(e.Warnings, e.caveatsOnStock())
	return stock, nil
}

// caveatsOnStock are the surprises of the modes that an unchanged Toxiproxy causes, each once.
func (e Experiment) caveatsOnStock() (list []string) {
	for _, f := range e.Faults {
		kind, _ := injectors.Lookup(f.Inject)
		for _, text := range kind.CaveatsOnStock() {
			if text = string(f.Mode) + ": " + text; !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return list
}

// leaveOut returns the plan of a scan without the faults for which why is not empty: they are
// unavailable. p is not changed.
func (p *Plan) leaveOut(why func(Fault) string) *Plan {
	scan, e := *p.Scan, p.Experiments[0]
	scan.Unavailable = slices.Clone(scan.Unavailable)
	e.Faults = nil
	for _, f := range p.Experiments[0].Faults {
		if text := why(f); text != "" {
			scan.Unavailable = append(scan.Unavailable, Unavailable{f.Into, f.Mode, text})
			continue
		}
		e.Faults = append(e.Faults, f)
	}
	left := *p
	left.Scan, left.Experiments = &scan, []Experiment{e}
	return &left
}

// Failing says what a fault of a scan makes its dependency do, such as "payments answers 300ms
// late".
func (f Fault) Failing() string {
	does := f.Mode.Does()
	if late := f.Attributes.Duration("latency"); f.Mode == Slow && late > 0 {
		does = "answers " + figures.Span(late.Round(time.Millisecond)) + " late"
	}
	return f.Into + " " + does
}
