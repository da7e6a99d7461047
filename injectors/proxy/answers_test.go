package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// waits sums up how often the upstream of a proxy took how long at least.
func waits(t *testing.T, s *proxy.Server, name string, atLeast time.Duration) (answered, givenUp int64) {
	t.Helper()
	for _, a := range show(t, s, name).Blastgauge.Answers {
		if a.From >= atLeast.Microseconds() {
			answered += a.Answered
			givenUp += a.GivenUp
		}
	}
	return answered, givenUp
}

// ways are how a proxy knows an upstream: as bytes, and by its protocol.
func ways(t *testing.T, test func(t *testing.T, scheme string)) {
	t.Helper()
	for name, scheme := range map[string]string{"bytes": "", "HTTP": "http://"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, scheme)
		})
	}
}

// The time of an answer is the upstream's own, without what toxics add on either way.
func TestAnswersAreTimedBehindToxics(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, scheme string) {
		const own, added = 50 * time.Millisecond, 700 * time.Millisecond
		upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(own) }))
		t.Cleanup(upstream.Close)
		s := serve(t, proxy.Options{})
		address := route(t, s, "payments", scheme+upstream.Listener.Addr().String())
		if got := show(t, s, "payments").Blastgauge.Answers; got != nil {
			t.Errorf("nobody has asked, and it answered: %+v", got)
		}
		c := customer(t)
		for i := range 3 {
			if i == 2 {
				add(t, s, "payments", `{"name":"there","type":"latency","stream":"upstream","attributes":{"latency":700}}`)
				add(t, s, "payments", `{"name":"back","type":"latency","stream":"downstream","attributes":{"latency":700}}`)
			}
			if err := buy(c, address); err != nil {
				t.Fatal(err)
			}
		}
		if answered, givenUp := waits(t, s, "payments", 0); answered != 3 || givenUp != 0 {
			t.Errorf("%d answered, %d given up", answered, givenUp)
		}
		if answered, _ := waits(t, s, "payments", own*95/100); answered != 3 {
			t.Errorf("%d of 3 took the time of the upstream", answered)
		}
		if answered, _ := waits(t, s, "payments", added); answered != 0 {
			t.Errorf("%d took the time of the toxics", answered)
		}
	})
}

// A client that does not wait for the answer is one of those who had to wait for so long.
func TestClientsThatGiveUpAreCounted(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, scheme string) {
		const patience = 300 * time.Millisecond
		upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		t.Cleanup(upstream.Close)
		s := serve(t, proxy.Options{})
		address := route(t, s, "x", scheme+upstream.Listener.Addr().String())
		c := customer(t)
		c.Timeout = patience
		if err := buy(c, address); err == nil {
			t.Fatal("it answered")
		}
		c.CloseIdleConnections()
		idleProxy(t, s)
		answered, givenUp := waits(t, s, "x", patience/10)
		if answered != 0 || givenUp != 1 {
			t.Errorf("%d answered, %d given up: %+v", answered, givenUp, show(t, s, "x").Blastgauge.Answers)
		}
	})
}
