package httpclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/site"
)

const (
	maxBody         = 8 << 20 // bytes of a response, before and after uncompressing
	defaultMaxConns = 10_000
	maxTLSSessions  = 64  // kept, so that new connections resume them
	maxEndpoints    = 256 // beside the entry: answers say which there are
	userAgent       = "blastgauge"
)

// Options configures a client. Base is required.
type Options struct {
	Base     string              // the entry URL that paths are below
	Names    []string            // other URLs that mean the system as well: they lead to Base
	Direct   bool                // URLs lead where they say, but for those of Base
	Host     string              // Host header of requests to Base; empty: that of Base
	TLS      *experiments.TLS    // of connections; nil: the machine's authorities
	Dir      string              // that TLS.CAFile is relative to
	Hosts    hosts.Policy        // which hosts may be dialled; the zero value: this machine
	Headers  []experiments.Field // of every request
	MaxConns int                 // 0 means 10,000

	// Dial opens a connection. Nil: a dialer that asks Hosts about every address. Another
	// one is for tests that run in fake time.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Client sends HTTP/1.1 requests, once each: it never retries, follows no
// redirect and hides no reset. It keeps connections alive for up to a second.
type Client struct {
	site     *site.Site
	base     *endpoint
	headers  []experiments.Field
	hosts    hosts.Policy
	roots    *x509.CertPool
	maxConns int64
	conns    atomic.Int64
	decoders decoders
	dial     func(ctx context.Context, network, address string) (net.Conn, error)

	mu        sync.Mutex
	endpoints map[string]*endpoint // by scheme, name and port, for absolute URLs
	closed    bool
}

// New returns a client. It dials nothing. The error is of class
// [experiments.ErrRefused] where the host of Base is not allowed by name.
func New(o Options) (*Client, error) {
	c := &Client{hosts: o.Hosts, headers: o.Headers, endpoints: map[string]*endpoint{}, maxConns: int64(cmp.Or(o.MaxConns, defaultMaxConns))}
	if c.dial = o.Dial; c.dial == nil {
		c.dial = hosts.Dialer{Policy: o.Hosts}.DialContext
	}
	serverName := ""
	if o.TLS != nil {
		serverName = o.TLS.ServerName
		if err := c.addAuthorities(*o.TLS, o.Dir); err != nil {
			return nil, err
		}
	}
	var err error
	if c.site, err = o.Site(); err != nil {
		return nil, err
	}
	c.base = c.newEndpoint(c.site.Entry(), serverName)
	if err := c.hosts.CheckName(c.base.host); err != nil {
		return nil, err
	}
	return c, nil
}

// Site says where the client's targets lead.
func (o *Options) Site() (*site.Site, error) {
	s, err := site.Direct(o.Base, o.Host)
	if !o.Direct {
		s, err = site.New(o.Base, o.Host, o.Names...)
	}
	if err != nil {
		return nil, fmt.Errorf("entry URL %s: %w", o.Base, err)
	}
	return s, nil
}

const maxAuthorities = 8 << 20 // bytes of their file

// addAuthorities trusts the authorities of a file beside those of the machine.
func (c *Client) addAuthorities(t experiments.TLS, dir string) error {
	if t.CAFile == "" {
		return nil
	}
	file := experiments.System{File: dir + string(os.PathSeparator)}
	pem, err := atomicfile.ReadRegular(file.Resolve(t.CAFile), maxAuthorities)
	if err != nil {
		return fmt.Errorf("tls.ca_file: %w", err)
	}
	if c.roots, err = x509.SystemCertPool(); err != nil {
		c.roots = x509.NewCertPool()
	}
	if !c.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("tls.ca_file: %s holds no certificate in PEM", t.CAFile)
	}
	return nil
}

func (c *Client) newEndpoint(at site.Place, serverName string) *endpoint {
	e := &endpoint{client: c, host: at.Name, port: at.Port}
	if at.Scheme == "https" {
		e.tls = &tls.Config{RootCAs: c.roots, ServerName: cmp.Or(serverName, e.host), MinVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1"}, ClientSessionCache: tls.NewLRUClientSessionCache(maxTLSSessions)}
	}
	return e
}

// Site says where targets lead.
func (c *Client) Site() *site.Site { return c.site }

// route returns where a target leads, and the endpoint there.
func (c *Client) route(target string) (*endpoint, site.Place, error) {
	at, err := c.site.Locate(target)
	if err != nil {
		return nil, at, err
	}
	if at.Own {
		return c.base, at, nil
	}
	e, err := c.endpoint(at)
	return e, at, err
}

// endpoint returns the endpoint of a place that is not the entry.
func (c *Client) endpoint(at site.Place) (*endpoint, error) {
	origin := at.Scheme + "://" + net.JoinHostPort(at.Name, at.Port)
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.endpoints[origin]; ok {
		return e, nil
	}
	e := c.newEndpoint(at, "")
	if err := c.hosts.CheckName(e.host); err != nil {
		return nil, err // it is not kept: refused hosts must not fill the memory
	}
	e.closed = c.closed
	if len(c.endpoints) >= maxEndpoints {
		c.dropEndpoint()
	}
	c.endpoints[origin] = e
	return e, nil
}

// dropEndpoint forgets any endpoint, and closes its connections when nobody uses them.
// One that is asked for again is made again.
func (c *Client) dropEndpoint() {
	for origin, e := range c.endpoints {
		e.close()
		delete(c.endpoints, origin)
		return
	}
}

// Close closes idle connections now, and those in use when their request ends.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.base.close()
	for _, e := range c.endpoints {
		e.close()
	}
}

// Connections returns how many connections are open.
func (c *Client) Connections() int { return int(c.conns.Load()) }

// Send sends req once and reads the answer whole. An error of class
// [experiments.ErrRefused] means that the target may not be dialled.
func (c *Client) Send(ctx context.Context, req *Request, resp *Response) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	to, at, err := c.route(req.Target)
	if err != nil {
		return err
	}
	conn, err := to.acquire(ctx, req.Deadline)
	if err != nil {
		return causeOr(ctx, err)
	}
	// A deadline in the past ends reads and writes that have begun, also those
	// inside TLS. If it cannot be set, the connection is closed already.
	unbind := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	reusable, err := c.exchange(conn, at, req, resp)
	if !unbind() {
		reusable = false // its deadline may still be set at any moment
	}
	if reusable {
		to.release(conn)
	} else {
		to.discard(conn)
	}
	if err != nil {
		return causeOr(ctx, err)
	}
	return nil
}

// causeOr returns the cause of the context's end; err where it has not ended.
func causeOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// exchange writes the request and reads the answer. It reports whether the
// connection can carry another request.
func (c *Client) exchange(conn *conn, at site.Place, req *Request, resp *Response) (reusable bool, err error) {
	if err := conn.SetDeadline(req.Deadline); err != nil {
		return false, err
	}
	wire := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(wire)
	c.writeTo(wire, at, req)
	if err = wire.Write(conn.out); err == nil {
		err = conn.out.Flush()
	}
	if err != nil && !isReset(err) {
		return false, explainError("sending", conn, err)
	}
	// A server may refuse a request before it has read all of it, and close the
	// connection: then the answer is there although sending failed, and users see it.
	ends, received := c.receive(conn, req, resp)
	if err != nil && (received != nil || !ends || resp.Status < 400) {
		return false, explainError("sending", conn, err)
	}
	if received != nil {
		return false, received
	}
	// Bytes beyond the answer would be taken for the next answer.
	return err == nil && ends && resp.head.lasting() && !wire.ConnectionClose() && conn.in.Buffered() == 0, nil
}

// receive reads the answer. It reports whether the answer has an end of its own.
func (c *Client) receive(conn *conn, req *Request, resp *Response) (ends bool, err error) {
	if _, err := conn.in.Peek(1); err != nil {
		return false, explainError("waiting for the answer", conn, err)
	}
	var bounds jsonpath.Bounds = jsonpath.Unbounded{}
	if req.Bounds != nil {
		bounds = req.Bounds
	}
	if ends, err = resp.read(conn.in, req.Method, bounds); err != nil {
		return false, explainError("reading the answer", conn, err)
	}
	return ends, resp.uncompress(&c.decoders, bounds)
}

// writeTo sets the request that fasthttp writes.
func (c *Client) writeTo(wire *fasthttp.Request, at site.Place, req *Request) {
	h := &wire.Header
	h.DisableNormalizing()
	h.SetNoDefaultContentType(true)
	h.SetMethod(req.Method)
	h.SetRequestURI(site.Escape(at.Path))
	h.SetHost(at.Host)
	h.SetUserAgent(userAgent)
	for _, f := range c.headers {
		h.Set(f.Name, f.Value)
	}
	for _, f := range req.Headers {
		if strings.EqualFold(f.Name, fasthttp.HeaderCookie) {
			// fasthttp would take the header apart, and leave out quotes and what it
			// takes for wrong.
			h.DisableSpecialHeader()
			h.Add(f.Name, f.Value)
			h.EnableSpecialHeader()
			continue
		}
		h.Add(f.Name, f.Value)
	}
	switch {
	case len(req.Files) > 0:
		wire.SetBodyStream(req.stream(), req.Size())
	case len(req.Body) > 0:
		wire.SetBodyRaw(req.Body)
	}
}

// Describe returns where a request of the client goes, and all headers that it
// carries. Nothing is sent.
func (c *Client) Describe(req *Request) (url string, headers []experiments.Field) {
	to, at, err := c.route(req.Target)
	if err != nil {
		return req.Target, req.Headers
	}
	usual := "80"
	if at.Scheme == "https" {
		usual = "443"
	}
	address := net.JoinHostPort(to.host, to.port)
	if to.port == usual {
		address = strings.TrimSuffix(address, ":"+usual)
	}
	headers = []experiments.Field{{Name: "Host", Value: at.Host}, {Name: "User-Agent", Value: userAgent}}
	return at.Scheme + "://" + address + site.Escape(at.Path), slices.Concat(headers, c.headers, req.Headers)
}
