package proxy_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// canRefuse reports whether a port can refuse and stay the server's.
const canRefuse = runtime.GOOS == "linux"

func needsRefusal(t *testing.T) {
	if !canRefuse {
		t.Skip("here a down resets what it has accepted")
	}
}

// wantRefused checks that connect() fails as where nobody listens.
func wantRefused(t *testing.T, address string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect() to %s: %v, want ECONNREFUSED", address, err)
	}
}

func wantReset(t *testing.T, what string, c *net.TCPConn) {
	t.Helper()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%s reads %v, want a reset", what, err)
	}
}

// A dependency that is down refuses whoever connects, as a server that has died. Those
// that were connected are reset, and the port is the proxy's again at once.
func TestDownRefuses(t *testing.T) {
	t.Parallel()
	needsRefusal(t)
	for name, tt := range map[string]struct{ listen, host, upstream string }{
		"IPv4":            {"127.0.0.1:0", "127.0.0.1", ""},
		"IPv6":            {"[::1]:0", "::1", ""},
		"all of IPv4":     {"0.0.0.0:0", "127.0.0.1", ""},
		"all":             {"[::]:0", "::1", ""},
		"a name":          {"localhost:0", "localhost", ""},
		"no host":         {":0", "127.0.0.1", ""},
		"behind HTTP":     {"127.0.0.1:0", "127.0.0.1", "http://"},
		"behind Redis":    {"127.0.0.1:0", "127.0.0.1", "redis://"},
		"behind Postgres": {"127.0.0.1:0", "127.0.0.1", "postgres://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, proxy.Options{})
			var v view
			call(t, s, "POST", "/proxies", fmt.Sprintf(`{"name":"x","listen":%q,"upstream":%q}`, tt.listen, tt.upstream+echo(t)), 201, &v)
			_, number, _ := net.SplitHostPort(v.Listen)
			address := net.JoinHostPort(tt.host, number)
			for range 3 { // the last round leaves as much behind as the first
				old := dial(t, address)
				for show(t, s, "x").Blastgauge.Open == 0 {
					time.Sleep(time.Millisecond)
				}
				ended := dial(t, address) // leaves a socket that waits for its time to pass
				ended.Close()
				add(t, s, "x", `{"name":"gone","type":"down"}`)
				for range 50 {
					wantRefused(t, address)
				}
				wantReset(t, "one that was connected", old)
				if l, err := net.Listen("tcp", v.Listen); err == nil {
					l.Close()
					t.Error("the port is free for others")
				}
				now := show(t, s, "x")
				if c := now.Toxics[0].Blastgauge; !now.Enabled || !c.Refusing || c.Met < 1 || c.Met > c.Of {
					t.Errorf("the server shows %+v", now)
				}
				call(t, s, "DELETE", "/proxies/x/toxics/gone", "", 204, nil)
				c := dial(t, address)
				if tt.upstream == "" {
					still(t, c)
				}
				c.Close()
				idleProxy(t, s)
			}
		})
	}
}

// Whichever way a down comes and goes, the port follows.
func TestWaysOfBeingDown(t *testing.T) {
	t.Parallel()
	needsRefusal(t)
	const all, half = `{"name":"all","type":"down"}`, `{"name":"half","type":"down","toxicity":0.000001}`
	for name, tt := range map[string]struct {
		steps []string // each METHOD PATH BODY, answered with success
		up    bool
	}{
		"added":                       {[]string{"POST /toxics " + all}, false},
		"a share":                     {[]string{"POST /toxics " + half}, true},
		"two":                         {[]string{"POST /toxics " + all, `POST /toxics {"name":"b","type":"down"}`, "DELETE /toxics/all"}, false},
		"two, both gone":              {[]string{"POST /toxics " + all, `POST /toxics {"name":"b","type":"down"}`, "DELETE /toxics/all", "DELETE /toxics/b"}, true},
		"all of a share":              {[]string{"POST /toxics " + half, `PATCH /toxics/half {"toxicity":1}`}, false},
		"a share of all":              {[]string{"POST /toxics " + all, `PATCH /toxics/all {"toxicity":0.000001}`}, true},
		"disabled":                    {[]string{"POST /toxics " + all, `POST  {"enabled":false}`}, false},
		"disabled and enabled":        {[]string{"POST /toxics " + all, `POST  {"enabled":false}`, `POST  {"enabled":true}`}, false},
		"enabled, then gone":          {[]string{"POST /toxics " + all, `POST  {"enabled":false}`, `POST  {"enabled":true}`, "DELETE /toxics/all"}, true},
		"another upstream":            {[]string{"POST /toxics " + all, `POST  {"upstream":"UPSTREAM2"}`}, false},
		"another upstream, then gone": {[]string{"POST /toxics " + all, `POST  {"upstream":"UPSTREAM2"}`, "DELETE /toxics/all"}, true},
		"reset":                       {[]string{"POST /toxics " + all, "POST /reset "}, true},
		"populated":                   {[]string{`POST /populate [{"name":"x","listen":"LISTEN","upstream":"UPSTREAM","toxics":[` + all + `]}]`}, false},
		"populated without":           {[]string{"POST /toxics " + all, `POST /populate [{"name":"x","listen":"LISTEN","upstream":"UPSTREAM2"}]`}, true},
		"populated with another":      {[]string{"POST /toxics " + all, `POST /populate [{"name":"x","listen":"LISTEN","upstream":"UPSTREAM","toxics":[{"type":"noop"}]}]`}, true},
		"populated as it is":          {[]string{"POST /toxics " + all, `POST /populate [{"name":"x","listen":"LISTEN","upstream":"UPSTREAM"}]`}, false},
		"the run is over":             {[]string{`POST /toxics {"name":"b","type":"down","blastgauge":{"run":"r"}}`, `POST /blastgauge/leases {"run":"r"}`, "DELETE /blastgauge/leases/r"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, proxy.Options{})
			up := echo(t)
			address := route(t, s, "x", up)
			fill := strings.NewReplacer("LISTEN", address, "UPSTREAM2", echo(t), "UPSTREAM", up)
			for _, step := range tt.steps {
				method, rest, _ := strings.Cut(step, " ")
				path, body, _ := strings.Cut(rest, " ")
				if path == "" || strings.HasPrefix(path, "/toxics") {
					path = "/proxies/x" + path
				}
				if a := ask(t, method, s.URL()+path, fill.Replace(body)); a.StatusCode >= 300 {
					text, _ := io.ReadAll(a.Body)
					t.Fatalf("%s: %s %s", step, a.Status, text)
				}
			}
			if !tt.up {
				wantRefused(t, address)
				return
			}
			still(t, dial(t, address))
		})
	}
}

// A proxy that moves while it is down refuses where it is now, and gives up where it was.
func TestMovedWhileDown(t *testing.T) {
	t.Parallel()
	needsRefusal(t)
	s := serve(t, proxy.Options{})
	was := route(t, s, "x", echo(t))
	add(t, s, "x", `{"name":"gone","type":"down"}`)
	var v view
	call(t, s, "POST", "/proxies/x", `{"listen":"127.0.0.1:0"}`, 200, &v)
	wantRefused(t, v.Listen)
	l, err := net.Listen("tcp", was)
	if err != nil {
		t.Fatalf("the old port is not free: %v", err)
	}
	l.Close()
	call(t, s, "DELETE", "/proxies/x/toxics/gone", "", 204, nil)
	still(t, dial(t, v.Listen))
}

// A lease that lapses opens the port.
func TestALapsedLeaseOpensThePort(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "x", echo(t))
	call(t, s, "POST", "/blastgauge/leases", `{"run":"r","seconds":0.3}`, 200, nil)
	add(t, s, "x", `{"name":"gone","type":"down","blastgauge":{"run":"r"}}`)
	for deadline := time.Now().Add(soon); names(t, s, "x") != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the toxic outlives its lease")
		}
	}
	still(t, dial(t, address))
}

// Clients that connect all the time see a connection or a refusal, and nothing else once
// the call that changes it has returned.
func TestDownUnderLoad(t *testing.T) {
	t.Parallel()
	needsRefusal(t)
	s := serve(t, proxy.Options{})
	address := route(t, s, "x", echo(t))
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if c, err := net.Dial("tcp", address); err == nil {
					io.WriteString(c, "x")
					c.Close()
				}
			}
		})
	}
	for range 30 {
		add(t, s, "x", `{"name":"gone","type":"down"}`)
		wantRefused(t, address)
		call(t, s, "DELETE", "/proxies/x/toxics/gone", "", 204, nil)
		still(t, dial(t, address))
	}
	close(stop)
	clients.Wait()
}

// Who waits to be accepted when the dependency goes down is reset, and does not hang.
func TestWhoWaitsIsReset(t *testing.T) {
	t.Parallel()
	needsRefusal(t)
	s := serve(t, proxy.Options{})
	address := route(t, s, "x", echo(t))
	for range 20 {
		var list []*net.TCPConn
		added := make(chan struct{})
		go func() { defer close(added); post(t, s.URL()+"/proxies/x/toxics", `{"name":"gone","type":"down"}`) }()
		for {
			c, err := net.Dial("tcp", address)
			if err != nil {
				break
			}
			c.SetDeadline(time.Now().Add(soon))
			list = append(list, c.(*net.TCPConn))
		}
		<-added
		for _, c := range list {
			wantReset(t, "one that came before", c)
			c.Close()
		}
		call(t, s, "DELETE", "/proxies/x/toxics/gone", "", 204, nil)
	}
}

// Without a toxic of ours, a disabled proxy gives its port away, as Toxiproxy's does.
func TestADisabledProxyGivesItsPortAway(t *testing.T) {
	t.Parallel()
	beside(t, func(t *testing.T, api string) {
		address := routeAt(t, api, echo(t))
		if a := ask(t, "POST", api+"/proxies/x", `{"enabled":false}`); a.StatusCode != http.StatusOK {
			t.Fatal(a.Status)
		}
		wantRefused(t, address)
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	})
}
