package statement

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// TestResult is the predicate test-result v0.1 of in-toto. The names of tests are the ids
// of experiments, or DEPENDENCY/MODE of a scan.
type TestResult struct {
	Result        Outcome    `json:"result"`
	Configuration []Document `json:"configuration"`
	URL           string     `json:"url,omitempty"`
	PassedTests   []string   `json:"passedTests,omitempty"`
	WarnedTests   []string   `json:"warnedTests,omitempty"`
	FailedTests   []string   `json:"failedTests,omitempty"`
}

// A Document is one that a run was planned from: the id of an experiment, or the name of
// the system's file, with the digest of its text.
type Document struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// An Outcome is the result of a TestResult.
type Outcome string

// Outcomes. Error and Skipped are not in the specification, and policies that know only
// the other three deny them, as they should.
const (
	Passed  Outcome = "PASSED"
	Warned  Outcome = "WARNED"
	Failed  Outcome = "FAILED"
	Error   Outcome = "ERROR"
	Skipped Outcome = "SKIPPED"
)

// Resilience is our own predicate. Shares are fractions 0 to 1 and durations seconds.
// [Schema] describes it to others.
type Resilience struct {
	Tool        Tool           `json:"tool"`
	Run         string         `json:"run"`
	Environment string         `json:"environment"`
	System      Document       `json:"system"`
	Overrides   *Overrides     `json:"overrides,omitempty"`
	Started     time.Time      `json:"started"`
	Finished    time.Time      `json:"finished"`
	ValidUntil  time.Time      `json:"valid_until"`
	Verdict     result.Verdict `json:"verdict"`
	ExitCode    int            `json:"exit_code"` // of the run, with what it allowed
	Experiments []Experiment   `json:"experiments"`
	Change      *Change        `json:"change,omitempty"`
	Attempts    Attempts       `json:"attempts"`
	Comparison  *Comparison    `json:"comparison,omitempty"`
	Bypass      *Bypass        `json:"bypass,omitempty"`
	Budget      *Budget        `json:"budget,omitempty"`
}

// Tool is the program that measured. Digest is that of its file, where it is known.
type Tool struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	Digest  *Digest `json:"digest,omitempty"`
}

// Overrides are what the run was told in place of its documents. Set is the digest of what
// was set in place of the system's document.
type Overrides struct {
	Set    *Digest `json:"set,omitempty"`
	Phases string  `json:"phases,omitempty"`
}

// Experiment is what one experiment found. Of a scan it is one cell of its map.
type Experiment struct {
	ID         string              `json:"id"`
	Digest     Digest              `json:"digest"` // of its document
	Verdict    result.Verdict      `json:"verdict"`
	Reasons    []result.ReasonCode `json:"reasons"`
	Control    string              `json:"control,omitempty"` // concurrent, contaminated, before or turns; absent: nothing was compared
	Journeys   []Journey           `json:"journeys"`
	Faults     []Fault             `json:"faults"`
	Invariants []Invariant         `json:"invariants"`
	Recovery   *Recovery           `json:"recovery,omitempty"`
}

// What the journeys under a fault were compared with.
const (
	ControlConcurrent   = "concurrent"   // other journeys at the same time
	ControlContaminated = "contaminated" // such that were harmed as well, and the time before
	ControlBefore       = "before"       // the time before the fault
	ControlTurns        = "turns"        // the times between its turns
)

// Journey is what one journey met. Harm is absent where nothing was measured that can be
// trusted.
type Journey struct {
	Name    string         `json:"name"`
	Harm    *Harm          `json:"harm,omitempty"`
	Limit   float64        `json:"limit"`
	N       N              `json:"n"`
	Verdict result.Verdict `json:"verdict"`
}

// Harm is the share of journeys that were harmed beyond the control, with its bounds.
type Harm struct {
	Estimate   float64 `json:"estimate"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
}

// N are how many journeys were measured.
type N struct {
	Fault   int `json:"fault"`
	Control int `json:"control"`
}

// Fault is one fault with the evidence that it was there and is gone: it acted on Met of Of
// calls. Counted reports that a server counted them.
type Fault struct {
	Name            string `json:"name"`
	Kind            string `json:"kind"`
	Target          string `json:"target"`
	Met             int64  `json:"met"`
	Of              int64  `json:"of"`
	Counted         bool   `json:"counted"`
	RemovalVerified bool   `json:"removal_verified"`
}

// Invariant reports whether an invariant holds, and how many violations are new.
type Invariant struct {
	Name          string  `json:"name"`
	Holds         bool    `json:"holds"`
	NewViolations float64 `json:"new_violations"`
}

// Recovery is in seconds. Took is absent where the recovery was not seen.
type Recovery struct {
	Limit float64  `json:"limit,omitempty"` // absent: none
	Took  *float64 `json:"took,omitempty"`
}

// Change is what differs between what is served and the candidate.
type Change struct {
	From          *Digest    `json:"from,omitempty"` // absent: nothing was served
	To            Digest     `json:"to"`
	Pointers      []string   `json:"pointers"` // JSON Pointers
	Neighbourhood []Neighbor `json:"neighbourhood"`
	// NearestFailing is the smallest change of the candidate that was found to fail.
	NearestFailing *Neighbor `json:"nearest_failing,omitempty"`
}

// A Neighbor is the candidate with one more change, and what that did.
type Neighbor struct {
	Operator string         `json:"operator"`
	Pointer  string         `json:"pointer"`
	Value    string         `json:"value,omitempty"` // JSON of the new value
	Verdict  result.Verdict `json:"verdict"`
	Harm     *Harm          `json:"harm,omitempty"`
}

// Attempts are how often the subject was measured before: who repeats a run until it
// passes is seen.
type Attempts struct {
	Count int        `json:"count"`
	First *time.Time `json:"first,omitempty"`
	List  []Attempt  `json:"list"` // the newest, oldest first; at most [MostAttempts]
	// Bypasses are those of the subject before, the newest, oldest first; at most
	// [MostAttempts]. None of them is an attempt: it measured nothing.
	Bypasses []Bypass `json:"bypasses,omitempty"`
}

// MostAttempts is how many attempts, and how many bypasses, are listed.
const MostAttempts = 100

// An Attempt is one run that measured the subject before.
type Attempt struct {
	Run     string         `json:"run"`
	At      time.Time      `json:"at"`
	Verdict result.Verdict `json:"verdict"`
}

// Comparison is what was found when the run was compared with others. Its verdict is held
// where no regression is shown, refuted where something regressed, and invalid where nothing
// is comparable.
type Comparison struct {
	Base     []string       `json:"base"` // ids of the runs that it was compared with
	Verdict  result.Verdict `json:"verdict"`
	ExitCode int            `json:"exit_code"`
}

// Bypass is who lets a change pass whatever was measured, and why.
type Bypass struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Budget is the share of harm above which a second person has to approve. High is the
// highest upper bound of harm of any journey.
type Budget struct {
	SecondApproverAbove float64 `json:"second_approver_above"`
	High                float64 `json:"high"`
}
