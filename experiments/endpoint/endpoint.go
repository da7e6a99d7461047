// Package endpoint says how a server of blastgauge is reached: with which certificate, at
// which URL, and by which names.
package endpoint

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/hosts"
)

// An Endpoint is where a server answers.
type Endpoint struct {
	// Address is host:port to listen at; an empty host is every address of this machine.
	// Port 0 is one that is free.
	Address string
	// Cert and Key are files in PEM, for TLS. Empty: there is none.
	Cert, Key string
	// Hosts are names that requests may call this server by, such as that of a service. An
	// address, the name that it listens at and the machine's own need none.
	Hosts []string
}

// TLS is how connections are secured; nil without a certificate. The error names both files.
func (e Endpoint) TLS() (*tls.Config, error) {
	if e.Cert == "" && e.Key == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	pair, err := tls.LoadX509KeyPair(e.Cert, e.Key)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s and its key %s: %w", e.Cert, e.Key, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

// URL is where a server that listens at an address answers, without a slash at its end.
func (e Endpoint) URL(at net.Addr) string {
	host, _, _ := net.SplitHostPort(e.Address)
	_, port, _ := net.SplitHostPort(at.String())
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "localhost"
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	scheme := "http"
	if e.Cert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// IsExposed reports whether others than this machine reach a server that listens at an
// address, without TLS.
func (e Endpoint) IsExposed(at net.Addr) bool { return e.Cert == "" && !isLocal(at) }

// isLocal reports whether only this machine reaches an address.
func isLocal(at net.Addr) bool {
	addr, ok := at.(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// Knows reports whether a request may call a server that listens at an address by a host:
// no name that a stranger has made lead here.
func (e Endpoint) Knows(host string, at net.Addr) bool {
	host = Name(host)
	named, _, _ := net.SplitHostPort(e.Address)
	same := func(name string) bool { return host != "" && strings.EqualFold(name, host) }
	if hosts.IsLoopback(host) || same(named) || slices.ContainsFunc(e.Hosts, same) {
		return true
	}
	if isLocal(at) {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name, err := os.Hostname()
	return err == nil && same(name)
}

// Name is the host of a request without its port, in lower case.
func Name(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}
