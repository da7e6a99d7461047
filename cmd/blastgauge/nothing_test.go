package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// A kiosk is the smallest system under test, and what a run is told of it: an entry
// that asks one dependency, through a proxy, for every journey.
type kiosk struct {
	dir        string
	dependency string // its URL
	listen     string // of the proxy before it: host:port
	toxiproxy  string
	entry      string // URL
	control    string // URL; empty: the baseline is the control

	rate   string // of journeys, over both arms
	faults string // as the document lists them
	phases string
	limits string

	parts []part // of it, or before it, that are processes of their own
}

// newKiosk is one as it should be: a fault in its dependency harms every journey.
func newKiosk(t *testing.T) *kiosk {
	t.Helper()
	k := &kiosk{
		dir: t.TempDir(), rate: "20/s", faults: "{inject: http_error, into: asked, status: 503}",
		phases: "{warmup: 300ms, baseline: 2s, fault: 3s, recovery: 0s}", limits: "{blast_radius: 20%}",
	}
	k.dependency = k.serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fresh") })
	server, err := proxy.Start(proxy.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	k.toxiproxy = server.URL()
	if k.listen, err = systemtest.CreateProxy(k.toxiproxy, "asked", k.dependency); err != nil {
		t.Fatal(err)
	}
	k.entry = k.serve(t, asks("http://"+k.listen, false))
	return k
}

// renew puts another proxy before the dependency: one that is given another upstream
// listens anew, and somebody may be faster to take its port.
func (k *kiosk) renew(t *testing.T) {
	t.Helper()
	req, err := http.NewRequest(http.MethodDelete, k.toxiproxy+"/proxies/asked", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	if k.listen, err = systemtest.CreateProxy(k.toxiproxy, "asked", k.dependency); err != nil {
		t.Fatal(err)
	}
	k.entry = k.serve(t, asks("http://"+k.listen, false))
}

func (k *kiosk) serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// concurrent gives the kiosk a control route, past the proxy.
func (k *kiosk) concurrent(t *testing.T) {
	t.Helper()
	k.control, k.rate = k.serve(t, asks(k.dependency, false)), "40/s"
}

// asks answers what the dependency at a URL does; one that copes answers without it.
func asks(dependency string, copes bool) http.HandlerFunc {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 20}, Timeout: time.Second}
	return func(w http.ResponseWriter, _ *http.Request) {
		resp, err := client.Get(dependency)
		if err == nil {
			resp.Body.Close()
		}
		if !copes && (err != nil || resp.StatusCode != http.StatusOK) {
			w.WriteHeader(http.StatusBadGateway)
		}
	}
}

const (
	kioskSystem = `version: 1
system: kiosk
environment: test
toxiproxy: %s
url: %s
%sdependencies:
  asked: {proxy: asked, listen: %q, upstream: %q}
journeys:
  visit: {rate: %s, slow_after: 1s, timeout: 2s, steps: [{name: visit, request: GET /}]}
defaults:
  phases: %s
  limits: %s
`
	kioskExperiment = `version: 1
experiment: nothing
hypothesis: No more is harmed than is allowed.
faults: [%s]
`
)

// write writes the kiosk's documents.
func (k *kiosk) write(t *testing.T) {
	t.Helper()
	control := ""
	if k.control != "" {
		control = "control_url: " + k.control + "\n"
	}
	err := errors.Join(
		os.WriteFile(filepath.Join(k.dir, "blastgauge.yaml"), fmt.Appendf(nil, kioskSystem, k.toxiproxy, k.entry, control, k.listen, k.dependency, k.rate, k.phases, k.limits), 0o600),
		os.WriteFile(filepath.Join(k.dir, "nothing.yaml"), fmt.Appendf(nil, kioskExperiment, k.faults), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

// command prepares a process in the kiosk's directory.
func (k *kiosk) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = k.dir, append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(k.dir, "state"))
	return cmd
}

// run measures the kiosk with the command. during is called when the fault is in force.
func (k *kiosk) run(t *testing.T, during func(*testing.T, *kiosk, *os.Process)) (int, result.Experiment) {
	t.Helper()
	k.write(t)
	cmd := k.command("blastgauge", "run", "-f", "blastgauge.yaml", "--seed", "1", "--progress", "lines", "--out", "run", "nothing.yaml")
	out := &awaited{text: "injected, read back", came: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() // where the test has given up on it
	ended := make(chan struct{})
	go func() {
		cmd.Wait() // how it ended is its exit code
		close(ended)
	}()
	select {
	case <-out.came:
		if during != nil {
			during(t, k, cmd.Process)
		}
		<-ended
	case <-ended:
	}
	code := cmd.ProcessState.ExitCode()
	text, err := os.ReadFile(filepath.Join(k.dir, "run", "result.json"))
	var r result.Result
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil || len(r.Experiments) != 1 {
		t.Fatalf("exit %d: %v\n%s", code, err, &out.all)
	}
	return code, r.Experiments[0]
}

// An awaited keeps what a process writes, and tells when a text was among it.
// Only one goroutine writes: that is how exec copies to one writer.
type awaited struct {
	all  bytes.Buffer
	text string
	came chan struct{}
}

func (a *awaited) Write(p []byte) (int, error) {
	n, err := a.all.Write(p)
	if a.text != "" && bytes.Contains(a.all.Bytes(), []byte(a.text)) {
		a.text = ""
		close(a.came)
	}
	return n, err
}

// A measurement is a kiosk with something about it, and what has to come of it.
type measurement struct {
	name    string
	set     func(*testing.T, *kiosk)              // before the run
	during  func(*testing.T, *kiosk, *os.Process) // from when the fault is in force
	verdict result.Verdict
	exit    int
	reason  result.ReasonCode
	unmet   result.UnmetCode               // where the fault is not exercised
	shows   func(e result.Experiment) bool // what else the result has to show; nil: nothing
}

func faultArmHarmedBefore(e result.Experiment) bool { return e.Journeys[0].Baseline.Fault.OK == 0 }

func controlArmHarmedBefore(e result.Experiment) bool { return e.Journeys[0].Baseline.Control.OK == 0 }

func noJourneys(e result.Experiment) bool { return e.Journeys[0].Arms.Fault.Journeys == 0 }

// Ways to measure nothing, and, for comparison, a fault that harms and one that does
// not.
func measurements() []measurement {
	return []measurement{
		{"nothing wrong, harm", func(t *testing.T, k *kiosk) { k.concurrent(t) }, nil,
			result.Refuted, 3, result.ReasonHarmful, "", nil},
		{"nothing wrong, no harm", func(t *testing.T, k *kiosk) {
			k.concurrent(t)
			k.faults = "{inject: latency, into: asked, latency: 1ms}"
		}, nil, result.Held, 0, result.ReasonHarmless, "", nil},

		{"the proxy is bypassed", func(t *testing.T, k *kiosk) { k.entry = k.serve(t, asks(k.dependency, false)) }, nil,
			result.Invalid, 5, result.ReasonNotExercised, result.UnmetNothingCounted, nil},
		{"a path that nobody calls", func(_ *testing.T, k *kiosk) {
			k.faults = "{inject: http_error, into: asked, status: 503, match: {path: /nowhere}}"
		}, nil, result.Invalid, 5, result.ReasonNotExercised, result.UnmetNoMatch, nil},
		{"journeys fail already", func(t *testing.T, k *kiosk) {
			k.entry = k.serve(t, func(w http.ResponseWriter, r *http.Request) {
				asks("http://"+k.listen, true)(w, r)
				w.WriteHeader(http.StatusInternalServerError)
			})
		}, nil, result.Invalid, 5, result.ReasonBaselineHarmed, "", faultArmHarmedBefore},
		{"no journeys", func(_ *testing.T, k *kiosk) { k.rate = "1/h" }, nil,
			result.Invalid, 5, result.ReasonTooFewJourneys, "", noJourneys},
		{"the system has the wrong port", func(t *testing.T, k *kiosk) { k.entry = k.serve(t, asks("http://"+unheard(t), false)) }, nil,
			result.Invalid, 5, result.ReasonNotExercised, result.UnmetNothingCounted, nil},
		{"the proxy has the wrong port", func(t *testing.T, k *kiosk) {
			k.dependency = "http://" + unheard(t)
			k.renew(t)
		}, nil, result.Invalid, 5, result.ReasonBaselineHarmed, "", faultArmHarmedBefore},
		{"a share too low to hit anything", func(_ *testing.T, k *kiosk) {
			k.faults = "{inject: http_error, into: asked, status: 503, share: 0.001%}"
		}, nil, result.Invalid, 5, result.ReasonNotExercised, result.UnmetShareTooLow, nil},
		{"a starved generator", func(t *testing.T, k *kiosk) { k.concurrent(t) }, starve,
			result.Invalid, 5, result.ReasonTooBusy, "", nil},
		{"a broken control", func(t *testing.T, k *kiosk) {
			k.concurrent(t)
			k.control = k.serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		}, nil, result.Invalid, 5, result.ReasonBaselineHarmed, "", controlArmHarmedBefore},
		{"an exposed control", func(t *testing.T, k *kiosk) {
			k.concurrent(t)
			k.control = k.serve(t, asks("http://"+k.listen, false))
		}, nil,
			result.Inconclusive, 4, result.ReasonControlContaminated, "", nil},
		{"a dependency that is cached", func(t *testing.T, k *kiosk) { k.entry = k.serve(t, cached(t, "http://"+k.listen)) }, nil,
			result.Invalid, 5, result.ReasonNotExercised, result.UnmetOnlyIdle, nil},
		{"a recovery phase that is too short", func(t *testing.T, k *kiosk) {
			k.entry = k.serve(t, asks("http://"+k.listen, true))
			k.phases, k.limits = "{warmup: 300ms, baseline: 2s, fault: 3s, recovery: 500ms}", "{blast_radius: 20%, recovery: 5s}"
		}, nil, result.Inconclusive, 4, result.ReasonRecoveryNotWatched, "", nil},
		{"a system that is restarted in the middle", ofProcesses, restart,
			result.Inconclusive, 4, result.ReasonControlContaminated, "", nil},
		{"a proxy that is restarted in the middle", behindAProcess, restart,
			result.Invalid, 5, result.ReasonFaultVanished, "", nil},
	}
}

// unheard is an address at which nobody listens, for as long as the test goes on: its
// port is taken.
func unheard(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port)
}

// cached answers what it knows, and asks the dependency on its own account only.
func cached(t *testing.T, dependency string) http.HandlerFunc {
	t.Helper()
	refresh := asks(dependency, true)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		every := time.NewTicker(50 * time.Millisecond)
		defer every.Stop()
		for {
			select {
			case <-every.C:
				refresh(httptest.NewRecorder(), nil)
			case <-done:
				return
			}
		}
	}()
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "as of a moment ago") }
}

// starve keeps a run from the processor for more than half of two seconds.
func starve(t *testing.T, _ *kiosk, run *os.Process) {
	for range 4 {
		for _, s := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
			if err := run.Signal(s); err != nil {
				t.Error(err)
			}
			time.Sleep(300 * time.Millisecond)
		}
	}
}

// A part is a process that can be restarted.
type part struct {
	address string // where it listens when it is ready
	cmd     *exec.Cmd
}

// start starts the parts of a kiosk, and waits until they answer.
func (k *kiosk) start(t *testing.T) {
	t.Helper()
	for _, p := range k.parts {
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range k.parts {
		for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			conn, err := net.Dial("tcp", p.address)
			if err == nil {
				conn.Close()
				break
			}
			if time.Since(begun) > 10*slowdown*time.Second {
				t.Fatalf("%q does not answer at %s", p.cmd.Args, p.address)
			}
		}
	}
}

// kill ends the parts at once, and prepares new ones in their place.
func (k *kiosk) kill() {
	for i, p := range k.parts {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		k.parts[i].cmd = k.command(p.cmd.Args...)
	}
}

// standUp makes parts of a kiosk and starts them, until the test ends.
func (k *kiosk) standUp(t *testing.T, parts ...part) {
	t.Helper()
	k.parts = parts
	k.start(t)
	t.Cleanup(k.kill)
}

// ofProcesses makes both routes of a kiosk processes that can be restarted, and the
// fault one that does no harm.
func ofProcesses(t *testing.T, k *kiosk) {
	at := free(t, 2)
	k.entry, k.control, k.rate = "http://"+at[0], "http://"+at[1], "40/s"
	k.faults = "{inject: latency, into: asked, latency: 1ms}"
	direct := strings.TrimPrefix(k.dependency, "http://")
	k.standUp(t, part{at[0], k.command("till", at[0], k.listen, "127.0.0.1:0")}, part{at[1], k.command("till", at[1], direct, "127.0.0.1:0")})
}

// behindAProcess puts the kiosk behind a proxy server that can be restarted.
func behindAProcess(t *testing.T, k *kiosk) {
	at := free(t, 2)
	k.toxiproxy, k.listen = "http://"+at[0], at[1]
	k.entry = k.serve(t, asks("http://"+k.listen, false))
	k.write(t)
	k.standUp(t, part{k.listen, k.command("blastgauge", "proxy", "-f", "blastgauge.yaml")})
}

func free(t *testing.T, n int) []string {
	t.Helper()
	list, err := checkout.FreeAddresses(n)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// restart takes a kiosk's parts away for a second.
func restart(t *testing.T, k *kiosk, _ *os.Process) {
	k.kill()
	time.Sleep(time.Second)
	k.start(t)
}

// TestTwelveWays measures nothing in twelve ways and a few more, with the command,
// proxies and traffic: none of them is held or refuted, and each says what was wrong.
// The same at the level of results is in experiments/result.
//
//	go test ./cmd/blastgauge -run TestTwelveWays -v
func TestTwelveWays(t *testing.T) {
	for _, m := range measurements() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.measure(t)
		})
	}
}

// measure is patient with a machine that is too busy to measure: what says so of
// itself is right, and measured once more, three times at most.
func (m measurement) measure(t *testing.T) {
	var code int
	var e result.Experiment
	for again := range 3 {
		k := newKiosk(t)
		if m.set != nil {
			m.set(t, k)
		}
		code, e = k.run(t, m.during)
		if !e.HasReason(result.ReasonTooBusy) || m.reason == result.ReasonTooBusy {
			break
		}
		t.Logf("measured on a machine that was too busy, %d: %q", again, e.Reasons)
	}
	if e.Verdict != m.verdict || code != m.exit || !e.HasReason(m.reason) {
		t.Errorf("%s, exit %d: %q %q, want %s, exit %d, with %s", e.Verdict, code, e.ReasonCodes, e.Reasons, m.verdict, m.exit, m.reason)
	}
	if unmet := e.Faults[0].Exercised.Unmet; m.unmet != "" && unmet != m.unmet {
		t.Errorf("unmet %q, want %q", unmet, m.unmet)
	}
	if m.shows != nil && !m.shows(e) {
		t.Errorf("the result does not show what was wrong: %+v", e.Journeys)
	}
	for _, f := range e.Faults {
		if f.Intended && !f.RemovalVerified {
			t.Errorf("the removal of %s is not verified", f.Name)
		}
	}
	t.Logf("%s, exit %d: %s", e.Verdict, code, strings.Join(e.Reasons, "; "))
}
