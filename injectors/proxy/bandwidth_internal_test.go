package proxy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// The rate is what was asked for, also where every piece is taken a little late, as a busy
// machine takes it. Neither idle time nor a reader that stood still is made up for.
func TestBandwidthKeepsItsRate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		chunks   int           // of 32 kB, at 1,000 KB/s
		late     time.Duration // how seldom the reader looks: what is due is taken then
		before   time.Duration // how long the stream was idle
		stood    time.Duration // how long the reader did not read, after half of the chunks
		min, max time.Duration
	}{
		"on time":            {15, 0, 0, 0, 480 * time.Millisecond, 480 * time.Millisecond},
		"each a little late": {15, 10 * time.Millisecond, 0, 0, 480 * time.Millisecond, 490 * time.Millisecond},
		"after an hour":      {15, 10 * time.Millisecond, time.Hour, 0, 480 * time.Millisecond, 490 * time.Millisecond},
		"the reader stood":   {30, 0, 0, 10 * time.Second, 10*time.Second + 828*time.Millisecond, 10*time.Second + 961*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				input, output := make(chan *stream.StreamChunk), make(chan *stream.StreamChunk)
				stub := toxics.NewToxicStub(input, output)
				done := make(chan struct{})
				go func() { defer close(done); (&bandwidth{Rate: 1000}).Pipe(stub) }()
				time.Sleep(tt.before)
				begun := time.Now()
				go func() {
					for range tt.chunks {
						input <- &stream.StreamChunk{Data: make([]byte, 32_000), Timestamp: time.Now()}
					}
					close(input)
				}()
				got := 0
				for c, open := take(output, tt.late); open; c, open = take(output, tt.late) {
					if got += len(c.Data); got == tt.chunks/2*32_000 {
						time.Sleep(tt.stood)
					}
				}
				took := time.Since(begun)
				<-done
				if got != tt.chunks*32_000 || took < tt.min || took > tt.max {
					t.Errorf("%d bytes took %s, want %s to %s", got, took, tt.min, tt.max)
				}
			})
		})
	}
}

// take receives a chunk, as one that only looks so often; 0: as soon as it comes.
func take(output <-chan *stream.StreamChunk, every time.Duration) (c *stream.StreamChunk, open bool) {
	for every > 0 {
		time.Sleep(every)
		synctest.Wait()
		select {
		case c, open = <-output:
			return c, open
		default:
		}
	}
	c, open = <-output
	return c, open
}
