package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/client"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// The official client puts a fault on requests into force and takes it away a
// hundred times, on 16 busy connections: no request is lost, no connection is
// made anew, and each answer is the dependency's or the fault's.
func TestAFaultOnRequestsComesAndGoes(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "payments", "http://"+shop(t))
	c := toxiproxy.NewClient(strings.TrimPrefix(s.URL(), "http://"))
	p, err := c.Proxy("payments")
	if err != nil {
		t.Fatal(err)
	}
	const clients = 16
	stop := make(chan struct{})
	answers := make(chan map[int]int, clients)
	var met [600]atomic.Int64
	for range clients {
		go func() { answers <- asks(address, stop, &met) }()
	}
	both := func() bool { return met[http.StatusOK].Load() > 0 && met[http.StatusServiceUnavailable].Load() > 0 }
	for i, deadline := 0, time.Now().Add(soon); i < 100 || !both() && time.Now().Before(deadline); i++ {
		if _, err := p.AddToxic("broken", "http_error", "", 1, toxiproxy.Attributes{"status": 503}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // so that requests meet it; how many does not matter
		if err := p.RemoveToxic("broken"); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	all := map[int]int{}
	for range clients {
		for status, n := range <-answers {
			all[status] += n
		}
	}
	if all[0] > 0 || all[200] == 0 || all[503] == 0 || len(all) != 2 {
		t.Errorf("answers by status (0: lost): %v", all)
	}
	if v := show(t, s, "payments"); v.Blastgauge.Total != clients {
		t.Errorf("%d connections were made, want %d", v.Blastgauge.Total, clients)
	}
}

// asks makes requests on one connection until stop, and counts the answers by
// status; 0 is one that did not come. net/http's client would do, but drops a
// connection now and then whose answer is faster than its own bookkeeping.
func asks(address string, stop <-chan struct{}, met *[600]atomic.Int64) map[int]int {
	seen := map[int]int{}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		seen[0]++
		return seen
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		conn.SetDeadline(time.Now().Add(soon))
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", address)
		answer, err := http.ReadResponse(r, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
		}
		if err != nil {
			seen[0]++
			return seen
		}
		seen[answer.StatusCode]++
		met[answer.StatusCode].Add(1)
		select {
		case <-stop: // each has made a request: its connection is counted
			return seen
		default:
		}
	}
}

// Both levels act on one connection: the request's answer is the fault's, and it
// comes late.
func TestBothLevelsOnOneConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "payments", "http://"+shop(t))
	c := customer(t)
	if err := buy(c, address); err != nil {
		t.Fatal(err)
	}
	add(t, s, "payments", `{"name":"late","type":"latency","attributes":{"latency":100}}`)
	add(t, s, "payments", `{"name":"after","type":"http_error","attributes":{"status":500,"when":"after"}}`)
	begun := time.Now()
	if err := buy(c, address); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("under both: %v", err)
	}
	if took := time.Since(begun); took < 90*time.Millisecond {
		t.Errorf("it took %s, want 100ms at least", took)
	}
	v := show(t, s, "payments")
	for _, toxic := range v.Toxics {
		if toxic.Blastgauge.Met != 1 || toxic.Blastgauge.Of != 1 {
			t.Errorf("%s counted %+v", toxic.Name, toxic.Blastgauge)
		}
	}
	call(t, s, "POST", "/reset", "", 204, nil)
	if err := buy(c, address); err != nil || show(t, s, "payments").Blastgauge.Total != 1 {
		t.Errorf("after a reset: %v", err)
	}
}

// What cuts a connection on the bytes' level cuts it for the gateway's client.
func TestBytesThatEndBehindAGateway(t *testing.T) {
	t.Parallel()
	gone := "refused"
	if !canRefuse {
		gone = "reset"
	}
	for toxic, want := range map[string]string{
		`{"type":"reset_peer","attributes":{"timeout":0}}`: "reset",
		`{"type":"limit_data","attributes":{"bytes":100}}`: "EOF",
		`{"type":"timeout","attributes":{"timeout":50}}`:   "EOF",
		`{"type":"down"}`:                     gone,
		`{"type":"down","toxicity":0.999999}`: "reset",
		`{"type":"limit_data","stream":"upstream","attributes":{"bytes":10}}`: "EOF",
	} {
		s := serve(t, proxy.Options{})
		address := route(t, s, "payments", "http://"+shop(t))
		add(t, s, "payments", toxic)
		answer, err := customer(t).Get("http://" + address)
		if err == nil {
			_, err = io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		// A client that stood still meets the end before it has asked.
		alike := strings.NewReplacer("broken pipe", "reset", "server closed idle connection", "EOF")
		if err == nil || !strings.Contains(alike.Replace(err.Error()), want) {
			t.Errorf("%s: %v, want %q", toxic, err, want)
		}
		call(t, s, "POST", "/reset", "", 204, nil)
		if err := buy(customer(t), address); err != nil {
			t.Errorf("%s removed: %v", toxic, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An upstream that refuses is no 502: the client's connection breaks, as it would
// without a proxy that understands it.
func TestAnUpstreamThatRefusesBehindAGateway(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "payments", "http://127.0.0.1:1") // where nobody listens
	if answer, err := customer(t).Get("http://" + address); err == nil {
		answer.Body.Close()
		t.Errorf("the answer is %s", answer.Status)
	}
	for deadline := time.Now().Add(soon); show(t, s, "payments").Blastgauge.DialFailed == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("counted %+v", show(t, s, "payments").Blastgauge)
		}
	}
}
