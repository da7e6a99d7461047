// Command scale says how many generators, proxies and scrapes a rate of journeys takes. It
// knows no figure by itself: those of the machine are printed by `go run ./cmd/measure`.
//
//	go run ./scale -journey-ms 0.1 -proxy-requests 10000 -connection-kb 27 1000 100000
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"text/tabwriter"
)

func main() {
	err := scale(os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "scale: %v\n", err)
		os.Exit(1)
	}
}

// figures are what the answer depends on. Zero is a figure that was not given.
type figures struct {
	journey    float64 // processor time of the generator, ms a journey
	requests   float64 // that one proxy carries, a second
	connection float64 // memory of one in a proxy, kB
	lines      float64 // of another generator that blastgauge reads, a second

	cores    float64 // of a generator's pod
	use      float64 // share of a processor that is to be used at most
	took     float64 // s, of a journey
	calls    float64 // of the dependency, a journey
	callers  float64 // pods with a sidecar
	scrape   float64 // s
	phase    float64 // s, the shortest of baseline and fault
	duration float64 // s, of an experiment
	series   float64 // of a target
}

// batches are those that a phase needs at least, as `plan` says.
const batches = 8

// scale prints what each of the rates in args takes.
func scale(args []string, stdout io.Writer) error {
	var g figures
	f := flag.NewFlagSet("scale", flag.ContinueOnError)
	f.Float64Var(&g.journey, "journey-ms", 0, "processor time of a journey, `MS` (measure peers)")
	f.Float64Var(&g.requests, "proxy-requests", 0, "what one proxy carries, `REQUESTS` a second (measure proxy)")
	f.Float64Var(&g.connection, "connection-kb", 0, "memory of a connection in a proxy, `KB` (measure connections)")
	f.Float64Var(&g.lines, "lines", 0, "what blastgauge reads of another generator, `LINES` a second")
	f.Float64Var(&g.cores, "cores", 1, "`CORES` of a generator's pod")
	f.Float64Var(&g.use, "use", 0.5, "the `SHARE` of a processor to use: what is used to the full is late")
	f.Float64Var(&g.took, "took", 0.5, "how long a journey takes, `SECONDS`; under a fault that hangs, its timeout")
	f.Float64Var(&g.calls, "calls", 1, "`CALLS` of the dependency in a journey")
	f.Float64Var(&g.callers, "callers", 2, "`PODS` that call the dependency, each with a sidecar")
	f.Float64Var(&g.scrape, "scrape", 5, "interval of Prometheus, `SECONDS`")
	f.Float64Var(&g.phase, "phase", 60, "the shortest of baseline and fault, `SECONDS`")
	f.Float64Var(&g.duration, "duration", 275, "of an experiment, `SECONDS`")
	f.Float64Var(&g.series, "series", 6, "counters of a target that are asked for, `SERIES`")
	if err := f.Parse(args); err != nil {
		return err
	}
	var rates []float64
	for _, text := range f.Args() {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || !(rate > 0) || math.IsInf(rate, 0) {
			return fmt.Errorf("%q is no rate in journeys a second", text)
		}
		rates = append(rates, rate)
	}
	if len(rates) == 0 {
		return errors.New("name rates, in journeys a second: 1000 100000")
	}
	if err := g.check(); err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, r := range g.rows() {
		_, _ = fmt.Fprint(w, r.what) // what cannot be written, Flush says
		for _, rate := range rates {
			_, _ = fmt.Fprint(w, "\t", text(r.of(rate)))
		}
		_, _ = fmt.Fprintln(w)
	}
	return w.Flush()
}

// check refuses figures with which nothing can be divided.
func (g figures) check() error {
	for name, value := range map[string]float64{"cores": g.cores, "use": g.use, "scrape": g.scrape, "callers": g.callers} {
		if !(value > 0) {
			return fmt.Errorf("-%s has to be more than 0", name)
		}
	}
	if g.use > 1 {
		return errors.New("-use is a share, at most 1")
	}
	return nil
}

// A row is one line of the answer.
type row struct {
	what string
	of   func(rate float64) float64 // NaN where a figure is missing
}

func (g figures) rows() []row {
	constant := func(x float64) func(float64) float64 { return func(float64) float64 { return x } }
	cores := func(rate float64) float64 { return rate * known(g.journey) / 1000 / g.use }
	return []row{
		{"journeys/s", func(rate float64) float64 { return rate }},
		{"in flight", func(rate float64) float64 { return math.Ceil(rate * g.took) }},
		{"cores of generators", cores},
		{"generators", func(rate float64) float64 { return math.Ceil(cores(rate) / g.cores) }},
		{"readers of their lines, one a journey", func(rate float64) float64 { return math.Ceil(rate / (known(g.lines) * g.use)) }},
		{"calls/s of the dependency", func(rate float64) float64 { return rate * g.calls }},
		{"proxies that can carry them", func(rate float64) float64 { return math.Ceil(rate * g.calls / (known(g.requests) * g.use)) }},
		{"calls/s of each sidecar", func(rate float64) float64 { return rate * g.calls / g.callers }},
		{"MB of connections in each sidecar", func(rate float64) float64 {
			return rate * g.took * g.calls / g.callers * known(g.connection) / 1000
		}},
		{"scrapes in the shortest phase (8 or more)", constant(math.Floor(g.phase / g.scrape))},
		{"longest scrape interval, s", constant(g.phase / batches)},
		{"samples that are fetched", constant(math.Ceil(g.duration/g.scrape) * g.series * g.callers)},
	}
}

// known is a figure, or NaN if it was not given.
func known(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.NaN()
}

// text shows three figures that count; what is not known stays open.
func text(x float64) string {
	switch {
	case math.IsNaN(x):
		return "?"
	case x == math.Trunc(x) && x < 1e15:
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
