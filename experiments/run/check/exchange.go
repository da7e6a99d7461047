package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	dialTimeout   = 2 * time.Second
	answerTimeout = 3 * time.Second        // to the first byte
	silentTimeout = 300 * time.Millisecond // of a look at a connection on which nothing is sent
)

// Exchange makes one exchange with the dependency behind a fault, through its
// proxy. To a dependency that speaks HTTP it sends a HEAD request, and takes the
// time to the first byte of the answer. To any other it only connects, and looks
// whether the connection is closed at once.
func Exchange(ctx context.Context, f plan.Fault, policy hosts.Policy) journal.Exchange {
	return exchange(ctx, f, hosts.Dialer{Policy: policy, Timeout: dialTimeout}.DialContext)
}

// Reach reports why nothing answers behind a fault's proxy; nil where something does,
// and where it only takes its time. It makes the same exchange as [Exchange].
func Reach(ctx context.Context, f plan.Fault, policy hosts.Policy) error {
	_, err := timed(ctx, f, hosts.Dialer{Policy: policy, Timeout: dialTimeout}.DialContext)
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return nil
	}
	return err
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func exchange(ctx context.Context, f plan.Fault, dial dialFunc) journal.Exchange {
	took, err := timed(ctx, f, dial)
	e := journal.Exchange{Took: took.Seconds()}
	if err != nil {
		e.Error = err.Error()
	}
	return e
}

// timed makes an exchange and says how long it took.
func timed(ctx context.Context, f plan.Fault, dial dialFunc) (took time.Duration, err error) {
	if f.Listen == "" {
		return 0, errors.New("the proxy's address is not known")
	}
	begun := time.Now()
	c, err := dialProxy(ctx, f.Listen, dial)
	took = time.Since(begun)
	if err == nil {
		defer func() { _ = c.Close() }() // the exchange is over: how it closes says nothing
		var silent bool
		silent, err = awaitFirstByte(ctx, c, requestFor(f))
		if !silent {
			took = time.Since(begun)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return took, err
}

// A silence is the error that nothing came in time.
type silence time.Duration

func (s silence) Error() string   { return "no answer within " + figures.Span(time.Duration(s)) }
func (s silence) Timeout() bool   { return true }
func (s silence) Temporary() bool { return true }

// awaitFirstByte sends a request and waits for the first byte of the answer. It
// reports silence where the request is empty and nothing came.
func awaitFirstByte(ctx context.Context, c net.Conn, request string) (silent bool, err error) {
	// A deadline in the past ends reads and writes that have begun.
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	bound := answerTimeout
	if request == "" {
		bound = silentTimeout
	}
	if err := c.SetDeadline(time.Now().Add(bound)); err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if request != "" {
		_, err = io.WriteString(c, request)
	}
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil && request == "":
		return true, nil // the connection stays open, as it should
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, silence(bound)
	case errors.Is(err, io.EOF):
		return false, errors.New("the connection was closed without an answer")
	}
	return false, err
}

// dialProxy connects to a proxy. One that listens on all addresses is reached on this
// machine.
func dialProxy(ctx context.Context, listen string, dial dialFunc) (net.Conn, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("the proxy's address: %w", err)
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "localhost"
	}
	return dial(ctx, "tcp", net.JoinHostPort(host, port))
}

// requestFor returns a request that changes nothing, for an upstream that speaks
// HTTP. It returns none for any other: bytes that it does not expect might do harm.
func requestFor(f plan.Fault) string {
	scheme, address, _ := strings.Cut(f.Upstream, "://")
	if scheme != "http" && scheme != "https" { // a TLS server answers plain text with an alert or a 400
		return ""
	}
	address, _, _ = strings.Cut(address, "/")
	return "HEAD / HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\nUser-Agent: blastgauge\r\nBlastgauge-Probe: 1\r\n\r\n"
}

const (
	minGrowth = 0.002 // seconds; two exchanges differ by less without any fault
	maxGrowth = 2.5   // seconds; an exchange that takes longer is cut off
)

// ShowsFault reports whether an exchange made under a fault shows it, compared with
// one made before. It reports false where the first one failed, and where an
// exchange cannot show such a fault.
func ShowsFault(f plan.Fault, before, during journal.Exchange) bool {
	if before.Error != "" {
		return false
	}
	switch f.Inject {
	case "latency":
		latency, jitter := f.Attributes.Number("latency"), f.Attributes.Number("jitter")
		growth := max((latency-jitter)/2, latency/10, minGrowth)
		return during.Took-before.Took >= min(growth, maxGrowth)
	case "down", "reset_peer", "timeout", "limit_data":
		return during.Error != ""
	}
	return false
}
