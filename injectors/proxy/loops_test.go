package proxy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// A proxy whose upstream is certainly itself is refused, however the address is written,
// and by whichever call.
func TestAProxyOntoItself(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	address := route(t, s, "web", up)
	var v view
	call(t, s, "POST", "/proxies", `{"name":"wide","listen":"0.0.0.0:0","upstream":"`+up+`"}`, 201, &v)
	at, wide := port(t, address), port(t, v.Listen)
	for _, upstream := range []string{"127.0.0.1:" + at, "localhost:" + at, "LOCALHOST.:" + at, "0.0.0.0:" + at, ":" + at, "[::ffff:127.0.0.1]:" + at, "http://127.0.0.1:" + at, "tcp://localhost:" + at} {
		if got := call(t, s, "PATCH", "/proxies/web", `{"upstream":"`+upstream+`"}`, 400, nil); !strings.Contains(got, "leads back to this proxy") {
			t.Errorf("%s: %s", upstream, got)
		}
		call(t, s, "POST", "/populate", `[{"name":"web","listen":"`+address+`","upstream":"`+upstream+`"}]`, 400, nil)
	}
	for _, upstream := range []string{"127.0.0.1:" + wide, "127.9.9.9:" + wide, "localhost:" + wide, "0.0.0.0:" + wide, "[::]:" + wide, "[::1]:" + wide, ":" + wide} {
		call(t, s, "PATCH", "/proxies/wide", `{"upstream":"`+upstream+`"}`, 400, nil)
	}
	free := freePort(t)
	for _, listen := range []string{"127.0.0.1", "localhost", "0.0.0.0", "", "[::]"} {
		for _, enabled := range []bool{true, false} {
			call(t, s, "POST", "/proxies", fmt.Sprintf(`{"name":"new","listen":"%s:%s","upstream":"127.0.0.1:%[2]s","enabled":%t}`, listen, free, enabled), 400, nil)
		}
	}
	call(t, s, "PATCH", "/proxies/web", `{"upstream":"127.0.0.2:`+at+`"}`, 200, nil) // another address: not this proxy
	if got := show(t, s, "wide").Upstream; got != up {
		t.Errorf("wide leads to %s", got)
	}
}

// So are proxies that lead to each other; a chain of them is as good as any.
func TestProxiesInACircle(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	addresses := []string{route(t, s, "c", up)}
	for _, name := range []string{"b", "a"} {
		addresses = append(addresses, route(t, s, name, addresses[len(addresses)-1]))
	}
	if err := buy(customer(t), addresses[2]); err != nil {
		t.Fatalf("through a chain: %v", err)
	}
	for i, want := range []string{"", "by way of proxy b:", "by way of proxy a and proxy b:"} {
		got := call(t, s, "PATCH", "/proxies/c", `{"upstream":"`+addresses[i]+`"}`, 400, nil)
		if !strings.Contains(got, "leads back to this proxy") || !strings.Contains(got, want) {
			t.Error(got)
		}
	}
	x, y := freePort(t), freePort(t)
	list := `[{"name":"x","listen":"127.0.0.1:` + x + `","upstream":"localhost:` + y + `"},{"name":"y","listen":"[::]:` + y + `","upstream":"127.0.0.1:` + x + `","enabled":false}]`
	if got := call(t, s, "POST", "/populate", list, 400, nil); !strings.Contains(got, "proxy x: ") {
		t.Error(got)
	}
	var all map[string]json.RawMessage
	if call(t, s, "GET", "/proxies", "", 200, &all); len(all) != 3 {
		t.Errorf("now there are %d proxies", len(all))
	}
	if err := buy(customer(t), addresses[2]); err != nil {
		t.Error(err)
	}
	// A list may turn a chain round, as a whole.
	call(t, s, "POST", "/populate", fmt.Sprintf(`[{"name":"a","listen":%q,"upstream":%q},{"name":"b","listen":%q,"upstream":%q},{"name":"c","listen":%q,"upstream":%q}]`,
		addresses[2], up, addresses[1], addresses[2], addresses[0], addresses[1]), 201, nil)
	if err := buy(customer(t), addresses[0]); err != nil {
		t.Error(err)
	}
}

// A list of which the first proxies alone would close a circle, because the port of a later
// one is taken, changes none of those.
func TestAPartOfAListInACircle(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up, free := shop(t), freePort(t)
	var b view
	call(t, s, "POST", "/proxies", `{"name":"b","listen":"127.0.0.1:0","upstream":"127.0.0.1:`+free+`"}`, 201, &b)
	first := fmt.Sprintf(`{"name":"first","listen":"127.0.0.1:0","upstream":%q}`, up)
	a := fmt.Sprintf(`{"name":"a","listen":"127.0.0.1:%s","upstream":%q}`, free, b.Listen)
	moved := fmt.Sprintf(`{"name":"b","listen":%q,"upstream":"127.0.0.1:%s"}`, up, free)
	got := call(t, s, "POST", "/populate", "["+first+","+a+","+moved+"]", 500, nil)
	if !strings.Contains(got, "proxy b: ") || !strings.Contains(got, "in use; without it, proxy a: ") || !strings.Contains(got, "leads back to this proxy by way of proxy b") {
		t.Error(got)
	}
	var all map[string]view
	if call(t, s, "GET", "/proxies", "", 200, &all); len(all) != 2 || all["b"].Listen != b.Listen || all["first"].Upstream != up {
		t.Errorf("now there are %+v", all)
	}
	call(t, s, "DELETE", "/proxies/b", "", 204, nil)
	call(t, s, "POST", "/populate", "["+a+"]", 201, nil) // its port is free again
}

// freePort is a port that the test keeps.
func freePort(t *testing.T) string {
	t.Helper()
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { free.Close() })
	return port(t, free.Addresses()[0])
}
