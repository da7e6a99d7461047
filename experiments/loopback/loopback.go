// Package loopback gives ports of this machine that stay whose they are while nothing
// listens there.
//
// A port that the system chooses may be anybody's as soon as its listener is closed: a
// test, or a demo, that expects silence there hears a stranger.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Ports from here lie between these two. The ephemeral range of Linux starts
// at 32768: a port from there may be taken, between two phases of a run, by
// the outgoing connection of any process.
const (
	firstPort = 20000
	lastPort  = 32767
)

// Ports are loopback ports that are kept for the caller, though nothing may listen on
// them at the moment: a proxy that is to start, a server that is restarted, a dependency
// that refuses connections for a while.
//
// A UDP socket on the same number holds each, because its numbers are apart from those
// of TCP, every process sees it, and it goes when its process does.
type Ports struct {
	held []net.PacketConn
}

// Reserve keeps n different ports until Close. They are free, and below the range
// that the system hands to outgoing connections.
func Reserve(n int) (*Ports, error) {
	p := &Ports{}
	for range n {
		held, err := firstFree(reserve)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.held = append(p.held, held)
	}
	return p, nil
}

// reserve keeps the port of an address, where it is nobody's. Whoever listens looks
// for reservations after it has bound the port, and whoever reserves looks the other way
// round: of two at once, one sees the other.
func reserve(address string) (net.PacketConn, error) {
	held, err := net.ListenPacket("udp", address)
	if err == nil && Taken(address) {
		return nil, errors.Join(errTaken, held.Close())
	}
	return held, err
}

// Addresses returns addresses such as 127.0.0.1:23456.
func (p *Ports) Addresses() []string {
	var list []string
	for _, held := range p.held {
		list = append(list, held.LocalAddr().String())
	}
	return list
}

// Close lets others have the ports.
func (p *Ports) Close() error {
	var errs []error
	for _, held := range p.held {
		errs = append(errs, held.Close())
	}
	return errors.Join(errs...)
}

// errTaken means that a port is somebody's.
var errTaken = errors.New("the port is taken")

// Taken reports whether something listens at an address of this machine, as
// host:port.
func Taken(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return errors.Is(err, syscall.EADDRINUSE)
	}
	_ = l.Close() // nothing was accepted
	return false
}

// Listen binds a free port that nobody has reserved.
func Listen(ctx context.Context) (net.Listener, error) {
	return firstFree(func(address string) (net.Listener, error) { return listenAt(ctx, address) })
}

// listenAt binds the port of an address, where nobody has reserved it.
func listenAt(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	unreserved, err := net.ListenPacket("udp", address)
	if err != nil {
		return nil, errors.Join(errTaken, l.Close())
	}
	return l, unreserved.Close()
}

// firstFree tries one address after the other from a random one on, so that two demos
// that start together rarely compete.
func firstFree[T any](try func(address string) (T, error)) (T, error) {
	const span = lastPort - firstPort + 1
	start := rand.IntN(span)
	var none T
	var last error
	for i := range span {
		got, err := try(net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+(start+i)%span)))
		if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return got, err
		}
		last = err
	}
	return none, fmt.Errorf("no free port from %d to %d: %w", firstPort, lastPort, last)
}
