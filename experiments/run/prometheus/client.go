package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
)

const (
	dialTimeout = 5 * time.Second
	// mostBytes bounds an answer: that of ten thousand series and some scrapes takes ten
	// megabytes.
	mostBytes = 32 << 20
)

// errTooLarge is the error of an answer that is not read to its end.
var errTooLarge = fmt.Errorf("an answer of more than %d MB: select fewer series", mostBytes>>20)

// A client asks a Prometheus for raw samples. It dials only hosts that the system allows.
type client struct {
	api querier
	url string
}

// A querier is what is used of the API.
type querier interface {
	query(ctx context.Context, query string, at time.Time) (answer, error)
}

func newClient(s *experiments.System, getenv func(string) (string, bool)) (*client, error) {
	m := s.Measure
	t := &transport{RoundTripper: &http.Transport{
		DialContext:         hosts.Dialer{Policy: s.Hosts(), Timeout: dialTimeout}.DialContext,
		MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
	}}
	if m.Token != "" {
		name := strings.TrimSuffix(strings.TrimPrefix(m.Token, "${env:"), "}")
		token, _ := getenv(name)
		if token == "" {
			return nil, fmt.Errorf("the environment variable %s, the token of the Prometheus, is not set", name)
		}
		t.authorization = "Bearer " + token
	}
	var err error
	if t.home, err = url.Parse(m.Prometheus); err != nil {
		return nil, fmt.Errorf("measure.prometheus: %w", err)
	}
	return &client{&api{t.home, &http.Client{Transport: t}}, m.Prometheus}, nil
}

// A transport logs in, and bounds answers.
type transport struct {
	http.RoundTripper
	authorization string
	home          *url.URL // of the Prometheus: nobody else gets the token
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.authorization != "" {
		if r.URL.Scheme != t.home.Scheme || r.URL.Host != t.home.Host {
			return nil, fmt.Errorf("it redirects to %s://%s, which does not get its token: write that address under measure.prometheus if it is the right one", r.URL.Scheme, r.URL.Host)
		}
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", t.authorization)
	}
	resp, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &bounded{resp.Body, mostBytes}
	}
	return resp, err
}

// bounded is a body that fails beyond a bound.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// query asks. An answer with a warning is none: what stores several Prometheus together
// answers with a part where it does not reach all of them.
func (c *client) query(ctx context.Context, query string, at time.Time) (answer, error) {
	a, err := c.api.query(ctx, query, at)
	if err == nil && len(a.warnings) > 0 {
		err = fmt.Errorf("the answer may be a part alone: %.*s", mostMessage, a.warnings[0])
	}
	return a, err
}

// now is what time it is there.
func (c *client) now(ctx context.Context) (time.Time, error) {
	a, err := c.query(ctx, "time()", time.Time{})
	if err != nil {
		return time.Time{}, err
	}
	if a.kind != scalar || !(math.Abs(a.scalar) <= farthest) { // nor is it NaN
		return time.Time{}, errors.New("time() is no number: this is no Prometheus")
	}
	return time.UnixMilli(int64(a.scalar * 1000)), nil
}

// samples are those of a selector's series in the time before a moment there, as they were
// scraped. No function is applied: increase() guesses what was between the scrapes, and
// forgets the first sample of a series.
func (c *client) samples(ctx context.Context, selector string, at time.Time, before time.Duration) ([]labelled, error) {
	a, err := c.query(ctx, selector+"["+strconv.FormatInt(before.Milliseconds(), 10)+"ms]", at)
	if err != nil {
		return nil, err
	}
	if a.kind != matrix {
		return nil, fmt.Errorf("%s is no selector of series", selector)
	}
	for _, one := range a.matrix {
		for i := range one.samples {
			if one.samples[i].value < 0 { // no counter
				one.samples[i].value = math.NaN()
			}
		}
	}
	return a.matrix, nil
}

// labelled is a series as Prometheus names it.
type labelled struct {
	name    string
	labels  map[string]string
	samples []sample // the oldest first
}

func (l *labelled) label(name string) string { return l.labels[name] }

// target is what exposes the series: all its series are scraped at once.
func (l *labelled) target() string {
	return l.label("job") + " " + l.label("instance")
}

// edge is the upper edge of a bucket in seconds; false where the series is none.
func (l *labelled) edge() (float64, bool) {
	edge, err := strconv.ParseFloat(l.label("le"), 64)
	return edge, err == nil
}
