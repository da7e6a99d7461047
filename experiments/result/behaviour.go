package result

import (
	"cmp"
	"maps"
	"slices"
)

// A Manner is how a dependency fails, as those who call it see it.
type Manner string

// Manners, in the order in which reports name them.
const (
	Refused   Manner = "refused"    // nobody listens
	Reset     Manner = "reset"      // connections are reset
	Cut       Manner = "cut"        // answers break off
	Errors    Manner = "errors"     // it answers with errors
	Empty     Manner = "empty"      // it answers as if it had nothing
	BadConfig Manner = "bad_config" // what it delivers to others is bad
	Slow      Manner = "slow"       // answers are late
	Hanging   Manner = "hanging"    // no answer comes
)

func manners() []Manner {
	return []Manner{Refused, Reset, Cut, Errors, Empty, BadConfig, Slow, Hanging}
}

// What became of journeys when a dependency failed.
const (
	BehavesHard = "hard"   // they were harmed beyond their limit
	BehavesSoft = "soft"   // they were not
	Corrupts    = "breaks" // they were not, but an invariant broke
)

// A Behaviour is how journeys took it when a dependency failed, over all experiments
// with faults in nothing but this dependency.
type Behaviour struct {
	Dependency string `json:"dependency"`
	Declared   string `json:"declared,omitempty"` // hard or soft, in the documents
	// Behaves is hard, or soft after it was refused or hung and harmed nothing; absent
	// where neither is known.
	Behaves string          `json:"behaves,omitempty"`
	Manners []MannerOfFault `json:"manners"`
	// NeedsTimeout reports that journeys do without the dependency when it fails at once,
	// and not when it is slow or hangs.
	NeedsTimeout bool `json:"needs_timeout,omitempty"`
}

// A MannerOfFault is how journeys took one manner of failing.
type MannerOfFault struct {
	Manner Manner `json:"manner"`
	// Behaves is hard, soft or breaks; absent where no experiment has an answer.
	Behaves string `json:"behaves,omitempty"`
	// Share is of what the faults touched, the largest that was tried.
	Share       float64  `json:"share,omitempty"`
	Experiments []string `json:"experiments"`
}

// Whole reports whether a fault touched all calls.
func (m MannerOfFault) Whole() bool { return m.Share == 0 || m.Share >= 1 }

// Behaviours are those of all dependencies that any fault was in, by name.
func (r *Result) Behaviours() []Behaviour {
	byName := map[string]map[Manner]*MannerOfFault{}
	for i := range r.Experiments {
		e := &r.Experiments[i]
		into, manner, share := e.manner()
		if into == "" || manner == "" {
			continue
		}
		if byName[into] == nil {
			byName[into] = map[Manner]*MannerOfFault{}
		}
		if byName[into][manner] == nil {
			byName[into][manner] = &MannerOfFault{Manner: manner}
		}
		byName[into][manner].add(e, share)
	}
	var list []Behaviour
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		b := Behaviour{Dependency: name, Declared: r.System.Dependencies[name].Criticality}
		for _, m := range manners() {
			if row := byName[name][m]; row != nil {
				b.Manners = append(b.Manners, *row)
			}
		}
		b.conclude()
		list = append(list, b)
	}
	return list
}

// add counts an experiment. The worst of several is what is known.
func (m *MannerOfFault) add(e *Experiment, share float64) {
	m.Experiments = append(m.Experiments, e.ID)
	m.Share = max(m.Share, share)
	severity := []string{"", BehavesSoft, Corrupts, BehavesHard}
	if b := e.behaves(); slices.Index(severity, b) > slices.Index(severity, m.Behaves) {
		m.Behaves = b
	}
}

// conclude says what the manners say together.
func (b *Behaviour) conclude() {
	softAtOnce, hardLate, survived, open := false, false, false, false
	for _, m := range b.Manners {
		switch {
		case m.Behaves == BehavesHard:
			b.Behaves = BehavesHard
			hardLate = hardLate || m.Manner == Slow || m.Manner == Hanging
		case m.Behaves == BehavesSoft && m.Whole():
			softAtOnce = softAtOnce || m.Manner == Refused || m.Manner == Reset || m.Manner == Cut || m.Manner == Errors
			survived = survived || m.Manner == Refused || m.Manner == Hanging
		default:
			open = true
		}
	}
	b.NeedsTimeout = softAtOnce && hardLate
	if b.Behaves == "" && survived && !open {
		b.Behaves = BehavesSoft
	}
}

// behaves is how journeys took the faults of an experiment; empty where that is not
// known.
func (e *Experiment) behaves() string {
	if slices.ContainsFunc(e.Criteria, func(c Criterion) bool { return c.Kind == InvariantCriterion && c.Verdict == Refuted }) && !e.harms() {
		return Corrupts
	}
	grade := weakestGrade(e.Faults)
	switch {
	case e.harms():
		return BehavesHard
	case e.Trusted() && (grade == GradeCounted || grade == GradeObserved) && e.unharmed():
		return BehavesSoft
	}
	return ""
}

// harms reports whether some journey was harmed beyond its limit.
func (e *Experiment) harms() bool {
	return e.Trusted() && slices.ContainsFunc(e.Journeys, func(j Journey) bool {
		return j.BlastRadius != nil && j.BlastRadius.Low > j.Limit
	})
}

// unharmed reports whether every journey is shown to be within its limit. In results of
// older versions the criteria of journeys may have no kind, but then their names say it.
func (e *Experiment) unharmed() bool {
	for i := range e.Journeys {
		j := &e.Journeys[i]
		c := e.Criterion(JourneyCriterion, j.Name)
		if j.BlastRadius == nil || j.BlastRadius.High > j.Limit || c != nil && c.Verdict != Held {
			return false
		}
	}
	return len(e.Journeys) > 0
}

// manner is how the faults of an experiment let a dependency fail; empty where they are
// in several dependencies or of several manners.
func (e *Experiment) manner() (into string, m Manner, share float64) {
	for i := range e.Faults {
		f := &e.Faults[i]
		if i > 0 && (f.Into != into || f.Manner() != m) {
			return "", "", 0
		}
		into, m, share = f.Into, f.Manner(), max(share, cmp.Or(f.Share, 1))
	}
	return into, m, share
}

// Manner is what the kind of fault looks like to those who call; empty for kinds that
// this version does not know, for slow_close, which delays no answer, and for command,
// which may be anything.
func (f *Fault) Manner() Manner {
	switch f.Inject {
	case "down":
		return Refused
	case "reset_peer":
		return Reset
	case "limit_data", "http_abort":
		return Cut
	case "http_error", "grpc_error", "postgres_error", "redis_error":
		return Errors
	case "redis_empty":
		return Empty
	case "http_config", "config_file":
		return BadConfig
	case "latency", "http_latency", "postgres_latency", "redis_latency", "bandwidth", "slicer":
		return Slow
	case "timeout":
		if after, given := f.Attributes["timeout"].(float64); given && after > 0 && after < shortWait {
			return Cut // so soon that nobody would call it hanging
		}
		return Hanging
	}
	return ""
}

// shortWait is how long, in seconds, a connection may be silent before it ends without
// anybody saying that it hangs.
const shortWait = 1.0
