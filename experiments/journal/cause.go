package journal

import (
	"slices"
	"time"
)

// A Cause is the class of why a journey was harmed.
type Cause uint8

// Causes of harm. Their numbers are in observations on disk.
const (
	NoCause    Cause = iota
	Timeout          // no answer in time
	Status           // a status that was not expected
	Broken           // the connection or the answer broke in another way
	Shed             // it could not be started: too many in flight
	Refused          // nobody listens at the address
	Reset            // the connection was reset
	Closed           // the connection was closed before the answer was whole
	TLS              // TLS was not agreed on, or the certificate is not trusted
	DNS              // a name has no address
	NotAllowed       // the host may not be dialled
	TooLarge         // the answer needs more memory than there is for it
	Unmet            // answered, and an expectation or a capture was not met
	TooSlow          // answered, and later than the budget
	Redirects        // redirected more often, or to where, the step does not follow
	Counted          // a counter of the system counts it as harmed, and nobody knows why
	lastCause  = Counted
)

// causes are the names of causes, in the order of their numbers, as result.json has
// them.
func causes() []string {
	return []string{"", "timeout", "status", "error", "shed", "refused", "reset", "closed", "tls", "dns", "not_allowed", "too_large", "check", "slow", "redirects", "counted"}
}

func (c Cause) String() string { return causes()[c] }

// CauseNamed returns the cause with a name. It reports false where there is none.
func CauseNamed(name string) (Cause, bool) {
	i := slices.Index(causes(), name)
	return Cause(max(i, 0)), i > 0
}

// What keys of [Redirects] say beside how many are followed.
const (
	Loop       = "loop"        // they lead back to where they came from
	SecretBody = "secret_body" // they would take a secret in a body to another host
)

// What an experiment's causes are bounded by. Journeys beyond that count under their
// class alone.
const (
	MaxCauses   = 300 // of an experiment
	MaxExamples = 3   // of a cause
	MaxKey      = 160 // bytes of a key
	MaxExcerpt  = 300 // bytes of an answer's body in an example
)

// A SeenCause introduces a cause of harm, with the first example of it, or brings
// another example. Nothing in it is a secret.
type SeenCause struct {
	Number  int    `json:"number"` // within the experiment, from 1: [Observation].Why
	Journey string `json:"journey"`
	Step    string `json:"step,omitempty"` // that was answered as the class says; none where journeys were shed
	Class   string `json:"class"`          // the name of a [Cause]
	// Key tells causes of a class apart: the status code; the address (host:port) that
	// refused, reset, closed, timed out or did not agree on TLS; the name without an
	// address; the host that is not allowed; the expectation or the capture as it is
	// written; the budget as a duration, such as 3s; how many redirects are followed,
	// [Loop] or [SecretBody].
	Key     string   `json:"key,omitempty"`
	Example *Example `json:"example,omitempty"`
}

// An Example is one harmed journey. Its texts are masked, and cut.
type Example struct {
	Arm         string        `json:"arm"`
	Intended    time.Duration `json:"intended"` // when the journey was to start, as [Event].Since, in nanoseconds
	Status      int           `json:"status,omitempty"`
	Location    string        `json:"location,omitempty"`
	ContentType string        `json:"content_type,omitempty"`
	RetryAfter  string        `json:"retry_after,omitempty"`
	Body        string        `json:"body,omitempty"`       // its beginning
	Expected    string        `json:"expected,omitempty"`   // a value, or statuses
	Found       string        `json:"found,omitempty"`      // in place of it
	Detail      string        `json:"detail,omitempty"`     // what was wrong, in words
	Trace       string        `json:"trace,omitempty"`      // by which logs and traces find the request
	RequestID   string        `json:"request_id,omitempty"` // the system's own name for it, where that is another one
}
