package httpclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// packed returns a text in a content coding.
func packed(t testing.TB, coding, plain string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "bare":
		bare, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		w = bare
	case "br":
		return string(fasthttp.AppendBrotliBytes(nil, []byte(plain)))
	case "zstd":
		return string(fasthttp.AppendZstdBytes(nil, []byte(plain)))
	}
	if _, err := io.WriteString(w, plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func coded(field, body string) string {
	return fmt.Sprintf("%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", ok200, field, len(body), body)
}

func TestContentCodings(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a long text ", 100_000)
	gz := func(plain string) string { return packed(t, "gzip", plain) }
	tests := map[string]struct {
		field, body string
		want        string
		left        string
		failed      error
	}{
		"gzip":                       {"gzip", gz(long), long, "", nil},
		"in capitals":                {"GZIP", gz("ok"), "ok", "", nil},
		"x-gzip":                     {"x-gzip", gz("ok"), "ok", "", nil},
		"members":                    {"gzip", gz("one ") + gz("") + gz("two"), "one two", "", nil},
		"padding behind gzip":        {"gzip", gz("ok") + "\x00\x00\x00", "ok", "", nil},
		"text behind gzip":           {"gzip", gz("ok") + "<!-- 12 ms -->", "ok", "", nil},
		"deflate":                    {"deflate", packed(t, "zlib", long), long, "", nil},
		"bare deflate":               {"deflate", packed(t, "bare", long), long, "", nil},
		"bare deflate of little":     {"deflate", packed(t, "bare", "x"), "x", "", nil},
		"br":                         {"br", packed(t, "br", long), long, "", nil},
		"zstd":                       {"zstd", packed(t, "zstd", long), long, "", nil},
		"identity":                   {"identity", "ok", "ok", "", nil},
		"nothing":                    {"", "ok", "ok", "", nil},
		"gzip, then br":              {"gzip, br", packed(t, "br", gz(long)), long, "", nil},
		"five":                       {"gzip,deflate , br,,zstd,identity,gzip", gz(packed(t, "zstd", packed(t, "br", packed(t, "zlib", gz("ok"))))), "ok", "", nil},
		"in two fields":              {"gzip\r\nContent-Encoding: br", packed(t, "br", gz("ok")), "ok", "", nil},
		"an empty body":              {"gzip", "", "", "", nil},
		"an empty body, unknown":     {"x-own", "", "", "", nil},
		"empty inside":               {"br", packed(t, "br", ""), "", "", nil},
		"unknown":                    {"X-Own", "{}", "{}", "x-own", nil},
		"unknown under gzip":         {"x-own, compress, gzip", gz("{}"), "{}", "x-own, compress", nil},
		"unknown over gzip":          {"gzip, x-own", gz("{}"), gz("{}"), "gzip, x-own", nil},
		"no gzip":                    {"gzip", "ok", "", "", ErrUncompressing},
		"half a gzip":                {"gzip", gz(long)[:1000], "", "", ErrUncompressing},
		"a gzip without its end":     {"gzip", gz("ok")[:len(gz("ok"))-4], "", "", ErrUncompressing},
		"a second member cut short":  {"gzip", gz("ok") + gz("ok")[:12], "", "", ErrUncompressing},
		"another sum":                {"gzip", gz("ok")[:len(gz("ok"))-8] + "12345678", "", "", ErrUncompressing},
		"no deflate":                 {"deflate", "\xff\xff ok", "", "", ErrUncompressing},
		"half a deflate":             {"deflate", packed(t, "zlib", long)[:1000], "", "", ErrUncompressing},
		"no br":                      {"br", "ok this is no br", "", "", ErrUncompressing},
		"no zstd":                    {"zstd", "ok", "", "", ErrUncompressing},
		"six":                        {"gzip,gzip,gzip,gzip,gzip,gzip", gz("ok"), "", "", ErrUncompressing},
		"a bomb of gzip":             {"gzip", gz(string(make([]byte, maxBody+1))), "", "", ErrTooLarge},
		"as much as there may be":    {"gzip", gz(string(make([]byte, maxBody))), string(make([]byte, maxBody)), "", nil},
		"a bomb of members":          {"gzip", strings.Repeat(gz(string(make([]byte, maxBody/2))), 2) + gz("x"), "", "", ErrTooLarge},
		"a bomb of deflate":          {"deflate", packed(t, "zlib", string(make([]byte, maxBody+1))), "", "", ErrTooLarge},
		"a bomb of bare deflate":     {"deflate", packed(t, "bare", string(make([]byte, maxBody+1))), "", "", ErrTooLarge},
		"a bomb of br":               {"br", packed(t, "br", string(make([]byte, maxBody+1))), "", "", ErrTooLarge},
		"a bomb of zstd":             {"zstd", packed(t, "zstd", string(make([]byte, maxBody+1))), "", "", ErrTooLarge},
		"a bomb inside a small file": {"gzip, gzip", gz(gz(string(make([]byte, maxBody+1)))), "", "", ErrTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, resp, bounds := newClient(t, Options{Base: "http://127.0.0.1:1"}), &Response{}, &counted{}
			line := newConn(answered{strings.NewReader(coded(tt.field, tt.body))})
			_, err := c.exchange(line, c.site.Entry(), &Request{Method: "GET", Bounds: bounds}, resp)
			if !errors.Is(err, tt.failed) {
				t.Fatalf("%v, want %v", err, tt.failed)
			}
			if err != nil {
				return
			}
			if string(resp.Body) != tt.want || resp.Coding != tt.left {
				t.Errorf("%d bytes %.40q with the coding %q, want %d bytes and %q", len(resp.Body), resp.Body, resp.Coding, len(tt.want), tt.left)
			}
			if held := cap(resp.raw.data) + resp.plain.charged; bounds.held > held || len(resp.Body) > keptBuffer && bounds.held < len(resp.Body) {
				t.Errorf("%d bytes are held for %d", bounds.held, held)
			}
		})
	}
}

// What a body holds at most while its codings are undone does not depend on how many
// there are.
func TestCodingsInARowHoldLittle(t *testing.T) {
	t.Parallel()
	body, field := string(make([]byte, 1<<20)), []string{}
	for range maxCodings {
		body, field = packed(t, "gzip", body), append(field, "gzip")
	}
	c, resp, bounds := newClient(t, Options{Base: "http://127.0.0.1:1"}), &Response{}, &counted{}
	line := newConn(answered{strings.NewReader(coded(strings.Join(field, ","), body))})
	if _, err := c.exchange(line, c.site.Entry(), &Request{Method: "GET", Bounds: bounds}, resp); err != nil {
		t.Fatal(err)
	}
	if len(resp.Body) != 1<<20 || bounds.most > 4<<20 {
		t.Errorf("%d bytes are held for a body of %d", bounds.most, len(resp.Body))
	}
	resp.Forget()
	if resp.Kept() > keptBuffer {
		t.Errorf("%d bytes are kept", resp.Kept())
	}
}

// Whatever is said to be coded, the client's answer is bounded, and what is packed comes
// out as it was.
func FuzzCodings(f *testing.F) {
	for _, coding := range []string{"gzip", "zlib", "bare", "br", "zstd"} {
		f.Add(coding, []byte(packed(f, coding, "a text")))
	}
	f.Add("gzip, br", []byte("ok"))
	c, err := New(Options{Base: "http://127.0.0.1:1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, field string, body []byte) {
		if strings.ContainsAny(field, "\r\n\x00") {
			return
		}
		header := field
		switch field {
		case "zlib", "bare":
			header = "deflate"
		}
		var resp Response
		wire := coded(header, string(body))
		_, err := c.exchange(newConn(answered{strings.NewReader(wire)}), c.site.Entry(), &Request{Method: "GET"}, &resp)
		if err == nil && len(resp.Body) > maxBody {
			t.Errorf("a body of %d bytes", len(resp.Body))
		}
		if err != nil && !errors.Is(err, ErrUncompressing) && !errors.Is(err, ErrTooLarge) {
			t.Error(err)
		}
		switch field {
		case "gzip", "zlib", "bare", "br", "zstd":
			wire = coded(header, packed(t, field, string(body)))
			if _, err := c.exchange(newConn(answered{strings.NewReader(wire)}), c.site.Entry(), &Request{Method: "GET"}, &resp); err != nil || !bytes.Equal(resp.Body, body) {
				t.Errorf("%q became %q, %v", body, resp.Body, err)
			}
		}
	})
}
