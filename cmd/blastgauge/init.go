package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/scaffold"
	"github.com/blastgauge/blastgauge/experiments/scaffold/source"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

type initOptions struct {
	toxiproxy string
	token     string
	source    source.Source
	dir       string
	allow     []string
	force     bool
	gameDay   bool
}

func newInit(a *app) *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write first documents: from a Toxiproxy, a HAR recording, a Postman collection, OpenAPI, Chaos Toolkit, or nothing",
		Long:  help("init"),
		Example: `  blastgauge init
  blastgauge init --toxiproxy http://127.0.0.1:8474 --har checkout.har
  blastgauge init --har checkout.har --allow-host shop.staging.example --dir staging
  blastgauge init --postman shop.postman_collection.json --postman-environment staging.postman_environment.json
  blastgauge init --openapi openapi.yaml --operation listProducts --operation "POST /carts"
  blastgauge init --chaostoolkit slow-payments.json
  blastgauge init --gameday`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.initCommand(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.toxiproxy, "toxiproxy", "", "the `URL` of a running Toxiproxy: its proxies become dependencies")
	tokenFlags(cmd, &o.token, apiToken)
	f.StringVar(&o.source.HAR, "har", "", "a HAR `FILE`: the recorded checkout becomes a journey")
	f.StringVar(&o.source.Postman, "postman", "", "a Postman collection (v2.1), a `FILE`: its requests become a journey")
	f.StringVar(&o.source.Environment, "postman-environment", "", "a Postman environment, a `FILE`: the values that the collection is used with")
	f.StringVar(&o.source.Folder, "postman-folder", "", "the folder of the collection that becomes the journey: its `NAME`, or a path such as Shop/Checkout")
	f.StringVar(&o.source.OpenAPI, "openapi", "", "an OpenAPI document (3.0 or 3.1), a `FILE`: operations whose ids chain become a journey")
	f.StringArrayVar(&o.source.Operations, "operation", nil, "an `OPERATION` of the document, by its id or as \"POST /carts\": those named are the journey, in this order; repeatable")
	f.StringVar(&o.source.ChaosToolkit, "chaostoolkit", "", "a Chaos Toolkit experiment, a `FILE` (JSON or YAML): its toxics become faults, its probes a journey and guardrails")
	f.StringVar(&o.source.Origin, "origin", "", "the `ORIGIN` whose requests are the journey (default: the one that the source is mostly about)")
	f.StringSliceVar(&o.allow, "allow-host", nil, "a `HOST` of staging that may be dialled, beyond loopback and *.test; repeatable")
	f.StringVar(&o.dir, "dir", ".", "write into `DIR`")
	f.BoolVar(&o.force, "force", false, "overwrite files that exist")
	f.BoolVar(&o.gameDay, "gameday", false, "write a game day of the experiments that there are")
	return cmd
}

func (a *app) initCommand(ctx context.Context, o initOptions) error {
	if err := o.checkSources(); err != nil {
		return err
	}
	d, err := o.draft(ctx, a.getenv)
	if err != nil {
		return err
	}
	placed, err := d.Place(o.dir, o.force)
	if exists, ok := errors.AsType[*scaffold.ExistsError](err); ok {
		return usage.Errorf("%w; --force overwrites, --dir writes elsewhere (nothing was written)", exists)
	}
	if err != nil {
		return err
	}
	a.tellPlaced(d, placed)
	file := filepath.Join(o.dir, experiments.SystemFile)
	next := []string{"blastgauge try -f " + file, "blastgauge plan -f " + file} // a plan does not tell whether the journey works
	switch {
	case o.gameDay:
		file = filepath.Join(o.dir, experiments.GameDayFile)
		next = []string{"blastgauge plan --gameday " + file, "blastgauge run --gameday " + file}
	case !o.source.Given():
		next[0] = "fill in " + file
	}
	for i, step := range next {
		a.printf("%-7s %s\n", []string{"next", "then"}[i], step)
	}
	return nil
}

// tellPlaced says what became of each file, and what is left to do.
func (a *app) tellPlaced(d *scaffold.Documents, placed []scaffold.Placed) {
	for _, file := range placed {
		what := "kept"
		if file.Written {
			what = "wrote"
		}
		a.printf("%-7s %s\n", what, file.Path)
		if file.Lacks != "" {
			d.Notes = append(d.Notes, fmt.Sprintf("%s stays as it is: add the line %s to it, so that no run is committed", file.Path, file.Lacks))
		}
	}
	for _, n := range d.Notes {
		a.logf("warning: %s", n)
	}
	for _, s := range d.Env {
		a.logf("set     %s before a run: the %s", s.Name, s.Of)
	}
}

// draft makes the documents from what the flags name, in memory.
func (o *initOptions) draft(ctx context.Context, getenv func(string) (string, bool)) (*scaffold.Documents, error) {
	if o.gameDay {
		system, err := experiments.Find(o.dir)
		if err != nil {
			return nil, err
		}
		o.dir = filepath.Dir(system)
		return scaffold.GameDay(system, experiments.Outside{Getenv: getenv})
	}
	from := scaffold.Options{Toxiproxy: o.toxiproxy, AllowHosts: o.allow}
	if o.toxiproxy != "" {
		proxies, err := o.proxies(ctx)
		if err != nil {
			return nil, err
		}
		from.Proxies = proxies
	}
	err := readNamed(ctx, func() (err error) {
		if from.Experiment, err = o.source.Experiment(o.allow); err != nil || from.Experiment != nil {
			return err
		}
		from.Journey, err = o.source.Journey(o.allow)
		return err
	})
	if file, ok := errors.AsType[*source.FileError](err); ok {
		return nil, usage.Error{Err: file}
	}
	if err != nil {
		return nil, err
	}
	if from.Experiment != nil {
		from.Journey = from.Experiment.Journey
	}
	return scaffold.Make(from)
}

// proxies reads the proxies of the Toxiproxy.
func (o *initOptions) proxies(ctx context.Context) ([]scaffold.Proxy, error) {
	system := experiments.System{Toxiproxy: o.toxiproxy, AllowHosts: o.allow}
	proxies, err := run.NewFleet(&system, run.Options{Token: o.token})
	if err != nil {
		return nil, err
	}
	if _, err := proxies.Identify(ctx); err != nil {
		if errors.Is(err, experiments.ErrRefused) {
			err = fmt.Errorf("%w\n(init: --allow-host HOST does so)", err)
		}
		return nil, err
	}
	list, err := proxies.Proxies(ctx)
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

// checkSources refuses flags that do not go together.
func (o *initOptions) checkSources() error {
	var given []string
	for _, s := range []struct{ flag, file string }{{"--har", o.source.HAR}, {"--postman", o.source.Postman}, {"--openapi", o.source.OpenAPI}, {"--chaostoolkit", o.source.ChaosToolkit}} {
		if s.file != "" {
			given = append(given, s.flag)
		}
	}
	switch {
	case o.gameDay && len(given)+len(o.toxiproxy) > 0:
		return usage.Errorf("--gameday makes a game day of experiments that there are: leave the other sources out")
	case len(given) > 1:
		return usage.Errorf("a journey is made of one source: give one of %s", figures.List(given, "and"))
	case o.source.Origin != "" && len(given) == 0:
		return usage.Errorf("--origin says which requests are the journey: --har, --postman, --openapi or --chaostoolkit is needed, too")
	case o.source.Environment != "" && o.source.Postman == "":
		return usage.Errorf("--postman-environment holds the values of a collection: --postman is needed, too")
	case o.source.Folder != "" && o.source.Postman == "":
		return usage.Errorf("--postman-folder is a folder of a collection: --postman is needed, too")
	case len(o.source.Operations) > 0 && o.source.OpenAPI == "":
		return usage.Errorf("--operation is one of a document: --openapi is needed, too")
	}
	return nil
}
