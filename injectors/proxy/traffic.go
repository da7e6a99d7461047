package proxy

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// traffic is what the connections of all proxies of a server have in common.
type traffic struct {
	most int64 // connections at a time
	open atomic.Int64

	mu      sync.Mutex
	dialled map[ends]*conn // the connections to upstreams that are open, by their two ends
}

// keptFiles are how many files a process opens beside its connections: listeners, calls
// of the API, logs.
const keptFiles = 64

// newTraffic bounds connections, which have two sockets each, by how many files the
// process may open: a proxy that leads to itself by way of another program would take
// all of them, and the API with it.
func newTraffic(files uint64) traffic {
	most := int64(min(files, 1<<32)) - keptFiles
	return traffic{most: max(most/2, keptFiles/2), dialled: map[ends]*conn{}}
}

// enter reports whether one connection more may be open. Each that enters leaves.
func (t *traffic) enter() bool {
	if t.open.Add(1) > t.most {
		t.open.Add(-1)
		return false
	}
	return true
}

func (t *traffic) leave() { t.open.Add(-1) }

// ends are both addresses of a TCP connection, which are the same seen from either side.
type ends struct{ client, server netip.AddrPort }

func endsOf(client, server net.Addr) ends {
	return ends{plainAddress(client), plainAddress(server)}
}

// plainAddress writes an IPv4 address as one, also where a socket for both versions has
// it inside IPv6.
func plainAddress(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := t.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// errLeadsBack means that a connection came to its proxy by way of the proxy itself.
var errLeadsBack = errors.New("the upstream leads back to this proxy")

// dial connects to the upstream. It refuses to go round in a circle: a connection that
// came from this proxy, directly or by way of others of this server, would lead to
// another one, and that one to the next, until there are no more sockets.
func (c *conn) dial(ctx context.Context) (*net.TCPConn, error) {
	if c.leadsBack() {
		return nil, errLeadsBack
	}
	upstream, err := (&net.Dialer{Timeout: dialWithin}).DialContext(ctx, "tcp", c.proxy.currentTarget().address)
	if err != nil {
		return nil, err
	}
	t := c.proxy.server
	c.dialled = endsOf(upstream.LocalAddr(), upstream.RemoteAddr())
	t.mu.Lock()
	t.dialled[c.dialled] = c
	t.mu.Unlock()
	if c.leadsBack() { // the one that dialled us may not have noted it when we looked first
		_ = upstream.Close()
		return nil, errLeadsBack
	}
	return upstream.(*net.TCPConn), nil
}

// forgetDialled forgets the connection to the upstream, whose ends another one may have
// from now on.
func (c *conn) forgetDialled() {
	t := c.proxy.server
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dialled[c.dialled] == c {
		delete(t.dialled, c.dialled)
	}
}

// leadsBack reports whether the connection came from its own proxy. Only connections of
// this server are known.
func (c *conn) leadsBack() bool {
	t := c.proxy.server
	t.mu.Lock()
	defer t.mu.Unlock()
	for from := t.dialled[c.ends]; from != nil; from = t.dialled[from.ends] {
		if from.proxy == c.proxy {
			return true
		}
	}
	return false
}

// checkLoops returns an error where a change would certainly make a proxy lead to
// itself, by way of others or not. What a name stands for is not certain; connections
// that come round are noticed when they do.
func (s *Server) checkLoops(changes []*change) (*change, error) {
	lines := map[string]line{}
	for _, p := range s.all() {
		p.mu.Lock()
		lines[p.name] = line{p.at, p.upstream.address}
		p.mu.Unlock()
	}
	for _, c := range changes {
		lines[c.proxy.name] = line{c.at, c.upstream.address}
	}
	for _, c := range changes {
		if by := roundTrip(lines, c.proxy.name, c.proxy.name, map[string]bool{}); by != nil {
			way := ""
			if len(by) > 0 {
				way = " by way of proxy " + strings.Join(by, " and proxy ")
			}
			return c, errRefused("upstream %q leads back to this proxy%s: a connection to it would take every socket there is", c.upstream.text, way)
		}
	}
	return nil, nil
}

// A line is where a proxy listens, with its host looked up, and where it leads.
type line struct{ at, upstream string }

// roundTrip returns the names of the proxies by way of which one leads to another; nil:
// it does not lead there.
func roundTrip(lines map[string]line, from, to string, seen map[string]bool) []string {
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		if seen[name] || !arrives(lines[from].upstream, lines[name].at) {
			continue
		}
		if name == to {
			return []string{}
		}
		seen[name] = true
		if by := roundTrip(lines, name, to, seen); by != nil {
			return append([]string{name}, by...)
		}
	}
	return nil
}

// arrives reports whether a connection to an upstream certainly comes to who listens at
// an address. Both are host:port; only the listener's host has been looked up.
func arrives(upstream, at string) bool {
	host, port, err := net.SplitHostPort(upstream)
	if err != nil {
		return false
	}
	number, err := net.LookupPort("tcp", port)
	listener, bad := net.ResolveTCPAddr("tcp", at)
	if err != nil || bad != nil || number == 0 || listener.Port != number {
		return false
	}
	own := listener.AddrPort().Addr().Unmap()
	for _, to := range certainAddresses(host) {
		if own == to || (listener.IP == nil || own.IsUnspecified()) && isOfThisMachine(to) {
			return true
		}
	}
	return false
}

// certainAddresses returns what a host stands for, without looking it up. What stands
// for no address is this machine, to those who connect.
func certainAddresses(host string) []netip.Addr {
	v4, v6 := netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()
	if host == "" || strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return []netip.Addr{v4, v6}
	}
	a, err := netip.ParseAddr(host)
	switch a = a.Unmap().WithZone(""); {
	case err != nil:
		return nil
	case !a.IsUnspecified():
		return []netip.Addr{a}
	case a.Is4():
		return []netip.Addr{v4}
	}
	return []netip.Addr{v6}
}

func isOfThisMachine(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, one := range all {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil && prefix.Addr().Unmap() == a {
			return true
		}
	}
	return false
}
