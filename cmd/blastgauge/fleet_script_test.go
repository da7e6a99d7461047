package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/injectors/injectortest/dnsserver"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// These scripts run against a dependency that is behind eight servers, of which a name says
// which are there.
func TestFleet(t *testing.T) {
	t.Parallel() // mostly waiting
	p := testscript.Params{
		Dir:                 "testdata/script/fleet",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits,
			"fleet": startFleet,
			"named": func(ts *testscript.TestScript, _ bool, args []string) { fleetOf(ts).named(strings.Join(args, ",")) },
			"on":    func(ts *testscript.TestScript, _ bool, args []string) { fleetOf(ts).on(ts, strings.Join(args, ",")) },
			"while": whileItRuns,
		},
		Setup: func(env *testscript.Env) error {
			env.Values[fleetKey{}] = new(testFleet)
			return nil
		},
	}
	runScripts(t, p)
}

type fleetKey struct{}

// A testFleet is servers on 127.0.0.2 and so on, all at one port, and a system that calls its
// dependency through those that the name stands for, in turn.
type testFleet struct {
	servers []*proxy.Server
	listen  []string // of the proxy on each
	dns     *dnsserver.Server
	now     atomic.Pointer[[]int] // those that the name stands for
	calls   atomic.Int64
}

func fleetOf(ts *testscript.TestScript) *testFleet { return ts.Value(fleetKey{}).(*testFleet) }

const fleetSize = 8

func fleetHost(i int) string { return "127.0.0." + strconv.Itoa(2+i) }

// startFleet DIR starts them and writes the documents. All of them but the last two are
// named.
func startFleet(ts *testscript.TestScript, _ bool, args []string) {
	f := fleetOf(ts)
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ts.Defer(backend.Close)
	var port string
	for attempt := 0; ; attempt++ {
		var err error
		if port, err = f.listenAtOnePort(ts); err == nil {
			break
		}
		if attempt == 20 {
			ts.Check(err)
		}
	}
	for i, s := range f.servers {
		body := fmt.Sprintf(`[{"name":"payments","listen":"%s:0","upstream":"http://%s","enabled":true}]`, fleetHost(i), backend.Listener.Addr())
		ts.Check(s.Populate([]byte(body)))
		var proxies map[string]struct{ Listen string }
		get(ts, s.URL()+"/proxies", &proxies)
		f.listen = append(f.listen, proxies["payments"].Listen)
	}
	var err error
	f.dns, err = dnsserver.Start()
	ts.Check(err)
	ts.Defer(func() { f.dns.Close() })
	f.named("0,1,2,3,4,5")
	entry := httptest.NewServer(http.HandlerFunc(f.enter))
	ts.Defer(entry.Close)
	ts.Setenv("NAME", "dns://payments-proxy.test:"+port+"?server="+f.dns.Address())
	ts.Setenv("ENTRY", entry.URL)
	ts.Setenv("FIRST", f.servers[0].URL())
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Join(dir, "experiments"), 0o755))
	ts.Check(os.WriteFile(filepath.Join(dir, "blastgauge.yaml"), fmt.Appendf(nil, `version: 1
system: fleet
environment: staging
url: %s
dependencies:
  payments: {toxiproxy: "%s", proxy: payments}
journeys:
  checkout: {rate: 20/s, slow_after: 1s, timeout: 2s, steps: [{name: pay, request: GET /}]}
defaults:
  limits: {blast_radius: 20%%, baseline: 100%%}
`, entry.URL, ts.Getenv("NAME")), 0o644))
	for name, share := range map[string]string{"all": "", "some": ", share: {instances: 2 of 6}"} {
		text := fmt.Sprintf("version: 1\nexperiment: %s\nhypothesis: Checkout keeps working.\nfaults:\n  - {inject: http_error, into: payments, status: 503%s}\n", name, share)
		ts.Check(os.WriteFile(filepath.Join(dir, "experiments", name+".yaml"), []byte(text), 0o644))
	}
}

func (f *testFleet) listenAtOnePort(ts *testscript.TestScript) (port string, err error) {
	f.servers, port = nil, "0"
	for i := range fleetSize {
		s, err := proxy.Start(proxy.Options{Listen: net.JoinHostPort(fleetHost(i), port)})
		if err != nil {
			return "", err
		}
		ts.Defer(func() { s.Close() })
		f.servers = append(f.servers, s)
		_, port, _ = net.SplitHostPort(strings.TrimPrefix(s.URL(), "http://"))
	}
	return port, nil
}

// enter is where journeys enter: it calls the dependency.
func (f *testFleet) enter(w http.ResponseWriter, r *http.Request) {
	now := *f.now.Load()
	at := f.listen[now[int(f.calls.Add(1))%len(now)]]
	resp, err := http.Get("http://" + at + r.URL.Path)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

// named makes the name stand for these servers from now on, as in 0,1,5.
func (f *testFleet) named(list string) {
	var now []int
	var addresses []netip.Addr
	for i := range fleetSize {
		if slices.Contains(strings.Split(list, ","), strconv.Itoa(i)) {
			now = append(now, i)
			addresses = append(addresses, netip.MustParseAddr(fleetHost(i)))
		}
	}
	f.now.Store(&now)
	f.dns.Set(addresses...)
}

// on waits until exactly these servers carry a toxic.
func (f *testFleet) on(ts *testscript.TestScript, list string) {
	await(ts, "a fault on "+list+" alone", func() bool {
		var on []string
		for i, s := range f.servers {
			var proxies map[string]proxyState
			get(ts, s.URL()+"/proxies", &proxies)
			if !tidy(proxies) {
				on = append(on, strconv.Itoa(i))
			}
		}
		return strings.Join(on, ",") == list
	})
}

// whileItRuns CODE STEP... -- ARG... runs blastgauge in a process group of its own and takes
// the steps in turn: wait:TEXT on its standard error, named:0,1 and on:0,1 as the commands,
// dns:broken, and WHOM:SIGNAL for the run, its group or its guard.
func whileItRuns(ts *testscript.TestScript, _ bool, args []string) {
	code, f := args[0], fleetOf(ts)
	steps := args[1:slices.Index(args, "--")]
	cmd := command(ts, args[slices.Index(args, "--")+1:])
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	finish(ts, cmd, code, func() {
		guard := 0
		for _, step := range steps {
			what, detail, _ := strings.Cut(step, ":")
			switch what {
			case "wait":
				waitFor(ts, "err", detail)
				guard = guardOf(cmd.Process.Pid)
			case "named":
				f.named(detail)
			case "on":
				f.on(ts, detail)
			case "dns":
				f.dns.Break()
			case "stop":
				out, err := command(ts, []string{"recover", "--stop", detail}).CombinedOutput()
				ts.Logf("%s", out)
				if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
					ts.Check(err)
				}
			default:
				tellOne(ts, cmd.Process.Pid, guard, what, detail)
			}
		}
	})
}
