package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// Times of a scan.
const (
	// DefaultBudget is how long a scan may take where nothing else is asked for.
	DefaultBudget = 15 * time.Minute
	// LeastBudget is the shortest budget: less leaves no time for a single fault.
	LeastBudget = 30 * time.Second
	// scanBaseline is the longest baseline before the first fault. The time between two
	// faults adds to it.
	scanBaseline = 20 * time.Second
	scanRecovery = 2 * time.Second // after the last fault, whose end has been waited for
	// UsualCell is how long a fault of a scan takes, with the time until the system is
	// healthy again.
	UsualCell = 12 * time.Second

	longestCell   = 20 * time.Second // for which a fault is in force
	longestSearch = 30 * time.Second // likewise, in the search for a breaking point
	afterBudget   = 10 * time.Second // for which it is once the slowest journey is old enough to judge
)

// ScanOptions are the choices of a scan, beyond the system's document.
type ScanOptions struct {
	Dependencies []string      // by name; none: all
	Modes        []FailureMode // none: all
	Budget       time.Duration // of the whole scan; 0: [DefaultBudget], or caps.duration where that is less
	Limit        float64       // of the blast radius of every journey; 0: as the document says
	Thresholds   bool          // breaking points are searched
	Pairs        bool          // a dependency and the one that stands in for it fail together
	Since        string        // the id of an earlier scan whose cells are taken over where they still hold

	// As in [Options].
	Run     string
	Seed    uint64
	Version string
	Commit  string
	Rates   map[string]float64
	Silent  bool
}

// DefaultScan returns the options of a scan of all that there is.
func DefaultScan() ScanOptions { return ScanOptions{Thresholds: true, Pairs: true} }

// MakeScan plans a scan of a system. It needs no experiment. The error is of class
// [ErrImpossible] and holds everything that keeps the scan from being planned.
func MakeScan(s *experiments.System, o ScanOptions) (*Plan, error) {
	if s.Measure != nil {
		return nil, fmt.Errorf("%w: a scan decides within seconds of each fault, by journeys that are sent, and %s has measure: counters are known %s later at the earliest. Give it url and journeys, or run experiments", ErrImpossible, s.File, figures.Span(s.Measure.Scrape))
	}
	scan := &Scan{Thresholds: o.Thresholds, Pairs: o.Pairs, Since: o.Since}
	errs := []error{checkScanElsewhere(s)}
	var err error
	scan.Dependencies, err = selectDependencies(s, o.Dependencies)
	errs = append(errs, err)
	scan.Modes, err = selectModes(o.Modes)
	errs = append(errs, err)
	scan.Budget, err = budgetOf(s, o.Budget)
	errs = append(errs, err)
	if !(o.Limit >= 0 && o.Limit < 1) {
		errs = append(errs, fmt.Errorf("a limit of %v is no share of journeys: give one such as 5%%", o.Limit))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImpossible, err)
	}
	e := resolveScan(s, scan, o)
	if err := checkScan(s, e, scan); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImpossible, err)
	}
	choices := Options{Phases: NoOverride(), Selected: len(o.Dependencies) > 0, Silent: o.Silent}.choices(s)
	choices.Scan = o.again()
	p := &Plan{Run: o.Run, Seed: o.Seed, Version: o.Version, Commit: o.Commit, System: *s, Choices: choices, Scan: scan, Documents: systemDocuments(s)}
	for i := range e.Faults {
		e.Faults[i].Name = injectors.FaultName(p.Run, i+1)
	}
	p.Experiments = []Experiment{e}
	return p, nil
}

// again are the choices as the command line says them.
func (o ScanOptions) again() (args []string) {
	args = append(args, o.Dependencies...)
	if o.Budget > 0 {
		args = append(args, "--budget", figures.Span(o.Budget))
	}
	if len(o.Modes) > 0 {
		var modes []string
		for _, m := range o.Modes {
			modes = append(modes, string(m))
		}
		args = append(args, "--faults", strings.Join(modes, ","))
	}
	if o.Limit > 0 {
		args = append(args, "--limit", strconv.FormatFloat(100*o.Limit, 'g', 10, 64)+"%")
	}
	if !o.Thresholds {
		args = append(args, "--no-thresholds")
	}
	if !o.Pairs {
		args = append(args, "--no-pairs")
	}
	return args
}

// selectDependencies returns those that are named, in the order of the document; all where
// none is.
func selectDependencies(s *experiments.System, named []string) ([]string, error) {
	var known, selected []string
	for _, d := range s.Dependencies {
		known = append(known, d.Name)
		if len(named) == 0 || slices.Contains(named, d.Name) {
			selected = append(selected, d.Name)
		}
	}
	var errs []error
	for _, name := range named {
		if !slices.Contains(known, name) {
			errs = append(errs, unknown("dependency", name, "in "+s.File, known))
		}
	}
	return selected, errors.Join(errs...)
}

// selectModes returns those that are named, in their order; all where none is.
func selectModes(named []FailureMode) ([]FailureMode, error) {
	var errs []error
	for _, m := range named {
		if !slices.Contains(FailureModes(), m) {
			errs = append(errs, unknownMode(string(m)))
		}
	}
	selected := FailureModes()
	if len(named) > 0 {
		selected = slices.DeleteFunc(selected, func(m FailureMode) bool { return !slices.Contains(named, m) })
	}
	return selected, errors.Join(errs...)
}

// ParseFailureModes parses names of failure modes, such as "hang". What is named twice
// counts once.
func ParseFailureModes(names []string) ([]FailureMode, error) {
	var list []FailureMode
	for _, name := range names {
		m := FailureMode(strings.TrimSpace(name))
		if !slices.Contains(FailureModes(), m) {
			return nil, unknownMode(name)
		}
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list, nil
}

func unknownMode(name string) error {
	var known []string
	for _, m := range FailureModes() {
		known = append(known, string(m))
	}
	return unknown("failure mode", name, "", known)
}

// unknown says that there is no such thing, and which there are.
func unknown(what, name, where string, known []string) error {
	text := fmt.Sprintf("no %s %q", what, name)
	if where != "" {
		text += " " + where
	}
	if near := shape.Nearest(name, known); near != "" {
		text += fmt.Sprintf(", did you mean %q?", near)
	}
	return fmt.Errorf("%s; known: %s", text, strings.Join(known, ", "))
}

// ParseBudget parses how long a scan may take, such as 15m.
func ParseBudget(text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 15m", text)
	}
	return d, checkBudget(d)
}

func checkBudget(d time.Duration) error {
	if d < LeastBudget {
		return fmt.Errorf("a budget of %s is too short for a single fault: give at least %s", figures.Span(d), figures.Span(LeastBudget))
	}
	return nil
}

// budgetOf returns how long the scan may take: no longer than caps.duration allows.
func budgetOf(s *experiments.System, asked time.Duration) (time.Duration, error) {
	most := s.Caps.Duration
	switch {
	case asked == 0 && most > 0:
		asked = min(DefaultBudget, most)
		if asked < LeastBudget {
			return 0, fmt.Errorf("caps.duration of %s in %s is too short for a scan, which takes at least %s: raise it", figures.Span(most), s.File, figures.Span(LeastBudget))
		}
	case asked == 0:
		asked = DefaultBudget
	case most > 0 && asked > most:
		return 0, fmt.Errorf("a budget of %s is more than caps.duration of %s in %s allows: give at most %s, or raise caps.duration", figures.Span(asked), figures.Span(most), s.File, figures.Span(most))
	}
	return asked, checkBudget(asked)
}

// resolveScan resolves the one experiment of a scan: what journeys, limits and guardrails
// are is the same as for any other.
func resolveScan(s *experiments.System, scan *Scan, o ScanOptions) Experiment {
	scan.Slow = longestBudget(s, o.Rates)
	doc := &experiments.Experiment{
		ID: ScanID, Title: "Scan of " + s.Name, File: s.File, Rates: o.Rates,
		Settings: experiments.Settings{Phases: scanPhases(s, scan.Budget), Repeat: 1}, // time between faults is a baseline each
	}
	if o.Limit > 0 {
		doc.Settings.Limits.BlastRadius = &o.Limit
	}
	var modes []FailureMode
	for _, name := range scan.Dependencies {
		d, _ := s.Dependency(name)
		for _, mode := range scan.Modes {
			f, why := faultFor(d, mode, scan.Slow)
			if why != "" {
				scan.Unavailable = append(scan.Unavailable, Unavailable{name, mode, why})
				continue
			}
			doc.Faults, modes = append(doc.Faults, f), append(modes, mode)
		}
	}
	e := resolve(s, doc, Options{Run: o.Run, Seed: o.Seed, Phases: NoOverride()})
	for i := range e.Faults {
		e.Faults[i].Mode = modes[i]
	}
	timeless := e
	timeless.Phases = experiments.Phases{} // a longer scan does the same, and more of it
	e.Digests.Load = digestsOf(s, timeless, nil).Load
	e.Warnings, e.Caveats = e.scanWarnings(s, scan), nil
	return e
}

// longestBudget is the longest time that a journey which is sent may take.
func longestBudget(s *experiments.System, rates map[string]float64) (longest time.Duration) {
	for _, j := range s.Journeys {
		rate, given := rates[j.Name]
		if !given {
			rate = j.Rate
		}
		if rate > 0 {
			longest = max(longest, j.SlowAfter)
		}
	}
	return longest
}

// scanPhases are the phases of a scan: those before and after the faults, and the faults
// in what is left of the budget.
func scanPhases(s *experiments.System, budget time.Duration) experiments.Phases {
	p := s.Defaults.Phases.Over(experiments.StandardPhases())
	p.Baseline = min(p.Baseline, scanBaseline, budget/4)
	p.Recovery = scanRecovery
	p.Fault = max(0, budget-p.Warmup-p.Baseline-p.Recovery)
	return p
}

// checkScan finds what keeps a scan from showing anything.
func checkScan(s *experiments.System, e Experiment, scan *Scan) error {
	var errs []error
	if len(e.Faults) == 0 {
		first := scan.Unavailable[0]
		errs = append(errs, fmt.Errorf("none of the failure modes can be caused: %s of %s: %s", first.Mode, first.Dependency, first.Why))
	}
	if scan.Slow == 0 {
		errs = append(errs, fmt.Errorf("%s sends no journey: give one a rate", s.File))
	}
	if least := e.leastFaults(); e.Phases.Fault < least {
		before := e.Phases.Warmup + e.Phases.Baseline + e.Phases.Recovery
		errs = append(errs, fmt.Errorf("a budget of %s leaves %s for faults, and one takes up to %s to judge: give a budget of at least %s",
			figures.Span(scan.Budget), figures.Span(e.Phases.Fault), figures.Span(least), figures.Span(roundUp(before+least, 5*time.Second))))
	}
	errs = append(errs, e.checkData())
	return errors.Join(append(errs, e.checkRamps()...)...)
}

// LongestCell is how long a fault of a scan may be in force, if the budget of the scan is
// not over before: longer in the search for a breaking point, and where it takes long until
// a journey is known to be harmed.
func (e Experiment) LongestCell(search bool) time.Duration {
	most := longestCell
	if search {
		most = longestSearch
	}
	for _, j := range e.Journeys {
		most = max(most, j.HarmedAfter()+afterBudget)
	}
	return most
}

// leastFaults is the least time for faults in which one can be judged.
func (e Experiment) leastFaults() (least time.Duration) {
	for _, j := range e.Journeys {
		if j.Rate > 0 {
			least = max(least, 2*j.HarmedAfter())
		}
	}
	return max(least, UsualCell)
}

func roundUp(d, unit time.Duration) time.Duration { return (d + unit - 1) / unit * unit }

// LoadScan loads a system's document, as [Load] does, and plans a scan of it. Documents of
// experiments are not read.
func LoadScan(s experiments.Selection, o ScanOptions, getenv func(string) (string, bool)) (*Loaded, error) {
	s.Getenv = getenv
	system, err := s.LoadSystem(s.SystemFile)
	if system != nil && err != nil { // every variable at once
		return nil, experiments.CheckVariables(getenv, system)
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(system.CheckEnvironment(), system.CheckHosts()); err != nil {
		return nil, err
	}
	now := time.Now()
	o.Run, o.Silent = cmp.Or(o.Run, NewRun(now)), o.Silent || s.Silent
	o.Seed = cmp.Or(o.Seed, newSeed(now))
	p, err := MakeScan(system, o)
	if err != nil {
		return nil, err
	}
	return &Loaded{p, experiments.CheckVariables(getenv, system)}, nil
}
