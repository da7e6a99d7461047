package fleet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

const (
	watchEvery   = time.Second
	joinTimeout  = 3 * time.Second // of one server that has come
	leaveTimeout = time.Second     // of the attempt to remove a fault from a server that has gone
)

// A watch lets servers come and go while a fault is in force.
type watch struct {
	calls sync.WaitGroup

	mu   sync.Mutex
	busy map[string]bool // servers with which something is under way
}

// startWatch starts the watch of a fault, which Revert ends.
func (f *Fleet) startWatch(c *carried) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removing {
		return
	}
	ctx, cancel := context.WithCancel(context.Background()) // ends with the fault, and not with its injection
	w := &watch{busy: map[string]bool{}}
	w.calls.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if ctx.Err() != nil {
				return
			}
			f.follow(ctx, c, w)
		}
	})
	stopped := make(chan struct{})
	c.stopped = stopped
	c.stop = func() {
		cancel()
		go func() { w.calls.Wait(); close(stopped) }()
	}
}

// start does something with a server beside all else, unless something is under way with it.
func (w *watch) start(s *server, do func(*server)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[s.url] {
		return
	}
	w.busy[s.url] = true
	w.calls.Go(func() {
		do(s)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.busy, s.url)
	})
}

// endTimeout is how long a removal waits for the watching of its fault to end.
const endTimeout = time.Second

// endWatch ends the watching of a fault whose removal begins. What was under way is cut
// off. What does not end in time, such as a disk that hangs, does not hold up the removal:
// from now on it puts the fault on no server, see [carried.touch].
func (f *Fleet) endWatch(fault string) {
	c := f.carriedFault(fault)
	if c == nil {
		return
	}
	c.mu.Lock()
	stop, stopped := c.stop, c.stopped
	c.removing, c.stop = true, nil
	c.mu.Unlock()
	if stop == nil {
		return
	}
	stop()
	select {
	case <-stopped:
	case <-time.After(endTimeout):
	}
}

// follow looks once who has come and who has gone.
func (f *Fleet) follow(ctx context.Context, c *carried, w *watch) {
	err := f.refresh(ctx, c.group)
	if ctx.Err() != nil {
		return
	}
	c.lookedUp(err)
	known := err == nil // else what was there before counts as there
	urls := c.group.staying()
	on := c.in(journal.InForce, journal.Joining, journal.InstanceFailed, journal.InstanceSilent)
	if known {
		gone := slices.DeleteFunc(slices.Clone(on), func(url string) bool { return slices.Contains(urls, url) })
		for _, s := range f.at(gone, c.group) {
			w.start(s, func(s *server) { f.leave(ctx, c, s) })
		}
		on = slices.DeleteFunc(on, func(url string) bool { return slices.Contains(gone, url) })
	}
	for _, s := range f.at(choose(c.fault, urls, c.seed, on), c.group) {
		if c.expect(s.url) && (f.runs() == "" || s.hasLease()) {
			continue
		}
		w.start(s, func(s *server) { f.join(ctx, c, s) })
	}
}

// join puts a fault on a server that has come, or come back.
func (f *Fleet) join(ctx context.Context, c *carried, s *server) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	if c.isProven(s.url) {
		if f.isBack(ctx, c, s) {
			return
		}
		s.forgetLease() // it may be another process by now, which has none
	}
	err := f.injectOn(ctx, c, s)
	if err != nil && !c.isRemoving() {
		c.set(s.url, journal.InstanceFailed, err.Error())
	}
}

// isBack reports whether a fault is in force on a server that was only out of sight. Where
// its lease is not renewed any more, it is taken again.
func (f *Fleet) isBack(ctx context.Context, c *carried, s *server) bool {
	defer c.look(s.url)()
	e, err := s.driver.Check(ctx, c.fault)
	if err != nil || !e.Present {
		return false
	}
	if run := f.runs(); run != "" && !s.hasLease() {
		s.returns()
		if err := f.lease(ctx, s, run); err != nil {
			return false
		}
		if e, err = s.driver.Check(ctx, c.fault); err != nil || !e.Present { // it lapsed before
			return false
		}
	}
	c.saw(s.url, e)
	return true
}

// leave takes in that a server has left its name: what is there still is removed if it
// answers, and its lease is not renewed any more, so that it lapses with the toxics. The
// lease is not ended: a server that knows the run to be over would refuse it when it comes
// back.
func (f *Fleet) leave(ctx context.Context, c *carried, s *server) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	touched := c.isTouched(s.url)
	if !touched {
		c.forget(s.url)
	} else {
		c.set(s.url, journal.InstanceLeft, "")
	}
	if !slices.ContainsFunc(s.in(), func(g *group) bool { return slices.Contains(g.staying(), s.url) }) { // else another dependency is behind it still
		f.stopRenewing(s)
	}
	if touched {
		f.takeBack(ctx, c, s)
	}
}

// stopRenewing makes the lease of a server that has left lapse. The end of the run still
// tries to end it.
func (f *Fleet) stopRenewing(s *server) {
	run := f.runs()
	s.mu.Lock()
	s.left = true
	stop := s.release
	if s.leased = false; stop != nil {
		s.release = func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
			defer cancel()
			return s.driver.Release(ctx, run)
		}
	}
	s.mu.Unlock()
	if stop != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = stop(ended) // nothing is sent
	}
}

// returns takes in that a server which has left is there again.
func (s *server) returns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = false
}

// runs is the run that has the leases; empty: none has.
func (f *Fleet) runs() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.run
}

// takeBack removes a fault from a server that has left its name, if it answers.
func (f *Fleet) takeBack(ctx context.Context, c *carried, s *server) {
	defer c.look(s.url)()
	if e, err := s.driver.Check(ctx, c.fault); err == nil && e.Present {
		c.saw(s.url, e) // the last that it has counted
		c.set(s.url, journal.InstanceLeft, "")
	}
	if err := s.driver.Revert(ctx, c.fault); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
		c.set(s.url, journal.InstanceLeft, err.Error())
	}
}

func (s *server) hasLease() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leased && !s.left
}

// forgetLease makes the next use of a server take a lease anew.
func (s *server) forgetLease() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leased = false
}
