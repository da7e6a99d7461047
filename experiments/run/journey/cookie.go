package journey

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// cookies are the cookies of one journey, as RFC 6265 has them. The zero value
// holds none.
type cookies struct {
	jar *cookiejar.Jar // nil until an answer sets a cookie
}

func (c *cookies) reset() { c.jar = nil }

// header returns the value of the Cookie header for a request; empty where no
// cookie belongs to it.
func (c *cookies) header(to *url.URL) string {
	if c.jar == nil {
		return ""
	}
	var b strings.Builder
	for _, cookie := range c.jar.Cookies(to) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(cookie.String())
	}
	return b.String()
}

// keep keeps the cookies that an answer sets.
func (c *cookies) keep(from *url.URL, set []string) {
	var list []*http.Cookie
	for _, line := range set {
		if cookie, err := http.ParseSetCookie(line); err == nil {
			list = append(list, cookie)
		}
	}
	if len(list) == 0 {
		return
	}
	if c.jar == nil {
		// The error is always nil.
		c.jar, _ = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	}
	c.jar.SetCookies(from, list)
}

// cookieURL returns what decides which cookies belong to a request: the host and
// the path of its target. The scheme is always https, because staging systems
// are often entered by plain HTTP and set Secure cookies all the same.
func cookieURL(entry *url.URL, target string) *url.URL {
	u := &url.URL{Scheme: "https"}
	if strings.HasPrefix(target, "/") {
		u.Host, u.Path = entry.Host, strings.TrimRight(entry.Path, "/")+target
	} else if _, rest, ok := strings.Cut(target, "://"); ok {
		u.Host = rest
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			u.Host, u.Path = rest[:i], rest[i:]
		}
	}
	if i := strings.IndexAny(u.Path, "?#"); i >= 0 {
		u.Path = u.Path[:i]
	}
	return u
}

// cookieValues returns the values that an answer sets for a cookie, in order. It
// leaves out those that delete the cookie.
func cookieValues(r *httpclient.Response, name string) []string {
	var list []string
	for _, line := range r.Header("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil || c.Name != name {
			continue
		}
		if deleted := c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Before(time.Now()); !deleted {
			list = append(list, c.Value)
		}
	}
	return list
}
