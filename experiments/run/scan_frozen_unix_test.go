//go:build unix

package run_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
)

// startProxyProcess starts a proxy server of ours as a process of its own, which ends with
// its standard input.
func startProxyProcess(t *testing.T) (p *os.Process, api string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], proxiesArgument)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT) // of a test that failed
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd.Process, strings.TrimSpace(line)
}

// freezeIn stops the proxy server in the stage, if the scan comes to that, until it has ended. What it has not
// removed then is removed once the server goes on.
func freezeIn(t *testing.T, s scanStage) (*standbyBench, *result.Result) {
	server, api := startProxyProcess(t)
	b := newStandbyBench(t, api, s.entry)
	signal := func(s syscall.Signal) {
		if err := server.Signal(s); err != nil {
			t.Error(err)
		}
	}
	r := b.scan(t.Context(), t, s, func() { signal(syscall.SIGSTOP) })
	if r == nil {
		return b, nil
	}
	if r.Run.ExitCode != result.ExitNotRemoved || !s.knows(r.Scan) {
		t.Errorf("exit code %d, ended as %s: %s; the map is %s", r.Run.ExitCode, r.Scan.Ended, r.Run.Error, inJSON(t, r.Scan))
	}
	signal(syscall.SIGCONT)
	if err := cleanup.Run(t.Context(), b.options.Dir, cleanup.Options{Registry: b.options.Registry}); err != nil {
		t.Error(err)
	}
	r, err := result.Load(b.options.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Run.ExitCode == result.ExitNotRemoved {
		t.Errorf("what is gone is told as left: exit code %d", r.Run.ExitCode)
	}
	return b, r
}
