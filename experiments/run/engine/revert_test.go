package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A hungInjector does not listen to its context.
type hungInjector struct{ Injector }

func (hungInjector) Revert(context.Context, plan.Fault) error {
	time.Sleep(time.Minute)
	return errors.New("hung")
}

// Why a removal has no answer is told as it is: it took too long, what came before took
// all the time, or somebody ended the wait. None of them waited for nothing.
func TestWhyARemovalHasNoAnswer(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	for name, tt := range map[string]struct {
		limit, end time.Duration // of the context; 0: before the removal begins
		want       string
	}{
		"too long":           {limit: 3 * time.Second, end: time.Hour, want: "no answer within 3s"},
		"no time":            {limit: 0, end: time.Hour, want: "no time was left for it"},
		"ended before":       {limit: time.Hour, end: 0, want: "not waited for: enough"},
		"ended in the midst": {limit: time.Hour, end: time.Second, want: "not waited for: enough"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				time.AfterFunc(tt.end, func() { stop(enough) })
				ctx, cancel := context.WithTimeout(ctx, tt.limit)
				defer cancel()
				if tt.end == 0 {
					time.Sleep(time.Nanosecond)
					synctest.Wait()
				}
				f := plan.Fault{Name: "f", Fault: experiments.Fault{Inject: "latency"}}
				err := Revert(ctx, map[string]Injector{"latency": hungInjector{}}, []plan.Fault{f})[0]
				if err == nil || err.Error() != tt.want || errors.Is(err, enough) != (tt.limit > tt.end) {
					t.Errorf("Revert() = %v, want %s", err, tt.want)
				}
				time.Sleep(time.Minute) // nobody waits for the hung call but the bubble
			})
		})
	}
}
