// Package compare finds what changed between two results, base and head, for each
// experiment and each of its journeys.
//
// The types are the schema "blastgauge/compare/v1". As in a result, shares are
// fractions 0 to 1, durations are seconds, an absent field was not measured, and
// fields are only ever added.
package compare

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Schema is the name and version of the format.
const Schema = "blastgauge/compare/v1"

// A Status is what became of an experiment or of one of its journeys.
type Status string

// Statuses of experiments and journeys.
const (
	// Regressed means shown to be worse by more than the margin, among all changes of the
	// comparison: their adjusted p values are at most FalseDiscoveries, and the whole interval
	// is above zero. Or an invariant that held in base is broken in head, or an alert that was in time
	// in base is not in head.
	Regressed Status = "regressed"
	// NotComparable means that the two sides did not do the same, or one of them cannot be
	// trusted. This does not mean "unchanged", and no count of changes includes it.
	NotComparable Status = "not_comparable"
	// Uncertain means neither shown to have changed nor shown not to have.
	Uncertain Status = "inconclusive"
	// Improved is Regressed the other way round.
	Improved Status = "improved"
	// Unchanged means shown to have changed by less than the margin, by two one-sided tests
	// at 5 %, whose interval is the one of 90 %.
	Unchanged Status = "unchanged"
)

// Statuses are all statuses, in the order of reports.
func Statuses() []Status {
	return []Status{Regressed, NotComparable, Uncertain, Improved, Unchanged}
}

// An Input is the result of one run and where it was read from.
type Input struct {
	Source string // as the user named it
	Result *result.Result
	Side   string // what sentences call its side; empty: base or head. That of the first run of a side counts
	Page   string // the absolute path of the run's own page; empty: there is none
}

// A Comparison is everything that was found by comparing head with base.
type Comparison struct {
	Schema     string  `json:"schema"`
	Margin     float64 `json:"margin"`     // a change up to this does not matter
	Confidence float64 `json:"confidence"` // of every interval
	// Names are what the sides are called; absent where nobody has named them.
	Names *Names `json:"names,omitempty"`
	Base  []Run  `json:"base"`
	Head  []Run  `json:"head"`
	// Experiments are in the order of reports, within each by the size of the
	// change.
	Experiments []Experiment   `json:"experiments"`
	Counts      map[Status]int `json:"counts"` // of experiments; every status is there
	// Scan is what changed between two scans, which have no experiments; nil: none is
	// compared.
	Scan *ScanComparison `json:"scan,omitempty"`
	// Drift reports whether the intervals contain what varies from run to run. They
	// do where a side has several runs.
	Drift bool `json:"run_to_run"`
	// FalseDiscoveries is the share of false ones among the changes that are called
	// regressed, at most, and as much among those called improved. Where nothing changed, it
	// is the chance that any is.
	FalseDiscoveries float64 `json:"false_discoveries"`
	// Spread is what varies from run to run, as the suite itself shows it; absent
	// where it has too few experiments that harm, or none.
	Spread *Spread `json:"spread,omitempty"`
	// Unseen is the regression that would not have been seen; absent where nothing
	// was compared.
	Unseen *Unseen `json:"unseen,omitempty"`
	// Differences are what else differs between the sides.
	Differences []Difference `json:"differences,omitempty"`
	Notes       []string     `json:"notes,omitempty"` // about the comparison as a whole
	ExitCode    int          `json:"exit_code"`
}

// A Spread is what varies from run to run beyond what the runs' own intervals explain.
type Spread struct {
	// SD is the standard deviation of the blast radius of one run, as a fraction.
	SD float64 `json:"sd"`
	// Changes is how many of them tell it: those with harm in base or in head.
	Changes int `json:"changes"`
}

// Unseen is the size of a regression that would not have been seen: a smaller one is found
// with a chance of less than 80 %. It differs by journey, as they are known more or less
// precisely.
type Unseen struct {
	Least float64 `json:"least"` // of the journey that is known best
	Most  float64 `json:"most"`  // of the one that is known worst
}

// A Run is one of the runs that are compared.
type Run struct {
	Source      string    `json:"source,omitempty"`
	Page        string    `json:"-"` // see Input
	ID          string    `json:"id"`
	Commit      string    `json:"commit,omitempty"`
	Seed        uint64    `json:"seed"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended,omitzero"`
	Outcome     string    `json:"outcome"`
	ExitCode    int       `json:"exit_code"`
	System      string    `json:"system"`
	Environment string    `json:"environment"`
	Version     string    `json:"version"`   // of blastgauge
	Toxiproxy   string    `json:"toxiproxy"` // kind and version
}

// A Difference is an entry of the runs' surroundings that differs. Experiments are
// compared all the same.
type Difference struct {
	Entry string `json:"entry"` // "system", "environment", "version", "toxiproxy", "commit"
	Base  string `json:"base"`
	Head  string `json:"head"`
}

// An Experiment is one experiment in both sides.
type Experiment struct {
	ID           string       `json:"id"`
	Title        string       `json:"title"`
	File         string       `json:"file,omitempty"` // in head, or in base where head lacks it
	Line         int          `json:"line,omitempty"`
	Owner        string       `json:"owner,omitempty"` // as its document says
	IfRefuted    string       `json:"if_refuted,omitempty"`
	Dependencies []Dependency `json:"dependencies"` // that its faults go into
	Status       Status       `json:"status"`
	Reasons      []string     `json:"reasons"` // why this status, most important first
	// ReasonCodes say the same to programs: a code for each of Reasons.
	ReasonCodes []ReasonCode `json:"reason_codes"`
	Notes       []string     `json:"notes,omitempty"` // what a reader should know beside it
	// Diff are the lines of the documents that make it another experiment.
	Diff []FileDiff `json:"diff,omitempty"`
	// Base and Head are absent where no run of that side has the experiment.
	Base *Side `json:"base,omitempty"`
	Head *Side `json:"head,omitempty"`
	// Journey names the journey that leads the experiment's row: the one whose
	// change decides its status.
	Journey    string      `json:"journey,omitempty"`
	Journeys   []Journey   `json:"journeys"`
	Invariants []Invariant `json:"invariants"`
	Alerts     []Alert     `json:"alerts,omitempty"` // that had to fire, in either side
	// Amplification has a row for each dependency whose proxy counted in both
	// sides.
	Amplification []Amplification `json:"amplification,omitempty"`
	// Impact is the change in an hour of the real system's traffic, as head's
	// document declares it, of the journey that stands for a checkout: arithmetic,
	// as in a result, with a sign.
	Impact *result.Impact `json:"impact,omitempty"`
}

// Lead is the journey that leads the experiment's row; nil if there is none.
func (e *Experiment) Lead() *Journey {
	for i := range e.Journeys {
		if e.Journeys[i].Name == e.Journey {
			return &e.Journeys[i]
		}
	}
	return nil
}

// A Dependency is one that a fault of the experiment goes into.
type Dependency struct {
	Name        string `json:"name"`
	Criticality string `json:"criticality,omitempty"`
	Owner       string `json:"owner,omitempty"`
}

// A Side is an experiment in the runs of one side.
type Side struct {
	// Runs is how many are compared. Runs that cannot be trusted are left out if others
	// can be, and then a note says so.
	Runs        int              `json:"runs"`
	Verdict     result.Verdict   `json:"verdict"`            // the worst of Verdicts
	Verdicts    []result.Verdict `json:"verdicts,omitempty"` // by run, where there are several
	Limits      result.Limits    `json:"limits"`
	Digests     result.Digests   `json:"digests"`
	Recovery    *result.Recovery `json:"recovery,omitempty"` // the slowest
	Tripped     int              `json:"tripped,omitempty"`  // runs in which a guardrail removed the fault
	Faults      []string         `json:"faults"`             // "latency 2s into payments"
	Fault       string           `json:"exercised"`          // the weakest grade: counted, observed, probed or no
	Explanation string           `json:"reason,omitempty"`   // of the verdict, in one run
	Earlier     bool             `json:"-"`                  // the last run of the side, and so its page, lacks the experiment
}

// A Journey is one journey of an experiment in both sides.
type Journey struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Reason string `json:"reason"`
	// ReasonCode says the same to programs.
	ReasonCode ReasonCode `json:"reason_code"`
	Limit      float64    `json:"limit"` // of its blast radius, in head
	// BaseLimit is the limit in base, if it is another one.
	BaseLimit *float64 `json:"base_limit,omitempty"`
	Base      *Radius  `json:"base,omitempty"`
	Head      *Radius  `json:"head,omitempty"`
	Change    *Change  `json:"change,omitempty"` // absent where it is not comparable
}

// A Radius is a blast radius over the runs of one side.
type Radius struct {
	Estimate float64   `json:"estimate"` // the mean of Runs
	Low      float64   `json:"low"`
	High     float64   `json:"high"`
	Control  string    `json:"control"`        // its kind
	Runs     []float64 `json:"runs,omitempty"` // by run, where there are several
	// Fault and Against are the raw shares that it is the difference of, and
	// Journeys those of the fault arm, over all runs.
	Fault    float64 `json:"fault"`
	Against  float64 `json:"against"`
	Journeys int     `json:"journeys"`
}

// A Change is head minus base. Each of them is an excess over its own control, so it
// is a difference of differences.
type Change struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Method   string  `json:"method"` // how Low and High were made
	// Drift is the standard deviation from run to run beyond what the runs' own
	// intervals explain. Where each side is one run, it is that of the suite, and absent
	// where the suite does not tell it.
	Drift *float64 `json:"run_to_run,omitempty"`
	// PValue is how often chance alone shows such a change, or a larger one, where the
	// truth is the margin: of more harm if Estimate is above zero, or else of less harm.
	PValue float64 `json:"p_value"`
	// Adjusted is PValue adjusted for all changes of the comparison (Benjamini and
	// Hochberg).
	Adjusted float64 `json:"p_adjusted"`
	// Unseen is the size of a regression of this journey that would not have been seen.
	Unseen float64 `json:"unseen"`
}

// An Invariant is one invariant in both sides.
type Invariant struct {
	Name   string         `json:"name"`
	Status Status         `json:"status"`
	Base   InvariantState `json:"base"`
	Head   InvariantState `json:"head"`
}

// An InvariantState is what was found of an invariant in the runs of one side.
type InvariantState struct {
	// Verdict is refuted if it was broken in any run, held if it held in all, and
	// inconclusive otherwise.
	Verdict    result.Verdict `json:"verdict"`
	Broken     int            `json:"broken,omitempty"`     // runs in which the fault broke it
	Violations float64        `json:"violations,omitempty"` // after the fault, the most of any run
	Keys       []string       `json:"keys,omitempty"`       // of that run
}

// Amplification is how often a dependency was called per journey under the fault,
// as a multiple of the baseline, in both sides: the mean over runs.
type Amplification struct {
	Dependency string  `json:"dependency"`
	Unit       string  `json:"unit"` // calls or connections
	Base       float64 `json:"base"`
	Head       float64 `json:"head"`
	// BaseStorm and HeadStorm: in a run, journeys called it half as often again, at
	// the least.
	BaseStorm bool `json:"base_storm,omitempty"`
	HeadStorm bool `json:"head_storm,omitempty"`
}

// A FileDiff is what differs in one document.
type FileDiff struct {
	File     string `json:"file"`                // in head
	BaseFile string `json:"base_file,omitempty"` // where it has another name
	Lines    []Line `json:"lines"`
}

// A Line is one line of a diff.
type Line struct {
	Op   string `json:"op"` // "-" only in base, "+" only in head, " " in both, "@" some lines are left out
	Base int    `json:"base,omitempty"`
	Head int    `json:"head,omitempty"` // number of the line
	Text string `json:"text"`
}
