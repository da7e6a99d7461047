package plan

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
)

// writeScan writes what a scan may try.
func (p *Plan) writeScan(b *bytes.Buffer) {
	e, scan := p.Experiments[0], p.Scan
	count := "1 dependency"
	if n := len(scan.Dependencies); n != 1 {
		count = fmt.Sprintf("%d dependencies", n)
	}
	fmt.Fprintf(b, "blastgauge will scan %s of %s on %s, for at most %s. What it tries next depends on what it has found.\n", count, p.System.Name, inert.Text(p.System.Environment), figures.Span(scan.Budget))
	for _, name := range scan.Dependencies {
		e.writeModes(b, name)
	}
	for _, u := range scan.Unavailable {
		fmt.Fprintf(b, "  - %s of %s: not tried: %s\n", u.Mode, inert.Text(u.Dependency), inert.Text(u.Why))
	}
	most := figures.Span(e.LongestCell(false))
	if search := e.LongestCell(true); scan.Thresholds && search > e.LongestCell(false) {
		most += fmt.Sprintf(" (%s in the search for breaking points)", figures.Span(search))
	}
	fmt.Fprintf(b, "\n      %s warm-up, %s baseline, then faults, each for at most %s, and a healthy system before each\n", figures.Span(e.Phases.Warmup), figures.Span(e.Phases.Baseline), most)
	fmt.Fprintf(b, "      control: %s (%s)\n", e.Control, e.ControlWhy)
	for _, j := range e.Journeys {
		fmt.Fprintf(b, "      %s: %s%s%s, harmful is what harms more than %s\n", j.Name, j.sayRate(), j.sayPauses(), j.sayWeights(), figures.ShortPercent(j.Limit, 1))
	}
	for _, text := range e.sayData() {
		fmt.Fprintf(b, "      %s\n", text)
	}
	for _, inv := range e.Invariants {
		fmt.Fprintf(b, "      harmful is what breaks: %s\n", inert.Text(inv.Name))
	}
	for _, g := range e.Guardrails {
		fmt.Fprintf(b, "      guardrail: the fault is removed at once: %s\n", inert.Text(describeGuardrail(g)))
	}
	for _, text := range e.Warnings {
		fmt.Fprintf(b, "      ! %s\n", inert.Text(text))
	}
}

// writeModes writes in which modes a dependency is made to fail.
func (e Experiment) writeModes(b *bytes.Buffer, dependency string) {
	var modes []string
	target := ""
	for _, f := range e.Faults {
		if f.Into == dependency {
			modes, target = append(modes, string(f.Mode)), f.Target()
		}
	}
	if modes != nil {
		fmt.Fprintf(b, "  + %s of %s on %s\n", strings.Join(modes, ", "), inert.Text(dependency), inert.Text(target))
	}
}
