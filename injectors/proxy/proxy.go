package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// dialWithin bounds how long an upstream may take to accept a connection. Only
// the client that waits for it is held up.
const dialWithin = 10 * time.Second

// A proxy accepts connections at one address and carries them to another, under
// its toxics.
type proxy struct {
	name    string
	seed    uint64
	log     *slog.Logger
	buffers *buffers

	certificate *tls.Certificate // for clients; nil: its own
	roots       *x509.CertPool   // for upstreams; nil: the machine's

	counters counters

	// life is held while the proxy starts, stops or moves. Nothing that is under it
	// waits for a peer.
	life     sync.Mutex
	listener net.Listener // nil: disabled
	retired  bool         // for good: whoever still has the proxy cannot start it
	work     sync.WaitGroup

	mu        sync.Mutex // guards what is below; nobody waits under it
	listen    string     // as asked for, or as it is once the proxy listens
	upstream  target
	gateway   *gateway.Gateway // nil: only bytes are known
	certified certifier        // whom clients that speak TLS talk to
	enabled   bool
	set       *toxicSet
	toxicIDs  int64
	connIDs   uint64
	conns     map[*conn]struct{}
}

func newProxy(s *Server, in proxyInput) (*proxy, error) {
	upstream, err := parseTarget(in.Upstream)
	if err != nil {
		return nil, err
	}
	p := &proxy{
		name: in.Name, seed: seedOf(s.options.Seed, in.Name), log: s.log, buffers: &s.buffers,
		certificate: s.options.Certificate, roots: s.options.UpstreamRoots,
		listen: in.Listen, upstream: upstream, set: &toxicSet{}, conns: map[*conn]struct{}{},
	}
	p.gateway, p.certified, err = p.gatewayTo(in.Listen, upstream)
	return p, err
}

// seedOf makes the lots of one proxy independent of those of another.
func seedOf(seed uint64, name string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, name) // it has no error to give
	return seed ^ h.Sum64()
}

// gatewayTo makes the gateway in front of an upstream; nil where the protocol is
// not known.
func (p *proxy) gatewayTo(listen string, upstream target) (*gateway.Gateway, certifier, error) {
	if !upstream.speaks() {
		return nil, certifier{}, nil
	}
	o := gateway.Options{Scheme: upstream.scheme, Address: upstream.address, Query: upstream.query, Seed: p.seed, Calls: &p.counters.calls, Log: p.log}
	certified := certifierFor(p.certificate, p.name, listen, upstream)
	if upstream.scheme == "https" {
		o.ClientTLS = certified.config()
	}
	if upstream.scheme == "https" || upstream.scheme == "rediss" {
		o.UpstreamTLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.roots}
	}
	g, err := gateway.New(o)
	if err != nil {
		return nil, certified, errRefused("%v", err)
	}
	return g, certified, nil
}

// tell gives the gateway the toxics that are its own. The caller holds mu.
func (p *proxy) tell() {
	if p.gateway == nil {
		return
	}
	var faults []*gateway.Fault
	for _, t := range p.set.toxics {
		if t.message != nil {
			faults = append(faults, t.message)
		}
	}
	p.gateway.Set(faults)
}

func (p *proxy) messages() *gateway.Gateway {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gateway
}

func (p *proxy) identity() certifier {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.certified
}

func (p *proxy) goal() target {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.upstream
}

func (p *proxy) inForce() []*toxic {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set.toxics
}

func (p *proxy) view() proxyView {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := proxyView{Name: p.name, Listen: p.listen, Upstream: p.upstream.text, Enabled: p.enabled, Toxics: []toxicView{}, Counts: p.counters.view(p.gateway != nil)}
	for _, t := range p.set.toxics {
		v.Toxics = append(v.Toxics, t.view())
	}
	slices.SortStableFunc(v.Toxics, func(a, b toxicView) int { return cmp.Compare(a.direction, b.direction) }) // as Toxiproxy lists them
	return v
}

// start makes the proxy listen; one that does already goes on.
func (p *proxy) start() error {
	p.life.Lock()
	defer p.life.Unlock()
	return p.open()
}

// open is start for those who hold life.
func (p *proxy) open() error {
	switch {
	case p.retired:
		return errShuttingDown()
	case p.listener != nil:
		return nil
	}
	p.mu.Lock()
	address := p.listen
	p.mu.Unlock()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	p.listener = listener
	p.mu.Lock()
	p.listen, p.enabled = listener.Addr().String(), true
	p.mu.Unlock()
	p.work.Go(func() { p.accept(listener) })
	return nil
}

// retire closes the port and every connection for good, and waits for their
// goroutines.
func (p *proxy) retire() {
	p.life.Lock()
	defer p.life.Unlock()
	p.retired = true
	p.shut()
}

// shut closes the port and every connection, and waits for their goroutines. The
// caller holds life.
func (p *proxy) shut() {
	if p.listener == nil {
		return
	}
	p.listener.Close() // whatever it says, it accepts no more
	p.listener = nil
	p.mu.Lock()
	p.enabled = false
	conns := p.live()
	p.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
	p.work.Wait()
}

// quiesce closes the port, and leaves connections alone.
func (p *proxy) quiesce() {
	p.life.Lock()
	defer p.life.Unlock()
	if p.listener != nil {
		p.listener.Close()
	}
}

// live lists the connections. The caller holds mu.
func (p *proxy) live() []*conn {
	list := make([]*conn, 0, len(p.conns))
	for c := range p.conns {
		list = append(list, c)
	}
	return list
}

// update gives the proxy another address, upstream or state. Connections end
// where an address changes, as they do on Toxiproxy.
func (p *proxy) update(in proxyInput) error {
	upstream, err := parseTarget(in.Upstream)
	if err != nil {
		return err
	}
	p.life.Lock()
	defer p.life.Unlock()
	if p.differs(in) {
		if err := p.move(in.Listen, upstream); err != nil {
			return err
		}
	}
	if *in.Enabled {
		return p.open()
	}
	p.shut()
	return nil
}

// move stops the proxy and gives it another address or upstream. The caller holds
// life.
func (p *proxy) move(listen string, upstream target) error {
	g, certified, err := p.gatewayTo(listen, upstream)
	if err != nil {
		return err
	}
	for _, t := range p.inForce() {
		if err := upstream.takes(t); err != nil {
			return errRefused("%v; or remove the toxic first, %s", err, t.name)
		}
	}
	p.shut()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listen, p.upstream, p.gateway, p.certified = listen, upstream, g, certified
	p.tell()
	return nil
}

// accept serves clients until the listener is closed. What goes wrong for a
// moment, such as too many open files, is waited out.
func (p *proxy) accept(listener net.Listener) {
	for pause := time.Duration(0); ; {
		client, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			p.log.Warn("cannot accept", "proxy", p.name, "error", err)
			pause = min(max(2*pause, 5*time.Millisecond), 100*time.Millisecond)
			time.Sleep(pause)
			continue
		}
		pause = 0
		if c := p.admit(client.(*net.TCPConn)); c != nil {
			p.work.Go(func() { p.serve(c) })
		}
	}
}

// admit makes a connection of a client's socket, unless the proxy has stopped.
func (p *proxy) admit(client *net.TCPConn) *conn {
	p.counters.total.Add(1)
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.enabled {
		cancel()
		hangUp(client, true)
		return nil
	}
	p.connIDs++
	c := &conn{id: p.connIDs, proxy: p, client: client, ctx: ctx, cancel: cancel}
	p.conns[c] = struct{}{}
	p.counters.open.Add(1)
	return c
}

// serve carries one connection to its end.
func (p *proxy) serve(c *conn) {
	defer func() {
		c.finish()
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
		p.counters.open.Add(-1)
	}()
	p.mu.Lock()
	set := p.set
	p.mu.Unlock()
	if c.apply(set) {
		p.counters.refused.Add(1)
		p.counters.calls.Add(1)
		return
	}
	c.carry()
}

// dial reaches the upstream.
func (p *proxy) dial(ctx context.Context) (*net.TCPConn, error) {
	p.mu.Lock()
	address := p.upstream.address
	p.mu.Unlock()
	upstream, err := (&net.Dialer{Timeout: dialWithin}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return upstream.(*net.TCPConn), nil
}

// change puts another list of toxics into force, and gives it to every
// connection. It is not over before all of them act under it.
func (p *proxy) change(next func(now []*toxic) ([]*toxic, error)) error {
	p.mu.Lock()
	toxics, err := next(slices.Clone(p.set.toxics))
	if err != nil {
		p.mu.Unlock()
		return err
	}
	set := &toxicSet{version: p.set.version + 1, toxics: toxics}
	p.set = set
	p.tell()
	conns := p.live()
	p.mu.Unlock()
	for _, c := range conns {
		c.apply(set)
	}
	return nil
}

func (p *proxy) toxic(name string) (*toxic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := indexOf(p.set.toxics, name); i >= 0 {
		return p.set.toxics[i], nil
	}
	return nil, errToxicNotFound()
}

func (p *proxy) addToxic(t *toxic) error {
	return p.change(func(now []*toxic) ([]*toxic, error) {
		if indexOf(now, t.name) >= 0 {
			return nil, errToxicExists()
		}
		p.toxicIDs++
		t.id = p.toxicIDs
		return append(now, t), nil
	})
}

// updateToxic puts the toxic that a PATCH describes in the place of the one
// there.
func (p *proxy) updateToxic(name string, body []byte) (*toxic, error) {
	var changed *toxic
	err := p.change(func(now []*toxic) ([]*toxic, error) {
		i := indexOf(now, name)
		if i < 0 {
			return nil, errToxicNotFound()
		}
		t, err := now[i].changed(body)
		if err != nil {
			return nil, err
		}
		now[i], changed = t, t
		return now, nil
	})
	return changed, err
}

func (p *proxy) removeToxic(name string) error {
	return p.change(func(now []*toxic) ([]*toxic, error) {
		i := indexOf(now, name)
		if i < 0 {
			return nil, errToxicNotFound()
		}
		return slices.Delete(now, i, i+1), nil
	})
}

// removeToxics removes those that are meant, and says how many there were.
func (p *proxy) removeToxics(meant func(*toxic) bool) (n int) {
	p.mu.Lock()
	any := slices.ContainsFunc(p.set.toxics, meant)
	p.mu.Unlock()
	if !any {
		return 0
	}
	_ = p.change(func(now []*toxic) ([]*toxic, error) { // it has no error to give
		n = len(now)
		now = slices.DeleteFunc(now, meant)
		n -= len(now)
		return now, nil
	})
	return n
}

func indexOf(toxics []*toxic, name string) int {
	return slices.IndexFunc(toxics, func(t *toxic) bool { return t.name == name })
}

// differs tells whether a proxy is not the one that is asked for. Addresses are
// compared as they resolve: a proxy asked to listen at localhost does so at
// 127.0.0.1.
func (p *proxy) differs(in proxyInput) bool {
	p.mu.Lock()
	listen, upstream := p.listen, p.upstream.text
	p.mu.Unlock()
	return upstream != in.Upstream || listen != in.Listen && resolved(listen) != resolved(in.Listen)
}

func resolved(address string) string {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return fmt.Sprintf("%q: %v", address, err)
	}
	return a.String()
}
