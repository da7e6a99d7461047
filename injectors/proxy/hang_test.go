package proxy_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// useful are toxics of every type that bytes can wait in, harmless enough for
// traffic to go on.
func useful() map[string]string {
	return map[string]string{
		"latency":    `{"type":"latency","attributes":{"latency":20,"jitter":10}}`,
		"bandwidth":  `{"type":"bandwidth","attributes":{"rate":1000000}}`,
		"slicer":     `{"type":"slicer","attributes":{"average_size":1000,"size_variation":500,"delay":10}}`,
		"slow_close": `{"type":"slow_close","attributes":{"delay":1000}}`,
		"timeout":    `{"type":"timeout","attributes":{"timeout":0}}`,
		"limit_data": `{"type":"limit_data","attributes":{"bytes":100000000}}`,
	}
}

// One client that never reads wedges a stock server for good. Here it stops
// nothing: toxics come and go, the proxy stops and starts, others are served.
func TestAClientThatNeverReads(t *testing.T) {
	t.Parallel()
	for kind, toxic := range useful() {
		t.Run(kind, func(t *testing.T) {
			s := serve(t, proxy.Options{})
			flooded := route(t, s, "flooded", hose(t))
			other := route(t, s, "other", shop(t))
			for range 3 {
				deaf(t, flooded)
			}
			add(t, s, "flooded", `{"name":"before",`+toxic[1:])
			filled(t, s, "flooded")
			add(t, s, "flooded", `{"name":"beside",`+toxic[1:])
			show(t, s, "flooded")
			call(t, s, "PATCH", "/proxies/flooded/toxics/before", `{"toxicity":0.5}`, 200, nil)
			call(t, s, "DELETE", "/proxies/flooded/toxics/before", "", 204, nil)
			call(t, s, "POST", "/reset", "", 204, nil)
			if v := show(t, s, "flooded"); len(v.Toxics) != 0 {
				t.Errorf("left after a reset: %v", v.Toxics)
			}
			if err := buy(customer(t), other); err != nil {
				t.Error(err)
			}
			call(t, s, "POST", "/proxies/flooded", `{"enabled":false}`, 200, nil)
			call(t, s, "POST", "/proxies/flooded", `{"enabled":true}`, 200, nil)
			call(t, s, "DELETE", "/proxies/flooded", "", 204, nil)
		})
	}
}

// filled waits until the clients of a proxy have taken all that they will take.
func filled(t *testing.T, s *proxy.Server, name string) {
	t.Helper()
	last, same := int64(-1), 0
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		now := show(t, s, name).Blastgauge.BytesDown
		if now == last {
			same++
		} else {
			last, same = now, 0
		}
		if same == 3 {
			return
		}
	}
	t.Fatal("the client's buffers do not fill")
}

// silent is an address that accepts no connection: its backlog is full.
func silent(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 16 {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if failure, ok := errors.AsType[net.Error](err); ok && failure.Timeout() {
			return address
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this system accepts connections beyond a full backlog")
	return ""
}

// An upstream that ignores SYN delays only the client that waits for it.
func TestAnUpstreamThatNeverAccepts(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"", "http://"} {
		t.Run("scheme "+scheme, func(t *testing.T) {
			s := serve(t, proxy.Options{})
			stuck := route(t, s, "stuck", scheme+silent(t))
			other := route(t, s, "other", shop(t))
			for range 4 {
				deaf(t, stuck)
			}
			for show(t, s, "stuck").Blastgauge.Open < 4 {
				time.Sleep(time.Millisecond)
			}
			add(t, s, "stuck", `{"name":"slow","type":"latency","attributes":{"latency":1}}`)
			call(t, s, "DELETE", "/proxies/stuck/toxics/slow", "", 204, nil)
			call(t, s, "POST", "/proxies/stuck", `{"enabled":false}`, 200, nil)
			call(t, s, "POST", "/proxies/stuck", `{"enabled":true}`, 200, nil)
			deaf(t, show(t, s, "stuck").Listen)
			if err := buy(customer(t), other); err != nil {
				t.Error(err)
			}
			call(t, s, "DELETE", "/proxies/stuck", "", 204, nil)
		})
	}
}

// busy keeps clients asking until stop, which waits for so many requests, and gives the
// first that failed.
func busy(t *testing.T, clients int, address string) (stop func(atLeast int64) error) {
	var asked atomic.Int64
	var first atomic.Value
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range clients {
		c := customer(t)
		all.Go(func() {
			for ctx.Err() == nil {
				if err := buy(c, address); err != nil {
					first.CompareAndSwap(nil, err)
				}
				asked.Add(1)
			}
		})
	}
	return func(atLeast int64) error {
		for deadline := time.Now().Add(soon); asked.Load() < atLeast && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		cancel()
		all.Wait()
		err, _ := first.Load().(error)
		if n := asked.Load(); n < atLeast {
			err = fmt.Errorf("%d requests were made, want %d: %w", n, atLeast, errors.Join(err, errors.New("they hang")))
		}
		return err
	}
}

// Fifty toxics come and go under 32 busy connections, and are changed all the
// time: no request is lost, on this proxy or another.
func TestToxicsUnderLoad(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"", "http://"} {
		t.Run("scheme "+scheme, func(t *testing.T) {
			s := serve(t, proxy.Options{})
			up := shop(t)
			stopBusy := busy(t, 32, route(t, s, "busy", scheme+up))
			stopOther := busy(t, 2, route(t, s, "other", up))
			for i := range 50 {
				stream := []string{"upstream", "downstream"}[i%2]
				kind := []string{
					`"type":"latency","attributes":{"latency":1,"jitter":1}`, `"type":"slicer","attributes":{"average_size":64,"size_variation":32}`,
					`"type":"bandwidth","attributes":{"rate":1000000}`, `"type":"noop"`,
				}[i%4]
				add(t, s, "busy", fmt.Sprintf(`{"name":"t%d","stream":%q,"toxicity":0.5,%s}`, i, stream, kind))
			}
			var storm sync.WaitGroup
			for worker := range 4 {
				storm.Go(func() {
					for i := range 20 {
						call(t, s, "PATCH", fmt.Sprintf("/proxies/busy/toxics/t%d", (worker*20+i)*4%50/4*4), `{"toxicity":0.7,"attributes":{"latency":2}}`, 200, nil)
					}
				})
			}
			storm.Wait()
			for i := range 50 {
				call(t, s, "DELETE", fmt.Sprintf("/proxies/busy/toxics/t%d", i), "", 204, nil)
			}
			if err, otherErr := stopBusy(50), stopOther(10); err != nil || otherErr != nil {
				t.Errorf("%v; on the other proxy: %v", err, otherErr)
			}
		})
	}
}

var connections = flag.Int("connections", 1000, "how many are open at a time") //nolint:gochecknoglobals // a flag

// A thousand connections are open: the API answers, and nothing is left of them.
func TestAThousandConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { // echoes
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	t.Cleanup(func() { l.Close() })
	address := route(t, s, "crowded", l.Addr().String())
	other := route(t, s, "other", shop(t))
	n := *connections
	var conns []net.Conn
	for range n {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	for show(t, s, "crowded").Blastgauge.Open < int64(n) {
		time.Sleep(time.Millisecond)
	}
	timed := func(what string, do func()) {
		begun := time.Now()
		do()
		t.Logf("with %d connections open, %s took %s", n, what, time.Since(begun).Round(10*time.Microsecond))
	}
	timed("adding a toxic", func() { add(t, s, "crowded", `{"name":"slow","type":"latency","attributes":{"latency":1}}`) })
	timed("GET /proxies", func() { call(t, s, "GET", "/proxies", "", 200, nil) })
	timed("a request beside them", func() {
		if err := buy(customer(t), other); err != nil {
			t.Error(err)
		}
	})
	buf := make([]byte, 5)
	for _, c := range conns {
		c.SetDeadline(time.Now().Add(soon))
		if _, err := c.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf); err != nil || string(buf) != "hello" {
			t.Fatalf("%q, %v", buf, err)
		}
	}
	if v := show(t, s, "crowded"); v.Toxics[0].Blastgauge.Met != int64(n) || v.Toxics[0].Blastgauge.Of != int64(n) {
		t.Errorf("counted %+v", v.Toxics[0].Blastgauge)
	}
	timed("removing the toxic", func() { call(t, s, "DELETE", "/proxies/crowded/toxics/slow", "", 204, nil) })
}
