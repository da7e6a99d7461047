package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A stage is the demo shop with its proxies and its documents.
type stage struct {
	shop    *checkout.System
	server  *proxy.Server // nil when it is somebody else's
	driver  *toxiproxy.Driver
	created []string // proxies that we made
	file    string   // blastgauge.yaml
}

// raise starts the shop behind its proxies and writes its documents into dir.
func raise(ctx context.Context, o demoOptions, dir string) (s *stage, err error) {
	s = &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return s, err
	}
	options := checkout.Options{Storefront: o.storefront, Redis: o.redis, Postgres: o.postgres}
	if o.serve != "" {
		options.Settings = filepath.Join(dir, "settings.json")
	}
	s.shop, err = checkout.Start(ctx, options)
	if errors.Is(err, checkout.ErrAddress) {
		return s, usagef("%w", err)
	}
	if err != nil {
		return s, err
	}
	url := o.toxiproxy
	if url == "" {
		if s.server, err = proxy.Start(proxy.Options{Version: version()}); err != nil {
			return s, err
		}
		url = s.server.URL()
	}
	s.driver = toxiproxy.New(toxiproxy.Options{URL: url})
	listen, err := s.createProxies(ctx)
	if err != nil {
		return s, err
	}
	if err := s.shop.Open(ctx, listen); err != nil {
		return s, err
	}
	documents, err := s.shop.Documents(listen, url)
	if err != nil {
		return s, err
	}
	for _, kind := range []experiments.Kind{experiments.SystemKind, experiments.ExperimentKind} {
		schema, err := experiments.Schema(kind)
		if err != nil {
			return s, err
		}
		documents[".blastgauge/schema/"+string(kind)+".json"] = string(schema) // what their first lines name
	}
	s.file = filepath.Join(dir, experiments.SystemFile)
	return s, writeDocuments(dir, documents)
}

// toBeStarted stands for the address of a server that the demo starts itself.
const toBeStarted = "start"

// startParts starts the servers that are asked for, and puts their addresses
// into o. What was started is returned also with an error.
func startParts(ctx context.Context, o *demoOptions) (started []*checkout.LocalServer, err error) {
	for _, part := range []struct {
		address *string
		start   func(context.Context) (*checkout.LocalServer, error)
	}{{&o.redis, checkout.StartRedis}, {&o.postgres, checkout.StartPostgres}} {
		if *part.address != toBeStarted {
			continue
		}
		server, err := part.start(ctx)
		if err != nil {
			return started, err
		}
		*part.address = server.URL
		started = append(started, server)
	}
	return started, nil
}

func closeParts(started []*checkout.LocalServer) error {
	var errs []error
	for _, server := range started {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// createProxies puts a proxy in front of every dependency and says where each
// listens.
func (s *stage) createProxies(ctx context.Context) (map[string]string, error) {
	if _, err := s.driver.Identify(ctx); err != nil {
		return nil, err
	}
	deps := s.shop.Dependencies()
	addresses, err := checkout.FreeAddresses(len(deps))
	if err != nil {
		return nil, err
	}
	listen := map[string]string{}
	for i, d := range deps {
		if listen[d.Name], err = s.createProxy(ctx, d, addresses[i]); err != nil {
			return nil, err
		}
		s.created = append(s.created, d.Name)
	}
	return listen, nil
}

// createProxy puts a proxy in front of a dependency, at an address that was free a
// moment ago, or at another where somebody was faster.
func (s *stage) createProxy(ctx context.Context, d checkout.Dependency, address string) (string, error) {
	for try := 1; ; try++ {
		err := s.driver.Create(ctx, d.Name, address, d.Upstream)
		if err == nil || try == 3 || !strings.Contains(err.Error(), "address already in use") {
			return address, err
		}
		another, err := checkout.FreeAddresses(1)
		if err != nil {
			return "", err
		}
		address = another[0]
	}
}

func writeDocuments(dir string, documents map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(documents[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// close takes everything down, callers before what they call.
func (s *stage) close() error {
	var errs []error
	if s.shop != nil {
		errs = append(errs, s.shop.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s.server == nil {
		for _, name := range s.created {
			errs = append(errs, s.driver.Delete(ctx, name))
		}
	} else {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}
