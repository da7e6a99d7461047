package badconfig

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opEndpoints empties a set of addresses, shortens it, or points it at dead or
// foreign ones. A schema catches only an empty set, where it asks for one entry.
// A robust reader never swaps to an empty set.
func opEndpoints() operator {
	return operator{"endpoints", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		o := endpoints{at: p.place(), as: p.word("as"), keep: p.count("keep", -1), to: p.text("to")}
		return onTree(m, o.step)
	}}
}

type endpoints struct {
	at   place
	as   string
	keep int // -1: not given
	to   string
}

func (o endpoints) step(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
	found, err := findNodes(t, o.at, doc.Seed, choice{o.suits, prefer(o.isList, o.isOne), "address"})
	if err != nil {
		return nil, "", err
	}
	var changes []edit.Change
	for _, n := range found {
		changes = append(changes, o.changes(n, doc.Seed)...)
	}
	return changes, "is " + map[string]string{"partial": "gone"}[o.as] + strings.TrimPrefix(o.as, "partial"), nil
}

func (o endpoints) suits(n *edit.Node) string {
	switch {
	case n.Kind == edit.String && n.Value != "" && (o.as == "empty" || o.as != "partial" && isAddress(n.Value)):
		return ""
	case n.Kind == edit.List && !n.IsAlias && len(n.Children) > 0:
		if o.as == "empty" || o.as == "partial" || slices.ContainsFunc(n.Children, func(c *edit.Node) bool { return len(addressesIn(c)) > 0 }) {
			return ""
		}
		return shown(n.Pointer()) + " holds no addresses"
	case n.Kind == edit.Object && !n.IsAlias && len(n.Children) > 0 && o.as == "empty":
		return ""
	}
	return fmt.Sprintf("%s is no list of addresses that %s can be done to, and no address", shown(n.Pointer()), o.as)
}

// isList and isOne report what the seed may choose.
func (o endpoints) isList(n *edit.Node) bool {
	return n.Kind == edit.List && slices.ContainsFunc(n.Children, func(c *edit.Node) bool { return len(addressesIn(c)) > 0 })
}

func (o endpoints) isOne(n *edit.Node) bool {
	return n.Kind == edit.String && o.as != "partial" && isAddress(n.Value)
}

func (o endpoints) changes(n *edit.Node, seed uint64) []edit.Change {
	switch {
	case n.Kind == edit.String && o.as == "empty":
		return []edit.Change{{Do: edit.Set, At: n, Value: ""}}
	case n.Kind == edit.String:
		return []edit.Change{{Do: edit.Set, At: n, Value: o.elsewhere(n.Value)}}
	case o.as == "empty":
		return []edit.Change{{Do: edit.Set, At: n, Value: edit.Empty(n.Kind)}}
	}
	var changes []edit.Change
	for _, c := range o.lost(n, seed) {
		if o.as == "partial" {
			changes = append(changes, edit.Change{Do: edit.Remove, At: c})
			continue
		}
		for _, a := range addressesIn(c) {
			changes = append(changes, edit.Change{Do: edit.Set, At: a, Value: o.elsewhere(a.Value)})
		}
	}
	return changes
}

// lost returns the entries that are removed or replaced. The seed chooses them.
func (o endpoints) lost(n *edit.Node, seed uint64) []*edit.Node {
	keep := o.keep
	if keep < 0 && o.as == "partial" {
		keep = len(n.Children) / 2
	}
	order := slices.Clone(n.Children)
	slices.SortFunc(order, func(a, b *edit.Node) int {
		return cmp.Compare(draw(seed, a.Pointer()), draw(seed, b.Pointer()))
	})
	lost := order[min(max(0, keep), len(order)):]
	slices.SortFunc(lost, func(a, b *edit.Node) int { return a.Index - b.Index })
	return lost
}

// addressesIn returns the addresses of an entry: itself, or those of its members.
func addressesIn(n *edit.Node) []*edit.Node {
	var list []*edit.Node
	if n.Kind == edit.String && isAddress(n.Value) {
		return []*edit.Node{n}
	}
	if n.Kind != edit.Object {
		return nil
	}
	for _, c := range n.Children {
		if c.Kind == edit.String && c.Value != "" && (IsAddressName(c.Key) || isAddress(c.Value)) {
			list = append(list, c)
		}
	}
	return list
}

// isAddress reports whether a text is a URL, host:port, an IP address or a name with a
// dot.
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

// elsewhere returns an address with another host, and with its own scheme, port and path.
// Dead addresses are at 192.0.2.1, which belongs to nobody; port 1 refuses.
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
