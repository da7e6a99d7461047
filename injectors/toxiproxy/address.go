package toxiproxy

import (
	"cmp"
	"net"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/hosts"
)

// upstreamFor returns an upstream in the form that the server takes: only a
// blastgauge proxy knows schemes.
func upstreamFor(ours bool, upstream string) string {
	if ours && strings.Contains(upstream, "://") {
		return upstream
	}
	host, port := address(upstream)
	if port == "" {
		return upstream
	}
	return net.JoinHostPort(host, port)
}

// address splits host:port, with or without a scheme and a path, in lower case.
// Without a port it returns the default port of the scheme, or "".
func address(text string) (host, port string) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "", text
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "/")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	rest = strings.ToLower(rest)
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		host = strings.Trim(rest, "[]")
	}
	defaults := map[string]string{"http": "80", "h2c": "80", "grpc": "80", "https": "443", "grpcs": "443", "redis": "6379", "rediss": "6379", "postgres": "5432"}
	return host, cmp.Or(port, defaults[scheme])
}

// sameUpstream reports whether two addresses are the same. All names of this
// machine's loopback count as one.
func sameUpstream(a, b string) bool {
	hostA, portA := address(a)
	hostB, portB := address(b)
	return portA == portB && (hostA == hostB || hosts.IsLoopback(hostA) && hosts.IsLoopback(hostB))
}

// sameListen reports whether clients reach a proxy that listens on `actual` at
// `declared`. A proxy that listens on all addresses is reached at each; port 0
// means any port.
func sameListen(actual, declared string) bool {
	hostA, portA := address(actual)
	hostB, portB := address(declared)
	if portA != portB && portB != "0" {
		return false
	}
	return hostA == hostB || everywhere(hostA) || everywhere(hostB) || hosts.IsLoopback(hostA) && hosts.IsLoopback(hostB)
}

func everywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}
