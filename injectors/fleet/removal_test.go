package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Servers that do not answer take no time of the others, neither of their first attempt nor
// of the next.
func TestDeadServersHoldUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var urls []string
		for i := range 65 {
			urls = append(urls, fmt.Sprintf("http://127.0.1.%d:1", 101+i))
		}
		last := urls[64]
		f := New(Options{System: &experiments.System{Dependencies: []experiments.Dependency{{Name: "payments", Toxiproxy: urls}}}})
		began := time.Now()
		var mu sync.Mutex
		attempts, clean := 0, time.Duration(-1)
		err := f.revert(t.Context(), plan.Fault{Fault: experiments.Fault{Into: "payments"}}, func(_ context.Context, s *server) error {
			if s.url != last {
				time.Sleep(5 * time.Second)
				return errors.New("no answer")
			}
			mu.Lock()
			defer mu.Unlock()
			if attempts++; attempts < 3 {
				return errors.New("a stumble")
			}
			clean = time.Since(began)
			return nil
		})
		if err == nil || count(err) != 64 || clean < 0 || clean > time.Second || time.Since(began) > 6*time.Second {
			t.Errorf("%d errors after %s, the last server is clean after %s", count(err), time.Since(began), clean)
		}
	})
}

// What the watching of a fault waits for does not hold up its removal.
func TestARemovalWaitsForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := func(context.Context, experiments.DNSName) ([]netip.Addr, error) {
			time.Sleep(time.Hour)
			return nil, errors.New("no answer")
		}
		f := New(Options{System: &experiments.System{Toxiproxy: "dns://payments.test:1"}, LookUp: hangs})
		c := &carried{fault: plan.Fault{Name: "slow"}, group: f.groups[0], rows: map[string]*row{}}
		f.faults["slow"] = c
		f.startWatch(c)
		time.Sleep(2 * time.Second) // the look-up is under way
		began := time.Now()
		f.endWatch("slow")
		if took := time.Since(began); took > endTimeout {
			t.Errorf("the removal begins after %s", took)
		}
		if err := c.touch("http://127.0.0.2:1"); !errors.Is(err, errRemoving) {
			t.Errorf("touch() = %v", err)
		}
		time.Sleep(2 * time.Hour) // the look-up ends
	})
}
