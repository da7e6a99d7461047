package site

import (
	"errors"
	"strings"
	"testing"
)

// A way is how a target is asked for.
func way(p Place) string {
	own := ""
	if p.Own {
		own = "entry "
	}
	return own + p.Scheme + "://" + p.Name + " " + p.Port + " " + p.Host + " " + p.Path
}

func newSite(t *testing.T, entry, host string, others ...string) *Site {
	t.Helper()
	s, err := New(entry, host, others...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every name by which a system goes leads to the entry of the arm that asks, and no other
// name does.
func TestLocate(t *testing.T) {
	t.Parallel()
	byName := func(t *testing.T) *Site {
		return newSite(t, "http://127.0.0.1:8080", "shop.test", "http://127.0.0.1:8080", "http://127.0.0.1:8081")
	}
	byAddress := func(t *testing.T) *Site { return newSite(t, "http://127.0.0.1:8080", "", "http://127.0.0.1:8081", "") }
	prefixed := func(t *testing.T) *Site {
		return newSite(t, "http://gw.test/a/", "", "http://gw.test/b", "http://ctl.test:8081")
	}
	const entry, below = "entry http://127.0.0.1 8080 ", "entry http://gw.test 80 gw.test "
	tests := map[string]struct {
		site         func(*testing.T) *Site
		target, want string
	}{
		"path":                        {byName, "/thanks?a=b", entry + "shop.test /thanks?a=b"},
		"own name":                    {byName, "http://shop.test/thanks", entry + "shop.test /thanks"},
		"own name alone":              {byName, "http://shop.test", entry + "shop.test /"},
		"own name and a query":        {byName, "http://shop.test?a=b", entry + "shop.test /?a=b"},
		"with the usual port":         {byName, "http://shop.test:80/x", entry + "shop.test /x"},
		"with an empty port":          {byName, "http://shop.test:/x", entry + "shop.test /x"},
		"by https":                    {byName, "https://shop.test/x", entry + "shop.test /x"},
		"by https with its port":      {byName, "https://shop.test:443/x", entry + "shop.test /x"},
		"with the port of the entry":  {byName, "http://shop.test:8080/x", entry + "shop.test /x"},
		"with the other entry's port": {byName, "https://shop.test:8081/x", entry + "shop.test /x"},
		"with another port":           {byName, "http://shop.test:9000/x", "http://shop.test 9000 shop.test:9000 /x"},
		"in capitals":                 {byName, "HTTP://Shop.TEST/X", entry + "shop.test /X"},
		"with a dot behind":           {byName, "http://shop.test./x", entry + "shop.test /x"},
		"sub-domain":                  {byName, "http://www.shop.test/x", "http://www.shop.test 80 www.shop.test /x"},
		"name that begins alike":      {byName, "http://shop.test.evil.example/x", "http://shop.test.evil.example 80 shop.test.evil.example /x"},
		"the address behind the name": {byName, "http://127.0.0.1:8080/x", entry + "shop.test /x"},
		"the other entry":             {byName, "http://127.0.0.1:8081/x", entry + "shop.test /x"},
		"another address":             {byName, "http://127.0.0.2:8080/x", "http://127.0.0.2 8080 127.0.0.2:8080 /x"},

		"entry by its address":            {byAddress, "http://127.0.0.1:8080/x", entry + "127.0.0.1:8080 /x"},
		"entry by its address and https":  {byAddress, "https://127.0.0.1:8080/x", entry + "127.0.0.1:8080 /x"},
		"control by its address":          {byAddress, "http://127.0.0.1:8081/x", entry + "127.0.0.1:8080 /x"},
		"its address at another port":     {byAddress, "http://127.0.0.1:9000/x", "http://127.0.0.1 9000 127.0.0.1:9000 /x"},
		"its address at the usual port":   {byAddress, "http://127.0.0.1/x", "http://127.0.0.1 80 127.0.0.1 /x"},
		"as localhost":                    {byAddress, "http://localhost:8081/x", entry + "localhost:8081 /x"},
		"as IPv6 loopback with a zone":    {byAddress, "http://[::1%25lo]:8081/x", entry + "[::1]:8081 /x"},
		"as IPv6 loopback, IPv4 in it":    {byAddress, "http://[::ffff:127.0.0.1]:8081/x", entry + "127.0.0.1:8080 /x"},
		"port with zeros before it":       {byAddress, "http://127.0.0.1:0008081/x", entry + "127.0.0.1:8080 /x"},
		"localhost, zeros before a port":  {byAddress, "http://localhost.:08080/x", entry + "localhost.:8080 /x"},
		"in wide digits and dots":         {byAddress, "http://\uff11\uff12\uff17\u30020\uff0e0\uff611:8081/x", entry + "127.0.0.1:8080 /x"},
		"elsewhere, usual port of zeros":  {byAddress, "https://sso.test:00443/x", "https://sso.test 443 sso.test /x"},
		"elsewhere with a zone":           {byAddress, "http://[fe80::1%25eth0]:81/x", "http://fe80::1%eth0 81 [fe80::1]:81 /x"},
		"as IPv6 loopback":                {byAddress, "http://[::1]:8080/x", entry + "[::1]:8080 /x"},
		"localhost at another port":       {byAddress, "http://localhost:9000/x", "http://localhost 9000 localhost:9000 /x"},
		"elsewhere by name":               {byAddress, "https://sso.test/login#top", "https://sso.test 443 sso.test /login#top"},
		"elsewhere with the usual port":   {byAddress, "https://SSO.test:443/login", "https://sso.test 443 sso.test /login"},
		"elsewhere with a name in UTF-8":  {byAddress, "http://größe.test/x", "http://xn--gre-6ka8i.test 80 xn--gre-6ka8i.test /x"},
		"elsewhere with an IPv6 address":  {byAddress, "http://[2001:DB8::1]:80/x", "http://2001:db8::1 80 [2001:db8::1] /x"},
		"what a path holds means nothing": {byAddress, "http://sso.test/?to=http://127.0.0.1:8080/", "http://sso.test 80 sso.test /?to=http://127.0.0.1:8080/"},

		"below the entry":                  {prefixed, "/x", below + "/a/x"},
		"absolute and below the entry":     {prefixed, "http://gw.test/a/x", below + "/a/x"},
		"absolute and beside the entry":    {prefixed, "http://gw.test/ab", below + "/ab"},
		"below the other entry":            {prefixed, "http://gw.test/b/x?y", below + "/a/x?y"},
		"the other entry itself":           {prefixed, "http://gw.test/b", below + "/a"},
		"an entry of another name":         {prefixed, "http://ctl.test:8081/x", below + "/a/x"},
		"an entry of another name, by b":   {prefixed, "http://ctl.test:8081/b/x", below + "/a/b/x"},
		"an entry of another name, port 0": {prefixed, "http://ctl.test/x", "http://ctl.test 80 ctl.test /x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := tt.site(t).Locate(tt.target)
			if err != nil || way(p) != tt.want {
				t.Errorf("Locate(%s) = %s, %v; want %s", tt.target, way(p), err, tt.want)
			}
			if tt.site(t).Owns(tt.target) != p.Own {
				t.Errorf("Owns(%s) = %t", tt.target, !p.Own)
			}
		})
	}
}

func TestHostsOfEntries(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ entry, host, target, want string }{
		"host with a port":          {"http://127.0.0.1:8080", "shop.test:8443", "https://shop.test:8443/x", "entry http://127.0.0.1 8080 shop.test:8443 /x"},
		"host without its port":     {"http://127.0.0.1:8080", "shop.test:8443", "https://shop.test/x", "https://shop.test 443 shop.test /x"},
		"host with the usual port":  {"http://127.0.0.1:8080", "shop.test:443", "http://shop.test/x", "entry http://127.0.0.1 8080 shop.test:443 /x"},
		"host in capitals":          {"http://127.0.0.1:8080", "Shop.Test", "http://shop.test/x", "entry http://127.0.0.1 8080 Shop.Test /x"},
		"host is an IPv6 address":   {"http://127.0.0.1:8080", "[::ffff:10.0.0.1]", "http://10.0.0.1/x", "entry http://127.0.0.1 8080 [::ffff:10.0.0.1] /x"},
		"host in UTF-8":             {"http://127.0.0.1:8080", "größe.test", "http://xn--gre-6ka8i.test/x", "entry http://127.0.0.1 8080 größe.test /x"},
		"entry by https":            {"https://shop.test", "", "http://shop.test/x", "entry https://shop.test 443 shop.test /x"},
		"entry by http":             {"http://shop.test", "", "https://shop.test/x", "entry http://shop.test 80 shop.test /x"},
		"entry by IPv6":             {"http://[::1]:8080", "", "http://[0:0:0:0:0:0:0:1]:8080/x", "entry http://::1 8080 [::1]:8080 /x"},
		"entry by IPv6, mapped":     {"http://10.0.0.1:8080", "", "http://[::ffff:10.0.0.1]:8080/x", "entry http://10.0.0.1 8080 10.0.0.1:8080 /x"},
		"entry by localhost":        {"http://localhost:8080", "shop.test", "http://127.0.0.1:8080/x", "entry http://localhost 8080 127.0.0.1:8080 /x"},
		"host that is another name": {"http://shop.test:8080", "www.shop.test", "https://shop.test/x", "https://shop.test 443 shop.test /x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := newSite(t, tt.entry, tt.host).Locate(tt.target)
			if err != nil || way(p) != tt.want {
				t.Errorf("Locate(%s) = %s, %v; want %s", tt.target, way(p), err, tt.want)
			}
		})
	}
}

// What does not go through the entry leads where it says.
func TestDirect(t *testing.T) {
	t.Parallel()
	s, err := Direct("http://127.0.0.1:8080/shop", "shop.test")
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"http://127.0.0.1:8080/ledger":  "entry http://127.0.0.1 8080 shop.test /ledger",
		"https://127.0.0.1:8080/ledger": "https://127.0.0.1 8080 127.0.0.1:8080 /ledger",
		"http://localhost:8080/ledger":  "http://localhost 8080 localhost:8080 /ledger",
		"http://shop.test/ledger":       "http://shop.test 80 shop.test /ledger",
	} {
		if p, err := s.Locate(target); err != nil || way(p) != want {
			t.Errorf("Locate(%s) = %s, %v; want %s", target, way(p), err, want)
		}
	}
	var nobodys *Site
	if p, err := nobodys.Locate("http://shop.test/a"); err != nil || way(p) != "http://shop.test 80 shop.test /a" {
		t.Errorf("without a site: %s, %v", way(p), err)
	}
	if p, err := nobodys.Locate("/a"); err == nil {
		t.Errorf("a path without a site leads to %s", way(p))
	}
}

func TestNoTargets(t *testing.T) {
	t.Parallel()
	s := newSite(t, "http://127.0.0.1:8080", "")
	for _, target := range []string{"", "thanks", "?a=b", "ftp://shop.test/x", "http://", "http:///x", "http://me:secret@shop.test/", "http://shop.test:port/", "http://shop.test:65536/", "http://shop.test:018446744073709551696/", "http://" + strings.Repeat("a.", 200) + "test/", "http://%31%32%37.0.0.1:8081/", `http://127.0.0.1:8081\x/`, "http://sh op.test/", "http://[::1/x", "://shop.test", "http://\x00/"} {
		if p, err := s.Locate(target); !errors.Is(err, ErrNoURL) {
			t.Errorf("Locate(%q) = %s, %v; want an error of class ErrNoURL", target, way(p), err)
		}
	}
	for _, entry := range []string{"", "/shop", "ftp://shop.test", "http://%zz"} {
		if _, err := New(entry, ""); err == nil {
			t.Errorf("New(%q): no error", entry)
		}
		if _, err := New("http://shop.test", "", entry); err == nil && entry != "" {
			t.Errorf("New(…, %q): no error", entry)
		}
	}
}

// A reference means what browsers make of it.
func TestResolve(t *testing.T) {
	t.Parallel()
	const from = "http://sso.test/a/b/c?q=/x"
	tests := map[string]struct{ from, reference, want string }{
		"absolute":                {from, "https://shop.test/thanks?id=1", "https://shop.test/thanks?id=1"},
		"absolute, no path":       {from, "https://shop.test", "https://shop.test/"},
		"scheme in capitals":      {from, "HTTPS://Shop.test/Thanks", "https://Shop.test/Thanks"},
		"host alone":              {from, "//shop.test/thanks", "http://shop.test/thanks"},
		"path":                    {from, "/thanks", "http://sso.test/thanks"},
		"relative":                {from, "thanks", "http://sso.test/a/b/thanks"},
		"relative with a colon":   {from, "thanks/a:b", "http://sso.test/a/b/thanks/a:b"},
		"here":                    {from, "./thanks", "http://sso.test/a/b/thanks"},
		"up":                      {from, "../x", "http://sso.test/a/x"},
		"up and up":               {from, "../../../x", "http://sso.test/x"},
		"up alone":                {from, "..", "http://sso.test/a/"},
		"dot alone":               {from, ".", "http://sso.test/a/b/"},
		"dots in the middle":      {from, "/x/./y/../z/", "http://sso.test/x/z/"},
		"dots that are encoded":   {from, "/x/%2E%2e/z", "http://sso.test/z"},
		"dots in a name":          {from, "/x/..y/.z", "http://sso.test/x/..y/.z"},
		"dots in a query":         {from, "?to=/../x", "http://sso.test/a/b/c?to=/../x"},
		"query":                   {from, "?a=b", "http://sso.test/a/b/c?a=b"},
		"fragment":                {from, "#top", "http://sso.test/a/b/c?q=/x"},
		"fragment behind a path":  {from, "/x#a?b=/c", "http://sso.test/x"},
		"empty":                   {from, "", "http://sso.test/a/b/c?q=/x"},
		"blanks around":           {from, " \t/x y \r\n", "http://sso.test/x y"},
		"line breaks inside":      {from, "/x\r\nSet-Cookie: a=b", "http://sso.test/xSet-Cookie: a=b"},
		"UTF-8":                   {from, "/größe?a=ä", "http://sso.test/größe?a=ä"},
		"percent alone":           {from, "/100%?x=%zz", "http://sso.test/100%?x=%zz"},
		"backslashes":             {from, `\x\y?z=\`, `http://sso.test/x/y?z=\`},
		"backslashes for a host":  {from, `/\shop.test/x`, "http://shop.test/x"},
		"many slashes":            {from, "https:////shop.test/x", "https://shop.test/x"},
		"userinfo":                {from, "http://me:pw@shop.test/", ""},
		"mail":                    {from, "mailto:me@shop.test", ""},
		"an app's own scheme":     {from, "myshop://callback?code=1", ""},
		"script":                  {from, "javascript:alert(1)", ""},
		"own scheme, no slashes":  {from, "http:thanks", "http://sso.test/a/b/thanks"},
		"own scheme, one slash":   {from, "HTTP:/thanks", "http://sso.test/thanks"},
		"another, no slashes":     {from, "https:shop.test/x", "https://shop.test/x"},
		"no host":                 {from, "http:///", ""},
		"bad port":                {from, "http://shop.test:x/", ""},
		"from a path":             {"/orders/1?x", "thanks", "http://shop.test/orders/thanks"},
		"from a path to the top":  {"/orders/1", "/thanks", "http://shop.test/thanks"},
		"from a path to itself":   {"/orders/1?x", "", "http://shop.test/orders/1?x"},
		"from an own name":        {"https://shop.test:8080/orders/1", "thanks", "http://shop.test/orders/thanks"},
		"from something else":     {"ftp://shop.test/", "thanks", ""},
		"from a host with a port": {"http://sso.test:9000/a", "/b", "http://sso.test:9000/b"},
		"from a top":              {"http://sso.test", "thanks", "http://sso.test/thanks"},
	}
	s := newSite(t, "http://127.0.0.1:8080", "shop.test")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := s.Resolve(tt.from, tt.reference)
			if got != tt.want && ok || ok != (tt.want != "") {
				t.Errorf("Resolve(%q, %q) = %q, %t; want %q", tt.from, tt.reference, got, ok, tt.want)
			}
		})
	}
}

// The prefix of an entry is not added to a reference that has it, as the paths of a
// browser have it.
func TestResolveBelowAnEntry(t *testing.T) {
	t.Parallel()
	s := newSite(t, "http://127.0.0.1:8080/shop", "shop.test")
	for reference, want := range map[string]string{"/shop/thanks": "/shop/thanks", "thanks": "/shop/orders/thanks", "/thanks": "/thanks", "http://shop.test/shop/thanks": "/shop/thanks"} {
		target, ok := s.Resolve("/orders/1", reference)
		p, err := s.Locate(target)
		if !ok || err != nil || !p.Own || p.Path != want {
			t.Errorf("%q leads to %s, %v; want the entry's %s", reference, way(p), err, want)
		}
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/a?b=c%20": "/a?b=c%20", "/größe s\r\n\x7f#top": "/gr%C3%B6%C3%9Fe%20s%0D%0A%7F", "/it's<a>\"{x}`^|\\": "/it's%3Ca%3E%22%7Bx%7D%60%5E%7C\\", "/?it's<a>\"{x}`^|\\?": "/?it%27s%3Ca%3E%22{x}`^|\\?", "/100%": "/100%"} {
		if got := Escape(path); got != want {
			t.Errorf("Escape(%q) = %q, want %q", path, got, want)
		}
	}
}

// No reference leads to a place that its target does not name, or panics.
func FuzzResolve(f *testing.F) {
	for _, reference := range []string{"/x", "../..", "//a/b", `\\a`, "http://shop.test:8080/a?b#c", "?", "a:b", "HTTPS:/x", "/%2e%2e/", "http://[::1]:80/", "\x00", "http://größe.test"} {
		f.Add("/a/b", reference)
		f.Add("http://sso.test/x", reference)
	}
	s, err := New("http://127.0.0.1:8080/shop", "shop.test", "http://127.0.0.1:8081")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, from, reference string) {
		target, ok := s.Resolve(from, reference)
		if !ok {
			return
		}
		p, err := s.Locate(target)
		if err != nil || p.Name == "" || p.Path == "" || p.Path[0] != '/' {
			t.Errorf("Resolve(%q, %q) = %q, which leads to %s, %v", from, reference, target, way(p), err)
		}
		if again, ok := s.Resolve(target, ""); !ok {
			t.Errorf("Resolve(%q, nothing) = %q", target, again)
		}
	})
}
