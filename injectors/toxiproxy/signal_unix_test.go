//go:build unix

package toxiproxy_test

import (
	"os"
	"syscall"
	"testing"
)

// stop returns when the process stands still: it goes on for a while after the
// signal was sent.
func stop(t *testing.T, p *os.Process) {
	t.Helper()
	signal(t, p, syscall.SIGSTOP)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the process did not stop: %v %v", status, err)
	}
}

func goOn(t *testing.T, p *os.Process) { signal(t, p, syscall.SIGCONT) }

func signal(t *testing.T, p *os.Process, s os.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}
