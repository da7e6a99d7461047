package cookies

import (
	"strings"
	"testing"
)

// Whatever a system sets, a request gets whole cookies of its own host, in one line.
func FuzzKeep(f *testing.F) {
	for _, line := range []string{"a=b", `a="b"; Path=/; Max-Age=5`, "a=; Expires=Thu, 01-Jan-70 00:00:00 GMT", "__Host-a=1; Secure; Path=/", "=x", "x", "cart[1]={\"a\":1}; Domain=.shop.test; Path=/a/b",
		"a=b; Max-Age=99999999999999999999; Domain=test", "a=größe; Domain=größe.test", "a=b\r\nEvil: 1", "a=b; Expires=1:2:3 4 may 99; ;;=;", "a=b;domain=127.0.0.1"} {
		for _, path := range []string{"/", "/a/b?c", "//", ""} {
			f.Add(line, "shop.test:8080", path)
		}
		f.Add(line, "127.0.0.1", "/a")
		f.Add(line, "[::1]:80", "/a/")
	}
	f.Fuzz(func(t *testing.T, line, host, path string) {
		c, ok := Parse(line)
		if ok && (len(c.Name)+len(c.Value) > maxPair || c.Name == "" && c.Value == "" || strings.ContainsAny(c.Name+c.Value, "\r\n;\x00")) {
			t.Errorf("Parse(%q) = %+v", line, c)
		}
		var j Jar
		at := Address{host, path}
		j.Keep(at, []string{line, "z=1; Path=/"})
		got := j.Header(at, "")
		if !strings.Contains(line, got) && strings.TrimSuffix(strings.TrimSuffix(got, "z=1"), "; ") != pair(c) && strings.TrimPrefix(strings.TrimPrefix(got, "z=1"), "; ") != pair(c) && got != "z=1" {
			t.Errorf("%q from %v: it gets %q", line, at, got)
		}
		if strings.ContainsAny(got, "\r\n\x00") {
			t.Errorf("%q: the header %q is not one line", line, got)
		}
		j.Keep(at, []string{"z=; Path=/; Max-Age=0"})
		if got := j.Header(at, ""); got != "" && got != pair(c) {
			t.Errorf("%q without z: it gets %q, want %q or nothing", line, got, pair(c))
		}
	})
}

// pair is the cookie as a request sends it.
func pair(c Cookie) string {
	if c.Name == "" {
		return c.Value
	}
	return c.Name + "=" + c.Value
}
