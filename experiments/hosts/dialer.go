package hosts

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// A Dialer makes connections that its policy allows. The zero value reaches
// loopback and *.test alone.
type Dialer struct {
	Policy  Policy
	Timeout time.Duration // of one connection; 0: only the context ends it
}

// DialContext connects to host:port. It has the signature that http.Transport
// and the database drivers ask for. The error is of class [ErrRefused] if the
// host, or one of the addresses that it resolves to, is not allowed and no
// other address could be reached. A "unix" network is a socket on this machine,
// which is allowed.
func (d Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if network == "unix" {
		return (&net.Dialer{Timeout: d.Timeout}).DialContext(ctx, network, address)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if err := d.Policy.CheckName(host); err != nil {
		return nil, err
	}
	var refused refusal
	// Control is called with each address that is about to be dialled. Like this
	// the standard dialer still does the look-up and tries addresses side by side.
	dialer := net.Dialer{Timeout: d.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return refused.keep(d.Policy.CheckAddr(host, to.Addr()))
	}}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		if why := refused.get(); why != nil {
			return nil, why
		}
		return nil, err
	}
	return conn, nil
}

// A refusal keeps the first error that it is given. The standard dialer may try
// two addresses of a name at a time.
type refusal struct {
	mu  sync.Mutex
	err error
}

func (r *refusal) keep(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	return err
}

func (r *refusal) get() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
