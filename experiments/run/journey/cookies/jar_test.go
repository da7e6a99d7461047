package cookies

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A sent is one answer that sets cookies, or one request that gets some.
type sent struct{ host, path string }

// Each row is what browsers keep of the lines that one answer sets, seen in the Cookie
// header of a request. They are what Chromium 156 sends, but that it keeps no Secure cookie of plain
// HTTP, takes no tab, and moves a cookie that is set again to the end: there, the rows
// follow RFC 6265bis.
func TestWhatBrowsersKeep(t *testing.T) {
	t.Parallel()
	const past, future = "Thu, 01 Jan 1970 00:00:00 GMT", "Wed, 31 Dec 2099 23:59:59 GMT"
	tests := map[string]struct {
		set  []string
		want string
	}{
		// values
		"plain":                     {[]string{"a=b"}, "a=b"},
		"quotes stay":               {[]string{`a="b"`}, `a="b"`},
		"one quote":                 {[]string{`a="b`}, `a="b`},
		"quotes inside":             {[]string{`a=b"c"d`}, `a=b"c"d`},
		"JSON":                      {[]string{`cart={"sku":"x","n":[1,2]}`}, `cart={"sku":"x","n":[1,2]}`},
		"comma":                     {[]string{"a=b,c"}, "a=b,c"},
		"space":                     {[]string{"a=b c"}, "a=b c"},
		"blanks around":             {[]string{"  a \t=\t b  ; Path=/"}, "a=b"},
		"tab inside":                {[]string{"a=b\tc"}, "a=b\tc"},
		"UTF-8":                     {[]string{"a=größe"}, "a=größe"},
		"Latin-1":                   {[]string{"a=gr\xf6\xdfe"}, "a=gr\xf6\xdfe"},
		"backslash":                 {[]string{`a=b\c`}, `a=b\c`},
		"equals":                    {[]string{"a=b=c=="}, "a=b=c=="},
		"percent stays":             {[]string{"a=%22x%22"}, "a=%22x%22"},
		"empty value":               {[]string{"a="}, "a="},
		"quoted semicolon ends":     {[]string{`a="b;c"`}, `a="b`},
		"control character":         {[]string{"a=b\x01c"}, ""},
		"4096 bytes":                {[]string{"a=" + strings.Repeat("x", 4095)}, "a=" + strings.Repeat("x", 4095)},
		"4097 bytes":                {[]string{"a=" + strings.Repeat("x", 4096)}, ""},
		"long attribute counts not": {[]string{"a=b; Path=/" + strings.Repeat("x", 1024)}, "a=b"},
		"unknown attributes":        {[]string{"a=b; Priority=High; SameSite=Strict; Secure; Partitioned; HttpOnly; x"}, "a=b"},
		"semicolons alone":          {[]string{"a=b;;;"}, "a=b"},
		// names
		"name with brackets": {[]string{"cart[id]=1"}, "cart[id]=1"},
		"name with a space":  {[]string{"my cart=1"}, "my cart=1"},
		"name in UTF-8":      {[]string{"größe=1"}, "größe=1"},
		"no name":            {[]string{"=b"}, "b"},
		"no equals":          {[]string{"b"}, "b"},
		"no name replaces":   {[]string{"=b", "c"}, "c"},
		"nothing at all":     {[]string{"", "=", "; Path=/", " = "}, ""},
		"case of names":      {[]string{"sid=1", "SID=2"}, "sid=1; SID=2"},
		"twice":              {[]string{"a=1", "b=2", "a=3"}, "a=3; b=2"},
		// prefixes of names
		"__Secure-":                  {[]string{"__Secure-a=1; Secure"}, "__Secure-a=1"},
		"__Secure- without Secure":   {[]string{"__Secure-a=1"}, ""},
		"__secure- in small letters": {[]string{"__secure-a=1"}, ""},
		"__Host-":                    {[]string{"__Host-a=1; Secure; Path=/"}, "__Host-a=1"},
		"__Host- without Secure":     {[]string{"__Host-a=1; Path=/"}, ""},
		"__Host- with a Domain":      {[]string{"__Host-a=1; Secure; Path=/; Domain=shop.test"}, ""},
		"__Host- with another path":  {[]string{"__Host-a=1; Secure; Path=/shop"}, ""},
		"__Host- without a path":     {[]string{"__Host-a=1; Secure"}, ""},
		"__Host- as a value":         {[]string{"__Host-a; Secure; Path=/", "=__Secure-b; Secure"}, ""},
		// Secure: staging often has no TLS, so these are kept and sent as well
		"Secure": {[]string{"a=b; Secure", "c=d; secure=no"}, "a=b; c=d"},
		// ages
		"Max-Age":                    {[]string{"a=b; Max-Age=60"}, "a=b"},
		"Max-Age 0":                  {[]string{"a=b", "a=c; Max-Age=0"}, ""},
		"Max-Age below 0":            {[]string{"a=b; Max-Age=-5"}, ""},
		"Max-Age before Expires":     {[]string{"a=b; Max-Age=60; Expires=" + past, "c=d; Expires=" + future + "; Max-Age=0"}, "a=b"},
		"Max-Age with a zero before": {[]string{"a=b; Max-Age=007"}, "a=b"},
		"Max-Age 00":                 {[]string{"a=b; Max-Age=00"}, ""},
		"Max-Age beyond all numbers": {[]string{"a=b; Max-Age=99999999999999999999"}, "a=b"},
		"Max-Age of centuries":       {[]string{"a=b; Max-Age=9223372036854775807"}, "a=b"},
		"Max-Age far below 0":        {[]string{"a=b; Max-Age=-99999999999999999999"}, ""},
		"Max-Age no number":          {[]string{"a=b; Max-Age=1h; Expires=" + past, "c=d; Max-Age=+1", "e=f; Max-Age=; Max-Age=-"}, "c=d; e=f"},
		"last Max-Age counts":        {[]string{"a=b; Max-Age=0; Max-Age=60", "c=d; Max-Age=60; Max-Age=0"}, "a=b"},
		"Expires":                    {[]string{"a=b; Expires=" + future, "c=d; Expires=" + past}, "a=b"},
		"Expires nonsense":           {[]string{"a=b; Expires=never", "c=d; Expires=0", "e=f; Expires=-1", "g=h; Expires=1970-01-01T00:00:00Z"}, "a=b; c=d; e=f; g=h"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j Jar
			at := Address{"shop.test", "/"}
			j.Keep(at, tt.set)
			if got := j.Header(at, ""); got != tt.want {
				t.Errorf("%q: the Cookie header is %q, want %q", tt.set, got, tt.want)
			}
		})
	}
}

// RFC 6265, 5.1.1: a cookie that a date deletes was set before.
func TestDates(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // to the date in RFC 3339; empty: none
		"Sun, 06 Nov 1994 08:49:37 GMT":       "1994-11-06T08:49:37Z", // RFC 1123
		"Sunday, 06-Nov-94 08:49:37 GMT":      "1994-11-06T08:49:37Z", // RFC 850
		"Sun Nov  6 08:49:37 1994":            "1994-11-06T08:49:37Z", // asctime
		"Thu, 01-Jan-1970 00:00:00 GMT":       "1970-01-01T00:00:00Z",
		"Thu, 01-Jan-70 00:00:01 GMT":         "1970-01-01T00:00:01Z",
		"Fri, 31-Dec-69 23:59:59 GMT":         "2069-12-31T23:59:59Z",
		"Mon, 02-Jan-99 1:2:3 GMT":            "1999-01-02T01:02:03Z",
		"01 Jan 2030 00:00:00":                "2030-01-01T00:00:00Z",
		"2030 Jan 01 00:00:00 GMT":            "2030-01-01T00:00:00Z",
		"Do., 01-Januar-2030 00:00:00 MEZ":    "2030-01-01T00:00:00Z",
		"jeu., 01 janv. 2030 00:00:00 UTC+01": "2030-01-01T00:00:00Z",
		"Mi, 06 Mär 2030 00:00:00 GMT":        "",
		"06 nov 1994 08:49:37.123 -0700":      "1994-11-06T08:49:37Z",
		"Wed, 06 Nov 1994 08:49 GMT":          "",
		"Tue, 30 Feb 2021 00:00:00 GMT":       "",
		"Tue, 00 Jan 2021 00:00:00 GMT":       "",
		"Tue, 01 Jan 2021 24:00:00 GMT":       "",
		"Tue, 01 Jan 2021 00:60:00 GMT":       "",
		"Tue, 01 Jan 1600 00:00:00 GMT":       "",
		"Tue, 01 Jan 20301 00:00:00 GMT":      "",
		"Tue, 011 Jan 2030 00:00:00 GMT":      "",
		"Tue, 1st Jan 2030AD 00:00:00am":      "2030-01-01T00:00:00Z",
		"":                                    "",
		"0":                                   "",
		"1735689600":                          "",
	}
	for text, want := range tests {
		got := ""
		if at, ok := parseDate(text); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// A cookie is known by its name, its domain and its path, and a request gets those of its
// host and path.
func TestWhichRequestsGetACookie(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from sent
		set  []string
		to   sent
		want string
	}{
		// hosts
		"host alone":                     {sent{"shop.test", "/"}, []string{"a=1"}, sent{"shop.test", "/"}, "a=1"},
		"host alone and a sub-domain":    {sent{"shop.test", "/"}, []string{"a=1"}, sent{"www.shop.test", "/"}, ""},
		"Domain":                         {sent{"shop.test", "/"}, []string{"a=1; Domain=shop.test"}, sent{"www.shop.test", "/"}, "a=1"},
		"Domain with a dot":              {sent{"shop.test", "/"}, []string{"a=1; Domain=.shop.test"}, sent{"www.shop.test", "/"}, "a=1"},
		"Domain in capitals":             {sent{"shop.test", "/"}, []string{"a=1; DOMAIN=SHOP.Test"}, sent{"shop.test", "/"}, "a=1"},
		"Domain of the parent":           {sent{"www.shop.test", "/"}, []string{"a=1; Domain=shop.test"}, sent{"api.shop.test", "/"}, "a=1"},
		"Domain of a child":              {sent{"shop.test", "/"}, []string{"a=1; Domain=www.shop.test"}, sent{"www.shop.test", "/"}, ""},
		"Domain of another":              {sent{"shop.test", "/"}, []string{"a=1; Domain=other.test"}, sent{"shop.test", "/"}, ""},
		"Domain that only ends alike":    {sent{"myshop.test", "/"}, []string{"a=1; Domain=shop.test"}, sent{"myshop.test", "/"}, ""},
		"empty Domain":                   {sent{"shop.test", "/"}, []string{"a=1; Domain="}, sent{"shop.test", "/"}, "a=1"},
		"last Domain counts":             {sent{"shop.test", "/"}, []string{"a=1; Domain=other.test; Domain=shop.test"}, sent{"shop.test", "/"}, "a=1"},
		"Domain with a port":             {sent{"shop.test:8080", "/"}, []string{"a=1; Domain=shop.test:8080"}, sent{"shop.test:8080", "/"}, ""},
		"public suffix":                  {sent{"shop.co.uk", "/"}, []string{"a=1; Domain=co.uk"}, sent{"shop.co.uk", "/"}, ""},
		"private suffix":                 {sent{"shop.github.io", "/"}, []string{"a=1; Domain=github.io"}, sent{"shop.github.io", "/"}, ""},
		"top level":                      {sent{"shop.test", "/"}, []string{"a=1; Domain=test"}, sent{"shop.test", "/"}, ""},
		"suffix that is the host itself": {sent{"github.io", "/"}, []string{"a=1; Domain=github.io"}, sent{"github.io", "/"}, "a=1"},
		"such a cookie is of it alone":   {sent{"github.io", "/"}, []string{"a=1; Domain=github.io"}, sent{"shop.github.io", "/"}, ""},
		"another port":                   {sent{"shop.test:8080", "/"}, []string{"a=1"}, sent{"shop.test:9090", "/"}, "a=1"},
		"a port and none":                {sent{"shop.test:8080", "/"}, []string{"a=1"}, sent{"shop.test", "/"}, "a=1"},
		"host in capitals":               {sent{"Shop.Test", "/"}, []string{"a=1; Domain=shop.test"}, sent{"shop.test", "/"}, "a=1"},
		"a dot behind the host":          {sent{"shop.test.", "/"}, []string{"a=1"}, sent{"shop.test", "/"}, ""},
		"single label":                   {sent{"shop", "/"}, []string{"a=1", "b=2; Domain=shop"}, sent{"shop", "/"}, "a=1; b=2"},
		"localhost":                      {sent{"localhost:8080", "/"}, []string{"a=1", "b=2; Domain=localhost"}, sent{"localhost:8080", "/"}, "a=1; b=2"},
		"IPv4":                           {sent{"127.0.0.1:8080", "/"}, []string{"a=1", "b=2; Domain=127.0.0.1"}, sent{"127.0.0.1:8080", "/"}, "a=1; b=2"},
		"part of an IPv4":                {sent{"127.0.0.1:8080", "/"}, []string{"a=1; Domain=0.0.1"}, sent{"127.0.0.1:8080", "/"}, ""},
		"another IPv4":                   {sent{"127.0.0.1", "/"}, []string{"a=1"}, sent{"127.0.0.2", "/"}, ""},
		"IPv6":                           {sent{"[::1]:8080", "/"}, []string{"a=1"}, sent{"[::1]:8080", "/"}, "a=1"},
		"IPv6 without a port":            {sent{"[::1]:8080", "/"}, []string{"a=1"}, sent{"[::1]", "/"}, "a=1"},
		"a name for an address":          {sent{"127.0.0.1:8080", "/"}, []string{"a=1; Domain=shop.test"}, sent{"127.0.0.1:8080", "/"}, ""},
		// paths
		"path of the request":             {sent{"shop.test", "/account/login"}, []string{"a=1"}, sent{"shop.test", "/account/orders"}, "a=1"},
		"path of the request and another": {sent{"shop.test", "/account/login"}, []string{"a=1"}, sent{"shop.test", "/cart"}, ""},
		"path of a request at the top":    {sent{"shop.test", "/login"}, []string{"a=1"}, sent{"shop.test", "/cart"}, "a=1"},
		"path with a query":               {sent{"shop.test", "/login?next=/a/b"}, []string{"a=1"}, sent{"shop.test", "/cart?x=/y"}, "a=1"},
		"path that is no path":            {sent{"shop.test", "/account/login"}, []string{"a=1; Path=account", "b=2; Path="}, sent{"shop.test", "/account/orders"}, "a=1; b=2"},
		"/foo and /foo":                   {sent{"shop.test", "/"}, []string{"a=1; Path=/foo"}, sent{"shop.test", "/foo?x"}, "a=1"},
		"/foo and /foo/bar":               {sent{"shop.test", "/"}, []string{"a=1; Path=/foo"}, sent{"shop.test", "/foo/bar"}, "a=1"},
		"/foo and /foobar":                {sent{"shop.test", "/"}, []string{"a=1; Path=/foo"}, sent{"shop.test", "/foobar"}, ""},
		"/foo/ and /foo":                  {sent{"shop.test", "/"}, []string{"a=1; Path=/foo/"}, sent{"shop.test", "/foo"}, ""},
		"/foo/ and /foo/bar":              {sent{"shop.test", "/"}, []string{"a=1; Path=/foo/"}, sent{"shop.test", "/foo/bar"}, "a=1"},
		"case of paths":                   {sent{"shop.test", "/"}, []string{"a=1; Path=/Foo"}, sent{"shop.test", "/foo"}, ""},
		"path is not decoded":             {sent{"shop.test", "/"}, []string{"a=1; Path=/a%2fb"}, sent{"shop.test", "/a/b"}, ""},
		"last path counts":                {sent{"shop.test", "/"}, []string{"a=1; Path=/foo; Path=/"}, sent{"shop.test", "/"}, "a=1"},
		"no path at all":                  {sent{"shop.test", ""}, []string{"a=1"}, sent{"shop.test", ""}, "a=1"},
		// order and identity
		"long paths come first":           {sent{"shop.test", "/"}, []string{"a=1; Path=/", "b=2; Path=/x/y", "c=3; Path=/x"}, sent{"shop.test", "/x/y"}, "b=2; c=3; a=1"},
		"one name on two paths":           {sent{"shop.test", "/"}, []string{"a=1; Path=/", "a=2; Path=/x"}, sent{"shop.test", "/x"}, "a=2; a=1"},
		"one name on two domains":         {sent{"shop.test", "/"}, []string{"a=1", "a=2; Domain=shop.test"}, sent{"shop.test", "/"}, "a=1; a=2"},
		"deleted of the host alone":       {sent{"shop.test", "/"}, []string{"a=1; Domain=shop.test", "a=; Max-Age=0"}, sent{"shop.test", "/"}, "a=1"},
		"a host's own, overwritten":       {sent{"shop.test", "/"}, []string{"a=1", "b=2", "a=3"}, sent{"shop.test", "/"}, "a=3; b=2"},
		"deleted on another path":         {sent{"shop.test", "/"}, []string{"a=1; Path=/", "a=; Path=/x; Max-Age=0"}, sent{"shop.test", "/"}, "a=1"},
		"deleted by another's domain":     {sent{"www.shop.test", "/"}, []string{"a=1; Domain=shop.test", "a=; Domain=other.test; Max-Age=0"}, sent{"www.shop.test", "/"}, "a=1"},
		"deleted by the path of requests": {sent{"shop.test", "/x/y"}, []string{"a=1; Path=/x", "a=; Max-Age=0"}, sent{"shop.test", "/x"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j Jar
			j.Keep(Address{tt.from.host, tt.from.path}, tt.set)
			if got := j.Header(Address{tt.to.host, tt.to.path}, ""); got != tt.want {
				t.Errorf("%q from %v: %v gets %q, want %q", tt.set, tt.from, tt.to, got, tt.want)
			}
		})
	}
}

// What a step says itself stands beside what the journey was given.
func TestTheCookieHeaderOfAStep(t *testing.T) {
	t.Parallel()
	at := Address{"shop.test", "/"}
	tests := map[string]struct {
		given string
		set   []string
		want  string
	}{
		"nothing":            {"", nil, ""},
		"only its own":       {"a=1; b=2", nil, "a=1; b=2"},
		"only the journey's": {"", []string{"a=1"}, "a=1"},
		"both":               {"a=1", []string{"b=2"}, "a=1; b=2"},
		"its own wins":       {"sid=mine; x=y", []string{"sid=theirs", "b=2"}, "sid=mine; x=y; b=2"},
		"no name":            {"mine", []string{"theirs", "b=2"}, "mine; b=2"},
		"as it is written":   {`a = "1" ;b`, []string{"a=3", "c=4"}, `a = "1" ;b; c=4`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j Jar
			j.Keep(at, tt.set)
			if got := j.Header(at, tt.given); got != tt.want {
				t.Errorf("Header() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCookiesExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j Jar
		at := Address{"shop.test", "/"}
		j.Keep(at, []string{"a=1; Max-Age=2", "b=2; Expires=" + time.Now().Add(4*time.Second).UTC().Format(time.RFC1123), "c=3"})
		for _, want := range []string{"a=1; b=2; c=3", "b=2; c=3", "c=3"} {
			if got := j.Header(at, ""); got != want {
				t.Errorf("after %v the Cookie header is %q, want %q", time.Now(), got, want)
			}
			time.Sleep(3 * time.Second)
		}
		j.Reset()
		if got := j.Header(at, ""); got != "" || !j.Empty() {
			t.Errorf("after Reset the Cookie header is %q", got)
		}
	})
}

// Browsers keep some 180 cookies of a host: a request must not grow beyond what servers
// take because a journey is given new names again and again.
func TestManyCookies(t *testing.T) {
	t.Parallel()
	var j Jar
	at := Address{"shop.test", "/"}
	j.Keep(Address{"other.test", "/"}, []string{"other=1"})
	j.Keep(at, []string{"old=1; Path=/", "kept=1; Path=/"})
	for i := range 2*maxOfDomain - 1 {
		j.Keep(at, []string{"kept=1; Path=/", fmt.Sprintf("c%d=%d; Path=/", i, i), "not.ours=1; Domain=other.test"})
	}
	got := strings.Split(j.Header(at, ""), "; ")
	if len(got) != maxOfDomain || got[0] != "kept=1" || got[1] != fmt.Sprintf("c%d=%d", maxOfDomain, maxOfDomain) || got[len(got)-1] != fmt.Sprintf("c%d=%d", 2*maxOfDomain-2, 2*maxOfDomain-2) {
		t.Errorf("%d cookies: %s … %s", len(got), got[:2], got[len(got)-1])
	}
	if got := j.Header(Address{"other.test", "/"}, ""); got != "other=1" {
		t.Errorf("another host gets %q", got)
	}
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"a=1": false, "a=1; Max-Age=5": false, "a=1; Max-Age=0": true, "a=1; Max-Age=-1": true, "a=; Expires=Thu, 01-Jan-70 00:00:00 GMT": true,
		"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5": false, "a=1; Expires=Wed, 31 Dec 2099 23:59:59 GMT": false,
	} {
		if c, ok := Parse(line); !ok || c.Deleted() != want {
			t.Errorf("Parse(%q) = %+v, %t; deleted: %t, want %t", line, c, ok, c.Deleted(), want)
		}
	}
}
