package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// counting counts what reaches the dependency.
func counting(n *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		echo(w, r)
	}
}

func TestErrorBefore(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	r := behind(t, counting(&asked))
	f := r.inject("http_error", `{'status':503,'headers':{'Retry-After':'5','x-low':'1'},'body':'{\'error\':1}'}`)
	w := r.connect()
	for range 2 { // on one connection
		w.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
		res, body := w.answer("POST")
		if res.StatusCode != 503 || body != `{"error":1}` || res.Header.Get("Retry-After") != "5" || res.Header.Get("X-Low") != "1" ||
			res.Header.Get("Content-Type") != "application/json" || res.Close {
			t.Fatalf("got %d %q %v", res.StatusCode, body, res.Header)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the dependency saw %d requests", asked.Load())
	}
	wantCounts(t, f, 2, 2, 2)
	r.Set(nil)
	w.send(get)
	if _, body := w.answer("GET"); body != "GET / " {
		t.Errorf("after its removal: %q", body)
	}
	wantCounts(t, f, 2, 2, 2)
}

func TestErrorAfter(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	r := behind(t, counting(&asked))
	f := r.inject("http_error", `{'status':500,'when':'after','body':'no'}`)
	w := r.connect()
	for range 3 {
		w.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
		if res, body := w.answer("POST"); res.StatusCode != 500 || body != "no" || res.Close {
			t.Fatalf("got %d %q", res.StatusCode, body)
		}
	}
	if asked.Load() != 3 || r.dials.Load() != 1 {
		t.Errorf("%d requests reached the dependency over %d connections", asked.Load(), r.dials.Load())
	}
	wantCounts(t, f, 3, 3, 3)
}

// TestErrorForms: answers whose framing depends on the request.
func TestErrorForms(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		for name, tt := range map[string]struct {
			send, method string
			attributes   string
			body         string
			ends         bool
		}{
			"HEAD":                {"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD", `'status':503,'body':'text'`, "", false},
			"204":                 {get, "GET", `'status':204`, "", false},
			"no body":             {get, "GET", `'status':503`, "", false},
			"HTTP/1.0":            {"GET / HTTP/1.0\r\n\r\n", "GET", `'status':503,'body':'text'`, "text", true},
			"Connection: close":   {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET", `'status':503,'body':'text'`, "text", true},
			"chunks":              {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "POST", `'status':503,'body':'text'`, "text", false},
			"an upgrade":          {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET", `'status':503,'body':'text'`, "text", false},
			"status of no other":  {get, "GET", `'status':599`, "", false},
			"a status without 3x": {get, "GET", `'status':304`, "", false},
		} {
			t.Run(when+" "+name, func(t *testing.T) {
				r := behind(t, echo)
				r.inject("http_error", fmt.Sprintf("{%s,'when':'%s'}", tt.attributes, when))
				w := r.connect()
				w.send(tt.send)
				res, body := w.answer(tt.method)
				if body != tt.body || res.Close != tt.ends {
					t.Fatalf("got %d %q, close %v", res.StatusCode, body, res.Close)
				}
				if tt.ends {
					w.wantEnd()
					return
				}
				r.Set(nil)
				w.send(get)
				if _, body := w.answer("GET"); body != "GET / " {
					t.Errorf("behind it: %q", body)
				}
			})
		}
	}
}

// TestErrorBeforeLargeBody: a client that is about to send a lot gets its answer,
// and the end of the connection, whether or not it reads while it writes.
func TestErrorBeforeLargeBody(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"a length":       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n",
		"a chunk":        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5f5e100\r\n",
		"expectation":    "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		"a chunk, later": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n5f5e100\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := behind(t, echo)
			r.inject("http_error", `{'status':503,'body':'busy'}`)
			w := r.connect()
			w.send(head)
			if res, body := w.answer("POST"); res.StatusCode != 503 || body != "busy" {
				t.Fatalf("got %d %q", res.StatusCode, body)
			}
			w.wantEnd()
		})
	}
}

// TestErrorAfterEndlessAnswer: an answer that never ends cannot be read to its
// end; the error comes all the same, and costs the connection.
func TestErrorAfterEndlessAnswer(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		io.Copy(io.Discard, c)
	})
	r.inject("http_error", `{'status':503,'when':'after'}`)
	w := r.connect()
	w.send(get)
	if res, _ := w.answer("GET"); res.StatusCode != 503 || !res.Close {
		t.Fatalf("got %d, close %v", res.StatusCode, res.Close)
	}
	w.wantEnd()
}

// TestErrorsKeepTheirPlace: pipelined requests are answered in order, whoever
// answers them.
func TestErrorsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	r := behind(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond) // so that answers are due when the next request is read
		echo(w, r)
	})
	r.inject("http_error", `{'status':503,'body':'no','match':{'path':'/b'}}`)
	w := r.connect()
	const n = 50
	var batch strings.Builder
	for range n {
		batch.WriteString("GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
	}
	go w.Write([]byte(batch.String()))
	for i := range n {
		_, a := w.answer("GET")
		res, b := w.answer("POST")
		if a != "GET /a " || b != "no" || res.StatusCode != 503 {
			t.Fatalf("pair %d: %q, %d %q", i, a, res.StatusCode, b)
		}
	}
}

func TestAbort(t *testing.T) {
	t.Parallel()
	const body = "0123456789"
	for name, tt := range map[string]struct {
		when, head, sent string
		got              string
		asked            bool
	}{
		"before":                 {when: "before"},
		"after":                  {when: "after", head: "Content-Length: 10\r\n", sent: body, asked: true},
		"middle":                 {when: "middle", head: "Content-Length: 10\r\n", sent: body, got: "01234", asked: true},
		"middle of chunks":       {when: "middle", head: "Transfer-Encoding: chunked\r\n", sent: "a\r\n" + body + "\r\n0\r\n\r\n", got: "a\r\n01234", asked: true},
		"middle of what ends so": {when: "middle", head: "", sent: body, got: "01234", asked: true},
		"middle of nothing":      {when: "middle", head: "Content-Length: 0\r\n", asked: true},
		"middle of one byte":     {when: "middle", head: "Content-Length: 1\r\n", sent: "x", got: "", asked: true},
		"middle of a last chunk": {when: "middle", head: "Transfer-Encoding: chunked\r\n", sent: "0\r\n\r\n", got: "0\r\n", asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			r := raw(t, func(c *net.TCPConn) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					asked.Add(1)
					io.WriteString(c, "HTTP/1.1 200 OK\r\n"+tt.head+"\r\n"+tt.sent)
				}
				io.Copy(io.Discard, c)
			})
			f := r.inject("http_abort", "{'when':'"+tt.when+"'}")
			w := r.connect()
			w.send(get)
			got, err := w.rest()
			if err == nil || !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection ended with %v, want a reset", err)
			}
			_, got, _ = strings.Cut(got, "\r\n\r\n")
			if got != tt.got {
				t.Errorf("got %d bytes of the body, want %d", len(got), len(tt.got))
			}
			if asked.Load() == 1 != tt.asked {
				t.Errorf("the dependency was asked %d times", asked.Load())
			}
			wantCounts(t, f, 1, 1, 1)
		})
	}
}

// TestAbortInTheMiddleOfALot: a reset overtakes what is on its way, so that a
// client may get less than half, but never more.
func TestAbortInTheMiddleOfALot(t *testing.T) {
	t.Parallel()
	const size = 10 << 20
	r := behind(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		w.Write(make([]byte, size))
	})
	r.inject("http_abort", `{'when':'middle'}`)
	res, err := r.client().Get(r.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if !errors.Is(err, syscall.ECONNRESET) || n == 0 || n > size/2 {
		t.Errorf("got %d bytes and %v, want at most half of %d and a reset", n, err, size)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			var asked atomic.Int64
			r := behind(t, counting(&asked))
			f := r.inject("http_latency", "{'latency':150,'jitter':50,'when':'"+when+"'}")
			w := r.connect()
			begin := time.Now()
			w.send(get)
			w.SetReadDeadline(begin.Add(90 * time.Millisecond))
			if _, err := w.in.Peek(1); err == nil && time.Since(begin) < 90*time.Millisecond { // one who stands still may meet it late
				t.Fatal("an answer came within 90 ms")
			}
			if when == "after" {
				wait(t, func() bool { return asked.Load() == 1 })
			} else if asked.Load() > 0 && time.Since(begin) < 100*time.Millisecond {
				t.Error("the dependency was asked at once")
			}
			w.SetReadDeadline(begin.Add(patience))
			if _, body := w.answer("GET"); body != "GET / " {
				t.Errorf("got %q", body)
			}
			if took := time.Since(begin); took < 100*time.Millisecond {
				t.Errorf("it took %v, want at least 100ms", took)
			}
			wantCounts(t, f, 1, 1, 1)
		})
	}
}

// TestRemovalFreesWhatWaits: requests that wait go on at once.
func TestRemovalFreesWhatWaits(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		r := behind(t, echo)
		f := r.inject("http_latency", "{'latency':3600000,'when':'"+when+"'}")
		var wires []*wire
		for range 5 {
			w := r.connect()
			w.send(get)
			wires = append(wires, w)
		}
		wait(t, func() bool { return f.Counts().Affected == 5 })
		r.Set(nil)
		for _, w := range wires {
			if _, body := w.answer("GET"); body != "GET / " {
				t.Errorf("got %q", body)
			}
		}
	}
}

// wait waits until something holds.
func wait(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came true")
		}
	}
}

// TestOrder: faults act in their order, and what is behind one that keeps a
// request from the dependency does not see it.
func TestOrder(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	r := behind(t, counting(&asked))
	late := fault(t, "http_latency", 1, `{'latency':1}`)
	charged := fault(t, "http_error", 1, `{'status':500,'when':'after','first':1}`)
	stop := fault(t, "http_error", 1, `{'status':503,'match':{'path':'/stop'}}`)
	never := fault(t, "http_abort", 1, `{'match':{'path':'/stop'}}`)
	r.Set([]*gateway.Fault{late, charged, stop, never})
	w := r.connect()
	for _, tt := range []struct {
		path   string
		status int
	}{{"/stop", 503}, {"/go", 500}, {"/go", 200}} {
		w.send("GET " + tt.path + " HTTP/1.1\r\nHost: x\r\n\r\n")
		if res, _ := w.answer("GET"); res.StatusCode != tt.status {
			t.Fatalf("%s: got %d, want %d", tt.path, res.StatusCode, tt.status)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("the dependency was asked %d times", asked.Load())
	}
	wantCounts(t, late, 3, 3, 3)
	wantCounts(t, charged, 3, 3, 1) // the first was given back: it did not get that far
	wantCounts(t, stop, 3, 1, 1)
	wantCounts(t, never, 2, 0, 0)
}

func TestFirst(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	f := r.inject("http_error", `{'status':503,'first':7}`)
	client := r.client()
	var bad atomic.Int64
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 10 {
				res, err := client.Get(r.url("/"))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode == 503 {
					bad.Add(1)
				}
			}
		})
	}
	users.Wait()
	if bad.Load() != 7 {
		t.Errorf("%d requests were affected, want the first 7", bad.Load())
	}
	wantCounts(t, f, 40, 40, 7)
}

// TestContinue: a changed fault counts on, and first is not refilled.
func TestContinue(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	f := r.inject("http_error", `{'status':503,'first':2}`)
	w := r.connect()
	ask := func(want int) {
		t.Helper()
		w.send(get)
		if res, _ := w.answer("GET"); res.StatusCode != want {
			t.Fatalf("got %d, want %d", res.StatusCode, want)
		}
	}
	ask(503)
	changed := fault(t, "http_error", 1, `{'status':500,'first':2}`)
	changed.Continue(f)
	r.Set([]*gateway.Fault{changed})
	ask(500)
	ask(200)
	wantCounts(t, changed, 3, 3, 2)
}

// TestShare: within three standard deviations over any number of connections, and
// the same requests in every run with the same seed.
func TestShare(t *testing.T) {
	t.Parallel()
	const n, share = 2000, 0.2
	lots := func(seed uint64) (pattern string) {
		r := newRig(t, gateway.Options{Address: dependency(t), Seed: seed})
		r.Set([]*gateway.Fault{fault(t, "http_error", share, `{'status':503}`)})
		w := r.connect()
		for range 200 {
			w.send(get)
			res, _ := w.answer("GET")
			pattern += string(rune('a' + res.StatusCode/100))
		}
		return pattern
	}
	if a, b, c := lots(1), lots(1), lots(2); a != b || a == c {
		t.Errorf("the same seed gave the same lots: %v; another seed: %v", a == b, a == c)
	}
	for _, connections := range []int{1, 4, 32} {
		r := newRig(t, gateway.Options{Address: dependency(t), Seed: uint64(connections)})
		f := fault(t, "http_error", share, `{'status':503}`)
		r.Set([]*gateway.Fault{f})
		var users sync.WaitGroup
		var hit atomic.Int64
		for range connections {
			users.Go(func() {
				w := r.connect()
				for range n / connections {
					w.send(get)
					if res, _ := w.answer("GET"); res.StatusCode == 503 {
						hit.Add(1)
					}
				}
			})
		}
		users.Wait()
		of := float64(n / connections * connections)
		sd := math.Sqrt(share * (1 - share) / of)
		if got := float64(hit.Load()) / of; math.Abs(got-share) > 3*sd {
			t.Errorf("%d connections: share %.4f, want %.2f ± %.4f", connections, got, share, 3*sd)
		}
		if f.Counts().Affected != hit.Load() {
			t.Errorf("%d were affected, %d counted", hit.Load(), f.Counts().Affected)
		}
	}
}

// TestShareNone: a share of 0 is nobody.
func TestShareNone(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	f := fault(t, "http_abort", 0, "")
	r.Set([]*gateway.Fault{f})
	w := r.connect()
	for range 50 {
		w.send(get)
		w.answer("GET")
	}
	wantCounts(t, f, 50, 50, 0)
}

// TestSetDropsNothing: faults come and go 200 times on busy connections; every
// request gets one whole answer on the connection that it was sent on.
func TestSetDropsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, gateway.Options{Address: dependency(t)})
	const users = 16
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	var served, failed atomic.Int64
	for range users {
		serving.Go(func() {
			w := r.connect()
			for first := true; first || ctx.Err() == nil; first = false { // who has asked is connected
				w.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
				res, body := w.answer("POST")
				switch {
				case res.StatusCode == 200 && body == "POST / hi":
					served.Add(1)
				case res.StatusCode == 503 && body == "no":
					failed.Add(1)
				default:
					t.Errorf("got %d %q", res.StatusCode, body)
				}
			}
		})
	}
	before := fault(t, "http_error", 0.5, `{'status':503,'body':'no'}`)
	after := fault(t, "http_error", 0.5, `{'status':503,'body':'no','when':'after'}`)
	late := fault(t, "http_latency", 0.5, `{'latency':2}`)
	both := func() bool { return served.Load() > 0 && failed.Load() > 0 }
	for i, end := 0, time.Now().Add(patience); i < 200 || !both() && time.Now().Before(end); i++ {
		r.Set([][]*gateway.Fault{{before}, nil, {late, after}, {after, before}}[i%4])
		time.Sleep(500 * time.Microsecond)
	}
	stop()
	serving.Wait()
	if r.dials.Load() != users {
		t.Errorf("%d connections for %d users", r.dials.Load(), users)
	}
	if f := before.Counts().Affected + after.Counts().Affected; f != failed.Load() || !both() {
		t.Errorf("%d failed beside %d, %d were counted", failed.Load(), served.Load(), f)
	}
}

// dependency is the address of one that echoes.
func dependency(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(echo)}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// TestShutdown: the end of the context ends connections in every state.
func TestShutdown(t *testing.T) {
	t.Parallel()
	r := behind(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
		}
	})
	r.Set([]*gateway.Fault{
		fault(t, "http_latency", 1, `{'latency':3600000,'match':{'path':'/before'}}`),
		fault(t, "http_latency", 1, `{'latency':3600000,'when':'after','match':{'path':'/after'}}`),
	})
	for _, send := range []string{"", "GET", "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", "GET /before HTTP/1.1\r\nHost: x\r\n\r\n", "GET /after HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} {
		r.connect().send(send)
	}
	wait(t, func() bool { return r.open.Load() == 7 })
	// The rig's clean-up cancels, and fails the test if a connection stays.
}
