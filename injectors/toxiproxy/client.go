package toxiproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/redact"
)

// Largest answers that are read.
const (
	maxAnswer = 16 << 20 // thousands of proxies with their toxics
	maxError  = 64 << 10
)

// A StatusError is an answer with a status other than 2xx.
type StatusError struct {
	Method, Path string
	Status       int
	Message      string // the server's message, or an excerpt of its answer
	api          bool   // the answer has the shape of Toxiproxy's errors
	block        *Block // that a person has put on the server; nil: the answer tells of none
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	switch e.Status {
	case http.StatusUnauthorized:
		text += " (the server wants a bearer token)"
	case http.StatusServiceUnavailable:
		if !e.api {
			text += " (the server, or a gateway in front of it, gave up on the call)"
		}
	}
	return text
}

// isMissing reports whether the server says, in Toxiproxy's words, that it has no such
// proxy, toxic or lease. Any other 404 comes from something that is not a Toxiproxy.
// By itself it proves nothing about a fault, see [Driver.removeWherever].
func isMissing(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	if !ok || e.Status != http.StatusNotFound || !e.api {
		return false
	}
	switch strings.ToLower(e.Message) { // servers before 2.0 capitalize them
	case "proxy not found", "toxic not found", "lease not found", "block not found":
		return true
	}
	return false
}

func isConflict(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Status == http.StatusConflict
}

// A client calls one control API. Each call has its own connection, so that a
// server that has stopped answering is noticed at once and not when an idle
// connection is used again.
type client struct {
	base    string // without a trailing slash
	shown   string // base as errors show it, without credentials
	bad     error  // what is wrong with the URL
	token   string
	hidden  *redact.Secrets // the token, and the credentials in the URL
	timeout time.Duration
	http    http.Client

	mu    sync.Mutex
	turns map[string]chan struct{} // by proxy; a channel holds a value while a call is under way
}

func newClient(o Options) *client {
	c := &client{token: o.Token, timeout: o.Timeout, hidden: &redact.Secrets{}, turns: map[string]chan struct{}{}}
	c.hidden.Hide(o.Token, redact.Hidden)
	c.hidden.HideURL(o.URL)
	c.http = http.Client{
		Transport: &http.Transport{
			DialContext:            o.Dial,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxError,
		},
		// A redirect would lead past the caller's idea of which server this is.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.bad = errors.New("not a URL such as http://127.0.0.1:8474")
	case redact.HasLogin(o.URL) && !strings.Contains(o.URL, "@") && !strings.Contains(o.URL, "%40"): // no login, and nothing that is sent
		c.bad = errors.New("not a URL such as http://127.0.0.1:8474: it has no parameters, and the bearer token is a flag of its own, --token-file or --token-env")
	case u.User == nil && redact.HasLogin(o.URL), strings.Contains(u.Path+u.RawQuery+u.Fragment, "@"): // else a piece of a password was the host
		c.bad = errors.New("not a URL such as http://127.0.0.1:8474: what stands before the host holds one of / ? # that is not escaped")
	}
	if c.bad != nil {
		c.shown = redact.Logins(c.printable(o.URL))
		return c
	}
	u.RawQuery, u.Fragment = "", ""
	c.base, c.shown = strings.TrimRight(u.String(), "/"), strings.TrimRight(u.Redacted(), "/")
	return c
}

// errorf returns an error that names the server. Every error of a driver does.
func (c *client) errorf(format string, args ...any) error {
	return fmt.Errorf("toxiproxy at "+strings.ReplaceAll(c.shown, "%", "%%")+": "+format, args...)
}

// A request is one call.
type request struct {
	method, path string
	body         any // sent as JSON; nil: none
}

// call makes a request about a proxy and decodes the answer into out, unless out is
// nil. Calls about one proxy wait for one another. Calls about different proxies do
// not, so that a server that hangs on one proxy does not delay the removal of faults
// from the others. A call with proxy "" waits for no other call.
func (c *client) call(ctx context.Context, proxy string, r request, out any) error {
	body, err := c.raw(ctx, proxy, r)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return c.errorf("%s %s: the answer is not what a Toxiproxy answers: %w: %q", r.method, r.path, err, c.excerpt(redact.Kept(body)))
	}
	return nil
}

// raw makes a request like call, and returns the body of the answer.
func (c *client) raw(ctx context.Context, proxy string, r request) ([]byte, error) {
	if c.bad != nil {
		return nil, c.errorf("%w", c.bad)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %s", c.timeout))
	defer cancel()
	done, err := c.takeTurn(ctx, proxy)
	if err != nil {
		return nil, c.errorf("%s %s: an earlier call about %s is still waiting: %w", r.method, r.path, proxy, err)
	}
	defer done()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	body, err := c.exchange(ctx, r)
	if _, answered := errors.AsType[*StatusError](err); answered {
		return nil, c.errorf("%w", err)
	} else if err != nil {
		if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", cause, ctx.Err())
			if errors.Is(cause, ctx.Err()) {
				err = cause
			}
		}
		// What broke the connection may be repeated in the error.
		err = c.errorf("%s %s: %w", r.method, r.path, c.hidden.Error(err, maxReason))
		if !connected.Load() {
			err = unsentError{err}
		}
		return nil, err
	}
	return body, nil
}

// An unsentError is of a request that the server cannot have got: there was no connection.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

// takeTurn waits until no other call about the proxy is under way. The caller calls
// done when its own call is over.
func (c *client) takeTurn(ctx context.Context, proxy string) (done func(), err error) {
	if proxy == "" {
		return func() {}, nil
	}
	c.mu.Lock()
	busy, ok := c.turns[proxy]
	if !ok {
		busy = make(chan struct{}, 1)
		c.turns[proxy] = busy
	}
	c.mu.Unlock()
	select {
	case busy <- struct{}{}:
		return func() { <-busy }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *client) exchange(ctx context.Context, r request) ([]byte, error) {
	var payload io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, payload)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "blastgauge")
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the caller names method and URL, and leaves credentials out
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // the answer has been read
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.statusError(r, resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer is longer than %d MB", maxAnswer>>20)
	}
	if err == nil && r.method == http.MethodDelete && resp.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("the answer is %s and not 204, as a Toxiproxy's: %q", c.printable(resp.Status), c.excerpt(redact.Kept(body)))
	}
	return body, err
}

// statusError makes an error of an answer with a status other than 2xx. The body may
// be Toxiproxy's JSON, the HTML of a handler that timed out, or a page of any other
// server.
func (c *client) statusError(r request, resp *http.Response) *StatusError {
	e := &StatusError{Method: r.method, Path: r.path, Status: resp.StatusCode}
	answer, _ := redact.ReadAll(resp.Body, maxError) // what could be read before an error is still worth showing
	var api struct {
		Error string `json:"error"`
		Title string `json:"title"` // of servers before 2.0
		Block *Block `json:"block"`
	}
	if json.Unmarshal(answer.Bytes(), &api) == nil && api.Error+api.Title != "" {
		e.Message, e.api, e.block = c.printable(api.Error+api.Title), true, c.printableBlock(api.Block)
		return e
	}
	e.Message = c.excerpt(answer)
	return e
}

var (
	titleForm = regexp.MustCompile(`(?is)<title>(.*?)</title>`)
	tagForm   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// excerpt returns the beginning of an answer as plain text on one line. What is
// hidden is hidden first: a secret may look like a tag.
func (c *client) excerpt(answer *redact.Output) string {
	text := answer.Text(c.hidden, maxError)
	if m := titleForm.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	return c.printable(strings.Join(strings.Fields(tagForm.ReplaceAllString(text, " ")), " "))
}

// maxText is how many bytes of a server's text are shown, before the mark of a cut.
const maxText = 197

// maxReason is how many bytes of the reason are shown for which a call failed. It may
// hold an excerpt of an answer.
const maxReason = 3 * maxText

// printable returns a server's text in a form that is safe to show: without the
// client's credentials, short, on one line, and without control sequences for a
// terminal.
func (c *client) printable(text string) string { return c.hidden.Plain(text, maxText) }
