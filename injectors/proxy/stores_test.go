package proxy_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// pinger answers commands of one word as a Redis does: PING, and what it does not
// know.
func pinger(t *testing.T) string {
	t.Helper()
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
				lines := bufio.NewScanner(c)
				for lines.Scan() {
					switch word := strings.ToUpper(lines.Text()); {
					case word == "PING":
						fmt.Fprint(c, "+PONG\r\n")
					case !strings.HasPrefix(word, "*") && !strings.HasPrefix(word, "$"):
						fmt.Fprintf(c, "-ERR unknown command '%s', with args beginning with: \r\n", lines.Text())
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// talk says something to a proxy and reads a line.
func talk(t *testing.T, c net.Conn, say string) (string, error) {
	t.Helper()
	c.SetDeadline(time.Now().Add(soon))
	fmt.Fprint(c, say)
	return bufio.NewReader(c).ReadString('\n')
}

func dialed(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Bytes' toxics act in front of a Redis whose commands are known, on the same
// connection as faults on commands.
func TestBytesInFrontOfARedis(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "carts", "redis://"+pinger(t))
	c := dialed(t, address)
	if got, err := talk(t, c, "PING\r\n"); err != nil || got != "+PONG\r\n" {
		t.Fatal(got, err)
	}
	add(t, s, "carts", `{"name":"late","type":"latency","attributes":{"latency":100}}`)
	add(t, s, "carts", `{"name":"busy","type":"redis_error","attributes":{"error":"BUSY"}}`)
	begun := time.Now()
	if got, err := talk(t, c, "*1\r\n$3\r\nGET\r\n"); err != nil || !strings.HasPrefix(got, "-BUSY Redis is busy") {
		t.Errorf("under both: %q, %v", got, err)
	}
	if took := time.Since(begun); took < 90*time.Millisecond {
		t.Errorf("it took %s, want 100ms at least", took)
	}
	for _, toxic := range show(t, s, "carts").Toxics {
		if toxic.Blastgauge.Met != 1 || toxic.Blastgauge.Of != 1 {
			t.Errorf("%s counted %+v", toxic.Name, toxic.Blastgauge)
		}
	}
	wantCalls(t, s, "carts", 1) // a PING is none
	call(t, s, "POST", "/reset", "", 204, nil)
	add(t, s, "carts", `{"type":"reset_peer","attributes":{"timeout":0}}`)
	if got, err := talk(t, c, "PING\r\n"); err == nil {
		t.Errorf("under reset_peer: %q", got)
	}
	call(t, s, "POST", "/reset", "", 204, nil)
	if got, err := talk(t, dialed(t, address), "PING\r\n"); err != nil || got != "+PONG\r\n" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

// Calls of stores show where those of HTTP do; a client that came no further than
// its handshake has tried once.
func TestCallsOfStores(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	carts := route(t, s, "carts", "redis://"+pinger(t))
	c := dialed(t, carts)
	for range 3 {
		if _, err := talk(t, c, "get\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	wantCalls(t, s, "carts", 3)
	idle := dialed(t, carts)
	if _, err := talk(t, idle, "PING\r\n"); err != nil {
		t.Fatal(err)
	}
	idle.Close()
	wantCalls(t, s, "carts", 4)

	orders := route(t, s, "orders", "postgres://"+pinger(t))
	start := "\x00\x00\x00\x10\x00\x03\x00\x00user\x00a\x00\x00"
	begin, set := "Q\x00\x00\x00\x0aBEGIN\x00", "Q\x00\x00\x00\x0cSET a=1\x00"
	fmt.Fprint(dialed(t, orders), start+set+begin)
	wantCalls(t, s, "orders", 1)
	add(t, s, "orders", `{"type":"down","toxicity":0.999999}`)
	if c, err := net.Dial("tcp", orders); err == nil { // the reset may be there first
		c.Close()
	}
	wantCalls(t, s, "orders", 2)
}

// A fault that the upstream's protocol does not know is refused, and so is an
// upstream that asks for what it cannot have.
func TestFaultsAndTheirProtocols(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	route(t, s, "carts", "redis://127.0.0.1:1")
	route(t, s, "orders", "postgres://127.0.0.1:1?sslmode=require")
	route(t, s, "web", "http://127.0.0.1:1")
	route(t, s, "bytes", "127.0.0.1:1")
	for _, tt := range []struct{ into, toxic, says string }{
		{"carts", `{"type":"http_error","attributes":{"status":500}}`, "http_error acts on requests of http, https, h2c, grpc, grpcs, but the upstream is redis://127.0.0.1:1"},
		{"web", `{"type":"redis_empty"}`, "redis_empty acts on requests of redis, rediss, but the upstream is http://127.0.0.1:1"},
		{"orders", `{"type":"redis_empty"}`, "redis_empty acts on requests of redis, rediss"},
		{"bytes", `{"type":"postgres_error","attributes":{"sqlstate":"40001"}}`, "add a scheme, such as postgres://127.0.0.1:1"},
		{"orders", `{"type":"postgres_error","attributes":{"sqlstate":"1"}}`, "sqlstate must be five digits or capitals"},
		{"carts", `{"type":"redis_error","attributes":{"error":"NOPE"}}`, "error must be one of ASK, BUSY"},
	} {
		if got := call(t, s, "POST", "/proxies/"+tt.into+"/toxics", tt.toxic, 400, nil); !strings.Contains(got, tt.says) {
			t.Errorf("%s into %s: %s", tt.toxic, tt.into, got)
		}
	}
	for _, upstream := range []string{"redis://127.0.0.1:1?db=1", "postgres://127.0.0.1:1?sslmode=prefer", "postgres://127.0.0.1:1?sslrootcert=/nowhere", "postgres://127.0.0.1"} {
		call(t, s, "POST", "/proxies", fmt.Sprintf(`{"name":"x","listen":"127.0.0.1:0","upstream":%q}`, upstream), 400, nil)
	}
}
