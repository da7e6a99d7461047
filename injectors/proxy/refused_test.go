package proxy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// state is what a server has, without what its proxies have counted.
func state(t *testing.T, s *proxy.Server) string {
	t.Helper()
	var all map[string]map[string]any
	call(t, s, "GET", "/proxies", "", 200, &all)
	for _, p := range all {
		delete(p, "blastgauge")
		for _, toxic := range p["toxics"].([]any) {
			for _, counted := range []string{"of", "met", "seen"} {
				delete(toxic.(map[string]any)["blastgauge"].(map[string]any), counted)
			}
		}
	}
	var leases []struct{ Run string } // their time goes on
	call(t, s, "GET", "/blastgauge/leases", "", 200, &leases)
	text, err := json.Marshal([]any{all, leases})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// echo answers with what it is sent.
func echo(t *testing.T) string {
	return one(t, func(c *net.TCPConn) { io.Copy(c, c); c.Close() })
}

// still fails where a connection to an echo is over.
func still(t *testing.T, c *net.TCPConn) {
	t.Helper()
	if _, err := io.WriteString(c, "there?"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 6)); err != nil {
		t.Errorf("a connection that was open is over: %v", err)
	}
}

// port returns the port of host:port.
func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// What is refused changes nothing, by whichever call: the proxy keeps its port, its
// upstream, its toxics and its connections, and can be reset.
func TestWhatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := echo(t)
	address := route(t, s, "web", up)
	spoken := route(t, s, "spoken", "http://"+shop(t))
	add(t, s, "web", `{"name":"slow","type":"latency","attributes":{"latency":1}}`)
	add(t, s, "spoken", `{"name":"broken","type":"http_error","toxicity":0,"attributes":{"status":503}}`)
	call(t, s, "POST", "/proxies", `{"name":"off","listen":"127.0.0.1:0","upstream":"127.0.0.1:1","enabled":false}`, 201, nil)
	call(t, s, "POST", "/blastgauge/leases", `{"run":"x","seconds":600}`, 200, nil)
	call(t, s, "DELETE", "/blastgauge/leases/over", "", 404, nil)
	taken, err := net.Listen("tcp", "127.0.0.2:"+port(t, address)) // so that the proxy cannot have the port on every address
	if err != nil {
		t.Skipf("there is no 127.0.0.2 here: %v", err)
	}
	t.Cleanup(func() { taken.Close() })
	other := taken.Addr().String()
	open := dial(t, address)
	still(t, open)
	var listed struct{ Proxies []view }
	before := state(t, s)
	fresh := `{"name":"fresh","listen":"127.0.0.1:0","upstream":"` + up + `"}`
	type request struct {
		path, body string
		status     int
	}
	var list []request
	for _, body := range []string{
		`{"listen":"bad"}`, `{"listen":"127.0.0.1:99999"}`, `{"listen":"` + other + `"}`, `{"listen":"` + spoken + `"}`,
		`{"listen":"0.0.0.0:` + port(t, address) + `"}`, // its own port is in the way, and then somebody else's
		`{"listen":"bad","upstream":"127.0.0.1:1"}`, `{"listen":"bad","enabled":false}`,
	} {
		list = append(list, request{"/proxies/web", body, 500}, request{"/proxies/off", strings.Replace(body, `{`, `{"enabled":true,`, 1), 500},
			request{"/populate", `[{"name":"web","upstream":"` + up + `",` + body[1:] + `,` + fresh + `]`, 500})
	}
	list = append(list, request{"/proxies/off", `{"listen":"bad"}`, 500})
	for _, body := range []string{`{"upstream":"nowhere"}`, `{"upstream":""}`, `{"upstream":"http://` + up + `/x"}`, `{"upstream":7}`, `{`} {
		list = append(list, request{"/proxies/web", body, 400}, request{"/proxies/off", body, 400}, request{"/proxies/spoken", body, 400})
	}
	list = append(list,
		request{"/proxies/web", `{"upstream":"` + address + `"}`, 400},
		request{"/proxies/spoken", `{"upstream":"` + up + `"}`, 400}, // its toxic could not act there
		request{"/proxies/spoken", `{"listen":"127.0.0.1:0","upstream":"` + up + `"}`, 400},
		request{"/populate", `[` + fresh + `,{"name":"web","listen":"127.0.0.1:0","upstream":"` + up + `","toxics":[{"type":"none_such"}]}]`, 400},
		request{"/populate", `[` + fresh + `,{"name":"web","listen":"127.0.0.1:0","upstream":"` + up + `","toxics":[{"type":"http_error","attributes":{"status":503}}]}]`, 400},
		request{"/populate", `[` + fresh + `,{"name":"web","listen":"127.0.0.1:0","upstream":"` + up + `","toxics":[{"type":"noop"},{"type":"noop"}]}]`, 409},
		request{"/populate", `[` + fresh + `,{"name":"web","listen":"127.0.0.1:0","upstream":"` + up + `","toxics":[{"name":"blastgauge.over.1","type":"noop"}]}]`, 410},
		request{"/populate", `[` + fresh + `,{"name":"web","listen":"127.0.0.1:0","upstream":"nowhere"}]`, 400},
		request{"/populate", `[` + fresh + `,` + fresh + `]`, 400},
		request{"/populate", `[` + fresh + `,{"name":"web","listen":"127.0.0.1:0"}]`, 400},
		request{"/populate", `[{"name":"late","listen":"` + other + `","upstream":"` + up + `"},` + fresh + `,{"name":"off","listen":"127.0.0.1:0","upstream":"127.0.0.1:2"}]`, 500},
		request{"/populate", `[` + fresh + `,{"name":"late","listen":"bad","upstream":"` + up + `"},{"name":"later","upstream":"nowhere"}]`, 400},
		request{"/proxies", `{"name":"web","listen":"127.0.0.1:0","upstream":"` + up + `"}`, 409},
		request{"/proxies", `{"name":"late","listen":"` + other + `","upstream":"` + up + `","toxics":[{"name":"blastgauge.y.1","type":"noop"}]}`, 500},
		request{"/proxies", `{"name":"late","listen":"bad","upstream":"` + up + `","enabled":false}`, 500},
		request{"/proxies/web/toxics", `{"name":"slow","type":"latency","blastgauge":{"run":"y"}}`, 409},
		request{"/proxies/web/toxics", `{"name":"late","type":"http_error","attributes":{"status":503},"blastgauge":{"run":"y"}}`, 400},
		request{"/proxies/web/toxics/slow", `{"attributes":{"latency":"much"}}`, 400},
		request{"/proxies/web/toxics/slow", `{"attributes":{"latency":2},"toxicity":7}`, 400},
		request{"/proxies/spoken/toxics/broken", `{"toxicity":1,"attributes":{"status":1}}`, 400},
		request{"/blastgauge/leases", `{"run":"y"}`, 409},
		request{"/blastgauge/leases", `{"run":"x","seconds":0}`, 400},
	)
	for _, r := range list {
		call(t, s, "POST", r.path, r.body, r.status, nil)
		if after := state(t, s); after != before {
			t.Fatalf("POST %s %s changed\n%s\nto\n%s", r.path, r.body, before, after)
		}
		still(t, open)
		still(t, dial(t, address))
	}
	call(t, s, "POST", "/reset", "", 204, nil)
	call(t, s, "POST", "/populate", `[`+fresh+`]`, 201, &listed)
	still(t, dial(t, listed.Proxies[0].Listen))
}

// A list ends before a proxy whose port cannot be opened: those before it are made, that one
// and those after it stay as they were, and the answer tells both.
func TestAListEndsAtAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	up := echo(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for what, listen := range map[string]string{"taken": taken.Addr().String(), "no address": "local373", "no port": "127.0.0.1:99999"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := serve(t, proxy.Options{})
			web, same := route(t, s, "web", up), route(t, s, "same", up)
			add(t, s, "web", `{"name":"slow","type":"latency","attributes":{"latency":1}}`)
			open := dial(t, web)
			still(t, open)
			var answer struct {
				Error   string
				Status  int
				Proxies []view
			}
			call(t, s, "POST", "/populate", fmt.Sprintf(`[{"name":"one","listen":"127.0.0.1:0","upstream":%q},{"name":"same","listen":%q,"upstream":%[1]q},
				{"name":"web","listen":%q,"upstream":%[1]q},{"name":"three","listen":"127.0.0.1:0","upstream":%[1]q}]`, up, same, listen), 500, &answer)
			if !strings.HasPrefix(answer.Error, "proxy web: listen tcp") || answer.Status != 500 || len(answer.Proxies) != 2 || answer.Proxies[1].Listen != same {
				t.Fatalf("the answer is %+v", answer)
			}
			still(t, dial(t, answer.Proxies[0].Listen))
			still(t, open)
			if v := show(t, s, "web"); v.Listen != web || !v.Enabled || len(v.Toxics) != 1 {
				t.Errorf("the proxy that could not move is %+v", v)
			}
			call(t, s, "GET", "/proxies/three", "", 404, nil)
		})
	}
}

// A proxy moves to a port that its own socket keeps from it, and takes one that another
// of the same list leaves.
func TestMovesThatNeedAPortOfOurs(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := echo(t)
	address := route(t, s, "web", up)
	var v view
	call(t, s, "PATCH", "/proxies/web", `{"listen":"0.0.0.0:`+port(t, address)+`"}`, 200, &v)
	if port(t, v.Listen) != port(t, address) || v.Listen == address {
		t.Errorf("the proxy listens on %s", v.Listen)
	}
	open := dial(t, address)
	still(t, open)
	call(t, s, "PATCH", "/proxies/web", `{"listen":"0.0.0.0:`+port(t, address)+`"}`, 200, nil) // where it is
	still(t, open)
	var made struct{ Proxies []view }
	call(t, s, "POST", "/populate", fmt.Sprintf(`[{"name":"web","listen":"127.0.0.1:0","upstream":%q},{"name":"next","listen":%q,"upstream":%[1]q}]`, up, address), 201, &made)
	if made.Proxies[1].Listen != address || port(t, made.Proxies[0].Listen) == port(t, address) {
		t.Errorf("populated: %+v", made)
	}
	for _, p := range made.Proxies {
		still(t, dial(t, p.Listen))
	}
	call(t, s, "PATCH", "/proxies/next", `{"enabled":false}`, 200, nil)
	if l, err := net.Listen("tcp", address); err != nil {
		t.Errorf("the port of a disabled proxy: %v", err)
	} else {
		l.Close()
	}
}

// A new upstream keeps the port: nobody who connects meanwhile is turned away.
func TestAnotherUpstreamAtTheSamePort(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	ups := []string{echo(t), echo(t)}
	address := route(t, s, "web", ups[0])
	old := dial(t, address)
	still(t, old)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 50 {
			call(t, s, "PATCH", "/proxies/web", `{"upstream":"`+ups[(i+1)%2]+`"}`, 200, nil)
		}
	}()
	for moving := true; moving; {
		select {
		case <-done:
			moving = false
		default:
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("while the upstream changes: %v", err)
		}
		c.Close()
	}
	if _, err := old.Read(make([]byte, 1)); err == nil {
		t.Error("a connection to the old upstream goes on")
	}
	still(t, dial(t, address))
}

// Names that a terminal or a page would not show as they are belong to nothing.
func TestNames(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	route(t, s, "web", up)
	before := state(t, s)
	for what, name := range map[string]string{
		"a new line": "a\nb", "an escape": "a\x1b[31m", "NUL": "a\x00", "DEL": "a\x7f", "C1": "a\u009b31m", "next line": "a\u0085b",
		"right to left": "a\u202eb", "an isolate": "a\u2066b", "a mark": "a\u200fb", "Arabic mark": "a\u061cb", "a line separator": "a\u2028b", "a paragraph": "a\u2029b",
	} {
		text, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		for path, body := range map[string]string{
			"/proxies":            `{"name":` + string(text) + `,"listen":"127.0.0.1:0","upstream":"` + up + `"}`,
			"/populate":           `[{"name":"ok","listen":"127.0.0.1:0","upstream":"` + up + `"},{"name":` + string(text) + `,"listen":"127.0.0.1:0","upstream":"` + up + `"}]`,
			"/proxies/web/toxics": `{"name":` + string(text) + `,"type":"noop"}`,
			"/blastgauge/leases":  `{"run":` + string(text) + `}`,
		} {
			if got := call(t, s, "POST", path, body, 400, nil); strings.ContainsAny(got, "\x1b\u009b\u202e") || !strings.Contains(got, "the name of ") {
				t.Errorf("%s at %s: %q", what, path, got)
			}
		}
		call(t, s, "POST", "/proxies/web/toxics", `{"type":"noop","blastgauge":{"run":`+string(text)+`}}`, 400, nil)
	}
	if after := state(t, s); after != before {
		t.Errorf("now there is\n%s", after)
	}
	for _, name := range []string{"redis dev", "a/b", "Zahlung-für-Ä", "支付", "עברית", "👩‍🚒", "::error::x", "<b>"} {
		text, _ := json.Marshal(name)
		call(t, s, "POST", "/proxies", `{"name":`+string(text)+`,"listen":"127.0.0.1:0","upstream":"`+up+`"}`, 201, nil)
		call(t, s, "POST", "/proxies/web/toxics", `{"name":`+string(text)+`,"type":"noop"}`, 200, nil)
	}
}

// A lease has a length that is a length: what would overflow lapsed at once, and took the
// run's toxics with it.
func TestTheLengthOfALease(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	for _, seconds := range []string{"0", "-0", "-1", "1e-12", "600.001", "1e9", "1e10", "9.3e9", "1e300", "1e400", "-1e400", `"NaN"`, `"10"`, `"Infinity"`, "true", "[10]", "{}"} {
		if got := call(t, s, "POST", "/blastgauge/leases", `{"run":"x","seconds":`+seconds+`}`, 400, nil); !strings.Contains(got, "from 0.001 to 600") {
			t.Errorf("%s seconds: %s", seconds, got)
		}
	}
	if got := call(t, s, "GET", "/blastgauge/leases", "", 200, nil); got != "[]" {
		t.Errorf("leases: %s", got)
	}
	for seconds, want := range map[string]float64{`,"seconds":600`: 600, `,"seconds":0.5`: 0.5, `,"seconds":null`: 10, ``: 10} {
		var v struct{ Seconds float64 }
		call(t, s, "POST", "/blastgauge/leases", `{"run":"x"`+seconds+`}`, 200, &v)
		if v.Seconds != want {
			t.Errorf("asked for%s: %v", seconds, v.Seconds)
		}
	}
}

// An upstream to which no connection can be made is refused where it is written down.
func TestUpstreamsThatCannotWork(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	route(t, s, "web", "127.0.0.1:1")
	before := state(t, s)
	for upstream, want := range map[string]string{
		"http://127.0.0.1:80/api": "write http://127.0.0.1:80", "https://a.test:443/a/b/c": "write https://a.test:443", "http://a.test:80#x": "write http://a.test:80",
		"redis://a.test:6379/3": "write redis://a.test:6379", "postgres://a.test:5432/db?sslmode=require": "write postgres://a.test:5432", "127.0.0.1:80/api": "write 127.0.0.1:80",
		"http://a.test/": "host:port", "a.test": "host:port", "a.test:": "host:port", ":": "host:port", "a.test:99999": "no port", "a.test:none-such": "no port", "user@a.test:80": "host:port",
		"http://user:pw@a.test:80": "host:port", "a b:80": "host:port", "a\u202e:80": "host:port", "gopher://a.test:70": "scheme", "http://a.test:80?x=1": "postgres://",
	} {
		text, err := json.Marshal(upstream)
		if err != nil {
			t.Fatal(err)
		}
		for path, body := range map[string]string{
			"/proxies":     `{"name":"x","listen":"127.0.0.1:0","upstream":` + string(text) + `}`,
			"/proxies/web": `{"upstream":` + string(text) + `}`,
			"/populate":    `[{"name":"x","listen":"127.0.0.1:0","upstream":` + string(text) + `}]`,
		} {
			var answer struct{ Error string }
			if call(t, s, "POST", path, body, 400, &answer); !strings.Contains(answer.Error, want) {
				t.Errorf("%q at %s: %s, want %s", upstream, path, answer.Error, want)
			}
		}
	}
	if after := state(t, s); after != before {
		t.Errorf("now there is\n%s", after)
	}
	for i, upstream := range []string{"localhost:80", "[::1]:80", "http://127.0.0.1:80/", "a.test:http", "tcp://a.test:1", "postgres://a.test:5432?sslmode=disable"} {
		route(t, s, fmt.Sprint("ok", i), upstream)
	}
}

// What is wrong with a list of proxies is said in its own words, and where.
func TestListsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	for body, want := range map[string]string{
		`{"proxies":[]}`: "line 1, column 1: a list of proxies is expected, such as",
		`"db"`:           "a list of proxies is expected, such as",
		"[\n  // the database\n  {\"name\": \"db\"}\n]": "line 2, column 3: invalid character '/'",
		"[\n  {\"name\": \"db\",}\n]":                   "line 2, column 17: invalid character '}'",
		"[\n\n  {\"name\":":                             "line 3, column 10: unexpected end",
		``:                                              "unexpected end",
		`[{"name":7,"upstream":"a:1"}]`:                 "name must be a string, got a number",
		`[{"name":"a","enabled":"yes","upstream":"a:1"}]`: "enabled must be true or false, got a string",
		`[{"name":"a","upstream":"a:1","toxics":{}}]`:     "toxics must be a list, got an object",
		`[["a"]]`: "an object",
		`[{"name":"id_dev","listen":"","upstream":"id"}]`:  `proxy id_dev: upstream "id" is not host:port`,
		`[{"name":"a","upstream":"a:1"},{"upstream":"b"}]`: "missing required field: name at proxy 2",
	} {
		err := s.Populate([]byte(body))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "proxy.") || strings.Contains(err.Error(), "Go ") {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
		var answer struct{ Error string }
		call(t, s, "POST", "/populate", body, 400, &answer)
		if strings.Contains(answer.Error, "Input") {
			t.Errorf("%s: %s", body, answer.Error)
		}
	}
	if err := s.Populate([]byte("\ufeff[{\"name\":\"mark\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:1\"}]")); err != nil {
		t.Errorf("with a byte order mark: %v", err)
	}
}
