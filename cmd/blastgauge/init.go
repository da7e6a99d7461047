package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

type initOptions struct {
	toxiproxy string
	token     string
	har       string
	origin    string
	dir       string
	allow     []string
	force     bool
}

func newInit(a *app) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write first documents: from a Toxiproxy, from a recorded checkout, or from nothing",
		Long: `Init writes blastgauge.yaml, experiments/*.yaml and their schemas, to be read and
changed. They are valid as they are, and blastgauge plan works on them at once.

With --toxiproxy the proxies of a running Toxiproxy become the dependencies; it
is only read. With --har a checkout that a browser recorded becomes the journey:
in the network panel of the developer tools, in a private window and with the
cache disabled, check out once, then save all as HAR with content (in Chrome,
with sensitive data: otherwise what a later request needs of an earlier answer
is missing). The HAR file holds passwords and cookies; the documents do not:
those become ${env:NAME}.

Nothing that exists is overwritten without --force.`,
		Example: `  blastgauge init
  blastgauge init --toxiproxy http://127.0.0.1:8474 --har checkout.har
  blastgauge init --har checkout.har --allow-host shop.staging.example --dir staging`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.initCommand(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.toxiproxy, "toxiproxy", "", "the `URL` of a running Toxiproxy: its proxies become dependencies")
	tokenFlags(cmd, &o.token, apiToken)
	f.StringVar(&o.har, "har", "", "a HAR `FILE`: the recorded checkout becomes a journey")
	f.StringVar(&o.origin, "origin", "", "the `ORIGIN` whose requests are the journey (default: the one that the recording is mostly about)")
	f.StringSliceVar(&o.allow, "allow-host", nil, "a `HOST` of staging that may be dialled, beyond loopback and *.test; repeatable")
	f.StringVar(&o.dir, "dir", ".", "write into `DIR`")
	f.BoolVar(&o.force, "force", false, "overwrite files that exist")
	return cmd
}

func (a *app) initCommand(ctx context.Context, o initOptions) error {
	if o.origin != "" && o.har == "" {
		return usagef("--origin says which requests of a recording are the journey: --har is needed, too")
	}
	d, err := o.draft(ctx)
	if err != nil {
		return err
	}
	placed, err := o.place(d)
	if err != nil {
		return err
	}
	for _, line := range placed {
		fmt.Fprintln(a.stdout, line)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(a.stderr, "mind    %s\n", n)
	}
	for _, s := range d.Env {
		fmt.Fprintf(a.stderr, "set     %s before a run: the %s\n", s.Name, s.Of)
	}
	fmt.Fprintf(a.stdout, "next    blastgauge plan -f %s\n", filepath.Join(o.dir, experiments.SystemFile))
	return nil
}

// draft reads what there is and writes documents of it, into memory.
func (o *initOptions) draft(ctx context.Context) (*scaffold.Draft, error) {
	from := scaffold.Options{Toxiproxy: o.toxiproxy, AllowHosts: o.allow}
	if o.toxiproxy != "" {
		proxies, err := o.proxies(ctx)
		if err != nil {
			return nil, err
		}
		from.Proxies = proxies
	}
	if o.har != "" {
		f, err := os.Open(o.har)
		if err != nil {
			return nil, usagef("--har: %w", err)
		}
		defer f.Close() //nolint:errcheck // nothing was written
		if from.Recording, err = scaffold.ReadRecording(o.har, f, o.origin); err != nil {
			return nil, err
		}
	}
	return scaffold.Make(from)
}

// proxies asks the Toxiproxy what it has.
func (o *initOptions) proxies(ctx context.Context) ([]scaffold.Proxy, error) {
	system := experiments.System{Toxiproxy: o.toxiproxy, AllowHosts: o.allow}
	driver, err := newDriver(&system, o.token, nil)
	if err != nil {
		return nil, err
	}
	if _, err := driver.Identify(ctx); err != nil {
		if errors.Is(err, experiments.ErrRefused) {
			err = fmt.Errorf("%w\n(init: --allow-host HOST does so)", err)
		}
		return nil, err
	}
	list, err := driver.Proxies(ctx)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("toxiproxy at %s has no proxies: create those that the system calls its dependencies through, or leave out --toxiproxy", o.toxiproxy)
	}
	return plainProxies(list), nil
}

func plainProxies(list []toxiproxy.Proxy) []scaffold.Proxy {
	out := make([]scaffold.Proxy, len(list))
	for i, p := range list {
		out[i] = scaffold.Proxy(p)
	}
	return out
}

// place puts the documents into their folder: all of them or, where one exists
// and differs, none. They are written and loaded beside it first, so that no
// half of one is ever seen.
func (o *initOptions) place(d *scaffold.Draft) (placed []string, err error) {
	todo, lines, err := o.missing(d)
	if err != nil {
		return nil, err
	}
	_, statErr := os.Stat(o.dir)
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	aside, err := os.MkdirTemp(o.dir, ".blastgauge-init-")
	if err != nil {
		return nil, err
	}
	defer func() {
		failed := err != nil
		err = errors.Join(err, os.RemoveAll(aside))
		if failed && errors.Is(statErr, fs.ErrNotExist) {
			_ = os.Remove(o.dir) // where it is not empty, it is not only ours
		}
	}()
	if err := stageFiles(aside, d); err != nil {
		return nil, err
	}
	var made []string
	for _, f := range todo {
		target := filepath.Join(o.dir, filepath.FromSlash(f.Name))
		if err := settle(filepath.Join(aside, filepath.FromSlash(f.Name)), target, o.force); err != nil {
			if !o.force { // what was there is there still; what was made now goes
				for _, m := range made {
					err = errors.Join(err, os.Remove(m))
				}
			}
			return nil, err
		}
		made = append(made, target)
		lines = append(lines, "wrote   "+target)
	}
	return lines, nil
}

// missing tells which files are to be written, and refuses where one exists
// that says something else.
func (o *initOptions) missing(d *scaffold.Draft) (todo []scaffold.File, lines []string, err error) {
	var exist []string
	for _, f := range d.Files {
		target := filepath.Join(o.dir, filepath.FromSlash(f.Name))
		text, err := os.ReadFile(target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && bytes.Equal(text, []byte(f.Text)):
			lines = append(lines, "kept    "+target)
			continue
		case !o.force:
			exist = append(exist, target)
		}
		todo = append(todo, f)
	}
	if len(exist) > 0 {
		return nil, nil, usagef("%s: already there; --force overwrites, --dir writes elsewhere (nothing was written)", strings.Join(exist, ", "))
	}
	return todo, lines, nil
}

// stageFiles writes the documents into a folder and loads them.
func stageFiles(dir string, d *scaffold.Draft) error {
	var list []string
	for _, f := range d.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(f.Text), 0o644); err != nil {
			return err
		}
		if strings.HasPrefix(f.Name, "experiments/") {
			list = append(list, path)
		}
	}
	_, _, err := experiments.Load(filepath.Join(dir, experiments.SystemFile), list)
	for _, e := range experiments.Errors(err) { // what a flag gave may be wrong; where it was tried is nobody's concern
		if rel, relErr := filepath.Rel(dir, e.File); relErr == nil {
			e.File = rel
		}
	}
	return err
}

// settle moves a whole file to its place, where without force there must be
// none: also not one that came in the meantime.
func settle(from, to string, force bool) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if force {
		return os.Rename(from, to)
	}
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, statErr := os.Lstat(to); !errors.Is(statErr, fs.ErrNotExist) { // a file system without links
		return fmt.Errorf("%s: %w", to, fs.ErrExist)
	}
	return os.Rename(from, to)
}
