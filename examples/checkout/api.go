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

// An upstreamError is a dependency that did not do what it was asked to do.
type upstreamError struct {
	dependency string
	status     int // of its answer; 0: there was none
	err        error
}

func (e *upstreamError) Error() string { return e.dependency + ": " + e.err.Error() }
func (e *upstreamError) Unwrap() error { return e.err }

// A request is one question to a dependency.
type request struct {
	method, path string
	body         any // sent as JSON; nil: none
	answer       any // what a 2xx answer is decoded into; nil: it is ignored
}

func get(path string, answer any) request        { return request{http.MethodGet, path, nil, answer} }
func post(path string, body, answer any) request { return request{http.MethodPost, path, body, answer} }
func put(path string, body any) request          { return request{http.MethodPut, path, body, nil} }

// call sends a request once. Every error is an *upstreamError.
func (a *api) call(ctx context.Context, tag baggage, r request) error {
	a.calls.Add(1)
	fail := func(status int, err error) error { return &upstreamError{a.name, status, err} }
	req, err := a.newRequest(ctx, tag, r)
	if err != nil {
		return fail(0, err)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return fail(0, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read, or its error is reported
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fail(0, err)
	}
	if resp.StatusCode/100 != 2 {
		return fail(resp.StatusCode, fmt.Errorf("%s %s answered %s", r.method, r.path, resp.Status))
	}
	if r.answer == nil {
		return nil
	}
	if err := json.Unmarshal(body, r.answer); err != nil {
		return fail(resp.StatusCode, fmt.Errorf("%s %s: answer cannot be read: %w", r.method, r.path, err))
	}
	return nil
}

func (a *api) newRequest(ctx context.Context, tag baggage, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, a.base+r.path, body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
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

// permanent reports whether asking again cannot help: the dependency answered that
// the request is wrong.
func permanent(err error) bool {
	up, ok := errors.AsType[*upstreamError](err)
	return ok && up.status/100 == 4
}
