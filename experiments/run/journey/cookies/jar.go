// Package cookies keeps the cookies of one journey as browsers do: RFC 6265bis, with the
// list of public suffixes.
//
// It does without net/http and its cookiejar. The one reads lines as servers should write
// them (RFC 6265, 4.1) and drops what browsers keep: quotes, JSON or UTF-8 in a value,
// brackets in a name, dates of another form. The other takes a cookie of a host alone and
// one of its whole domain for the same, and keeps as many as it is given.
package cookies

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// maxOfDomain is how many cookies of one domain are kept, as Chromium and Firefox do.
const maxOfDomain = 180

// A Jar holds the cookies of one journey. The zero value holds none. It is not safe for
// concurrent use.
type Jar struct {
	entries []entry // in the order in which they were set first
	clock   int     // counts uses, so that the least recent is known
}

// An entry is a cookie that is kept. Its name, domain, path and hostOnly say which it is.
type entry struct {
	name, value string
	domain      string
	hostOnly    bool // it belongs to no sub-domain
	path        string
	expires     time.Time // zero: never
	used        int       // when it was set or sent last, by the jar's clock
}

// An Address is what decides which cookies a request gets, and for whom an answer may set
// some.
type Address struct {
	Host string // as the request names it, with or without a port
	Path string // as on the request line; a query may follow
}

// host is the host by which cookies know it: a port means nothing to them, nor do the
// brackets of an IPv6 address.
func (a Address) host() string {
	u := url.URL{Host: a.Host}
	return strings.ToLower(u.Hostname())
}

// path is the path without a query.
func (a Address) path() string {
	path, _, _ := strings.Cut(a.Path, "?")
	return cmp.Or(path, "/")
}

// Empty reports whether there is no cookie.
func (j *Jar) Empty() bool { return len(j.entries) == 0 }

// All returns every cookie as a Cookie header has it, whomever it belongs to.
func (j *Jar) All() []string {
	var list []string
	for _, e := range j.entries {
		list = append(list, e.name+"="+e.value)
	}
	return list
}

// Reset forgets all cookies.
func (j *Jar) Reset() {
	clear(j.entries)
	j.entries = j.entries[:0]
}

// Header returns the value of the Cookie header for a request; empty where no cookie
// belongs to it. Given is what the request's own Cookie header says: it comes first, and a
// cookie that it names is not sent a second time.
//
// Secure cookies are sent as all others, whatever the scheme is: staging systems are often
// entered by plain HTTP and set them all the same.
func (j *Jar) Header(to Address, given string) string {
	if j.Empty() {
		return given
	}
	var b strings.Builder
	b.WriteString(given)
	own := names(given)
	for _, e := range j.matching(to) {
		if slices.Contains(own, e.name) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if e.name != "" {
			b.WriteString(e.name)
			b.WriteByte('=')
		}
		b.WriteString(e.value)
	}
	return b.String()
}

// matching returns the cookies that belong to a request, those with the longest path first
// and then those that were set first (RFC 6265bis, 5.8.3).
func (j *Jar) matching(to Address) (list []*entry) {
	host, path := to.host(), to.path()
	now := time.Now()
	j.entries = slices.DeleteFunc(j.entries, func(e entry) bool { return !e.expires.IsZero() && !e.expires.After(now) })
	j.clock++
	for i := range j.entries {
		e := &j.entries[i]
		if (e.domain == host || !e.hostOnly && strings.HasSuffix(host, "."+e.domain)) && e.coversPath(path) {
			e.used = j.clock
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b *entry) int { return cmp.Compare(len(b.path), len(a.path)) })
	return list
}

// coversPath reports whether a path is the cookie's or is below it (RFC 6265bis, 5.1.4).
func (e *entry) coversPath(path string) bool {
	rest, below := strings.CutPrefix(path, e.path)
	return below && (rest == "" || rest[0] == '/' || strings.HasSuffix(e.path, "/"))
}

// names lists the names in a Cookie header.
func names(header string) (list []string) {
	if header == "" {
		return nil
	}
	for pair := range strings.SplitSeq(header, ";") {
		name, _, named := strings.Cut(pair, "=")
		if !named {
			name = ""
		}
		list = append(list, trim(name))
	}
	return list
}

// Keep keeps the cookies that the Set-Cookie lines of an answer set, and forgets those that
// they delete.
func (j *Jar) Keep(from Address, lines []string) {
	host, path := from.host(), from.path()
	for _, line := range lines {
		c, ok := Parse(line)
		if !ok {
			continue
		}
		e := entry{name: c.Name, value: c.Value, path: cmp.Or(c.path, defaultPath(path)), expires: c.expires}
		if c.maxAge > 0 {
			e.expires = time.Now().Add(c.maxAge)
		}
		if e.domain, e.hostOnly, ok = domainOf(host, c.domain); ok {
			j.keep(e, c.Deleted())
		}
	}
}

// domainOf returns the domain of a cookie that a host sets, and whether it is the host
// alone. It reports false for a domain that the host may not set cookies for
// (RFC 6265bis, 5.7).
func domainOf(host, domain string) (of string, hostOnly, ok bool) {
	if domain == "" {
		return host, true, true
	}
	if domain == host {
		_, err := netip.ParseAddr(host)
		return host, err == nil || isPublicSuffix(host), true
	}
	_, err := netip.ParseAddr(host)
	return domain, false, err != nil && strings.HasSuffix(host, "."+domain) && !isPublicSuffix(domain)
}

// isPublicSuffix reports whether a domain belongs to many, as co.uk and github.io do.
func isPublicSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// defaultPath is the path of a cookie that names none (RFC 6265bis, 5.1.4).
func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func (j *Jar) keep(e entry, deleted bool) {
	j.clock++
	e.used = j.clock
	i := slices.IndexFunc(j.entries, func(old entry) bool {
		return old.name == e.name && old.domain == e.domain && old.hostOnly == e.hostOnly && old.path == e.path
	})
	switch {
	case deleted && i >= 0:
		j.entries = slices.Delete(j.entries, i, i+1)
	case deleted:
	case i >= 0:
		j.entries[i] = e
	default:
		j.entries = append(j.entries, e)
		j.evict(e.domain)
	}
}

// evict forgets the cookie of a domain that was used longest ago, where there are too many.
func (j *Jar) evict(domain string) {
	count, oldest := 0, -1
	for i := range j.entries {
		if e := &j.entries[i]; e.domain == domain {
			count++
			if oldest < 0 || e.used < j.entries[oldest].used {
				oldest = i
			}
		}
	}
	if count > maxOfDomain {
		j.entries = slices.Delete(j.entries, oldest, oldest+1)
	}
}
