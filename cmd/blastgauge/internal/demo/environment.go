package demo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// EnvironmentOptions say what to start.
type EnvironmentOptions struct {
	Dir        string // where the documents are written; it is created
	Storefront string // the build of the shop: [checkout.Naive] or [checkout.Hardened]
	Stores     Stores
	// Toxiproxy is the URL of a running Toxiproxy. Empty: the environment starts a
	// proxy server in this process.
	Toxiproxy string
	// SettingsFile puts the shop's config into settings.json in Dir, so that faults on
	// files can be tried.
	SettingsFile bool
	Version      string // of blastgauge, which the proxy server reports
}

// An Environment is a shop that runs behind proxies, with the documents that describe
// it.
type Environment struct {
	SystemFile string   // path of blastgauge.yaml; the experiments are beside it
	Kept       []string // documents that the user has changed since they were written

	root    *os.Root // the folder of the documents
	lock    *os.File // in it
	shop    *checkout.System
	server  *proxy.Server // nil with a Toxiproxy that was given
	driver  *toxiproxy.Driver
	created []string          // proxies that we created
	ports   []*loopback.Ports // where they listen
}

// Start starts a shop behind its proxies and writes its documents. The error is of class
// [checkout.ErrAddress] where the address of a store cannot be parsed, and a [usage.Error]
// where the folder is in use, or holds documents of others.
func Start(ctx context.Context, o EnvironmentOptions) (e *Environment, err error) {
	e = &Environment{SystemFile: filepath.Join(o.Dir, experiments.SystemFile)}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	if err := e.claim(o.Dir, o.Stores.Postgres != ""); err != nil {
		return e, err
	}
	options := checkout.Options{Storefront: o.Storefront, Redis: o.Stores.Redis, Postgres: o.Stores.Postgres}
	if o.SettingsFile {
		options.Settings = filepath.Join(o.Dir, "settings.json")
	}
	if e.shop, err = checkout.Start(ctx, options); err != nil {
		return e, err
	}
	url := o.Toxiproxy
	if url == "" {
		if e.server, err = proxy.Start(proxy.Options{Version: o.Version}); err != nil {
			return e, err
		}
		url = e.server.URL()
	}
	e.driver = toxiproxy.New(toxiproxy.Options{URL: url})
	listen, err := e.createProxies(ctx)
	if err != nil {
		return e, err
	}
	if err := e.shop.Open(ctx, listen); err != nil {
		return e, err
	}
	return e, e.writeDocuments(listen, url)
}

// URL is where customers enter the shop.
func (e *Environment) URL() string { return e.shop.URL() }

// ControlURL is the same shop on a route without proxies.
func (e *Environment) ControlURL() string { return e.shop.ControlURL() }

// createProxies creates a proxy for every dependency. It returns where each listens, as
// host:port by name.
func (e *Environment) createProxies(ctx context.Context) (map[string]string, error) {
	if _, err := e.driver.Identify(ctx); err != nil {
		return nil, err
	}
	dependencies := e.shop.Dependencies()
	addresses, err := e.reserve(len(dependencies))
	if err != nil {
		return nil, err
	}
	listen := map[string]string{}
	for i, d := range dependencies {
		if listen[d.Name], err = e.createProxy(ctx, d, addresses[i]); err != nil {
			return nil, err
		}
		e.created = append(e.created, d.Name)
	}
	return listen, nil
}

// reserve returns n addresses that are kept until Close.
func (e *Environment) reserve(n int) ([]string, error) {
	free, err := loopback.Reserve(n)
	if err != nil {
		return nil, err
	}
	e.ports = append(e.ports, free)
	return free.Addresses(), nil
}

// createProxy creates a proxy at an address that was reserved. Where a process that
// knows nothing of reservations was faster, it takes another address.
func (e *Environment) createProxy(ctx context.Context, d checkout.Dependency, address string) (string, error) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		err := e.driver.Create(ctx, d.Name, address, d.Upstream)
		if err == nil || attempt == attempts || !loopback.Taken(address) {
			return address, err
		}
		other, err := e.reserve(1)
		if err != nil {
			return "", err
		}
		address = other[0]
	}
}

// Close stops the shop before the proxies that it calls. It leaves a Toxiproxy that was
// given without our proxies.
func (e *Environment) Close() error {
	var errs []error
	if e.shop != nil {
		errs = append(errs, e.shop.Close())
	}
	if e.server != nil {
		errs = append(errs, e.server.Close())
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for _, name := range e.created {
			errs = append(errs, e.driver.Delete(ctx, name))
		}
	}
	for _, p := range e.ports {
		errs = append(errs, p.Close())
	}
	if e.lock != nil {
		errs = append(errs, e.lock.Close())
	}
	if e.root != nil {
		errs = append(errs, e.root.Close())
	}
	return errors.Join(errs...)
}
