package checkout

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// counters are the ground truth: the outcome of every checkout attempt, as the
// storefront itself saw it. Measurements from outside can be checked against them.
// Attempts are kept one by one, so that the counts of any window are exact.
type counters struct {
	mu       sync.Mutex
	all      outcomes
	inFlight int64
	seconds  map[int64][]attempt // by the Unix second of arrival
	calls    map[string]*atomic.Int64
}

// outcomes count finished attempts. A failed one was answered with anything but 2xx, or
// its client left first. A slow one was answered with 2xx after more than slowAfter. No
// attempt is both.
type outcomes struct {
	Total  int64 `json:"total"`
	Failed int64 `json:"failed"`
	Slow   int64 `json:"slow"`
}

type attempt struct {
	arrived time.Time
	failed  bool
	slow    bool
}

const (
	slowAfter = time.Second
	kept      = 15 * time.Minute // how long single attempts are remembered
)

func newCounters(dependencies []string) *counters {
	c := &counters{seconds: make(map[int64][]attempt), calls: make(map[string]*atomic.Int64)}
	for _, name := range dependencies {
		c.calls[name] = new(atomic.Int64)
	}
	return c
}

func (t *outcomes) add(a attempt) {
	t.Total++
	if a.failed {
		t.Failed++
	}
	if a.slow {
		t.Slow++
	}
}

// watch counts the attempts that next handles. A client that leaves is counted when it
// leaves, even if next goes on.
func (c *counters) watch(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		arrived := time.Now()
		c.begin()
		left := context.AfterFunc(r.Context(), func() {
			c.finish(attempt{arrived: arrived, failed: true})
		})
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next(sw, r)
		if !left() {
			return // the client was faster, and is counted
		}
		failed := sw.status/100 != 2
		c.finish(attempt{arrived: arrived, failed: failed, slow: !failed && time.Since(arrived) > slowAfter})
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (c *counters) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight++
}

func (c *counters) finish(a attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.all.add(a)
	second := a.arrived.Unix()
	if _, ok := c.seconds[second]; !ok { // once a second is often enough to forget
		oldest := time.Now().Add(-kept).Unix()
		maps.DeleteFunc(c.seconds, func(s int64, _ []attempt) bool { return s < oldest })
	}
	c.seconds[second] = append(c.seconds[second], a)
}

// second counts the attempts that arrived in one second.
type second struct {
	At time.Time `json:"at"`
	outcomes
}

type counted struct {
	Checkouts outcomes         `json:"checkouts"`
	InFlight  int64            `json:"in_flight"` // arrived, not finished; not part of Checkouts
	Seconds   []second         `json:"seconds"`
	Calls     map[string]int64 `json:"calls"` // requests sent, by dependency; never limited to a window
}

// report sums the attempts that arrived in [from, to); a zero time leaves that
// side open. Without either it is everything since the storefront opened.
func (c *counters) report(from, to time.Time) counted {
	answer := counted{Seconds: []second{}, Calls: make(map[string]int64, len(c.calls))}
	for name, n := range c.calls {
		answer.Calls[name] = n.Load()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	answer.InFlight = c.inFlight
	for _, s := range slices.Sorted(maps.Keys(c.seconds)) {
		sum := second{At: time.Unix(s, 0).UTC()}
		for _, a := range c.seconds[s] {
			if a.arrived.Before(from) || !to.IsZero() && !a.arrived.Before(to) {
				continue
			}
			sum.add(a)
			answer.Checkouts.add(a)
		}
		if sum.Total > 0 {
			answer.Seconds = append(answer.Seconds, sum)
		}
	}
	if from.IsZero() && to.IsZero() {
		answer.Checkouts = c.all // includes attempts that are too old for Seconds
	}
	return answer
}

// serve answers GET /counters?from=&to= (RFC 3339, fractions allowed).
func (c *counters) serve(w http.ResponseWriter, r *http.Request) {
	from, errFrom := parseInstant(r, "from")
	to, errTo := parseInstant(r, "to")
	if err := errors.Join(errFrom, errTo); err != nil {
		refuse(w, http.StatusBadRequest, "%v", err)
		return
	}
	if !from.IsZero() && time.Since(from) > kept {
		refuse(w, http.StatusBadRequest, "from must be within the last %v: older attempts are forgotten", kept)
		return
	}
	writeJSON(w, http.StatusOK, c.report(from, to))
}
