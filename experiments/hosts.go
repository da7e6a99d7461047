package experiments

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// ErrRefused is wrapped by every error of a safety rule: what was asked for is
// well-formed, and blastgauge does not do it. Nothing was injected.
var ErrRefused = errors.New("refused")

// Hosts is the policy of what may be dialled. The zero value allows loopback
// and *.test alone.
type Hosts struct {
	file     string
	listed   []string // as written
	names    []string
	suffixes []string // with the leading dot
	networks []netip.Prefix
}

// Hosts is the policy that allow_hosts gives.
func (s *System) Hosts() Hosts {
	h := Hosts{file: s.File, listed: s.AllowHosts}
	for _, entry := range s.AllowHosts {
		entry = canonicalHost(entry)
		if network, ok := network(entry); ok {
			h.networks = append(h.networks, network)
		} else if suffix, ok := strings.CutPrefix(entry, "*"); ok {
			h.suffixes = append(h.suffixes, suffix)
		} else {
			h.names = append(h.names, entry)
		}
	}
	return h
}

// network reads an address or a CIDR.
func network(entry string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(entry); err == nil {
		return p.Masked(), true
	}
	if a, ok := address4(entry); ok {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// address4 reads an address; one of IPv4 inside IPv6 is that of IPv4.
func address4(host string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap().WithZone(""), true
}

func canonicalHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// CheckName tells whether a host, without its port, may be looked up and
// dialled at all. The error is of class [ErrRefused] and says which line would
// allow the host.
func (h Hosts) CheckName(host string) error {
	name := canonicalHost(host)
	if a, ok := address4(name); ok {
		return h.CheckAddr(host, a)
	}
	if h.lists(name) || local(name) {
		return nil
	}
	return h.refuse(host, "it is neither loopback nor *.test")
}

// CheckAddr tells whether host may be dialled at the address that it resolved
// to. Names that are allowed without being listed must stay on this machine or
// lead to a listed address; where any name leads to loopback nothing can be harmed.
func (h Hosts) CheckAddr(host string, addr netip.Addr) error {
	name := canonicalHost(host)
	addr = addr.Unmap().WithZone("")
	if addr.IsLoopback() || h.lists(name) || slices.ContainsFunc(h.networks, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return nil
	}
	if literal, ok := address4(name); ok && literal == addr {
		return h.refuse(addr.String(), "it is not a loopback address")
	}
	return h.refuse(host, "it resolves to "+addr.String()+", which is not a loopback address")
}

// lists tells whether a name is allowed wherever it leads.
func (h Hosts) lists(name string) bool {
	return slices.Contains(h.names, name) ||
		slices.ContainsFunc(h.suffixes, func(s string) bool { return strings.HasSuffix(name, s) && len(name) > len(s) })
}

// local tells whether a name is one that only ever means this machine or a
// test.
func local(name string) bool {
	return name == "localhost" || strings.HasSuffix(name, ".test")
}

func (h Hosts) refuse(host, why string) error {
	entries := append(slices.Clone(h.listed), strings.Trim(host, "[]"))
	for i, e := range entries {
		if strings.ContainsAny(e, "*:") { // both mean something else to YAML
			entries[i] = strconv.Quote(e)
		}
	}
	file := h.file
	if file == "" {
		file = SystemFile
	}
	return fmt.Errorf("%w: host %s is not allowed: %s; if it is part of a staging system, write in %s:\n  allow_hosts: [%s]", ErrRefused, host, why, file, strings.Join(entries, ", "))
}

// CheckHosts checks, without looking anything up, every host that the documents
// name: entry, control, Toxiproxy, absolute targets and upstreams. The error
// is of class [ErrRefused] and names the first host that is not allowed.
func (s *System) CheckHosts(all ...*Experiment) error {
	h := s.Hosts()
	hosts := append(s.Dialled(), s.upstreams()...)
	for _, e := range all {
		for _, f := range e.Faults {
			hosts = append(hosts, f.Dialled()...)
		}
	}
	for _, host := range hosts {
		if err := h.CheckName(host); err != nil {
			return err
		}
	}
	return nil
}

// Dialled are the hosts that the document names and a run connects to itself.
func (s *System) Dialled() []string {
	urls := []string{s.URL, s.ControlURL, s.Toxiproxy}
	for _, j := range s.Journeys {
		for _, step := range j.Steps {
			urls = append(urls, step.Request.Target)
		}
	}
	for _, v := range s.Invariants {
		urls = append(urls, v.Request.Target)
	}
	for _, g := range s.Defaults.Guardrails {
		if g.Probe != nil {
			urls = append(urls, g.Probe.Request.Target)
		}
	}
	return hostsOf(urls)
}

// Dialled are the hosts that a run connects to for the fault's sake, beside its
// proxy.
func (f Fault) Dialled() []string {
	if f.Reload == nil {
		return nil
	}
	return hostsOf([]string{f.Reload.Request.Target})
}

// upstreams are the hosts that the proxies connect to.
func (s *System) upstreams() []string {
	var urls []string
	for _, d := range s.Dependencies {
		if d.Upstream != "" && !strings.Contains(d.Upstream, "://") {
			urls = append(urls, "tcp://"+d.Upstream)
			continue
		}
		urls = append(urls, d.Upstream)
	}
	return hostsOf(urls)
}

func hostsOf(urls []string) []string {
	var hosts []string
	for _, text := range urls {
		if host, known := hostOf(text); known && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// hostOf is the host of an absolute URL, where the document alone tells it.
func hostOf(text string) (string, bool) {
	u, err := url.Parse(fillIn(text))
	if err != nil || u.Hostname() == "" {
		return "", false
	}
	scheme, rest, _ := strings.Cut(text, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if strings.Contains(scheme, "${") || strings.Contains(authority, "${") {
		return "", false
	}
	return u.Hostname(), true
}

// CheckEnvironment refuses environments that look like production: with a
// word prod, production, prd or live that no pre- or non- stands before. The
// error is of class [ErrRefused].
func (s *System) CheckEnvironment() error {
	before := ""
	for _, word := range environmentWords(s.Environment) {
		exempt := before == "pre" || before == "non"
		if slices.Contains([]string{"prod", "production", "prd", "live"}, strings.TrimFunc(word, unicode.IsDigit)) && !exempt {
			at := s.File
			if p, ok := s.places["environment"]; ok {
				at += fmt.Sprintf(":%d:%d", p.Line, p.Col)
			}
			return fmt.Errorf("%w: environment %q looks like production (%s): blastgauge runs against staging only (%s)", ErrRefused, s.Environment, word, at)
		}
		before = word
	}
	return nil
}

// environmentWords splits a name at what is no letter or digit, and where a
// capital follows a small letter.
func environmentWords(name string) []string {
	var b strings.Builder
	previous := ' '
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(previous):
			b.WriteByte(' ')
		}
		previous = r
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

const hostPattern = `^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`

var hostForm = regexp.MustCompile(hostPattern)

// allowedHost is an entry of allow_hosts.
func allowedHost(to *string) shape {
	return scalar[string]{to: to, want: "a host", json: pattern(`^[^\s/]+(/[0-9]+)?$`, "shop.staging.example", "*.staging.example", "10.4.0.0/16"),
		parse: func(s string) (string, *complaint) { return s, wrongHost(s) }}
}

func wrongHost(s string) *complaint {
	if n, ok := network(canonicalHost(s)); ok {
		if n.Bits() == 0 {
			return &complaint{msg: s + " would allow every address"}
		}
		return nil
	}
	host := s
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		host = u.Host
	}
	bare := host
	if i := strings.LastIndexByte(host, ':'); i > 0 {
		bare = host[:i]
	}
	switch {
	case s == "*" || s == "*.*":
		return &complaint{msg: "this would allow every host"}
	case hostForm.MatchString(s):
		return nil
	case bare != s && hostForm.MatchString(bare):
		return &complaint{msg: "a host is written without scheme, port and path", hint: "write " + bare}
	}
	return &complaint{msg: strconv.Quote(s) + " is not a name, a *.suffix, an address or a network such as 10.4.0.0/16"}
}
