// Package traffic_test starts the programs of these directories as blastgauge does, with a
// small shop whose harm is known, and reads what they say of it.
package traffic_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// needArtillery returns a PATH in which artillery is.
func needArtillery(t *testing.T) string {
	t.Helper()
	required.Program(t, "node", "nodejs.org has it")
	bin := filepath.Join(os.Getenv("BLASTGAUGE_NODE_MODULES"), ".bin")
	if _, err := os.Stat(filepath.Join(bin, "artillery")); err != nil {
		required.Missing(t, "npm install artillery somewhere, and name its node_modules in BLASTGAUGE_NODE_MODULES: %v", err)
	}
	return "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")
}

// A shop is where the journeys of one arm enter. Of its payments, in turn, one is as it
// should be, one has no answer, one another total, and one is refused; of its visits every
// fourth is refused. A healthy shop does none of that.
type shop struct {
	healthy bool

	visits, payments, refused, strange atomic.Int64
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	if r.Header.Get("Blastgauge-Run") != "r1" {
		s.strange.Add(1)
	}
	total, n := 5, int64(0)
	switch {
	case s.healthy:
	case r.URL.Path == "/visit" || r.URL.Path == "/":
		n = 4 * (s.visits.Add(1) % 4)
	case r.URL.Path == "/pay":
		n = s.payments.Add(1) % 4
	}
	switch n {
	case 1:
		<-r.Context().Done()
		return
	case 2:
		total = 6
	case 3, 12:
		s.refused.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = fmt.Fprintf(w, `{"total":%d}`, total)
}

// A line is one of the protocol, with when it came.
type line struct {
	Journey string  `json:"journey"`
	Arm     string  `json:"arm"`
	Start   any     `json:"start"`
	Took    float64 `json:"took"`
	Late    float64 `json:"late"`
	Outcome string  `json:"outcome"`
	Step    any     `json:"step"`
	Cause   string  `json:"cause"`
	Trace   string  `json:"trace"`
	Count   int     `json:"count"`
	Detail  string  `json:"detail"`

	start, came float64 // seconds since the epoch
}

// steps are those of the journeys. timeout is theirs, in seconds.
func steps() map[string][]string {
	return map[string][]string{"visit": {"visit"}, "checkout": {"cart", "pay"}}
}

const timeout = 2.0

// theEnd is what the host writes itself when the program has ended.
const theEnd = "end"

// A host is what blastgauge is to a program.
type host struct {
	rates map[string]float64 // of the journeys, in each arm

	epoch          time.Time
	stop, pipe     string // the paths of files
	fault, control *shop
	stderr         string  // the path of a file
	stopped        float64 // seconds since the epoch

	mu    sync.Mutex
	lines []line
	bad   []string
}

// environment starts two shops and returns the environment of a program.
func (h *host) environment(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	h.epoch, h.stop, h.fault, h.control = time.Now(), filepath.Join(dir, "stop"), &shop{}, &shop{healthy: true}
	h.stderr = filepath.Join(dir, "stderr")
	h.pipe = filepath.Join(dir, "lines")
	if err := syscall.Mkfifo(h.pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var arms []map[string]any
	var urls []string
	for name, s := range map[string]*shop{"fault": h.fault, "control": h.control} {
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		arms = append(arms, map[string]any{"arm": name, "url": server.URL, "headers": map[string]string{"Blastgauge-Run": "r1"}})
		variable := map[string]string{"fault": "BLASTGAUGE_URL", "control": "BLASTGAUGE_CONTROL_URL"}[name]
		urls = append(urls, variable+"="+server.URL)
	}
	var journeys []map[string]any
	for name, rate := range h.rates {
		journeys = append(journeys, map[string]any{"journey": name, "slow_after": 1, "timeout": timeout, "steps": steps()[name], "rates": map[string]float64{"fault": rate, "control": rate}})
	}
	epoch := float64(h.epoch.UnixMicro()) / 1e6
	text, err := json.Marshal(map[string]any{"version": 1, "run": "r1", "experiment": "x", "epoch": epoch, "seed": 1, "lines": h.pipe, "stop": h.stop,
		"arms": arms, "journeys": journeys, "phases": []any{}})
	if err != nil {
		t.Fatal(err)
	}
	return append(append(os.Environ(), urls...), "BLASTGAUGE_TRAFFIC="+string(text), "BLASTGAUGE_LINES="+h.pipe, "BLASTGAUGE_STOP="+h.stop,
		fmt.Sprintf("BLASTGAUGE_EPOCH=%.6f", epoch), "BLASTGAUGE_RUN=r1")
}

// A program is one that a host has started.
type program struct {
	*exec.Cmd

	ended   chan error
	lines   *os.File
	reading sync.WaitGroup
}

// start starts a program and reads what it says.
func (h *host) start(t *testing.T, environment []string, command ...string) *program {
	t.Helper()
	p := &program{Cmd: exec.Command(command[0], command[1:]...), ended: make(chan error, 1)}
	p.Env = append(h.environment(t), environment...)
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := os.Create(h.stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	if p.lines, err = os.OpenFile(h.pipe, os.O_RDWR, 0); err != nil { // so that it has no end while the program starts
		t.Fatal(err)
	}
	p.reading.Go(func() { h.read(p.lines) })
	p.Stdout, p.Stderr = p.lines, stderr // lines on standard output count as well
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL) })
	go func() { p.ended <- p.Wait() }()
	return p
}

// perform starts a program, lets it send until it has said enough, stops it, and returns
// when it has ended and said all.
func (h *host) perform(t *testing.T, environment []string, command ...string) {
	t.Helper()
	p := h.start(t, environment, command...)
	h.await(t, p.ended)
	h.stopped = time.Since(h.epoch).Seconds()
	if err := errors.Join(os.WriteFile(h.stop, nil, 0o600), syscall.Kill(-p.Process.Pid, syscall.SIGTERM)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended: // with any code: it may call what it found a failure
	case <-time.After(time.Minute):
		t.Fatalf("it goes on after it was stopped: %s", h.said())
	}
	if _, err := p.lines.WriteString(theEnd + "\n"); err != nil {
		t.Fatal(err)
	}
	p.reading.Wait()
	p.lines.Close()
	if left := p.others(t, ""); len(left) > 0 {
		t.Errorf("processes of it are left: %v", left)
	}
}

// others are the processes of the program's group, but for itself, whose command line has a word.
func (p *program) others(t *testing.T, word string) (list []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, _ := os.ReadFile(file) // it may have ended meanwhile
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		_, rest, _ := strings.Cut(string(text), ") ") // state, parent, group; the name may hold spaces
		if fields := strings.Fields(rest); len(fields) < 3 || fields[0] == "Z" || fields[2] != strconv.Itoa(p.Process.Pid) || id == p.Process.Pid {
			continue
		}
		if line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline")); strings.Contains(string(line), word) {
			list = append(list, id)
		}
	}
	return list
}

// fewest is how many lines it takes of each stream of journeys to judge it.
const fewest = 8

// await waits until the program has said enough of each stream to judge it by.
func (h *host) await(t *testing.T, ended <-chan error) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !h.saidEnough(); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("it ended by itself: %v\n%s", err, h.said())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d lines: %s", len(h.told()), h.said())
		}
	}
}

// saidEnough reports whether there are lines of two seconds of each stream, and the fewest.
func (h *host) saidEnough() bool {
	count := map[string]int{}
	for _, l := range h.told() {
		count[l.Arm+" "+l.Journey]++
	}
	for journey, rate := range h.rates {
		for _, arm := range []string{"fault", "control"} {
			if n := count[arm+" "+journey]; n < fewest || float64(n) < 2*rate {
				return false
			}
		}
	}
	return true
}

// told are the lines so far.
func (h *host) told() []line {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.lines)
}

// said is the end of what the program wrote to standard error.
func (h *host) said() string {
	text, _ := os.ReadFile(h.stderr)
	return string(text[max(0, len(text)-4000):])
}

func (h *host) read(from io.Reader) {
	for in := bufio.NewScanner(from); in.Scan() && in.Text() != theEnd; {
		l := line{came: time.Since(h.epoch).Seconds()}
		err := decode(in.Bytes(), &l)
		l.start = h.since(l.Start)
		h.mu.Lock()
		if err == nil {
			h.lines = append(h.lines, l)
		} else {
			h.bad = append(h.bad, fmt.Sprintf("%v: %s", err, in.Text()))
		}
		h.mu.Unlock()
	}
}

// since returns seconds since the epoch; a line says them, or a date.
func (h *host) since(start any) float64 {
	if seconds, ok := start.(float64); ok {
		return seconds
	}
	text, _ := start.(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return math.NaN()
	}
	return at.Sub(h.epoch).Seconds()
}

func decode(text []byte, l *line) error {
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	return in.Decode(l)
}
