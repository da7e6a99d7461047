package traffic_test

import (
	"errors"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

func rates() map[string]float64 { return map[string]float64{"visit": 8, "checkout": 4} }

// judge performs a program and wants its lines to be all, and true. Where this machine is
// too busy to tell, it does so again.
func judge(t *testing.T, rates map[string]float64, environment []string, command ...string) {
	t.Helper()
	for range 3 {
		h := host{rates: rates}
		h.perform(t, environment, command...)
		if h.want(t) {
			return
		}
	}
	t.Skip("this machine is too busy")
}

func TestLocust(t *testing.T) {
	t.Parallel()
	required.Program(t, "locust", "Debian has it as python3-locust")
	judge(t, rates(), nil, "locust", "-f", "locust/locustfile.py", "--headless", "--users", "1", "--only-summary")
}

// A master and two workers: of each stream of journeys the workers send every other one.
func TestLocustWithWorkers(t *testing.T) {
	t.Parallel()
	required.Program(t, "locust", "Debian has it as python3-locust")
	judge(t, rates(), nil, "locust/cluster.sh", "locust/locustfile.py", "2")
}

// Without one of its workers the schedule has holes: the program ends, so that blastgauge
// removes the fault.
func TestLocustLosesAWorker(t *testing.T) {
	t.Parallel()
	required.Program(t, "locust", "Debian has it as python3-locust")
	h := host{rates: rates()}
	p := h.start(t, nil, "locust/cluster.sh", "locust/locustfile.py", "2")
	h.await(t, p.ended)
	workers := p.others(t, "--worker")
	if len(workers) != 2 {
		t.Fatalf("workers are %v: %s", workers, h.said())
	}
	if err := syscall.Kill(workers[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 {
			t.Errorf("it ends as %v, want exit 3: %s", err, h.said())
		}
	case <-time.After(time.Minute):
		t.Errorf("it goes on: %s", h.said())
	}
}

func TestArtillery(t *testing.T) {
	t.Parallel()
	path := needArtillery(t)
	judge(t, rates(), []string{path}, "node", "artillery/blastgauge.js", "artillery/journeys.yaml")
}

// want reports whether most journeys were in time, and wants the lines of a program to be
// all, and true.
func (h *host) want(t *testing.T) bool {
	t.Helper()
	if len(h.bad) > 0 {
		t.Fatalf("bad lines: %q\n%s", h.bad, h.said())
	}
	if n := h.fault.strange.Load() + h.control.strange.Load(); n > 0 {
		t.Errorf("%d requests without the run or a trace", n)
	}
	streams := map[string][]line{}
	for _, l := range h.lines {
		key := l.Arm + " " + l.Journey
		streams[key] = append(streams[key], l)
		h.wantTimes(t, l)
	}
	for journey, rate := range h.rates {
		for _, arm := range []string{"fault", "control"} {
			h.wantSchedule(t, arm+" "+journey, streams[arm+" "+journey], rate)
		}
	}
	return h.wantHarm(t, streams)
}

// wantTimes wants a line to come soon after its journey, which started before the stop.
func (h *host) wantTimes(t *testing.T, l line) {
	t.Helper()
	if l.start > h.stopped+1 {
		t.Errorf("a journey started %.2f s after the stop", l.start-h.stopped)
	}
	if behind := l.came - l.start - l.Took; l.Outcome != "shed" && (behind < -0.1 || behind > 5) {
		t.Errorf("a line came %.2f s after the end of its journey", behind)
	}
	if l.Outcome != "shed" && (l.Took < l.Late || l.Took > timeout+5) {
		t.Errorf("a journey took %.2f s and started %.2f s late", l.Took, l.Late)
	}
}

// wantSchedule wants the starts of a stream to be evenly spread, without a hole but for
// journeys that may still have been under way when the program was stopped.
func (h *host) wantSchedule(t *testing.T, what string, list []line, rate float64) {
	t.Helper()
	if len(list) < fewest {
		t.Errorf("%s: %d journeys", what, len(list))
		return
	}
	slices.SortFunc(list, func(a, b line) int {
		if a.start < b.start {
			return -1
		}
		return 1
	})
	open := h.stopped - timeout - 0.5
	due := 0
	for _, l := range list {
		at := func() float64 { return list[0].start + float64(due)/rate }
		for at() > open && l.start-at() > 0.5/rate {
			due++ // this one was under way
		}
		if math.Abs(l.start-at()) > 0.001 {
			t.Errorf("%s: journey %d starts at %.3f, not at %.3f", what, due, l.start, at())
			return
		}
		due++
	}
}

// wantHarm reports whether most journeys were in time, and wants the lines to tell of each journey what the shop did to it. A busy machine
// may be too late with any of them.
func (h *host) wantHarm(t *testing.T, streams map[string][]line) bool {
	t.Helper()
	told := map[string]int{}
	for key, list := range streams {
		for _, l := range list {
			what := l.Outcome
			if l.Outcome != "ok" {
				what = fmt.Sprintf("%s %v %s", l.Outcome, l.Step, l.Cause)
			}
			told[key+": "+what]++
		}
	}
	late := 0
	for what, n := range told {
		switch what {
		case "fault visit: failed visit status: 503", "fault visit: failed 0 status: 503", "fault checkout: failed pay status: 503", "fault checkout: failed pay timeout", "fault checkout: wrong pay check":
		case "fault visit: ok", "fault checkout: ok", "control visit: ok", "control checkout: ok":
		default:
			late += n
		}
	}
	if late > len(h.lines)/4 {
		t.Logf("this machine is too busy: %v", told)
		return false
	}
	refused := told["fault visit: failed visit status: 503"] + told["fault visit: failed 0 status: 503"] + told["fault checkout: failed pay status: 503"]
	if n := int(h.fault.refused.Load()); refused < n-late || refused > n {
		t.Errorf("the shop refused %d journeys, and the lines say %d: %v", n, refused, told)
	}
	paid := int(h.fault.payments.Load())
	// The stop came while some were under way, above all of those that hang; wantSchedule sees that none is missing before.
	flying := paid - len(streams["fault checkout"])
	if most := int(math.Ceil(h.rates["checkout"]*timeout/2)) + 1; flying > most+late {
		t.Errorf("%d of %d payments are not told, more than can be under way: %v", flying, paid, told)
	}
	flying = max(flying, 0)
	for _, what := range []string{"fault checkout: failed pay timeout", "fault checkout: wrong pay check", "fault checkout: ok"} {
		if h.rates["checkout"] == 0 {
			break
		}
		if n := told[what]; n < paid/4-late-flying || n > paid/4+1+late {
			t.Errorf("%s: %d of %d journeys, want every fourth: %v", what, n, paid, told)
		}
	}
	for what := range told {
		if late == 0 && what[:7] == "control" && what != "control visit: ok" && what != "control checkout: ok" {
			t.Errorf("the control is harmed: %v", told)
		}
	}
	return true
}

func TestShell(t *testing.T) {
	t.Parallel()
	required.Program(t, "curl", "Debian has it as curl")
	judge(t, map[string]float64{"visit": 4}, nil, "shell/visits.sh")
}

// A program that blastgauge did not start says so.
func TestStartedByHand(t *testing.T) {
	t.Parallel()
	required.Program(t, "locust", "Debian has it as python3-locust")
	path := needArtillery(t)
	for _, command := range [][]string{
		{"locust", "-f", "locust/locustfile.py", "--headless", "--users", "1"},
		{"node", "artillery/blastgauge.js", "artillery/journeys.yaml"},
	} {
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Env = append(cmd.Environ(), path)
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("%v does not fail: %s", command, out)
		}
	}
}
