// Package journal is what is on disk of a user's runs: of each the durable record, control
// events that are synced before they take effect and one compact observation per journey,
// and of all the lists of those that are open or go on, with the orders to end or block them.
package journal

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Kind is what an event records. The comments name the fields of [Event] that it
// uses, beside Seq, At, Since and Experiment.
type Kind string

// Kinds of events.
const (
	RunStarted        Kind = "run_started"        // Plan, Toxiproxy
	PreflightFailed   Kind = "preflight_failed"   // Detail: what is wrong before any fault, so that nothing is run; one event for each problem
	ExperimentStarted Kind = "experiment_started" // Experiment
	PhaseStarted      Kind = "phase_started"      // Phase
	FaultIntended     Kind = "fault_intended"     // Fault; synced before anything is changed
	FaultInjected     Kind = "fault_injected"     // Fault, Evidence: read back, it is in force
	InstanceJoined    Kind = "instance_joined"    // Fault, Instance: a Toxiproxy has come that is to carry the fault as well; synced before anything is changed on it
	FaultVanished     Kind = "fault_vanished"     // Fault, Detail: read back, it is gone although nobody removed it
	FaultRemoved      Kind = "fault_removed"      // Fault, Verified, Evidence (the last one before removal), Error
	TurnStarted       Kind = "turn_started"       // Value: the share of journeys that the faults touch from now on
	GuardrailTripped  Kind = "guardrail_tripped"  // Guardrail, Detail, Value, Limit
	BaselineHarmed    Kind = "baseline_harmed"    // Detail, Value, Limit: the experiment ends without its fault
	BaselineShared    Kind = "baseline_shared"    // Shared: the stretch of the experiment before that is the baseline
	BaselineOwn       Kind = "baseline_own"       // Detail says why it is not, although baselines are shared
	InvariantChecked  Kind = "invariant_checked"  // Check, Phase: baseline before the fault; fault under it, if the answer is new; recovery after it
	Exchanged         Kind = "probed"             // Fault, Exchanges
	Sampled           Kind = "sampled"            // Detail names the moment, see below; Traffic by proxy
	TrafficAudited    Kind = "traffic_audited"    // Audit: what came of the journeys that a program was to send
	ExperimentEnded   Kind = "experiment_ended"   // Error where it was cut short
	Interrupted       Kind = "interrupted"        // Detail names the signal; Author and Reason say who asked for it in place of one, and why
	Noted             Kind = "noted"              // Author, Detail: what somebody wrote while the run went on; FollowUp
	SuiteStopped      Kind = "suite_stopped"      // Detail says why the rest is not run
	Waiting           Kind = "waiting"            // Experiment: a game day waits for a decision about it; no fault is in force and no journey is sent
	Decided           Kind = "decided"            // Experiment, Decision, Author, Reason
	Fenced            Kind = "fenced"             // Detail says by whom and why; the run may not inject any more
	Exercised         Kind = "exercised"          // Exercise: what the baseline of a scan counted
	CellStarted       Kind = "cell_started"       // Cell: its faults are injected from now on
	CellEnded         Kind = "cell_ended"         // CellEnd: what became of it; its faults are gone
	Measured          Kind = "measured"           // Measurement: how complete the counts are that the experiment was measured by
	ScanEnded         Kind = "scan_ended"         // Detail is one of the reasons of [ScanComplete] and those beside it, Error more of it in words; nothing more is tried
	AlertChanged      Kind = "alert_changed"      // Alert: the first look at one, each change, and the last look
	HarmSeen          Kind = "harm_seen"          // Cause: introduced, or another example of it; on disk with a later event
	RunEnded          Kind = "run_ended"          // Error
	CleanedUp         Kind = "cleaned_up"         // by another process: whatever the run may have left was looked at and is gone
)

// Moments at which the traffic of the proxies is sampled.
const (
	BeforeIdle     = "before idle"    // no journeys run
	BeforeTraffic  = "before traffic" // the idle rate is what moved since
	BeforeBaseline = "before baseline"
	InBaseline     = "in baseline" // where two batches of it meet
	BeforeFault    = "before fault"
	InFault        = "in fault" // where two batches of it meet, and beside each change
	AfterFault     = "after fault"
	InRecovery     = "in recovery" // where two batches meet of what may be the baseline of the next experiment
)

// An Event is one line of journal.ndjson. Its kind decides which fields it has.
// Durations are computed from Since, not from At, as it follows the monotonic clock.
type Event struct {
	Seq        int            `json:"seq"`
	At         time.Time      `json:"at"`
	Since      time.Duration  `json:"since"` // since the run started, in nanoseconds
	Kind       Kind           `json:"kind"`
	Experiment string         `json:"experiment,omitempty"`
	Phase      Phase          `json:"phase,omitempty"`
	Fault      string         `json:"fault,omitempty"`    // a fault's name
	Instance   string         `json:"instance,omitempty"` // URL of a Toxiproxy
	Verified   bool           `json:"verified,omitempty"`
	Began      time.Duration  `json:"began,omitempty"` // when a removal or a sample was asked for, as Since
	Evidence   *Evidence      `json:"evidence,omitempty"`
	Exchanges  *ExchangePair  `json:"probe,omitempty"`
	Check      *CheckResult   `json:"reading,omitempty"`
	Traffic    []Traffic      `json:"traffic,omitempty"`
	Guardrail  string         `json:"guardrail,omitempty"` // the kind that tripped, as documents name it
	Value      float64        `json:"value,omitempty"`
	Limit      float64        `json:"limit,omitempty"`
	Detail     string         `json:"detail,omitempty"`
	Error      string         `json:"error,omitempty"`
	Decision   DayDecision    `json:"decision,omitempty"`
	Author     string         `json:"author,omitempty"`    // a person, in their own words
	Reason     string         `json:"reason,omitempty"`    // as that person says it
	FollowUp   bool           `json:"follow_up,omitempty"` // somebody is to come back to it after the run
	Cause      *SeenCause     `json:"cause,omitempty"`
	Shared     *SharedStretch `json:"shared,omitempty"`
	Audit      *TrafficAudit  `json:"audit,omitempty"`
	Toxiproxy  *Toxiproxy     `json:"toxiproxy,omitempty"`
	Plan       *plan.Plan     `json:"plan,omitempty"`
	Exercise   *Exercise      `json:"exercise,omitempty"`
	Cell       *Cell          `json:"cell,omitempty"`
	CellEnd    *CellEnd       `json:"cell_end,omitempty"`
	// Measurement is of an experiment that counters of the system measured.
	Measurement *Measurement `json:"measurement,omitempty"`
	Alert       *AlertLook   `json:"alert,omitempty"`
}

// A SharedStretch is a stretch of the recovery of one experiment that is the baseline of another.
type SharedStretch struct {
	Of   string        `json:"of"`   // the experiment that it is a part of
	From time.Duration `json:"from"` // since the run started, as To
	To   time.Duration `json:"to"`
}

// A Phase is a part of an experiment.
type Phase string

// Phases, in their order.
const (
	Warmup   Phase = "warmup"
	Baseline Phase = "baseline"
	Fault    Phase = "fault"
	Recovery Phase = "recovery"
)

// Toxiproxy is the server that carries the faults.
type Toxiproxy struct {
	Kind    string `json:"kind"` // blastgauge, stock or embedded
	Version string `json:"version"`
	// Token says where the bearer token of its API is, file:PATH or env:NAME, or that it
	// came from a pipe, pipe:. The token itself is never written down.
	Token string `json:"token,omitempty"`
}

// Evidence is one look at a fault on its server.
type Evidence struct {
	Present bool   `json:"present"`
	Counted bool   `json:"counted,omitempty"` // the server counts what the fault touches
	Met     int64  `json:"met,omitempty"`     // connections or messages that the fault acted on
	Of      int64  `json:"of,omitempty"`      // those that could have met it
	Detail  string `json:"detail,omitempty"`  // what is wrong where Present is false
	// Refuses is that connect() fails at the proxy: the server cannot see who tries, and
	// Met are only the connections that the fault has cut.
	Refuses bool `json:"refuses,omitempty"`
	// Of a fault on messages: how many came, and the most frequent kinds of those that the
	// fault is not about.
	Seen   int64    `json:"seen,omitempty"`
	Missed []Missed `json:"missed,omitempty"`
	// A fault that makes config bad says what became of each document, and how many
	// documents passed unchanged, by reason.
	Documents []Mutated        `json:"documents,omitempty"`
	Passed    map[string]int64 `json:"passed,omitempty"`
	// Instances are what each Toxiproxy showed, where the dependency has some of its own; the
	// counts above are their sums, also of those that have left. PartialFor is how long the
	// fault was not in force on all that were there.
	Instances  []Instance    `json:"instances,omitempty"`
	PartialFor time.Duration `json:"partial_for,omitempty"`
	// LookUpError is why it is not known any more which instances there are.
	LookUpError string `json:"look_up_error,omitempty"`
	// Output is what the check of a fault by command wrote while the fault was in force:
	// the beginning, in one line and without secrets.
	Output string `json:"output,omitempty"`
}

// An Instance is what one of several Toxiproxies showed of a fault.
type Instance struct {
	URL    string        `json:"url"` // without credentials
	State  InstanceState `json:"state"`
	Proven bool          `json:"proven"` // it was read back there at least once
	Met    int64         `json:"met,omitempty"`
	Of     int64         `json:"of,omitempty"`
	Detail string        `json:"detail,omitempty"` // what is wrong where it is not in force
	// DueFor is how long the fault was to be in force there, and InForceFor how long it was.
	DueFor     time.Duration `json:"due_for,omitempty"`
	InForceFor time.Duration `json:"in_force_for,omitempty"`
}

// An InstanceState is where a fault stands on one Toxiproxy.
type InstanceState string

// The states.
const (
	InForce        InstanceState = "in_force"
	Joining        InstanceState = "joined" // it has come, and the fault is not in force there yet
	InstanceLeft   InstanceState = "left"   // it is gone, and the fault was in force there until then
	InstanceFailed InstanceState = "failed" // the fault is not in force there
	InstanceSilent InstanceState = "silent" // it does not answer any more, and the fault was in force there until then
)

// A Missed is a kind of message that came and did not match a fault, such as "POST
// /orders/{id}", a command of Redis or what a statement of SQL does.
type Missed struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// A Mutated document is one version of a config document that a fault made bad. Before
// and After are digests of it; nothing here holds its text.
type Mutated struct {
	Name    string           `json:"name"` // the path that it was asked for by, or the file
	Before  string           `json:"before"`
	After   string           `json:"after"`
	What    string           `json:"what"`            // in words
	Where   []string         `json:"where,omitempty"` // JSON Pointers of what changed; none: the whole document
	Fetched int64            `json:"fetched"`         // how often the bad version was delivered
	By      map[string]int64 `json:"by,omitempty"`    // how often, by client, where that is known
}

// An ExchangePair is two timed exchanges that blastgauge itself makes with a
// dependency through its proxy: one before the fault and one under it.
type ExchangePair struct {
	Before Exchange `json:"before"`
	During Exchange `json:"during"`
	Met    bool     `json:"met"` // During shows the fault
}

// An Exchange is one connection that blastgauge itself made.
type Exchange struct {
	Took  float64 `json:"took"` // seconds
	Error string  `json:"error,omitempty"`
}

// Traffic is what one proxy carried, where the server counts.
type Traffic struct {
	Proxy       string `json:"proxy"`
	Connections int64  `json:"connections"`           // opened so far
	Bytes       int64  `json:"bytes"`                 // carried so far, both ways
	Calls       *int64 `json:"calls,omitempty"`       // requests so far, and connections that ended without one; nil where only bytes are known
	DialFailed  int64  `json:"dial_failed,omitempty"` // connections so far for which the upstream could not be reached
	// Answers are how long the upstream took to answer so far, shortest first; nil where the
	// server does not time it. A journal keeps only what comes of them: see [Exercise].
	Answers []AnswerCount `json:"-"`
}

// An AnswerCount is how often an upstream took so long to answer, at least.
type AnswerCount struct {
	AtLeast  time.Duration
	Answered int64
	GivenUp  int64 // how often its caller did not wait any longer
}

// A CheckResult is the result of one check of an invariant.
type CheckResult struct {
	Invariant  string   `json:"invariant"`
	Holds      bool     `json:"holds"`
	Violations float64  `json:"violations"`       // how far from the expected value; 1 where it cannot be counted
	Detail     string   `json:"detail,omitempty"` // "$.count is 2, expected 0"
	Keys       []string `json:"keys,omitempty"`   // at most 20; of new violations alone where New is known
	// New is how many violations were not there before the fault. It is nil where none
	// was, so that all are new, and where keys do not tell.
	New *float64 `json:"new,omitempty"`
	// All are the keys of all violations, with repeats; nil where not all are known. They
	// tell new violations from old ones, and are in no journal.
	All   []string `json:"-"`
	Error string   `json:"error,omitempty"` // why the check gave no result; Holds means nothing then
	Err   error    `json:"-"`               // the class of Error, where it has one, such as that a host is not allowed
}

// An Outcome is how a journey ended.
type Outcome uint8

// Outcomes of journeys.
const (
	OK Outcome = iota
	Slow
	Wrong
	Failed
)

// outcomes are the names of outcomes, in the order of their numbers.
func outcomes() []string { return []string{"ok", "slow", "wrong", "failed"} }

func (o Outcome) String() string { return outcomes()[o] }

// An Observation is what became of one journey. Times are offsets from the
// run's start on the monotonic clock.
type Observation struct {
	Experiment int // index in the plan
	Journey    int // index in the experiment's journeys
	Arm        plan.Arm
	Intended   time.Duration // when the schedule wanted it to start
	Late       time.Duration // for which the generator held it up: it started later, or its answers waited to be judged
	Took       time.Duration // from Intended to its end, without its pauses
	Paused     time.Duration // before its steps, all together
	Outcome    Outcome
	Cause      Cause           // none where it is ok; older versions gave one to failed journeys alone
	Step       int             // index of the first harmed step; -1 when ok
	Steps      []time.Duration // service time of each step that was sent, without the time to judge its answer
	Draw       int             // decides which steps it takes, see [experiments.Weight]; 0: all. Those that it left out have no time in Steps
	Why        int             // the Number of its [SeenCause]; 0: none
	// Seen is what is new about its cause. It is an event of its own, and not part of
	// an observation on disk.
	Seen *SeenCause
	// Count is how many journeys this is of, all alike; 0 and 1 mean one. Whoever reads them
	// back gets that many, see [Observations.Of].
	Count int
}

// MaxCount is of how many journeys one observation can be at the most.
const MaxCount = 1_000_000

// Times is of how many journeys the observation is, at least 1.
func (o *Observation) Times() int { return max(1, o.Count) }

// Ended returns when the journey was over.
func (o *Observation) Ended() time.Duration { return o.Intended + o.Took + o.Paused }

// Harmed reports whether the journey counts as harmed.
func (o Observation) Harmed() bool { return o.Outcome != OK }
