// Package site says where the URLs of a system under test lead.
//
// A system names itself in what it answers: in Location headers, links and cookies. It
// does so by the Host that it is sent, or by a name that it was configured with, and not
// by the address where a run enters it. All these names mean the entry of the arm that asks;
// followed as they are written, they would lead around the fault, or into the other arm.
package site

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// ErrNoURL is the error of a target that is neither a path nor an http or https URL with a
// host.
var ErrNoURL = errors.New("not an http or https URL with a host")

// A Site is a system as one arm enters it. It is safe for concurrent use. A nil one is
// nobody's: all its URLs lead where they say.
type Site struct {
	entry Place  // its path is the prefix of all paths, without a slash at its end
	own   []name // of the system, those of the entry first
}

// A name is one by which URLs mean the system.
type name struct {
	scheme string // empty: any
	host   string // canonical
	ports  []string
	prefix string // of paths there
	alias  bool   // of this machine: another host to cookies
}

// A Place is where a request goes.
type Place struct {
	Own    bool   // it is the entry
	Scheme string // http or https
	Name   string // that is dialled: a name or an address, without brackets
	Port   string
	Host   string // the Host header
	Path   string // with a query, as it is written
}

// New returns the site that has its entry at a URL. Host is the Host header of requests to
// it; empty: that of the URL. Others are URLs that mean the same system, such as the entry
// of the other arm; empty ones count for nothing.
func New(entry, host string, others ...string) (*Site, error) {
	s, err := Direct(entry, host)
	if err != nil {
		return nil, err
	}
	s.own[0].scheme, s.own[0].ports = "", bothUsual(s.entry.Port)
	for _, text := range others {
		if text == "" || text == entry {
			continue
		}
		named, prefix, err := parse(text)
		if err != nil {
			return nil, err
		}
		s.own = append(s.own, name{host: canonical(named.Name), ports: bothUsual(named.Port), prefix: prefix})
	}
	urls := slices.Clone(s.own)
	if err := s.addHost(host, urls); err != nil {
		return nil, err
	}
	s.addAliases(urls)
	return s, nil
}

// Direct returns the site for requests that are sent where they say: only the URLs of the
// entry itself lead to it.
func Direct(entry, host string) (*Site, error) {
	at, prefix, err := parse(entry)
	if err != nil {
		return nil, err
	}
	s := &Site{own: []name{{scheme: at.Scheme, host: canonical(at.Name), ports: []string{at.Port}, prefix: prefix}}}
	at.Own, at.Path, at.Host = true, prefix, cmp.Or(host, at.Host)
	s.entry = at
	return s, nil
}

// parse returns the place of a URL and its path without a slash at its end.
func parse(text string) (Place, string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Place{}, "", err
	}
	p, err := placeOf(strings.ToLower(u.Scheme), u)
	return p, strings.TrimRight(u.EscapedPath(), "/"), err
}

// longestName is how long the name of a host can be: DNS has 253 bytes, and a dot may follow.
const longestName = 254

// placeOf returns the place of an origin, without a path. Names are written as browsers
// send them: in small letters and ASCII, without the port that the scheme has anyway. The
// zone of an address is this machine's own affair and in no Host header (RFC 6874, 4).
func placeOf(scheme string, u *url.URL) (Place, error) {
	usual := usualPort(scheme)
	p := Place{Scheme: scheme, Name: strings.ToLower(u.Hostname())}
	if usual == "" || p.Name == "" || len(p.Name) > longestName {
		return Place{}, ErrNoURL
	}
	var ok bool
	if p.Port, ok = portOf(u, usual); !ok {
		return Place{}, ErrNoURL
	}
	if !isASCII(p.Name) {
		name, err := idna.Lookup.ToASCII(p.Name)
		if err != nil {
			return Place{}, ErrNoURL
		}
		p.Name = name
	}
	if p.Host = p.Name; strings.Contains(p.Name, ":") {
		address, _, _ := strings.Cut(p.Name, "%")
		p.Host = "[" + address + "]"
	}
	if p.Port != usual {
		p.Host += ":" + p.Port
	}
	return p, nil
}

// portOf returns the port of a URL in the one way to write it, because ports are compared
// as texts and dialled as numbers: 080 is 80. It reports false for what is no port.
func portOf(u *url.URL, usual string) (port string, ok bool) {
	if u.Port() == "" {
		return usual, true
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return strconv.FormatUint(n, 10), err == nil
}

func usualPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// addAliases makes the other names of this machine names of the system, where it has one
// of them.
func (s *Site) addAliases(urls []name) {
	loopback := []string{"localhost", "127.0.0.1", "::1"}
	for _, n := range urls {
		for _, alias := range loopback {
			if alias != n.host && slices.Contains(loopback, n.host) {
				s.own = append(s.own, name{host: alias, ports: n.ports, prefix: n.prefix, alias: true})
			}
		}
	}
}

// addHost makes the Host header a name of the system, with the port that it says, the
// usual ones where it says none, and those where the system listens: some systems add
// their own to a name without one.
func (s *Site) addHost(host string, urls []name) error {
	if host == "" {
		return nil
	}
	u, err := url.Parse("http://" + host)
	if err != nil {
		return err
	}
	p, err := placeOf("http", u)
	if err != nil {
		return err
	}
	ports := bothUsual(p.Port)
	for _, n := range urls {
		ports = append(ports, n.ports...)
	}
	for _, n := range urls {
		s.own = append(s.own, name{host: canonical(p.Name), ports: ports, prefix: n.prefix})
	}
	return nil
}

// bothUsual returns the ports that mean the same. What ends TLS before the system makes
// http of https, so the usual ports of both are one.
func bothUsual(port string) []string {
	if port == "80" || port == "443" {
		return []string{"80", "443"}
	}
	return []string{port}
}

// canonical is a host's name as it is compared. A zone means nothing to a loopback
// address, which is this machine by any.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		if a = a.Unmap(); a.IsLoopback() {
			a = a.WithZone("")
		}
		return a.String()
	}
	return host
}
