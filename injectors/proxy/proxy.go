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
	"os"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// dialWithin is how long an upstream may take to accept a connection. Only the client
// of that connection waits.
const dialWithin = 10 * time.Second

// A proxy accepts connections at one address and carries them to another, under
// its toxics.
type proxy struct {
	name     string
	seed     uint64
	log      *slog.Logger
	buffers  *buffers
	server   *traffic // of all proxies of the server
	sessions *gateway.Sessions

	certificate *tls.Certificate // for clients; nil: its own
	roots       *x509.CertPool   // for upstreams; nil: the machine's

	counters counters

	// life is held while the proxy starts, stops or moves, or its toxics change, and never
	// while waiting for a peer. It guards what is below.
	life    sync.Mutex
	port    *listener // nil: disabled
	closed  bool      // for good: a call that still has the proxy cannot start it
	accepts sync.WaitGroup

	mu        sync.Mutex // guards what is below; never held while waiting
	listen    string     // as asked for, or as it is once the proxy listens
	at        string     // listen as asked for, with its host looked up and its port chosen
	upstream  target
	gateway   *gateway.Gateway // nil: only bytes are known
	certified certifier        // has the certificate for clients that speak TLS
	enabled   bool
	refusing  bool // the port refuses, so that connections are refused unseen
	set       *toxicSet
	toxicIDs  int64
	connIDs   uint64
	conns     map[*conn]struct{}
	served    *sync.WaitGroup // connections since the proxy moved last
}

// newProxy returns a proxy that leads nowhere yet.
func (s *Server) newProxy(name string) *proxy {
	return &proxy{
		name: name, seed: seedOf(s.options.Seed, name), log: s.log, buffers: &s.buffers, server: &s.traffic, sessions: &s.sessions,
		certificate: s.options.Certificate, roots: s.options.UpstreamRoots,
		set: &toxicSet{}, conns: map[*conn]struct{}{}, served: new(sync.WaitGroup), counters: counters{answers: newAnswerTimes()},
	}
}

// seedOf derives a proxy's seed, so that the samples of different proxies are
// independent.
func seedOf(seed uint64, name string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, name) // a hash returns no error
	return seed ^ h.Sum64()
}

// gatewayTo returns the gateway in front of an upstream, or nil when the upstream has
// no scheme that names a protocol.
func (p *proxy) gatewayTo(listen string, upstream target) (*gateway.Gateway, certifier, error) {
	if !upstream.hasProtocol() {
		return nil, certifier{}, nil
	}
	o := gateway.Options{Scheme: upstream.scheme, Address: upstream.address, Query: upstream.query, UpstreamRoots: p.roots, Seed: p.seed, Calls: &p.counters.calls, Sessions: p.sessions, Log: p.log}
	certified := newCertifier(p.certificate, p.name, listen, upstream)
	if upstream.offersTLS(p.certificate != nil) {
		o.ClientTLS = certified.config()
	}
	if gateway.BeginsWithTLS(upstream.scheme) {
		o.UpstreamTLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.roots}
	}
	g, err := gateway.New(o)
	if err != nil {
		return nil, certified, errRefused("%v", err)
	}
	return g, certified, nil
}

// updateGateway gives the gateway the message-level toxics. The caller holds mu.
func (p *proxy) updateGateway() {
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

func (p *proxy) currentGateway() *gateway.Gateway {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gateway
}

func (p *proxy) currentCertifier() certifier {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.certified
}

func (p *proxy) currentTarget() target {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.upstream
}

func (p *proxy) activeToxics() []*toxic {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set.toxics
}

func (p *proxy) view() proxyView {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := proxyView{Name: p.name, Listen: p.listen, Upstream: p.upstream.text, Enabled: p.enabled, Toxics: []toxicView{}, Counts: p.counters.view(p.gateway != nil), at: p.at}
	for _, t := range p.set.toxics {
		shown := t.view()
		shown.Extras.Refusing = p.refusing && t.refusesAll()
		v.Toxics = append(v.Toxics, shown)
	}
	slices.SortStableFunc(v.Toxics, func(a, b toxicView) int { return cmp.Compare(a.direction, b.direction) }) // as Toxiproxy lists them
	return v
}

// listenOn makes the proxy listen at a port, in the place of the one that it has. The
// caller holds life.
func (p *proxy) listenOn(port *listener) {
	if p.port != nil {
		_ = p.port.Close() // after an error, too, it accepts no more
	}
	p.port = port
	p.mu.Lock()
	p.listen, p.enabled, p.refusing = port.Addr().String(), true, false
	if host, number, err := net.SplitHostPort(p.at); err == nil && (number == "0" || number == "") {
		_, number, _ = net.SplitHostPort(p.listen)
		p.at = net.JoinHostPort(host, number)
	}
	refuses := p.set.refusesAll()
	p.mu.Unlock()
	if !refuses || !p.refuse() {
		p.startAccepting()
	}
}

func (p *proxy) startAccepting() {
	port := p.port
	p.accepts.Go(func() { p.accept(port) })
}

// refuse makes the port refuse, once nobody accepts there any more. It reports false
// where this system cannot do that: then connections are accepted and reset. The caller
// holds life.
func (p *proxy) refuse() bool {
	if err := p.port.refuse(); err != nil {
		p.log.Debug("the port cannot refuse: connections are accepted and reset", "proxy", p.name, "error", err)
		return false
	}
	p.setRefusing(true)
	return true
}

func (p *proxy) setRefusing(refusing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = refusing
}

// admit makes a port that refuses listen again, for toxics that do not refuse everybody.
// Nobody accepts yet: until then clients wait. After an error the port refuses still.
// The caller holds life.
func (p *proxy) admit(next *toxicSet) (admitted bool, err error) {
	if p.port == nil || !p.port.refusing || next.refusesAll() {
		return false, nil
	}
	if err := p.port.admit(); err != nil {
		p.log.Error("the port cannot be opened again: it refuses still, and toxic down stays", "proxy", p.name, "error", err)
		return false, fmt.Errorf("the port cannot be opened again, so that toxic down stays: %w", err)
	}
	p.setRefusing(false)
	return true, nil
}

// settle makes the port do what the toxics ask for: refuse, or, where it was admitted
// for them, accept. The caller holds life.
func (p *proxy) settle(admitted bool) {
	p.mu.Lock()
	refuses := p.set.refusesAll()
	p.mu.Unlock()
	switch {
	case p.port == nil:
	case admitted:
		p.port.startLoop()
		p.startAccepting()
	case refuses && !p.port.refusing:
		p.port.stopLoop()
		p.accepts.Wait()
		if !p.refuse() {
			p.port.startLoop()
			p.startAccepting()
		}
	}
}

// close stops the proxy for good.
func (p *proxy) close() {
	p.life.Lock()
	defer p.life.Unlock()
	p.closed = true
	p.stopLocked()
}

// stopLocked closes the port and every connection, and waits for their goroutines.
// The caller holds life.
func (p *proxy) stopLocked() {
	if p.port == nil {
		return
	}
	_ = p.port.Close() // after an error, too, it accepts no more
	p.port = nil
	p.mu.Lock()
	p.enabled, p.refusing = false, false
	conns, served := p.endGeneration()
	p.mu.Unlock()
	endConns(conns, served)
	p.accepts.Wait()
}

// endGeneration returns the connections so far, which are to end, and what waits for
// their goroutines. The caller holds mu.
func (p *proxy) endGeneration() ([]*conn, *sync.WaitGroup) {
	served := p.served
	p.served = new(sync.WaitGroup)
	return p.liveConns(), served
}

// endConns closes connections and waits for their goroutines.
func endConns(conns []*conn, served *sync.WaitGroup) {
	if served == nil {
		return
	}
	for _, c := range conns {
		c.close()
	}
	served.Wait()
}

// stopAccepting closes the port and leaves connections alone.
func (p *proxy) stopAccepting() {
	p.life.Lock()
	defer p.life.Unlock()
	if p.port != nil {
		_ = p.port.Close() // after an error, too, it accepts no more
	}
}

// acceptAgain opens the port that stopAccepting has closed. Where somebody has taken it,
// the proxy stops.
func (p *proxy) acceptAgain() error {
	p.life.Lock()
	defer p.life.Unlock()
	p.mu.Lock()
	address := p.listen
	p.mu.Unlock()
	port, err := listenAt(address)
	if err != nil {
		p.stopLocked()
		return fmt.Errorf("proxy %s had to be disabled: %w", p.name, err)
	}
	p.listenOn(port)
	return nil
}

// listening reports whether the proxy has a port.
func (p *proxy) listening() bool {
	p.life.Lock()
	defer p.life.Unlock()
	return p.port != nil
}

// address returns where the proxy listens, or is to listen once it is enabled.
func (p *proxy) address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listen
}

// isAt reports whether a resolved address is the proxy's. Both forms of its own count: a
// proxy that is to listen on 0.0.0.0 listens on [::].
func (p *proxy) isAt(at string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return at == p.at || at == p.listen
}

// leadsTo reports whether an upstream is the proxy's.
func (p *proxy) leadsTo(upstream target) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.upstream.text == upstream.text
}

// liveConns lists the connections. The caller holds mu.
func (p *proxy) liveConns() []*conn {
	list := make([]*conn, 0, len(p.conns))
	for c := range p.conns {
		list = append(list, c)
	}
	return list
}

// accept serves clients until the port is closed or its loop is stopped. After an error
// that may pass, such as too many open files, it waits and tries again.
func (p *proxy) accept(port *listener) {
	for pause := time.Duration(0); ; {
		client, err := port.Accept()
		switch {
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded):
			return
		case err != nil:
			p.log.Warn("cannot accept", "proxy", p.name, "error", err)
			pause = min(max(2*pause, 5*time.Millisecond), 100*time.Millisecond)
			time.Sleep(pause)
			continue
		}
		pause = 0
		if !p.server.enter() {
			p.log.Warn("the connection is closed: others have all the files that this process may open", "proxy", p.name)
			hangUp(client.(*net.TCPConn), false)
			continue
		}
		if c := p.addConn(client.(*net.TCPConn)); c != nil {
			go p.serve(c)
		} else {
			p.server.leave()
		}
	}
}

// addConn makes a connection of a client's socket, which the caller has to serve. It
// returns nil when the proxy has stopped.
func (p *proxy) addConn(client *net.TCPConn) *conn {
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
	c := &conn{id: p.connIDs, proxy: p, client: client, ends: endsOf(client.RemoteAddr(), client.LocalAddr()), served: p.served, ctx: ctx, cancel: cancel}
	c.served.Add(1)
	p.conns[c] = struct{}{}
	p.counters.open.Add(1)
	return c
}

// serve carries one connection to its end.
func (p *proxy) serve(c *conn) {
	defer func() {
		c.finish()
		c.forgetDialled()
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
		p.counters.open.Add(-1)
		p.server.leave()
		c.served.Done()
	}()
	p.mu.Lock()
	set := p.set
	p.mu.Unlock()
	if c.apply(set) {
		p.counters.refused.Add(1)
		p.counters.calls.Add(1)
		return
	}
	c.serve()
}

// changeToxics replaces the list of toxics by what next makes of it. When it returns,
// the new list is in force on every connection, and at the port. After an error nothing
// has changed.
func (p *proxy) changeToxics(next func(now []*toxic) ([]*toxic, error)) error {
	p.life.Lock()
	defer p.life.Unlock()
	p.mu.Lock()
	toxics, err := next(slices.Clone(p.set.toxics))
	set := &toxicSet{version: p.set.version + 1, toxics: toxics}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	admitted, err := p.admit(set)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.set = set
	p.updateGateway()
	conns := p.liveConns()
	p.mu.Unlock()
	p.settle(admitted)
	for _, c := range conns {
		c.apply(set)
	}
	return nil
}

func (p *proxy) toxic(name string) (*toxic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := indexByName(p.set.toxics, name); i >= 0 {
		return p.set.toxics[i], nil
	}
	return nil, errToxicNotFound()
}

func (p *proxy) hasToxic(name string) bool {
	_, err := p.toxic(name)
	return err == nil
}

func (p *proxy) addToxic(t *toxic) error {
	return p.changeToxics(func(now []*toxic) ([]*toxic, error) {
		if err := p.upstream.checkToxic(t); err != nil {
			return nil, err
		}
		if indexByName(now, t.name) >= 0 {
			return nil, errToxicExists()
		}
		p.toxicIDs++
		t.id = p.toxicIDs
		return append(now, t), nil
	})
}

// updateToxic replaces a toxic by the one that the body of a PATCH describes.
func (p *proxy) updateToxic(name string, body []byte) (*toxic, error) {
	var changed *toxic
	err := p.changeToxics(func(now []*toxic) ([]*toxic, error) {
		i := indexByName(now, name)
		if i < 0 {
			return nil, errToxicNotFound()
		}
		t, err := now[i].patched(body)
		if err != nil {
			return nil, err
		}
		now[i], changed = t, t
		return now, nil
	})
	return changed, err
}

func (p *proxy) removeToxic(name string) error {
	return p.changeToxics(func(now []*toxic) ([]*toxic, error) {
		i := indexByName(now, name)
		if i < 0 {
			return nil, errToxicNotFound()
		}
		return slices.Delete(now, i, i+1), nil
	})
}

// removeToxics removes the toxics that match, and returns them. After an error they are
// all there still.
func (p *proxy) removeToxics(match func(*toxic) bool) (removed []*toxic, err error) {
	p.mu.Lock()
	found := slices.ContainsFunc(p.set.toxics, match)
	p.mu.Unlock()
	if !found {
		return nil, nil
	}
	err = p.changeToxics(func(now []*toxic) ([]*toxic, error) {
		removed = nil
		return slices.DeleteFunc(now, func(t *toxic) bool {
			if !match(t) {
				return false
			}
			removed = append(removed, t)
			return true
		}), nil
	})
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", p.name, err)
	}
	return removed, nil
}

func indexByName(toxics []*toxic, name string) int {
	return slices.IndexFunc(toxics, func(t *toxic) bool { return t.name == name })
}
