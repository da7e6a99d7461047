// Package plan turns documents and a seed into a plan of a run: which faults and
// journeys happen when, and what their effect is compared with.
//
// A plan is plain data. It is printed, executed once, and kept in the journal.
package plan

import (
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Plan is everything a run will do.
type Plan struct {
	Run         string             `json:"run"` // YYYYMMDDthhmmssz-xxxxxx
	Seed        uint64             `json:"seed"`
	Version     string             `json:"version"` // of blastgauge
	Commit      string             `json:"commit,omitempty"`
	System      experiments.System `json:"system"`
	Experiments []Experiment       `json:"experiments"`
	Documents   []Document         `json:"documents"`
	Choices     Choices            `json:"choices,omitzero"`
	// Scan is what a scan may try; nil: the run performs its experiments as they are.
	Scan *Scan `json:"scan,omitempty"`
	// GameDay is the game day whose experiments these are; nil: they are of none.
	GameDay *GameDay `json:"game_day,omitempty"`
}

// Choices are what a run was told beside its documents, as its flags would say it again.
type Choices struct {
	Set      []string `json:"set,omitempty"`      // PATH=VALUE, in place of the system's document
	Phases   string   `json:"phases,omitempty"`   // PHASE=TIME,...; empty: as the documents say
	Flags    []string `json:"flags,omitempty"`    // that say how it is run, such as --create-proxies; of a game day as well
	Selected bool     `json:"selected,omitempty"` // the experiments were named
	Scan     []string `json:"scan,omitempty"`     // of a scan: names of dependencies, and its own flags
	GameDay  string   `json:"game_day,omitempty"` // the file of the game day
	Demo     []string `json:"demo,omitempty"`     // demo, and its flags: its documents are gone
	Command  []string `json:"command,omitempty"`  // that starts the system, behind --; without secrets
	Gate     []string `json:"gate,omitempty"`     // gate, the file that it measured, and its own flags
	Bind     []string `json:"bind,omitempty"`     // of incidents: who takes which role, as INCIDENT.ROLE=NAME; their documents are in no file
}

// Flags among the [Choices] that others look for.
const (
	SilentFlag     = "--notify=off"     // nobody is told what the run does
	UnattendedFlag = "--yes"            // a game day goes on by itself
	WithinFlag     = "--decide-within=" // how long a game day waits; a time follows
)

// IsGameDayFlag reports whether a flag has a meaning beside --gameday alone.
func IsGameDayFlag(flag string) bool {
	return flag == UnattendedFlag || strings.HasPrefix(flag, WithinFlag)
}

// A Document is the text of a file that the plan was made from, with
// ${env:…} unexpanded.
type Document struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// SetDocument is the name of the document that holds what the command line sets in
// place of the system's document.
const SetDocument = "--set"

// An Experiment is one experiment with everything resolved: defaults applied,
// rates split over arms, faults named.
type Experiment struct {
	ID         string                  `json:"id"`
	Title      string                  `json:"title"`
	Hypothesis string                  `json:"hypothesis"`
	Owner      string                  `json:"owner,omitempty"`
	IfRefuted  string                  `json:"if_refuted,omitempty"`
	File       string                  `json:"file"`
	Line       int                     `json:"line"`
	Phases     experiments.Phases      `json:"phases"`
	Faults     []Fault                 `json:"faults"`
	Journeys   []Journey               `json:"journeys"`
	Invariants []experiments.Invariant `json:"invariants,omitempty"`
	Limits     Limits                  `json:"limits"`
	Guardrails []experiments.Guardrail `json:"guardrails,omitempty"`
	Alerts     []experiments.Alert     `json:"alerts,omitempty"`
	// Tagged means that both arms enter at the same URL, that requests of the fault
	// arm carry a baggage entry (see [Tag]), and that faults act on these alone. Where
	// shares take turns, the journeys that the fault does not touch are the control arm.
	Tagged bool `json:"tagged,omitempty"`
	// Repeat is the number of fault periods of a crossover (A-B-A-B); 0 means that
	// there is none. Phases.Fault then holds all of them and the baseline periods
	// between them, and FaultPeriod is the length of one.
	Repeat      int           `json:"repeat,omitempty"`
	FaultPeriod time.Duration `json:"turn,omitempty"`
	// Turns are the shares of journeys that the fault touches, in turns that fill the
	// fault phase; nil: it touches all of the fault arm.
	Turns []Turn `json:"turns,omitempty"`
	// BatchEvery is the scrape interval of journeys that counters count, in place of sent
	// ones: a batch of time is no shorter. 0: journeys are sent.
	BatchEvery time.Duration `json:"batch_every,omitempty"`
	// Lag is how long after the injection journeys of before it still end, of which nobody
	// knows when they began: they do not count. 0: of each it is known.
	Lag        time.Duration `json:"lag,omitempty"`
	Control    Control       `json:"control"`
	ControlWhy string        `json:"control_why"`
	// SharedControl means that requests of the control arm meet a fault as well.
	SharedControl bool     `json:"shared_control,omitempty"`
	Digests       Digests  `json:"digests"`
	Warnings      []string `json:"warnings,omitempty"`
	// Caveats are what surprises about the kinds of its faults, whatever a run finds.
	Caveats []string `json:"caveats,omitempty"`
	Seed    uint64   `json:"seed"` // of this experiment's traffic
	// SharesBaseline means that the recovery of the experiment before it is its baseline
	// where that is shown to be back; OwnBaseline is why it cannot be, where baselines are
	// shared at all.
	SharesBaseline bool   `json:"shares_baseline,omitempty"`
	OwnBaseline    string `json:"own_baseline,omitempty"`
	// Past is what the runs before said; nil: none had an answer. It changes nothing that a
	// run does.
	Past *Past `json:"past,omitempty"`
	// LastRun is the id of the run that measured what [Journey].Last says; empty: there is
	// none.
	LastRun string `json:"-"`
}

// Limits are resolved limits: every journey has one.
type Limits struct {
	BlastRadius float64       `json:"blast_radius"`
	Recovery    time.Duration `json:"recovery"` // 0: not limited
	Baseline    float64       `json:"baseline"`
}

// A Journey is a journey as one experiment sends it.
type Journey struct {
	experiments.Journey
	Limit float64 `json:"limit"` // of its blast radius
	// Last is what the last run measured of it; zero if that is not known. It foretells
	// how precisely the next one will answer, and changes nothing that a run does.
	Last Last `json:"-"`
}

// Past is what the runs of an experiment before this one said, as far as its faults, its
// journeys and its limits were the same. Verdicts are held or refuted.
type Past struct {
	Verdict     string    `json:"verdict"` // of the newest that has an answer
	Last        time.Time `json:"last"`    // when that run started
	LastCommit  string    `json:"last_commit,omitempty"`
	Since       time.Time `json:"since"` // when the oldest of the runs started that have this verdict in a row
	SinceCommit string    `json:"since_commit,omitempty"`
	Before      string    `json:"before,omitempty"` // the other verdict, where a run before them had it
}

// A Control says which journeys the fault arm is compared with.
type Control string

// The controls.
const (
	Concurrent Control = "concurrent" // the same journeys at the same time on a route without proxies
	Baseline   Control = "baseline"   // the same arm before the fault
)

// Measured reports whether counters of the system count its journeys, in place of those
// that would be sent.
func (e Experiment) Measured() bool { return e.BatchEvery > 0 }

// Arms returns the arms that the experiment sends journeys on.
func (e Experiment) Arms() []Arm {
	if e.Control == Concurrent {
		return []Arm{FaultArm, ControlArm}
	}
	return []Arm{FaultArm}
}

// SentArms are the arms whose journeys are sent: those that [Experiment.Arms] returns, and
// both where faults touch a share of the journeys in turns.
func (e Experiment) SentArms() []Arm {
	if e.Turns != nil {
		return []Arm{FaultArm, ControlArm}
	}
	return e.Arms()
}

// An Arm is one of the two groups of journeys.
type Arm uint8

// The arms.
const (
	FaultArm Arm = iota
	ControlArm
)

// String returns the name of the arm, as journals and results write it.
func (a Arm) String() string {
	if a == ControlArm {
		return "control"
	}
	return "fault"
}

// A Fault is a fault with a name of its own on a named proxy.
type Fault struct {
	Name string `json:"name"` // blastgauge.<run>.<n>
	experiments.Fault
	Proxy    string        `json:"proxy"`
	Listen   string        `json:"listen,omitempty"`   // of the proxy, if it is known
	Upstream string        `json:"upstream,omitempty"` // of the proxy, if it is known
	Until    time.Duration `json:"until"`              // after the start of the fault phase
	Period   int           `json:"cycle,omitempty"`    // of a crossover, from 0
	Seed     uint64        `json:"seed,omitempty"`     // of the choices that the fault leaves open
	Mode     FailureMode   `json:"mode,omitempty"`     // only of a scan
	// On are the Toxiproxies that it is put on, as URLs, where its dependency has some of
	// its own; nil before they were looked up.
	On []string `json:"on,omitempty"`
}

// Reach is the share of all that comes to the dependency which the fault is to affect.
func (f Fault) Reach() float64 {
	if f.Instances == nil {
		return f.Share
	}
	return f.Share * float64(f.Instances.Take) / float64(f.Instances.Of)
}

// Portion returns the share that the fault affects as a percentage, however small.
func (f Fault) Portion() string { return strconv.FormatFloat(f.Share*100, 'g', 6, 64) + "%" }

// Describe returns the fault in a few words, such as "latency 2s, jitter 250ms into
// payments".
func (f Fault) Describe() string {
	kind, _ := injectors.Lookup(f.Inject)
	stream := ""
	if f.Stream == experiments.Upstream { // downstream is what readers expect
		stream = ", on the way upstream,"
	}
	return kind.Describe(f.Bare()) + stream + " into " + f.Into
}

// Digests are equal for two runs that did the same. They leave out addresses,
// because free ports differ from run to run.
type Digests struct {
	Faults   string `json:"faults"`
	Journeys string `json:"journeys"`
	Load     string `json:"load"`
	Limits   string `json:"limits"`
}
