package standing

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/listening"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

const (
	maxConfig    = 64 << 20         // bytes of a list of proxies
	pipePatience = 10 * time.Second // for who writes a pipe that is given instead of a file
)

// A proxyList is a list of proxies to create, as JSON, and the file that it came from.
type proxyList struct {
	file     string
	body     []byte
	declared []Proxy // by the dependencies of a system
}

// explain puts before an error the file, and where it can be told the place in it.
func (l proxyList) explain(err error) error {
	if err == nil {
		return nil
	}
	err = explainTaken(err)
	list, mistaken := errors.AsType[*proxy.ListError](err)
	switch {
	case mistaken && l.declared != nil: // its places are not those of the system's document
		return usage.Errorf("%s: %w", l.file, list.Err)
	case mistaken:
		return usage.Errorf("%s:%d:%d: %w", l.file, list.Line, list.Col, list.Err)
	}
	return fmt.Errorf("%s: %w", l.file, err)
}

// explainTaken adds to an error about a port that is in use which program has it.
func explainTaken(err error) error {
	at, ok := errors.AsType[*net.OpError](err)
	if !ok || at.Addr == nil || !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	if owner := listening.Owner(at.Addr.String()); owner != "" {
		return fmt.Errorf("%w; at %s listens %s", err, at.Addr, owner)
	}
	return err
}

// lists returns the lists of proxies to create and the address of the API. It refuses
// a system that a run would refuse: its proxies would lead there all the same.
func (o Options) lists() (list []proxyList, address string, err error) {
	host, port := "localhost", "8474"
	if inner, ok := strings.CutPrefix(o.Host, "["); ok && strings.HasSuffix(inner, "]") { // as in a URL
		o.Host = strings.TrimSuffix(inner, "]")
	}
	if strings.ContainsAny(o.Host, "@/?# =") { // a resolver would be asked for it, and it may hold a password
		return nil, "", usage.Errorf("--host is a name or an address such as 127.0.0.1, without scheme, port and login")
	}
	if o.File != "" {
		sys, err := experiments.Outside{Getenv: o.Getenv, Set: o.Set}.LoadSystem(o.File)
		if err != nil {
			return nil, "", err
		}
		if err := errors.Join(sys.CheckEnvironment(), sys.CheckHosts()); err != nil {
			return nil, "", err
		}
		if u, err := url.Parse(sys.Toxiproxy); err == nil && u.Host != "" {
			host, port = u.Hostname(), cmp.Or(u.Port(), port)
		}
		proxies := declared(sys)
		body, err := json.Marshal(proxies)
		if err != nil {
			return nil, "", err
		}
		list = append(list, proxyList{o.File, body, proxies})
	}
	if o.Config != "" {
		body, err := atomicfile.ReadGiven(o.Config, maxConfig, pipePatience)
		if err != nil {
			return nil, "", usage.Errorf("--config: %w", err)
		}
		list = append(list, proxyList{file: o.Config, body: body})
	}
	return list, net.JoinHostPort(cmp.Or(o.Host, host), cmp.Or(o.Port, port)), nil
}

// A Proxy is a proxy that a dependency of a system declares.
type Proxy struct {
	Name     string `json:"name"`
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
}

// declared lists the proxies that a system's dependencies declare.
func declared(sys *experiments.System) []Proxy {
	list := []Proxy{}
	for _, d := range sys.Dependencies {
		if d.Upstream != "" {
			list = append(list, Proxy{d.ProxyName(), d.Listen, d.Upstream})
		}
	}
	return list
}
