package proxy

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// leaseFor is how long a run's toxics live when it never asked for a lease.
const leaseFor = 10 * time.Second

// maxLease bounds what may be asked for.
const maxLease = 10 * time.Minute

// leases say which runs are alive. A run that holds one is alone on the server;
// when it stops renewing, its toxics die with the lease.
type leases struct {
	lapsed func(run string) // removes the run's toxics; called without mu, by a timer

	mu   sync.Mutex
	runs map[string]*runLease
	shut bool
}

type runLease struct {
	until time.Time
	holds bool // it was asked for, so nobody else gets one
	timer *time.Timer
}

func newLeases(lapsed func(run string)) *leases {
	return &leases{lapsed: lapsed, runs: map[string]*runLease{}}
}

// acquire gives a run the server, or more time with it.
func (l *leases) acquire(run string, lasts time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
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
// default.
func (l *leases) born(run string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lease := l.runs[run]; run != "" && (lease == nil || !lease.holds) {
		l.extend(run, leaseFor)
	}
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

// release ends a run's lease, and tells whether it had one. What the run left
// behind is the caller's to remove.
func (l *leases) release(run string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
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

// nameForm is how blastgauge names the faults of a run.
var nameForm = regexp.MustCompile(`^blastgauge\.([a-z0-9][a-z0-9-]*)\.[0-9]+$`)

// runOf is the run that a toxic belongs to by its name; empty: to none.
func runOf(name string) string {
	if m := nameForm.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}
