// Package systemtest provides small systems under test whose harm is known, as
// httptest provides servers: an entry that calls one dependency through a proxy
// of ours, and the two documents that describe it. Tests and the programs of
// cmd/measure use it.
package systemtest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// Dependency is the name, in the documents, of the dependency and of the proxy
// before it.
const Dependency = "backend"

// Files of a [System], in its directory.
const (
	SystemFile     = "blastgauge.yaml"
	ExperimentFile = "experiment.yaml"
)

// Options describe a system under test. The zero value is a system in which
// every fault of its dependency harms every journey.
type Options struct {
	// Backend answers as the dependency. Nil answers 200.
	Backend http.Handler
	// Entry makes the handler where journeys enter; backend is the URL of the
	// dependency behind the proxy. Nil is [Calls].
	Entry func(backend string) http.Handler
	// Control makes the entry of the second route, whose backend is called
	// directly. Nil: the system has one route, and the baseline is the control.
	Control func(backend string) http.Handler

	Rate      string // of journeys over both arms, such as 20/s, which is the default
	SlowAfter string // default 1s
	Timeout   string // default 2s
	Phases    string // default {warmup: 300ms, baseline: 2s, fault: 3s, recovery: 0s}
	Limits    string // default {blast_radius: 20%, baseline: 100%}: a busy machine is slow, and faults are injected all the same
	Expect    string // of the journey's one step, such as {json: {"$.price": 5}}
	Faults    string // a list in YAML; default: the dependency answers 503
	More      string // lines at the end of the experiment, such as guardrails
	OfSystem  string // lines at the end of the system, such as invariants
	Seed      uint64 // of the proxy server

	// Toxiproxy is the API of a stock server, which knows bytes alone. Empty: a
	// server of ours is started.
	Toxiproxy string
}

// A System is a running system under test.
type System struct {
	Dir        string // of the two documents
	BackendURL string // the dependency itself
	Upstream   string // of the proxy: the dependency as the server takes it
	Listen     string // host:port of the proxy before it
	Toxiproxy  string // URL of the proxy server's API
	EntryURL   string
	ControlURL string // empty without a second route

	servers []io.Closer
}

// Start starts a system and writes its documents into dir.
func Start(dir string, o Options) (*System, error) {
	s := &System{Dir: dir}
	if err := s.start(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *System) start(o Options) (err error) {
	backend := o.Backend
	if backend == nil {
		backend = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	}
	s.BackendURL = s.serve(backend)
	s.Toxiproxy, s.Upstream = o.Toxiproxy, strings.TrimPrefix(s.BackendURL, "http://")
	if o.Toxiproxy == "" {
		server, err := proxy.Start(proxy.Options{Version: "test", Seed: o.Seed})
		if err != nil {
			return err
		}
		s.servers = append(s.servers, server)
		s.Toxiproxy, s.Upstream = server.URL(), s.BackendURL
	}
	ports, err := loopback.Reserve(1)
	if err != nil {
		return err
	}
	s.servers = append(s.servers, ports)
	s.Listen = ports.Addresses()[0]
	if err := CreateProxy(s.Toxiproxy, Dependency, s.Listen, s.Upstream); err != nil {
		return err
	}
	entry := o.Entry
	if entry == nil {
		entry = Calls
	}
	s.EntryURL = s.serve(entry("http://" + s.Listen))
	if o.Control != nil {
		s.ControlURL = s.serve(o.Control(s.BackendURL))
	}
	return s.WriteDocuments(o)
}

func (s *System) serve(h http.Handler) (url string) {
	server := httptest.NewServer(h)
	s.servers = append(s.servers, closer(server.Close))
	return server.URL
}

type closer func()

func (c closer) Close() error {
	c()
	return nil
}

// Close ends everything that Start started, entry first.
func (s *System) Close() error {
	var errs []error
	for i := len(s.servers) - 1; i >= 0; i-- {
		errs = append(errs, s.servers[i].Close())
	}
	s.servers = nil
	return errors.Join(errs...)
}

const systemDocument = `version: 1
system: planted
environment: test
toxiproxy: %s
url: %s
%sdependencies:
  %s: {proxy: %[4]s, listen: %q, upstream: %q}
journeys:
  visit: {rate: %s, slow_after: %s, timeout: %s, steps: [{name: visit, request: GET /%s}]}
defaults:
  phases: %s
  limits: %s
`

const experimentDocument = `version: 1
experiment: planted
hypothesis: No more is harmed than is allowed.
faults: [%s]
%s`

// WriteDocuments writes the system file and the experiment. Start does it; a
// test calls it again after it has changed an address.
func (s *System) WriteDocuments(o Options) error {
	control, expect := "", ""
	if s.ControlURL != "" {
		control = "control_url: " + s.ControlURL + "\n"
	}
	if o.Expect != "" {
		expect = ", expect: " + o.Expect
	}
	system := fmt.Appendf(nil, systemDocument, s.Toxiproxy, s.EntryURL, control, Dependency, s.Listen, s.Upstream,
		cmp.Or(o.Rate, "20/s"), cmp.Or(o.SlowAfter, "1s"), cmp.Or(o.Timeout, "2s"), expect,
		cmp.Or(o.Phases, "{warmup: 300ms, baseline: 2s, fault: 3s, recovery: 0s}"), cmp.Or(o.Limits, "{blast_radius: 20%, baseline: 100%}"))
	faults := cmp.Or(o.Faults, "{inject: http_error, into: "+Dependency+", status: 503}")
	return errors.Join(
		os.WriteFile(filepath.Join(s.Dir, SystemFile), append(system, o.OfSystem...), 0o600),
		os.WriteFile(filepath.Join(s.Dir, ExperimentFile), fmt.Appendf(nil, experimentDocument, faults, o.More), 0o600))
}

// Plan loads the documents and plans a run of the experiment, from now and with
// seed 1.
func (s *System) Plan() (*plan.Plan, error) {
	system, list, err := experiments.Load(filepath.Join(s.Dir, SystemFile), []string{filepath.Join(s.Dir, ExperimentFile)})
	if err != nil {
		return nil, err
	}
	return plan.Make(system, list, plan.Options{Run: plan.NewRun(time.Now()), Seed: 1, Version: "test", Phases: plan.NoOverride()})
}

// Calls is an entry that calls the dependency once for each journey and answers
// 502 when that fails.
func Calls(backend string) http.Handler {
	client := Client(time.Second)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !Answers(client, backend) {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
}

// Client returns an HTTP client with a connection pool of its own.
func Client(timeout time.Duration) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: timeout}
}

// Answers reports whether a GET of url is answered with status 200.
func Answers(client *http.Client, url string) bool {
	resp, err := client.Get(url)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection is used again
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// CreateProxy creates a proxy that listens at listen, as host:port, by the API of a server
// at api.
func CreateProxy(api, name, listen, upstream string) error {
	body := fmt.Sprintf(`{"name":%q,"listen":%q,"upstream":%q,"enabled":true}`, name, listen, upstream)
	resp, err := http.Post(api+"/proxies", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	said, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusCreated {
		err = errors.Join(err, fmt.Errorf("create proxy %s: %s: %s", name, resp.Status, said))
	}
	return errors.Join(err, resp.Body.Close())
}

// PlanScan loads the system's document and plans a scan of it, from now and with seed 1.
// The document can be changed before.
func (s *System) PlanScan(o plan.ScanOptions, change func(*experiments.System)) (*plan.Plan, error) {
	system, _, err := experiments.Load(filepath.Join(s.Dir, SystemFile), nil)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(system)
	}
	o.Run, o.Seed, o.Version = plan.NewRun(time.Now()), 1, "test"
	return plan.MakeScan(system, o)
}
