package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
)

// These scripts kill, stop and hang runs, their guards and their servers, and
// want no fault to be left. Some are about either kind of server, some about what
// only a stock one does.
func TestRecovery(t *testing.T) {
	t.Parallel() // mostly waiting
	// Those that take longest come first.
	for _, tt := range []struct{ name, dir, server string }{
		{"stock itself", "testdata/script/recovery/stock", "--foreign"},
		{"stock", "testdata/script/recovery", "--foreign"},
		{"ours", "testdata/script/recovery", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			runScripts(t, recovery(tt.dir, tt.server, stockServer))
		})
	}
}

func recovery(dir, server string, binary func() (string, error)) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":    exits,
			"shop":     shopBehind,
			"doomed":   doomedShop,
			"clean":    clean,
			"cleaned":  cleaned,
			"empty":    empty,
			"foreign":  foreign,
			"attack":   attack,
			"address":  func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv("API", api(ts, args[0])) },
			"delete":   func(ts *testscript.TestScript, _ bool, args []string) { deletes(ts, api(ts, args[0])+args[1]) },
			"revive":   revive,
			"moody":    moody,
			"server":   func(ts *testscript.TestScript, _ bool, _ []string) { startServer(ts, binary) },
			"restored": restored,
			"pretill":  prepareTill,
			"silent":   silent,
			"byhand":   byHand,
			"tell":     func(ts *testscript.TestScript, _ bool, args []string) { tell(ts, args[0], args[1]) },
		},
		Condition: func(cond string) (bool, error) { return needsServer(cond, binary) },
		Setup: func(env *testscript.Env) error {
			env.Setenv("SERVER", server)
			env.Values[serverKey{}] = new(serverProcess)
			env.Values[moodKey{}] = new(mood)
			return nil
		},
	}
}

// shopBehind DIR [FLAG...] is shop; an empty flag is none, and a foreign server is
// a process of its own.
func shopBehind(ts *testscript.TestScript, neg bool, args []string) {
	args = slices.DeleteFunc(args, func(arg string) bool { return arg == "" })
	if len(args) > 1 && args[1] == "--foreign" {
		url, stop, err := startStock()
		ts.Check(err)
		ts.Defer(func() { stop() })
		args = append(args[:1], append([]string{"--toxiproxy", url}, args[2:]...)...)
	}
	startShop(ts, neg, args)
	editShop(ts, args[0], hardlyAny)
}

// hardlyAny customers are enough where a run is killed and nothing that it measures counts.
var hardlyAny = []edit{{"rate: 10/s", "rate: 4/s"}}

// stockd is a stock server as a process of its own: it serves until its standard
// input ends. In the process of a test its data races would be the test's.
const stockd = "stockd"

func serveStock() {
	server, err := stock.Start("127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.URL())
	io.Copy(io.Discard, os.Stdin)
	server.Close()
}

func startStock() (url string, stop func() error, err error) {
	path, err := exec.LookPath(stockd)
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	stop = func() error {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait() // however it ends: it may hang, as stock servers do
		return nil
	}
	return strings.TrimSpace(line), stop, nil
}

// needsServer is the condition of scripts that need a server process.
func needsServer(cond string, binary func() (string, error)) (bool, error) {
	if cond != "server" {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	_, err := binary()
	return required.Condition(err)
}

var signalNumbers = map[string]syscall.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT,
	"STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT, "KILL": syscall.SIGKILL,
}

// attack CODE STEP... -- ARG... runs blastgauge in a process group of its own,
// takes the steps in turn, and wants the exit code soon after the last one.
// Steps are wait:TEXT on its standard error, file:PATH for a file that comes,
// pause:DURATION, stop:DIR for recover --stop, remove:PATH and move:PATH, delete:PROXY of the shop, write:FILE
// for somebody else who writes it, revive: for the server, WHOM:SIGNAL for the run, its group, its guard or the server, and
// mood:MOOD of the moody server.
func attack(ts *testscript.TestScript, _ bool, args []string) {
	code, steps := args[0], []string(nil)
	for args = args[1:]; args[0] != "--"; args = args[1:] {
		steps = append(steps, args[0])
	}
	cmd := command(ts, args[1:])
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var last time.Time
	finish(ts, cmd, code, func() {
		guard := 0
		for _, step := range steps {
			what, detail, _ := strings.Cut(step, ":")
			switch what {
			case "wait":
				waitFor(ts, "err", detail)
				guard = guardOf(cmd.Process.Pid)
			case "file":
				await(ts, detail, func() bool { _, err := os.Stat(ts.MkAbs(detail)); return err == nil })
			case "stop":
				out, err := command(ts, []string{"recover", "--stop", detail}).CombinedOutput()
				ts.Logf("%s", out)
				ts.Check(err)
			case "revive":
				revive(ts, false, nil)
			case "write":
				text := []byte("{\"written\": \"by somebody else\"}\n")
				ts.Check(os.WriteFile(ts.MkAbs(detail), text, 0o644))
				ts.Check(os.WriteFile(ts.MkAbs("written"), text, 0o644))
			case "remove":
				ts.Check(os.RemoveAll(ts.MkAbs(detail)))
			case "move":
				ts.Check(os.Rename(ts.MkAbs(detail), ts.MkAbs(detail)+"-elsewhere"))
			case "delete":
				deletes(ts, api(ts, "shop")+"/proxies/"+detail)
			case "pause":
				d, err := time.ParseDuration(detail)
				ts.Check(err)
				time.Sleep(d)
			default:
				tellOne(ts, cmd.Process.Pid, guard, what, detail)
			}
		}
		last = time.Now()
	})
	if took := time.Since(last); took > 30*time.Second {
		ts.Fatalf("it took %s to end", took)
	}
}

func deletes(ts *testscript.TestScript, url string) {
	req, err := http.NewRequest(http.MethodDelete, url, nil)
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		ts.Fatalf("DELETE %s: %s", url, resp.Status)
	}
}

// revive starts the server again where it was. It waits for the end of the one that was
// killed, because until then nobody else can listen there.
func revive(ts *testscript.TestScript, _ bool, _ []string) {
	dead := ts.Value(serverKey{}).(*serverProcess).cmd
	dead.Wait() // it ended by a signal
	cmd := exec.Command(dead.Path, dead.Args[1:]...)
	ts.Check(cmd.Start())
	ts.Defer(func() { cmd.Process.Kill(); cmd.Wait() })
	await(ts, "the server", func() bool {
		resp, err := http.Get(ts.Getenv("TOXIPROXY") + "/version")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
}

func tellOne(ts *testscript.TestScript, run, guard int, whom, what string) {
	switch whom {
	case "run":
		ts.Check(syscall.Kill(run, signalNumbers[what]))
	case "group":
		ts.Check(syscall.Kill(-run, signalNumbers[what]))
	case "guard":
		if guard == 0 {
			ts.Fatalf("the run has no guard")
		}
		ts.Check(syscall.Kill(guard, signalNumbers[what]))
	default:
		tell(ts, whom, what)
	}
}

// dumb reports whether a server does not answer.
func dumb(url string) bool {
	c := http.Client{Timeout: 300 * time.Millisecond}
	resp, err := c.Get(url + "/version")
	if err != nil {
		return true
	}
	resp.Body.Close()
	return false
}

// tell WHOM WHAT sends the server a signal, or the moody one a mood.
func tell(ts *testscript.TestScript, whom, what string) {
	switch whom {
	case "server":
		ts.Check(ts.Value(serverKey{}).(*serverProcess).cmd.Process.Signal(signalNumbers[what]))
		if what == "STOP" { // a process does not stop before it is its turn
			await(ts, "the server's silence", func() bool { return dumb(ts.Getenv("TOXIPROXY")) })
		}
	case "mood":
		ts.Value(moodKey{}).(*mood).now.Store(&what)
	default:
		ts.Fatalf("nobody is called %q", whom)
	}
}

// guardOf finds the guard among the children of a run; 0 for none.
func guardOf(run int) int {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,args=").Output()
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) > 3 && f[1] == strconv.Itoa(run) && f[3] == guardNamed {
			if pid, err := strconv.Atoi(f[0]); err == nil {
				return pid
			}
		}
	}
	return 0
}

// cleaned DURATION DIR wants the state that clean wants, within a time from now.
func cleaned(ts *testscript.TestScript, _ bool, args []string) {
	within, err := time.ParseDuration(args[0])
	ts.Check(err)
	began := time.Now()
	for {
		var proxies map[string]proxyState
		get(ts, api(ts, args[1])+"/proxies", &proxies)
		if tidy(proxies) && unheld(ts, api(ts, args[1])) {
			ts.Logf("clean after %s", time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > within {
			ts.Fatalf("not clean after %s: %+v", within, proxies)
		}
		time.Sleep(lookEvery)
	}
}

// restored DURATION FILE AS wants a file to be the same as another within a time
// from now.
func restored(ts *testscript.TestScript, _ bool, args []string) {
	within, err := time.ParseDuration(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(within); ts.ReadFile(args[1]) != ts.ReadFile(args[2]); time.Sleep(lookEvery) {
		if time.Now().After(deadline) {
			ts.Fatalf("after %s %s is still %q", within, args[1], ts.ReadFile(args[1]))
		}
	}
}

// byhand FILE AFTER does what the line after the one that holds a text tells a
// person to do.
func byHand(ts *testscript.TestScript, _ bool, args []string) {
	_, rest, ok := strings.Cut(ts.ReadFile(args[0]), args[1])
	lines := strings.Split(rest, "\n")
	if !ok || len(lines) < 2 {
		ts.Fatalf("%s does not tell: %q", args[0], rest)
	}
	cmd := exec.Command("sh", "-c", lines[1])
	cmd.Dir = ts.Getenv("WORK")
	out, err := cmd.CombinedOutput()
	ts.Logf("%s\n%s", lines[1], out)
	ts.Check(err)
}

// A proxyState shows whether a proxy was left as it was found.
type proxyState struct {
	Enabled bool
	Toxics  []any
}

// tidy wants every proxy enabled and without toxics; the lock of a run is a
// disabled one.
func tidy(proxies map[string]proxyState) bool {
	ok := len(proxies) > 0
	for _, p := range proxies {
		ok = ok && p.Enabled && len(p.Toxics) == 0
	}
	return ok
}

// unheld wants no run to hold a server of ours.
func unheld(ts *testscript.TestScript, url string) bool {
	resp, err := http.Get(url + "/blastgauge/leases")
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return resp.StatusCode == http.StatusNotFound || strings.TrimSpace(string(text)) == "[]"
}

type moodKey struct{}

// A mood is how the moody server answers at the moment.
type mood struct{ now atomic.Pointer[string] }

// moody starts an API that is that of a stock server until it is told to be
// otherwise: html answers 503 with a page, slow answers after 30 s, dead breaks
// the connection. $MOODY is where it is.
func moody(ts *testscript.TestScript, _ bool, _ []string) {
	behind, stop, err := startStock()
	ts.Check(err)
	ts.Defer(func() { stop() })
	target, err := url.Parse(behind)
	ts.Check(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	m := ts.Value(moodKey{}).(*mood)
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := ""
		if p := m.now.Load(); p != nil && r.UserAgent() == "blastgauge" {
			now = *p
		}
		switch now {
		case "html":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>")
			return
		case "slow":
			select {
			case <-time.After(30 * time.Second):
			case <-ended:
			}
		case "dead":
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	ts.Defer(func() { close(ended); server.Close() })
	ts.Setenv("MOODY", server.URL)
}
