package experiments

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// checkExperiment notes mistakes that need both documents.
func checkExperiment(d *shape.Document, e *Experiment, s *System) {
	for i, f := range e.Faults {
		dep, ok := s.Dependency(f.Into)
		kind, _ := injectors.Lookup(f.Inject)
		switch {
		case !kind.OnProxy(): // whose file it is, or whom a command is meant for, need not be a dependency
		case ok:
			checkScheme(d, fmt.Sprintf("faults[%d].inject", i), f, dep, s)
			s.checkInstances(d, f, fmt.Sprintf("faults[%d].share", i))
		case f.Into != "" && len(s.Dependencies) > 0:
			d.Fail(d.At(fmt.Sprintf("faults[%d].into", i)), shape.Diagnostic{
				Msg: fmt.Sprintf("no dependency is named %q in %s", f.Into, s.File), Got: f.Into, Known: s.dependencyNames()})
		}
	}
	checkJourneyNames(d, "limits.journeys", e.Settings.Limits.Journeys, s.journeyNames())
	checkJourneyNames(d, "journeys", e.Rates, s.journeyNames())
	checkCaps(d, "", e.Settings, s.Caps)
	phases := e.Settings.Phases.Over(s.Defaults.Phases).Over(StandardPhases())
	checkPhases(d, e, s, phases)
	checkRamps(d, e, s, phases.Warmup)
	checkTimes(d, e, phases.Fault)
	checkShares(d, e, s, phases.Fault)
	checkSaturation(d, e, s)
	checkAlerts(d, e, s, phases)
}

// checkScheme notes a fault on single requests if the upstream's scheme does not
// say what a request is. The upstream of a proxy that exists is only known to its
// server.
func checkScheme(d *shape.Document, at string, f Fault, dep Dependency, s *System) {
	kind, _ := injectors.Lookup(f.Inject)
	scheme, _, has := strings.Cut(dep.Upstream, "://")
	switch {
	case kind.Level != injectors.Message || dep.Upstream == "" || strings.HasPrefix(dep.Upstream, "${") || slices.Contains(kind.Schemes, scheme) && has:
		return
	case !has:
		d.Fail(d.At(at), shape.Diagnostic{
			Msg:  fmt.Sprintf("the upstream of %s has no protocol, and %s needs one to see single %s", f.Into, f.Inject, kind.Acts),
			Hint: fmt.Sprintf("in %s write upstream: %s://%s", s.File, strings.Join(kind.Schemes, "|"), dep.Upstream)})
	default:
		d.Fail(d.At(at), shape.Diagnostic{
			Msg: fmt.Sprintf("%s needs an upstream with %s, but that of %s in %s is %s", f.Inject, figures.List(kind.Schemes, "or"), f.Into, s.File, dep.Upstream)})
	}
}

// checkJourneyNames notes names that no journey has.
func checkJourneyNames(d *shape.Document, at string, given map[string]float64, known []string) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, name) && len(known) > 0 {
			d.Fail(d.Key(shape.JoinPath(at, name)), shape.Diagnostic{Msg: fmt.Sprintf("no journey is named %q", name), Got: name, Known: known})
		}
	}
}

// checkCaps notes limits and guardrails beyond the system's caps. path is where the
// settings are, with a dot at its end, or empty.
func checkCaps(d *shape.Document, at string, s Settings, caps Caps) {
	if caps.BlastRadius == 0 {
		return
	}
	beyond := func(path string, share float64) {
		if share > caps.BlastRadius {
			d.Fail(d.At(at+path), shape.Diagnostic{
				Msg: fmt.Sprintf("%s is beyond caps.blast_radius of %s", percentOf(share*100), percentOf(caps.BlastRadius*100)), Hint: "write at most " + percentOf(caps.BlastRadius*100) + ", or raise the cap"})
		}
	}
	if s.Limits.BlastRadius != nil {
		beyond("limits.blast_radius", *s.Limits.BlastRadius)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Limits.Journeys)) {
		beyond("limits.journeys."+name+".blast_radius", s.Limits.Journeys[name])
	}
	for i, g := range s.Guardrails {
		beyond(fmt.Sprintf("guardrails[%d].blast_radius", i), g.BlastRadius)
	}
}

func tooShort(fault time.Duration, j Journey) shape.Diagnostic {
	return shape.Diagnostic{Msg: fmt.Sprintf("a fault phase of %s is shorter than twice %s", short(fault), j.SayHarmedAfter()),
		Hint: fmt.Sprintf("write at least %s", short(2*j.HarmedAfter()))}
}

// checkPhases notes a fault phase that is too short, and an experiment that is too
// long. A mistake of the system's defaults alone is noted in the system.
func checkPhases(d *shape.Document, e *Experiment, s *System, p Phases) {
	place := d.At("experiment")
	if d.Given("phases.fault") {
		place = d.At("phases.fault")
	}
	own := e.Settings.Phases.Fault != Unset
	if slowest := s.slowest(); p.Fault > 0 && s.Measure == nil && p.Fault < 2*slowest.HarmedAfter() && (own || s.Defaults.Phases.Fault == Unset) {
		d.Fail(place, tooShort(p.Fault, slowest))
	}
	total := p.Warmup + p.Baseline + p.Fault + p.Recovery
	if s.Caps.Duration > 0 && total > s.Caps.Duration {
		place = d.At("experiment")
		if d.Given("phases") {
			place = d.Key("phases")
		}
		d.Fail(place, shape.Diagnostic{
			Msg: fmt.Sprintf("the experiment takes %s, more than caps.duration of %s", short(total), short(s.Caps.Duration)), Hint: "shorten its phases, or raise the cap"})
	}
}

// checkTimes notes faults that start or end after the fault phase.
func checkTimes(d *shape.Document, e *Experiment, phase time.Duration) {
	for i, f := range e.Faults {
		at := fmt.Sprintf("faults[%d]", i)
		switch {
		case f.At >= phase && f.At > 0:
			d.Fail(d.At(at+".at"), shape.Diagnostic{Msg: fmt.Sprintf("the fault phase ends after %s: this fault would never start", short(phase))})
		case f.At+f.For > phase:
			d.Fail(d.At(at+".for"), shape.Diagnostic{
				Msg: fmt.Sprintf("the fault would end %s after the fault phase of %s", short(f.At+f.For-phase), short(phase)), Hint: "shorten it, or lengthen phases.fault"})
		}
	}
}

// checkShares notes a share of connections that cannot be kept: whenever the toxics
// of a proxy change, Toxiproxy picks the affected connections anew.
func checkShares(d *shape.Document, e *Experiment, s *System, phase time.Duration) {
	end := func(f Fault) time.Duration {
		if f.For == 0 {
			return phase
		}
		return f.At + f.For
	}
	for i, f := range e.Faults {
		kind, _ := injectors.Lookup(f.Inject)
		dep, known := s.Dependency(f.Into)
		if f.Share >= 1 || kind.Level != injectors.Byte || !known {
			continue
		}
		for k, g := range e.Faults {
			other, _ := s.Dependency(g.Into)
			sameTime := f.At == g.At && end(f) == end(g)
			overlap := f.At < end(g) && g.At < end(f)
			if beside, _ := injectors.Lookup(g.Inject); beside.Level != injectors.Byte { // draws for itself
				continue
			}
			if k == i || other.ProxyName() != dep.ProxyName() || sameTime || !overlap {
				continue
			}
			d.Fail(d.At(fmt.Sprintf("faults[%d].share", i)), shape.Diagnostic{
				Msg:  fmt.Sprintf("share cannot be kept: another fault on %s starts or ends at another time, and Toxiproxy then picks the affected connections anew", dep.ProxyName()),
				Hint: "give both the same at and for, or leave out share"})
			break
		}
	}
}
