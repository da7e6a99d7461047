// Command image writes blastgauge's container image as an OCI archive, without a daemon.
// It has what the Dockerfile's has: the program, certificates, a user and its home, and
// nothing else, no shell either. The same sources and certificates give the same bytes.
//
//	go run ./cmd/image -o image.tar
//	skopeo copy oci-archive:image.tar docker://registry.example/blastgauge:1.0.0
//	podman load -i image.tar
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := image(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "image: %v\n", err)
		os.Exit(1)
	}
}

// options are what the command line asks for.
type options struct {
	out          string   // the archive
	platforms    []string // such as linux/amd64
	program      string   // a program that was built before; empty: it is built
	certificates string
	version      string
	created      time.Time
}

// image writes the archive that args ask for, and tells its digest.
func image(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := o.write(ctx); err != nil {
		return err
	}
	digest, err := digestOf(o.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s  %s  %s\n", digest, strings.Join(o.platforms, " "), o.out)
	return err
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	f.StringVar(&o.out, "o", "image.tar", "the archive, `FILE`")
	platforms := f.String("platforms", "linux/amd64,linux/arm64", "what it is for, as `OS/ARCH,...`")
	f.StringVar(&o.program, "program", "", "take this `FILE` as the program, for one platform; without it, ./cmd/blastgauge is built")
	f.StringVar(&o.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "PEM `FILE` of the authorities that the program trusts")
	f.StringVar(&o.version, "version", "dev", "the image's `TAG` and version")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.platforms = strings.Split(*platforms, ",")
	for _, p := range o.platforms {
		if os, arch, ok := strings.Cut(p, "/"); !ok || os != "linux" || arch == "" {
			return o, fmt.Errorf("-platforms %q: write linux/amd64 or linux/arm64, with commas between them", p)
		}
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q: all arguments are flags; -h shows them", f.Arg(0))
	case o.program != "" && len(o.platforms) > 1:
		return o, errors.New("-program is for one platform: name it, such as -platforms linux/amd64")
	}
	o.created, err = created(os.LookupEnv)
	return o, err
}

// created is the time that the image and its files carry: that of SOURCE_DATE_EPOCH, or
// the beginning of Unix time, so that it does not depend on when the image was made.
func created(getenv func(string) (string, bool)) (time.Time, error) {
	text, ok := getenv("SOURCE_DATE_EPOCH")
	if !ok {
		return time.Unix(0, 0).UTC(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q: it is a number of seconds since 1970", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
