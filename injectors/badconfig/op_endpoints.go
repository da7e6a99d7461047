package badconfig

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// opEndpoints empties a set of addresses, shortens it, or points it at dead or
// foreign ones. A schema catches only an empty set, where it asks for one entry.
// A robust reader never swaps to an empty set.
func opEndpoints() operator {
	return operator{"endpoints", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		o := endpoints{at: p.place("path"), as: p.word("as"), keep: p.count("keep", -1), to: p.text("to")}
		switch {
		case o.as == "wrong" && o.to == "":
			p.refuse("wrong needs to: the address of another environment, such as staging.example:443")
		case o.as != "wrong" && p.has("to"):
			p.refuse("to is about wrong: say as: wrong")
		case o.as == "empty" && p.has("keep"):
			p.refuse("an empty set keeps nothing: say as: partial")
		case strings.ContainsAny(o.to, "/ "):
			p.refuse("to must be host or host:port, not %q", o.to)
		}
		return onTree(m, o.step)
	}}
}

type endpoints struct {
	at   place
	as   string
	keep int // -1: not given
	to   string
}

func (o endpoints) step(t *tree, doc Document) ([]change, string, error) {
	found, err := t.find(o.at, doc.Seed, choice{o.suits, prefer(o.isList, o.isOne), "address"})
	if err != nil {
		return nil, "", err
	}
	var changes []change
	for _, n := range found {
		changes = append(changes, o.changes(n, doc.Seed)...)
	}
	return changes, "is " + map[string]string{"partial": "gone"}[o.as] + strings.TrimPrefix(o.as, "partial"), nil
}

func (o endpoints) suits(n *node) string {
	switch {
	case n.kind == text && n.value != "" && (o.as == "empty" || o.as != "partial" && isAddress(n.value)):
		return ""
	case n.kind == list && !n.alias && len(n.inner) > 0:
		if o.as == "empty" || o.as == "partial" || slices.ContainsFunc(n.inner, func(c *node) bool { return len(addressesIn(c)) > 0 }) {
			return ""
		}
		return shown(n.pointer()) + " holds no addresses"
	case n.kind == object && !n.alias && len(n.inner) > 0 && o.as == "empty":
		return ""
	}
	return fmt.Sprintf("%s is no list of addresses that %s can be done to, and no address", shown(n.pointer()), o.as)
}

// isList and isOne are what the seed may choose.
func (o endpoints) isList(n *node) bool {
	return n.kind == list && slices.ContainsFunc(n.inner, func(c *node) bool { return len(addressesIn(c)) > 0 })
}

func (o endpoints) isOne(n *node) bool {
	return n.kind == text && o.as != "partial" && isAddress(n.value)
}

func (o endpoints) changes(n *node, seed uint64) []change {
	switch {
	case n.kind == text && o.as == "empty":
		return []change{{do: set, at: n, value: ""}}
	case n.kind == text:
		return []change{{do: set, at: n, value: o.elsewhere(n.value)}}
	case o.as == "empty":
		return []change{{do: set, at: n, value: emptyOf(n.kind)}}
	}
	var changes []change
	for _, c := range o.lost(n, seed) {
		if o.as == "partial" {
			changes = append(changes, change{do: remove, at: c})
			continue
		}
		for _, a := range addressesIn(c) {
			changes = append(changes, change{do: set, at: a, value: o.elsewhere(a.value)})
		}
	}
	return changes
}

// lost are the entries that do not stay: the seed chooses which.
func (o endpoints) lost(n *node, seed uint64) []*node {
	keep := o.keep
	if keep < 0 && o.as == "partial" {
		keep = len(n.inner) / 2
	}
	order := slices.Clone(n.inner)
	slices.SortFunc(order, func(a, b *node) int {
		return cmp.Compare(draw(seed, a.pointer()), draw(seed, b.pointer()))
	})
	lost := order[min(max(0, keep), len(order)):]
	slices.SortFunc(lost, func(a, b *node) int { return a.at - b.at })
	return lost
}

// addressesIn are the addresses of an entry: itself, or what its members say.
func addressesIn(n *node) []*node {
	var list []*node
	if n.kind == text && isAddress(n.value) {
		return []*node{n}
	}
	if n.kind != object {
		return nil
	}
	for _, c := range n.inner {
		named := slices.ContainsFunc(nameWords(c.key), func(w string) bool {
			return slices.Contains([]string{"host", "hostname", "address", "addr", "ip", "url", "uri", "endpoint", "target", "server"}, w)
		})
		if c.kind == text && c.value != "" && (named || isAddress(c.value)) {
			list = append(list, c)
		}
	}
	return list
}

// isAddress knows URLs, host:port, IP addresses and names with a dot.
func isAddress(s string) bool {
	if u, err := url.Parse(s); err == nil && u.Host != "" && u.Scheme != "" {
		return true
	}
	if host, port, err := net.SplitHostPort(s); err == nil && port != "" && strings.Trim(port, "0123456789") == "" {
		return !strings.ContainsAny(host, " /")
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	name, tld := s, s[strings.LastIndexByte(s, '.')+1:]
	return len(tld) >= 2 && len(tld) < len(s) && strings.Trim(tld, "abcdefghijklmnopqrstuvwxyz") == "" &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// elsewhere is an address with another host, its scheme, port and path kept.
func (o endpoints) elsewhere(address string) string {
	to := map[string]string{"dead": "192.0.2.1", "refused": "127.0.0.1:1", "wrong": o.to}[o.as]
	host, port, err := net.SplitHostPort(to)
	if err != nil {
		host, port = strings.Trim(to, "[]"), ""
	}
	if u, err := url.Parse(address); err == nil && u.Host != "" && u.Scheme != "" {
		from := strings.Index(address, "://") + len("://")
		if at := strings.IndexByte(address[from:from+strings.IndexAny(address[from:]+"/", "/?#")], '@'); at >= 0 {
			from += at + 1
		}
		if rest, ok := strings.CutPrefix(address[from:], u.Host); ok {
			return address[:from] + hostPort(host, cmp.Or(port, u.Port())) + rest
		}
	}
	if _, own, err := net.SplitHostPort(address); err == nil {
		return hostPort(host, cmp.Or(port, own))
	}
	return hostPort(host, port)
}

func hostPort(host, port string) string {
	switch {
	case port != "":
		return net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}
