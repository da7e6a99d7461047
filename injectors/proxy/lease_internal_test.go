package proxy

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// names collects the runs whose leases expire: timers call add.
type names struct {
	mu  sync.Mutex
	all []string
}

func (n *names) add(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, name)
	return nil
}

func (n *names) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.all)
}

// A lease that is renewed in time does not expire, and one that is not does, once.
func TestLeasesExpireWhenTheyAreNotRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var expired names
		l := newLeases(expired.add)
		defer l.close()
		for range 20 {
			if err := l.acquire("a", 10*time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10*time.Second - time.Nanosecond)
			synctest.Wait()
		}
		if err := l.acquire("b", time.Second); err == nil || len(expired.list()) > 0 {
			t.Fatalf("while run a renews its lease, %q have expired and run b gets %v", expired.list(), err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !slices.Equal(expired.list(), []string{"a"}) || len(l.list()) > 0 {
			t.Errorf("a minute later %q have expired and %v are left", expired.list(), l.list())
		}
		if err := l.acquire("b", time.Second); err != nil {
			t.Errorf("after run a's lease, run b gets %v", err)
		}
	})
}

// The toxics of a run that never asked for a lease get the default time, from the
// last toxic on.
func TestToxicsWithoutALeaseExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var expired names
		l := newLeases(expired.add)
		defer l.close()
		for range 3 {
			if err := l.ensure("a"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(leaseFor - time.Millisecond)
			synctest.Wait()
		}
		if len(expired.list()) > 0 {
			t.Fatalf("%q expired early", expired.list())
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if !slices.Equal(expired.list(), []string{"a"}) {
			t.Errorf("after %s %q have expired", leaseFor, expired.list())
		}
	})
}

// A run that was released is refused for as long as its calls may still arrive.
func TestAReleasedRunIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLeases(func(string) error { return nil })
		defer l.close()
		l.release("a")
		time.Sleep(rememberReleased - time.Nanosecond)
		if l.ensure("a") == nil || l.acquire("a", time.Second) == nil {
			t.Error("a released run goes on")
		}
		time.Sleep(time.Nanosecond)
		if err := l.acquire("a", time.Second); err != nil {
			t.Errorf("long after its release: %v", err)
		}
	})
}

// Toxics that could not be removed are removed when that can be done: until then the
// server comes back to them.
func TestALeaseComesBackToWhatItCouldNotRemove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tried := 0
		l := newLeases(func(string) error {
			if tried++; tried < 4 {
				return errors.New("the port is taken")
			}
			return nil
		})
		defer l.close()
		if err := l.acquire("a", 10*time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + 2*removeAgain + time.Nanosecond)
		synctest.Wait()
		if tried != 3 {
			t.Errorf("tried %d times, want 3", tried)
		}
		if list := l.list(); len(list) != 0 {
			t.Errorf("the run has the server still: %+v", list)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if tried != 4 {
			t.Errorf("tried %d times after an hour, want 4", tried)
		}
	})
}
