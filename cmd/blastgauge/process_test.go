package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/rogpeppe/go-internal/testscript"
)

// These scripts need what happens to other processes while a run goes on: a
// Toxiproxy that stops answering, dies, or never answers at all.
func processes(t *testing.T) testscript.Params {
	t.Helper()
	binary := stockServer
	_, _ = binary() // before anything measures; its error is the condition's
	return testscript.Params{
		Dir:                 "testdata/script/process",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":    exits,
			"measures": measureAgain,
			"stops":    stops,
			"struck":   struck,
			"roomy":    makeRoomy,
			"shop":     startShop,
			"doomed":   doomedShop,
			"clean":    clean,
			"verdict":  verdict,
			"truth":    truth,
			"remove":   removeProxy,
			"empty":    empty,
			"same":     sameText,
			"mute":     mute,
			"drive":    drive,
			"attack":   attack,
			"cleaned":  cleaned,
			"standing": standingProxy,
			"server":   func(ts *testscript.TestScript, _ bool, _ []string) { startServer(ts, binary) },
		},
		Condition: func(cond string) (bool, error) { return needsServer(cond, binary) },
		Setup: func(env *testscript.Env) error {
			env.Values[serverKey{}] = new(serverProcess)
			env.Values[muteKey{}] = make(chan struct{}, 1)
			return nil
		},
	}
}

type (
	serverKey     struct{}
	muteKey       struct{}
	serverProcess struct{ cmd *exec.Cmd }
)

// buildServer builds the unchanged toxiproxy-server of the module that we use.
func buildServer(dir string) (string, error) {
	path := filepath.Join(dir, "toxiproxy-server")
	out, err := exec.Command("go", "build", "-o", path, "github.com/Shopify/toxiproxy/v2/cmd/server").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build toxiproxy-server: %w: %s", err, out)
	}
	return path, nil
}

// server starts a toxiproxy-server of its own process; $TOXIPROXY is its API.
func startServer(ts *testscript.TestScript, binary func() (string, error)) {
	path, err := binary()
	ts.Check(err)
	address := freeAddresses(ts, 1)[0]
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(path, "-host", host, "-port", port)
	ts.Check(cmd.Start())
	ts.Value(serverKey{}).(*serverProcess).cmd = cmd
	ts.Defer(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Kill() // it may be dead already, which is what a script may want
		cmd.Wait()
	})
	url := "http://" + address
	await(ts, "the server", func() bool {
		resp, err := http.Get(url + "/version")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	ts.Setenv("TOXIPROXY", url)
}

// freeAddresses are the script's until it ends: a server that starts later still finds
// them free.
func freeAddresses(ts *testscript.TestScript, n int) []string {
	free, err := loopback.Reserve(n)
	ts.Check(err)
	ts.Defer(func() { free.Close() })
	return free.Addresses()
}

// standing starts a proxy server of ours as a process of its own, with the flags
// of toxiproxy-server; $TOXIPROXY is its API. It ends in good order when it is
// told to.
func standingProxy(ts *testscript.TestScript, _ bool, _ []string) {
	_, port, _ := net.SplitHostPort(freeAddresses(ts, 1)[0])
	cmd := command(ts, []string{"proxy", "-host=127.0.0.1", "-port", port, "-proxy-metrics"})
	stdout, err := os.Create(ts.MkAbs("standing"))
	ts.Check(err)
	defer stdout.Close()
	cmd.Stdout = stdout
	ts.Check(cmd.Start())
	ts.Defer(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			test(ts).Errorf("%s: the proxy server: %v", ts.Name(), err)
		}
	})
	waitFor(ts, "standing", "ready\n")
	ts.Setenv("TOXIPROXY", "http://127.0.0.1:"+port)
	ts.Setenv("PORT", port)
}

// await polls for what another process does.
func await(ts *testscript.TestScript, what string, ok func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(lookEvery) {
		if time.Now().After(deadline) {
			ts.Fatalf("%s: did not come", what)
		}
	}
}

// drive CODE STEP... -- ARG... runs blastgauge, takes the steps in turn, and
// wants the exit code soon after the last one. Steps are wait:TEXT on its
// standard error, connected (to the mute server), and self:SIGNAL and
// server:SIGNAL.
func drive(ts *testscript.TestScript, _ bool, args []string) {
	code, steps := args[0], []string(nil)
	for args = args[1:]; args[0] != "--"; args = args[1:] {
		steps = append(steps, args[0])
	}
	cmd := command(ts, args[1:])
	var last time.Time
	finish(ts, cmd, code, func() {
		for _, step := range steps {
			takeStep(ts, cmd, step)
		}
		last = time.Now()
	})
	if took := time.Since(last); took > 30*time.Second {
		ts.Fatalf("it took %s to end", took)
	}
}

func takeStep(ts *testscript.TestScript, cmd *exec.Cmd, step string) {
	what, detail, _ := strings.Cut(step, ":")
	switch what {
	case "wait":
		waitFor(ts, "err", detail)
	case "connected":
		select {
		case <-ts.Value(muteKey{}).(chan struct{}):
		case <-time.After(30 * time.Second):
			ts.Fatalf("nobody connected to the mute server")
		}
	case "self":
		ts.Check(cmd.Process.Signal(signalNumbers[detail]))
	case "server":
		tell(ts, what, detail)
	default:
		ts.Fatalf("unknown step %q", step)
	}
}

// mute FILE starts a server that takes connections and never answers, and
// writes its address into FILE in place of MUTE.
func mute(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	connected := ts.Value(muteKey{}).(chan struct{})
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			select {
			case connected <- struct{}{}:
			default:
			}
			served.Go(func() { io.Copy(io.Discard, conn); conn.Close() })
		}
	})
	ts.Defer(func() { listener.Close(); served.Wait() })
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "MUTE", listener.Addr().String())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// doomed DIR [FLAG...] is shop for scripts that take its Toxiproxy away: the shop
// cannot tidy up then, and how it ends is not the question.
func doomedShop(ts *testscript.TestScript, _ bool, args []string) {
	cmd := shopCommand(ts, args[0], args[1:])
	stdout, err := os.Create(ts.MkAbs("doomed"))
	ts.Check(err)
	defer stdout.Close()
	cmd.Stdout = stdout
	ts.Check(cmd.Start())
	ts.Defer(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	waitFor(ts, "doomed", "ready\n")
	editShop(ts, args[0], fewCustomers)
}

// remove DIR PROXY deletes a proxy of the shop in DIR.
func removeProxy(ts *testscript.TestScript, _ bool, args []string) {
	req, err := http.NewRequest(http.MethodDelete, api(ts, args[0])+"/proxies/"+args[1], nil)
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		ts.Fatalf("delete %s: %s", args[1], resp.Status)
	}
}

// same RUN REPORT wants the text of a run and of its report to be the same but
// for the run's last line, which is its exit code.
func sameText(ts *testscript.TestScript, _ bool, args []string) {
	run := bytes.TrimRight([]byte(ts.ReadFile(args[0])), "\n")
	cut := bytes.LastIndexByte(run, '\n')
	if last := string(run[cut+1:]); !strings.HasPrefix(last, "exit ") {
		ts.Fatalf("the last line is %q", last)
	}
	if got := strings.TrimSpace(ts.ReadFile(args[1])); got != string(bytes.TrimSpace(run[:cut])) {
		ts.Fatalf("the report says\n%s\nthe run said\n%s", got, run[:cut])
	}
}

// empty DIR wants a directory with nothing in it.
func empty(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s holds %v", args[0], entries)
	}
}
