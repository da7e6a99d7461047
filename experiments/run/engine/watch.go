package engine

import (
	"context"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// watchGrace is how long the end of an experiment waits for who watches beside it.
const watchGrace = 2 * time.Second

// watch starts what is watched beside the journeys. The function that it returns ends it:
// nothing is recorded of it from then on, also where it hangs.
func (x *experimentRun) watch(ctx context.Context) (done func()) {
	if x.options.Watch == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it sees the removal after an interruption
	var mu sync.Mutex
	over := false
	record := func(e journal.Event) {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			x.recordBeside(e.Kind, e)
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer x.catchPanic("watching")
		x.options.Watch(ctx, x.index, x.log.epoch, record)
	}()
	return func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(watchGrace):
		}
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
}
