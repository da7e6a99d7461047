package checkout

import (
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// A pace is how long a dependency takes to answer: a random time between min and
// max, from a seeded sequence. Requests draw from it without a lock, so that a
// request of one arm never waits for a request of the other.
type pace struct {
	min, max time.Duration
	seed     uint64
	drawn    atomic.Uint64
}

// next returns a generator for the next request. How often it is drawn from does
// not change what later requests get.
func (p *pace) next() *rand.Rand {
	return rand.New(rand.NewPCG(p.seed, p.drawn.Add(1)))
}

// wait sleeps for as long as the dependency takes. It does not end early when the
// caller leaves: real services finish what they began.
func (p *pace) wait() { time.Sleep(p.duration()) }

func (p *pace) duration() time.Duration {
	return p.min + time.Duration(p.next().Int64N(int64(p.max-p.min)+1))
}

// paced makes a handler wait before it answers.
func (p *pace) paced(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.wait()
		next(w, r)
	}
}

// chance reports true for percent of its calls.
func (p *pace) chance(percent ratio) bool {
	return p.next().Int64N(100*int64(one)) < int64(percent)
}
