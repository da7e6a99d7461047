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

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	dialFor   = 2 * time.Second
	answerFor = 3 * time.Second        // to the first byte
	peekFor   = 300 * time.Millisecond // where nothing can be asked
)

// Dependency makes one exchange of our own with the dependency behind a fault,
// through its proxy. One that speaks HTTP is sent a HEAD request, and the time to
// the first byte of its answer counts; to any other it only connects, and looks
// whether it is cut off at once.
func Exchange(ctx context.Context, f plan.Fault, policy hosts.Policy) journal.Exchange {
	if f.Listen == "" {
		return journal.Exchange{Error: "the proxy's address is not known"}
	}
	begun := time.Now()
	c, err := dial(ctx, f.Listen, policy)
	took := time.Since(begun)
	if err == nil {
		defer c.Close()
		var silent bool
		silent, err = exchange(ctx, c, hello(f))
		if !silent {
			took = time.Since(begun)
		}
	}
	e := journal.Exchange{Took: took.Seconds()}
	switch {
	case err != nil && ctx.Err() != nil:
		e.Error = context.Cause(ctx).Error()
	case err != nil:
		e.Error = err.Error()
	}
	return e
}

// exchange asks and waits for the first byte; silent tells that there was
// nothing to ask, and nothing came.
func exchange(ctx context.Context, c net.Conn, question string) (silent bool, err error) {
	// A deadline in the past ends what is under way.
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	bound := answerFor
	if question == "" {
		bound = peekFor
	}
	if err := c.SetDeadline(time.Now().Add(bound)); err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if _, err = io.WriteString(c, question); err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil && question == "":
		return true, nil // open, as it should be
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, fmt.Errorf("no answer within %s", bound)
	case errors.Is(err, io.EOF):
		return false, errors.New("the connection was closed without an answer")
	}
	return false, err
}

// dial opens a connection to the proxy, to an address that the host policy
// allows. A proxy that listens everywhere is reached on this machine.
func dial(ctx context.Context, listen string, policy hosts.Policy) (net.Conn, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("the proxy's address: %w", err)
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "localhost"
	}
	return hosts.Dialer{Policy: policy, Timeout: dialFor}.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
}

// hello is a question that changes nothing, for upstreams that speak HTTP. Any
// other is only connected to: bytes that it does not expect might do harm.
func hello(f plan.Fault) string {
	scheme, address, _ := strings.Cut(f.Upstream, "://")
	if scheme != "http" && scheme != "https" { // a TLS server answers plain text with an alert or a 400
		return ""
	}
	address, _, _ = strings.Cut(address, "/")
	return "HEAD / HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\nUser-Agent: blastgauge\r\nBlastgauge-Probe: 1\r\n\r\n"
}

const (
	leastGrowth = 0.002 // seconds; two exchanges differ by less without any fault
	mostGrowth  = 2.5   // seconds; beyond it an exchange is cut off before it is done
)

// Met tells whether an exchange made under a fault shows it, compared with one
// before. It says no where the first one failed, and where one exchange cannot
// show such a fault.
func ShowsFault(f plan.Fault, before, during journal.Exchange) bool {
	if before.Error != "" {
		return false
	}
	switch f.Inject {
	case "latency":
		latency, jitter := f.Attributes.Number("latency"), f.Attributes.Number("jitter")
		least := max((latency-jitter)/2, latency/10, leastGrowth)
		return during.Took-before.Took >= min(least, mostGrowth)
	case "down", "reset_peer", "timeout", "limit_data":
		return during.Error != ""
	}
	return false
}
