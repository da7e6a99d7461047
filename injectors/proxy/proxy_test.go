package proxy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// soon is how long anything that must not hang may take in a test. It is far
// more than it takes, so that a slow machine does not fail.
const soon = time.Minute

var servers atomic.Int64 //nolint:gochecknoglobals // numbers the servers of all tests

// serve starts a server that ends with the test, and checks that it leaves no
// goroutine behind. Goroutines inherit the label of the one that starts them, so
// tests with servers of their own can run side by side.
func serve(t testing.TB, o proxy.Options) *proxy.Server {
	t.Helper()
	name := "proxy-" + strconv.FormatInt(servers.Add(1), 10)
	var s *proxy.Server
	var err error
	pprof.Do(t.Context(), pprof.Labels("server", name), func(context.Context) { s, err = proxy.Start(o) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mustNotHang(t, "closing the server", func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		var left string
		for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if left = goroutines(t, name); left == "" {
				return
			}
		}
		t.Errorf("goroutines are left:\n%s", left)
	})
	return s
}

// goroutines returns the stacks of the proxy's goroutines that work for a server.
func goroutines(t testing.TB, server string) string {
	t.Helper()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	var left []string
	for g := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(g, strconv.Quote(server)) && strings.Contains(g, "injectors/proxy.(") {
			left = append(left, g)
		}
	}
	return strings.Join(left, "\n\n")
}

// mustNotHang calls do and fails the test when it does not return soon.
func mustNotHang(t testing.TB, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(soon):
		buf := make([]byte, 1<<20)
		t.Fatalf("%s hangs:\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// client returns a client of its own for one request. The default one is everybody's: a test
// server that is closed beside closes its idle connections, also one that is about to be used.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// call asks the API and wants a status. The answer's body is read into `into`
// where that is not nil.
func call(t testing.TB, s *proxy.Server, method, path, body string, want int, into any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client().Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != want {
		t.Errorf("%s %s %s: %s, want %d: %s", method, path, body, answer.Status, want, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Errorf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return string(text)
}

type view struct {
	Listen, Upstream string
	Enabled          bool
	Toxics           []struct {
		Name, Type string
		Toxicity   float64
		Attributes map[string]any
		Blastgauge struct {
			Met, Of, Seen int64
			Refusing      bool
			Missed        []struct {
				What  string
				Count int64
			}
		}
	}
	Blastgauge struct {
		Open, Total, Refused int64
		BytesUp              int64 `json:"bytes_up"`
		BytesDown            int64 `json:"bytes_down"`
		DialFailed           int64 `json:"dial_failed"`
		Calls                *int64
		Answers              []proxy.AnswerCount
	}
}

// route makes a proxy and gives its address.
func route(t testing.TB, s *proxy.Server, name, upstream string) string {
	t.Helper()
	var v view
	call(t, s, "POST", "/proxies", fmt.Sprintf(`{"name":%q,"listen":"127.0.0.1:0","upstream":%q}`, name, upstream), 201, &v)
	return v.Listen
}

func show(t testing.TB, s *proxy.Server, name string) (v view) {
	t.Helper()
	call(t, s, "GET", "/proxies/"+name, "", 200, &v)
	return v
}

func add(t testing.TB, s *proxy.Server, name, toxic string) {
	t.Helper()
	call(t, s, "POST", "/proxies/"+name+"/toxics", toxic, 200, nil)
}

// shop is a dependency that speaks HTTP; its address has no scheme.
func shop(t testing.TB) string {
	body := bytes.Repeat([]byte("x"), 200)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Write(body)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// customer is a client with connections of its own.
func customer(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: soon}
}

// buy makes one request and reads all of the answer.
func buy(c *http.Client, address string) error {
	answer, err := c.Get("http://" + address + "/")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return fmt.Errorf("status %s", answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// hose is a dependency that sends to each client without end.
func hose(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for buf := make([]byte, 64<<10); ; {
					if _, err := c.Write(buf); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// deaf connects and never reads.
func deaf(t testing.TB, address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c.(*net.TCPConn).SetReadBuffer(4096)
	t.Cleanup(func() { c.Close() })
}

// post makes a thing on any Toxiproxy.
func post(t testing.TB, url, body string) {
	t.Helper()
	answer, err := client().Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode >= 300 {
		t.Fatalf("POST %s: %s", url, answer.Status)
	}
}
