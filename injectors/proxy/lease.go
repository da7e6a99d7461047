package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// leaseFor is how long a run's toxics live when it never asked for a lease.
const leaseFor = 10 * time.Second

// maxLease bounds what may be asked for.
const maxLease = 10 * time.Minute

// goneFor is how long a run whose lease was released is remembered: what it sent
// before arrives sooner, or never.
const goneFor = 10 * time.Minute

// leases say which runs are alive. A run that holds one is alone on the server;
// when it stops renewing, its toxics die with the lease. One that was released is
// over for good: the run may have died in the middle of a call, and whoever
// tidied up after it would not see that call take effect.
type leases struct {
	lapsed func(run string) // removes the run's toxics; called without mu, by a timer

	mu   sync.Mutex
	runs map[string]*runLease
	gone map[string]time.Time // runs that were released, and when
	shut bool
}

type runLease struct {
	until time.Time
	holds bool // it was asked for, so nobody else gets one
	timer *time.Timer
}

func newLeases(lapsed func(run string)) *leases {
	return &leases{lapsed: lapsed, runs: map[string]*runLease{}, gone: map[string]time.Time{}}
}

// acquire gives a run the server, or more time with it.
func (l *leases) acquire(run string, lasts time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.over(run); err != nil {
		return err
	}
	for other, lease := range l.runs {
		if lease.holds && other != run {
			return &apiError{"run " + other + " is using this server", http.StatusConflict}
		}
	}
	l.extend(run, lasts)
	l.runs[run].holds = true
	return nil
}

// born gives the toxics of a run that holds no lease the time that a lease has by
// default. A run that is over has no more toxics.
func (l *leases) born(run string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.over(run); err != nil {
		return err
	}
	if lease := l.runs[run]; run != "" && (lease == nil || !lease.holds) {
		l.extend(run, leaseFor)
	}
	return nil
}

// over tells whether a run was released. The caller holds mu.
func (l *leases) over(run string) error {
	if at, gone := l.gone[run]; gone && time.Since(at) < goneFor {
		return &apiError{"run " + run + " has released this server: it is over", http.StatusGone}
	}
	return nil
}

// extend lets a run live until then. The caller holds mu.
func (l *leases) extend(run string, lasts time.Duration) {
	if l.shut {
		return
	}
	lease := l.runs[run]
	if lease == nil {
		lease = &runLease{}
		l.runs[run] = lease
		lease.timer = time.AfterFunc(lasts, func() { l.lapse(run, lease) })
	}
	lease.until = time.Now().Add(lasts)
	lease.timer.Reset(lasts)
}

// lapse ends a lease that nobody renewed.
func (l *leases) lapse(run string, lease *runLease) {
	l.mu.Lock()
	if l.shut || l.runs[run] != lease {
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
	l.lapsed(run)
}

// release ends a run, and tells whether it had a lease. What the run left behind
// is the caller's to remove.
func (l *leases) release(run string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.gone, func(_ string, at time.Time) bool { return time.Since(at) >= goneFor })
	l.gone[run] = time.Now()
	lease := l.runs[run]
	if lease == nil {
		return false
	}
	lease.timer.Stop()
	delete(l.runs, run)
	return lease.holds
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
		if lease.holds {
			list = append(list, leaseView{run, max(0, time.Until(lease.until).Seconds())})
		}
	}
	slices.SortFunc(list, func(a, b leaseView) int { return strings.Compare(a.Run, b.Run) })
	return list
}

func (l *leases) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = true
	for _, lease := range l.runs {
		lease.timer.Stop()
	}
}
