// Command shop runs parts of the demo shop as processes of their own, as containers do.
//
//	shop backends -serve payments=:8083 -serve carts=:6379
//	shop storefront -listen :8080 -call payments=proxy:18083 -call carts=proxy:16379
//	shop healthy http://127.0.0.1:8080/health
//
// What a storefront is not told to call elsewhere it has in its own process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := shop(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "shop: %v\n", err)
		os.Exit(1)
	}
}

func shop(ctx context.Context, args []string, stdout io.Writer) error {
	part := ""
	if len(args) > 0 {
		part, args = args[0], args[1:]
	}
	switch part {
	case "backends":
		return backends(ctx, args, stdout)
	case "storefront":
		return storefront(ctx, args, stdout)
	case "healthy":
		return healthy(ctx, args)
	}
	return fmt.Errorf("%q: the parts are backends, storefront and healthy", part)
}

// addresses is a flag that may be given more than once, each as NAME=HOST:PORT.
type addresses map[string]string

func (a addresses) String() string { return fmt.Sprint(map[string]string(a)) }

func (a addresses) Set(text string) error {
	name, address, ok := strings.Cut(text, "=")
	if _, _, err := net.SplitHostPort(address); err != nil || !ok {
		return errors.New("write NAME=HOST:PORT")
	}
	a[name] = address
	return nil
}

// backends serves dependencies of the shop at fixed addresses.
func backends(ctx context.Context, args []string, stdout io.Writer) (err error) {
	f, serve := flag.NewFlagSet("backends", flag.ContinueOnError), addresses{}
	f.Var(serve, "serve", "a dependency and where to serve it, `NAME=HOST:PORT`; repeatable")
	if err := f.Parse(args); err != nil {
		return err
	}
	system, err := checkout.Start(ctx, checkout.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	dependencies := system.Dependencies()
	for name, at := range serve {
		i := slices.IndexFunc(dependencies, func(d checkout.Dependency) bool { return d.Name == name })
		if i < 0 {
			return fmt.Errorf("-serve: the shop has no dependency %q", name)
		}
		if err := forward(ctx, at, dependencies[i].Upstream); err != nil {
			return err
		}
	}
	return wait(ctx, stdout)
}

// storefront serves a storefront that calls dependencies elsewhere.
func storefront(ctx context.Context, args []string, stdout io.Writer) (err error) {
	f, call := flag.NewFlagSet("storefront", flag.ContinueOnError), addresses{}
	f.Var(call, "call", "a dependency and where to call it, `NAME=HOST:PORT`; repeatable")
	listen := f.String("listen", ":8080", "where customers enter, `HOST:PORT`")
	build := f.String("build", checkout.Naive, "the `BUILD`: naive or hardened")
	if err := f.Parse(args); err != nil {
		return err
	}
	system, err := checkout.Start(ctx, checkout.Options{Storefront: *build})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	if err := system.Open(ctx, call); err != nil {
		return err
	}
	if err := forward(ctx, *listen, system.URL()); err != nil {
		return err
	}
	return wait(ctx, stdout)
}

func wait(ctx context.Context, stdout io.Writer) error {
	if _, err := fmt.Fprintln(stdout, "ready"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// healthy asks a storefront, for images that have no other program to do so.
func healthy(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("healthy takes a URL")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return errors.Join(err, answer.Body.Close())
}

// forward carries connections to a service of the shop, which listens on loopback alone.
func forward(ctx context.Context, listen, service string) error {
	to, err := url.Parse(service)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			go carry(ctx, from, to.Host)
		}
	}()
	return nil
}

// carry ends both connections as soon as one of them ends, so that a caller sees an end
// of the service as one.
func carry(ctx context.Context, from net.Conn, address string) {
	defer func() { _ = from.Close() }()
	to, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
