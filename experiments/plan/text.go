package plan

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/injectors"
)

// WriteText writes the plan for people: what each experiment does, when, to whom, and
// how precisely its answer will be known.
func (p *Plan) WriteText(w io.Writer) error {
	var b bytes.Buffer
	if p.Scan != nil {
		p.writeScan(&b)
	} else {
		p.writeExperiments(&b)
	}
	load := 0.0
	for _, e := range p.Experiments {
		load = max(load, e.Load())
	}
	fmt.Fprintf(&b, "\n  Reach      %s\n", inert.Text(strings.Join(p.targets(), ", ")))
	if measured := p.sayMeasured(); measured != nil {
		for i, text := range measured {
			fmt.Fprintf(&b, "  %-10s %s\n", []string{"Measure", ""}[min(i, 1)], inert.Text(text))
		}
	} else {
		fmt.Fprintf(&b, "  Load       at most %g journeys/s\n", load)
	}
	if text := p.describeTraffic(); text != "" {
		fmt.Fprintf(&b, "  Traffic    %s\n", inert.Text(text))
	}
	if text := p.sayAlertSource(); text != "" {
		fmt.Fprintf(&b, "  Alerts     %s\n", inert.Text(text))
	}
	fmt.Fprintf(&b, "  Time       about %s%s\n", figures.Span(p.Duration().Round(time.Second)), p.GameDay.beside())
	if saved := p.SavedByBaselines(); saved > 0 {
		fmt.Fprintf(&b, "             up to %s less, where the system is back soon enough for a recovery to be the next baseline\n", figures.Span(saved))
	}
	if p.System.Measure == nil {
		fmt.Fprintf(&b, "  Traces     %s\n", p.describeTraces())
	}
	for i, r := range p.System.Notify {
		fmt.Fprintf(&b, "  %-10s %s is told of %s\n", []string{"Notify", ""}[min(i, 1)], r.Name(), r.Told())
	}
	fmt.Fprintf(&b, "  Seed       %d\n", p.Seed)
	_, err := io.WriteString(w, inert.Lines(b.String()))
	return err
}

func (p *Plan) writeExperiments(b *bytes.Buffer) {
	count := "1 experiment"
	if n := len(p.Experiments); n != 1 {
		count = fmt.Sprintf("%d experiments", n)
	}
	fmt.Fprintf(b, "blastgauge will run %s against %s on %s, one at a time.\n", count, p.System.Name, inert.Text(p.System.Environment))
	p.GameDay.writeText(b)
	for _, e := range p.Experiments {
		e.writeText(b)
	}
}

// describeTraces says whether journeys are traces, and where reports lead to them.
func (p *Plan) describeTraces() string {
	link := p.System.TraceURL
	switch {
	case p.System.Traffic.Elsewhere():
		return "as the program that sends the journeys makes them"
	case p.System.Traced() && link != "":
		return inert.Text("each journey is one, sampled; its arm is in tracestate; reports link to " + link)
	case p.System.Traced():
		return "each journey is one, sampled; its arm is in tracestate"
	case link != "": // without a trace there is nothing to look at
		return "off: steps carry no traceparent, so trace_url is not used"
	}
	return "off: steps carry no traceparent"
}

func (e Experiment) writeText(b *bytes.Buffer) {
	title := ""
	if e.Title != e.ID { // as where the document gives none
		title = ": " + inert.Text(e.Title)
	}
	fmt.Fprintf(b, "\n  # %s%s\n", e.ID, title)
	if e.Owner != "" {
		fmt.Fprintf(b, "      owner: %s\n", inert.Text(e.Owner))
	}
	for _, f := range e.Faults {
		f.writeText(b)
	}
	for _, f := range e.Faults {
		if f.Reload != nil {
			fmt.Fprintf(b, "      the system is told by %s %s, after the injection and after the removal\n", f.Reload.Request.Method, inert.Text(f.Reload.Request.Target))
		}
	}
	fmt.Fprintf(b, "      %s warm-up, %s baseline, %s fault, %s recovery\n", figures.Span(e.Phases.Warmup), figures.Span(e.Phases.Baseline), figures.Span(e.Phases.Fault), figures.Span(e.Phases.Recovery))
	fmt.Fprintf(b, "      control: %s (%s)\n", e.Control, e.ControlWhy)
	switch {
	case e.SharesBaseline:
		b.WriteString("      baseline: the recovery of the experiment before, if that is shown to be back; then their answers are not independent\n")
	case e.OwnBaseline != "":
		fmt.Fprintf(b, "      baseline: its own: %s\n", e.OwnBaseline)
	}
	for _, text := range e.designs() {
		fmt.Fprintf(b, "      design: %s\n", text)
	}
	for _, text := range e.sayTurns() {
		fmt.Fprintf(b, "      %s\n", text)
	}
	for _, j := range e.Journeys {
		if e.rateUnknown(j) {
			fmt.Fprintf(b, "      %s\n", e.sayMeasuredJourney(j))
			continue
		}
		n, _ := e.Cohort(j)
		fmt.Fprintf(b, "      %s: %s%s%s, about %d journeys count %s; holds if its blast radius is at most %s, which will be known to ± %.1f points\n",
			j.Name, j.sayRate(), j.sayPauses(), j.sayWeights(), n, e.sayArm(), figures.ShortPercent(j.Limit, 1), e.Precision(j)*100)
		if text := e.sayNeeded(j); text != "" {
			fmt.Fprintf(b, "      ! %s\n", text)
		}
	}
	for _, text := range append(e.sayData(), e.goesBy()...) {
		fmt.Fprintf(b, "      %s\n", text)
	}
	for _, j := range e.Journeys {
		if text := e.fewEpisodes(j); text != "" {
			fmt.Fprintf(b, "      ! %s\n", text)
		}
	}
	if e.Limits.Recovery > 0 {
		fmt.Fprintf(b, "      holds if recovery takes at most %s\n", figures.Span(e.Limits.Recovery))
	}
	for _, inv := range e.Invariants {
		fmt.Fprintf(b, "      holds if nothing new breaks: %s\n", inert.Text(inv.Name))
	}
	for _, text := range e.sayAlerts() {
		fmt.Fprintf(b, "      %s\n", inert.Text(text))
	}
	for _, g := range e.Guardrails {
		fmt.Fprintf(b, "      guardrail: the fault is removed at once: %s\n", inert.Text(describeGuardrail(g)))
	}
	for _, text := range slices.Concat(e.Warnings, e.Caveats) {
		fmt.Fprintf(b, "      ! %s\n", inert.Text(text))
	}
}

func (f Fault) writeText(b *bytes.Buffer) {
	share := ""
	if f.Share > 0 && f.Share < 1 {
		of := "connections"
		if kind, _ := injectors.Lookup(f.Inject); kind.Level == injectors.Message {
			of = "requests"
		}
		share = fmt.Sprintf(", %s of %s", f.Portion(), of)
	}
	share += f.sayInstances()
	what := strings.TrimSuffix(f.Describe(), " into "+f.Into)
	if name, ok := f.Attributes["file"].(string); ok { // the target names the file by its absolute path
		what = strings.Replace(what, ", file "+name, "", 1)
	}
	if f.ByCommand() {
		f.writeCommand(b)
		return
	}
	fmt.Fprintf(b, "  + %s on %s%s, from %s to %s of the fault phase\n", inert.Text(what), inert.Text(f.Target()), share, figures.Span(f.At), figures.Span(f.Until))
}

// sayInstances says on how many Toxiproxies the fault is put, where that is not one.
func (f Fault) sayInstances() string {
	switch {
	case f.Instances != nil && len(f.On) > 0:
		return fmt.Sprintf(", on %s instances, chosen by the seed: %s", f.Instances, strings.Join(f.On, ", "))
	case f.Instances != nil:
		return fmt.Sprintf(", on %s instances, chosen by the seed", f.Instances)
	case len(f.On) > 1:
		return fmt.Sprintf(", on each of %d instances", len(f.On))
	}
	return ""
}

// writeCommand writes what a run will start for a fault by command.
func (f Fault) writeCommand(b *bytes.Buffer) {
	fmt.Fprintf(b, "  + %s, from %s to %s of the fault phase\n", inert.Text(f.Describe()), figures.Span(f.At), figures.Span(f.Until))
	for _, step := range []string{"undo", "check"} {
		fmt.Fprintf(b, "      %-5s %s\n", step, inert.Text(injectors.DescribeProgram(f.Attributes.Program(step))))
	}
}

func describeGuardrail(g experiments.Guardrail) string {
	if p := g.Probe; p != nil {
		return fmt.Sprintf("%d times in a row, every %s, not as it should be: %s", p.Failures, figures.Span(p.Every), p.Name)
	}
	return g.Says("a journey")
}

// targets lists what the faults are put on, each once.
func (p *Plan) targets() []string {
	var names []string
	seen := map[string]bool{}
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if name := f.Target(); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// sayArm says which journeys a fault acts on.
func (e Experiment) sayArm() string {
	if e.Control == Baseline { // there is one route
		return "under the fault"
	}
	return "in the fault arm"
}
