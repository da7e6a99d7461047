package gateway_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/gateway"
)

const (
	settings    = `{"price": {"factor": 1.05}, "flags": {"tax": false}}`
	badSettings = `{"price": {"factor": 105.00}, "flags": {"tax": false}}`
	hundredfold = `{'scale':{'path':'/price/factor','by':100}}`
)

// settingsServer serves settings in the manner that the path asks for.
func settingsServer(w http.ResponseWriter, r *http.Request) {
	body := []byte(settings)
	switch r.URL.Path {
	case "/gzip", "/deflate", "/br", "/zstd", "/compress":
		w.Header().Set("Content-Encoding", r.URL.Path[1:])
		body = squeezed(r.URL.Path[1:], body)
	case "/404":
		w.WriteHeader(404)
	case "/text":
		body = []byte("no document")
	case "/long":
		body = append([]byte(settings), bytes.Repeat([]byte(" "), 1000)...)
	case "/etag":
		w.Header().Set("ETag", `"r7"`)
		w.Header().Set("Last-Modified", "Wed, 21 Oct 2026 07:28:00 GMT")
		http.ServeContent(w, r, "settings.json", time.Time{}, bytes.NewReader(body))
		return
	}
	w.Header().Set("X-Asked", r.Header.Get("Accept-Encoding"))
	if strings.Contains(r.URL.RawQuery, "chunked") {
		for _, half := range [][]byte{body[:len(body)/2], body[len(body)/2:]} {
			w.Write(half)
			w.(http.Flusher).Flush()
		}
		return
	}
	if strings.Contains(r.URL.RawQuery, "close") {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.Write(body)
}

func squeezed(how string, body []byte) []byte {
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	switch how {
	case "deflate":
		w = zlib.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	}
	w.Write(body)
	w.Close()
	return b.Bytes()
}

func spread(t *testing.T, how string, body []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	var err error
	switch how {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		d, failed := zstd.NewReader(r)
		if err = failed; err == nil {
			defer d.Close()
		}
		r = d
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// bothProtocols runs a test with a client of each.
func bothProtocols(t *testing.T, handler http.HandlerFunc, test func(*testing.T, *rig, *http.Client)) {
	t.Run("HTTP/1.1", func(t *testing.T) {
		r := behind(t, handler)
		test(t, r, r.client())
	})
	t.Run("HTTP/2", func(t *testing.T) {
		r, _ := behindHTTP2(t, handler)
		test(t, r, r.client2())
	})
}

// ask makes a request; headers are name, value and so on.
func ask(t *testing.T, client *http.Client, method, url string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// However a document is sent, it arrives bad, whole and with the right length, on
// a connection that goes on; and good again when the fault is gone.
func TestConfigHoweverItIsSent(t *testing.T) {
	t.Parallel()
	bothProtocols(t, settingsServer, func(t *testing.T, r *rig, client *http.Client) {
		for _, path := range []string{"/", "/?chunked", "/gzip", "/gzip?chunked", "/deflate", "/deflate?chunked", "/br", "/br?chunked", "/zstd", "/zstd?chunked"} {
			encoding := strings.TrimSuffix(path[1:], "?chunked")
			f := r.inject("http_config", hundredfold)
			res, body := ask(t, client, "GET", r.url(path), "User-Agent", "pricing/7", "Accept-Encoding", "dcb, br, gzip;q=0.5, compress, zstd;q=0")
			if got := spread(t, encoding, body); got != badSettings || res.ContentLength != int64(len(body)) || len(res.TransferEncoding) > 0 {
				t.Errorf("%s: %q of %d bytes, %v", path, got, res.ContentLength, res.TransferEncoding)
			}
			if asked := res.Header.Get("X-Asked"); asked != "br, gzip;q=0.5, zstd;q=0" {
				t.Errorf("%s: the dependency was asked for %q, which the fault may not be able to read", path, asked)
			}
			wantCounts(t, f, 1, 1, 1)
			record, _ := json.Marshal(gateway.RecordOf(f))
			name, _, _ := strings.Cut(path, "?")
			want, _ := json.Marshal(gateway.Record{Documents: []gateway.Document{{
				Name: name, Before: badconfig.Digest([]byte(settings)), After: badconfig.Digest([]byte(badSettings)),
				What: "scale: /price/factor 1.05 → 105.00: times 100", Where: []string{"/price/factor"}, Fetched: 1, By: map[string]int64{"127.0.0.1 pricing/7": 1},
			}}})
			if string(record) != string(want) {
				t.Errorf("%s: the record is\n%s, want\n%s", path, record, want)
			}
			r.Set(nil)
			if _, body := ask(t, client, "GET", r.url(path)); spread(t, encoding, body) != settings {
				t.Errorf("%s: %q when the fault is gone", path, body)
			}
		}
		// A client may open a second connection, as it does not use one at once whose
		// stream it has just cancelled. The gateway has one for each of the client's.
		if dials, accepted := r.dials.Load(), r.accepted.Load(); dials > accepted || accepted > 10 {
			t.Errorf("%d connections to the dependency for %d of the client", dials, accepted)
		}
	})
}

// A client that has a version may ask whether it is current: of ours it is told so,
// of the real one it is not; and the other way round once the fault is gone.
func TestConfigConditionally(t *testing.T) {
	t.Parallel()
	bothProtocols(t, settingsServer, func(t *testing.T, r *rig, client *http.Client) {
		r.inject("http_config", hundredfold)
		res, body := ask(t, client, "GET", r.url("/etag"), "If-None-Match", `"r7"`, "Range", "bytes=0-3")
		tag := res.Header.Get("ETag")
		if res.StatusCode != 200 || string(body) != badSettings || tag == "" || tag == `"r7"` || res.Header.Get("Last-Modified") != "" || res.Header.Get("Accept-Ranges") != "" {
			t.Fatalf("whoever has the real version gets %d %q with ETag %q and %v", res.StatusCode, body, tag, res.Header)
		}
		for _, has := range []string{tag, `"x", W/` + tag, "*"} {
			res, body = ask(t, client, "GET", r.url("/etag"), "If-None-Match", has)
			if res.StatusCode != 304 || len(body) > 0 || res.Header.Get("ETag") != tag || res.Header.Get("Content-Type") != "" {
				t.Errorf("whoever has the bad version gets %d %q with %v", res.StatusCode, body, res.Header)
			}
		}
		r.Set(nil)
		if res, body = ask(t, client, "GET", r.url("/etag"), "If-None-Match", tag); res.StatusCode != 200 || string(body) != settings {
			t.Errorf("whoever still has the bad version gets %d %q", res.StatusCode, body)
		}
		if res, _ = ask(t, client, "GET", r.url("/etag"), "If-None-Match", `"r7"`); res.StatusCode != 304 {
			t.Errorf("whoever has the real version gets %d", res.StatusCode)
		}
	})
}

// An answer to HEAD tells nothing of the real document.
func TestConfigHEAD(t *testing.T) {
	t.Parallel()
	bothProtocols(t, settingsServer, func(t *testing.T, r *rig, client *http.Client) {
		f := r.inject("http_config", hundredfold)
		res, _ := ask(t, client, "HEAD", r.url("/etag"))
		if res.StatusCode != 200 || res.ContentLength > 0 || res.Header.Get("ETag") != "" || res.Header.Get("Last-Modified") != "" {
			t.Errorf("HEAD: %d, %d bytes, %v", res.StatusCode, res.ContentLength, res.Header)
		}
		wantCounts(t, f, 1, 1, 0)
		if _, body := ask(t, client, "GET", r.url("/etag")); string(body) != badSettings {
			t.Errorf("and then %q", body)
		}
	})
}

// What cannot be made bad passes byte by byte, is counted as such, and uses up
// none of the first requests.
func TestConfigThatPasses(t *testing.T) {
	t.Parallel()
	bothProtocols(t, settingsServer, func(t *testing.T, r *rig, client *http.Client) {
		for _, tt := range []struct{ path, attributes, why string }{
			{"/long", `{'limit':1000,'first':1,'scale':{}}`, "longer than the limit"},
			{"/long?chunked", `{'limit':1000,'first':1,'scale':{}}`, "longer than the limit"},
			{"/gzip", `{'limit':40,'scale':{}}`, "longer than the limit"},
			{"/text", hundredfold, "the document cannot carry this fault: it is neither JSON nor YAML; on any text there are truncate, blank, stale, split and candidate"},
			{"/", `{'first':1,'drop':{'path':'/tax'}}`, "the document cannot carry this fault: it has nothing at /tax"},
			{"/compress", hundredfold, "its content coding is not known: compress"},
			{"/br", `{'limit':40,'scale':{}}`, "longer than the limit"},
			{"/zstd", `{'limit':40,'scale':{}}`, "longer than the limit"},
			{"/404", hundredfold, "status 404"},
			{"/", `{'first':1,'stale':{}}`, "the document cannot carry this fault: no earlier version of it has been seen"},
			{"/", `{'candidate':{'body':'{\"price\": {\"factor\": 1.05}, \"flags\": {\"tax\": false}}'}}`, "the document cannot carry this fault: the candidate is the same as the document"},
		} {
			r.Set(nil)
			_, want := ask(t, client, "GET", r.url(tt.path))
			f := r.inject("http_config", tt.attributes)
			for range 2 {
				if _, body := ask(t, client, "GET", r.url(tt.path)); !bytes.Equal(body, want) {
					t.Errorf("%s %s: %q, want it unchanged", tt.path, tt.attributes, body)
				}
			}
			record := gateway.RecordOf(f)
			if len(record.Documents) > 0 || (record.Passed[tt.why] != 2 && tt.path != "/" || record.Passed[tt.why] < 1) {
				t.Errorf("%s %s: %+v", tt.path, tt.attributes, record)
			}
			if n := f.Counts().Affected; n != 0 {
				t.Errorf("%s %s: %d affected", tt.path, tt.attributes, n)
			}
		}
	})
}

// A document that the dependency does not finish arrives as far as it came.
func TestConfigBrokenOff(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":1")
	})
	f := r.inject("http_config", hundredfold)
	w := r.connect()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if got, _ := w.rest(); !strings.HasSuffix(got, "\r\n\r\n{\"a\":1") || !strings.Contains(got, "Content-Length: 100") {
		t.Errorf("%q", got)
	}
	if gateway.RecordOf(f).Passed["its answer broke off"] != 1 {
		t.Errorf("%+v", gateway.RecordOf(f))
	}
}

// An answer that ends with its connection is one, too; and requests that wait for
// one another get their own answers.
func TestConfigOnOldConnections(t *testing.T) {
	t.Parallel()
	r := raw(t, func(c *net.TCPConn) {
		c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"+settings)
	})
	r.inject("http_config", hundredfold)
	w := r.connect()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	res, body := w.answer("GET")
	if body != badSettings || res.ContentLength != int64(len(badSettings)) {
		t.Errorf("%d bytes: %q", res.ContentLength, body)
	}
	w.wantEnd()

	r = behind(t, settingsServer)
	r.inject("http_config", `{'scale':{'path':'/price/factor'},'match':{'path':'/bad'}}`)
	w = r.connect()
	w.send(strings.Repeat("GET /bad HTTP/1.1\r\nHost: h\r\n\r\nGET /good HTTP/1.1\r\nHost: h\r\n\r\n", 3))
	for i := range 6 {
		want := badSettings
		if i%2 == 1 {
			want = settings
		}
		if _, body := w.answer("GET"); body != want {
			t.Errorf("answer %d: %q", i, body)
		}
	}
}

// Two faults act on one document, and one that delays besides.
func TestConfigWithOtherFaults(t *testing.T) {
	t.Parallel()
	bothProtocols(t, settingsServer, func(t *testing.T, r *rig, client *http.Client) {
		r.Set([]*gateway.Fault{
			fault(t, "http_latency", 1, `{'latency':1,'when':'after'}`),
			fault(t, "http_config", 1, hundredfold),
			fault(t, "http_config", 1, `{'flip':{'path':'/flags/tax'}}`),
		})
		if _, body := ask(t, client, "GET", r.url("/")); string(body) != `{"price": {"factor": 105.00}, "flags": {"tax": true}}` {
			t.Errorf("%q", body)
		}
		r.Set([]*gateway.Fault{fault(t, "http_config", 1, hundredfold), fault(t, "http_error", 1, `{'status':503,'when':'after'}`)})
		if res, _ := ask(t, client, "GET", r.url("/")); res.StatusCode != 503 {
			t.Errorf("status %d", res.StatusCode)
		}
	})
}

// A flapping fault is bad first, then good, then bad again.
func TestConfigFlaps(t *testing.T) {
	t.Parallel()
	r := behind(t, settingsServer)
	client := r.client()
	f := r.inject("http_config", `{'scale':{'path':'/price/factor'},'flap':100}`)
	for i, want := range []string{badSettings, settings, badSettings} {
		for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			if _, body := ask(t, client, "GET", r.url("/")); string(body) == want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("turn %d did not come", i)
			}
		}
	}
	if gateway.RecordOf(f).Passed["good by turns"] == 0 || f.Counts().Affected == 0 {
		t.Errorf("%+v", gateway.RecordOf(f))
	}
}

// Who gets another revision is decided by the client's address, and stays so.
func TestConfigSplits(t *testing.T) {
	t.Parallel()
	r := behind(t, settingsServer)
	r.inject("http_config", `{'split':{'share':'50%','with':{'scale':{'path':'/price/factor'}}}}`)
	bad := 0
	for i := 1; i <= 40; i++ {
		from := net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i))}
		first := ""
		for range 2 {
			c, err := (&net.Dialer{LocalAddr: &from}).Dial("tcp", r.address)
			if err != nil {
				t.Skip("this machine has one loopback address only:", err)
			}
			w := &wire{T: t, TCPConn: c.(*net.TCPConn), in: nil}
			body := fetchOn(w)
			if first != "" && body != first {
				t.Errorf("%s got both revisions", from.IP)
			}
			first = body
		}
		if first == badSettings {
			bad++
		}
	}
	if bad < 8 || bad > 32 { // a fair coin is outside about once in 100,000
		t.Errorf("%d of 40 clients got the other revision, at 50%%", bad)
	}
}

func fetchOn(w *wire) string {
	defer w.Close()
	w.SetDeadline(time.Now().Add(patience))
	w.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	all, err := io.ReadAll(w.TCPConn)
	if err != nil {
		w.Fatal(err)
	}
	_, body, _ := strings.Cut(string(all), "\r\n\r\n")
	return body
}

// A stale document is the first one that was seen, for each address on its own.
func TestConfigStale(t *testing.T) {
	t.Parallel()
	var revision atomic.Int64
	bothProtocols(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"path": %q, "revision": %d}`, r.URL.Path, revision.Add(1))
	}, func(t *testing.T, r *rig, client *http.Client) {
		f := r.inject("http_config", `{'stale':{}}`)
		_, a := ask(t, client, "GET", r.url("/a"))
		_, b := ask(t, client, "GET", r.url("/b"))
		for range 3 {
			if _, again := ask(t, client, "GET", r.url("/a")); !bytes.Equal(again, a) {
				t.Errorf("%s, want %s", again, a)
			}
			if _, again := ask(t, client, "GET", r.url("/b")); !bytes.Equal(again, b) {
				t.Errorf("%s, want %s", again, b)
			}
		}
		wantCounts(t, f, 8, 8, 6)
	})
}

// The same seed makes the same of a document; the request's own one goes before
// the gateway's.
func TestConfigSeeds(t *testing.T) {
	t.Parallel()
	get := func(seed uint64, attributes string) string {
		server := behind(t, settingsServer)
		r := newRig(t, gateway.Options{Address: server.upstreamAddress, Seed: seed})
		r.inject("http_config", attributes)
		_, body := ask(t, r.client(), "GET", r.url("/"))
		return string(body)
	}
	seen := map[string]bool{}
	for seed := range uint64(12) {
		one := get(seed, `{'retype':{}}`)
		seen[one] = true
		if again := get(seed, `{'retype':{}}`); again != one {
			t.Errorf("seed %d: %s and %s", seed, one, again)
		}
		if own := get(99, fmt.Sprintf(`{'retype':{},'seed':%d}`, seed)); seed > 0 && own != one {
			t.Errorf("seed %d given with the fault: %s and %s", seed, own, one)
		}
	}
	if len(seen) < 2 {
		t.Errorf("twelve seeds made %v", seen)
	}
}

// What is wrong is refused with what would be right.
func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	for attributes, want := range map[string]string{
		`{}`:                                       "http_config needs an operator, one of drop, blank",
		`{'scale':{},'drop':{}}`:                   "http_config is one operator, not drop and scale",
		`{'scale':5}`:                              "scale must be a mapping of its parameters",
		`{'scale':{'by':1}}`:                       "scale: by must be a number other than 1",
		`{'scale':{'path':'price'}}`:               "scale: path: \"price\" is neither a JSON Pointer such as /price/factor nor a JSONPath",
		`{'scale':{'times':3}}`:                    `scale has no attribute "times"; it has path, by and unit`,
		`{'scale':{},'flap':5}`:                    "flap must be at least 100ms",
		`{'scale':{},'limit':1e12}`:                "limit must be a whole number",
		`{'scale':{},'format':'xml'}`:              `format must be json, yaml or text, not "xml"`,
		`{'scale':{},'when':'before'}`:             `when must be after, not "before"`,
		`{'scale':{},'math':{}}`:                   `http_config has no attribute "math"`,
		`{'candidate':{'file':'a.json'}}`:          "candidate: the text of a.json must come with it, as body",
		`{'split':{'with':{'split':{}}}}`:          `split.with has no attribute "split"; it has drop`,
		`{'scale':{},'match':{'path':'settings'}}`: "match.path must begin with /",
	} {
		_, err := gateway.Parse("http_config", 1, json.RawMessage(strings.ReplaceAll(attributes, "'", `"`)))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", attributes, err, want)
		}
	}
}

// What GET shows is what POST took, and can be sent again.
func TestConfigIsShownAsItWasGiven(t *testing.T) {
	t.Parallel()
	for _, attributes := range []string{
		`{"when":"after","scale":{"by":1e-3,"path":"/a"},"flap":5000,"limit":100,"seed":7,"format":"yaml","first":3,"match":{"path":"/s"}}`,
		`{"when":"after","unpair":{"set":{"/a":null,"/b":12345678901234567890}}}`,
		`{"when":"after","candidate":{"file":"next.json","body":"{}"}}`,
	} {
		f, err := gateway.Parse("http_config", 1, json.RawMessage(attributes))
		if err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal(f.Attributes)
		var a, b any
		if err != nil || json.Unmarshal(shown, &a) != nil || json.Unmarshal([]byte(attributes), &b) != nil || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s is shown as %s", attributes, shown)
		}
	}
}

// What goes on without an end is no document: its pieces arrive as they come.
func TestConfigPassesStreams(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"text/event-stream", "Text/Event-Stream; charset=utf-8", "multipart/x-mixed-replace;boundary=x", "application/grpc-web+proto", "application/grpc+proto"} {
		bothProtocols(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			io.WriteString(w, "data: {}\n")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, func(t *testing.T, r *rig, client *http.Client) {
			f := r.inject("http_config", `{'blank':{}}`)
			res, err := client.Get(r.url("/"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if got, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil || got != "data: {}\n" {
				t.Errorf("%s: got %q and %v", kind, got, err)
			}
			wantCounts(t, f, 1, 1, 0)
			if got := gateway.RecordOf(f).Passed; len(got) != 1 || got["it is a stream, and has no end to wait for"] != 1 {
				t.Errorf("%s: passed for %v", kind, got)
			}
		})
	}
}
