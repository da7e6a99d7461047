package proxy

import (
	"net"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A target is where a proxy leads to.
type target struct {
	text    string // as it was given
	scheme  string // of the protocol spoken there; empty: only bytes are known
	address string // host:port
}

// plainSchemes name protocols whose requests are not told apart.
func plainSchemes() []string { return []string{"tcp", "redis", "postgres"} }

func schemes() []string { return append(gateway.Schemes(), plainSchemes()...) }

// speaks says whether single requests are known to the proxy.
func (t target) speaks() bool { return slices.Contains(gateway.Schemes(), t.scheme) }

// parseTarget reads an upstream: host:port, with a scheme in front where the
// protocol is known.
func parseTarget(text string) (target, error) {
	t := target{text: text, address: text}
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		if !slices.Contains(schemes(), scheme) {
			return t, errRefused("upstream %q: its scheme is not one of %s", text, strings.Join(schemes(), ", "))
		}
		t.scheme, t.address = scheme, strings.TrimSuffix(rest, "/")
	}
	if host, port, err := net.SplitHostPort(t.address); err != nil || host == "" && port == "" {
		return t, errRefused("upstream %q is not host:port", text)
	}
	return t, nil
}
