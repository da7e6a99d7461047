package gateway_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// Lists and not mean on HTTP/2 what they mean on HTTP/1.1, and name methods of gRPC.
func TestHTTP2Match(t *testing.T) {
	t.Parallel()
	for match, want := range map[string]string{
		`{}`:                            "1 3 5 7",
		`{'path':['/carts','/health']}`: "1 3",
		`{'not':{'path':'/health'}}`:    "1 5 7",
		`{'method':['PUT','GET']}`:      "1 3",
		`{'path':'/*','not':{'path':['/health','/carts']}}`: "",
		`{'grpc':['/shop.Inventory/Reserve','/x.Y/Z']}`:     "5",
		`{'grpc':'/shop.*/*','not':{'grpc':'/*/Release'}}`:  "5",
		`{'not':{'grpc':'/shop.Inventory/*'}}`:              "1 3",
		`{'not':{'headers':{'x-user':['a','b']}}}`:          "3 5 7",
		`{'headers':{'host':'shop.test','x-user':'b'}}`:     "1",
	} {
		t.Run(match, func(t *testing.T) {
			between(t, func(t *testing.T, s *sides) {
				f := s.inject("http_error", `{'status':503,'match':`+match+`}`)
				s.client.ask(1, "/carts?x=1", "x-user", "b")
				s.client.ask(3, "/health")
				s.client.calls(5, "/shop.Inventory/Reserve")
				s.client.calls(7, "/shop.Inventory/Release")
				var answers []string
				for id := range strings.FieldsSeq(want) {
					answers = append(answers, "HEADERS "+id+" status=503 content-length=0 END")
					if id == "5" || id == "7" {
						answers = append(answers, "RST_STREAM "+id+" NO_ERROR")
					}
				}
				s.client.wants(answers...)
				met := int64(len(strings.Fields(want)))
				wantCounts(t, f, 4, met, met)
			})
		})
	}
}

// A call of gRPC through grpcs:// is encrypted on both sides, and meets faults inside.
func TestGRPCInsideTLS(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewUnstartedServer(inventory(&asked))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	certificate, err := gateway.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := x509.NewCertPool(), x509.NewCertPool()
	ours.AddCert(leaf)
	theirs.AddCert(server.Certificate())
	r := newRig(t, gateway.Options{
		Scheme: "grpcs", Address: server.Listener.Addr().String(), UpstreamTLS: &tls.Config{RootCAs: theirs},
		ClientTLS: &tls.Config{Certificates: []tls.Certificate{certificate}},
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ours}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	call := func(method string) (string, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+r.address+method, bytes.NewReader(frame("m")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		messages, status, _ := (&grpcCall{T: t, to: discard(), res: res}).end()
		return fmt.Sprint(messages), status
	}
	if messages, status := call("/shop.Inventory/Reserve"); messages != "[re: m]" || status != "0" {
		t.Errorf("got %s, status %s", messages, status)
	}
	f := r.inject("grpc_error", `{'code':'UNAVAILABLE','match':{'grpc':'/shop.Inventory/*','not':{'grpc':'/*/Watch'}}}`)
	if messages, status := call("/shop.Inventory/Reserve"); messages != "[]" || status != "14" {
		t.Errorf("got %s, status %s", messages, status)
	}
	if messages, status := call("/shop.Inventory/Watch"); messages != "[re: m]" || status != "0" {
		t.Errorf("what is spared: got %s, status %s", messages, status)
	}
	wantCounts(t, f, 2, 1, 1)
	if r.dials.Load() != 1 {
		t.Errorf("%d connections", r.dials.Load())
	}
}

// discard is a request's body that has been sent.
func discard() *io.PipeWriter {
	_, w := io.Pipe()
	return w
}

// Faults that come and go while calls are under way cost none of them, and no connection.
func TestHTTP2FaultsComeAndGo(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.Copy(w, r.Body)
	})
	sets := [][]*gateway.Fault{
		{fault(t, "http_latency", 1, `{'latency':1}`)},
		{fault(t, "http_latency", 1, `{'latency':3,'jitter':2,'when':'after'}`)},
		nil,
		{fault(t, "http_config", 1, `{'blank':{},'limit':1000}`), fault(t, "http_error", 1, `{'status':503,'match':{'path':'/other'}}`)},
		{fault(t, "http_latency", 0.5, `{'latency':3600000,'when':'after'}`)},
	}
	client := r.client2()
	post := func(body string) {
		res, err := client.Post(r.url("/"), "application/json", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if got, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || string(got) != body {
			t.Errorf("got %d with %d of %d bytes, and %v", res.StatusCode, len(got), len(body), err)
		}
	}
	post("first") // so that there is a connection for all
	var callers sync.WaitGroup
	for size := range 6 {
		body := `"` + strings.Repeat("x", 2000+size*size*10_000) + `"`
		callers.Go(func() {
			for range 12 {
				post(body)
			}
		})
	}
	done := make(chan struct{})
	go func() { callers.Wait(); close(done) }()
	for i := 0; ; i++ {
		select {
		case <-done:
			if r.dials.Load() != 1 {
				t.Errorf("%d connections", r.dials.Load())
			}
			return
		default:
			r.Set(sets[i%len(sets)])
			time.Sleep(time.Millisecond) // so that calls meet it; how many does not matter
		}
	}
}
