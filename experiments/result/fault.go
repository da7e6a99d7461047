package result

import "time"

// Fault is one fault with the evidence that it was there and is gone.
type Fault struct {
	Name        string         `json:"name"`
	Inject      string         `json:"inject"`
	Into        string         `json:"into"`
	Proxy       string         `json:"proxy,omitempty"`
	Attributes  map[string]any `json:"attributes"`
	Share       float64        `json:"share"`
	Description string         `json:"description"` // "latency 2s, jitter 250ms"
	Exercised   Exercised      `json:"exercised"`
	// Caveats are what surprises about such a fault, whatever the run found.
	Caveats []string `json:"caveats,omitempty"`
	// Documents are those that a fault made bad; only of faults in config.
	Documents []Mutated `json:"documents,omitempty"`
	// Instances are the Toxiproxies that it was put on, where its dependency has some of its
	// own.
	Instances       []Instance       `json:"instances,omitempty"`
	Passed          map[string]int64 `json:"passed,omitempty"` // documents that passed unchanged, by reason
	Intended        bool             `json:"intended"`         // its injection was begun
	Injected        time.Time        `json:"injected,omitzero"`
	Removed         time.Time        `json:"removed,omitzero"`
	RemovalVerified bool             `json:"removal_verified"`
}

// A Mutated document is one version of a config document that a fault made bad. It has
// digests and a description, but not the text.
type Mutated struct {
	Name    string           `json:"name"` // the path that it was asked for by, or the file
	Before  string           `json:"before"`
	After   string           `json:"after"`
	What    string           `json:"what"`
	Where   []string         `json:"where,omitempty"` // JSON Pointers of what changed; none: the whole document
	Fetched int64            `json:"fetched"`         // how often the bad version was delivered
	By      map[string]int64 `json:"by,omitempty"`    // how often, by client, where that is known
}

// A Grade is how well it is known that a fault met traffic.
type Grade string

// Grades, the strongest first.
const (
	GradeCounted  Grade = "counted"  // the server counted what it touched
	GradeObserved Grade = "observed" // the fault arm shifted significantly
	GradeSparse   Grade = "sparse"   // counted, but far less than the baseline's calls let expect
	GradeProbed   Grade = "probed"   // only the probe of blastgauge met it, or the check of a fault by command
	GradeNo       Grade = "no"
)

// An UnmetCode is why a fault has GradeNo, for programs. Exercised.Note says it to
// people.
type UnmetCode string

// Reasons why a fault was not exercised.
const (
	UnmetNotInjected    UnmetCode = "not_injected"
	UnmetUnknown        UnmetCode = "unknown"              // the run did not write down what was met
	UnmetNoConnection   UnmetCode = "no_connection"        // came to the proxy
	UnmetNotDialled     UnmetCode = "upstream_not_dialled" // connections came, and the proxy could not reach the dependency
	UnmetNothingCounted UnmetCode = "nothing_counted"      // by the proxy
	UnmetNoMatch        UnmetCode = "no_match"             // requests came, or may have, and the fault matches others only
	UnmetShareTooLow    UnmetCode = "share_too_low"        // for so few
	UnmetOnlyIdle       UnmetCode = "only_idle_traffic"    // no more than without journeys
	UnmetNotFetched     UnmetCode = "document_not_fetched" // while it was bad
	UnmetUnchanged      UnmetCode = "document_unchanged"   // fetched, and none was changed
	UnmetNotRead        UnmetCode = "file_not_read"        // while it was bad
	UnmetNoEvidence     UnmetCode = "no_evidence"          // where nothing can be counted
)

// Exercised is the evidence that a fault met traffic.
type Exercised struct {
	Grade Grade     `json:"grade"`
	Unmet UnmetCode `json:"unmet,omitempty"`
	Met   int64     `json:"met,omitempty"` // connections or messages that it acted on
	Of    int64     `json:"of,omitempty"`
	// Expected is how many it would have met if journeys had called as often as in the
	// baseline; absent where that is not known.
	Expected  float64    `json:"expected,omitempty"`
	Note      string     `json:"note,omitempty"`
	Instances *Instances `json:"instances,omitempty"`
	// What the proxy saw while the fault was in force, where it counts and the fault met
	// nothing: connections that came, those for which it could not reach the dependency,
	// requests, and the most frequent kinds of those that did not match.
	Connections *int64   `json:"connections,omitempty"`
	DialFailed  int64    `json:"dial_failed,omitempty"`
	Requests    int64    `json:"requests,omitempty"`
	Missed      []Missed `json:"missed,omitempty"`
}

// Missed is a kind of request that came and did not match a fault: method and path, in
// which {id} stands for what tells things apart, a command or what a statement does.
type Missed struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
}
