package proxy

import (
	"net"
	"slices"
	"strings"
)

// A target is where a proxy leads to.
type target struct {
	text    string // as it was given
	scheme  string // of the protocol spoken there; empty: only bytes are known
	address string // host:port
}

// plainSchemes name protocols whose requests are not told apart here.
func plainSchemes() []string { return []string{"tcp", "redis", "postgres"} }

// parseTarget reads an upstream: host:port, with a scheme in front where the
// protocol is known.
func parseTarget(text string) (target, error) {
	t := target{text: text, address: text}
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		if !slices.Contains(plainSchemes(), scheme) {
			return t, errRefused("upstream %q: its scheme is not one of %s", text, strings.Join(plainSchemes(), ", "))
		}
		t.address = strings.TrimSuffix(rest, "/")
	}
	if host, port, err := net.SplitHostPort(t.address); err != nil || host == "" && port == "" {
		return t, errRefused("upstream %q is not host:port", text)
	}
	return t, nil
}
