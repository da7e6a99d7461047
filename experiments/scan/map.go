package scan

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Schema is the name and version of the result of a scan.
const Schema = "blastgauge/scan/v1"

// Ends of a scan, beside the other reasons of a journal.
const (
	Died        = "died" // its process did, or it goes on
	Interrupted = journal.ScanInterrupted
)

// A Map is what a scan found. Shares are fractions 0 to 1, durations are seconds, and an
// absent field was not measured. Fields are only ever added.
type Map struct {
	Limit        float64            `json:"limit"`  // of harm, where a journey has none of its own
	Budget       float64            `json:"budget"` // seconds
	Spent        float64            `json:"spent"`
	Modes        []plan.FailureMode `json:"modes"`
	Control      plan.Control       `json:"control"`
	Ended        string             `json:"ended"`            // why, as the journal names it; died: its process did
	Detail       string             `json:"detail,omitempty"` // of Ended
	Journeys     []Journey          `json:"journeys"`
	Dependencies []Dependency       `json:"dependencies"` // in the order of the system's document
	Pools        []Cell             `json:"pools,omitempty"`
	Pairs        []Cell             `json:"pairs,omitempty"`
	// Findings are all of them, most important first. [Map.Top] are those that are shown.
	Findings []Finding `json:"findings,omitempty"`
	// Addresses is a digest of the environment and of where journeys and proxies lead: the
	// same documents may take other ones from the process environment.
	Addresses string `json:"addresses,omitempty"`
	Since     string `json:"since,omitempty"` // the id of the scan that cells were taken over from
}

// Journey is a kind of journey that the scan sent.
type Journey struct {
	Name      string  `json:"name"`
	Limit     float64 `json:"limit"`
	Rate      float64 `json:"rate"`       // per second, over all arms
	SlowAfter float64 `json:"slow_after"` // seconds that it may take
	Harmed    int     `json:"harmed"`     // in the baseline, of Of
	Of        int     `json:"of"`
	Late      float64 `json:"late,omitempty"` // seconds for which this machine held one in a hundred up, in the baseline
}

// Dependency is one row of the map.
type Dependency struct {
	Name     string `json:"name"`
	Declared string `json:"declared,omitempty"` // hard or soft
	Owner    string `json:"owner,omitempty"`
	// Behaves is hard: journeys were harmed beyond their limit in a mode; soft: in none of
	// those that were tried, hang and refuse among them; breaks: an invariant broke and no
	// journey was harmed; absent where that is not known.
	Behaves string `json:"behaves,omitempty"`
	// Exercised reports whether journeys call it; absent where the server does not count.
	Exercised *bool    `json:"exercised,omitempty"`
	Calls     *float64 `json:"calls,omitempty"` // per journey of the fault arm, in the baseline
	Cells     []Cell   `json:"cells"`           // one for each mode, in the order of the map's
	// BreakingPoint is absent where it was not searched.
	BreakingPoint *BreakingPoint `json:"breaking_point,omitempty"`
	// Fallbacks are the dependencies that are called instead while this one fails.
	Fallbacks []Fallback `json:"fallbacks,omitempty"`
}

// A Verdict is what is known of a cell.
type Verdict string

// Verdicts on a cell.
const (
	Harmful      Verdict = "harmful"       // harm of a journey is beyond its limit, or an invariant broke
	Harmless     Verdict = "harmless"      // harm of every journey is within its limit
	Undecided    Verdict = "undecided"     // its time did not tell, or it was cut short
	NotMet       Verdict = "not_met"       // harmless so far, but the fault was met too rarely to say so
	NotExercised Verdict = "not_exercised" // no journey calls the dependency
	NotReached   Verdict = "not_reached"   // the budget, or the run, was over before
	Unavailable  Verdict = "unavailable"   // the mode cannot be caused in this dependency; Why says why
)

// Cell is what a scan knows of some faults at once.
type Cell struct {
	Number  int     `json:"number,omitempty"` // of the cell in the journal; of a pool where it cleared this one; 0: none was tried
	Pooled  bool    `json:"pooled,omitempty"` // a pool cleared it
	Faults  []Fault `json:"faults"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`    // more of the verdict: a code of the journal's, or a sentence where it is unavailable
	Detail  string  `json:"detail,omitempty"` // more of Why, in words
	// Significant reports whether it stays harmful where the share of wrong ones among all
	// harmful cells of the map is held to 5 %.
	Significant bool          `json:"significant,omitempty"`
	Seconds     float64       `json:"seconds,omitempty"`  // how long its faults were in force
	Back        *float64      `json:"back,omitempty"`     // seconds until the system was healthy again; absent: it was not, or nobody waited for it
	NotBack     bool          `json:"not_back,omitempty"` // it was not within its time
	Journeys    []CellJourney `json:"journeys,omitempty"`
	Broken      []Broken      `json:"broken,omitempty"`     // invariants
	Unsettled   []Broken      `json:"unsettled,omitempty"`  // invariants that it broke, or a cell before
	Unjudged    []string      `json:"unjudged,omitempty"`   // invariants that could not be asked
	TakenOver   bool          `json:"taken_over,omitempty"` // from the scan that [Map].Since names; Number is 0
}

// Fault is one fault of a cell.
type Fault struct {
	Dependency  string           `json:"dependency"`
	Mode        plan.FailureMode `json:"mode"`
	Inject      string           `json:"inject,omitempty"`
	Attributes  map[string]any   `json:"attributes,omitempty"`
	Description string           `json:"description,omitempty"` // "latency 1s"
	Met         *int64           `json:"met,omitempty"`         // absent where the server does not count it
	Of          *int64           `json:"of,omitempty"`
}

// CellJourney is what one kind of journey met in a cell.
type CellJourney struct {
	Journey  string  `json:"journey"`
	Verdict  Verdict `json:"verdict"`  // harmful, harmless or undecided
	Estimate float64 `json:"estimate"` // of the share harmed beyond the control
	Low      float64 `json:"low"`      // bounds of 95 % that hold at any time
	High     float64 `json:"high"`
	Harmed   int     `json:"harmed"` // of the fault arm, of N
	N        int     `json:"n"`
	// ControlHarmed of ControlN is what it is compared with: the control at the same time,
	// or the healthy time before.
	ControlHarmed int     `json:"control_harmed"`
	ControlN      int     `json:"control_n"`
	HarmfulE      float64 `json:"harmful_e"` // e-values
	HarmlessE     float64 `json:"harmless_e"`
	// Late is for how many seconds this machine held one journey in a hundred up, at the least.
	// ControlShed are those of the control at the same time that could not be started.
	Late        float64 `json:"late,omitempty"`
	ControlShed int     `json:"control_shed,omitempty"`
	Class       string  `json:"class,omitempty"` // of the most frequent cause of harm, as the journal names it
	Cause       string  `json:"cause,omitempty"` // the same in words, with an example of what came back
}

// Broken is an invariant that broke in a cell.
type Broken struct {
	Invariant  string   `json:"invariant"`
	Violations float64  `json:"violations"`
	Detail     string   `json:"detail,omitempty"`
	Keys       []string `json:"keys,omitempty"`
	// Or are faults that were in force so shortly before that they may have broken it as well.
	Or []Fault `json:"or,omitempty"`
}

// BreakingPoint is at which latency of a dependency journeys are harmed beyond the limit.
type BreakingPoint struct {
	Levels []Level `json:"levels"`          // every latency that was tried, shortest first
	Edges  []Edge  `json:"edges,omitempty"` // none: no level is harmful, or none harmless
	// Kind says how to read it: never (harmless up to the longest level), always (harmful
	// from the shortest level on), sharp (the edges are brackets), gradual (harm grows too
	// slowly for a narrow bracket), open (the budget was over).
	Kind string `json:"kind"`
	// P99 is the 99th percentile of the dependency's own latency as its callers see it
	// without a fault; absent where it is not known.
	P99 *float64 `json:"p99,omitempty"`
	// P99AtLeast is that callers gave up so often that P99 is only a bound: the percentile is
	// not shorter.
	P99AtLeast bool `json:"p99_at_least,omitempty"`
	TakenOver  bool `json:"taken_over,omitempty"`
}

// Level is one latency that was tried.
type Level struct {
	Latency  float64       `json:"latency"`
	Number   int           `json:"number"` // of the cell in the journal
	Verdict  Verdict       `json:"verdict"`
	Why      string        `json:"why,omitempty"` // as a cell's
	Seconds  float64       `json:"seconds,omitempty"`
	NotBack  bool          `json:"not_back,omitempty"`
	Journeys []CellJourney `json:"journeys"`
	Broken   []Broken      `json:"broken,omitempty"`
	// Unsettled are as a cell's.
	Unsettled []Broken `json:"unsettled,omitempty"`
}

// Edge is where the verdict changes, between two levels.
type Edge struct {
	Low   float64 `json:"low"` // latencies
	High  float64 `json:"high"`
	Rises bool    `json:"rises"` // from harmless to harmful as latency grows
}

// Fallback is a dependency that is called instead.
type Fallback struct {
	To     string           `json:"to"`
	Mode   plan.FailureMode `json:"mode"`   // of the dependency that fails
	Number int              `json:"number"` // of the cell
	Calls  float64          `json:"calls"`  // per journey, under the fault
	Before float64          `json:"before"` // per journey, in the baseline
}

// A FindingCode says what kind of weakness a finding is.
type FindingCode string

// Codes of findings.
const (
	BrokenInvariant FindingCode = "broken_invariant" // an invariant broke, such as charged although it failed
	SoftBehavesHard FindingCode = "soft_behaves_hard"
	HangWorse       FindingCode = "hang_worse_than_refuse" // journeys do without it when it refuses, not when it hangs: a time-out is missing or too long
	NoTimeout       FindingCode = "no_timeout"             // journeys hang for as long as it hangs
	LowBreaking     FindingCode = "breaking_point_below_p99"
	FallbackHarms   FindingCode = "fallback_harms" // harmless alone, harmful when its fallback fails as well
	NotBack         FindingCode = "not_back"       // the system did not recover by itself
	HardHarms       FindingCode = "hard_harms"     // of a dependency of which nothing is declared
)

// MostFindings is how many findings are shown.
const MostFindings = 5

// Finding is a weakness that the scan found.
type Finding struct {
	Code       FindingCode `json:"code"`
	Dependency string      `json:"dependency"`
	Other      string      `json:"other,omitempty"` // a fallback
	// Pool are those that failed together, Dependency among them, where it is not known
	// which of them it is.
	Pool []string `json:"pool,omitempty"`
	// Or are others that failed shortly before and may have broken the invariant in its place.
	Or        []string           `json:"or,omitempty"`
	Modes     []plan.FailureMode `json:"modes,omitempty"`
	Cells     []int              `json:"cells"`             // numbers of the cells that show it
	Journey   string             `json:"journey,omitempty"` // harmed most
	Estimate  float64            `json:"estimate,omitempty"`
	Low       float64            `json:"low,omitempty"`
	High      float64            `json:"high,omitempty"`
	Invariant string             `json:"invariant,omitempty"`
	// Latency is the lower end of a breaking point, or where no mode shows it and a level
	// of the search does, the shortest such level; in seconds.
	Latency float64 `json:"latency,omitempty"`
}
