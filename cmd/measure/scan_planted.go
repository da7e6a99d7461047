package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// A plantedCell is a cell of the naive shop's map whose answer its source code tells.
type plantedCell struct {
	dependency string
	mode       plan.FailureMode
	want       scan.Verdict
	broken     bool // an invariant
	why        string
}

// plantedInTheDemo lists what was built into the naive shop, as its package comment tells.
func plantedInTheDemo() []plantedCell {
	list := []plantedCell{
		{"recommendations", plan.Refuse, scan.Harmless, false, "soft when it refuses"},
		{"recommendations", plan.Error, scan.Harmless, false, "an error is tolerated"},
		{"recommendations", plan.Hang, scan.Harmful, false, "hard when it hangs"},
		{"recommendations", plan.Slow, scan.Harmful, false, "no time-out"},
		{"mail", plan.Hang, scan.Harmful, false, "every checkout waits for it"},
		{"mail", plan.Refuse, scan.Harmful, false, "an error loses the order"},
		{"payments", plan.Hang, scan.Harmful, true, "charged more than once"},
		{"payments", plan.Refuse, scan.Harmful, false, "502 after two retries"},
		{"payments", plan.ErrorAfter, scan.Harmful, true, "charged although it failed"},
		{"reviews", plan.Hang, scan.NotExercised, false, "nobody calls it"},
	}
	for _, name := range []string{"catalogue", "carts", "pricing", "settings", "inventory", "orders"} {
		list = append(list, plantedCell{name, plan.Hang, scan.Harmful, false, "no time-out"}, plantedCell{name, plan.Refuse, scan.Harmful, false, "502"})
	}
	return list
}

// on is what a map says of a planted cell, and whether that is right.
func (p plantedCell) on(m *scan.Map) (got string, ok bool) {
	for _, d := range m.Dependencies {
		for _, c := range d.Cells {
			if d.Name != p.dependency || len(c.Faults) != 1 || c.Faults[0].Mode != p.mode {
				continue
			}
			got = string(c.Verdict)
			if len(c.Broken) > 0 {
				got += ", breaks " + c.Broken[0].Invariant
			}
			return got, c.Verdict == p.want && (!p.broken || len(c.Broken) > 0)
		}
	}
	return "not there", false
}

// judgePlantedCells wants every planted cell on the map of the naive shop.
func judgePlantedCells(out *printer, naive *scan.Map) error {
	var w strings.Builder
	fmt.Fprintln(&w, "planted in the naive shop\twant\tfound")
	var errs []error
	for _, p := range plantedInTheDemo() {
		got, ok := p.on(naive)
		if !ok {
			errs = append(errs, fmt.Errorf("%s of %s is %s, want %s: %s", p.mode, p.dependency, got, p.want, p.why))
		}
		fmt.Fprintf(&w, "%s %s: %s\t%s\t%s\n", p.dependency, p.mode, p.why, p.want, got)
	}
	out.table(w.String())
	return errors.Join(errs...)
}

// judgeFindings wants a finding for each planted weakness, by its code.
func judgeFindings(out *printer, naive *scan.Map) error {
	var errs []error
	for code, names := range map[scan.FindingCode][]string{
		scan.BrokenInvariant: {"payments"},
		scan.SoftBehavesHard: {"recommendations", "mail"},
		scan.HangWorse:       {"recommendations"},
		scan.NoTimeout:       {"catalogue", "carts", "pricing", "settings", "inventory", "orders", "mail"},
	} {
		for _, name := range names {
			if !slices.ContainsFunc(naive.Findings, func(f scan.Finding) bool { return f.Code == code && f.Dependency == name }) {
				errs = append(errs, fmt.Errorf("no finding %s of %s", code, name))
			}
		}
	}
	for _, f := range naive.Findings {
		out.printf("found in the naive shop: %s of %s\n", f.Code, f.Dependency)
	}
	return errors.Join(errs...)
}

// A plantedBreak is the latency from which calls to a dependency fail, as the source code
// tells.
type plantedBreak struct {
	m          *scan.Map
	shop, name string
	at         time.Duration
}

// judgeBreakingPoints wants no bracket without the time-out of the hardened shop that was
// planted, and of the naive one, which has none, the journey's budget. What a scan has no
// time for is told: thresholds are what `measure thresholds` is about.
func judgeBreakingPoints(out *printer, naive, hardened *scan.Map) error {
	var errs []error
	for _, p := range []plantedBreak{
		{hardened, "hardened", "inventory", 250 * time.Millisecond},
		{hardened, "hardened", "pricing", 350 * time.Millisecond},
		{hardened, "hardened", "orders", 350 * time.Millisecond},
		{naive, "naive", "recommendations", time.Second},
	} {
		got, wrong := p.found()
		out.printf("breaking point of %s in the %s shop: planted %s, %s\n", p.name, p.shop, p.at, got)
		if wrong {
			errs = append(errs, fmt.Errorf("breaking point of %s in the %s shop is %s, want %s", p.name, p.shop, got, p.at))
		}
	}
	return errors.Join(errs...)
}

// found is what a map says of a breaking point, and whether that is wrong.
func (p plantedBreak) found() (got string, wrong bool) {
	d := p.m.Dependency(p.name)
	if d == nil || d.BreakingPoint == nil || len(d.BreakingPoint.Levels) == 0 {
		return "not searched", false
	}
	for _, e := range d.BreakingPoint.Edges {
		if t := (timedOut{timeout: p.at, low: seconds(e.Low), high: seconds(e.High)}); e.Rises {
			return fmt.Sprintf("between %s and %s, %s", t.low, t.high, d.BreakingPoint.Kind), !t.covered()
		}
	}
	return d.BreakingPoint.Kind, false
}
