package proxy

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// leaseFor is how long a run's toxics stay when the run never asked for a lease.
const leaseFor = 10 * time.Second

// The shortest and the longest lease that a run can ask for.
const (
	minLease = time.Millisecond
	maxLease = 10 * time.Minute
)

// removeAgain is how long the server waits before it tries once more to remove toxics.
const removeAgain = time.Second

// rememberReleased is how long the server refuses calls of a run that was released.
// Calls that were sent before the release arrive sooner, or never.
const rememberReleased = 10 * time.Minute

// leases say which runs are alive. A run that has acquired one is alone on the server.
// When it stops renewing, its toxics are removed with the lease. A run that was
// released is over for good: it may have died in the middle of a call, which must not
// take effect after another process has cleaned up.
type leases struct {
	onExpiry func(run string) error // removes the run's toxics; a timer calls it, without mu

	mu       sync.Mutex
	runs     map[string]*runLease
	released map[string]released
	blocked  *Block // no run may begin, or go on; nil: runs may
	closed   bool
}

// A released is a run that is over for good.
type released struct {
	at    time.Time
	block *Block // that ended it; nil: none did
}

type runLease struct {
	until    time.Time
	acquired bool // the run asked for it, so no other run gets one
	timer    *time.Timer
}

func newLeases(lapsed func(run string) error) *leases {
	return &leases{onExpiry: lapsed, runs: map[string]*runLease{}, released: map[string]released{}}
}

// acquire gives a run the server, or more time with it. It refuses when another run
// has the server.
func (l *leases) acquire(run string, lasts time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.checkMay(run); err != nil {
		return err
	}
	for other, lease := range l.runs {
		if lease.acquired && other != run {
			return &apiError{"run " + other + " is using this server", http.StatusConflict}
		}
	}
	l.extend(run, lasts)
	l.runs[run].acquired = true
	return nil
}

// ensure is called for each new toxic. The toxics of a run without a lease get the
// default time. A run that was released may have no more toxics.
func (l *leases) ensure(run string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.checkMay(run); err != nil {
		return err
	}
	if lease := l.runs[run]; run != "" && (lease == nil || !lease.acquired) {
		l.extend(run, leaseFor)
	}
	return nil
}

// check returns an error when the run was released, or the server is blocked.
func (l *leases) check(run string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checkMay(run)
}

// checkMay returns an error when a run may not use the server. Toxics of no run may always.
// The caller holds mu.
func (l *leases) checkMay(run string) error {
	if l.blocked != nil && run != "" {
		return errBlocked(*l.blocked)
	}
	return l.checkReleased(run)
}

// checkReleased returns an error when the run was released. The caller holds mu.
func (l *leases) checkReleased(run string) error {
	if r, gone := l.released[run]; gone && time.Since(r.at) < rememberReleased {
		if r.block != nil { // it is told why, also when the block is lifted already
			return errBlocked(*r.block)
		}
		return &apiError{"run " + run + " has released this server: it is over", http.StatusGone}
	}
	return nil
}

// extend makes a run's lease last for so long from now. The caller holds mu.
func (l *leases) extend(run string, lasts time.Duration) {
	if l.closed {
		return
	}
	lease := l.runs[run]
	if lease == nil {
		lease = &runLease{}
		l.runs[run] = lease
		lease.timer = time.AfterFunc(lasts, func() { l.expire(run, lease) })
	}
	lease.until = time.Now().Add(lasts)
	lease.timer.Reset(lasts)
}

// expire ends a lease that was not renewed in time.
func (l *leases) expire(run string, lease *runLease) {
	l.mu.Lock()
	if l.closed || l.runs[run] != lease {
		l.mu.Unlock()
		return
	}
	if left := time.Until(lease.until); left > 0 { // renewed while the timer fired
		lease.timer.Reset(left)
		l.mu.Unlock()
		return
	}
	delete(l.runs, run)
	l.mu.Unlock()
	if l.onExpiry(run) != nil {
		l.comeBackTo(run)
	}
}

// comeBackTo makes a run whose toxics could not be removed lapse once more.
func (l *leases) comeBackTo(run string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.runs[run] == nil { // else it lapses anyway, if nobody renews it
		l.extend(run, removeAgain)
	}
}

// release ends a run, and reports whether it had a lease. The caller removes the run's
// toxics.
func (l *leases) release(run string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.released, func(_ string, r released) bool { return time.Since(r.at) >= rememberReleased })
	l.released[run] = released{at: time.Now()}
	lease := l.runs[run]
	if lease == nil {
		return false
	}
	lease.timer.Stop()
	delete(l.runs, run)
	return lease.acquired
}

// A leaseInput is a request for a lease.
type leaseInput struct {
	Run     string          `json:"run"`
	Seconds json.RawMessage `json:"seconds"` // a number; absent or null: leaseFor
}

// lasts returns how long the lease is to last. The number is compared before it becomes
// a duration: beyond some 292 years a duration overflows, and a lease that has lapsed
// when it begins takes the run's toxics with it.
func (in leaseInput) lasts() (time.Duration, error) {
	seconds := leaseFor.Seconds()
	if len(in.Seconds) > 0 {
		if err := json.Unmarshal(in.Seconds, &seconds); err != nil {
			return 0, errLeaseRange(string(in.Seconds))
		}
	}
	if !(seconds >= minLease.Seconds() && seconds <= maxLease.Seconds()) {
		return 0, errLeaseRange(string(in.Seconds))
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func errLeaseRange(got string) error {
	const most = 40
	return errRefused("seconds must be a number from %g to %g, got %.*s", minLease.Seconds(), maxLease.Seconds(), most, got)
}

// A leaseView is a lease as the API shows it.
type leaseView struct {
	Run     string  `json:"run"`
	Seconds float64 `json:"seconds"` // until it lapses
}

func (l *leases) list() []leaseView {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []leaseView{}
	for run, lease := range l.runs {
		if lease.acquired {
			list = append(list, leaseView{run, max(0, time.Until(lease.until).Seconds())})
		}
	}
	slices.SortFunc(list, func(a, b leaseView) int { return strings.Compare(a.Run, b.Run) })
	return list
}

func (l *leases) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, lease := range l.runs {
		lease.timer.Stop()
	}
}
