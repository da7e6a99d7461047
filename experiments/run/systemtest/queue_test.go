package systemtest_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// service is what a call of the queue takes.
const service = 200 * time.Millisecond

// A trigger that lasts too long keeps the queue down when it is gone, and a shorter one
// does not: the same queue that is measured with real time, in fake time.
func TestRetriesKeepTheQueueDown(t *testing.T) {
	t.Parallel()
	for lasts, stays := range map[time.Duration]bool{10 * time.Second: true, 8 * time.Second: false} {
		t.Run(lasts.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got, took := staysDown(t.Context(), lasts)
				if got != stays || (took-service).Abs() > service/200 { // the slow calls are the fewer
					t.Errorf("after %s it stays down: %v; calls mostly took %s", lasts, got, took)
				}
			})
		})
	}
}

// staysDown slows the calls of a queue down for a while, and reports whether most of the
// visits half a minute later are not answered, and how long calls mostly took.
func staysDown(ctx context.Context, lasts time.Duration) (stays bool, took time.Duration) {
	const every, overhead = time.Second / 40, 7 * time.Millisecond // such as a busy machine has
	began := time.Now()
	slow := func() bool { since := time.Since(began); return since > time.Second && since < time.Second+lasts }
	q := &systemtest.Queue{Workers: 20, Service: service, Patience: 3600 * time.Millisecond, Attempts: 4}
	q.Start(func() bool {
		if slow() {
			time.Sleep(4 * service)
		}
		time.Sleep(service - q.Spare() + overhead)
		return true
	})
	defer q.Close()
	var visits sync.WaitGroup
	var late, failed atomic.Int64
	for time.Since(began) < lasts+35*time.Second {
		counts := time.Since(began) > lasts+30*time.Second
		visits.Go(func() {
			answered := q.Visit(ctx)
			if counts {
				late.Add(1)
			}
			if counts && !answered {
				failed.Add(1)
			}
		})
		time.Sleep(every)
	}
	visits.Wait()
	return 2*failed.Load() > late.Load(), q.Took()
}
