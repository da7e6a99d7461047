package fleet_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/injectortest"
	"github.com/blastgauge/blastgauge/injectors/injectortest/dnsserver"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const (
	testRun = "20261129t120000z-fleet1"
	most    = 8 // servers, on 127.0.0.2 to 127.0.0.9
)

// patience is how long something may take that takes a second on a machine with nothing
// else to do.
const patience = 20 * time.Second

// A row of servers on addresses of this machine, all at one port, with a proxy each.
type row struct {
	port    string
	backend string // host:port, that the proxies lead to
	servers []*proxy.Server
	dns     *dnsserver.Server
}

func address(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i)}) }

// start starts n servers and a DNS server that knows none of them.
func start(t *testing.T, n int) *row {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(upstream.Close)
	r := &row{}
	for attempt := 0; ; attempt++ {
		err := r.listen(t, n)
		if err == nil {
			break
		}
		if attempt == 20 {
			t.Fatal(err)
		}
	}
	r.backend = upstream.Listener.Addr().String()
	for i := range r.servers {
		r.create(t, i)
	}
	var err error
	if r.dns, err = dnsserver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.dns.Close() })
	return r
}

// listen starts the servers at a port that is free on the first address.
func (r *row) listen(t *testing.T, n int) error {
	t.Helper()
	r.servers, r.port = nil, "0"
	for i := range n {
		s, err := proxy.Start(proxy.Options{Listen: net.JoinHostPort(address(i).String(), r.port)})
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = s.Close() })
		r.servers = append(r.servers, s)
		_, r.port, _ = net.SplitHostPort(strings.TrimPrefix(s.URL(), "http://"))
	}
	return nil
}

func (r *row) url(i int) string { return "http://" + net.JoinHostPort(address(i).String(), r.port) }

func (r *row) create(t *testing.T, i int) {
	t.Helper()
	if err := r.driver(i).Create(t.Context(), "payments", net.JoinHostPort(address(i).String(), "0"), r.backend); err != nil {
		t.Fatal(err)
	}
}

func (r *row) driver(i int) *toxiproxy.Driver {
	return toxiproxy.New(toxiproxy.Options{URL: r.url(i)})
}

// name makes the DNS server say that these servers are there.
func (r *row) name(servers ...int) {
	var list []netip.Addr
	for _, i := range servers {
		list = append(list, address(i))
	}
	r.dns.Set(list...)
}

// system is a system whose dependency is behind the servers that the name stands for, or
// behind a list of them.
func (r *row) system(list ...int) *experiments.System {
	d := experiments.Dependency{Name: "payments", Proxy: "payments"}
	for _, i := range list {
		d.Toxiproxy = append(d.Toxiproxy, r.url(i))
	}
	if len(list) == 0 {
		d.Toxiproxy = []string{"dns://payments-proxy.test:" + r.port + "?server=" + r.dns.Address()}
	}
	return &experiments.System{Dependencies: []experiments.Dependency{d}}
}

// planned is a plan with one fault, which is put on so many instances.
func planned(s *experiments.System, share *experiments.InstanceShare) *plan.Plan {
	f := plan.Fault{Name: injectors.FaultName(testRun, 1), Proxy: "payments", Fault: experiments.Fault{
		Inject: "latency", Into: "payments", Share: 1, Instances: share, Attributes: injectors.Attributes{"latency": 0.05},
	}}
	return &plan.Plan{Run: testRun, System: *s, Experiments: []plan.Experiment{{ID: "slow", Seed: 7, Faults: []plan.Fault{f}}}}
}

// A run is a fleet that a run has got ready for its fault.
type run struct {
	*fleet.Fleet
	fault  plan.Fault
	joined *joined
}

type joined struct {
	mu   sync.Mutex
	list []string
}

func (j *joined) has(url string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Contains(j.list, url)
}

// ready does what a run does before its first fault. Each join must come before anything is
// changed.
func (r *row) ready(t *testing.T, s *experiments.System, share *experiments.InstanceShare) run {
	t.Helper()
	f := fleet.New(fleet.Options{System: s, Lost: func(err error) { t.Errorf("lost: %v", err) }})
	p := planned(s, share)
	if _, err := f.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	release, err := f.Acquire(t.Context(), testRun)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := release(ctx); err != nil {
			t.Errorf("release: %v", err)
		}
	})
	if err := f.Preflight(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if p, err = f.Fill(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	j := &joined{}
	f.OnJoin(func(_, url string) error {
		d := toxiproxy.New(toxiproxy.Options{URL: url})
		left, err := d.Leftovers(context.Background())
		owner, failed := d.Owner(context.Background())
		if errors.Join(err, failed) != nil || len(left) > 0 || owner != "" && owner != testRun {
			t.Errorf("%s was touched before it was noted: %v, lease of %q, %v", url, left, owner, errors.Join(err, failed))
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		j.list = append(j.list, url)
		return nil
	})
	return run{f, p.Experiments[0].Faults[0], j}
}

// on lists the servers that carry a toxic of ours.
func (r *row) on(t *testing.T) (list []int) {
	t.Helper()
	for i := range r.servers {
		left, err := r.driver(i).Leftovers(context.Background())
		if err != nil {
			continue // it is closed
		}
		if len(left) > 0 {
			list = append(list, i)
		}
	}
	return list
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// states are the states of a fault by server.
func states(e journal.Evidence) string {
	var list []string
	for _, i := range e.Instances {
		host, _, _ := net.SplitHostPort(strings.TrimPrefix(i.URL, "http://"))
		list = append(list, host[len("127.0.0."):]+":"+string(i.State))
	}
	return strings.Join(list, " ")
}

func (r run) check(t *testing.T) journal.Evidence {
	t.Helper()
	e, err := r.Check(t.Context(), r.fault)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestServersComeAndGo(t *testing.T) {
	t.Parallel()
	r := start(t, most)
	r.name(0, 1, 2, 3, 4, 5)
	run := r.ready(t, r.system(), nil)
	if want := 6; len(run.fault.On) != want {
		t.Fatalf("on %v, want %d", run.fault.On, want)
	}
	if err := run.Inject(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if got := r.on(t); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("it is on %v", got)
	}
	if e := run.check(t); !e.Present || e.PartialFor > patience || len(e.Instances) != 6 {
		t.Errorf("%+v", e)
	}
	r.name(2, 3, 4, 5, 6) // two leave, and one comes
	until(t, "the one that came has it, and those that left are clean", func() bool { return slices.Equal(r.on(t), []int{2, 3, 4, 5, 6}) })
	until(t, "it is known", func() bool {
		return states(run.check(t)) == "2:left 3:left 4:in_force 5:in_force 6:in_force 7:in_force 8:in_force"
	})
	if !run.joined.has(r.url(6)) || run.joined.has(r.url(0)) {
		t.Errorf("joined: %v", run.joined.list)
	}
	if e := run.check(t); !e.Present || e.PartialFor <= 0 {
		t.Errorf("present %t, partial for %s", e.Present, e.PartialFor)
	}
	r.dns.Break() // names are not needed to remove anything
	if err := run.Revert(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if got := r.on(t); len(got) > 0 {
		t.Errorf("it is still on %v", got)
	}
}

// One that refuses: nothing is left on any, and the error says which it was.
func TestAllOrNone(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]int{"of a list": {0, 1, 2, 3}, "of a name": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, 4)
			r.name(0, 1, 2, 3)
			run := r.ready(t, r.system(list...), nil)
			if err := r.driver(2).Delete(t.Context(), "payments"); err != nil {
				t.Fatal(err)
			}
			err := run.Inject(t.Context(), run.fault)
			if err == nil || !strings.Contains(err.Error(), r.url(2)) || strings.Contains(err.Error(), r.url(1)) {
				t.Errorf("Inject() = %v, want an error about %s alone", err, r.url(2))
			}
			if got := r.on(t); len(got) > 0 {
				t.Errorf("it is on %v", got)
			}
			if err := run.Revert(t.Context(), run.fault); err != nil {
				t.Errorf("Revert() = %v", err)
			}
		})
	}
}

// A server that cannot be noted is not touched.
func TestNoNoteNoFault(t *testing.T) {
	t.Parallel()
	r := start(t, 2)
	r.name(0)
	run := r.ready(t, r.system(), nil)
	asked := make(chan string, 100)
	run.OnJoin(func(_, url string) error { asked <- url; return errors.New("the disk is full") })
	if err := run.Inject(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	r.name(0, 1)
	until(t, "it has failed there", func() bool { return states(run.check(t)) == "2:in_force 3:failed" })
	select {
	case got := <-asked:
		if got != r.url(1) {
			t.Errorf("asked for %s", got)
		}
	default:
		t.Fatalf("it was not to be noted: %+v", run.check(t).Instances)
	}
	if owner, err := r.driver(1).Owner(t.Context()); err != nil || owner != "" || !slices.Equal(r.on(t), []int{0}) {
		t.Errorf("it is on %v, and %q has the lease of the other, %v", r.on(t), owner, err)
	}
	if e := run.check(t); !e.Present || e.PartialFor <= 0 || !strings.Contains(e.Instances[1].Detail, "the disk is full") {
		t.Errorf("%+v", e)
	}
	if err := run.Revert(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
}

// A server of a list that began anew gets the fault again, and its counts take nothing away.
func TestAServerThatBeginsAnew(t *testing.T) {
	t.Parallel()
	r := start(t, 3)
	run := r.ready(t, r.system(0, 1, 2), nil)
	if err := run.Inject(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if err := r.servers[1].Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "it is missed", func() bool { return states(run.check(t)) == "2:in_force 3:failed 4:in_force" })
	if e := run.check(t); !e.Present {
		t.Errorf("not present: %s", e.Detail)
	}
	s, err := proxy.Start(proxy.Options{Listen: strings.TrimPrefix(r.url(1), "http://")})
	if err != nil {
		t.Skip("another process took its port:", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r.create(t, 1)
	until(t, "it has the fault again", func() bool { return states(run.check(t)) == "2:in_force 3:in_force 4:in_force" })
	if err := run.Revert(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if got := r.on(t); len(got) > 0 {
		t.Errorf("it is still on %v", got)
	}
}

// What a person takes away stays away, and is told.
func TestAFaultThatVanishesFromOne(t *testing.T) {
	t.Parallel()
	r := start(t, 3)
	r.name(0, 1, 2)
	run := r.ready(t, r.system(), nil)
	if err := run.Inject(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if err := r.driver(1).Revert(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if e := run.check(t); e.Present || !strings.Contains(e.Detail, r.url(1)) {
		t.Errorf("present %t, %s", e.Present, e.Detail)
	}
	if err := run.Revert(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
}

func TestAShareOfInstances(t *testing.T) {
	t.Parallel()
	r := start(t, 6)
	all := []int{0, 1, 2, 3, 4, 5}
	r.name(all...)
	share := &experiments.InstanceShare{Take: 2, Of: 6}
	run := r.ready(t, r.system(), share)
	again, err := fleetFilled(t, r, share)
	if err != nil || len(run.fault.On) != 2 || !slices.Equal(run.fault.On, again) {
		t.Fatalf("on %v and with the same seed on %v, %v", run.fault.On, again, err)
	}
	if err := run.Inject(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	chosen := r.on(t)
	if len(chosen) != 2 || r.url(chosen[0]) != run.fault.On[0] || r.url(chosen[1]) != run.fault.On[1] {
		t.Errorf("it is on %v, and the plan says %v", chosen, run.fault.On)
	}
	r.name(slices.DeleteFunc(slices.Clone(all), func(i int) bool { return i == chosen[0] })...)
	until(t, "another one takes its place", func() bool {
		now := r.on(t)
		return len(now) == 2 && slices.Contains(now, chosen[1]) && !slices.Contains(now, chosen[0])
	})
	if now := r.on(t); !run.joined.has(r.url(now[0])) && !run.joined.has(r.url(now[1])) {
		t.Errorf("it is on %v, and joined are %v", now, run.joined.list)
	}
	if err := run.Revert(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	if got := r.on(t); len(got) > 0 {
		t.Errorf("it is still on %v", got)
	}
}

// fleetFilled chooses the instances of the fault once more.
func fleetFilled(t *testing.T, r *row, share *experiments.InstanceShare) ([]string, error) {
	t.Helper()
	s := r.system()
	f := fleet.New(fleet.Options{System: s})
	if _, err := f.Identify(t.Context()); err != nil {
		return nil, err
	}
	p, err := f.Fill(t.Context(), planned(s, share))
	if err != nil {
		return nil, err
	}
	return p.Experiments[0].Faults[0].On, nil
}

// What is wrong with a name is told before anything is done.
func TestNamesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	r := start(t, 1)
	for name, set := range map[string]struct {
		do      func()
		refused bool
	}{
		"no such name":     {func() { r.dns.Set() }, false},
		"server fails":     {r.dns.Break, false},
		"outside staging":  {func() { r.dns.Set(address(0), netip.MustParseAddr("192.0.2.1")) }, true},
		"nobody is there":  {func() { r.dns.Set(netip.MustParseAddr("127.0.0.200")) }, false},
		"one of them gone": {func() { r.dns.Set(address(0), netip.MustParseAddr("127.0.0.200")) }, false},
	} {
		set.do()
		_, err := fleet.New(fleet.Options{System: r.system()}).Identify(t.Context())
		if err == nil || errors.Is(err, experiments.ErrRefused) != set.refused {
			t.Errorf("%s: Identify() = %v, want an error, refused: %t", name, err, set.refused)
		}
	}
	s := r.system()
	r.name(0)
	s.Dependencies[0].Toxiproxy[0] = strings.Replace(s.Dependencies[0].Toxiproxy[0], "payments-proxy.test", "payments-proxy.example", 1)
	if _, err := fleet.New(fleet.Options{System: s}).Identify(t.Context()); !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("Identify() = %v of a name that is not allowed", err)
	}
	run := r.system()
	f := fleet.New(fleet.Options{System: run})
	if _, err := f.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Preflight(t.Context(), planned(run, &experiments.InstanceShare{Take: 1, Of: 6})); !errors.Is(err, experiments.ErrInvalid) {
		t.Errorf("Preflight() = %v of one of six where one is there", err)
	}
}

// Of two runs that want the same servers, one gets all and the other none.
func TestLeasesOfAllOrNone(t *testing.T) {
	t.Parallel()
	r := start(t, 3)
	if _, err := r.driver(2).Acquire(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	f := fleet.New(fleet.Options{System: r.system(0, 1, 2)})
	if _, err := f.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Acquire(t.Context(), testRun); !errors.Is(err, toxiproxy.ErrRefused) {
		t.Errorf("Acquire() = %v", err)
	}
	for i := range 2 {
		if owner, err := r.driver(i).Owner(t.Context()); err != nil || owner != "" {
			t.Errorf("server %d has the lease of %q, %v", i, owner, err)
		}
	}
}

// silent is a server that takes connections and never answers.
func silent(t *testing.T, at string) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Skip("another process took the port:", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
}

// A process that knows a run from its records removes its fault everywhere. A server that
// does not answer is clean once it has left the name, and its lease has lapsed.
func TestAfterADeath(t *testing.T) {
	t.Parallel()
	r := start(t, 4)
	r.name(0, 1, 2)
	s := r.system()
	run := r.ready(t, s, nil)
	if err := run.Inject(t.Context(), run.fault); err != nil {
		t.Fatal(err)
	}
	r.name(0, 1, 2, 3)
	until(t, "the fourth has it", func() bool { return len(r.on(t)) == 4 })

	dead := func() *fleet.Fleet {
		f := fleet.New(fleet.Options{System: s})
		p := planned(s, nil)
		p.Experiments[0].Faults[0] = run.fault
		f.Know(p, []journal.Joined{{Fault: run.fault.Name, Instance: r.url(3)}})
		return f
	}
	r.dns.Break()
	if got := strings.Count(dead().ManualRemoval(t.Context(), run.fault), "curl"); got != 4 {
		t.Errorf("%d commands, want one for each server", got)
	}
	if err := r.servers[1].Close(); err != nil { // it ends, and its port is taken by something that hangs
		t.Fatal(err)
	}
	silent(t, net.JoinHostPort(address(1).String(), r.port))
	if err := run.Revert(shortly(t), run.fault); err == nil {
		t.Error("Revert() = nil while a server does not answer, and no name can be asked")
	}
	if got := r.on(t); len(got) > 0 {
		t.Errorf("it is still on %v", got)
	}
	r.name(0, 2, 3)
	f := dead()
	if err := f.Revert(shortly(t), run.fault); err == nil {
		t.Error("Revert() = nil although nothing says when the lease lapses")
	}
	f.LeasesLapse(time.Now().Add(time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // longer than the attempt
	defer cancel()
	if err := f.Revert(ctx, run.fault); err == nil || !strings.Contains(err.Error(), "lapses") {
		t.Errorf("Revert() = %v although the lease has not lapsed", err)
	}
	f.LeasesLapse(time.Now())
	if err := f.Revert(t.Context(), run.fault); err != nil {
		t.Errorf("Revert() = %v of a server that left and whose lease has lapsed", err)
	}
}

// shortly is a context for what cannot succeed.
func shortly(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// Counters of proxies are sums over the servers.
func TestCountersAreSums(t *testing.T) {
	t.Parallel()
	r := start(t, 3)
	s := r.system(0, 1, 2)
	f := fleet.New(fleet.Options{System: s})
	if _, err := f.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range r.servers {
		list, err := r.driver(i).Proxies(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range i + 1 {
			resp, err := http.Get("http://" + list[0].Listen)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
		http.DefaultClient.CloseIdleConnections()
	}
	until(t, "every connection is counted", func() bool {
		got, counts, err := f.Carried(t.Context())
		return err == nil && counts && len(got) == 1 && got[0].Proxy == "payments" && got[0].Connections >= 3
	})
}

func TestFleetNeedsAToxiproxy(t *testing.T) {
	t.Parallel()
	f := fleet.New(fleet.Options{System: &experiments.System{Dependencies: []experiments.Dependency{{Name: "payments"}}}})
	if _, err := f.Identify(t.Context()); err == nil {
		t.Error("Identify() = nil without any server")
	}
	if err := f.Revert(t.Context(), plan.Fault{Name: injectors.FaultName(testRun, 1)}); err == nil {
		t.Error("Revert() = nil without any server")
	}
}

// One server is a fleet of one, which keeps the contract of every injector.
func TestContractOfOne(t *testing.T) {
	t.Parallel()
	s, err := proxy.Start(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	admin := toxiproxy.New(toxiproxy.Options{URL: s.URL()})
	var routes atomic.Int64
	injectortest.Run(t, injectortest.Target{
		New: func() engine.Injector {
			return fleet.New(fleet.Options{System: &experiments.System{Toxiproxy: s.URL()}})
		},
		Counts: true,
		Route: func(t *testing.T, upstream string) (string, string) {
			name := "dependency-" + strconv.FormatInt(routes.Add(1), 10)
			ports, err := loopback.Reserve(1) // a proxy that is down is still there
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = ports.Close() })
			listen := ports.Addresses()[0]
			if err := admin.Create(t.Context(), name, listen, upstream); err != nil {
				t.Fatal(err)
			}
			return name, listen
		},
		Unroute: func(t *testing.T, name string) {
			if err := admin.Delete(context.Background(), name); err != nil {
				t.Error(err)
			}
		},
		Enable: func(t *testing.T, name string, enabled bool) {
			resp, err := http.Post(s.URL()+"/proxies/"+name, "application/json", strings.NewReader(`{"enabled": `+strconv.FormatBool(enabled)+`}`))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		},
	})
}

// On stock servers, down is a disabled proxy, and a server that has left and does not answer
// proves nothing.
func TestStockServers(t *testing.T) {
	t.Parallel()
	var urls []string
	for i := range 2 {
		s, err := stock.Start(net.JoinHostPort(address(i).String(), "0"), stock.OneAtATime)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		urls = append(urls, s.URL())
		if err := toxiproxy.New(toxiproxy.Options{URL: s.URL()}).Create(t.Context(), "payments", "127.0.0.1:0", "127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
	}
	s := &experiments.System{Dependencies: []experiments.Dependency{{Name: "payments", Proxy: "payments", Toxiproxy: urls}}}
	f := fleet.New(fleet.Options{System: s})
	server, err := f.Identify(t.Context())
	if err != nil || server.Kind != toxiproxy.KindStock {
		t.Fatalf("%+v, %v", server, err)
	}
	down := plan.Fault{Name: injectors.FaultName(testRun, 1), Proxy: "payments", Fault: experiments.Fault{Inject: "down", Into: "payments", Share: 1}}
	enabled := func() (list []bool) {
		for _, url := range urls {
			proxies, err := toxiproxy.New(toxiproxy.Options{URL: url}).Proxies(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range proxies {
				if p.Name == "payments" {
					list = append(list, p.Enabled)
				}
			}
		}
		return list
	}
	if err := f.Inject(t.Context(), down); err != nil || !slices.Equal(enabled(), []bool{false, false}) {
		t.Fatalf("enabled %v, %v", enabled(), err)
	}
	if e, err := f.Check(t.Context(), down); err != nil || !e.Present || e.Counted || len(e.Instances) != 2 {
		t.Errorf("%+v, %v", e, err)
	}
	release, err := toxiproxy.New(toxiproxy.Options{URL: urls[1]}).Acquire(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	dead := fleet.New(fleet.Options{System: s}).OfDeadRun(testRun)
	if err := dead.Revert(t.Context(), down); err == nil || !slices.Equal(enabled(), []bool{true, false}) {
		t.Errorf("enabled %v, %v while another run has the second", enabled(), err)
	}
	if err := release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Revert(t.Context(), down); err != nil || !slices.Equal(enabled(), []bool{true, true}) {
		t.Errorf("enabled %v, %v", enabled(), err)
	}
}
