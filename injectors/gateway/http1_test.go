package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("X-Method", r.Method)
	w.Header().Set("X-Path", r.RequestURI)
	fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
}

func TestOfficialClient(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	client := r.client()
	var users sync.WaitGroup
	for user := range 8 {
		users.Go(func() {
			for i := range 50 {
				want := fmt.Sprintf("POST /p?u=%d&i=%d body", user, i)
				res, err := client.Post(r.url(fmt.Sprintf("/p?u=%d&i=%d", user, i)), "text/plain", strings.NewReader("body"))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || string(got) != want {
					t.Errorf("got %q and %v, want %q", got, err, want)
				}
			}
		})
	}
	users.Wait()
	if r.dials.Load() > 40 { // of 400 requests: a client may dial and then use one that has become free
		t.Errorf("%d connections for 8 users: keep-alive does not work", r.dials.Load())
	}
}

// TestFraming sends messages of every shape as bytes and reads the answers as a
// client does.
func TestFraming(t *testing.T) {
	t.Parallel()
	r := behind(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.Header().Set("Content-Length", "5")
			w.WriteHeader(304)
		case "/chunked":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "one ")
			http.NewResponseController(w).Flush()
			io.WriteString(w, "two")
			w.Header().Set("X-Sum", "abc")
		case "/hints":
			w.Header().Set("Link", "</style.css>")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "done")
		default:
			fmt.Fprintf(w, "%s %s", r.Trailer.Get("X-T"), body)
		}
	})
	const host = "Host: shop.test\r\n"
	for name, tt := range map[string]struct {
		send   string
		method string
		status int
		body   string
	}{
		"no body":                {"GET / HTTP/1.1\r\n" + host + "\r\n", "GET", 200, " "},
		"HEAD":                   {"HEAD / HTTP/1.1\r\n" + host + "\r\n", "HEAD", 200, ""},
		"204":                    {"GET /204 HTTP/1.1\r\n" + host + "\r\n", "GET", 204, ""},
		"304 with a length":      {"GET /304 HTTP/1.1\r\n" + host + "\r\n", "GET", 304, ""},
		"length":                 {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", "POST", 200, " hello"},
		"length of zero":         {"POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", "POST", 200, " "},
		"chunks":                 {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=\"y\"\r\nllo\r\n0\r\n\r\n", "POST", 200, " hello"},
		"chunks and trailers":    {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: Chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: t\r\n\r\n", "POST", 200, "t hello"},
		"chunked answer":         {"GET /chunked HTTP/1.1\r\n" + host + "\r\n", "GET", 200, "one two"},
		"early hints":            {"GET /hints HTTP/1.1\r\n" + host + "\r\n", "GET", 103, ""},
		"empty lines in front":   {"\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n", "GET", 200, " "},
		"absolute form":          {"GET http://shop.test/x HTTP/1.1\r\n" + host + "\r\n", "GET", 200, " "},
		"odd query":              {"GET /?a;b&%zz HTTP/1.1\r\n" + host + "\r\n", "GET", 200, " "},
		"a head of 40 KB":        {"GET / HTTP/1.1\r\n" + host + "Cookie: " + strings.Repeat("x", 40_000) + "\r\n\r\n", "GET", 200, " "},
		"a body in small pieces": {"POST / HTTP/1.1\r\n" + host + "Content-Length: 20000\r\n\r\n" + strings.Repeat("x", 20_000), "POST", 200, " " + strings.Repeat("x", 20_000)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, piece := range []int{len(tt.send), 1000, 1} {
				if piece == 1 && len(tt.send) > 1000 {
					continue
				}
				w := r.connect()
				w.T = t
				for range 2 { // the connection can be used again
					for rest := tt.send; rest != ""; {
						n := min(piece, len(rest))
						w.send(rest[:n])
						rest = rest[n:]
					}
					res, body := w.answer(tt.method)
					if res.StatusCode != tt.status || body != tt.body {
						t.Fatalf("pieces of %d: got %d %q, want %d %q", piece, res.StatusCode, body, tt.status, tt.body)
					}
					if tt.status == 103 {
						if res, body := w.answer("GET"); res.StatusCode != 200 || body != "done" {
							t.Fatalf("behind the hints: %d %q", res.StatusCode, body)
						}
					}
				}
			}
		})
	}
}

func TestPipelining(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	w := r.connect()
	var batch strings.Builder
	const n = 200 // more than wait at once
	for i := range n {
		fmt.Fprintf(&batch, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", i)
	}
	go w.Write([]byte(batch.String()))
	for i := range n {
		if _, body := w.answer("POST"); body != fmt.Sprintf("POST /%d hi", i) {
			t.Fatalf("answer %d is %q", i, body)
		}
	}
}

func TestHTTP10(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	w := r.connect()
	w.send("GET /old HTTP/1.0\r\n\r\n")
	got, err := w.rest()
	if err != nil || !strings.HasSuffix(got, "GET /old ") {
		t.Fatalf("got %q and %v", got, err)
	}
}

func TestConnectionClose(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	w := r.connect()
	w.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if res, _ := w.answer("GET"); !res.Close {
		t.Error("the answer does not say that the connection ends")
	}
	w.wantEnd()
}

func TestBodyThatEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nuntil the end")
	})
	w := r.connect()
	w.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, body := w.answer("GET"); body != "until the end" {
		t.Errorf("got %q", body)
	}
}

// TestExpect: the dependency says whether it wants the body.
func TestExpect(t *testing.T) {
	t.Parallel()
	r := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(417)
			return
		}
		echo(w, r)
	})
	w := r.connect()
	const rest = " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
	w.send("POST /yes" + rest)
	if res, _ := w.answer("POST"); res.StatusCode != 100 {
		t.Fatalf("got %d, want 100", res.StatusCode)
	}
	w.send("hi")
	if _, body := w.answer("POST"); body != "POST /yes hi" {
		t.Fatalf("got %q", body)
	}
	w.send("POST /no" + rest)
	if res, _ := w.answer("POST"); res.StatusCode != 417 {
		t.Fatalf("got %d, want 417", res.StatusCode)
	}
}

// TestEarlyAnswer: an answer does not wait for the request's end.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		in.ReadString('\n')
		io.WriteString(c, "HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	w := r.connect()
	w.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegin")
	if res, _ := w.answer("POST"); res.StatusCode != 413 {
		t.Fatalf("got %d, want 413", res.StatusCode)
	}
}

// TestUpgrade: after a 101, bytes pass both ways, each way ends by itself.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	last := make(chan string, 1)
	r := raw(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		http.ReadRequest(in)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello\n")
		line, _ := in.ReadString('\n')
		io.WriteString(c, "you said "+line)
		c.CloseWrite()
		rest, _ := io.ReadAll(in)
		last <- string(rest)
	})
	w := r.connect()
	w.send("GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: chat\r\n\r\n")
	res, err := http.ReadResponse(w.in, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatalf("got %v and %v", res, err)
	}
	hello, _ := w.in.ReadString('\n')
	w.send("\x00no HTTP\n")
	got, err := w.rest()
	if err != nil || hello+got != "hello\nyou said \x00no HTTP\n" {
		t.Fatalf("got %q and %v", hello+got, err)
	}
	w.send("GET / HTTP/1.1 is not a request any more")
	w.CloseWrite()
	if got := <-last; got != "GET / HTTP/1.1 is not a request any more" {
		t.Errorf("the dependency got %q at last", got)
	}
}

// TestUpgradeDeclined: HTTP goes on.
func TestUpgradeDeclined(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	w := r.connect()
	for range 2 {
		w.send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		if _, body := w.answer("GET"); body != "GET /ws " {
			t.Fatalf("got %q", body)
		}
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		http.ReadRequest(in)
		io.WriteString(c, "HTTP/1.1 200 Established\r\n\r\n")
		io.Copy(c, in)
		c.CloseWrite()
	})
	w := r.connect()
	w.send("CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test\r\n\r\n")
	if line, _ := w.in.ReadString('\n'); line != "HTTP/1.1 200 Established\r\n" {
		t.Fatalf("got %q", line)
	}
	w.in.ReadString('\n')
	w.send("\x01\x02")
	w.CloseWrite()
	if got, err := w.rest(); got != "\x01\x02" || err != nil {
		t.Fatalf("got %q and %v", got, err)
	}
}

// TestHalfClose: a client that has said all it will gets its answer.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		all, _ := io.ReadAll(c)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(all), all)
	})
	w := r.connect()
	const request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
	w.send(request)
	w.CloseWrite()
	if _, body := w.answer("POST"); body != request {
		t.Errorf("the dependency got %q", body)
	}
	w.wantEnd()
}

// TestBreaksPassOn: however the dependency ends a connection, the client sees it
// end like that.
func TestBreaksPassOn(t *testing.T) {
	t.Parallel()
	const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, tt := range map[string]struct {
		serve func(c *net.TCPConn)
		got   string
		reset bool
	}{
		"closed before an answer": {func(c *net.TCPConn) { http.ReadRequest(bufio.NewReader(c)) }, "", false},
		"reset before an answer": {func(c *net.TCPConn) {
			http.ReadRequest(bufio.NewReader(c))
			c.SetLinger(0)
		}, "", true},
		"closed in a head": {func(c *net.TCPConn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-")
		}, "HTTP/1.1 200 OK\r\nContent-", false},
		"closed in a body": {func(c *net.TCPConn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal")
		}, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", false},
		"no HTTP": {func(c *net.TCPConn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "-ERR what?\r\n")
		}, "-ERR what?\r\n", false},
		"unasked": {func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 408 Too slow\r\n\r\n")
			c.CloseWrite()
			io.Copy(io.Discard, c) // to close with a request unread would be a reset
		}, "HTTP/1.1 408 Too slow\r\n\r\n", false},
		"101 unasked": {func(c *net.TCPConn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 101 Surprise\r\n\r\nraw")
		}, "HTTP/1.1 101 Surprise\r\n\r\nraw", false},
		"a chunk that lies": {func(c *net.TCPConn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nlong\r\n0\r\n\r\n")
		}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nlong\r\n0\r\n\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := raw(t, tt.serve).connect()
			w.Write([]byte(request))
			got, err := w.rest()
			if got != tt.got || errors.Is(err, syscall.ECONNRESET) != tt.reset || !tt.reset && err != nil {
				t.Errorf("got %q and %v, want %q, reset %v", got, err, tt.got, tt.reset)
			}
		})
	}
}

// TestIdleConnectionEnds: the client learns at once that its idle connection is of
// no more use.
func TestIdleConnectionEnds(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	w := r.connect()
	w.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	w.answer("GET")
	w.wantEnd()
}

// TestUnreachable: a dependency that refuses connections is a connection that ends in
// good order, and never one that could not be made: a reset could overtake connect().
func TestUnreachable(t *testing.T) {
	t.Parallel()
	r := newRig(t, gateway.Options{Address: "127.0.0.1:1"}) // where nobody listens
	for range 200 {
		c, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatalf("connect() fails: %v", err)
		}
		_, err = c.Read(make([]byte, 1))
		c.Close()
		if !errors.Is(err, io.EOF) {
			t.Fatalf("got %v, want the end", err)
		}
	}
}

// TestClientBreaks: the dependency learns that its client has broken off.
func TestClientBreaks(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	r := raw(t, func(c *net.TCPConn) {
		io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
		_, err := io.Copy(io.Discard, c)
		got <- err
	})
	w := r.connect()
	w.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart")
	w.in.ReadByte()
	w.SetLinger(0)
	w.Close()
	if err := <-got; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the dependency got %v, want a reset", err)
	}
}

// TestRefusals: what could be understood in two ways, or in none, gets one answer
// and the end of the connection, and the dependency none of it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const ok = "GET / HTTP/1.1\r\nHost: x\r\n"
	for name, send := range map[string]string{
		"length and chunks":          ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunks and length":          ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"two lengths":                ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"the same length twice":      ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"a list of lengths":          ok + "Content-Length: 5, 5\r\n\r\nhello",
		"a signed length":            ok + "Content-Length: +5\r\n\r\nhello",
		"a negative length":          ok + "Content-Length: -5\r\n\r\n",
		"a length in hex":            ok + "Content-Length: 0x5\r\n\r\nhello",
		"an empty length":            ok + "Content-Length:\r\n\r\n",
		"an endless length":          ok + "Content-Length: 99999999999999999999\r\n\r\n",
		"a folded header":            ok + "X: a\r\n b\r\n\r\n",
		"a folded first header":      "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
		"a bare line feed":           "GET / HTTP/1.1\nHost: x\n\n",
		"a bare line feed at last":   ok + "\n",
		"a bare carriage return":     ok + "X: a\rContent-Length: 5\r\n\r\n",
		"a space before the colon":   ok + "Content-Length : 5\r\n\r\nhello",
		"a header without a colon":   ok + "nonsense\r\n\r\n",
		"a header without a name":    ok + ": x\r\n\r\n",
		"a zero byte":                ok + "X: \x00\r\n\r\n",
		"an odd name":                ok + "X(y): z\r\n\r\n",
		"chunked, not last":          ok + "Transfer-Encoding: chunked, gzip\r\n\r\n",
		"chunked twice":              ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"chunked in disguise":        ok + "Transfer-Encoding: xchunked\r\n\r\n",
		"chunked with a tab inside":  ok + "Transfer-Encoding: chun\tked\r\n\r\n",
		"chunks in HTTP/1.0":         "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"no version":                 "GET /\r\n\r\n",
		"HTTP/1.2":                   "GET / HTTP/1.2\r\n\r\n",
		"HTTP/2.0 in words":          "GET / HTTP/2.0\r\n\r\n",
		"two spaces":                 "GET  / HTTP/1.1\r\n\r\n",
		"a space in the target":      "GET /a b HTTP/1.1\r\n\r\n",
		"a control in the target":    "GET /\x01 HTTP/1.1\r\n\r\n",
		"a method with a colon":      "GE:T / HTTP/1.1\r\n\r\n",
		"TLS":                        "\x16\x03\x01\x02\x00\x01\x00",
		"a binary protocol":          "\x00\x00\x00\x2f",
		"a head of 100 KB":           ok + "X: " + strings.Repeat("x", 100_000) + "\r\n\r\n",
		"a head that never ends":     "GET /" + strings.Repeat("x", 100_000),
		"another protocol in text":   "EHLO mail.test\r\n",
		"a header of control":        ok + "X: a\x7fb\r\n\r\n",
		"HTTP/2 behind a request":    "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n",
		"a body that is a request":   ok + "Transfer-Encoding: identity\r\n\r\nGET /admin HTTP/1.1\r\n\r\n",
		"a name that ends in a tab":  ok + "Transfer-Encoding\t: chunked\r\n\r\n",
		"a length with a form feed":  ok + "Content-Length: 5\x0c\r\n\r\nhello",
		"a length with a tab inside": ok + "Content-Length: 5\t5\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan []byte, 1)
			r := raw(t, func(c *net.TCPConn) {
				b, _ := io.ReadAll(c)
				got <- b
			})
			w := r.connect()
			w.Write([]byte(send))
			res, body := w.answer("GET")
			if res.StatusCode != 400 && res.StatusCode != 431 || !res.Close || !strings.Contains(body, "the proxy") {
				t.Errorf("got %d %q, close %v", res.StatusCode, body, res.Close)
			}
			w.wantEnd()
			if b := <-got; len(b) > 0 {
				t.Errorf("the dependency got %q", b)
			}
		})
	}
}

// TestRefusalsInBodies: the head has been passed on before its body turns out to
// be none. The dependency must not take what it got for a request, and no other
// request may follow.
func TestRefusalsInBodies(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no size":                    "x\r\n",
		"a negative size":            "-1\r\n",
		"a size in 0x":               "0x5\r\nhello\r\n",
		"a size that overflows":      "fffffffffffffffff\r\n",
		"a space behind the size":    "5 \r\nhello\r\n",
		"a bare line feed":           "5\nhello\r\n",
		"a chunk that lies":          "2\r\nhello\r\n0\r\n\r\n",
		"an extension with a return": "5;a\rb\r\nhello\r\n",
		"an endless extension":       "5;" + strings.Repeat("x", 10_000) + "\r\n",
		"a trailer that is none":     "0\r\nnonsense\r\n\r\n",
		"a folded trailer":           "0\r\nX: a\r\n b\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			r := raw(t, func(c *net.TCPConn) {
				b, _ := io.ReadAll(c)
				got <- string(b)
			})
			w := r.connect()
			w.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "GET /smuggled HTTP/1.1\r\n\r\n")
			res, _ := w.answer("POST")
			if res.StatusCode/100 != 4 || !res.Close {
				t.Errorf("got %d, close %v", res.StatusCode, res.Close)
			}
			w.wantEnd()
			if b := <-got; strings.Contains(b, "0\r\n\r\n") || strings.Contains(b, "smuggled") {
				t.Errorf("the dependency got %q", b)
			}
		})
	}
}

// TestRefusalWaitsItsTurn: requests in front of a bad one are answered.
func TestRefusalWaitsItsTurn(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	w := r.connect()
	w.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n")
	for _, want := range []string{"GET /a ", "GET /b "} {
		if _, body := w.answer("GET"); body != want {
			t.Fatalf("got %q, want %q", body, want)
		}
	}
	if res, _ := w.answer("GET"); res.StatusCode != 400 {
		t.Errorf("got %d, want 400", res.StatusCode)
	}
	w.wantEnd()
}

// TestBytesPassAsTheyAre: neither spelling nor order changes.
func TestBytesPassAsTheyAre(t *testing.T) {
	t.Parallel()
	const request = "GeT /%7e?x=%zz;y HTTP/1.1\r\nhOST: x\r\nx-b: 2\r\nX-A:  1 \r\nCookie: a\r\ncookie: b\r\n\r\n"
	const answer = "HTTP/1.1 299 Odd Reason\r\nx-low: 1\r\nX-Up: 2\nset-cookie: a\r\nSet-Cookie: b\r\nContent-Length: 1\r\n\r\nx"
	got := make(chan string, 1)
	r := raw(t, func(c *net.TCPConn) {
		b := make([]byte, len(request))
		io.ReadFull(c, b)
		got <- string(b)
		io.WriteString(c, answer)
	})
	w := r.connect()
	w.send(request)
	if b := <-got; b != request {
		t.Errorf("the dependency got %q", b)
	}
	if b, err := w.rest(); b != answer || err != nil {
		t.Errorf("the client got %q and %v", b, err)
	}
}

// An answer that is replaced ends the connection where the dependency's own would
// have: one of HTTP/1.0, unless it says otherwise.
func TestReplacedAnswersOfOldServers(t *testing.T) {
	t.Parallel()
	for extra, ends := range map[string]bool{"": true, "Connection: keep-alive\r\n": false} {
		r := raw(t, func(c *net.TCPConn) {
			for in := bufio.NewReader(c); ; {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n"+extra+"\r\nok")
				if ends {
					return
				}
			}
		})
		r.inject("http_error", `{'status':503,'when':'after'}`)
		w := r.connect()
		w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if res, _ := w.answer("GET"); res.StatusCode != 503 || res.Close != ends {
			t.Errorf("%q: %d, it says that the connection ends: %v", extra, res.StatusCode, res.Close)
		}
		if ends {
			w.wantEnd()
		}
	}
}

// A fault that broke a connection has been met, and what comes in its place is another
// connection's: first means what it says.
func TestFirstOfAborts(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after", "middle"} {
		r := behind(t, echo)
		f := r.inject("http_abort", `{'first':1,'when':'`+when+`'}`)
		for i := range 3 {
			w := r.connect()
			w.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
			if i == 0 {
				w.wantReset()
				continue
			}
			if res, _ := w.answer("GET"); res.StatusCode != 200 {
				t.Errorf("%s: got %d", when, res.StatusCode)
			}
		}
		wantCounts(t, f, 3, 3, 1)
	}
}
