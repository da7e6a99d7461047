// Package gate says what was found out about a change of config before it is made: what it
// changes, what that harms, how close to harm it is, and the smallest part of it that fails.
package gate

import (
	"encoding/json"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Schema is the name and version of a [Report] as JSON.
const Schema = "blastgauge/gate/v1"

// File is the name of the file with the report, in the directory of the candidate's run.
const File = "gate.json"

// A Report is what a gate found. Shares are fractions 0 to 1 and durations seconds. It holds
// all that a program needs that is to mend the candidate and try again: whether it may ship
// (exit_code is 0), else why not (the first of failures: journey, step, cause, example), what
// to change first (pointers of smallest_failing, whose values are in changed), and how often
// that was tried (attempts). [JSONSchema] describes it to others, who ignore what they do not
// know.
type Report struct {
	Schema string         `json:"schema"`
	Tool   statement.Tool `json:"tool"`
	// Run is the run that measured the candidate, Dir its directory. Near are the runs that
	// measured what is near it, or parts of the change. Their directories are beside/RUN in
	// that one.
	Run         string    `json:"run"`
	Dir         string    `json:"dir"`
	Near        []string  `json:"near,omitempty"`
	Command     string    `json:"command,omitempty"` // that measures the candidate again, as it was measured
	System      string    `json:"system"`
	Environment string    `json:"environment"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended"`

	Candidate Document  `json:"candidate"`
	Served    *Document `json:"served,omitempty"` // in whose place it is to come; absent: it is not known

	Verdict  result.Verdict `json:"verdict"`
	ExitCode int            `json:"exit_code"`
	Sentence string         `json:"sentence"` // the verdict in one sentence, for people

	Changed []Changed `json:"changed"`
	// Measured is what each experiment found of the candidate, the worst first, held or not.
	Measured []Measured `json:"measured"`
	Failures []Failure  `json:"failures"` // the worst first; empty where nothing failed
	// Smallest is the smallest part of the change that was found to fail; absent where the
	// candidate does not fail, or where nothing smaller than all of it does.
	Smallest *Smallest `json:"smallest_failing,omitempty"`
	// Neighborhood are the candidate with one more change each, the nearest first.
	Neighborhood []Neighbor    `json:"neighbourhood"`
	NotMeasured  []NotMeasured `json:"not_measured,omitempty"`

	Attempts     statement.Attempts `json:"attempts"`               // before this one
	MostAttempts int                `json:"max_attempts,omitempty"` // 0: any number
	// Bypasses are those of this candidate so far: who let it pass unmeasured, and why.
	Bypasses   []statement.Bypass `json:"bypasses,omitempty"`
	Budget     float64            `json:"budget"`
	Spent      float64            `json:"spent"`
	Statement  string             `json:"statement,omitempty"`  // the file that it was written to
	Signed     []string           `json:"signed_by,omitempty"`  // ids of keys
	ValidUntil time.Time          `json:"valid_until,omitzero"` // of the statement
}

// A Document is a version of the config.
type Document struct {
	File   string           `json:"file,omitempty"`   // as it was named
	Source string           `json:"source,omitempty"` // where it was read from, if not from a file that was named
	Digest statement.Digest `json:"digest"`
	Format string           `json:"format"` // json, yaml or text
}

// Changed is one value that differs between what is served and the candidate.
type Changed struct {
	Pointer string `json:"pointer"` // JSON Pointer; empty: the whole document
	// From and To are the values; absent where there is none on that side.
	From json.RawMessage `json:"from,omitempty"`
	To   json.RawMessage `json:"to,omitempty"`
}

// Measured is what an experiment found of the candidate. Journey, Harm and Limit are of the
// journey that decides its verdict: the one that is furthest beyond its limit, or of those
// that held the one of which the most may be harmed.
type Measured struct {
	Experiment string          `json:"experiment"`
	Verdict    result.Verdict  `json:"verdict"`
	Journey    string          `json:"journey,omitempty"`
	Harm       *statement.Harm `json:"harm,omitempty"`
	Limit      float64         `json:"limit,omitempty"`
	Reason     string          `json:"reason,omitempty"` // that matters most, for people
}

// A Failure is what an experiment found against the candidate.
type Failure struct {
	Experiment string              `json:"experiment"`
	Hypothesis string              `json:"hypothesis"`
	Verdict    result.Verdict      `json:"verdict"`
	Reasons    []string            `json:"reasons"`
	Codes      []result.ReasonCode `json:"reason_codes"`
	Journey    string              `json:"journey,omitempty"`
	Step       string              `json:"step,omitempty"`
	Cause      string              `json:"cause,omitempty"` // a class, see [result.Cause]
	CauseKey   string              `json:"cause_key,omitempty"`
	Harm       *statement.Harm     `json:"harm,omitempty"`
	Limit      float64             `json:"limit,omitempty"`
	// Example is one harmed journey, without secrets.
	Example *result.CauseExample `json:"example,omitempty"`
	// Violations are invariants that were broken: of each, its name, and how many are new.
	Violations []Violation `json:"violations,omitempty"`
	IfRefuted  string      `json:"if_refuted,omitempty"`
}

// A Violation is an invariant that was broken.
type Violation struct {
	Name  string  `json:"name"`
	Means string  `json:"broken_means,omitempty"` // what customers suffer, as the document says
	New   float64 `json:"new"`
}

// Smallest is a part of the change that fails by itself.
type Smallest struct {
	Pointers []string `json:"pointers"` // what was changed of the document that is served
	// Minimal reports that each single one of them is needed: without it, what is left was
	// measured and does not fail. Where it is false, there was no time for that.
	Minimal bool            `json:"minimal"`
	Verdict result.Verdict  `json:"verdict"`
	Harm    *statement.Harm `json:"harm,omitempty"`
	Journey string          `json:"journey,omitempty"`
	Limit   float64         `json:"limit,omitempty"`
	// Document is the document with this part of the change alone, as text.
	Document string `json:"document,omitempty"`
}

// A Neighbor is the candidate with one more change, and what that did.
type Neighbor struct {
	Operator   string          `json:"operator"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	Pointer    string          `json:"pointer"`
	From       json.RawMessage `json:"from,omitempty"` // in the candidate
	Value      json.RawMessage `json:"value,omitempty"`
	What       string          `json:"what"` // the change in words
	Experiment string          `json:"experiment"`
	Verdict    result.Verdict  `json:"verdict"`
	Harm       *statement.Harm `json:"harm,omitempty"`
	Journey    string          `json:"journey,omitempty"` // whose harm it is
	Limit      float64         `json:"limit,omitempty"`   // of that journey
	Reason     string          `json:"reason,omitempty"`
}

// NotMeasured is a neighbor, or a part of the change, that was not measured.
type NotMeasured struct {
	Operator string `json:"operator,omitempty"` // empty: a part of the change
	Pointer  string `json:"pointer"`
	Why      string `json:"why"` // for people
	Code     string `json:"code"`
}

// Why something was not measured.
const (
	NoTime    = "budget"    // the budget was spent
	TooMany   = "too_many"  // there are more than enough that are nearer
	NotRun    = "not_run"   // its run ended before, or with an error
	Unasked   = "unasked"   // it was not asked for
	Unfit     = "unfit"     // the operator cannot be applied there
	Same      = "same"      // it makes the candidate, or another neighbor
	CutShort  = "cut"       // the gate was interrupted
	Failing   = "failing"   // the candidate fails already
	Undecided = "undecided" // the candidate itself is not decided
	Unserved  = "unserved"  // what is served now is not known
)
