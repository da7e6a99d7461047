package toxiproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A client speaks Toxiproxy's HTTP API. The official one knows no contexts and
// waits 30 s for a server that hangs; this one bounds every call, and makes one
// call at a time: concurrent changes have been seen to race in stock servers.
type client struct {
	base    string
	token   string
	timeout time.Duration
	http    *http.Client

	mu sync.Mutex
}

// A proxy as the API shows it. Ours is absent on a stock server.
type proxy struct {
	Name     string  `json:"name"`
	Listen   string  `json:"listen"`
	Upstream string  `json:"upstream"`
	Enabled  bool    `json:"enabled"`
	Toxics   []toxic `json:"toxics,omitempty"`
	Ours     *struct {
		Total     int64 `json:"total"`
		BytesUp   int64 `json:"bytes_up"`
		BytesDown int64 `json:"bytes_down"`
	} `json:"blastgauge,omitempty"`
}

// A toxic as the API shows it. Ours is absent on a stock server.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream,omitempty"`
	Toxicity   float64        `json:"toxicity"`
	Attributes map[string]any `json:"attributes"`
	Ours       *struct {
		Met int64 `json:"met"`
		Of  int64 `json:"of"`
	} `json:"blastgauge,omitempty"`
}

// An apiError is an answer that says no.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (HTTP %d)", e.message, e.status) }

// missing tells whether err says that the thing asked for does not exist.
func missing(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.status == http.StatusNotFound
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func newClient(o Options) *client {
	return &client{
		base:    strings.TrimSuffix(o.URL, "/"),
		token:   o.Token,
		timeout: o.Timeout,
		http: &http.Client{
			// A connection of its own for every call: a server that was frozen,
			// killed or replaced is met as it is, not through an old socket.
			Transport:     &http.Transport{DialContext: o.Dial, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 8 << 20

// call makes one request; in and out may be nil.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %s", c.timeout))
	defer cancel()
	if err := c.turn(ctx); err != nil {
		return c.failed(method, path, err)
	}
	defer c.mu.Unlock()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if in == nil {
		req.Body, req.ContentLength = nil, 0
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "blastgauge")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return c.failed(method, path, err)
	}
	defer resp.Body.Close()
	return c.read(ctx, resp, method, path, out)
}

// turn waits for the calls before this one, but not beyond ctx.
func (c *client) turn(ctx context.Context) error {
	for !c.mu.TryLock() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func (c *client) failed(method, path string, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("toxiproxy at %s: %s %s: %w", c.base, method, path, err)
}

func (c *client) read(ctx context.Context, resp *http.Response, method, path string, out any) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return c.failed(method, path, err)
	}
	if resp.StatusCode >= 300 {
		return c.failed(method, path, refusal(resp, text))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return c.failed(method, path, fmt.Errorf("the answer is not what a Toxiproxy says: %w", err))
	}
	return nil
}

// refusal reads the reason of a no. Servers under stress, and whatever else may
// listen there, answer with HTML.
func refusal(resp *http.Response, text []byte) *apiError {
	var body struct {
		Error string `json:"error"`
		Title string `json:"title"` // of older servers
	}
	e := &apiError{status: resp.StatusCode, message: http.StatusText(resp.StatusCode)}
	if json.Unmarshal(text, &body) == nil && body.Error+body.Title != "" {
		e.message = body.Error + body.Title
	}
	return e
}

func proxyPath(name string) string { return "/proxies/" + url.PathEscape(name) }

func toxicPath(proxy, name string) string {
	return proxyPath(proxy) + "/toxics/" + url.PathEscape(name)
}
