package cookies

import (
	"strconv"
	"strings"
	"time"
)

// What browsers keep of one cookie (RFC 6265bis, 5.6), in bytes and time.
const (
	maxPair      = 4096 // name and value
	maxAttribute = 1024 // the value of an attribute; a longer one is ignored
	maxAge       = 400 * 24 * time.Hour
)

// A Cookie is one that an answer sets, as browsers read the line.
type Cookie struct {
	Name  string // empty where the line has none: browsers keep it by that name
	Value string // as it was sent, quotes included
	// attributes
	domain  string // in lower case, without a dot before it; empty: the host that sent it
	path    string // as it was sent; empty: that of the request
	secure  bool
	maxAge  time.Duration // 0 where expires decides; negative: it is deleted
	expires time.Time     // zero: it stays until the journey ends
}

// Parse reads the value of a Set-Cookie header as RFC 6265bis, 5.6, has it. That takes
// far more than the grammar of RFC 6265, 4.1, which servers are asked to keep to: any
// byte but control characters in names and values, no name at all, dates in any order. It
// reports false for a line that browsers ignore.
func Parse(line string) (Cookie, bool) {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return Cookie{}, false
	}
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, named := strings.Cut(pair, "=")
	if !named {
		name, value = "", pair
	}
	c := Cookie{Name: trim(name), Value: trim(value)}
	if n := len(c.Name) + len(c.Value); n == 0 || n > maxPair {
		return Cookie{}, false
	}
	for attribute := range strings.SplitSeq(attributes, ";") {
		key, value, _ := strings.Cut(attribute, "=")
		if value = trim(value); len(value) <= maxAttribute {
			c.set(strings.ToLower(trim(key)), value)
		}
	}
	return c, c.keepsItsPrefix()
}

// trim takes off the white space that RFC 6265 knows: spaces and tabs.
func trim(s string) string { return strings.Trim(s, " \t") }

// set sets an attribute. Of several with one name the last counts; unknown ones, and those
// whose value means nothing, do not.
func (c *Cookie) set(key, value string) {
	switch key {
	case "expires":
		if at, ok := parseDate(value); ok {
			c.expires = at
		}
	case "max-age":
		if age, ok := parseAge(value); ok {
			c.maxAge = age
		}
	case "domain":
		c.domain = strings.ToLower(strings.TrimPrefix(value, "."))
	case "path":
		c.path = value
		if !strings.HasPrefix(value, "/") {
			c.path = ""
		}
	case "secure":
		c.secure = true
	}
}

// parseAge reads seconds. Zero and less is an age in the past, and what is too long is cut
// as browsers cut it.
func parseAge(text string) (time.Duration, bool) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	const most = int64(maxAge / time.Second)
	seconds, err := strconv.ParseInt(text, 10, 64)
	switch {
	case digits != text || err == nil && seconds <= 0:
		return -1, true
	case err != nil || seconds > most: // all digits: an error is one of range
		seconds = most
	}
	return time.Duration(seconds) * time.Second, true
}

// keepsItsPrefix reports whether a cookie keeps the promise that its name makes.
func (c *Cookie) keepsItsPrefix() bool {
	name := c.Name
	if name == "" { // a browser would send "__Host-sid=1" for it, and the server be misled
		name = c.Value
	}
	secure, host := hasPrefix(name, "__Secure-"), hasPrefix(name, "__Host-")
	switch {
	case !secure && !host:
		return true
	case c.Name == "" || !c.secure:
		return false
	}
	return secure || c.domain == "" && c.path == "/"
}

func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// Deleted reports whether the line that set the cookie deletes it.
func (c *Cookie) Deleted() bool {
	if c.maxAge != 0 {
		return c.maxAge < 0
	}
	return !c.expires.IsZero() && !c.expires.After(time.Now())
}
