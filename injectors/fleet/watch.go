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
			f.follow(ctx, c, w)
		}
	})
	c.stop = func() { cancel(); w.calls.Wait() }
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

// endWatch ends the watching of a fault whose removal begins. What was under way is cut
// off.
func (f *Fleet) endWatch(fault string) {
	c := f.carriedFault(fault)
	if c == nil {
		return
	}
	c.mu.Lock()
	stop := c.stop
	c.removing, c.stop = true, nil
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// follow looks once who has come and who has gone.
func (f *Fleet) follow(ctx context.Context, c *carried, w *watch) {
	known := f.refresh(ctx, c.group) == nil // else what was there before counts as there
	urls := c.group.list()
	on := c.in(journal.InForce, journal.Joining, journal.InstanceFailed)
	if known {
		gone := slices.DeleteFunc(slices.Clone(on), func(url string) bool { return slices.Contains(urls, url) })
		for _, s := range f.at(gone, c.group) {
			w.start(s, func(s *server) { f.leave(ctx, c, s) })
		}
		on = slices.DeleteFunc(on, func(url string) bool { return slices.Contains(gone, url) })
	}
	in, failed := c.in(journal.InForce), c.in(journal.InstanceFailed)
	for _, s := range f.at(choose(c.fault, urls, c.seed, on), c.group) {
		switch {
		case slices.Contains(in, s.url):
			continue
		case !slices.Contains(failed, s.url):
			c.set(s.url, journal.Joining, "")
		}
		w.start(s, func(s *server) { f.join(ctx, c, s) })
	}
}

// join puts a fault on a server that has come, or come back.
func (f *Fleet) join(ctx context.Context, c *carried, s *server) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	if c.isProven(s.url) {
		if e, err := s.driver.Check(ctx, c.fault); err == nil && e.Present && s.hasLease() {
			c.saw(s.url, e) // it was only out of sight
			return
		}
	}
	if c.isProven(s.url) {
		s.forgetLease() // it may be another process by now, which has none
	}
	err := f.injectOn(ctx, c, s)
	if err != nil && !c.isRemoving() {
		c.set(s.url, journal.InstanceFailed, err.Error())
	}
}

// leave takes in that a server has left its name: what is there still is removed if it
// answers, and its lease is not renewed any more, so that it lapses with the toxics.
func (f *Fleet) leave(ctx context.Context, c *carried, s *server) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	touched := c.isTouched(s.url)
	if !touched {
		c.forget(s.url)
	} else {
		c.set(s.url, journal.InstanceLeft, "")
	}
	s.mu.Lock()
	s.left = true
	release := s.release
	s.release, s.leased = nil, false
	s.mu.Unlock()
	if touched {
		f.takeBack(ctx, c, s)
	}
	if release != nil {
		_ = release(ctx) // it lapses
	}
}

// takeBack removes a fault from a server that has left its name, if it answers.
func (f *Fleet) takeBack(ctx context.Context, c *carried, s *server) {
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
	return s.leased
}

// forgetLease makes the next use of a server take a lease anew.
func (s *server) forgetLease() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leased = false
}
