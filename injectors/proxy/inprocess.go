package proxy

import (
	"errors"
	"net/http"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// What clients of the control API do over HTTP can be done from Go in the server's own
// process, without a port.

// ErrNotFound is the error of a proxy or a toxic that is not there.
var ErrNotFound = errors.New("not found")

// Is makes every error that the API answers with 404 an [ErrNotFound].
func (e *apiError) Is(target error) bool {
	return target == ErrNotFound && e.Status == http.StatusNotFound
}

// A Status is a proxy at one moment.
type Status struct {
	Name     string
	Listen   string // host:port where it listens; where it would, if it is disabled
	Upstream string // as it was asked for
	Enabled  bool
	Counts   Counts
	// ReceivedUp and ReceivedDown are the bytes read from clients, and from the upstream.
	ReceivedUp, ReceivedDown int64
	Toxics                   []ToxicStatus
}

// A ToxicStatus is a toxic at one moment.
type ToxicStatus struct {
	Name, Type string
	// Met counts the connections that the toxic has acted on, of those it could have acted
	// on (Of): of a message-level toxic the requests, commands or statements. Seen are all
	// of these that came, whether they matched or not.
	Met, Of, Seen int64
	// Refusing is that a down makes the port refuse: who tries to connect is not counted.
	Refusing bool
	Missed   []string // the most frequent kinds of requests that came and did not match
}

// Status lists the proxies by name.
func (s *Server) Status() []Status {
	list := []Status{}
	for _, p := range s.all() {
		list = append(list, p.status())
	}
	return list
}

// Proxy returns the status of one proxy. The error is [ErrNotFound].
func (s *Server) Proxy(name string) (Status, error) {
	p, err := s.find(name)
	if err != nil {
		return Status{}, err
	}
	return p.status(), nil
}

func (p *proxy) status() Status {
	v := p.view()
	s := Status{
		Name: v.Name, Listen: v.Listen, Upstream: v.Upstream, Enabled: v.Enabled, Counts: v.Counts,
		ReceivedUp: p.counters.received[stream.Upstream].Load(), ReceivedDown: p.counters.received[stream.Downstream].Load(),
	}
	for _, t := range v.Toxics {
		s.Toxics = append(s.Toxics, t.status())
	}
	return s
}

func (v toxicView) status() ToxicStatus {
	s := ToxicStatus{Name: v.Name, Type: v.Type, Met: v.Extras.Met, Of: v.Extras.Of, Seen: v.Extras.Seen, Refusing: v.Extras.Refusing}
	for _, m := range v.Extras.Missed {
		s.Missed = append(s.Missed, m.What)
	}
	return s
}

// AddToxic puts a toxic on a proxy, in the form of POST /proxies/{proxy}/toxics. When it
// returns, the toxic is in force on every connection. After an error nothing has changed.
func (s *Server) AddToxic(proxy string, body []byte) error {
	s.calls.RLock()
	defer s.calls.RUnlock()
	if s.isClosed() {
		return errShuttingDown()
	}
	p, err := s.find(proxy)
	if err != nil {
		return err
	}
	_, err = s.addToxic(p, body)
	return err
}

// RemoveToxic takes a toxic from a proxy, and returns what it was at the end: nothing is
// counted afterwards. The error is [ErrNotFound] where there is no such toxic; after any
// other the toxic is there still.
func (s *Server) RemoveToxic(proxy, toxic string) (ToxicStatus, error) {
	s.calls.RLock()
	defer s.calls.RUnlock()
	p, err := s.find(proxy)
	if err != nil {
		return ToxicStatus{}, err
	}
	t, err := p.toxic(toxic)
	if err != nil {
		return ToxicStatus{}, err
	}
	refusing := p.refuses(t)
	if err := p.removeToxic(toxic); err != nil {
		return ToxicStatus{}, err
	}
	last := t.view().status()
	last.Refusing = refusing
	return last, nil
}

// refuses reports whether the port refuses connections because of the toxic.
func (p *proxy) refuses(t *toxic) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusing && t.refusesAll()
}
