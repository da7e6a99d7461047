package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	dialFor   = 2 * time.Second
	answerFor = 3 * time.Second        // of a dependency that speaks HTTP
	quietFor  = 300 * time.Millisecond // of one that does not: whether it hangs up at once
)

// Dependency makes one exchange of our own with the dependency behind f,
// through its proxy: what a fault does to it shows that the fault is in the
// path. A dependency that speaks HTTP is sent one HEAD request; any other is
// only connected to, as bytes that it does not expect might do harm.
func Dependency(ctx context.Context, f plan.Fault, hosts experiments.Hosts) journal.Exchange {
	begun := time.Now()
	err := exchange(ctx, f, hosts)
	e := journal.Exchange{Took: time.Since(begun).Seconds()}
	if err != nil {
		e.Error = err.Error()
	}
	return e
}

func exchange(ctx context.Context, f plan.Fault, hosts experiments.Hosts) error {
	if f.Listen == "" {
		return errors.New("the proxy's address is not known")
	}
	conn, err := dial(ctx, f.Listen, hosts)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if strings.HasPrefix(f.Upstream, "http://") {
		return ask(conn, f.Upstream)
	}
	return listen(conn)
}

func dial(ctx context.Context, address string, hosts experiments.Hosts) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if err := hosts.CheckName(host); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialFor)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if err := hosts.CheckAddr(host, addrs[0].Unmap()); err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(addrs[0].Unmap().String(), port))
}

// ask sends one request and waits for the first byte of its answer.
func ask(conn net.Conn, upstream string) error {
	if err := conn.SetDeadline(time.Now().Add(answerFor)); err != nil {
		return err
	}
	host := strings.TrimSuffix(strings.TrimPrefix(upstream, "http://"), "/")
	if _, err := fmt.Fprintf(conn, "HEAD / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nBlastgauge-Probe: 1\r\n\r\n", host); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	return err
}

// listen tells whether the peer hangs up at once. Silence is well.
func listen(conn net.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(quietFor)); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the connection was closed at once")
	}
	return err
}

// Met tells whether an exchange under the fault shows it, beside one before it.
// Faults that need more than one short exchange to be felt are never met.
func Met(f plan.Fault, before, during journal.Exchange) bool {
	if before.Error != "" {
		return false // it was not well to begin with
	}
	switch f.Inject {
	case "latency":
		least := f.Attributes["latency"] - f.Attributes["jitter"]
		return during.Error != "" || during.Took-before.Took >= least/2
	case "down", "reset_peer", "timeout":
		return during.Error != ""
	}
	return false
}
