package proxy

import (
	"errors"
	"net"
	"slices"
	"sync"
	"syscall"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A change is what one request makes of one proxy. All that can fail is done while it
// is made ready: what is refused changes nothing, and ends no connection.
type change struct {
	proxy *proxy
	isNew bool // the server does not list the proxy yet
	made  bool

	listen    string // as asked for
	at        string // listen with its host looked up
	nobody    error  // why nobody can listen at it; an error when the port is to be opened
	upstream  target
	enabled   bool
	moves     bool             // listen or upstream is another: connections end, as they do on Toxiproxy
	gateway   *gateway.Gateway // where it moves
	certified certifier        // where it moves

	replaces bool     // toxics come in the place of those that are there
	toxics   []*toxic // that come

	port *listener // opened for the change; nil: the proxy keeps the one that it has, or has none
}

// prepare returns the change that a request asks of a proxy, without its toxics. It
// touches nothing. The caller holds changes.
func prepare(p *proxy, in proxyInput) (c *change, err error) {
	c = &change{proxy: p, listen: in.Listen, at: in.at, nobody: in.nobody, enabled: in.Enabled == nil || *in.Enabled}
	if c.upstream, err = parseTarget(in.Upstream); err != nil {
		return nil, err
	}
	if c.moves = c.nobody != nil || !p.isAt(c.at) || !p.leadsTo(c.upstream); c.moves {
		if c.gateway, c.certified, err = p.gatewayTo(c.listen, c.upstream); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// replaceToxics makes the change put the toxics of a request in the place of those that
// are there.
func (c *change) replaceToxics(s *Server, in proxyInput) error {
	c.replaces = true
	for i, body := range in.Toxics {
		t, err := parseToxic(body, func(name string) bool { return indexByName(c.toxics, name) >= 0 })
		if err != nil {
			return toxicError{i, err}
		}
		if err := errors.Join(c.upstream.checkToxic(t), s.leases.check(t.run)); err != nil {
			return toxicError{i, err}
		}
		c.toxics = append(c.toxics, t)
	}
	return nil
}

// checkToxics returns an error where toxics that stay cannot act on the new upstream.
func (c *change) checkToxics(there []*toxic) error {
	for _, t := range there {
		if err := c.upstream.checkToxic(t); err != nil && !c.replaces {
			return errRefused("%v; or first remove toxic %s", err, t.name)
		}
	}
	return nil
}

// needsPort reports whether the proxy has to open a port for the change.
func (c *change) needsPort() bool { return c.enabled && (!c.proxy.listening() || !c.staysAt()) }

// leavesPort reports whether the proxy has a port that it gives up.
func (c *change) leavesPort() bool { return c.proxy.listening() && (!c.enabled || !c.staysAt()) }

func (c *change) staysAt() bool { return c.proxy.isAt(c.at) }

// perform makes changes in their order, up to the first whose port cannot be opened, as
// Toxiproxy does: that one and those after it are not made, nor what would lead in a circle
// without them. Once the ports are open, nothing
// can fail. It returns the change that an error is about. The caller holds changes.
func (s *Server) perform(changes ...*change) (*change, error) {
	if c, err := s.checkLoops(changes); err != nil {
		return c, err
	}
	if s.isClosed() {
		return nil, errShuttingDown()
	}
	ready, closed, shut := openPorts(changes)
	failed := ready
	for shut != nil { // the first changes may close a circle that all of them do not
		c, err := s.checkLoops(changes[:ready])
		if err == nil {
			break
		}
		shut, ready = withoutIt(shut, about(c.proxy.name, err)), slices.Index(changes, c)
	}
	for i, c := range changes[:ready] {
		if err := c.apply(); err != nil {
			return c, errors.Join(err, undo(changes[i:], closed))
		}
		c.made = true
		if c.isNew {
			s.list(c.proxy)
		}
		s.ensureLeases(c)
	}
	if shut != nil {
		return changes[failed], errors.Join(shut, undo(changes[ready:], closed))
	}
	return nil, nil
}

// withoutIt is the error of a change that cannot be made, together with what is wrong with
// another one for that. Its status is the first one's.
func withoutIt(shut, wrong error) error {
	api := asAPIError(shut)
	return aboutError{&apiError{api.Message + "; without it, " + wrong.Error(), api.Status}, errors.Join(shut, wrong)}
}

// ensureLeases gives the runs of new toxics their time. A run that was released since
// the change was prepared loses its toxics, as if it had been released after.
func (s *Server) ensureLeases(c *change) {
	for _, t := range c.toxics {
		if s.leases.ensure(t.run) != nil {
			_, _ = c.proxy.removeToxics(func(there *toxic) bool { return there == t }) // what is left, the run's lease comes back to
		}
	}
}

// openPorts opens the ports that changes need, in their order: a port that one leaves is
// free for those that follow, and for itself at another address. It returns how many
// changes are ready, the proxies whose ports it had to close for that, and why the change
// after them is not.
func openPorts(changes []*change) (ready int, closed []*proxy, err error) {
	for i, c := range changes {
		if c.nobody != nil {
			return i, closed, c.nobody
		}
		if !c.needsPort() {
			continue
		}
		c.port, err = listenAt(c.at)
		if errors.Is(err, syscall.EADDRINUSE) {
			for _, other := range changes[:i+1] {
				if other.leavesPort() && !slices.Contains(closed, other.proxy) && samePort(other.proxy.address(), c.at) {
					other.proxy.stopAccepting()
					closed = append(closed, other.proxy)
				}
			}
			c.port, err = listenAt(c.at)
		}
		if err != nil {
			return i, closed, err
		}
	}
	return len(changes), closed, nil
}

// undo closes the ports that were opened for changes that are not made, and opens those
// again that were closed for them.
func undo(changes []*change, closed []*proxy) error {
	var errs []error
	for _, c := range changes {
		if c.port != nil {
			errs = append(errs, c.port.Close())
		}
	}
	for _, c := range changes {
		if slices.Contains(closed, c.proxy) {
			errs = append(errs, c.proxy.acceptAgain())
		}
	}
	return errors.Join(errs...)
}

func samePort(a, b string) bool {
	_, portA, _ := net.SplitHostPort(a)
	_, portB, _ := net.SplitHostPort(b)
	return portA == portB
}

// apply makes the change. When it returns, connections that the change ends have ended,
// and its toxics are in force on every connection. After an error nothing has changed.
func (c *change) apply() error {
	p := c.proxy
	p.life.Lock()
	defer p.life.Unlock()
	if p.closed {
		return errShuttingDown()
	}
	p.mu.Lock()
	err, next := c.checkToxics(p.set.toxics), c.nextSet()
	p.mu.Unlock()
	if err != nil {
		return err
	}
	admitted := false
	if c.enabled && c.port == nil {
		if admitted, err = p.admit(next); err != nil {
			return err
		}
	}
	ends, stay, served := c.enforce(next)
	switch {
	case !c.enabled:
		p.stopLocked()
	case c.port != nil:
		p.listenOn(c.port)
	default:
		p.settle(admitted)
	}
	endConns(ends, served)
	for _, stays := range stay {
		stays.apply(next) // ended ones take no notice
	}
	return nil
}

// enforce puts in place what new connections meet. It returns the connections that end, those
// that stay, and who serves those that end; nil: none do. The caller holds the proxy's life.
func (c *change) enforce(next *toxicSet) (ends, stay []*conn, served *sync.WaitGroup) {
	p := c.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.moves {
		p.listen, p.at, p.upstream, p.gateway, p.certified = c.listen, c.at, c.upstream, c.gateway, c.certified
		ends, served = p.endGeneration()
	}
	p.set = next
	p.updateGateway()
	return ends, p.liveConns(), served
}

// nextSet returns the toxics that the proxy has after the change. The caller holds the
// proxy's mu, and life, without which the set does not change.
func (c *change) nextSet() *toxicSet {
	p := c.proxy
	if !c.replaces {
		return p.set
	}
	for _, t := range c.toxics {
		p.toxicIDs++
		t.id = p.toxicIDs
	}
	return &toxicSet{version: p.set.version + 1, toxics: c.toxics}
}
