package main

import (
	"context"
	"io"
	"os"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/har"
	"github.com/blastgauge/blastgauge/experiments/scaffold/link"
	"github.com/blastgauge/blastgauge/experiments/scaffold/openapi"
	"github.com/blastgauge/blastgauge/experiments/scaffold/postman"
)

// checkSources refuses flags that do not go together.
func (o *initOptions) checkSources() error {
	var given []string
	for _, s := range []struct{ flag, file string }{{"--har", o.har}, {"--postman", o.postman}, {"--openapi", o.openapi}} {
		if s.file != "" {
			given = append(given, s.flag)
		}
	}
	switch {
	case len(given) > 1:
		return usage.Errorf("a journey is made of one source: give one of %s", figures.List(given, "and"))
	case o.origin != "" && len(given) == 0:
		return usage.Errorf("--origin says which requests are the journey: --har, --postman or --openapi is needed, too")
	case o.values != "" && o.postman == "":
		return usage.Errorf("--postman-environment holds the values of a collection: --postman is needed, too")
	case o.folder != "" && o.postman == "":
		return usage.Errorf("--postman-folder is a folder of a collection: --postman is needed, too")
	case len(o.operation) > 0 && o.openapi == "":
		return usage.Errorf("--operation is one of a document: --openapi is needed, too")
	}
	return nil
}

// journey makes the journey of the source that the flags name. It is nil if they name
// none.
func (o *initOptions) journey(ctx context.Context) (j *draft.Journey, err error) {
	switch {
	case o.har != "":
		err = withFile(ctx, "--har", o.har, func(f io.Reader) error {
			rec, err := har.Read(o.har, f)
			if err != nil {
				return err
			}
			j, err = link.Journey(rec, o.origin)
			return err
		})
	case o.postman != "":
		policy := hosts.NewPolicy("", o.allow)
		options := postman.Options{File: o.postman, Folder: o.folder, Origin: o.origin, EnvironmentFile: o.values,
			MayDial: func(host string) bool { return policy.CheckName(host) == nil }}
		read := func(f io.Reader) error {
			var err error
			j, err = postman.Journey(f, options)
			return err
		}
		if o.values == "" {
			err = withFile(ctx, "--postman", o.postman, read)
			break
		}
		err = withFile(ctx, "--postman-environment", o.values, func(values io.Reader) error {
			options.Environment = values
			return withFile(ctx, "--postman", o.postman, read)
		})
	case o.openapi != "":
		err = readNamed(ctx, func() error {
			if _, err := os.Stat(o.openapi); err != nil {
				return usage.Errorf("--openapi: %w", err)
			}
			var err error
			j, err = openapi.Journey(openapi.Options{File: o.openapi, Origin: o.origin, Operations: o.operation})
			return err
		})
	}
	return j, err
}

// withFile opens the file that a flag names, and reads it.
func withFile(ctx context.Context, flag, name string, read func(io.Reader) error) error {
	return readNamed(ctx, func() error {
		f, err := os.Open(name)
		if err != nil {
			return usage.Errorf("%s: %w", flag, err)
		}
		defer func() { _ = f.Close() }() // nothing was written
		return read(f)
	})
}
