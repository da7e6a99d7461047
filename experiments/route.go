package experiments

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/hosts"
)

// ProxiesTo returns the dependencies whose proxies stand on the way to an address: the
// one that listens there, the one that listens at its upstream, and so on. It knows
// what the documents say, and no proxy that only its Toxiproxy knows.
func (s *System) ProxiesTo(hostPort string) []Dependency {
	var way []Dependency
	for at := hostPort; ; {
		i := slices.IndexFunc(s.Dependencies, func(d Dependency) bool { return SameEndpoint(d.Listen, at) })
		if i < 0 || slices.ContainsFunc(way, func(d Dependency) bool { return d.Name == s.Dependencies[i].Name }) {
			return way
		}
		way = append(way, s.Dependencies[i])
		at = s.Dependencies[i].Upstream
	}
}

// SameEndpoint reports whether a connection to address reaches what listens at listen.
// Both are host:port; address may have a scheme. It is false where that depends on what
// a name means.
func SameEndpoint(listen, address string) bool {
	host, port, ok := endpoint(listen)
	to, toPort, toOK := endpoint(address)
	if !ok || !toOK || port != toPort {
		return false
	}
	everywhere := host == "" || isUnspecified(host)
	return sameHost(host, to) || everywhere && hosts.IsLoopback(to)
}

// SamePort reports whether two listeners cannot both have their ports.
func SamePort(listen, other string) bool {
	host, _, ok := endpoint(listen)
	to, _, otherOK := endpoint(other)
	return ok && otherOK && (SameEndpoint(listen, other) || SameEndpoint(other, listen) || host == "" && isUnspecified(to) || to == "" && isUnspecified(host))
}

// sameHost reports whether two hosts are one: this machine has several addresses, and
// localhost is the first of each kind.
func sameHost(a, b string) bool {
	first := func(host string) bool { return host == "127.0.0.1" || host == "::1" }
	return strings.EqualFold(a, b) || a == "localhost" && first(b) || b == "localhost" && first(a)
}

func isUnspecified(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsUnspecified()
}

// endpoint splits an address, with or without a scheme, into host and port.
func endpoint(address string) (host, port string, ok bool) {
	if address == "" || strings.Contains(address, "${") {
		return "", "", false
	}
	if !strings.Contains(address, "://") {
		address = "tcp://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", "", false
	}
	switch port = u.Port(); {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	case u.Scheme == "https":
		port = "443"
	default:
		return "", "", false
	}
	return u.Hostname(), port, true
}

// hostPort returns where a URL leads, or nothing where a variable decides that.
func hostPort(text string) string {
	if host, port, ok := endpoint(text); ok && strings.Contains(text, "://") {
		return net.JoinHostPort(host, port)
	}
	return ""
}

// A Way is one that requests of an experiment take beside the system's entry, or the
// entry of an arm.
type Way struct {
	Says    string // such as "control_url"
	Address string // host:port
}

// SharedWays lists the ways that the requests of both arms, or of the control arm,
// take: the control_url, and steps that name a whole URL of another system. A step whose URL
// depends on a variable is not known.
func (s *System) SharedWays() []Way {
	list := []Way{{"control_url", hostPort(s.ControlURL)}}
	own := s.site()
	for _, j := range s.Journeys {
		for _, step := range j.Steps {
			target := step.Request.Target
			if _, rest, ok := strings.Cut(target, "://"); ok && !own.Owns(fillVariables(target)) {
				authority, _, _ := strings.Cut(rest, "/")
				scheme, _, _ := strings.Cut(target, "://")
				list = append(list, Way{"step " + step.Name + " of " + j.Name, hostPort(scheme + "://" + authority)})
			}
		}
	}
	return slices.DeleteFunc(list, func(w Way) bool { return w.Address == "" })
}

// LeavesSystem reports whether every request of a journey goes to another system than
// the one that is entered, and says where the first does. Then the arms differ in
// nothing. A step whose URL depends on a variable is not known.
func (s *System) LeavesSystem(j Journey) (where string, leaves bool) {
	own := s.site()
	for i, step := range j.Steps {
		target := step.Request.Target
		if _, known := hostOf(target); !known || own.Owns(fillVariables(target)) {
			return "", false
		}
		if i == 0 {
			where = target
		}
	}
	return where, len(j.Steps) > 0
}
