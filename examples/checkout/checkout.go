// Package checkout is a small web shop to run experiments on. It uses real loopback
// sockets and has a storefront, nine dependencies that are called, and one that is
// never called.
//
// There are two routes through the shop. The fault route reaches every
// dependency at an address that the caller gives, which is where proxies go.
// The control route has a storefront, a pricing and an orders service of its own
// and reaches the dependencies directly, so that no fault in a proxy can touch it.
// The dependencies behind both are shared; they answer fast, hold no lock while
// they wait, and cannot be exhausted by connections of one arm that hang.
//
//	customer ─► storefront ─► [proxies] ─► catalogue inventory orders payments mail recommendations carts (Redis)
//	                      ├─► [pricing] ─► pricing ─► [settings] ─► settings
//	                      └─► [orders] ─► orders (─► [orders-db] ─► PostgreSQL)
//
// Orders are in memory, or in a PostgreSQL that is given. There are two builds
// of the storefront, and with it of pricing and orders:
//
//	                   naive                              hardened
//	time limits        none                               every call
//	payments fail      2 retries without a key, then 502  1 retry with a key, then accepted as "deferred"
//	payments hang      hangs; charges twice when cut      as above, after 0.8 s; at once when the breaker is open
//	carts fail         502                                the cart travels in its signed id
//	catalogue fails    502                                the last catalogue
//	settings fail      502                                the last good settings
//	settings are odd   believed                           the last good settings
//	orders-db fails    2 retries, each another order, then 502  1 retry, an order once, then written later
//	recommendations    waited for; an error is tolerated  150 ms, then none
//	mail               waited for; an error loses the order  sent later
//	others fail        502, or hang                       502, 503 (breaker) or 504
//
// The other third-party packages here are what shops are made of: redigo for
// the carts, miniredis so that the demo needs no Redis, pgx for the orders,
// failsafe-go for the policies of the hardened build.
package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
)

// The builds of the storefront.
const (
	Naive    = "naive"
	Hardened = "hardened"
)

const (
	closeGrace = 250 * time.Millisecond // for customers to be served to the end
	closeLimit = 5 * time.Second        // for everything else to notice
)

// ErrAddress is the class of errors about an address in Options that cannot be parsed.
var ErrAddress = errors.New("no address")

// Options configures a System. The zero value is the naive build with an
// embedded Redis and orders in memory, silent.
type Options struct {
	Storefront string // Naive or Hardened; "" is Naive
	Redis      string // host:port or redis://[user:password@]host:port[/db]; "" is embedded
	Postgres   string // postgres://[user:password@]host:port/database; "" keeps orders in memory
	// Settings is the path of a file that the config service reads for every request.
	// A missing file is created. With a file, the control route has a config service of
	// its own, which serves the settings that are built in. "" serves those on both.
	Settings string
	Log      *slog.Logger // nil discards
}

// A Dependency is a service or store that the shop calls over the network.
type Dependency struct {
	Name        string
	Upstream    string // where it really is: http://127.0.0.1:23456, redis://127.0.0.1:23457
	Criticality string // "hard": a checkout needs it; "soft": it should work without
	Owner       string // a made-up team
}

// A System is a running shop. Its methods may be called concurrently.
type System struct {
	build string
	log   *slog.Logger

	services       []service
	redis          redisServer
	embedded       *embeddedRedis
	database       *database // nil: orders are in memory
	fault, control side
	goodSettings   *server // of the control route; nil where both share one

	mu     sync.Mutex // held while opening and closing
	opened bool
	ended  bool
	err    error // of Close
}

// side is one route: what exists once for the fault route and once for the control
// route.
type side struct {
	pricing    *pricing
	orders     *orders
	storefront *storefront
}

// service is a declared dependency. server is nil for a store, and for a service that
// exists once for each route.
type service struct {
	name, criticality, owner string
	handler                  func() http.Handler
	server                   *server
}

// directory lists the dependencies in the order in which documents and reports
// show them: along a checkout, the soft ones last.
func directory() []service {
	return []service{
		{name: "catalogue", criticality: "hard", owner: "team-assortment", handler: newCatalogue},
		{name: "carts", criticality: "hard", owner: "team-basket"},
		{name: "pricing", criticality: "hard", owner: "team-pricing"},
		{name: "settings", criticality: "hard", owner: "team-platform", handler: func() http.Handler { return newSettings(settingsBuiltIn) }},
		{name: "inventory", criticality: "hard", owner: "team-logistics", handler: newInventory},
		{name: "orders", criticality: "hard", owner: "team-orders"},
		{name: "payments", criticality: "hard", owner: "team-payments", handler: newPayments},
		{name: "recommendations", criticality: "soft", owner: "team-discovery", handler: newRecommendations},
		{name: "mail", criticality: "soft", owner: "team-messaging", handler: newMail},
		{name: "reviews", criticality: "soft", owner: "team-community", handler: newReviews},
	}
}

// ordersDB is the name of the PostgreSQL behind orders, where one was given.
const ordersDB = "orders-db"

// withDatabase inserts ordersDB into a directory, behind orders.
func withDatabase(list []service) []service {
	at := slices.IndexFunc(list, func(s service) bool { return s.name == "orders" })
	return slices.Insert(list, at+1, service{name: ordersDB, criticality: "hard", owner: "team-orders"})
}

// calledByStorefront names the dependencies that a storefront calls itself.
func calledByStorefront() []string {
	return []string{"catalogue", "carts", "pricing", "inventory", "orders", "payments", "recommendations", "mail"}
}

// Start starts the dependencies, and both pricing services, on free loopback
// ports. The storefronts hold their ports, too, but answer 503 until Open. ctx
// bounds the start only: the system runs until Close.
func Start(ctx context.Context, o Options) (*System, error) {
	s := &System{
		build:    cmp.Or(o.Storefront, Naive),
		log:      cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		services: directory(),
	}
	if s.build != Naive && s.build != Hardened {
		return nil, fmt.Errorf("storefront %q: there are %q and %q", s.build, Naive, Hardened)
	}
	err := s.configure(ctx, o.Settings)
	if err == nil {
		err = s.start(ctx, o)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// configure gives the config service its file, and the control route a service
// without one.
func (s *System) configure(ctx context.Context, file string) error {
	if file == "" {
		return nil
	}
	read, err := settingsFile(file)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	for i := range s.services {
		if s.services[i].name == "settings" {
			s.services[i].handler = func() http.Handler { return newSettings(read) }
		}
	}
	l, err := loopback.Listen(ctx)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	s.goodSettings = serve(l, newSettings(settingsBuiltIn), s.log)
	return nil
}

func (s *System) start(ctx context.Context, o Options) error {
	if err := s.startStores(ctx, o); err != nil {
		return err
	}
	for i := range s.services {
		if s.services[i].handler == nil {
			continue
		}
		l, err := loopback.Listen(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.services[i].name, err)
		}
		s.services[i].server = serve(l, s.services[i].handler(), s.log)
	}
	for _, one := range []*side{&s.fault, &s.control} {
		var err error
		if one.pricing, err = newPricing(ctx, s.log); err != nil {
			return fmt.Errorf("pricing: %w", err)
		}
		if one.orders, err = newOrders(ctx, s.log); err != nil {
			return fmt.Errorf("orders: %w", err)
		}
		if one.storefront, err = newStorefront(ctx, s.log); err != nil {
			return fmt.Errorf("storefront: %w", err)
		}
	}
	return nil
}

// startStores connects to the stores that were given. It starts a Redis in this process
// where none was.
func (s *System) startStores(ctx context.Context, o Options) error {
	address, err := o.Redis, error(nil)
	if address == "" {
		if s.embedded, err = embedRedis(ctx); err != nil {
			return err
		}
		address = s.embedded.mini.Addr()
	}
	if s.redis, err = parseRedis(address); err != nil {
		return err
	}
	if o.Redis != "" {
		if err := pingRedis(ctx, s.redis); err != nil {
			return err
		}
	}
	if o.Postgres != "" {
		s.database, err = openDatabase(ctx, o.Postgres, s.build)
		s.services = withDatabase(s.services)
	}
	return err
}

// Dependencies lists every dependency of the fault route, always in the same
// order. Proxies are put in front of their upstreams between Start and Open.
func (s *System) Dependencies() []Dependency {
	list := make([]Dependency, 0, len(s.services))
	for _, svc := range s.services {
		d := Dependency{Name: svc.name, Criticality: svc.criticality, Owner: svc.owner}
		switch {
		case svc.server != nil:
			d.Upstream = svc.server.url()
		case svc.name == "carts":
			d.Upstream = redisUpstream(s.redis)
		case svc.name == ordersDB:
			d.Upstream = s.database.upstream()
		case svc.name == "orders":
			d.Upstream = s.fault.orders.server.url()
		default:
			d.Upstream = s.fault.pricing.server.url()
		}
		list = append(list, d)
	}
	return list
}

// Open opens both storefronts. proxied maps the name of a dependency to the host:port
// at which the fault route calls it; a dependency that is missing is called directly.
// An unknown name, an address without a port, or a second Open is an error.
func (s *System) Open(ctx context.Context, proxied map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened || s.ended {
		return errors.New("the shop was opened or closed before")
	}
	direct := make(map[string]string, len(s.services))
	for _, svc := range s.services {
		if svc.server != nil {
			direct[svc.name] = svc.server.address
		}
	}
	direct["carts"] = s.redis.address
	if s.database != nil {
		direct[ordersDB] = s.database.address()
	}
	faulty := maps.Clone(direct)
	direct["pricing"], direct["orders"] = s.control.pricing.server.address, s.control.orders.server.address
	faulty["pricing"], faulty["orders"] = s.fault.pricing.server.address, s.fault.orders.server.address
	if s.goodSettings != nil {
		direct["settings"] = s.goodSettings.address
	}
	for name, address := range proxied {
		if _, ok := faulty[name]; !ok {
			return fmt.Errorf("no dependency is called %q", name)
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("address of %s: %w", name, err)
		}
		faulty[name] = address
	}
	stores, err := s.orderStores(faulty[ordersDB], direct[ordersDB])
	if err != nil {
		return err
	}
	s.opened = true
	s.fault.orders.connect(stores[0])
	s.control.orders.connect(stores[1])
	s.open(ctx, s.fault, faulty)
	s.open(ctx, s.control, direct)
	return nil
}

// orderStores returns the store of the fault route and that of the control route.
func (s *System) orderStores(faulty, direct string) ([2]orderStore, error) {
	if s.database == nil {
		shared := memoryOrders{newRecent[order](keptOrders)}
		return [2]orderStore{shared, shared}, nil
	}
	first, err := newOrderStore(s.database, faulty, s.build, s.log)
	if err != nil {
		return [2]orderStore{}, err
	}
	second, err := newOrderStore(s.database, direct, s.build, s.log)
	return [2]orderStore{first, second}, err
}

// open connects one side to its dependencies.
func (s *System) open(ctx context.Context, one side, addresses map[string]string) {
	one.pricing.connect(ctx, "http://"+addresses["settings"], s.build, s.log)
	r := route{build: s.build, base: make(map[string]string)}
	for _, name := range calledByStorefront() {
		if name != "carts" {
			r.base[name] = "http://" + addresses[name]
		}
	}
	r.carts = func(build string, f *storefront) *cartStore {
		limit := time.Duration(0)
		if build == Hardened {
			limit = patientCarts
		}
		return newCartStore(s.redis, addresses["carts"], limit, f.counters.calls["carts"])
	}
	one.storefront.open(r, s.log)
}

// URL is where customers enter on the fault route, such as
// http://127.0.0.1:23458. It is known from Start on.
func (s *System) URL() string { return s.fault.storefront.server.url() }

// ControlURL is the same shop on a route without proxies.
func (s *System) ControlURL() string { return s.control.storefront.server.url() }

// Close stops everything, callers before the services they call. It returns when no
// goroutine and no socket of the system is left: within seconds, even if every proxy
// hangs. A second Close returns the error of the first.
func (s *System) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		s.err = s.shutDown()
	}
	return s.err
}

// shutDown also cleans up after a Start that failed half way.
func (s *System) shutDown() error {
	var errs []error
	sides := []side{s.fault, s.control}
	for _, one := range sides {
		if one.storefront != nil {
			errs = append(errs, one.storefront.close())
		}
	}
	for _, one := range sides {
		if one.pricing != nil {
			errs = append(errs, one.pricing.close())
		}
		if one.orders != nil {
			errs = append(errs, one.orders.close())
		}
	}
	for _, svc := range s.services {
		if svc.server != nil {
			errs = append(errs, svc.server.close(0, func() {}))
		}
	}
	if s.goodSettings != nil {
		errs = append(errs, s.goodSettings.close(0, func() {}))
	}
	if s.embedded != nil {
		s.embedded.close()
	}
	if s.database != nil {
		errs = append(errs, s.database.close())
	}
	return errors.Join(errs...)
}
