package journey

import (
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// A jar holds the cookies of one journey: name and value by host. It knows
// Domain, and takes back what the server takes back; Path and expiry in the
// future are ignored, as a journey is short.
type jar struct {
	kept []cookie
}

type cookie struct {
	host  string
	below bool // also for hosts below host
	name  string
	value string
}

func (j *jar) reset() { j.kept = j.kept[:0] }

// header is the Cookie header for a host; empty where there are none.
func (j *jar) header(host string) string {
	var b strings.Builder
	for _, c := range j.kept {
		if c.host != host && !(c.below && strings.HasSuffix(host, "."+c.host)) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.name + "=" + c.value)
	}
	return b.String()
}

// keep takes what one Set-Cookie header says.
func (j *jar) keep(host, header string) {
	c, gone, ok := parseCookie(host, header)
	if !ok {
		return
	}
	for i := range j.kept {
		if old := &j.kept[i]; old.name == c.name && old.host == c.host && old.below == c.below {
			if gone {
				j.kept = append(j.kept[:i], j.kept[i+1:]...)
			} else {
				old.value = c.value
			}
			return
		}
	}
	if !gone {
		j.kept = append(j.kept, c)
	}
}

// parseCookie reads a Set-Cookie header; gone tells that it takes the cookie
// back.
func parseCookie(host, header string) (c cookie, gone, ok bool) {
	parsed := fasthttp.AcquireCookie()
	defer fasthttp.ReleaseCookie(parsed)
	if err := parsed.Parse(header); err != nil || len(parsed.Key()) == 0 {
		return cookie{}, false, false
	}
	c = cookie{host: host, name: string(parsed.Key()), value: string(parsed.Value())}
	if domain := strings.ToLower(strings.TrimPrefix(string(parsed.Domain()), ".")); domain != "" {
		if domain != host && !strings.HasSuffix(host, "."+domain) {
			return cookie{}, false, false // not this host's to set
		}
		c.host, c.below = domain, true
	}
	expire := parsed.Expire()
	gone = parsed.MaxAge() < 0 || parsed.MaxAge() == 0 && !expire.Equal(fasthttp.CookieExpireUnlimited) && expire.Before(time.Now())
	return c, gone, true
}
