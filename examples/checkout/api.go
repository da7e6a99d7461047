package checkout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// baggage is the W3C header of that name as it came in. Every call made on
// behalf of a request carries it on, so that a fault can be limited to the
// requests of one arm.
type baggage string

func baggageOf(r *http.Request) baggage {
	var all string
	for _, v := range r.Header.Values("Baggage") {
		if all != "" {
			all += ","
		}
		all += v
	}
	return baggage(all)
}

// An api is one dependency as one caller sees it.
type api struct {
	name  string // the dependency
	base  string // http://host:port, without a slash at the end
	http  *http.Client
	calls *atomic.Int64 // attempts sent
}

// An upstreamError says that a dependency did not do what it was asked.
type upstreamError struct {
	dependency string
	status     int // what it answered; 0: nothing
	err        error
}

func (e *upstreamError) Error() string { return e.dependency + ": " + e.err.Error() }
func (e *upstreamError) Unwrap() error { return e.err }

// call sends in as JSON (nil: no body) and decodes a 2xx answer into out (nil:
// ignored). Every error is an *upstreamError.
func (a *api) call(ctx context.Context, tag baggage, method, path string, in, out any) error {
	a.calls.Add(1)
	fail := func(status int, err error) error { return &upstreamError{a.name, status, err} }
	req, err := a.request(ctx, tag, method, path, in)
	if err != nil {
		return fail(0, err)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return fail(0, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fail(0, err)
	}
	if resp.StatusCode/100 != 2 {
		return fail(resp.StatusCode, fmt.Errorf("%s %s answered %s", method, path, resp.Status))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fail(resp.StatusCode, fmt.Errorf("%s %s: answer cannot be read: %w", method, path, err))
	}
	return nil
}

func (a *api) request(ctx context.Context, tag baggage, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if tag != "" {
		req.Header.Set("Baggage", string(tag))
	}
	return req, nil
}

// newTransport pools connections for one caller on one route. A dialTimeout of
// 0 waits for ever. Proxies of the environment are ignored: all is loopback.
func newTransport(dialTimeout time.Duration) *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 64, // the default of 2 ends in a storm of TIME_WAIT
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
}

// permanent says that asking again cannot help: the dependency answered, and
// blames the question.
func permanent(err error) bool {
	up, ok := errors.AsType[*upstreamError](err)
	return ok && up.status/100 == 4
}
