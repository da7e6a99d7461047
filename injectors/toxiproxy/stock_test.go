package toxiproxy_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/injectortest"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// stockServer starts a stock server in this process.
func stockServer(t *testing.T) string {
	t.Helper()
	server, err := stock.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// The stock server is built once and started as a process of its own for each
// test: one that can be stopped, killed and hung without harm to the others.
func TestOnAStockProcess(t *testing.T) {
	t.Parallel() // mostly waiting, as its parts are
	if testing.Short() {
		t.Skip("builds the stock server")
	}
	binary := filepath.Join(t.TempDir(), "toxiproxy-server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/Shopify/toxiproxy/v2/cmd/server")
	if out, err := build.CombinedOutput(); err != nil {
		required.Missing(t, "the stock server cannot be built here: %v\n%s", err, out)
	}
	for name, test := range map[string]func(t *testing.T, url string, process *os.Process){
		"contract":                          func(t *testing.T, url string, _ *os.Process) { injectortest.Run(t, driven(url, false)) },
		"a hung proxy holds up nobody":      hungProxy,
		"a hung proxy can be made again":    hungProxyMadeAgain,
		"one that is stopped is outlived":   stoppedServer,
		"one that is killed proves nothing": killedServer,
		"a lapsed lock goes to one":         lapsedLock,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, process := stockProcess(t, binary)
			test(t, url, process)
		})
	}
}

func stockProcess(t *testing.T, binary string) (url string, process *os.Process) {
	t.Helper()
	for range 5 { // a free port may be taken before the server has it
		url, process, ok := startProcess(t, binary)
		if ok {
			return url, process
		}
	}
	t.Fatal("the stock server does not start")
	return "", nil
}

func startProcess(t *testing.T, binary string) (url string, process *os.Process, ok bool) {
	t.Helper()
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { free.Close() })
	_, port, _ := net.SplitHostPort(free.Addresses()[0])
	server := exec.Command(binary, "-host", "127.0.0.1", "-port", port)
	server.Env = append(os.Environ(), "LOG_LEVEL=disabled")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { server.Wait(); close(gone) }()
	t.Cleanup(func() { server.Process.Kill(); <-gone })
	url = "http://127.0.0.1:" + port
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := toxiproxy.New(toxiproxy.Options{URL: url}).Identify(t.Context()); err == nil {
			return url, server.Process, true
		}
		select {
		case <-gone:
			return "", nil, false
		default:
		}
	}
	return "", nil, false
}

// latencyOn is a fault on a proxy.
func latencyOn(proxy string, n string) plan.Fault {
	return plan.Fault{
		Name: "blastgauge.20261124t000000z-driver." + n, Proxy: proxy,
		Fault: experiments.Fault{Inject: "latency", Into: proxy, Attributes: injectors.Attributes{"latency": 0.1}, Share: 1},
	}
}

// flood is a dependency that sends as much as its client takes.
func flood(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			go func() {
				for chunk := make([]byte, 32<<10); ; {
					if _, err := c.Write(chunk); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// hangs is after how long a call that has no answer is taken for one that hangs.
const hangs = 2 * time.Second

// A client that does not read hangs a stock server's removal of a toxic for
// ever. The driver must come back in time, and be able to remove what is on
// other proxies meanwhile.
func hungProxy(t *testing.T, url string, _ *os.Process) {
	d, patient := toxiproxy.New(toxiproxy.Options{URL: url, Timeout: hangs}), toxiproxy.New(toxiproxy.Options{URL: url, Timeout: time.Minute})
	upstream := flood(t)
	for _, name := range []string{"hung", "healthy"} {
		if err := patient.Create(t.Context(), name, "127.0.0.1:0", upstream); err != nil {
			t.Fatal(err)
		}
	}
	hung, healthy := latencyOn("hung", "1"), latencyOn("healthy", "2")
	for _, f := range []plan.Fault{hung, healthy} {
		if err := patient.Inject(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	neverRead(t, d, hung)

	// Until the buffers between are full the removal goes through.
	stuck := eventuallyStuck(t, d, hung)
	if !errors.Is(stuck, context.DeadlineExceeded) || !strings.Contains(stuck.Error(), "no answer within 2s") {
		t.Errorf("Revert() on a hung proxy = %v, want no answer within 2s", stuck)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waiting := make(chan error, 1)
	go func() { waiting <- patient.Revert(ctx, hung) }()
	if err := patient.Revert(t.Context(), healthy); err != nil {
		t.Errorf("Revert() on a healthy proxy beside it = %v", err)
	}
	select {
	case err := <-waiting:
		t.Errorf("Revert() on a hung proxy = %v before the one on a healthy proxy beside it had ended", err)
		return
	default:
	}
	cancel()
	if err := <-waiting; err == nil {
		t.Error("Revert() on a hung proxy = nil")
	}
}

// neverRead connects to the proxy of a fault and reads nothing. It returns where
// the proxy listens and leads.
func neverRead(t *testing.T, d *toxiproxy.Driver, f plan.Fault) plan.Fault {
	t.Helper()
	filled, err := d.Fill(t.Context(), planOf(f))
	if err != nil {
		t.Fatal(err)
	}
	f = filled.Experiments[0].Faults[0]
	client, err := net.Dial("tcp", f.Listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return f
}

// Where the removal hangs for ever, making the proxy again is what is left.
func hungProxyMadeAgain(t *testing.T, url string, _ *os.Process) {
	d := toxiproxy.New(toxiproxy.Options{URL: url, Timeout: hangs})
	f := latencyOn("hung", "1")
	if err := d.Create(t.Context(), f.Proxy, "127.0.0.1:0", flood(t)); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	f = neverRead(t, d, f)
	if err := eventuallyStuck(t, d, f); err == nil {
		t.Fatal("nothing hangs")
	}
	if err := d.Recreate(t.Context(), f.Proxy, f.Listen, f.Upstream); err != nil {
		t.Fatalf("Recreate() of a hung proxy = %v", err)
	}
	if err := d.Revert(t.Context(), f); err != nil {
		t.Errorf("Revert() after it = %v", err)
	}
	if err := d.Preflight(t.Context(), planOf(f)); err != nil {
		t.Errorf("Preflight() after it = %v, want a proxy as good as new", err)
	}
}

func eventuallyStuck(t *testing.T, d *toxiproxy.Driver, f plan.Fault) error {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if err := d.Revert(t.Context(), f); err != nil {
			return err
		}
		if err := d.Inject(t.Context(), f); err != nil {
			return err
		}
	}
	t.Fatal("a client that does not read did not hang the server")
	return nil
}

// A server that is stopped answers nothing; once it goes on, removal succeeds.
func stoppedServer(t *testing.T, url string, process *os.Process) {
	d, patient := toxiproxy.New(toxiproxy.Options{URL: url, Timeout: 200 * time.Millisecond}), toxiproxy.New(toxiproxy.Options{URL: url, Timeout: time.Minute})
	if err := patient.Create(t.Context(), "payments", "127.0.0.1:0", flood(t)); err != nil {
		t.Fatal(err)
	}
	f := latencyOn("payments", "1")
	if err := patient.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	stop(t, process)
	began := time.Now()
	if err := d.Revert(t.Context(), f); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Revert() on a stopped server = %v", err)
	}
	if _, err := d.Check(t.Context(), f); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Check() on a stopped server = %v", err)
	}
	late := latencyOn("payments", "2")
	if err := d.Inject(t.Context(), late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Inject() on a stopped server = %v", err)
	}
	if took := time.Since(began); took > 30*time.Second { // a server that is stopped never answers
		t.Errorf("three calls took %v at a time-out of 200ms", took)
	}
	goOn(t, process)
	for _, f := range []plan.Fault{f, late} {
		if err := patient.Revert(t.Context(), f); err != nil {
			t.Errorf("Revert() after the server went on = %v", err)
		}
	}
	if left, err := patient.Leftovers(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A server that is killed is an error; its successor has no toxics, and removal
// from it succeeds.
func killedServer(t *testing.T, url string, process *os.Process) {
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	f := latencyOn("payments", "1")
	if err := d.Create(t.Context(), f.Proxy, "127.0.0.1:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := http.Get(url); err != nil || time.Now().After(deadline) {
			break
		}
	}
	if err := d.Revert(t.Context(), f); err == nil || !strings.Contains(err.Error(), "toxiproxy at "+url) {
		t.Errorf("Revert() on a killed server = %v", err)
	}
	if _, err := d.Check(t.Context(), f); err == nil {
		t.Error("Check() on a killed server = nil error: a server that is gone proves nothing")
	}
	if _, err := d.Identify(t.Context()); err == nil || !strings.Contains(err.Error(), "start one: blastgauge proxy") {
		t.Errorf("Identify() of a killed server = %v, want a hint", err)
	}
}

// planOf is a plan with faults and nothing else.
func planOf(faults ...plan.Fault) *plan.Plan {
	return &plan.Plan{Run: "20261124t000000z-driver", Experiments: []plan.Experiment{{ID: "e", Faults: faults}}}
}
