package experiments

import (
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

const httpURLPattern = `^https?://[^/?#@\s]+(/[^?#\s]*)?$`

var httpURLForm = lazyregexp.New(httpURLPattern)

// An httpURL is an http or https URL with a host, or the word of the field or.
type httpURL struct {
	to *string
	or string
}

func (u httpURL) Read(d *shape.Document, n shape.Node, path string) {
	want := "a URL such as http://127.0.0.1:8080"
	if u.or != "" {
		want = "a URL such as http://127.0.0.1:8474, or " + u.or + ","
	}
	shape.Scalar[string]{To: u.to, Want: want, Parse: func(s string) (string, *shape.Diagnostic) {
		if s == u.or && s != "" {
			return s, nil
		}
		return s, u.check(s, strings.TrimSuffix(want, ","))
	}}.Read(d, n, path)
}

func (u httpURL) check(s, want string) *shape.Diagnostic {
	parsed, err := url.Parse(s)
	switch {
	case err == nil && parsed.User != nil, redact.HasLogin(s), strings.Contains(s, "@"): // also in what reads as a path
		return &shape.Diagnostic{Msg: "credentials do not belong in a URL: send a header with ${env:NAME}"}
	case strings.Contains(s, "${"):
		return &shape.Diagnostic{Msg: "this URL cannot hold ${variables}"}
	case !httpURLForm.MatchString(s) || err != nil || parsed.Hostname() == "" || !validPort(parsed.Port(), parsed.Host):
		c := &shape.Diagnostic{Msg: strconv.Quote(s) + " is not " + want}
		switch {
		case httpURLForm.MatchString("http://"+s) && (strings.ContainsAny(s, ".:") || s == "localhost") && !strings.Contains(s, "/"):
			c.Hint = "write http://" + s
		case u.or != "" && shape.Nearest(s, []string{u.or}) != "":
			c.Hint = "did you mean " + strconv.Quote(u.or) + "?"
		}
		return c
	}
	return nil
}

// validPort reports whether a port is 1 to 65535. No port at all is valid unless
// the host ends with a colon.
func validPort(port, host string) bool {
	if port == "" {
		return !strings.HasSuffix(host, ":")
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 65536
}

func (u httpURL) Schema() shape.Object {
	if u.or == "" {
		return shape.Pattern(httpURLPattern)
	}
	return shape.Object{"anyOf": []shape.Object{{"const": u.or}, shape.Pattern(httpURLPattern)}}
}

// An address is host:port. It may begin with one of the schemes.
type address struct {
	to      *string
	schemes []string
}

func (a address) Read(d *shape.Document, n shape.Node, path string) {
	shape.Scalar[string]{To: a.to, Want: "host:port", Parse: func(s string) (string, *shape.Diagnostic) { return s, a.check(s) }}.Read(d, n, path)
}

func (a address) check(s string) *shape.Diagnostic {
	if bare, _, _ := strings.Cut(s, "sslrootcert="); strings.Contains(bare, "@") || redact.HasLogin(bare) { // no part of it is shown
		return &shape.Diagnostic{Msg: "credentials do not belong in an address: clients log in themselves"}
	}
	rest := s
	if scheme, after, ok := strings.Cut(s, "://"); ok {
		if len(a.schemes) == 0 {
			return &shape.Diagnostic{Msg: "a proxy listens on host:port, without a scheme", Hint: "write " + after}
		}
		if !slices.Contains(a.schemes, scheme) {
			c := &shape.Diagnostic{Msg: "unknown scheme " + strconv.Quote(scheme), To: len(scheme), Got: scheme, Known: a.schemes}
			if shape.Nearest(scheme, a.schemes) == "" {
				c.Known, c.Hint, c.Note = nil, "write "+after+" for faults on its bytes", "known, for faults on single requests: "+strings.Join(slices.Sorted(slices.Values(a.schemes)), ", ")
			}
			return c
		}
		rest = after
	}
	rest, query, asks := strings.Cut(rest, "?")
	if asks {
		if c := a.checkQuery(s, query); c != nil {
			return c
		}
	}
	if host, _, found := strings.Cut(rest, "/"); found {
		return &shape.Diagnostic{Msg: "an address ends with its port, without a path", Hint: "write " + strings.TrimSuffix(s, rest) + host}
	}
	host, port, err := net.SplitHostPort(rest)
	switch {
	case err != nil && validPort(rest, "") && rest != "":
		return &shape.Diagnostic{Msg: strconv.Quote(s) + " is a port, and host:port is needed here", Hint: "write 127.0.0.1:" + rest}
	case err == nil && isNumber(port) && !validPort(port, ""):
		return &shape.Diagnostic{Msg: port + " is not a port: 1 to 65535"}
	case err != nil || !validPort(port, "") || port == "" || strings.ContainsAny(host, " \t@?#"):
		return &shape.Diagnostic{Msg: strconv.Quote(s) + " is not host:port such as 127.0.0.1:18083"}
	case host == "" && len(a.schemes) > 0:
		return &shape.Diagnostic{Msg: "an upstream needs a host, such as 127.0.0.1" + rest}
	}
	return nil
}

// checkQuery refuses any query but the encryption settings of a PostgreSQL.
func (a address) checkQuery(s, query string) *shape.Diagnostic {
	values, err := url.ParseQuery(query)
	switch {
	case err != nil || len(a.schemes) == 0 || !strings.HasPrefix(s, "postgres://"):
		return &shape.Diagnostic{Msg: "an address ends with its port", Hint: "write " + s[:len(s)-len(query)-1]}
	case len(values["sslmode"]) > 0 && !slices.Contains(sslModes(), values.Get("sslmode")):
		return &shape.Diagnostic{Msg: "unknown sslmode " + strconv.Quote(values.Get("sslmode")), Known: sslModes()}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name != "sslmode" && name != "sslrootcert" {
			return &shape.Diagnostic{Msg: "a PostgreSQL's address may ask for sslmode and sslrootcert, not for " + name}
		}
	}
	return nil
}

func sslModes() []string { return []string{"disable", "require", "verify-ca", "verify-full"} }

func (a address) Schema() shape.Object {
	if len(a.schemes) == 0 {
		return shape.Pattern(`^[^/@?#\s]*:[0-9]{1,5}$`, "127.0.0.1:18083")
	}
	const place = `[^/@?#\s]+:[0-9]{1,5}`
	ask := `(sslmode=(` + strings.Join(sslModes(), "|") + `)|sslrootcert=[^&#\s]+)`
	return shape.Pattern(`^(((`+strings.Join(a.schemes, "|")+`)://)?`+place+`|postgres://`+place+`\?`+ask+`(&`+ask+`)*)$`, "127.0.0.1:6379", "http://127.0.0.1:8083")
}

// hostHeader is a host with or without a port.
func hostHeader(to *string) shape.Shape {
	const form = `^[A-Za-z0-9.-]+(:[0-9]{1,5})?$`
	exact := regexp.MustCompile(form)
	return shape.Scalar[string]{To: to, Want: "a host", JSON: shape.Pattern(form, "shop.test"), Parse: func(s string) (string, *shape.Diagnostic) {
		if !exact.MatchString(s) {
			return "", &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a host such as shop.test or shop.test:8443"}
		}
		return s, nil
	}}
}

const hostPattern = `^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`

var hostForm = lazyregexp.New(hostPattern)

// allowedHost is an entry of allow_hosts.
func allowedHost(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "a host", JSON: shape.Pattern(`^[^\s/]+(/[0-9]+)?$`, "shop.staging.example", "*.staging.example", "10.4.0.0/16"),
		Parse: func(s string) (string, *shape.Diagnostic) { return s, checkAllowedHost(s) }}
}

func checkAllowedHost(s string) *shape.Diagnostic {
	if n, ok := hosts.ParseNetwork(s); ok {
		if n.Bits() == 0 {
			return &shape.Diagnostic{Msg: s + " would allow every address"}
		}
		return nil
	}
	host := s
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		host = u.Host
	}
	bare := host
	if i := strings.LastIndexByte(host, ':'); i > 0 {
		bare = host[:i]
	}
	switch {
	case s == "*" || s == "*.*":
		return &shape.Diagnostic{Msg: "this would allow every host"}
	case hostForm.MatchString(s):
		return nil
	case bare != s && hostForm.MatchString(bare):
		return &shape.Diagnostic{Msg: "a host is written without scheme, port and path", Hint: "write " + bare}
	}
	return &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a name, a *.suffix, an address or a network such as 10.4.0.0/16"}
}
