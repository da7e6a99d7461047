// Package result turns the journal of a run into what the run found: outcomes, blast
// radii and verdicts.
//
// [Fold] reads the events of the run, then three times the journeys of each experiment,
// and judges what they show. The types are the schema "blastgauge/result/v1" that CI,
// comparisons and every report read. The result of a scan has the schema
// "blastgauge/scan/v1", a map and no experiments. Shares are fractions 0 to 1, durations are
// seconds, an absent field was not measured. Fields are only ever added.
package result

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// Schema is the name and version of the format, and ScanSchema those of the result of a
// scan.
const (
	Schema     = "blastgauge/result/v1"
	ScanSchema = scan.Schema
)

// A Result is everything that a run found.
type Result struct {
	Schema      string       `json:"schema"`
	Tool        Tool         `json:"tool"`
	Toxiproxy   Toxiproxy    `json:"toxiproxy"`
	Run         Run          `json:"run"`
	System      System       `json:"system"`
	Experiments []Experiment `json:"experiments"`
	Behaviour   []Behaviour  `json:"behaviour,omitempty"` // of each dependency that a fault was in
	// Scan is the map of a scan, which has no experiments; nil: the run was no scan.
	Scan *scan.Map `json:"scan,omitempty"`
	// ScanFaults are the faults that the scan injected, with the proof that they are gone.
	ScanFaults []ScanFault `json:"scan_faults,omitempty"`
	// GameDay is what came of the game day whose experiments these are; nil: they are of none.
	GameDay   *GameDay   `json:"game_day,omitempty"`
	Documents []Document `json:"documents,omitempty"`
	Warnings  []string   `json:"warnings,omitempty"` // about the run as a whole
}

// Tool is the blastgauge that ran.
type Tool struct {
	Version string `json:"version"`
}

// Toxiproxy is the server that carried the faults.
type Toxiproxy struct {
	Kind    string `json:"kind"` // blastgauge, stock or embedded
	Version string `json:"version,omitempty"`
}

// Run is one execution.
type Run struct {
	ID       string    `json:"id"`
	Seed     uint64    `json:"seed"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended,omitzero"`
	Outcome  string    `json:"outcome"` // completed, interrupted or failed
	ExitCode int       `json:"exit_code"`
	Error    string    `json:"error,omitempty"`
	Died     bool      `json:"died,omitempty"`   // its journal has no end: its process did, or it went on when this was written
	Signal   string    `json:"signal,omitempty"` // what interrupted it: HUP, INT or TERM
	// InterruptedBy is who interrupted it where that was no signal of the system, and
	// InterruptedWhy what they gave as the reason.
	InterruptedBy  string `json:"interrupted_by,omitempty"`
	InterruptedWhy string `json:"interrupted_why,omitempty"`
	// Notes are what people wrote while the run went on, in their order.
	Notes   []Note  `json:"notes,omitempty"`
	Commit  string  `json:"commit,omitempty"`
	Choices Choices `json:"choices,omitzero"`
}

// A Note is what somebody wrote while the run went on.
type Note struct {
	At         time.Time `json:"at"`
	Since      float64   `json:"since"`                // since the run started
	Experiment string    `json:"experiment,omitempty"` // that was under way; absent between two of them
	Phase      string    `json:"phase,omitempty"`      // of that experiment
	Author     string    `json:"author"`
	Text       string    `json:"text"` // one line or several
	FollowUp   bool      `json:"follow_up,omitempty"`
}

// SetDocument is the name of the document that holds what was set in place of the
// system's document.
const SetDocument = plan.SetDocument

// SilentFlag is among the flags of a run that told nobody what it did.
const SilentFlag = plan.SilentFlag

// IsGameDayFlag reports whether a flag has a meaning beside --gameday alone.
func IsGameDayFlag(flag string) bool { return plan.IsGameDayFlag(flag) }

// Choices are what the run was told beside its documents.
type Choices struct {
	Set      []string `json:"set,omitempty"`      // PATH=VALUE, in place of the system's document
	Phases   string   `json:"phases,omitempty"`   // PHASE=TIME,...; empty: as the documents say
	Flags    []string `json:"flags,omitempty"`    // that say how it is run, such as --create-proxies
	Selected bool     `json:"selected,omitempty"` // the experiments were named
	Scan     []string `json:"scan,omitempty"`     // of a scan: names of dependencies, and its own flags
	GameDay  string   `json:"game_day,omitempty"` // the file of the game day
	Demo     []string `json:"demo,omitempty"`     // demo, and its flags: its documents are gone
	Command  []string `json:"command,omitempty"`  // that starts the system, behind --; without secrets
	Gate     []string `json:"gate,omitempty"`     // gate, the file that it measured, and its own flags
	Bind     []string `json:"bind,omitempty"`     // of incidents: who takes which role, as INCIDENT.ROLE=NAME
}

// Outcomes of a run.
const (
	Completed   = "completed"
	Interrupted = "interrupted"
	FailedRun   = "failed"
)

// System is the system under test.
type System struct {
	Name         string                `json:"name"`
	Environment  string                `json:"environment"`
	Dependencies map[string]Dependency `json:"dependencies"`
	Traffic      *Traffic              `json:"traffic,omitempty"`
}

// Dependency is what the system's document says about a dependency.
type Dependency struct {
	Criticality string `json:"criticality,omitempty"`
	Owner       string `json:"owner,omitempty"`
}

// Document is the text of a file the run was planned from.
type Document struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// A Verdict is the answer to one hypothesis.
type Verdict string

// Verdicts.
const (
	Held         Verdict = "held"
	Refuted      Verdict = "refuted"
	Inconclusive Verdict = "inconclusive"
	Invalid      Verdict = "invalid"
	NotRun       Verdict = "not_run"
)

// Experiment is what one experiment found.
type Experiment struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	Hypothesis string   `json:"hypothesis"`
	Owner      string   `json:"owner,omitempty"` // who answers for it, as its document says
	IfRefuted  string   `json:"if_refuted,omitempty"`
	File       string   `json:"file,omitempty"`
	Line       int      `json:"line,omitempty"`
	Verdict    Verdict  `json:"verdict"`
	Reasons    []string `json:"reasons"` // why this verdict, most important first
	// ReasonCodes say the same to programs: a code for each of Reasons. They are
	// absent from the results of older versions.
	ReasonCodes []ReasonCode `json:"reason_codes,omitempty"`
	Warnings    []string     `json:"warnings,omitempty"`
	// Past is what the runs before said of the experiment; absent where none had an answer.
	Past *Past `json:"past,omitempty"`
	// SharedControl reports that the control arm meets a fault as well, going by the
	// documents.
	SharedControl bool `json:"shared_control,omitempty"`
	// SharedBaseline says whose recovery its baseline is; absent where baselines are not
	// shared.
	SharedBaseline *SharedBaseline `json:"shared_baseline,omitempty"`
	Digests        Digests         `json:"digests"`
	Limits         Limits          `json:"limits"`
	// BlastRadius is that of the journey furthest over its limit, or nearest to it. It
	// is absent where too little was measured.
	BlastRadius *BlastRadius `json:"blast_radius,omitempty"`
	Criteria    []Criterion  `json:"criteria"`
	Journeys    []Journey    `json:"journeys"`
	Phases      []Phase      `json:"phases"`
	Events      []Event      `json:"events"`
	Faults      []Fault      `json:"faults"`
	// Amplification has a row for each dependency whose proxy counts. Spread has one for
	// each journey, if it is known which steps need the faulted dependencies.
	Amplification []Amplification `json:"amplification,omitempty"`
	Spread        []Spread        `json:"spread,omitempty"`
	// Saturation is what the fault did while it touched a share of the journeys; only where
	// the document asks for it.
	Saturation *Saturation `json:"saturation,omitempty"`
	Unchecked  []Unchecked `json:"unchecked,omitempty"` // steps whose expectations check too little
	Impact     *Impact     `json:"impact,omitempty"`    // arithmetic, where the traffic is declared
	Recovery   *Recovery   `json:"recovery,omitempty"`
	Guardrail  *Guardrail  `json:"guardrail,omitempty"`
	Lateness   *Lateness   `json:"lateness,omitempty"`
	Outages    []Outage    `json:"outages,omitempty"`   // of the system itself, where journeys enter it
	Generator  *Generator  `json:"generator,omitempty"` // where another program sent the journeys
	Measured   *Measured   `json:"measured,omitempty"`  // what it was measured by, where no journeys were sent
	Invariants []Invariant `json:"invariants"`
	Alerts     []Alert     `json:"alerts,omitempty"` // that had to fire under the fault
	// Void is why the numbers of journeys, of the recovery and of guardrails cannot be
	// trusted; absent where they can be. What was found of the invariants counts even so.
	Void []ReasonCode `json:"void,omitempty"`
}

// Past is what the runs of an experiment before this one said, as far as its faults, its
// journeys and its limits were the same.
type Past struct {
	Verdict     Verdict   `json:"verdict"` // of the newest that has an answer: held or refuted
	Last        time.Time `json:"last"`    // when that run started
	LastCommit  string    `json:"last_commit,omitempty"`
	Since       time.Time `json:"since"` // when the oldest of the runs started that have this verdict in a row
	SinceCommit string    `json:"since_commit,omitempty"`
	Before      Verdict   `json:"before,omitempty"` // the other verdict, where a run before them had it
}

// Digests are equal for two experiments if that part of them is the same.
type Digests struct {
	Faults   string `json:"faults"`
	Journeys string `json:"journeys"`
	Load     string `json:"load"`
	Limits   string `json:"limits"`
}

// Limits are what the hypothesis was judged by: shares, and Recovery in seconds.
type Limits struct {
	BlastRadius float64 `json:"blast_radius"`
	Recovery    float64 `json:"recovery,omitempty"`
	Baseline    float64 `json:"baseline,omitempty"`
}

// BlastRadius is the share of one journey that the fault harmed beyond the
// control.
type BlastRadius struct {
	Journey    string  `json:"journey"`
	Estimate   float64 `json:"estimate"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Control    string  `json:"control"` // concurrent, baseline or contaminated
	Method     string  `json:"method"`  // how Low and High were made
	// Batches is how many batches of time Low and High were made from; absent where
	// journeys had to be taken as independent. Effective is how many independent
	// journeys per arm would have shown as much: far fewer where harm comes in bursts.
	Batches   int     `json:"batches,omitempty"`
	Effective float64 `json:"effective,omitempty"`
	// Base is the share of the control that was harmed, of what counts. It is absent from
	// the results of older versions.
	Base float64 `json:"base,omitempty"`
	// CountedAt are the steps at which harm counts, where the documents say which need what
	// is broken; absent where all harm counts. AllHarm is then that of all steps, beyond the
	// control. HarmSpread reports that harm of earlier steps is shown to have grown as well:
	// then all harm counts after all.
	CountedAt  []string `json:"counted_at,omitempty"`
	AllHarm    *Amount  `json:"all_harm,omitempty"`
	HarmSpread bool     `json:"harm_spread,omitempty"`
	// Beside are journeys that never need what is broken, and that share their bad moments
	// with this one: on one route they are the control at the same time.
	Beside []string `json:"beside,omitempty"`
	// Independent are the bounds that hold if journeys are independent.
	Independent *Bounds `json:"independent,omitempty"`
	// ArmsBefore is by how much the fault arm was harmed beyond the control arm already
	// before the fault. It is given where it is significant, and then subtracted.
	ArmsBefore *Amount `json:"arms_before,omitempty"`
	// Where the control arm was harmed as well (contaminated), Low is at least what the
	// fault harms, against the control arm, and High at most, against the baseline.
	// SpillOver is the harm of the control arm meanwhile beyond its own baseline: harm by
	// the fault to those whom it did not touch, or by something else to both.
	// AgainstBaseline is the harm of the fault arm beyond its own baseline.
	SpillOver       *Amount `json:"spill_over,omitempty"`
	AgainstBaseline *Amount `json:"against_baseline,omitempty"`
}

// Bounds are the ends of an interval.
type Bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Journey is what one journey met during the fault.
type Journey struct {
	Name        string       `json:"name"`
	Rate        float64      `json:"rate"`                 // per second over all arms
	Limit       float64      `json:"limit"`                // of its blast radius
	SlowAfter   float64      `json:"slow_after,omitempty"` // seconds that a journey may take
	Verdict     Verdict      `json:"verdict"`
	BlastRadius *BlastRadius `json:"blast_radius,omitempty"`
	// Episodes is in how many episodes the harm under the fault came, beyond a concurrent
	// control if there is one; absent where nothing shows that it did not come evenly.
	// Fewer than eight say what this stretch of time met and not what the fault does.
	Episodes int  `json:"episodes,omitempty"`
	Arms     Arms `json:"arms"`
	Baseline Arms `json:"baseline"` // the same counts before the fault
	// InFlight are the journeys of the fault arm that were under way when the fault
	// came; the counts of the arm include them. Released are those that its removal
	// rescued; the counts do not include them.
	InFlight *Counts  `json:"in_flight,omitempty"`
	Released *Counts  `json:"released,omitempty"`
	Causes   []Cause  `json:"causes,omitempty"` // the most frequent under the fault first
	Steps    []Step   `json:"steps"`
	Latency  Latency  `json:"latency"`
	Sent     *Latency `json:"sent,omitempty"`  // the same from the moment at which journeys were sent
	Ended    *Ended   `json:"ended,omitempty"` // how long they took, by how they ended
	Series   Series   `json:"series"`
	// LatencyBounds are what a histogram tells of how long they took.
	LatencyBounds *LatencyBounds `json:"latency_bounds,omitempty"`
}

// Against returns the journeys that those of the fault are compared with.
func (j *Journey) Against() Counts {
	if j.Arms.Control != nil && (j.BlastRadius == nil || j.BlastRadius.Control != BaselineControl) {
		return *j.Arms.Control
	}
	return j.Baseline.Fault
}

// A SharedBaseline is the end of the recovery of another experiment of the run, in seconds
// since this one started: they are negative. Where Own says why, the experiment measured its
// own baseline instead.
type SharedBaseline struct {
	Of   string  `json:"of,omitempty"`
	From float64 `json:"from,omitempty"`
	To   float64 `json:"to,omitempty"`
	Own  string  `json:"own,omitempty"`
}

// Arms are counts by arm. Control is absent where the baseline is the control; Fault is
// then compared with Baseline.Fault.
type Arms struct {
	Fault   Counts  `json:"fault"`
	Control *Counts `json:"control,omitempty"`
}

// Counts are journeys by outcome.
type Counts struct {
	Journeys int      `json:"journeys"`
	OK       int      `json:"ok"`
	Slow     int      `json:"slow"`
	Wrong    int      `json:"wrong"`
	Failed   int      `json:"failed"`
	FailedBy FailedBy `json:"failed_by"`
}

// Harmed returns how many journeys did not end ok.
func (c Counts) Harmed() int { return c.Slow + c.Wrong + c.Failed }

// FailedBy are failed journeys by cause.
type FailedBy struct {
	Timeout int `json:"timeout"`
	Status  int `json:"status"`
	Error   int `json:"error"`
	Shed    int `json:"shed"`
}

// Step is where journeys of the fault arm were first harmed. Step rows add up
// to the journey's harmed.
type Step struct {
	Name string `json:"name"`
	// Share is the share of journeys that take the step, and Taken are those of the fault
	// arm, whether they came to it or not. They are absent where all do.
	Share  float64 `json:"share,omitempty"`
	Taken  int     `json:"taken,omitempty"`
	Failed int     `json:"failed"`
	Wrong  int     `json:"wrong"`
	Slow   int     `json:"slow"`
	Excess float64 `json:"excess"` // share of the arm's journeys that take the step, beyond the control
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	// Latency is the time from the journey's intended start until the step was
	// completed, Sent the time since the step itself was sent, both of journeys that
	// completed it.
	Latency *Latency `json:"latency,omitempty"`
	Sent    *Latency `json:"sent,omitempty"`
}

// Latency are percentiles of durations. Those of journeys count from the intended
// start, and are of all journeys: one that failed or was wrong waited at least as long as
// it took. A percentile above the share of journeys that completed is not known, and
// absent.
type Latency struct {
	Fault    []Percentile `json:"fault,omitempty"`
	Control  []Percentile `json:"control,omitempty"`
	Baseline []Percentile `json:"baseline,omitempty"` // of the fault arm
	// Ratio is known of whole journeys only. It is absent where there are too few batches
	// of time to estimate how much it varies, and above the share that completed.
	Ratio []Ratio `json:"ratio,omitempty"`
	// Completed is known of whole journeys only. It is absent from the results of older
	// versions, whose percentiles are of completed journeys alone.
	Completed *CompletedShares `json:"completed,omitempty"`
}

// CompletedShares are the shares of journeys that ended ok or slow, of the groups of a
// Latency; absent where there are none.
type CompletedShares struct {
	Fault    float64  `json:"fault"`
	Control  *float64 `json:"control,omitempty"`
	Baseline *float64 `json:"baseline,omitempty"`
}

// Ratio is how many times as long the journeys of the fault arm took as those that they
// are compared with, at one point of the distributions, with its 95 % bounds.
type Ratio struct {
	P     float64 `json:"p"` // 0.5, 0.9, 0.95, 0.99
	Times float64 `json:"times"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Percentile is one point of a distribution. Its 95 % bounds hold if journeys are
// independent. They are absent where there are too few journeys, and of the largest
// value, which has none.
type Percentile struct {
	P       float64 `json:"p"` // 0.5, 0.9, 0.95, 0.99, 1
	Seconds float64 `json:"seconds"`
	Low     float64 `json:"low,omitempty"`
	High    float64 `json:"high,omitempty"`
}

// Series are buckets of equal width from the start of the experiment, by
// intended start.
type Series struct {
	Bucket float64 `json:"bucket"` // seconds
	// First is how long the first bucket is, where it is shorter than the others: so that a
	// bucket ends when the fault comes. Absent: it is as long as they are.
	First   float64  `json:"first,omitempty"`
	Fault   []Bucket `json:"fault"`
	Control []Bucket `json:"control,omitempty"`
}

// Bucket counts the journeys that were intended to start in it. One that was under way when
// a fault came counts where the fault came.
type Bucket struct {
	Journeys int     `json:"journeys"`
	Harmed   int     `json:"harmed"`
	P95      float64 `json:"p95,omitempty"` // seconds; absent if fewer than 95 % completed
}

// Phase is a part of the experiment. From and To are seconds from the start of
// the experiment.
type Phase struct {
	Name string    `json:"name"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Start and End are the same in seconds since the experiment's start, on
	// the monotonic clock: what Series is drawn against.
	Start float64 `json:"start"`
	End   float64 `json:"end"`
}

// Event is something that happened, in words for people.
type Event struct {
	At     time.Time `json:"at"`
	Second float64   `json:"second"` // since the experiment's start
	What   string    `json:"what"`
}

// Amplification is how often a dependency was called per journey, while the fault was in
// force and in the baseline before it. Retries make it grow.
type Amplification struct {
	Dependency string  `json:"dependency"`
	Unit       string  `json:"unit"`     // calls, or connections where only bytes are known
	Fault      float64 `json:"fault"`    // per journey
	Baseline   float64 `json:"baseline"` // per journey
	// Factor is Fault / Baseline with its 95 % bounds; absent where the dependency was
	// not called in one of the two. Method is how the bounds were made: from batches of
	// time, from periods of control and fault in turn, or, where there are too few of
	// both, as if calls were independent.
	Factor  float64 `json:"factor,omitempty"`
	Low     float64 `json:"low,omitempty"`
	High    float64 `json:"high,omitempty"`
	Method  string  `json:"method,omitempty"`
	Batches int     `json:"batches,omitempty"` // on each side, or periods; absent where calls were taken as independent
	// Storm reports that journeys call it at least half as often again. It is known of
	// calls only, as connections come and go for other reasons than retries.
	Storm bool `json:"storm,omitempty"`
}

// Units of an Amplification.
const (
	Calls       = "calls"
	Connections = "connections"
)

// Spread is the harm of journeys that did not need the faulted dependencies yet: they
// were first harmed at a step before any that needs one. The share is of all journeys of
// the fault arm, beyond the control.
type Spread struct {
	Journey  string  `json:"journey"`
	Harmed   int     `json:"harmed"`
	Journeys int     `json:"journeys"` // of the fault arm
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// Recovery is the time from proven removal of the fault until harm was back at the
// control's level for good. Censored means that this was not shown before the experiment
// ended. Seconds is then how long the system was watched.
type Recovery struct {
	Seconds  float64 `json:"seconds"`
	Censored bool    `json:"censored"`
	// Harmed is until when harm beyond the control was proven.
	Harmed float64 `json:"harmed"`
	// Metastable reports that harm went on until the end, although the fault is proven
	// gone.
	Metastable bool `json:"metastable,omitempty"`
	// FellAt is when harm fell, if it fell once. It is absent where there was too little
	// harm to find that out, and before Seconds where harm fades or comes again.
	FellAt *Fell `json:"fell_at,omitempty"`
	// Unharmed reports that no harm by the fault was shown, so that there is nothing to
	// recover from. Seconds is then 0.
	Unharmed bool `json:"unharmed,omitempty"`
	// SystemHarmed reports that the whole system has not come back: at the end both arms
	// are harmed more than each was before the fault.
	SystemHarmed bool `json:"system_harmed,omitempty"`
	// Worse reports that the fault arm is, at the end, harmed more than it was before the
	// fault, and not shown to be as good as the control.
	Worse bool `json:"worse,omitempty"`
	// Later is when a bad stretch of ten seconds or more began after harm was back, in
	// seconds after the removal, where nothing tells whether it is the fault's.
	Later float64 `json:"later,omitempty"`
}

// Fell is a moment in seconds after the removal, with its 95 % bounds.
type Fell struct {
	Seconds float64 `json:"seconds"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// Guardrail is why the fault was removed early.
type Guardrail struct {
	Tripped bool `json:"tripped"`
	// Kind is blast_radius, failed, p99 or probe. Value and Limit are shares of journeys:
	// for p99 of those that took longer. For probe they are wrong answers in a row.
	Kind   string    `json:"kind,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Value  float64   `json:"value,omitempty"`
	Limit  float64   `json:"limit,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// Lateness is for how long this machine held journeys up, in seconds: before they
// started, and while it judged their answers.
type Lateness struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Invariant is how many violations of an invariant there were before, under and after
// the fault. During is the most that were seen under it.
type Invariant struct {
	Name string `json:"name"`
	// BrokenMeans is what customers suffer where it is broken, as its document says.
	BrokenMeans string `json:"broken_means,omitempty"`

	Before *float64 `json:"before,omitempty"`
	During *float64 `json:"during,omitempty"`
	After  *float64 `json:"after,omitempty"`
	// NewDuring and NewAfter are those of During and After that were not there before the
	// fault. They are absent where none was, so that all are new, and where keys do not
	// tell new violations from old ones.
	NewDuring *float64 `json:"new_during,omitempty"`
	NewAfter  *float64 `json:"new_after,omitempty"`
	Keys      []string `json:"keys,omitempty"` // of new violations, at most 20
	Detail    string   `json:"detail,omitempty"`
	// SettledItself reports that the invariant has no time to settle (within), was broken
	// under the fault, and held after it.
	SettledItself bool `json:"settled_itself,omitempty"`
	// CutOff reports that the run was interrupted, or its faults were taken away, before
	// the invariant was asked after the fault, for which it is not to blame.
	CutOff bool `json:"cut_off,omitempty"`
}
