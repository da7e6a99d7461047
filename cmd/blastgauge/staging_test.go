package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// What is not staging is refused before anything is sent to it: a socket that
// listens there sees nobody, and no fault is injected.
func TestNothingLeavesStaging(t *testing.T) {
	t.Parallel() // mostly waiting
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer inside.Close()
	outside := listenOutside(t)
	toxiproxy := oneProxy(t, inside.URL)
	astray, away := chainOf(t, outside.url(""))
	staging := map[string]string{"environment": "staging", "toxiproxy": toxiproxy, "url": inside.URL, "step": "GET /", "proxy": "payments"}
	for name, c := range map[string]struct {
		change map[string]string
		says   string
		hosts  bool // names have to be looked up
	}{
		"production":                {map[string]string{"environment": "production", "toxiproxy": outside.url(""), "url": outside.url("")}, "looks like production", false},
		"entry not allowed":         {map[string]string{"url": outside.url("")}, "allow_hosts: [", false},
		"Toxiproxy not allowed":     {map[string]string{"toxiproxy": outside.url("")}, "allow_hosts: [", false},
		"absolute target":           {map[string]string{"step": "GET " + outside.url("")}, "allow_hosts: [", false},
		"entry that leads away":     {map[string]string{"url": outside.url("shop.test")}, "which is not a loopback address", true},
		"Toxiproxy that leads away": {map[string]string{"toxiproxy": outside.url("toxiproxy.test")}, "which is not a loopback address", true},
		"invariant that leads away": {map[string]string{"invariant": outside.url("ledger.test")}, "which is not a loopback address", true},
		"target that leads away":    {map[string]string{"step": "GET " + outside.url("pay.test")}, "which is not a loopback address", true},
		"control that leads away":   {map[string]string{"control": outside.url("control.test")}, "which is not a loopback address", true},
		"proxy that leads away":     {map[string]string{"toxiproxy": astray, "proxy": "direct"}, "proxy direct leads to http://" + outside.ip, false},
		"proxies that lead away":    {map[string]string{"toxiproxy": astray, "proxy": "payments"}, "proxy direct leads to http://" + outside.ip, false},
		"entry by such a proxy":     {map[string]string{"toxiproxy": astray, "proxy": "near", "url": away}, "proxy direct leads to http://" + outside.ip, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeOutside(t, dir, staging, c.change)
			code, out := runOutside(t, dir, outside, c.hosts)
			if code != 6 || !strings.Contains(out, c.says) {
				t.Errorf("exit code %d, want 6 and %q:\n%s", code, c.says, out)
			}
			if n := outside.met.Load(); n != 0 {
				t.Errorf("%d connections were made to what is outside", n)
			}
			for _, server := range []string{toxiproxy, astray} {
				var proxies map[string]proxyState
				if err := fetch(server+"/proxies", &proxies); err != nil || !tidy(proxies) {
					t.Errorf("proxies: %+v, %v", proxies, err)
				}
			}
		})
	}
}

// oneProxy is a proxy server of ours with one proxy.
func oneProxy(t *testing.T, upstream string) string {
	t.Helper()
	s, err := proxy.Start(proxy.Options{Version: "outside"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Populate(fmt.Appendf(nil, `[{"name":"payments","listen":"127.0.0.1:0","upstream":%q,"enabled":true}]`, upstream)); err != nil {
		t.Fatal(err)
	}
	return s.URL()
}

// chainOf is a proxy server of ours with a proxy, direct, that leads to an upstream, and
// one, payments, that leads to direct. A third one, near, leads nowhere. It returns the URL of the API and
// the one that direct is reached at.
func chainOf(t *testing.T, upstream string) (api, direct string) {
	t.Helper()
	s, err := proxy.Start(proxy.Options{Version: "outside"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	add := func(name, upstream string) string {
		if err := s.Populate(fmt.Appendf(nil, `[{"name":%q,"listen":"127.0.0.1:0","upstream":%q,"enabled":true}]`, name, upstream)); err != nil {
			t.Fatal(err)
		}
		var p struct{ Listen string }
		if err := fetch(s.URL()+"/proxies/"+name, &p); err != nil {
			t.Fatal(err)
		}
		return "http://" + p.Listen
	}
	direct = add("direct", upstream)
	add("payments", direct)
	add("near", "127.0.0.1:1")
	return s.URL(), direct
}

// An outsider listens at an address of this machine that is not loopback, and
// counts who comes.
type outsider struct {
	ip, port string
	met      atomic.Int64
}

func (o *outsider) url(name string) string {
	if name == "" {
		name = o.ip
	}
	return "http://" + net.JoinHostPort(name, o.port)
}

func listenOutside(t *testing.T) *outsider {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.To4() == nil || ip.IP.IsLoopback() {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(ip.IP.String(), "0"))
		if err != nil {
			continue
		}
		t.Cleanup(func() { l.Close() })
		_, port, _ := net.SplitHostPort(l.Addr().String())
		o := &outsider{ip: ip.IP.String(), port: port}
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				o.met.Add(1)
				conn.Close()
			}
		}()
		return o
	}
	t.Skip("this machine has no address but loopback")
	return nil
}

func writeOutside(t *testing.T, dir string, staging, change map[string]string) {
	t.Helper()
	get := func(key string) string {
		if v, ok := change[key]; ok {
			return v
		}
		return staging[key]
	}
	text := fmt.Sprintf(`version: 1
system: shop
environment: %s
toxiproxy: %s
url: %s
dependencies: {payments: {proxy: %s}}
journeys: {visit: {rate: 40/s, slow_after: 100ms, timeout: 200ms, steps: [{name: look, request: %s}]}}
defaults: {phases: {warmup: 100ms, baseline: 1s, fault: 1s, recovery: 100ms}, limits: {blast_radius: 5%%, baseline: 100%%}}
`, get("environment"), get("toxiproxy"), get("url"), get("proxy"), get("step"))
	if v := get("invariant"); v != "" {
		text += fmt.Sprintf("invariants: [{name: paid, request: GET %s}]\n", v)
	}
	if v := get("control"); v != "" {
		text += "control_url: " + v + "\n"
	}
	experiment := "version: 1\nexperiment: e\nhypothesis: Nothing leaves.\nfaults: [{inject: down, into: payments}]\n"
	err := errors.Join(os.Mkdir(filepath.Join(dir, "experiments"), 0o700),
		os.WriteFile(filepath.Join(dir, "blastgauge.yaml"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "experiments", "e.yaml"), []byte(experiment), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

// runOutside runs the command, where names matter in a world of its own in which
// they lead to the outsider.
func runOutside(t *testing.T, dir string, o *outsider, hosts bool) (int, string) {
	t.Helper()
	args := []string{"blastgauge", "run", "--progress", "lines", "--out", filepath.Join(dir, "run")}
	if hosts {
		file := filepath.Join(dir, "hosts")
		line := o.ip + " shop.test toxiproxy.test ledger.test pay.test control.test\n"
		if err := os.WriteFile(file, []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
			t.Skipf("names cannot be made to lead elsewhere here: %s", out)
		}
		args = append([]string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, file}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	return cmd.ProcessState.ExitCode(), out.String()
}
