package proxy_test

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// wantCalls waits until a proxy has counted so many calls.
func wantCalls(t *testing.T, s *proxy.Server, name string, want int64) {
	t.Helper()
	for deadline := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		got := show(t, s, name).Blastgauge.Calls
		if got != nil && *got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s counted %+v, want %d calls", name, show(t, s, name).Blastgauge, want)
		}
	}
}

// What a client tried counts once, however far it got: as a request, or as a
// connection on which none could be sent.
func TestCallsAreCountedWhetherTheyGetThroughOrNot(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "payments", "http://"+shop(t))
	c := customer(t)
	for range 3 { // on one connection
		if err := buy(c, address); err != nil {
			t.Fatal(err)
		}
	}
	wantCalls(t, s, "payments", 3)

	idle, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	idle.Close()
	wantCalls(t, s, "payments", 4)

	add(t, s, "payments", `{"name":"gone","type":"down","toxicity":0.999999}`)
	for range 2 {
		if err := buy(customer(t), address); err == nil {
			t.Error("a dependency that is down answered")
		}
	}
	wantCalls(t, s, "payments", 6)
}

// Requests that share an HTTP/2 connection count one by one.
func TestCallsOverHTTP2(t *testing.T) {
	t.Parallel()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(l) })
	t.Cleanup(func() { server.Close(); serving.Wait() })
	s := serve(t, proxy.Options{})
	address := route(t, s, "payments", "h2c://"+l.Addr().String())
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	for range 4 {
		answer, err := (&http.Client{Transport: transport, Timeout: soon}).Get("http://" + address)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	wantCalls(t, s, "payments", 4)
}

// Of a protocol that is not known calls cannot be counted.
func TestBytesAreNoCalls(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	route(t, s, "carts", shop(t))
	if got := show(t, s, "carts").Blastgauge.Calls; got != nil {
		t.Errorf("counted %d calls of what is only bytes", *got)
	}
}

// Who added a fault that nothing matches can see what came instead.
func TestAFaultThatNothingMatchesSaysWhatCame(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "payments", "http://"+shop(t))
	add(t, s, "payments", `{"name":"broken","type":"http_error","attributes":{"status":503,"match":{"method":"POST","path":"/charges"}}}`)
	c := customer(t)
	for _, path := range []string{"/charge/4711?card=4111111111111111", "/charge/4712", "/health"} {
		resp, err := c.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	toxic := show(t, s, "payments").Toxics[0].Blastgauge
	if toxic.Seen != 3 || toxic.Of != 0 || len(toxic.Missed) != 2 || toxic.Missed[0].What != "GET /charge/{id}" || toxic.Missed[0].Count != 2 || toxic.Missed[1].What != "GET /health" {
		t.Errorf("the toxic says %+v", toxic)
	}
}
