package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

const (
	hostileTimeout = time.Second     // of a journey
	hostileSpare   = 8 * time.Second // that a run may take beyond its phases: journeys under way, the report
	hostileMost    = 300             // MB
	hostileTurn    = 10 * time.Second
)

// A hostileAnswer is a way to answer that would take memory or time without end.
type hostileAnswer struct {
	name   string
	answer http.HandlerFunc
}

// objects is JSON whose values would take fifty times its length.
func objects(size int) []byte {
	const one = `{"a":1},`
	return []byte("[" + strings.Repeat(one, size/len(one)-1) + "1]")
}

func hostileAnswers() []hostileAnswer {
	send := func(body []byte, coding string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			if coding != "" {
				w.Header().Set("Content-Encoding", coding)
			}
			_, _ = w.Write(body) // a client that has gone is what is expected
		}
	}
	return []hostileAnswer{
		{"1 MB of objects", send(objects(1<<20), "")},
		{"8 MB of objects", send(objects(8<<20), "")},
		{"endless chunks", endless(objects(32<<10), 0)},
		{"8 MB announced, 1 kB sent", announced},
		{"a drip", endless([]byte("[1,2,3,"), 20*time.Millisecond)},
		{"a gzip bomb of 64 MB", send(packed(64<<20), "gzip")},
		{"8 MB in gzip", send(packed(8<<20), "gzip")},
	}
}

// endless sends a text again and again until the client has gone.
func endless(text []byte, every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(text); err != nil {
				return
			}
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
			time.Sleep(every)
		}
	}
}

// announced promises more than it sends.
func announced(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(8<<20))
	_, _ = w.Write(objects(1 << 10))
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	<-r.Context().Done()
}

func packed(size int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(objects(size)) // memory takes everything
	_ = w.Close()
	return b.Bytes()
}

// defineHostileAnswers watches the memory of runs whose system answers with more than
// it should, 20 times a second, as the operating system counts it.
func defineHostileAnswers(f *flag.FlagSet) func(context.Context, *printer) error {
	lasts := f.Duration("for", 6*time.Second, "how long each kind of answer is sent")
	minutes := f.Int("minutes", 0, "send them in turn for so many minutes in one run instead, and print its memory each minute")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		answers := hostileAnswers()
		if *minutes > 0 {
			return soakHostile(ctx, out, cmd, answers, time.Duration(*minutes)*time.Minute)
		}
		var failed []error
		for _, a := range answers {
			seen, err := runHostile(ctx, cmd, a.answer, *lasts, func(*exec.Cmd, time.Duration, float64) {})
			if err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			out.printf("%-26s at most %3.0f MB, over %4.1f s after its phases: %s\n", a.name, seen.most, seen.beyond.Seconds(), seen.counts)
			failed = append(failed, seen.check(a.name))
		}
		interrupted := false
		var asked time.Duration
		seen, err := runHostile(ctx, cmd, answers[1].answer, *lasts, func(cmd *exec.Cmd, since time.Duration, _ float64) {
			if !interrupted && since > *lasts/2 {
				interrupted, asked = true, since
				_ = cmd.Process.Signal(os.Interrupt) // a process that has ended is found out below
			}
		})
		if err != nil {
			return fmt.Errorf("interrupted: %w", err)
		}
		took := *lasts + seen.beyond - asked
		out.printf("%-26s at most %3.0f MB, over %4.1f s after the interrupt\n", "interrupted, of 8 MB", seen.most, took.Seconds())
		if took > hostileSpare {
			failed = append(failed, fmt.Errorf("an interrupt took %s", took))
		}
		return errors.Join(failed...)
	}
}

// A hostileRun is what was seen of a run.
type hostileRun struct {
	most   float64       // MB, high-water mark
	beyond time.Duration // from the end of its phases to its own
	counts string        // what became of its journeys
}

func (r hostileRun) check(name string) error {
	var errs []error
	if r.most > hostileMost {
		errs = append(errs, fmt.Errorf("%s: the run took %.0f MB", name, r.most))
	}
	if r.beyond > hostileSpare {
		errs = append(errs, fmt.Errorf("%s: the run was over %s late", name, r.beyond))
	}
	return errors.Join(errs...)
}

// runHostile performs one run against a system that answers like that, and calls look
// ten times a second while it lasts.
func runHostile(ctx context.Context, cmd *command, answer http.HandlerFunc, lasts time.Duration, look func(run *exec.Cmd, since time.Duration, resident float64)) (seen hostileRun, err error) {
	dir, err := cmd.dir()
	if err != nil {
		return seen, err
	}
	s, err := systemtest.Start(dir, systemtest.Options{
		Entry:   func(string) http.Handler { return answer },
		Timeout: hostileTimeout.String(), SlowAfter: "500ms", Limits: "{blast_radius: 100%}",
		Expect: `{json: {"$..a": {absent: true}}}`,
		Phases: fmt.Sprintf("{warmup: 0s, baseline: %[1]s, fault: %[1]s, recovery: 0s}", lasts/2),
	})
	if err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	run := cmd.exec(ctx, dir, "run", "-f", systemtest.SystemFile, "--progress", "none", "--out", "run", systemtest.ExperimentFile)
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	begun := time.Now()
	if err := run.Start(); err != nil {
		return seen, err
	}
	if seen.most, err = followMemory(run, func(since time.Duration, resident float64) { look(run, since, resident) }); err != nil {
		return seen, err
	}
	seen.beyond = time.Since(begun) - lasts
	list, err := readExperiments(filepath.Join(dir, "run", "result.json"))
	if err != nil || len(list) != 1 {
		return seen, fmt.Errorf("%w\n%s", errors.Join(err, errors.New("a run without a result")), &said)
	}
	for _, j := range list[0].Journeys {
		c := j.Baseline.Fault
		seen.counts = fmt.Sprintf("of %d journeys before the fault %d ended at their timeout, %d broke, %d were judged", c.Journeys, c.FailedBy.Timeout, c.FailedBy.Error, c.Journeys-c.Failed)
	}
	return seen, nil
}

// soakHostile sends all kinds of answers in turn, in one run, and prints its memory each
// minute. It must not grow.
func soakHostile(ctx context.Context, out *printer, cmd *command, answers []hostileAnswer, lasts time.Duration) error {
	var turn atomic.Int64
	inTurn := func(w http.ResponseWriter, r *http.Request) { answers[int(turn.Load())%len(answers)].answer(w, r) }
	var minutes []float64 // the most of each, in MB
	most, printed := 0.0, time.Duration(0)
	look := func(_ *exec.Cmd, since time.Duration, resident float64) {
		turn.Store(int64(since / hostileTurn))
		most = max(most, resident)
		if since-printed >= time.Minute {
			printed += time.Minute
			minutes = append(minutes, most)
			out.printf("minute %2d: at most %3.0f MB\n", len(minutes), most)
			most = 0
		}
	}
	seen, err := runHostile(ctx, cmd, inTurn, lasts, look)
	if err != nil {
		return err
	}
	out.printf("%s in turn: at most %.0f MB, over %.1f s after its phases: %s\n", lasts, seen.most, seen.beyond.Seconds(), seen.counts)
	return errors.Join(seen.check("in turn"), compareMinutes(minutes))
}

// compareMinutes compares the last third of the minutes with the first.
func compareMinutes(minutes []float64) error {
	third := len(minutes) / 3
	if third == 0 {
		return nil
	}
	early, late := median(minutes[:third]), median(minutes[len(minutes)-third:])
	if late > early+50 {
		return fmt.Errorf("memory grew from %.0f to %.0f MB", early, late)
	}
	return nil
}
