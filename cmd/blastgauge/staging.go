package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const lookUpIn = 5 * time.Second // for all names of a system together

// checkAddresses looks up every host that a run connects to, and refuses a name
// that leads out of staging before anything is injected or sent. What only turns up
// later, such as a captured URL, is refused where it is dialled.
func checkAddresses(ctx context.Context, p *plan.Plan) error {
	ctx, cancel := context.WithTimeout(ctx, lookUpIn)
	defer cancel()
	hosts := p.System.Dialled()
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			hosts = append(hosts, f.Dialled()...)
		}
	}
	allowed := p.System.Hosts()
	for _, host := range hosts {
		addresses, err := lookUp(ctx, allowed, host)
		if err != nil {
			return err
		}
		for _, a := range addresses {
			if err := allowed.CheckAddr(host, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookUp resolves a name that is allowed to be looked up.
func lookUp(ctx context.Context, hosts experiments.Hosts, host string) ([]netip.Addr, error) {
	if err := hosts.CheckName(host); err != nil {
		return nil, err
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", host, err)
	}
	for i, a := range addresses {
		addresses[i] = a.Unmap()
	}
	return addresses, nil
}

// allowedDial resolves a name once, checks what it resolved to, and dials
// exactly that.
func allowedDial(hosts experiments.Hosts) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		addresses, err := lookUp(ctx, hosts, host)
		if err != nil {
			return nil, err
		}
		var errs []error
		for _, a := range addresses {
			if err := hosts.CheckAddr(host, a); err != nil {
				errs = append(errs, err)
				continue
			}
			conn, err := (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(a.String(), port))
			if err == nil {
				return conn, nil
			}
			errs = append(errs, err)
		}
		return nil, errors.Join(errs...)
	}
}
