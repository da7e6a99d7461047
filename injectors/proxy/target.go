package proxy

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A target is the upstream of a proxy.
type target struct {
	text    string // as the client wrote it
	scheme  string // names the protocol, such as http; empty: the proxy knows only bytes
	address string // host:port
	query   url.Values
}

// plainSchemes lists schemes whose requests the proxy does not tell apart.
func plainSchemes() []string { return []string{"tcp"} }

func schemes() []string { return append(gateway.Schemes(), plainSchemes()...) }

// hasProtocol reports whether the proxy can tell single requests apart.
func (t target) hasProtocol() bool { return slices.Contains(gateway.Schemes(), t.scheme) }

// offersTLS reports whether clients that like may speak TLS to the proxy; given, whether
// it was given a certificate for them.
func (t target) offersTLS(given bool) bool { return gateway.OffersTLS(t.scheme, t.query, given) }

// parseTarget reads an upstream: host:port, or scheme://host:port. It refuses what no
// connection can be made to, because every client would be told so instead of the one
// who wrote it.
func parseTarget(text string) (t target, err error) {
	t = target{text: text, address: text}
	bare, _, _ := strings.Cut(text, "sslrootcert=") // the name of a file
	if strings.ContainsRune(bare, '@') || strings.Contains(bare, "%40") {
		scheme, _, ok := strings.Cut(text, "://")
		if !ok || !slices.Contains(schemes(), scheme) {
			return t, errRefused("upstream: credentials are for clients to send; write scheme://host:port")
		}
		return t, errRefused("upstream %s://***@...: credentials are for clients to send; write %s://host:port", scheme, scheme)
	}
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		if !slices.Contains(schemes(), scheme) {
			return t, errRefused("upstream %q: its scheme is not one of %s", withoutValues(text), strings.Join(schemes(), ", "))
		}
		address, query, _ := strings.Cut(rest, "?")
		t.scheme, t.address = scheme, strings.TrimSuffix(address, "/")
		if t.query, err = url.ParseQuery(query); err != nil || len(t.query) > 0 && scheme != "postgres" {
			return t, errRefused("upstream %q: only postgres:// takes parameters after a question mark, such as ?sslmode=require", withoutValues(text))
		}
	}
	for name, values := range t.query { // what is behind a blank is no parameter, but a part of the one before
		if strings.ContainsAny(name, beginValues) || slices.ContainsFunc(values, func(v string) bool { return strings.ContainsRune(v, '=') }) {
			return t, errRefused("upstream %q: its parameters are parted by &, and have no = in them", withoutValues(text))
		}
	}
	if i := strings.IndexAny(t.address, "/#"); i >= 0 {
		place, _, _ := strings.Cut(text, t.address[i:])
		return t, errRefused("upstream %q: an upstream ends with its port, because paths and databases are for clients to ask for; write %s", withoutValues(text), withoutValues(place))
	}
	host, port, err := net.SplitHostPort(t.address)
	switch {
	case err != nil, port == "", strings.ContainsAny(host+port, beginValues+"@"), hasHidden(host):
		return t, errRefused("upstream %q is not host:port", withoutValues(text))
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return t, errRefused("upstream %q is not host:port: %q is no port", withoutValues(text), port)
	}
	return t, nil
}

// beginValues are characters that no host and no port has, and behind which a secret may
// be: in a query, in a DSN of keys and values, in JSON.
const beginValues = "?#=;,{}'\"`\\ \t\r\n"

// withoutValues is an upstream as it may be told: answers and logs have it. It may be one
// as drivers write it, with a password.
func withoutValues(text string) string {
	if i := strings.IndexAny(text, beginValues); i >= 0 {
		return text[:i+1] + "..."
	}
	return text
}

// checkToxic returns an error when the toxic cannot act on connections to the target.
func (t target) checkToxic(x *toxic) error {
	schemes := gateway.SchemesOf(x.kind)
	switch {
	case x.message == nil || slices.Contains(schemes, t.scheme):
		return nil
	case t.scheme == "":
		return errRefused("%s acts on single requests, but upstream %s has no protocol: add a scheme, such as %s://%s", x.kind, t.text, schemes[0], t.text)
	}
	return errRefused("%s acts on requests of %s, but the upstream is %s", x.kind, strings.Join(schemes, ", "), t.text)
}
