package gateway

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxStreams is how many requests an HTTP/2 client may have under way at once.
const maxStreams = 1000

// eagerStreams is how many requests go to a dependency that has not said yet how
// many it takes at once. There are hardly any that take fewer, and what is refused
// because there are too many could not be told from a failure.
const eagerStreams = 10

// serveHTTP2 serves the rest of a connection on which the client turned out to
// speak HTTP/2. What has been read so far goes first, on both sides.
func (c *conn) serveHTTP2() {
	r, w := io.Pipe()
	defer r.Close()
	c.queue.speaksHTTP2(w)
	opening := newOpening()
	s := &session{
		opened:   opening.read,
		gateway:  c.gateway,
		client:   &resumed{Conn: c.client, rest: c.up.ahead(), done: make(chan struct{})},
		upstream: &upstreamConn{Upstream: c.upstream, read: r, opening: opening},
		requests: newCrowd(),
		calls:    c.calls,
	}
	if err := s.serve(c.ctx); err != nil {
		c.gateway.log.Warn("an HTTP/2 connection cannot be served", "upstream", c.gateway.options.Address, "error", err)
		reset(c.client)
	}
}

// A session is a client's HTTP/2 connection, and the one to the dependency that
// belongs to it. There is no pool and nothing is tried twice.
type session struct {
	gateway  *Gateway
	client   *resumed
	upstream *upstreamConn
	to       *http.ClientConn
	server   *http.Server
	requests *crowd // those that can still be answered
	calls    *caller
	opened   <-chan struct{} // closed when the dependency has said what it takes
}

// serve returns when either side has gone.
func (s *session) serve(ctx context.Context) (err error) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols: protocols, DisableCompression: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return s.upstream, nil },
	}
	if s.to, err = transport.NewClientConn(ctx, "http", s.gateway.options.Address); err != nil {
		return err
	}
	defer s.to.Close()
	s.server = &http.Server{
		Handler: s, Protocols: protocols,
		HTTP2:       &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(io.Discard, "", 0),
	}
	gone, over := make(chan struct{}, 1), make(chan struct{}) // the upstream, this session
	s.to.SetStateHook(func(to *http.ClientConn) {
		if to.Err() != nil {
			select {
			case gone <- struct{}{}:
			default: // once is enough
			}
		}
	})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-gone:
			s.end()
		case <-over:
		}
	})
	s.server.Serve(&once{conn: s.client})
	s.to.SetStateHook(nil)
	s.client.Close()
	close(over)
	watch.Wait()
	s.requests.empty() // soon: the contexts of all are over
	return nil
}

// end ends the client's connection as the dependency ended its own. A client that
// waits for nothing is told to come back on another one; the others shall see what
// they would without us, a connection that ends.
func (s *session) end() {
	if !orderly(s.upstream.err()) {
		reset(s.client.Conn)
		s.client.Close()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lingerTime)
	defer cancel()
	if s.requests.settle(ctx) == 0 {
		s.server.Shutdown(ctx)
	}
	s.client.Close()
}

// ServeHTTP passes a request on, with what faults make of it.
func (s *session) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.call()
	v := s.requests.enter()
	defer v.leave()
	if v.inside > eagerStreams {
		select {
		case <-s.opened:
		case <-r.Context().Done():
		}
	}
	early, late := s.gateway.meet(call{r}).split()
	for _, a := range early {
		switch {
		case !a.Begins():
		case a.waits():
			if !a.Wait(r.Context()) {
				late.giveBack()
				breakStream()
			}
		default:
			late.giveBack()
			hearOut(w, r)
			a.instead(w)
			return
		}
	}
	var informed interim
	out := outgoing(w, r, &informed)
	var document *wanted
	if len(late.documents()) > 0 {
		document = wants(out, r.RequestURI, s.client.RemoteAddr())
	}
	res, err := s.to.RoundTrip(out)
	informed.end()
	if err != nil {
		late.giveBack()
		s.broken(r, v)
	}
	defer res.Body.Close()
	d := delivery{w: w, res: res, toHEAD: r.Method == http.MethodHead, document: document}
	if !d.harm(r.Context(), late) && d.run() != nil {
		s.broken(r, v)
	}
}

// hearOut reads a request that ends with trailers, for a while: those that come
// when the stream is over already are an error of the whole connection to
// net/http's server, and would cost other requests theirs.
func hearOut(w http.ResponseWriter, r *http.Request) {
	if len(r.Trailer) == 0 || r.Header.Get("Expect") != "" {
		return
	}
	if http.NewResponseController(w).SetReadDeadline(time.Now().Add(settleTime)) == nil {
		io.CopyN(io.Discard, r.Body, drainLimit) //nolint:errcheck // how it ends does not matter
	}
}

// broken ends a request that the dependency did not answer in full: together with
// the connection if that is what broke, and alone otherwise.
func (s *session) broken(r *http.Request, v *visit) {
	if s.to.Err() != nil {
		v.lose()
		<-r.Context().Done() // end closes the connection
	}
	breakStream()
}

// A crowd is requests under way.
type crowd struct {
	mu      sync.Mutex
	changed sync.Cond
	inside  int
	lost    int // of those inside, that have nothing to say any more
}

func newCrowd() *crowd {
	c := &crowd{}
	c.changed.L = &c.mu
	return c
}

// A visit is one of them.
type visit struct {
	crowd  *crowd
	inside int // with this one, when it came
	lost   bool
}

func (c *crowd) enter() *visit {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside++
	return &visit{crowd: c, inside: c.inside}
}

func (v *visit) leave() {
	v.crowd.mu.Lock()
	defer v.crowd.mu.Unlock()
	v.crowd.inside--
	if v.lost {
		v.crowd.lost--
	}
	v.crowd.changed.Broadcast()
}

func (v *visit) lose() {
	v.crowd.mu.Lock()
	defer v.crowd.mu.Unlock()
	v.lost = true
	v.crowd.lost++
	v.crowd.changed.Broadcast()
}

// settle waits until all that are inside are lost, and says how many those are.
// When ctx ends it waits no longer.
func (c *crowd) settle(ctx context.Context) (lost int) {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.inside > c.lost && ctx.Err() == nil {
		c.changed.Wait()
	}
	return c.lost
}

// empty waits until none is inside.
func (c *crowd) empty() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.inside > 0 {
		c.changed.Wait()
	}
}
