// Package stop ends runs that go on, from another terminal, and keeps new ones from
// beginning.
//
// A run is asked through its directory or through the block of its user or its server, and
// ends by itself, as by Ctrl-C: it removes its faults, and its report says who stopped it.
package stop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

// Options say who stops what. By is needed.
type Options struct {
	Registry journal.Registry
	Getenv   func(string) (string, bool) // nil means [os.LookupEnv]
	By       string                      // who asks
	Why      string                      // as they say it; a block needs it
	// System has the Toxiproxies of a system file, and Servers are URLs of more of them, or
	// dns:// names.
	System  *experiments.System
	Servers []string
	// Token says where the bearer token of their APIs is, see [toxiproxy.ReadToken].
	Token string
	// NoWait returns once the runs are asked.
	NoWait bool
	Out    io.Writer // receives a line for everything that was found and done; nil discards it
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if _, done := o.Out.(*oneByOne); !done {
		o.Out = &oneByOne{w: inert.NewWriter(o.Out)} // lines hold what servers and journals say
	}
	o.By, o.Why = journal.CutLine(o.By, journal.MostAuthor), journal.CutLine(o.Why, journal.MostReason)
	return o
}

// printf prints a line. One that cannot be printed stops nothing.
func (o Options) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.Out, format+"\n", args...)
}

// oneByOne writes what several goroutines print.
type oneByOne struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *oneByOne) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// Limits of time.
const (
	waitFor   = 30 * time.Second // for the end of a run that was asked
	waitEvery = 50 * time.Millisecond
)

// Why there is no run to stop, where none is named.
var (
	ErrNone    = errors.New("no run of this user goes on here")
	ErrSeveral = errors.New("several runs go on")
)

// errStill means that a run did not end.
var errStill = errors.New("the run still goes on")

// One returns the directory of the one run of this user that goes on. The error is of class
// [ErrNone], or [ErrSeveral] and says which.
func One(o Options) (dir string, err error) {
	list, err := o.Registry.LiveRuns()
	switch {
	case len(list) == 1 && err == nil:
		return list[0].Dir, nil
	case len(list) == 0 && err == nil:
		return "", usage.Errorf("%w: name its directory, or --toxiproxy URL with --all --block for runs elsewhere", ErrNone)
	case len(list) < 2:
		return "", err
	}
	var lines []string
	for _, r := range list {
		lines = append(lines, fmt.Sprintf("  blastgauge stop %s   (since %s%s)", r.Run, r.Started.Local().Format(time.TimeOnly), in(r)))
	}
	return "", usage.Errorf("%w: name one, or --all\n%s", ErrSeveral, strings.Join(lines, "\n"))
}

// Find returns the directory of the run of this user that goes on and has this id; empty
// where there is none.
func Find(o Options, id string) string {
	list, _ := o.Registry.LiveRuns() // what cannot be read is not found
	if i := slices.IndexFunc(list, func(r journal.LiveRun) bool { return r.Run == id }); i >= 0 {
		return list[i].Dir
	}
	return ""
}

// Run asks the run in a directory to end as by Ctrl-C, and waits for that. It is no error if
// it is over already. The error is of class [experiments.ErrRefused] where others than this
// user can write the directory, and of class [engine.ErrNotRemoved] where the run left a
// fault.
func Run(ctx context.Context, dir string, o Options) error {
	o = o.withDefaults()
	if r, found := o.listed(dir); found {
		return o.stopListed(ctx, r)
	}
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	alive, err := journal.Alive(root)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if !alive {
		return o.tellEnd(root, dir, "was over already")
	}
	if err := journal.AskToStop(root, journal.Order{By: o.By, Why: o.Why, At: time.Now().UTC()}); err != nil {
		if errors.Is(err, journal.ErrShared) {
			return fmt.Errorf("%w: %s: %w: the run there does not obey; in its terminal Ctrl-C ends it, and `blastgauge stop --all --block REASON` all runs of this user", experiments.ErrRefused, dir, err)
		}
		return err
	}
	if o.NoWait {
		o.printf("%s: asked to end", dir)
		return nil
	}
	return o.await(ctx, root, dir)
}

// await waits until a run is over.
func (o Options) await(ctx context.Context, root *os.Root, dir string) error {
	deadline := time.Now().Add(waitFor)
	for {
		alive, err := journal.Alive(root)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", dir, err)
		case !alive:
			return o.tellEnd(root, dir, "is over")
		case time.Now().After(deadline):
			return fmt.Errorf("%w: %s: it was asked %s ago and does not end: `blastgauge recover --stop %s` removes its faults", errStill, dir, waitFor, dir)
		}
		select {
		case <-time.After(waitEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tellEnd prints how a run ended.
func (o Options) tellEnd(root *os.Root, dir, is string) error {
	r, err := result.Read(root)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	o.printf("%s %s: %s (exit %d)", cmp.Or(r.Run.ID, filepath.Base(dir)), is, ending(r), r.Run.ExitCode)
	if r.Run.ExitCode == result.ExitNotRemoved {
		return fmt.Errorf("%w: `blastgauge recover %s` removes it", engine.ErrNotRemoved, dir)
	}
	return nil
}

// ending is how a run ended, and who ended it.
func ending(r *result.Result) string {
	by := ""
	if r.Run.InterruptedBy != "" {
		by = "stopped by " + r.Run.InterruptedBy
		if r.Run.InterruptedWhy != "" {
			by += " (" + r.Run.InterruptedWhy + ")"
		}
		by += ": "
	}
	return by + r.ExitMeaning()
}

// All ends every run of this user that goes on. Where servers are named, the runs that have
// them end as well, whoever they are of: the servers are blocked for as long as that takes.
func All(ctx context.Context, o Options) error {
	o = o.withDefaults()
	errs := []error{o.stopOwn(ctx)}
	if o.namesServers() {
		errs = append(errs, o.freeServers(ctx))
	}
	return errors.Join(errs...)
}

// stopOwn ends every run of this user, side by side.
func (o Options) stopOwn(ctx context.Context) error {
	list, err := o.Registry.LiveRuns()
	errs := make([]error, len(list), len(list)+1)
	var runs sync.WaitGroup
	for i, r := range list {
		runs.Go(func() { errs[i] = o.stopListed(ctx, r) })
	}
	runs.Wait()
	if len(list) == 0 {
		o.printf("no run of this user goes on here")
	}
	return errors.Join(append(errs, err)...)
}
