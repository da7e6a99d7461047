package gateway_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// h2 is the set of protocols of which HTTP/2 without TLS is the only one.
func h2() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

// behindHTTP2 is a rig in front of a handler that is reached by HTTP/2.
func behindHTTP2(t *testing.T, handler http.HandlerFunc, setUp ...func(*http.Server)) (*rig, *httptest.Server) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = h2()
	server.Config.Protocols.SetHTTP1(true)
	for _, do := range setUp {
		do(server.Config)
	}
	server.Start()
	t.Cleanup(server.Close)
	return newRig(t, gateway.Options{Scheme: "h2c", Address: server.Listener.Addr().String()}), server
}

func (r *rig) client2() *http.Client {
	transport := &http.Transport{Protocols: h2(), DisableCompression: true}
	r.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// frame is one gRPC message on the wire.
func frame(message string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// readFrame reads one gRPC message.
func readFrame(r io.Reader) (string, error) {
	var prefix [5]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return "", err
	}
	b := make([]byte, binary.BigEndian.Uint32(prefix[1:]))
	_, err := io.ReadFull(r, b)
	return string(b), err
}

// inventory is a gRPC service by hand: Reserve answers one message with one, Watch
// answers each message of a stream, Fail has nothing but a status.
func inventory(asked *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/grpc")
		if r.Header.Get("Te") != "trailers" {
			w.Header().Set("Grpc-Status", "13")
			return
		}
		if strings.HasSuffix(r.URL.Path, "/Fail") {
			w.Header().Set("Grpc-Status", "5")
			w.Header().Set("Grpc-Message", "not%20here")
			return
		}
		control := http.NewResponseController(w)
		control.Flush()
		for {
			m, err := readFrame(r.Body)
			if err != nil {
				break
			}
			w.Write(frame("re: " + m))
			control.Flush()
		}
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		w.Header().Set(http.TrailerPrefix+"Grpc-Status-Details-Bin", "eA")
	}
}

// A grpcCall is a gRPC call under way.
type grpcCall struct {
	*testing.T
	to  *io.PipeWriter
	res *http.Response
}

func (r *rig) grpc(client *http.Client, method string) *grpcCall {
	r.Helper()
	body, to := io.Pipe()
	req, err := http.NewRequest("POST", r.url(method), body)
	if err != nil {
		r.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/grpc+proto"}, "Te": {"trailers"}, "User-Agent": nil}
	res, err := client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { res.Body.Close() })
	return &grpcCall{T: r.T, to: to, res: res}
}

// end ends the call and gives what is left: messages and the status.
func (c *grpcCall) end() (messages []string, status, message string) {
	c.Helper()
	c.to.Close()
	for {
		m, err := readFrame(c.res.Body)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.Fatal(err)
		}
		messages = append(messages, m)
	}
	if s := c.res.Header.Get("Grpc-Status"); s != "" {
		return messages, s, c.res.Header.Get("Grpc-Message")
	}
	return messages, c.res.Trailer.Get("Grpc-Status"), c.res.Trailer.Get("Grpc-Message")
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	r, _ := behindHTTP2(t, inventory(&asked))
	client := r.client2()
	watch := r.grpc(client, "/shop.Inventory/Watch") // a stream that stays open beside the rest
	for i := range 3 {
		text := strings.Repeat("m", i*10_000)
		if _, err := watch.to.Write(frame(text)); err != nil {
			t.Fatal(err)
		}
		if m, err := readFrame(watch.res.Body); m != "re: "+text || err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	call := r.grpc(client, "/shop.Inventory/Reserve")
	call.to.Write(frame("sku-1"))
	if messages, status, _ := call.end(); fmt.Sprint(messages) != "[re: sku-1]" || status != "0" {
		t.Errorf("Reserve: %q, status %s", messages, status)
	}
	if messages, status, message := r.grpc(client, "/shop.Inventory/Fail").end(); len(messages) > 0 || status != "5" || message != "not%20here" {
		t.Errorf("Fail: %q, status %s %q", messages, status, message)
	}
	if messages, status, _ := watch.end(); len(messages) > 0 || status != "0" {
		t.Errorf("Watch: %q, status %s", messages, status)
	}
	if r.dials.Load() != 1 {
		t.Errorf("%d connections", r.dials.Load())
	}
}

func TestGRPCError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		when, method string
		messages     string
		asked        int64
	}{
		{"before", "/shop.Inventory/Reserve", "[]", 0},
		{"before", "/shop.Inventory/Watch", "[]", 0},
		{"after", "/shop.Inventory/Reserve", "[re: m]", 1},
		{"after", "/shop.Inventory/Watch", "[re: m]", 1},
		{"after", "/shop.Inventory/Fail", "[]", 1},
	} {
		t.Run(tt.when+tt.method, func(t *testing.T) {
			var asked atomic.Int64
			r, _ := behindHTTP2(t, inventory(&asked))
			f := r.inject("grpc_error", `{'code':'UNAVAILABLE','message':'50% off\né','when':'`+tt.when+`','match':{'grpc':'/shop.Inventory/*'}}`)
			client := r.client2()
			call := r.grpc(client, tt.method)
			go call.to.Write(frame("m"))
			if tt.asked == 1 && tt.method != "/shop.Inventory/Fail" {
				if m, err := readFrame(call.res.Body); m != "re: m" || err != nil {
					t.Fatalf("got %q and %v", m, err)
				}
			}
			if call.res.StatusCode != 200 || call.res.Header.Get("Content-Type") != "application/grpc" {
				t.Errorf("got %d %v", call.res.StatusCode, call.res.Header)
			}
			messages, status, message := call.end()
			if len(messages) > 0 || status != "14" || message != "50%25 off%0A%C3%A9" || asked.Load() != tt.asked {
				t.Errorf("got %q, status %s %q, asked %d times", messages, status, message, asked.Load())
			}
			if call.res.Trailer.Get("Grpc-Status-Details-Bin") != "" {
				t.Error("the details of another status are there")
			}
			wantCounts(t, f, 1, 1, 1)
			r.Set(nil)
			again := r.grpc(client, "/shop.Inventory/Reserve")
			if _, status, _ := again.end(); status != "0" || r.dials.Load() != 1 {
				t.Errorf("after its removal: status %s, %d connections", status, r.dials.Load())
			}
		})
	}
}

// TestGRPCErrorLeavesOthersAlone: what is no gRPC is not meant, whatever its path.
func TestGRPCErrorLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, echo)
	f := r.inject("grpc_error", `{'code':14}`)
	for _, client := range []*http.Client{r.client(), r.client2()} {
		res, err := client.Get(r.url("/shop.Inventory/Reserve"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 || res.Header.Get("Grpc-Status") != "" {
			t.Errorf("got %d %v", res.StatusCode, res.Header)
		}
	}
	wantCounts(t, f, 2, 0, 0)
}

// TestHTTP2 sends requests of many shapes and faults of every kind over one
// connection.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	r, _ := behindHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, _ := io.ReadAll(r.Body) // first: trailers that come after the answer are an error to net/http
		if r.URL.Path == "/hints" {
			w.Header().Set("Link", "</a.css>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Link")
		}
		if r.URL.Path == "/204" {
			w.WriteHeader(204)
			return
		}
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("Content-Type", "x/y")
		fmt.Fprintf(w, "%s %s %s %s%s%s", r.Method, r.Host, r.RequestURI, body, r.Trailer.Get("X-T"), r.Header.Get("User-Agent"))
		w.Header().Set("X-Sum", "7")
	})
	client := r.client2()
	do := func(method, path, body string) (*http.Response, string, error) {
		var hints string
		trace := &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
			hints = h.Get("Link")
			return nil
		}}
		req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), method, r.url(path), io.MultiReader(strings.NewReader(body)))
		req.Host, req.Header["User-Agent"] = "shop.test", nil
		req.Trailer = http.Header{"X-T": {"+t"}}
		res, err := client.Do(req)
		if err != nil {
			return nil, "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if path == "/hints" && hints == "" {
			t.Error("the early hints did not come")
		}
		return res, string(b), err
	}
	plain := func() {
		t.Helper()
		res, body, err := do("POST", "/a%2Fb?x;y=%zz", "hi")
		if err != nil || body != "POST shop.test /a%2Fb?x;y=%zz hi+t" || res.Trailer.Get("X-Sum") != "7" || res.Header.Get("Content-Type") != "x/y" {
			t.Fatalf("got %q and %v", body, err)
		}
	}
	plain()
	if _, body, err := do("GET", "/hints", ""); err != nil || body != "GET shop.test /hints +t" {
		t.Errorf("hints: %q and %v", body, err)
	}
	if res, body, err := do("HEAD", "/", ""); err != nil || res.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: %q and %v", body, err)
	}
	if res, body, err := do("GET", "/204", ""); err != nil || res.StatusCode != 204 || body != "" {
		t.Errorf("204: %q and %v", body, err)
	}
	before := asked.Load()
	for _, tt := range []struct {
		kind, attributes string
		status           int
		body             string
		asked            int64
	}{
		{"http_error", `{'status':503,'body':'no','headers':{'Retry-After':'5'}}`, 503, "no", 0},
		{"http_error", `{'status':503,'body':'no','when':'after'}`, 503, "no", 1},
		{"http_abort", `{}`, 0, "", 0},
		{"http_abort", `{'when':'after'}`, 0, "", 1},
		{"http_abort", `{'when':'middle'}`, 200, "POST shop.test", 1},
		{"http_latency", `{'latency':5}`, 200, "POST shop.test /f hi+t", 1},
		{"http_latency", `{'latency':5,'when':'after'}`, 200, "POST shop.test /f hi+t", 1},
	} {
		f := r.inject(tt.kind, tt.attributes)
		res, body, err := do("POST", "/f", "hi")
		status := 0
		if res != nil {
			status = res.StatusCode
		}
		if status != tt.status || !strings.HasPrefix(tt.body, body) || (err != nil) != (tt.kind == "http_abort") {
			t.Errorf("%s %s: got %d %q and %v", tt.kind, tt.attributes, status, body, err)
		}
		if asked.Load()-before != tt.asked {
			t.Errorf("%s %s: the dependency was asked %d times", tt.kind, tt.attributes, asked.Load()-before)
		}
		wantCounts(t, f, 1, 1, 1)
		r.Set(nil)
		plain()
		before = asked.Load()
	}
	if r.dials.Load() != 1 {
		t.Errorf("%d connections: a fault broke more than its request", r.dials.Load())
	}
}

// TestHTTP2Large: bodies larger than any window pass both ways at once.
func TestHTTP2Large(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	client := r.client2()
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
	var users sync.WaitGroup
	for range 3 {
		users.Go(func() {
			res, err := client.Post(r.url("/"), "x/y", bytes.NewReader(data))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if got, err := io.ReadAll(res.Body); !bytes.Equal(got, data) {
				t.Errorf("got %d bytes and %v", len(got), err)
			}
		})
	}
	users.Wait()
}

// TestHTTP2UpstreamEnds: a client whose dependency goes away sees its connection
// go, in the same way, and the next one works.
func TestHTTP2UpstreamEnds(t *testing.T) {
	t.Parallel()
	for name, reset := range map[string]bool{"closed": false, "reset": true} {
		t.Run(name, func(t *testing.T) {
			begun := make(chan struct{}, 2)
			var conn atomic.Pointer[net.TCPConn]
			r, _ := behindHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					http.NewResponseController(w).Flush()
					begun <- struct{}{}
					<-r.Context().Done()
				}
			}, func(server *http.Server) {
				server.ConnState = func(c net.Conn, s http.ConnState) {
					if s == http.StateNew {
						conn.Store(c.(*net.TCPConn))
					}
				}
			})
			client := r.client2()
			// Once the first request has been answered, the dependency has read all that the
			// client sends at the start before it sees the second. A socket that is closed
			// while something is on its way to it is reset, whatever its owner wanted.
			res, err := client.Get(r.url("/"))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			res, err = client.Get(r.url("/slow"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			<-begun
			if reset {
				conn.Load().SetLinger(0)
			}
			conn.Load().Close()
			_, err = io.ReadAll(res.Body)
			if errors.Is(err, syscall.ECONNRESET) != reset || err == nil || strings.Contains(err.Error(), "stream error") {
				t.Errorf("the request ended with %v, want the connection to end", err)
			}
			wait(t, func() bool { return r.open.Load() == 0 })
			res, err = client.Get(r.url("/"))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		})
	}
}

// TestHTTP2IdleUpstreamEnds: so does a client that waits for nothing.
func TestHTTP2IdleUpstreamEnds(t *testing.T) {
	t.Parallel()
	r, server := behindHTTP2(t, echo)
	client := r.client2()
	for range 3 {
		res, err := client.Get(r.url("/"))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		server.CloseClientConnections()
		wait(t, func() bool { return r.open.Load() == 0 })
	}
}

// TestHTTP2ClientGivesUp: the dependency learns of it.
func TestHTTP2ClientGivesUp(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	r, _ := behindHTTP2(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(ended)
	})
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", r.url("/"), nil)
	go func() { <-begun; cancel() }()
	if _, err := r.client2().Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the dependency still works on it")
	}
}

// TestHTTP2ToHTTP1: a dependency that does not speak the client's protocol does not
// hang it.
func TestHTTP2ToHTTP1(t *testing.T) {
	t.Parallel()
	r := behind(t, echo)
	if res, err := r.client2().Get(r.url("/")); err == nil {
		res.Body.Close()
		t.Errorf("got %d", res.StatusCode)
	}
}

// A target arrives as it was sent, whatever net/http would make of it.
func TestHTTP2Targets(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) })
	f := r.inject("http_latency", `{'latency':1,'match':{'path':'/*id*x'}}`)
	client := r.client2()
	for _, target := range []string{"/{id}|x?q=|", "/a%7cb", "/a|b", "//x/y?", "/a;b?c=%zz", "/a\"b", "/%2F/..//x?", "/a^b"} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", r.url("/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL = &url.URL{Scheme: "http", Host: request.URL.Host, Opaque: "//" + request.URL.Host + target}
		res, err := client.Do(request)
		if err != nil {
			t.Fatal(target, err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != target {
			t.Errorf("%s arrives as %s (%d, %v)", target, body, res.StatusCode, err)
		}
	}
	wantCounts(t, f, 8, 1, 1)
}

// A burst on a new connection is not more than the dependency takes at once: what it
// would refuse for that reason would look as if it had failed.
func TestHTTP2BurstAtTheStart(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(5 * time.Millisecond)
		io.WriteString(w, "ok")
	}, func(server *http.Server) { server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 20} })
	for range 10 {
		client := r.client2()
		var requests sync.WaitGroup
		for range 100 {
			requests.Go(func() {
				res, err := client.Get(r.url("/"))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
			})
		}
		requests.Wait()
	}
}
