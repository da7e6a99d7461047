package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
)

const lookUpTimeout = 2 * time.Second // of one question

// A LookUp returns the addresses of a name. Its error tells whether there is no such name,
// as [net.DNSError] does.
type LookUp func(ctx context.Context, name experiments.DNSName) ([]netip.Addr, error)

// A group is the Toxiproxies that one dependency is behind.
type group struct {
	sources []string             // as the system names them
	name    *experiments.DNSName // nil: the URLs are fixed

	mu      sync.Mutex
	urls    []string             // of those that are there now, sorted where they come from a name
	missing map[string]time.Time // those that the last answers lacked, and since when; not those that have left
}

// leftAfter is for how long the answers lack a server before it has left its name: a single
// answer need not be complete.
const leftAfter = 1500 * time.Millisecond

// isOne reports whether the group is one server, and stays it.
func (g *group) isOne() bool { return g.name == nil && len(g.sources) == 1 }

// has reports whether a server is there now.
func (g *group) has(url string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.urls, url)
}

func (g *group) list() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.urls)
}

// staying lists the servers that have not left: those that are there now, and those that
// only the last answers lacked. It is sorted where they come from a name.
func (g *group) staying() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.missing) == 0 {
		return slices.Clone(g.urls)
	}
	return slices.Sorted(maps.Keys(g.stayingSet()))
}

// stayingSet is who has not left. The caller holds mu.
func (g *group) stayingSet() map[string]bool {
	set := map[string]bool{}
	for _, url := range g.urls {
		set[url] = true
	}
	for url := range g.missing {
		set[url] = true
	}
	return set
}

// take takes in an answer.
func (g *group) take(urls []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	missing := map[string]time.Time{}
	for url := range g.stayingSet() {
		since, before := g.missing[url]
		switch {
		case slices.Contains(urls, url):
		case !before:
			missing[url] = time.Now()
		case time.Since(since) < leftAfter:
			missing[url] = since
		}
	}
	g.urls, g.missing = urls, missing
}

// refresh looks up who is in a group now. What it was before stays after an error.
func (f *Fleet) refresh(ctx context.Context, g *group) error {
	if g.name == nil {
		return nil
	}
	urls, err := f.lookUp(ctx, *g.name)
	if err != nil {
		return err
	}
	for _, url := range urls {
		f.server(url, g)
	}
	g.take(urls)
	return nil
}

// lookUp returns the URLs of the servers that a name stands for now, sorted. There is at
// least one, and each may be reached.
func (f *Fleet) lookUp(ctx context.Context, n experiments.DNSName) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	if !f.o.AnyHost {
		if err := f.o.System.Hosts().CheckName(n.Name); err != nil {
			return nil, err
		}
	}
	addresses, err := f.o.LookUp(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("the Toxiproxies at %s: %w", n.Name, err)
	}
	return f.urlsOf(n, addresses)
}

// urlsOf makes URLs of the addresses of a name. Of a name that has both kinds of addresses,
// only those of IPv4 count: the others are the same processes once more.
func (f *Fleet) urlsOf(n experiments.DNSName, addresses []netip.Addr) ([]string, error) {
	policy := f.o.System.Hosts()
	both := slices.ContainsFunc(addresses, func(a netip.Addr) bool { return a.Unmap().Is4() })
	var urls []string
	for _, a := range addresses {
		a = a.Unmap()
		if !f.o.AnyHost {
			if err := policy.CheckAddr(n.Name, a); err != nil {
				return nil, err
			}
		}
		if both && !a.Is4() {
			continue
		}
		if url := "http://" + net.JoinHostPort(a.String(), n.Port); !slices.Contains(urls, url) {
			urls = append(urls, url)
		}
	}
	if len(urls) == 0 {
		return nil, fmt.Errorf("the Toxiproxies at %s: the name has no address", n.Name)
	}
	slices.Sort(urls)
	return urls, nil
}

// askDNS asks the DNS server that a name says, or that of this machine.
func (f *Fleet) askDNS(ctx context.Context, n experiments.DNSName) ([]netip.Addr, error) {
	resolver, name := net.DefaultResolver, n.Name
	if n.Server != "" {
		dial := new(net.Dialer).DialContext
		if !f.o.AnyHost {
			dial = hosts.Dialer{Policy: f.o.System.Hosts()}.DialContext
		}
		resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dial(ctx, network, n.Server)
		}}
		name = fullName(name)
	}
	return resolver.LookupNetIP(ctx, "ip", name)
}

// fullName is a name that no search list of this machine is added to.
func fullName(name string) string {
	if name[len(name)-1] == '.' {
		return name
	}
	return name + "."
}

// isGone reports whether a server has left its name, as far as a look-up tells. Without an
// answer it has not. That there is no such name any more says nothing of a server, unless
// its faults end with a lease.
func (f *Fleet) isGone(ctx context.Context, s *server) bool {
	if s.group.name == nil {
		return false
	}
	urls, err := f.lookUp(ctx, *s.group.name)
	if err != nil {
		dns, ok := errors.AsType[*net.DNSError](err)
		return ok && dns.IsNotFound && !f.lapsesAt(s).IsZero()
	}
	return !slices.Contains(urls, s.url)
}

// checkInstance refuses an address that a name which is allowed must not lead to.
func checkInstance(policy hosts.Policy, name, address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if err := policy.CheckName(name); err != nil {
		return err
	}
	return policy.CheckAddr(name, to.Addr())
}
