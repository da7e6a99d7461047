package plan

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

// The limits of an experiment if neither it nor its system gives others.
const (
	defaultBlastRadius = 0.05
	defaultHarmed      = 0.02 // of the baseline; more makes the experiment invalid
)

// ErrImpossible is wrapped by every error that means: each document is valid, and
// together they cannot be run like this.
var ErrImpossible = errors.New("cannot be planned")

// Options are the choices of one run, beyond its documents.
type Options struct {
	Run     string // see [NewRun]
	Seed    uint64
	Version string
	Commit  string
	// Phases override those of the documents; experiments.Unset leaves a phase as
	// it is.
	Phases experiments.Phases
	// Rates are journeys per second by name of the journey, in place of the documents'
	// rates; nil: as the documents say.
	Rates map[string]float64
	// Selected means that the experiments were named, and are not all there are.
	Selected bool
	// GameDay is the game day whose experiments are planned; nil: they are of none.
	GameDay *experiments.GameDay
	// Silent means that nobody is told what the run does.
	Silent bool
}

// choices are what the command line says beside the documents.
func (o Options) choices(s *experiments.System) Choices {
	var phases []string
	for _, p := range []struct {
		name string
		long time.Duration
	}{{"warmup", o.Phases.Warmup}, {"baseline", o.Phases.Baseline}, {"fault", o.Phases.Fault}, {"recovery", o.Phases.Recovery}} {
		if p.long >= 0 {
			phases = append(phases, p.name+"="+figures.Span(p.long))
		}
	}
	c := Choices{Set: s.Set, Phases: strings.Join(phases, ","), Selected: o.Selected}
	if o.GameDay != nil { // it says which experiments are run
		c.Selected, c.GameDay = false, o.GameDay.File
	}
	if o.Silent {
		c.Flags = []string{SilentFlag}
	}
	return c
}

// NoOverride returns phases that leave every phase as the documents say.
func NoOverride() experiments.Phases {
	return experiments.Phases{
		Warmup: experiments.Unset, Baseline: experiments.Unset,
		Fault: experiments.Unset, Recovery: experiments.Unset,
	}
}

// NewRun returns a new id of a run: YYYYMMDDthhmmssz-xxxxxx in UTC. Directories of
// runs sort by time, and two runs of the same second differ.
func NewRun(now time.Time) string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz"
	tail := make([]byte, 6)
	for i := range tail {
		tail[i] = letters[rand.IntN(len(letters))]
	}
	return now.UTC().Format("20060102t150405z") + "-" + string(tail)
}

// Make plans the experiments in the order given. The error is of class
// [ErrImpossible] and names every experiment that cannot run.
func Make(s *experiments.System, list []*experiments.Experiment, o Options) (*Plan, error) {
	p := &Plan{Run: o.Run, Seed: o.Seed, Version: o.Version, Commit: o.Commit, System: *s, Choices: o.choices(s)}
	p.Documents = systemDocuments(s)
	p.addGameDay(o.GameDay)
	fault := 0
	var errs []error
	for _, doc := range list {
		if o.Rates != nil {
			changed := *doc
			changed.Rates, doc = o.Rates, &changed
		}
		e := resolve(s, doc, o)
		for i := range e.Faults {
			fault++
			e.Faults[i].Name = injectors.FaultName(p.Run, fault)
		}
		if err := errors.Join(checkPossible(e, s.Caps), checkSaturation(doc), checkElsewhere(s, doc), e.checkMeasured(doc), e.checkAlerts(s)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", doc.File, e.ID, err))
		}
		p.Experiments = append(p.Experiments, e)
		p.Documents = append(p.Documents, Document{doc.File, doc.Text})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImpossible, err)
	}
	p.shareOwners()
	switch {
	case s.Defaults.ShareBaselines && p.GameDay != nil:
		p.ownBaselines()
	case s.Defaults.ShareBaselines:
		p.shareBaselines()
	}
	return p, nil
}

// systemDocuments are the system's document, and what was set in place of it.
func systemDocuments(s *experiments.System) []Document {
	list := []Document{{s.File, s.Text}}
	if len(s.Set) > 0 {
		list = append(list, Document{SetDocument, strings.Join(s.Set, "\n") + "\n"})
	}
	return list
}

// resolve applies defaults and overrides to one experiment.
func resolve(s *experiments.System, doc *experiments.Experiment, o Options) Experiment {
	d := s.Defaults
	e := Experiment{
		ID: doc.ID, Title: cmp.Or(doc.Title, doc.ID), Hypothesis: doc.Hypothesis, Owner: doc.Owner, IfRefuted: doc.IfRefuted,
		File: doc.File, Line: doc.Line,
		Phases:     o.Phases.Over(doc.Settings.Phases).Over(d.Phases).Over(experiments.StandardPhases()),
		Invariants: s.Invariants,
		Limits:     resolveLimits(doc.Settings.Limits, d.Limits),
		Guardrails: doc.Settings.Guardrails,
		Alerts:     doc.Alerts,
		Seed:       seedOf(o.Seed, doc.ID),
	}
	if e.Guardrails == nil {
		e.Guardrails = d.Guardrails
	}
	if limit := s.Caps.BlastRadius; limit > 0 && limit < 1 { // a cap is a guardrail that no experiment can lift
		e.Guardrails = append(slices.Clone(e.Guardrails), experiments.Guardrail{BlastRadius: limit})
	}
	e.Control, e.ControlWhy = Baseline, "no control_url is declared: the baseline phase is the control"
	switch {
	case doc.Control == experiments.ControlBaseline:
		e.ControlWhy = "the experiment says control: baseline"
	case s.ControlURL != "":
		e.Control, e.ControlWhy = Concurrent, "control_url is declared: the same journeys run at the same time on a route without proxies"
	}
	for _, j := range s.Journeys {
		e.Journeys = append(e.Journeys, resolveJourney(j, doc, d.Limits, e.Limits))
	}
	e.measureBy(s.Measure, doc)
	for _, f := range doc.Faults {
		e.Faults = append(e.Faults, resolveFault(s, f, e.Phases.Fault, e.Seed))
	}
	e.Repeat = cmp.Or(doc.Settings.Repeat, d.Repeat)
	if e.Control == Concurrent || e.Repeat < 2 || doc.Saturation != nil {
		e.Repeat = 0
	}
	e.Digests = digestsOf(s, e, doc.Saturation) // before the tag, which differs from run to run
	switch {
	case doc.Saturation != nil:
		e.saturate(doc.Saturation, o.Run)
	case doc.Control != experiments.ControlBaseline && s.ControlURL == "" && s.Propagates == experiments.PropagatesBaggage:
		e.divideByTag(o.Run)
	}
	if doc.Saturation == nil {
		e.crossOver(cmp.Or(doc.Settings.Repeat, d.Repeat))
	}
	e.Warnings, e.Caveats = append(e.Warnings, warnings(e)...), caveats(e)
	shared := sharedWarnings(s, e)
	e.Warnings, e.SharedControl = append(e.Warnings, shared...), len(shared) > 0
	return e
}

func resolveLimits(own, defaults experiments.Limits) Limits {
	l := Limits{BlastRadius: defaultBlastRadius, Baseline: defaultHarmed}
	for _, given := range []experiments.Limits{defaults, own} {
		if given.BlastRadius != nil {
			l.BlastRadius = *given.BlastRadius
		}
		if given.Recovery != nil {
			l.Recovery = *given.Recovery
		}
		if given.Baseline != nil {
			l.Baseline = *given.Baseline
		}
	}
	return l
}

func resolveJourney(j experiments.Journey, doc *experiments.Experiment, defaults experiments.Limits, l Limits) Journey {
	if rate, ok := doc.Rates[j.Name]; ok {
		j.Rate, j.Stages = rate, nil
	}
	limit := l.BlastRadius
	// An experiment's own overall limit is more specific than a system's limit
	// for one journey.
	if v, ok := defaults.Journeys[j.Name]; ok && doc.Settings.Limits.BlastRadius == nil {
		limit = v
	}
	if v, ok := doc.Settings.Limits.Journeys[j.Name]; ok {
		limit = v
	}
	return Journey{Journey: j, Limit: limit}
}

func resolveFault(s *experiments.System, f experiments.Fault, phase time.Duration, seed uint64) Fault {
	out := Fault{Fault: f, Proxy: f.Into, Until: phase}
	if f.For > 0 {
		out.Until = f.At + f.For
	}
	kind, _ := injectors.Lookup(f.Inject)
	if kind.Config {
		out.Seed = 1 + seed%(1<<53-1) // JSON's numbers are exact up to there
	}
	if !kind.OnProxy() {
		out.Proxy = ""
		return out
	}
	for _, d := range s.Dependencies {
		if d.Name == f.Into {
			out.Proxy, out.Listen, out.Upstream = d.ProxyName(), d.Listen, d.Upstream
		}
	}
	return out
}

// checkPossible finds the mistakes that only the resolved experiment shows.
func checkPossible(e Experiment, caps experiments.Caps) error {
	var errs []error
	if d := e.Duration(); caps.Duration > 0 && d > caps.Duration {
		errs = append(errs, fmt.Errorf("it takes %s, more than caps.duration of %s allows", figures.Span(d), figures.Span(caps.Duration)))
	}
	for _, j := range e.Journeys {
		if e.faultPeriod() < 2*j.HarmedAfter() && !e.Measured() {
			errs = append(errs, fmt.Errorf("the fault phase of %s is shorter than twice %s: make it at least %s",
				figures.Span(e.faultPeriod()), j.SayHarmedAfter(), figures.Span(2*j.HarmedAfter())))
		}
	}
	if e.Phases.Baseline <= 0 {
		errs = append(errs, errors.New("a baseline of 0s leaves nothing to compare with"))
	}
	errs = append(errs, e.checkTurns(), e.checkData())
	errs = append(errs, e.checkRamps()...)
	for _, f := range e.Faults {
		if f.Until > e.Phases.Fault || f.At >= f.Until {
			errs = append(errs, fmt.Errorf("the fault on %s lasts from %s to %s, outside the fault phase of %s", f.Into, figures.Span(f.At), figures.Span(f.Until), figures.Span(e.Phases.Fault)))
		}
	}
	return errors.Join(errs...)
}

// seedOf returns the seed of one experiment. An experiment that runs alone repeats
// what it did among others.
func seedOf(seed uint64, id string) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d/%s", seed, id) // a hash takes everything
	return h.Sum64()
}

// Duration returns how long the experiment takes if nothing stops it.
func (e Experiment) Duration() time.Duration {
	return e.Phases.Warmup + e.Phases.Baseline + e.Phases.Fault + e.Phases.Recovery
}

// Duration returns how long all experiments take if nothing stops them.
func (p *Plan) Duration() time.Duration {
	var d time.Duration
	for _, e := range p.Experiments {
		d += e.Duration()
	}
	return d
}

// Load returns the journeys per second that the experiment sends, over all arms.
func (e Experiment) Load() float64 {
	rate := 0.0
	for _, j := range e.Journeys {
		if !e.Measured() {
			rate += j.MaxRate()
		}
	}
	return rate
}

// caveats are the surprises of the kinds of its faults, which no run makes true or false.
func caveats(e Experiment) (list []string) {
	for _, f := range e.Faults {
		kind, _ := injectors.Lookup(f.Inject)
		for _, s := range kind.CaveatsFor(f.Attributes) {
			list = append(list, f.Inject+": "+s)
		}
	}
	return list
}

// warnings returns what the run will not be able to show, before time is spent on it.
func warnings(e Experiment) []string {
	var list []string
	for _, j := range e.Journeys {
		if e.rateUnknown(j) {
			continue
		}
		fault, control := e.Cohort(j)
		upper := stats.Newcombe(stats.Count{N: fault}, stats.Count{N: control}).High
		switch {
		case fault < 30 || control < 30:
			list = append(list, fmt.Sprintf("%s: about %d journeys in an arm, fewer than the 30 that it takes to hold: raise its rate, or lengthen the phases", j.Name, min(fault, control)))
		case e.Control == Concurrent && e.armBaseline(j) < 30:
			list = append(list, fmt.Sprintf("%s: about %d journeys in each arm of the baseline are too few to show that the arms are alike", j.Name, e.armBaseline(j)))
		case upper > j.Limit:
			limit := figures.ShortPercent(j.Limit, 1)
			list = append(list, fmt.Sprintf("%s: cannot be shown to hold: even no harm at all is known only to %.1f points, the limit is %s: blastgauge plan --for %s says how long phases must be",
				j.Name, upper*100, limit, limit))
		}
	}
	list = append(list, e.guardrailWarnings()...)
	list = append(list, e.recoveryWarnings()...)
	list = append(list, e.turnWarnings()...)
	for _, w := range e.dataWarnings() {
		list = append(list, w.Text)
	}
	list = append(list, e.pauseWarnings()...)
	list = append(list, e.weightWarnings()...)
	for _, f := range e.Faults {
		kind, _ := injectors.Lookup(f.Inject)
		if f.Share < 1 && kind.Level == injectors.Byte {
			list = append(list, fmt.Sprintf("%s: share %s is a share of connections, drawn once per connection, not of requests", f.Inject, f.Portion()))
		}
	}
	return list
}

// guardrailWarnings names guardrails that trip on less harm than the hypothesis allows: the
// fault is gone before the limit can be judged.
func (e Experiment) guardrailWarnings() []string {
	var list []string
	for _, g := range e.Guardrails {
		if g.BlastRadius == 0 && g.Failed == 0 { // the others do not limit a share of harm
			continue
		}
		for _, j := range e.Journeys {
			if g.Share() < j.Limit {
				list = append(list, fmt.Sprintf("%s: its limit is %s, but a guardrail stops the fault before it can be judged: %s", j.Name, figures.ShortPercent(j.Limit, 1), g.Says(j.Name)))
			}
		}
	}
	return list
}
