package demo

import (
	"context"
	"errors"

	"github.com/blastgauge/blastgauge/examples/checkout"
)

// StartLocally is the address of a store that the demo starts itself.
const StartLocally = "start"

// Stores are the addresses of the stores of a shop.
type Stores struct {
	Redis    string // host:port or URL; empty: a Redis in this process
	Postgres string // URL; empty: orders are in memory
}

// Servers are the stores that the demo started from this machine's packages.
type Servers []*checkout.LocalServer

// StartStores starts a server for each store whose address is [StartLocally]. The stores
// it returns have addresses. The caller must close the servers, also after an error.
func StartStores(ctx context.Context, s Stores) (Stores, Servers, error) {
	var servers Servers
	for _, store := range []struct {
		address *string
		start   func(context.Context) (*checkout.LocalServer, error)
	}{{&s.Redis, checkout.StartRedis}, {&s.Postgres, checkout.StartPostgres}} {
		if *store.address != StartLocally {
			continue
		}
		server, err := store.start(ctx)
		if err != nil {
			return s, servers, err
		}
		*store.address = server.URL
		servers = append(servers, server)
	}
	return s, servers, nil
}

// Close stops the servers and removes their data.
func (s Servers) Close() error {
	var errs []error
	for _, server := range s {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
