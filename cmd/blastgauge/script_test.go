package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/waiting"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
)

// The scripts run the command as a process of its own, with real signals and
// real exit codes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{guardNamed, supervisorNamed}, os.Args[1]) { // of a run inside this process
		os.Exit(runMain(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	// With the race detector a process that ends well would sleep for a second first.
	if err := os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0")); err != nil {
		panic(err)
	}
	// What is started lives for seconds: it need not collect its garbage as often.
	if os.Getenv("GOGC") == "" {
		if err := os.Setenv("GOGC", "400"); err != nil {
			panic(err)
		}
	}
	testscript.Main(homeless{waiting.Tests{M: m}}, map[string]func(){"blastgauge": main, "till": till, "till-answers": tillAnswers, "shelf": shelf, crasher: crash, stockd: serveStock, sender: sendJourneys})
}

// homeless runs tests without the open runs of whoever runs them: a test that is killed
// leaves its own on no list that `recover` of a person reads.
type homeless struct{ tests waiting.Tests }

func (h homeless) Run() int {
	dir, err := os.MkdirTemp("", "blastgauge-state-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system's cleaner is the next
	if err := os.Setenv("XDG_STATE_HOME", dir); err != nil {
		panic(err)
	}
	stockServer = sync.OnceValues(func() (string, error) { return buildServer(dir) })
	shopProgram = sync.OnceValues(func() (string, error) { return findShopProgram(dir) })
	return h.tests.Run()
}

// stockServer is the path of an unchanged toxiproxy-server. It is built when the first
// test wants it, and once for all of them.
var stockServer func() (string, error)

// shopProgram is the path of the blastgauge that serves shops. It is made when the first
// test wants it, and once for all of them.
var shopProgram func() (string, error)

func TestScripts(t *testing.T) {
	t.Parallel() // mostly waiting
	// Those that take longest come first.
	for _, some := range []struct {
		name   string
		params func(*testing.T) testscript.Params
	}{{"workflows", workflows}, {"processes", processes}, {"commands", scripts}} {
		t.Run(some.name, func(t *testing.T) {
			t.Parallel()
			runScripts(t, some.params(t))
		})
	}
}

type testKey struct{}

// reporting lets commands of scripts, and what they defer, end the script as a test.
func reporting(p testscript.Params) testscript.Params {
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		env.Values[testKey{}] = env.T()
		if setup == nil {
			return nil
		}
		return setup(env)
	}
	return p
}

func test(ts *testscript.TestScript) testing.TB { return ts.Value(testKey{}).(testing.TB) }

func scripts(*testing.T) testscript.Params {
	return testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(cond string) (bool, error) {
			if !slices.Contains([]string{"cosign", "conftest", "unshare"}, cond) {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return isThere(cond)
		},
		Setup: func(env *testscript.Env) error {
			fixtures, err := filepath.Abs("../../report/testdata")
			env.Setenv("FIXTURES", fixtures)
			rego, err2 := filepath.Abs("../../experiments/gate/policy/testdata/conftest")
			env.Setenv("REGO", rego)
			return errors.Join(err, err2)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":      exits,
			"measures":   measureAgain,
			"stops":      stops,
			"deaf":       deaf,
			"terminal":   inTerminal,
			"asked":      asked,
			"roomy":      makeRoomy,
			"shop":       startShop,
			"pretill":    prepareTill,
			"preshelf":   prepareShelf,
			"harmed":     harmed,
			"silent":     silent,
			"signalled":  signalled,
			"onpage":     onpage,
			"struck":     struck,
			"clean":      clean,
			"counted":    counted,
			"verdict":    verdict,
			"truth":      truth,
			"wrong":      wrong,
			"foreign":    foreign,
			"tear":       tear,
			"attack":     attack,
			"byhand":     byHand,
			"cleaned":    cleaned,
			"counting":   startMeasured,
			"bycounters": bycounters,
			"lately":     lately,
			"forge":      forge,
			"digest":     digest,
			"alerted":    startAlerted,
			"wantalerts": wantAlerts,
		},
	}
}

// command prepares the command under test in the script's world: what it leaves in its
// temporary directory when it is killed goes with that.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := exec.LookPath("blastgauge")
	ts.Check(err)
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"), "HOME="+ts.Getenv("WORK"), "XDG_STATE_HOME="+ts.Getenv("XDG_STATE_HOME"), "TMPDIR="+ts.Getenv("TMPDIR"), "BLASTGAUGE_COMMIT="+ts.Getenv("BLASTGAUGE_COMMIT"))
	return cmd
}

// exits CODE ARG... runs blastgauge and wants that exit code, or one of several
// as in 4,5. What it writes is in the files out and err afterwards.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	cmd := command(ts, args[1:])
	finish(ts, cmd, args[0], func() {})
}

// measures CODE --out DIR COMMAND ARG... does as exits, and measures again what this
// machine was too busy for. A scan that decided nothing had too few journeys.
func measureAgain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || args[1] != "--out" {
		ts.Fatalf("usage: measures CODE --out DIR COMMAND ARG...")
	}
	dir := ts.MkAbs(args[2])
	run := slices.Insert(slices.Clone(args[3:]), 1, "--out", args[2]) // the system's command may be behind
	for again := 1; again < 5; again++ {
		got := runToEnd(ts, command(ts, run), func() {})
		invalid := got == result.ExitInvalid || got == 0 && slices.Contains(args, "--allow")
		if isCode(args[0], got) || !invalid || !regexp.MustCompile(`"(too_busy|traffic_incomplete|blastgauge/scan/v1)"`).MatchString(ts.ReadFile(filepath.Join(dir, "result.json"))) {
			wantCode(ts, args[0], got)
			return
		}
		ts.Check(os.RemoveAll(dir))
	}
	exits(ts, neg, append([]string{args[0]}, run...))
}

// finish runs cmd to its end and checks its exit code.
func finish(ts *testscript.TestScript, cmd *exec.Cmd, want string, during func()) {
	wantCode(ts, want, runToEnd(ts, cmd, during))
}

// isCode reports whether an exit code is one of those that are wanted, such as 4,5.
func isCode(want string, got int) bool {
	return slices.Contains(strings.Split(want, ","), strconv.Itoa(got))
}

func wantCode(ts *testscript.TestScript, want string, got int) {
	if !isCode(want, got) {
		ts.Fatalf("exit code %d, want %s\n%s%s", got, want, ts.ReadFile("out"), ts.ReadFile("err"))
	}
}

// runToEnd runs cmd with its output in files and returns its exit code.
func runToEnd(ts *testscript.TestScript, cmd *exec.Cmd, during func()) int {
	stdout, err := os.Create(ts.MkAbs("out"))
	ts.Check(err)
	defer stdout.Close()
	stderr, err := os.Create(ts.MkAbs("err"))
	ts.Check(err)
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	ts.Check(cmd.Start())
	during()
	err = cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		ts.Fatalf("%v", err)
	}
	if text := ts.ReadFile("err"); strings.Contains(text, "WARNING: DATA RACE") { // which changes no exit code but 0
		ts.Fatalf("%s", text)
	}
	return cmd.ProcessState.ExitCode()
}

// signalled CODE SIGNAL TEXT ARG... sends SIGNAL once TEXT is on its standard error.
func signalled(ts *testscript.TestScript, _ bool, args []string) {
	numbers := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	cmd := command(ts, args[3:])
	var sent time.Time
	finish(ts, cmd, args[0], func() {
		waitFor(ts, "err", args[2])
		sent = time.Now()
		ts.Check(cmd.Process.Signal(numbers[args[1]]))
	})
	if took := time.Since(sent); took > 30*time.Second {
		ts.Fatalf("it took %s to end", took)
	}
}

// struck CODE SIGNAL DIR ARG... sends SIGNAL once a fault of the run in DIR is in force,
// going by its journal.
func struck(ts *testscript.TestScript, _ bool, args []string) {
	numbers := map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	cmd := command(ts, args[3:])
	finish(ts, cmd, args[0], func() {
		file := ts.MkAbs(filepath.Join(args[2], "journal.ndjson"))
		await(ts, "a fault", func() bool {
			text, _ := os.ReadFile(file) // it is made later
			return bytes.Contains(text, []byte(`"fault_injected"`))
		})
		ts.Check(cmd.Process.Signal(numbers[args[1]]))
	})
}

// lookEvery is between two looks for what another process does: each asks a server, or
// reads a file, and many scripts wait at once.
const lookEvery = 20 * time.Millisecond

// waitFor waits until a file holds a text.
func waitFor(ts *testscript.TestScript, file, text string) {
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(lookEvery) {
		if strings.Contains(ts.ReadFile(file), text) {
			return
		}
	}
	ts.Fatalf("%q did not come:\n%s", text, ts.ReadFile(file))
}

// An edit replaces a text of the shop's system file.
type edit struct{ old, new string }

// fewCustomers keeps the shops of many scripts from disturbing each other.
var fewCustomers = []edit{
	{"rate: 40/s", "rate: 10/s"}, {"rate: 20/s", "rate: 10/s"},
	// A busy machine is slow: its faults are injected all the same.
	{"limits: {blast_radius: 5%, recovery: 3s}", "limits: {blast_radius: 5%, recovery: 3s, baseline: 100%}"},
}

// roomy makes a verdict certain on any machine: a journey may take five seconds, so
// that traffic that a busy machine delays is not late, and a fifth of them may be
// harmed by chance. A fault phase has to last 10 s then.
var roomy = []edit{
	{"slow_after: 1s", "slow_after: 5s"},
	{"timeout: 3s", "timeout: 10s"},
	{"limits: {blast_radius: 5%, recovery: 3s, baseline: 100%}", "limits: {blast_radius: 20%, baseline: 100%}"},
}

// editShop edits the system file of the shop in DIR.
func editShop(ts *testscript.TestScript, dir string, edits []edit) {
	file := ts.MkAbs(filepath.Join(dir, "blastgauge.yaml"))
	text := ts.ReadFile(file)
	for _, e := range edits {
		if !strings.Contains(text, e.old) {
			ts.Fatalf("the shop's system file has no %q any more", e.old)
		}
		text = strings.ReplaceAll(text, e.old, e.new)
	}
	ts.Check(os.WriteFile(file, []byte(text), 0o644))
}

// makeRoomy DIR is roomy for the shop in DIR.
func makeRoomy(ts *testscript.TestScript, _ bool, args []string) { editShop(ts, args[0], roomy) }

// shop DIR [FLAG...] starts the demo shop, waits until it is ready and stops it
// when the script ends; stopping it is a success.
func startShop(ts *testscript.TestScript, _ bool, args []string) {
	flags := args[1:]
	if len(flags) > 0 && flags[0] == "--foreign" {
		flags = append([]string{"--toxiproxy", foreignServer(ts)}, flags[1:]...)
	}
	cmd := shopCommand(ts, args[0], flags)
	cmd.Env = append(cmd.Env, "TMPDIR="+os.TempDir()) // the user of its database may not enter the script's
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	cmd.Stderr = os.Stderr
	ts.Check(cmd.Start())
	ready := false
	lines := bufio.NewScanner(stdout)
	for !ready && lines.Scan() {
		ready = lines.Text() == "ready"
	}
	ts.Defer(func() {
		err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait())
		if err != nil && ready { // else the script has failed already
			test(ts).Errorf("%s: the shop: %v", ts.Name(), err)
		}
	})
	if !ready {
		ts.Fatalf("the shop did not start")
	}
	editShop(ts, args[0], fewCustomers)
}

// shopCommand prepares a shop that serves from DIR, in the script's world.
func shopCommand(ts *testscript.TestScript, dir string, flags []string) *exec.Cmd {
	program, err := shopProgram()
	ts.Check(err)
	cmd := command(ts, append([]string{"demo", "--serve", dir}, flags...))
	cmd.Path = program
	return cmd
}

// foreignServer runs an unchanged toxiproxy-server, not ours to close, and says
// where its API is.
func foreignServer(ts *testscript.TestScript) string {
	server, err := stock.Start("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { server.Close() })
	return server.URL()
}

// api is the Toxiproxy API of the shop in DIR.
func api(ts *testscript.TestScript, dir string) string {
	for line := range strings.Lines(ts.ReadFile(filepath.Join(dir, "blastgauge.yaml"))) {
		if rest, ok := strings.CutPrefix(line, "toxiproxy: "); ok {
			return strings.TrimSpace(rest)
		}
	}
	ts.Fatalf("no toxiproxy in %s", dir)
	return ""
}

func get(ts *testscript.TestScript, address string, into any) {
	resp, err := http.Get(address)
	ts.Check(err)
	defer resp.Body.Close()
	ts.Check(json.NewDecoder(resp.Body).Decode(into))
}

// clean DIR wants every proxy of the shop enabled, without toxics, and no lock.
func clean(ts *testscript.TestScript, neg bool, args []string) {
	var proxies map[string]struct {
		Enabled bool
		Toxics  []any
	}
	get(ts, api(ts, args[0])+"/proxies", &proxies)
	dirty := len(proxies) == 0
	for _, p := range proxies {
		dirty = dirty || !p.Enabled || len(p.Toxics) > 0
	}
	if dirty != neg {
		ts.Fatalf("proxies: %+v", proxies)
	}
}

// foreign DIR PROXY adds somebody else's toxic to a proxy.
func foreign(ts *testscript.TestScript, _ bool, args []string) {
	body := strings.NewReader(`{"name":"theirs","type":"latency","attributes":{"latency":1}}`)
	resp, err := http.Post(api(ts, args[0])+"/proxies/"+args[1]+"/toxics", "application/json", body)
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("add a toxic: %s", resp.Status)
	}
}

func readResult(ts *testscript.TestScript, dir string) result.Result {
	var r result.Result
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(dir, "result.json"))), &r))
	if len(r.Experiments) == 0 {
		ts.Fatalf("no experiments in %s", dir)
	}
	return r
}

// verdict RUN VERDICT... wants one of the verdicts for the first experiment of
// a run, and with ! none of them.
func verdict(ts *testscript.TestScript, neg bool, args []string) {
	e := readResult(ts, args[0]).Experiments[0]
	found := false
	for _, v := range args[1:] {
		found = found || string(e.Verdict) == v
	}
	if found == neg {
		ts.Fatalf("verdict %s: %q", e.Verdict, e.Reasons)
	}
	for _, f := range e.Faults {
		if f.Intended && !f.RemovalVerified {
			ts.Fatalf("the removal of %s is not verified", f.Name)
		}
	}
}

// wrong RUN wants the first experiment to have harmed journeys by answers that are
// wrong, and by nothing else: no status, no time-out, no error.
func wrong(ts *testscript.TestScript, _ bool, args []string) {
	for _, j := range readResult(ts, args[0]).Experiments[0].Journeys {
		c := j.Arms.Fault
		if j.Name == "checkout" && c.Wrong == 0 || c.Failed > 0 {
			ts.Fatalf("%s: %+v", j.Name, c)
		}
	}
}

// truth RUN SHOP wants the blast radius that a run measured to agree with what
// the storefront counted itself while the fault was in force.
func truth(ts *testscript.TestScript, _ bool, args []string) {
	e := readResult(ts, args[0]).Experiments[0]
	entry := ""
	for line := range strings.Lines(ts.ReadFile(filepath.Join(args[1], "blastgauge.yaml"))) {
		if rest, ok := strings.CutPrefix(line, "url: "); ok {
			entry = strings.TrimSpace(rest)
		}
	}
	window := url.Values{
		"from": {e.Faults[0].Injected.Format(time.RFC3339Nano)},
		"to":   {e.Faults[0].Removed.Format(time.RFC3339Nano)},
	}
	var counted struct{ Checkouts struct{ Total, Failed int } }
	get(ts, entry+"/counters?"+window.Encode(), &counted)
	if counted.Checkouts.Total < 30 {
		ts.Fatalf("the storefront counted %+v", counted)
	}
	share := float64(counted.Checkouts.Failed) / float64(counted.Checkouts.Total)
	if b := e.BlastRadius; b == nil || share < b.Low || share > b.High {
		ts.Fatalf("the storefront counted %d of %d failed, the blast radius is %+v", counted.Checkouts.Failed, counted.Checkouts.Total, b)
	}
}

// tear RUN cuts a journal in the middle of the line that removes the fault, as
// a machine that dies does.
func tear(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(filepath.Join(args[0], "journal.ndjson"))
	text := ts.ReadFile(file)
	at := strings.Index(text, `"fault_removed"`)
	if at < 0 {
		ts.Fatalf("no removal in the journal")
	}
	ts.Check(os.WriteFile(file, []byte(text[:at]), 0o600))
}
