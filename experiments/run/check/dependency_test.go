package check

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// listen runs handle for every connection until the test ends, and gives the
// address.
func listen(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				handle(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait() // handlers end when the probe hangs up
	})
	return l.Addr().String()
}

// closed is an address that nobody listens on.
func closed(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l.Addr().String()
}

func TestDependency(t *testing.T) {
	var asked atomic.Pointer[http.Request]
	answers := func(after time.Duration) func(*net.TCPConn) {
		return func(c *net.TCPConn) {
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			asked.Store(r)
			time.Sleep(after) // what is measured
			_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
		}
	}
	hangs := func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }
	resets := func(c *net.TCPConn) { _ = c.SetLinger(0) }
	const second = time.Second
	tests := map[string]struct {
		listen   string
		upstream string
		err      string // empty: none
		least    time.Duration
		most     time.Duration
	}{
		"answers":               {listen(t, answers(0)), "http://shop:80/", "", 0, second},
		"answers late":          {listen(t, answers(200*time.Millisecond)), "http://shop:80", "", 200 * time.Millisecond, 2 * second},
		"hangs":                 {listen(t, hangs), "https://shop:443", "no answer within 3s", answerFor, answerFor + 2*second},
		"closes":                {listen(t, func(c *net.TCPConn) { _ = c.CloseWrite(); hangs(c) }), "http://shop:80", "closed without an answer", 0, second},
		"resets":                {listen(t, resets), "http://shop:80", "reset", 0, second},
		"refuses":               {closed(t), "http://shop:80", "refused", 0, second},
		"not HTTP, silent":      {listen(t, hangs), "redis://r:6379", "", 0, peekFor},
		"bytes, open":           {listen(t, hangs), "db:3306", "", 0, peekFor},
		"bytes, speaks first":   {listen(t, func(c *net.TCPConn) { _, _ = io.WriteString(c, "220 ready"); hangs(c) }), "mail:25", "", 0, peekFor},
		"bytes, cut off":        {listen(t, func(*net.TCPConn) {}), "db:3306", "closed without an answer", 0, second},
		"another scheme, reset": {listen(t, resets), "h2c://grpc:50051", "reset", 0, second},
		"no address":            {"", "http://shop:80", "the proxy's address is not known", 0, second},
		"half an address":       {"127.0.0.1", "http://shop:80", "address", 0, second},
		"forbidden":             {"192.0.2.1:80", "http://shop:80", "192.0.2.1 is not allowed", 0, second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := Exchange(t.Context(), plan.Fault{Listen: tt.listen, Upstream: tt.upstream}, hosts.Policy{})
			if (e.Error == "") != (tt.err == "") || !strings.Contains(e.Error, tt.err) {
				t.Errorf("error %q, want %q", e.Error, tt.err)
			}
			if e.Took < tt.least.Seconds() || e.Took > tt.most.Seconds() {
				t.Errorf("took %v s, want %v to %v", e.Took, tt.least, tt.most)
			}
		})
	}
	t.Cleanup(func() {
		if r := asked.Load(); r == nil || r.Method != "HEAD" || r.Host != "shop:80" || r.Header.Get("Blastgauge-Probe") != "1" || !r.Close {
			t.Errorf("the dependency was asked %+v", r)
		}
	})
}

func TestProxyThatListensEverywhere(t *testing.T) {
	_, port, err := net.SplitHostPort(listen(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"", "0.0.0.0", "[::]"} {
		if e := Exchange(t.Context(), plan.Fault{Listen: host + ":" + port, Upstream: "db:1"}, hosts.Policy{}); e.Error != "" {
			t.Errorf("%s: %s", host, e.Error)
		}
	}
}

func TestDependencyEndsWithItsContext(t *testing.T) {
	reached := make(chan struct{}, 1)
	address := listen(t, func(c *net.TCPConn) {
		reached <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		<-reached
		cancel(errors.New("enough"))
	})
	e := Exchange(ctx, plan.Fault{Listen: address, Upstream: "http://shop:80"}, hosts.Policy{})
	wg.Wait()
	if e.Error != "enough" || e.Took > 2 {
		t.Errorf("%q after %v s, want the cause at once", e.Error, e.Took)
	}
}

func TestMet(t *testing.T) {
	ok := func(took float64) journal.Exchange { return journal.Exchange{Took: took} }
	broken := func(took float64) journal.Exchange { return journal.Exchange{Took: took, Error: "closed"} }
	lat := func(latency, jitter float64) injectors.Attributes {
		return injectors.Attributes{"latency": latency, "jitter": jitter}
	}
	tests := map[string]struct {
		inject     string
		attributes injectors.Attributes
		before     journal.Exchange
		during     journal.Exchange
		want       bool
	}{
		"latency":                      {"latency", lat(2, 0), ok(0.01), ok(2.01), true},
		"half of it":                   {"latency", lat(2, 0), ok(0.01), ok(1.02), true},
		"less than half":               {"latency", lat(2, 0), ok(0.01), ok(0.9), false},
		"with jitter":                  {"latency", lat(2, 1), ok(0.01), ok(1.01), true},
		"jitter as large":              {"latency", lat(2, 2), ok(0.01), ok(0.02), false},
		"too little to tell":           {"latency", lat(0.001, 0), ok(0.001), ok(0.002), false},
		"longer than an exchange":      {"latency", lat(60, 0), ok(0.01), broken(3), true},
		"slow before":                  {"latency", lat(2, 0), ok(2), ok(2.1), false},
		"refused instead of late":      {"latency", lat(2, 0), ok(0.01), broken(0.01), false},
		"down":                         {"down", nil, ok(0.01), broken(0.01), true},
		"down, but it answers":         {"down", nil, ok(0.01), ok(0.01), false},
		"down, and was before":         {"down", nil, broken(0.01), broken(0.01), false},
		"hangs":                        {"timeout", nil, ok(0.01), broken(3), true},
		"reset":                        {"reset_peer", nil, ok(0.01), broken(0.01), true},
		"limit":                        {"limit_data", nil, ok(0.01), broken(0.01), true},
		"bandwidth cannot be shown":    {"bandwidth", nil, ok(0.01), ok(0.5), false},
		"an unknown kind is not shown": {"http_error", nil, ok(0.01), broken(0.5), false},
	}
	for name, tt := range tests {
		f := plan.Fault{Fault: experiments.Fault{Inject: tt.inject, Attributes: tt.attributes}}
		if got := ShowsFault(f, tt.before, tt.during); got != tt.want {
			t.Errorf("%s: ShowsFault() = %v, want %v", name, got, tt.want)
		}
	}
}
