package proxy

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A target is where a proxy leads to.
type target struct {
	text    string // as it was given
	scheme  string // of the protocol spoken there; empty: only bytes are known
	address string // host:port
	query   url.Values
}

// plainSchemes name protocols whose requests are not told apart.
func plainSchemes() []string { return []string{"tcp"} }

func schemes() []string { return append(gateway.Schemes(), plainSchemes()...) }

// speaks says whether single requests are known to the proxy.
func (t target) speaks() bool { return slices.Contains(gateway.Schemes(), t.scheme) }

// parseTarget reads an upstream: host:port, with a scheme in front where the
// protocol is known.
func parseTarget(text string) (t target, err error) {
	t = target{text: text, address: text}
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		if !slices.Contains(schemes(), scheme) {
			return t, errRefused("upstream %q: its scheme is not one of %s", text, strings.Join(schemes(), ", "))
		}
		address, query, _ := strings.Cut(rest, "?")
		t.scheme, t.address = scheme, strings.TrimSuffix(address, "/")
		if t.query, err = url.ParseQuery(query); err != nil || len(t.query) > 0 && scheme != "postgres" {
			return t, errRefused("upstream %q: only a PostgreSQL is asked for something behind a question mark, such as sslmode=require", text)
		}
	}
	if host, port, err := net.SplitHostPort(t.address); err != nil || host == "" && port == "" {
		return t, errRefused("upstream %q is not host:port", text)
	}
	return t, nil
}

// takes says why a toxic can do nothing on the way to the target; nil when it can.
func (t target) takes(x *toxic) error {
	schemes := gateway.SchemesOf(x.kind)
	switch {
	case x.message == nil || slices.Contains(schemes, t.scheme):
		return nil
	case t.scheme == "":
		return errRefused("%s acts on single requests, and nothing is said of the protocol that %s speaks: give the upstream a scheme, such as %s://%s", x.kind, t.text, schemes[0], t.text)
	}
	return errRefused("%s acts on requests of %s, and the upstream is %s", x.kind, strings.Join(schemes, ", "), t.text)
}
