package http

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
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
	defer func() { _ = r.Close() }() // it has no error to give
	c.queue.setHTTP2(w)
	opening := newOpening()
	s := &session{
		proxy:     c.proxy,
		client:    newClientConn(&stream.Prefixed{Conn: c.client, Prefix: c.up.Ahead()}),
		upstream:  &upstreamConn{Upstream: c.upstream, read: r, opening: opening},
		inFlight:  newTracker(),
		countCall: c.countCall,
		opened:    opening.read,
	}
	if err := s.serve(c.ctx); err != nil {
		c.proxy.Log.Warn("an HTTP/2 connection cannot be served", "upstream", c.proxy.Address, "error", err)
		stream.Reset(c.client)
	}
}

// A session is a client's HTTP/2 connection, and the one to the dependency that
// belongs to it. There is no pool and nothing is tried twice.
type session struct {
	proxy     *Proxy
	client    *clientConn
	upstream  *upstreamConn
	to        *http.ClientConn
	server    *http.Server
	inFlight  *tracker
	countCall func()
	opened    <-chan struct{} // closed when the dependency has said how many requests it takes at once
}

// serve returns when either side has gone.
func (s *session) serve(ctx context.Context) (err error) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols: protocols, DisableCompression: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return s.upstream, nil },
	}
	if s.to, err = transport.NewClientConn(ctx, "http", s.proxy.Address); err != nil {
		return err
	}
	defer func() { _ = s.to.Close() }() // the upstream remembers how it ended
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
			s.endClient()
		case <-over:
		}
	})
	_ = s.server.Serve(&singleListener{conn: s.client}) // always ends with the one connection
	s.to.SetStateHook(nil)
	_ = s.client.Close() // both sides are over
	close(over)
	watch.Wait()
	s.inFlight.waitForAll() // soon: the contexts of all are over
	return nil
}

// endClient ends the client's connection as the dependency ended its own. A client that
// waits for nothing is told to come back on another one; the others shall see what they
// would without the proxy, a connection that ends.
func (s *session) endClient() {
	defer func() { _ = s.client.Close() }() // it is over
	if !stream.Orderly(s.upstream.err()) {
		stream.Reset(s.client.Conn)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stream.LingerTime)
	defer cancel()
	if s.inFlight.waitForAnswers(ctx) == 0 {
		_ = s.server.Shutdown(ctx) // else the connection is closed all the same
	}
}

// ServeHTTP passes a request on, with what faults make of it.
func (s *session) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.countCall()
	t := s.inFlight.start()
	defer t.end()
	if t.count > eagerStreams {
		select {
		case <-s.opened:
		case <-r.Context().Done():
		}
	}
	early, late := s.proxy.hit(http2Request{r}).split()
	if s.applyEarly(w, r, early, late) {
		return
	}
	var informed interim
	out := outgoing(w, r, &informed)
	var document *documentRequest
	if len(late.onDocuments()) > 0 {
		document = askForDocument(out, r.RequestURI, s.client.RemoteAddr())
	}
	res, err := s.to.RoundTrip(out)
	informed.end()
	if err != nil {
		late.giveBack()
		s.breakRequest(r, t)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	d := delivery{w: w, res: res, toHEAD: r.Method == http.MethodHead, document: document}
	if !d.applyLate(r.Context(), late) && d.send() != nil {
		s.breakRequest(r, t)
	}
}

// applyEarly does what faults want before the dependency sees a request. It is true when
// the dependency is not to see it: late is given back then. It may not return.
func (s *session) applyEarly(w http.ResponseWriter, r *http.Request, early, late hits) (answered bool) {
	for _, f := range early {
		switch {
		case !f.Apply():
		case delays(f):
			if !f.Delay(r.Context()) {
				late.giveBack()
				breakStream()
			}
		default:
			late.giveBack()
			drainRequest(w, r)
			f.Rule.answerInstead(w)
			return true
		}
	}
	return false
}

// drainRequest reads a request that ends with trailers, for a while: those that come
// when the stream is over already are an error of the whole connection to
// net/http's server, and would cost other requests theirs.
func drainRequest(w http.ResponseWriter, r *http.Request) {
	if len(r.Trailer) == 0 || r.Header.Get("Expect") != "" {
		return
	}
	if http.NewResponseController(w).SetReadDeadline(time.Now().Add(settleTime)) == nil {
		_, _ = io.CopyN(io.Discard, r.Body, drainLimit) // how it ends does not matter
	}
}

// breakRequest ends a request that the dependency did not answer in full: together with
// the connection if that is what broke, and alone otherwise.
func (s *session) breakRequest(r *http.Request, t *tracked) {
	if s.to.Err() != nil {
		t.lose()
		<-r.Context().Done() // endClient closes the connection
	}
	breakStream()
}

// A tracker counts the requests in flight on one connection.
type tracker struct {
	mu       sync.Mutex
	changed  sync.Cond
	inFlight int
	lost     int // of those, how many cannot be answered any more
}

func newTracker() *tracker {
	t := &tracker{}
	t.changed.L = &t.mu
	return t
}

// A tracked request is one of them.
type tracked struct {
	tracker *tracker
	count   int // in flight, with this one, when it came
	lost    bool
}

// start counts a request.
func (t *tracker) start() *tracked {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight++
	return &tracked{tracker: t, count: t.inFlight}
}

// end is called when the request is over.
func (r *tracked) end() {
	r.tracker.mu.Lock()
	defer r.tracker.mu.Unlock()
	r.tracker.inFlight--
	if r.lost {
		r.tracker.lost--
	}
	r.tracker.changed.Broadcast()
}

// lose notes that the request cannot be answered any more.
func (r *tracked) lose() {
	r.tracker.mu.Lock()
	defer r.tracker.mu.Unlock()
	r.lost = true
	r.tracker.lost++
	r.tracker.changed.Broadcast()
}

// waitForAnswers waits until all requests that can be answered are, and returns how many
// cannot. When ctx ends it waits no longer.
func (t *tracker) waitForAnswers(ctx context.Context) (lost int) {
	stop := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.changed.Broadcast()
	})
	defer stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.inFlight > t.lost && ctx.Err() == nil {
		t.changed.Wait()
	}
	return t.lost
}

// waitForAll waits until no request is in flight.
func (t *tracker) waitForAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.inFlight > 0 {
		t.changed.Wait()
	}
}
