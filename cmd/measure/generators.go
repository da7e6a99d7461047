package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A sender sends the journeys of an experiment.
type sender struct {
	name    string
	command []string // of traffic.command; none: blastgauge sends
}

// senders are ours and those that are installed, and what is missing.
func senders(root string) (list []sender, missing []string) {
	list = []sender{{name: "blastgauge"}}
	examples := filepath.Join(root, "examples", "traffic")
	if _, err := exec.LookPath("locust"); err == nil {
		file := filepath.Join(examples, "locust", "locustfile.py")
		list = append(list, sender{"Locust", []string{"locust", "-f", file, "--headless", "--users", "1", "--only-summary"}},
			sender{"Locust, 2 workers", []string{filepath.Join(examples, "locust", "cluster.sh"), file}})
	} else {
		missing = append(missing, "locust (Debian: python3-locust)")
	}
	if _, err := exec.LookPath("artillery"); err == nil {
		dir := filepath.Join(examples, "artillery")
		list = append(list, sender{"Artillery", []string{"node", filepath.Join(dir, "blastgauge.js"), filepath.Join(dir, "journeys.yaml")}})
	} else {
		missing = append(missing, "artillery (npm install -g artillery)")
	}
	return list, missing
}

// A sent is what an experiment found through one sender.
type sent struct {
	sender
	result.Experiment
	processor time.Duration // of blastgauge and the sender, in the whole run
}

// defineGenerators performs one experiment through each sender, in turn, before the same
// planted harm.
func defineGenerators(f *flag.FlagSet) func(context.Context, *printer) error {
	rounds := f.Int("rounds", 1, "rounds; each has one experiment through each generator")
	rate := f.Int("rate", 60, "journeys a second, over both arms")
	percent := f.Int("percent", 20, "share of journeys that the fault harms, in percent, beyond 1 % that are harmed anyway")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		root, err := moduleRoot(ctx)
		if err != nil {
			return err
		}
		list, missing := senders(root)
		if len(missing) > 0 {
			return fmt.Errorf("not installed: %s", strings.Join(missing, ", "))
		}
		covered := stats.Count{}
		for round := range *rounds {
			var found []sent
			for _, s := range list {
				one, err := sendThrough(ctx, cmd, s, *rate, *percent, uint64(round))
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				found = append(found, one)
			}
			n, err := judgeGenerators(out, found, float64(*percent)/100)
			if err != nil {
				return err
			}
			covered.Hits, covered.N = covered.Hits+n, covered.N+len(found)
		}
		out.printf("the interval holds the truth in %d of %d\n", covered.Hits, covered.N)
		if stats.Wilson(covered).High < stats.Confidence {
			return errors.New("as far as so many can tell, the intervals must hold the truth in 95 % of them")
		}
		return nil
	}
}

// sendThrough performs the experiment once, and at most twice more where the machine was
// too busy.
func sendThrough(ctx context.Context, cmd *command, s sender, rate, percent int, seed uint64) (one sent, err error) {
	o := cell{percent: percent, concurrent: true}.options(seed)
	o.Rate, o.Limits = fmt.Sprintf("%d/s", rate), "{blast_radius: 5%, baseline: 5%}"
	if len(s.command) > 0 {
		list, err := json.Marshal(s.command)
		if err != nil {
			return one, err
		}
		o.OfSystem = fmt.Sprintf("traffic: {command: %s}\n", list) // a list in JSON is one in YAML
	}
	for range 3 {
		one = sent{sender: s}
		if one.Experiment, one.processor, err = measureProcessor(ctx, cmd, o); err != nil || one.Verdict != result.Invalid {
			break
		}
	}
	return one, err
}

// measureProcessor measures a system, and the processor time of the command and of the
// programs that it started.
func measureProcessor(ctx context.Context, cmd *command, o systemtest.Options) (e result.Experiment, taken time.Duration, err error) {
	dir, err := cmd.dir()
	if err != nil {
		return e, 0, err
	}
	s, err := systemtest.Start(dir, o)
	if err != nil {
		return e, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	process := cmd.exec(ctx, dir, "run", "-f", systemtest.SystemFile, "--progress", "none", "--out", "run", systemtest.ExperimentFile)
	out, failed := process.CombinedOutput() // a verdict is an exit code: the result says whether it went wrong
	list, err := readExperiments(filepath.Join(dir, "run", "result.json"))
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("%d experiments, want 1", len(list))
	}
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "run", "traffic.log"))
		return e, 0, fmt.Errorf("%w, %w\n%s%s", err, failed, out, log)
	}
	return list[0], process.ProcessState.UserTime() + process.ProcessState.SystemTime(), nil
}

// judgeGenerators prints what was found, and wants all intervals to overlap, and the same
// verdict. It returns how many intervals hold the truth: one of 95 % may miss it.
func judgeGenerators(out *printer, found []sent, truth float64) (covered int, err error) {
	var w strings.Builder
	var errs []error
	fmt.Fprintln(&w, "generator\tharms, %\t95 % interval\ttruth, %\tverdict\tjourneys\tlateness p99, ms\tbeside ours\tprocessor ms a journey")
	for _, s := range found {
		b := s.BlastRadius
		if b == nil || s.Lateness == nil {
			errs = append(errs, fmt.Errorf("%s: %s: %v", s.name, s.Verdict, s.Reasons))
			continue
		}
		if b.Low <= truth && truth <= b.High {
			covered++
		}
		fmt.Fprintln(&w, s.row(found[0], truth))
		switch first := found[0].BlastRadius; {
		case first != nil && (b.Low > first.High || b.High < first.Low):
			errs = append(errs, fmt.Errorf("%s: the interval does not overlap ours", s.name))
		case s.Verdict != found[0].Verdict:
			errs = append(errs, fmt.Errorf("%s: the verdict is %s, and ours %s: %v", s.name, s.Verdict, found[0].Verdict, s.Reasons))
		}
	}
	out.table(w.String())
	return covered, errors.Join(errs...)
}

// row is a line of the table, whose lateness is compared with that of ours.
func (s *sent) row(ours sent, truth float64) string {
	n := s.Journeys[0].Arms.Fault.Journeys
	if c := s.Journeys[0].Arms.Control; c != nil {
		n += c.Journeys
	}
	beside := 1.0
	if ours.Lateness != nil && ours.Lateness.P99 > 0 {
		beside = s.Lateness.P99 / ours.Lateness.P99
	}
	b := s.BlastRadius
	return fmt.Sprintf("%s\t%.1f\t%.1f to %.1f\t%.1f\t%s\t%d\t%.1f\t%.1f\t%.2f", s.name, 100*b.Estimate, 100*b.Low, 100*b.High, 100*truth,
		s.Verdict, n, 1000*s.Lateness.P99, beside, 1000*s.processor.Seconds()/float64(max(1, n)))
}
