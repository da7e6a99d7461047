package journal

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Stage is a part of a scan.
type Stage string

// Stages of a scan, in their order.
const (
	Pool      Stage = "pool"      // all dependencies that are declared soft fail in one mode at once
	Single    Stage = "single"    // one dependency fails in one mode
	Threshold Stage = "threshold" // one dependency is slow, by a latency of the search for its breaking point
	PairStage Stage = "pair"      // a dependency and the one that stands in for it fail
)

// A Cell is one thing that a scan tries: some faults at once, for some seconds.
type Cell struct {
	Number int          `json:"number"` // from 1, in the order of time
	Stage  Stage        `json:"stage"`
	Faults []plan.Fault `json:"faults"` // by the names of the plan's, with the attributes that they have this time
}

// An Exercise is what the baseline of a scan counted, before any fault.
type Exercise struct {
	From     time.Duration `json:"from"` // since the run started, as To
	To       time.Duration `json:"to"`
	Journeys []ArmCounts   `json:"journeys"` // in the order of the plan
	// Started are all of the fault arm that were to start meanwhile, by journey, old enough
	// to judge or not. What proxies carried is theirs.
	Started []int `json:"started,omitempty"`
	// Carried is what each proxy carried meanwhile; nil where the server does not count.
	Carried []Traffic `json:"carried,omitempty"`
	// Idle is what each carried per second without journeys, such as health checks.
	Idle []IdleRate `json:"idle,omitempty"`
	// Answers are how long upstreams took to answer, of those that did so often enough; nil
	// where the server does not time them.
	Answers []AnswerTime `json:"answers,omitempty"`
	// Late is how late journeys were, in the order of the plan.
	Late []Lateness `json:"late,omitempty"`
}

// An AnswerTime is how long the upstream of a proxy takes to answer: from the last bytes of
// what it is asked to the first bytes of its answer, as its proxy sees them without knowing
// the protocol. It is too short rather than too long: handshakes are answers, too, and of
// several requests at once on a connection the first answer is taken for all.
type AnswerTime struct {
	Proxy string `json:"proxy"`
	// P99 is the 99th percentile, rounded down by up to 5 %.
	P99 time.Duration `json:"p99"`
	// AtLeast is that callers gave up so often that P99 is only a bound: the percentile is not
	// shorter.
	AtLeast bool `json:"at_least,omitempty"`
}

// An IdleRate is how much a proxy carries without journeys.
type IdleRate struct {
	Proxy       string  `json:"proxy"`
	Connections float64 `json:"connections"`       // per second
	Calls       float64 `json:"calls"`             // per second
	Seconds     float64 `json:"seconds,omitempty"` // for which it was watched
}

// ArmCounts are journeys of one kind by arm. The control's are zero where there is no
// control at the same time.
type ArmCounts struct {
	Fault   Tally `json:"fault"`
	Control Tally `json:"control,omitzero"`
}

// A Tally is how many journeys there were, and how many of them were harmed.
type Tally struct {
	Harmed int `json:"harmed"`
	Of     int `json:"of"`
}

// A Decision is what a sequential test says of a journey under the faults of a cell.
type Decision string

// Decisions.
const (
	Undecided Decision = ""
	Harmful   Decision = "harmful"  // harm is beyond the limit
	Harmless  Decision = "harmless" // harm is within the limit
)

// Reasons for the end of a cell.
const (
	CellDecided     = "decided"      // for every journey, or harmful for one
	CellUndecided   = "undecided"    // its time was over
	CellGuarded     = "guardrail"    // a guardrail of the documents stopped it
	CellVanished    = "vanished"     // a fault was gone, and nobody of ours removed it
	CellNotInjected = "not_injected" // a fault could not be injected
	CellCut         = "cut"          // the run was interrupted, fenced off or failed
)

// Reasons for which a cell says nothing, whatever its journeys met.
const (
	CellLate = "late"         // this machine was too busy to send them in time
	CellShed = "control_shed" // journeys of the control could not be started
	// Journeys were not harmed, and that is not enough.
	CellNotAsked = "not_asked"     // an invariant could not be asked, or did not hold before either
	CellBefore   = "cell_before"   // an invariant broke under it, or under the cell before
	CellRare     = "rarely_called" // too few journeys call the dependency to be harmed beyond the limit
)

// A CellEnd is what became of a cell.
type CellEnd struct {
	Number int           `json:"number"`
	Why    string        `json:"why"` // a reason for its end
	Detail string        `json:"detail,omitempty"`
	From   time.Duration `json:"from"` // when all its faults were in force, since the run started
	To     time.Duration `json:"to"`   // when the first was taken away again
	Back   time.Duration `json:"back"` // how long after that the system was healthy again; -1: not within its time
	// BackUnknown is that the budget was over before the system was healthy again, or was not
	// within its time. Then Back is 0.
	BackUnknown bool          `json:"back_unknown,omitempty"`
	Journeys    []CellJourney `json:"journeys"`          // in the order of the plan
	Met         []CellMet     `json:"met,omitempty"`     // by fault, in the cell's order
	Carried     []Traffic     `json:"carried,omitempty"` // by proxy, under the faults; nil where the server does not count
	// Broken are the invariants that broke under the cell or after it and held before, by
	// name, with what was found. Unjudged could not be asked.
	Broken   []CheckResult `json:"broken,omitempty"`
	Unjudged []CheckResult `json:"unjudged,omitempty"`
	// Late is how late journeys were that were to start under the faults, in the order of
	// the plan. LateAfter is the same of those after the removal, where the system was not
	// healthy again within its time.
	Late      []Lateness `json:"late,omitempty"`
	LateAfter []Lateness `json:"late_after,omitempty"`
}

// A CellJourney is what one kind of journey met in a cell.
type CellJourney struct {
	ArmCounts           // that were to start under the faults, and are old enough to judge
	Before    ArmCounts `json:"before"` // in all healthy time so far
	// Started are all of the fault arm that were to start under the faults, old enough to
	// judge or not. It is what [CellEnd].Carried and [CellEnd].Met belong to.
	Started  int      `json:"started,omitempty"`
	Decision Decision `json:"decision,omitempty"`
	// Harmful and Harmless are the evidence for each, as e-values: an e-value of 1/α comes
	// about by chance in at most a share α of cells for which the opposite is true.
	Harmful  float64 `json:"harmful"`
	Harmless float64 `json:"harmless"`
	// Share is harm beyond the control, with bounds that hold at any time.
	Share Share      `json:"share"`
	Cause *SeenCause `json:"cause,omitempty"` // the most frequent one of harm under the faults
}

// A Share is an estimate with its 95 % bounds.
type Share struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// A CellMet is what a fault of a cell met, where the server counts it.
type CellMet struct {
	Fault   string `json:"fault"`
	Counted bool   `json:"counted"`
	Refuses bool   `json:"refuses,omitempty"` // who tries is not seen, as [Evidence].Refuses says
	Met     int64  `json:"met"`
	Of      int64  `json:"of,omitempty"`
}

// Reasons for the end of a scan.
const (
	ScanComplete  = "complete"
	ScanBudget    = "budget"          // its time was over
	ScanUnhealthy = "unhealthy"       // the system did not come back
	ScanHarmed    = "baseline_harmed" // the system was not healthy before any fault
	ScanLate      = "traffic_late"    // journeys were harmed without a fault, and this machine was too busy to tell whose fault that is
	ScanFenced    = "fenced"          // another process removes its faults
	ScanFailed    = "failed"          // the proxy server or the tool failed
	// ScanInterrupted is that a signal ended it.
	ScanInterrupted = "interrupted"
)
