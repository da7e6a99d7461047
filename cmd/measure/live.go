package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A watched run is one whose page so many observers read.
type watchedRun struct {
	observers int // -1: there is no page
	lasts     time.Duration
}

func (w watchedRun) String() string {
	if w.observers < 0 {
		return "no page"
	}
	return fmt.Sprintf("%d observers", w.observers)
}

// defineLive: the same run without a page, with a page that nobody reads, and with observers,
// one after the other in rounds. The page may cost a twentieth of a processor.
func defineLive(f *flag.FlagSet) func(context.Context, *printer) error {
	rounds := f.Int("rounds", 3, "how often each is run")
	observers := f.Int("observers", 20, "who read the page at once")
	lasts := f.Duration("for", 30*time.Second, "how long journeys are sent")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		kinds := []watchedRun{{-1, *lasts}, {0, *lasts}, {*observers, *lasts}}
		used := make([]float64, len(kinds))
		for range *rounds {
			for i, w := range kinds {
				share, perSecond, err := w.measure(ctx, cmd)
				if err != nil {
					return fmt.Errorf("%s: %w", w, err)
				}
				used[i] += share / float64(*rounds)
				out.printf("%-14s %5.1f %% of a processor, %.1f kB of events a second for each\n", w, 100*share, perSecond/1e3)
			}
		}
		page, read := used[1]-used[0], used[2]-used[1]
		out.printf("the page costs %.1f %% of a processor, and %d observers %.1f %%\n", 100*page, *observers, 100*read)
		if page+read > 0.05 {
			return errors.New("the page costs more than a twentieth of a processor")
		}
		return nil
	}
}

// observerURL is what a run prints of its page.
var observerURL = regexp.MustCompile(`live\s+(http://\S+)`)

// measure returns the share of a processor that a run used, and how many bytes of events an
// observer got in a second.
func (w watchedRun) measure(ctx context.Context, cmd *command) (share, perSecond float64, err error) {
	dir, err := cmd.dir()
	if err != nil {
		return 0, 0, err
	}
	s, err := systemtest.Start(dir, systemtest.Options{
		Control: systemtest.Calls, Rate: "50/s", Limits: "{blast_radius: 100%}",
		Phases: fmt.Sprintf("{warmup: 1s, baseline: %[1]s, fault: %[1]s, recovery: %[1]s}", w.lasts/3),
	})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	args := []string{"run", "-f", systemtest.SystemFile, "--progress", "none", "--out", "run", systemtest.ExperimentFile}
	if w.observers >= 0 {
		args = append(args, "--live")
	}
	run := cmd.exec(ctx, dir, args...)
	said := &syncBuffer{}
	run.Stdout, run.Stderr = said, said
	began := time.Now()
	if err := run.Start(); err != nil {
		return 0, 0, err
	}
	ended := make(chan struct{})
	read := w.watch(ctx, said, ended)
	_ = run.Wait() // its exit code is a verdict
	close(ended)
	took := time.Since(began)
	if n := read(); w.observers > 0 {
		perSecond = float64(n) / float64(w.observers) / took.Seconds()
		if n == 0 {
			return 0, 0, fmt.Errorf("nobody could read:\n%s", said)
		}
	}
	return (run.ProcessState.UserTime() + run.ProcessState.SystemTime()).Seconds() / took.Seconds(), perSecond, nil
}

// watch reads events as so many observers, once the run has said where. The function that it
// returns waits for their end, and says how many bytes all have got.
func (w watchedRun) watch(ctx context.Context, said *syncBuffer, ended <-chan struct{}) (read func() int64) {
	var all sync.WaitGroup
	var bytes atomic.Int64
	for range max(0, w.observers) {
		all.Go(func() {
			for observerURL.FindStringSubmatch(said.String()) == nil {
				select {
				case <-ended:
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
			url := strings.Replace(observerURL.FindStringSubmatch(said.String())[1], "/?", "/events?", 1)
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return // so nobody has read anything, which is told
			}
			n, _ := io.Copy(io.Discard, resp.Body) // the run may end in the middle
			_ = resp.Body.Close()                  // it was only read
			bytes.Add(n)
		})
	}
	return func() int64 { all.Wait(); return bytes.Load() }
}

// A syncBuffer is a buffer that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(text)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
