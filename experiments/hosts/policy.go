// Package hosts decides which hosts a run may reach, and dials them.
//
// A [Policy] says what is allowed: this machine, names below .test, and what the
// allow_hosts of a system's document lists. A [Dialer] makes every connection of a
// run. It asks the policy about the name before the name is looked up, and about
// each address before exactly that address is dialled, so that a name which
// resolves anew between check and use cannot lead elsewhere.
package hosts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ErrRefused is wrapped by every error of a safety rule: what was asked for is
// well-formed, and blastgauge does not do it. Nothing was injected.
var ErrRefused = errors.New("refused")

// A Policy says what may be dialled. The zero value allows loopback and *.test
// alone.
type Policy struct {
	file     string
	listed   []string // as written
	names    []string
	suffixes []string // with the leading dot
	networks []netip.Prefix
}

// NewPolicy allows the given names, *.suffixes, addresses and networks beyond
// loopback and *.test. Refusals name file as the document to change.
func NewPolicy(file string, allowed []string) Policy {
	p := Policy{file: file, listed: allowed}
	for _, entry := range allowed {
		entry = canonical(entry)
		if network, ok := ParseNetwork(entry); ok {
			p.networks = append(p.networks, network)
		} else if suffix, ok := strings.CutPrefix(entry, "*"); ok {
			p.suffixes = append(p.suffixes, suffix)
		} else {
			p.names = append(p.names, entry)
		}
	}
	return p
}

// ParseNetwork reads an address or a network in CIDR notation. A single address
// is a network of one.
func ParseNetwork(entry string) (netip.Prefix, bool) {
	entry = canonical(entry)
	if p, err := netip.ParsePrefix(entry); err == nil {
		return p.Masked(), true
	}
	if a, ok := parseAddress(entry); ok {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// IsLoopback reports whether a host is localhost or a loopback address. It looks
// nothing up.
func IsLoopback(host string) bool {
	a, ok := parseAddress(host)
	return host == "localhost" || ok && a.IsLoopback()
}

// parseAddress reads an address, with or without brackets and zone. An IPv4
// address inside IPv6 becomes the IPv4 address.
func parseAddress(host string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return netip.Addr{}, false
	}
	return plain(a), true
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func canonical(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// CheckName returns an error of class [ErrRefused] unless a host, without its
// port, may be looked up and dialled at all. The error holds the line to write
// in the document if the host is to be allowed.
func (p Policy) CheckName(host string) error {
	name := canonical(host)
	if a, ok := parseAddress(name); ok {
		return p.CheckAddr(host, a)
	}
	if p.lists(name) || name == "localhost" || strings.HasSuffix(name, ".test") {
		return nil
	}
	return p.refuse(host, "it is neither loopback nor *.test")
}

// CheckAddr returns an error of class [ErrRefused] unless a host may be dialled
// at an address that it resolved to. A name that is allowed without being listed
// must lead to this machine or to a listed address. Any name may lead to
// loopback: nothing can be harmed there.
func (p Policy) CheckAddr(host string, addr netip.Addr) error {
	name := canonical(host)
	addr = plain(addr)
	if addr.IsLoopback() || p.lists(name) || slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(addr) }) {
		return nil
	}
	if literal, ok := parseAddress(name); ok && literal == addr {
		return p.refuse(addr.String(), "it is not a loopback address")
	}
	return p.refuse(host, "it resolves to "+addr.String()+", which is not a loopback address")
}

// CheckHost is CheckName, followed by CheckAddr for every address that the host
// resolves to now. Use it before a run: what is dialled later is checked again.
func (p Policy) CheckHost(ctx context.Context, host string) error {
	if err := p.CheckName(host); err != nil {
		return err
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return fmt.Errorf("host %s: %w", host, err)
	}
	for _, a := range addresses {
		if err := p.CheckAddr(host, a); err != nil {
			return err
		}
	}
	return nil
}

// lists reports whether a name is allowed wherever it leads.
func (p Policy) lists(name string) bool {
	return slices.Contains(p.names, name) ||
		slices.ContainsFunc(p.suffixes, func(s string) bool { return strings.HasSuffix(name, s) && len(name) > len(s) })
}

func (p Policy) refuse(host, why string) error {
	entries := append(slices.Clone(p.listed), strings.Trim(host, "[]"))
	for i, e := range entries {
		if strings.ContainsAny(e, "*:") { // both mean something else to YAML
			entries[i] = strconv.Quote(e)
		}
	}
	return fmt.Errorf("%w: host %s is not allowed: %s; if it is part of a staging system, write in %s:\n  allow_hosts: [%s]",
		ErrRefused, host, why, cmp.Or(p.file, "blastgauge.yaml"), strings.Join(entries, ", "))
}
