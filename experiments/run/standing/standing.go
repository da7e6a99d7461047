// Package standing serves the proxies that a standing system is behind, with Toxiproxy's
// API, as toxiproxy-server does.
package standing

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/proxy/metrics"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// drainTimeout is how long connections may go on after the server was told to end.
const drainTimeout = 5 * time.Second

// Options are what a server is started with. The zero value listens at Toxiproxy's own
// address, has no proxies, and logs nothing.
type Options struct {
	Host, Port     string   // of the API; empty: what the system file says, or localhost and 8474
	Config         string   // a file: proxies to make, as toxiproxy-server takes them
	File           string   // a system file, whose dependencies get proxies
	Set            []string // PATH=VALUE, in place of what the system file says
	Token          string   // where the API's token is, see [toxiproxy.ReadToken]
	Certificate    string   // a PEM file, for clients that speak TLS
	Key            string   // a PEM file: the key to Certificate
	UpstreamCA     string   // a PEM file: who signs the certificates of upstreams
	Seed           int64    // of who is affected by a share; 0: random
	RuntimeMetrics bool
	ProxyMetrics   bool
	State          string // a directory where a block is kept over a restart; empty: none is
	Version        string
	LogLevel       string // debug, info, warn or error; empty: as $LOG_LEVEL says, or info
	LogFormat      string // text or json
	Log            io.Writer
	Getenv         func(string) (string, bool) // nil: the environment of the process
}

// A Server serves proxies until it is shut down.
type Server struct {
	*proxy.Server
	Address  string  // of the API
	Proxies  []Proxy // of the dependencies of the system file
	Guarded  bool    // requests to the API need a token
	loopback bool
}

// OpenToAll reports whether everybody who can reach this machine can break the services
// behind the proxies.
func (s *Server) OpenToAll() bool { return !s.Guarded && !s.loopback }

// Start starts a server. What is wrong with the options is a [run.UsageError]. A file
// may be a pipe: then this waits ten seconds for whoever writes it.
func Start(o Options) (*Server, error) {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	lists, address, err := o.lists()
	if err != nil {
		return nil, err
	}
	log, err := o.logger()
	if err != nil {
		return nil, err
	}
	token, err := toxiproxy.ReadToken(o.Token, o.Getenv)
	if err != nil {
		return nil, err
	}
	certificate, roots, err := o.loadTLS()
	if err != nil {
		return nil, err
	}
	if o.Seed == 0 {
		o.Seed = time.Now().UnixNano()
	}
	served, err := proxy.Listen(proxy.Options{
		Listen: address, Token: token, Seed: uint64(o.Seed), Version: o.Version, Metrics: metrics.Of(o.RuntimeMetrics, o.ProxyMetrics),
		Certificate: certificate, UpstreamRoots: roots, State: o.State, Log: log,
	})
	if err != nil {
		return nil, explainTaken(err)
	}
	s := &Server{Server: served, Address: address, Guarded: token != ""}
	host, _, _ := net.SplitHostPort(address)
	s.loopback = hosts.IsLoopback(host)
	for _, l := range lists {
		if err := l.explain(s.Populate(l.body)); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.Proxies = append(s.Proxies, l.declared...)
	}
	s.Serve()
	log.Info("Starting Toxiproxy HTTP server", "address", address, "version", proxy.Compatible, "blastgauge", o.Version) // scripts wait for these words
	return s, nil
}

// Drain ends the server once its connections have ended, or after five seconds.
func (s *Server) Drain() error {
	drain, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	return s.Shutdown(drain)
}
