package checkout

import (
	"net/http"
	"sync/atomic"
	"time"
)

// A pace is how long a dependency takes to answer: somewhere between min and
// max, from a seeded sequence. Requests draw from it without a lock, so that
// the dependency of one arm can never wait for a request of the other.
type pace struct {
	min, max time.Duration
	seed     uint64
	drawn    atomic.Uint64
}

// next returns a number from the sequence (splitmix64).
func (p *pace) next() uint64 {
	z := p.seed + p.drawn.Add(1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// wait takes the dependency's time. It does not end early when the caller
// leaves: real services finish what they began.
func (p *pace) wait() {
	time.Sleep(p.min + time.Duration(p.next()%uint64(p.max-p.min+1)))
}

// paced returns next behind the dependency's time.
func (p *pace) paced(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.wait()
		next(w, r)
	}
}

// percent reports true for share percent of its calls.
func (p *pace) percent(share ratio) bool {
	return int64(p.next()%(100*uint64(one))) < int64(share)
}
