// Command measure runs the programs behind the figures of the documentation:
// each name is one command, and each prints what it measured and fails when a
// claim does not hold. They measure the real machine, so run them on one that
// is quiet; none of them is part of go test.
//
//	go run ./cmd/measure            # lists the programs
//	go run ./cmd/measure planted -runs 20
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "measure: %v\n", err)
		os.Exit(1)
	}
}

// A program measures one thing. Define adds its flags to a set and returns what
// runs it after the flags are parsed.
type program struct {
	name   string
	line   string // what it measures, and how long it takes
	define func(*flag.FlagSet) func(ctx context.Context, out *printer) error
}

func programs() []program {
	list := slices.Concat(experimentPrograms(), benchmarkPrograms(), []program{
		{"fold", "read, fold and render a journal of a million journeys: time and page size (10 s)", defineFold},
		{"peers", "traffic beside vegeta and Locust before the same shop: processor time, lateness, resets (2 min a round)", definePeers},
		{"pictures", "screenshots and PDF of report pages, to look at", definePictures},
		{sendProgram, "send journeys to a URL until standard input ends; peers uses it", defineSend},
	})
	slices.SortFunc(list, func(a, b program) int { return cmp.Compare(a.name, b.name) })
	return list
}

// experimentPrograms perform whole experiments with the command.
func experimentPrograms() []program {
	return []program{
		{"planted", "how often the interval holds a planted harm, 9 cells (7 min with 20 runs each)", definePlanted},
		{"guardrail", "how long a fault stays after it made harm jump from 1 % to 20 % (1 min)", defineGuardrail},
		{"recovery", "recovery beside the system's own count of its last harmed journey (90 s a round)", defineRecovery},
		{"share", "one answer in five is a 503: the interval beside what the service counted (2 min)", defineShare},
		{"generators", "one experiment through ours, Locust, two workers of Locust and Artillery: intervals, truth, verdicts, lateness (3 min a round)", defineGenerators},
		{"memory", "memory of a run of 400 journeys a second until its report is written", defineMemory},
		{"hostile-answers", "memory of runs whose system answers with far too much (1 min; -minutes 10 for a soak)", defineHostileAnswers},
		{"soak", "experiments in a loop in one process: goroutines, open files and memory", defineSoak},
		{"scan", "the demo's two shops scanned: what was planted is found, and nothing else (10 min a run)", defineScan},
		{"thresholds", "time-outs planted in systems behind our proxy, and the brackets that scans find (20 min; -n 100 for the claim)", defineThresholds},
		{"metastability", "a queue that retries keep down: which triggers do, and how long they must last at two loads (20 min)", defineMetastability},
		{"prometheus", "planted harm that a real Prometheus measures, scraped every 1 s and every 5 s (15 min)", definePrometheus},
		{"live", "what the page of a run costs, with nobody and with 20 observers (5 min)", defineLive},
		{"operators", "all operators of bad config against both shops of the demo (4 min)", defineOperators},
	}
}

func measure(ctx context.Context, args []string, stdout io.Writer) error {
	out := &printer{w: stdout}
	list := programs()
	if len(args) == 0 {
		out.printf("usage: measure NAME [FLAG...]; measure NAME -h shows the flags\n")
		for _, p := range list {
			out.printf("  %-16s %s\n", p.name, p.line)
		}
		return out.err
	}
	i := slices.IndexFunc(list, func(p program) bool { return p.name == args[0] })
	if i < 0 {
		return fmt.Errorf("no program %q: measure without a name lists them", args[0])
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	run := list[i].define(flags)
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s takes flags only, not %q", args[0], flags.Arg(0))
	}
	return errors.Join(run(ctx, out), out.err)
}
