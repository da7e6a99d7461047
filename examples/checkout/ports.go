package checkout

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Ports of the demo lie between these two. The ephemeral range of Linux starts
// at 32768: a port from there may be taken, between two phases of a run, by
// the outgoing connection of any process.
const (
	firstPort = 20000
	lastPort  = 32767
)

// FreePort returns a loopback port that was free a moment ago, below the range
// that the system hands to outgoing connections.
func FreePort() (int, error) {
	l, err := listen(context.Background())
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// FreeAddresses returns n different addresses such as 127.0.0.1:23456, for proxies to
// listen on. All were free a moment ago.
func FreeAddresses(n int) ([]string, error) {
	held := make([]net.Listener, 0, n)
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	addresses := make([]string, 0, n)
	for range n { // all are held until the last is found, so none comes twice
		l, err := listen(context.Background())
		if err != nil {
			return nil, err
		}
		held = append(held, l)
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

// AddressTaken reports whether something listens at an address of this machine, as
// host:port.
func AddressTaken(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return errors.Is(err, syscall.EADDRINUSE)
	}
	_ = l.Close() // nothing was accepted
	return false
}

// listen binds a free port. It tries one after the other from a random one on, so that
// two demos that start together rarely compete.
func listen(ctx context.Context) (net.Listener, error) {
	const span = lastPort - firstPort + 1
	start := rand.IntN(span)
	var lc net.ListenConfig
	var last error
	for i := range span {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+(start+i)%span))
		l, err := lc.Listen(ctx, "tcp", address)
		if err == nil {
			return l, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("listen on a free port: %w", context.Cause(ctx))
		}
		last = err
	}
	return nil, fmt.Errorf("no free port from %d to %d: %w", firstPort, lastPort, last)
}
