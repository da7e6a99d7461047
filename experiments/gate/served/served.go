// Package served reads the version of a config that a system uses now.
package served

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	mostBytes = 1 << 20 // as of a candidate
	timeout   = 10 * time.Second
)

// A Version is a document as it is used now.
type Version struct {
	Text   string
	Source string // a URL, or the path of a file
}

// ErrUnknown is wrapped by every error that means: nothing is wrong, and what is served
// cannot be asked for.
var ErrUnknown = errors.New("what is served now is not known")

// Read reads the document in whose place a fault puts a candidate: the file of config_file,
// or what the dependency answers to a GET of the path that http_config is about. It asks
// through the proxy, as the system does; where nobody listens there, it asks the dependency.
// No redirect is followed, and no host is dialled that the policy refuses.
func Read(ctx context.Context, f plan.Fault, policy hosts.Policy) (Version, error) {
	if f.OnFile() {
		return ReadFile(f.File())
	}
	request, err := requestOf(f)
	if err != nil {
		return Version{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client := newClient(policy)
	defer client.CloseIdleConnections()
	addresses, err := addressesOf(f)
	var errs []error
	for _, base := range addresses {
		v, err := get(ctx, client, base, request)
		if err == nil {
			return v, nil
		}
		errs = append(errs, err)
		if opErr, ok := errors.AsType[*net.OpError](err); !ok || opErr.Op != "dial" {
			break // it answered: the dependency itself would answer no better
		}
	}
	return Version{}, errors.Join(append(errs, err)...)
}

// ReadFile reads a version from a file.
func ReadFile(path string) (Version, error) {
	text, err := atomicfile.ReadRegular(path, mostBytes)
	if err != nil {
		return Version{}, err
	}
	return newVersion(text, path)
}

func newVersion(text []byte, source string) (Version, error) {
	if !utf8.Valid(text) {
		return Version{}, fmt.Errorf("%s: it is not UTF-8 text", source)
	}
	return Version{string(text), source}, nil
}

// A request is what is asked for.
type request struct {
	path    string
	host    string
	headers map[string]string
}

// requestOf is a request that the fault is about.
func requestOf(f plan.Fault) (request, error) {
	match := f.Bare().Group("match")
	r := request{headers: match.Table("headers")}
	paths := match.Texts("path")
	if i := slices.IndexFunc(paths, func(path string) bool { return !strings.Contains(path, "*") }); i >= 0 {
		r.path = paths[i]
	}
	if r.path == "" {
		return r, fmt.Errorf("%w: the fault does not say which path it is about: write match: {path: /PATH}", ErrUnknown)
	}
	if methods := match.Texts("method"); len(methods) > 0 && !slices.Contains(methods, http.MethodGet) {
		return r, fmt.Errorf("%w: the fault is about %s requests, and only a GET changes nothing", ErrUnknown, methods[len(methods)-1])
	}
	if len(match.Group("baggage")) > 0 {
		return r, fmt.Errorf("%w: the fault is about requests with baggage, which each journey has its own of", ErrUnknown)
	}
	if to, err := url.Parse(f.Upstream); err == nil {
		r.host = to.Host
	}
	return r, nil
}

// addressesOf are the URLs at which the dependency answers: through its proxy, and without.
func addressesOf(f plan.Fault) (list []string, err error) {
	if host, port, err := net.SplitHostPort(f.Listen); err == nil && port != "0" {
		if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
			host = "localhost"
		}
		list = append(list, "http://"+net.JoinHostPort(host, port))
	}
	if scheme, _, ok := strings.Cut(f.Upstream, "://"); ok && (scheme == "http" || scheme == "https") {
		list = append(list, strings.TrimRight(f.Upstream, "/"))
	}
	if len(list) == 0 {
		err = fmt.Errorf("%w: nobody knows where %s answers", ErrUnknown, f.Into)
	}
	return list, err
}

func newClient(policy hosts.Policy) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DialContext: hosts.Dialer{Policy: policy, Timeout: timeout}.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func get(ctx context.Context, client *http.Client, base string, r request) (Version, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+r.path, nil)
	if err != nil {
		return Version{}, err
	}
	req.Host = r.host
	for name, value := range r.headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", "blastgauge")
	req.Header.Set("Blastgauge-Probe", "1")
	resp, err := client.Do(req)
	if err != nil {
		return Version{}, err
	}
	defer func() { _ = resp.Body.Close() }() // what was needed of it was read
	if resp.StatusCode != http.StatusOK {
		return Version{}, fmt.Errorf("GET %s: status %d", req.URL.Redacted(), resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostBytes+1))
	switch {
	case err != nil:
		return Version{}, fmt.Errorf("GET %s: %w", req.URL.Redacted(), err)
	case len(text) > mostBytes:
		return Version{}, fmt.Errorf("GET %s: the document has more than %d MiB", req.URL.Redacted(), mostBytes>>20)
	}
	return newVersion(text, req.URL.Redacted())
}
