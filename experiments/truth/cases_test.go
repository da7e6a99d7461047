package truth

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// rows are what is promised, in the order of the table.
func rows() []row {
	atLeast := func(id, what string, least float64) row { return row{id: id, what: what, least: least} }
	atMost := func(id, what string, most float64) row { return row{id: id, what: what, most: most} }
	within := func(id, what string, k kind, least, most float64) row {
		return row{id: id, what: what, kind: k, least: least, most: most}
	}
	return []row{
		atLeast("second 0", "second route, the five worlds, 60 and 120 s, 5 to 50/s: the interval holds that nobody is harmed", 0.95),
		atLeast("second n", "the same, 25/s: it holds 3 and 20 points", 0.93),
		atLeast("one 0", "one route, the five worlds, 60 and 120 s, 5 to 50/s: the interval holds that nobody is harmed", 0.94),
		atLeast("one 0 short", "the same, 20 s", 0.90),
		atLeast("one n", "one route, 25/s, 60 s: it holds 3 and 20 points, or few episodes of harm are told", 0.91),
		atLeast("one 0 hard", "one route, bursts of 5 s, memory of 15 s, garbage collection, cron, drift: it holds that nobody is harmed", 0.92),
		{id: "one 0 harder", what: "one route, bursts of 10 s, memory of a minute, warming up: the same", least: 1, free: true},
		atMost("found", "one route, the five worlds and drift: harm found where there is none", 0.04),
		atLeast("3 points", "one route, bursts, 60 + 60 s at 25/s: 3 points are found", 0.55),
		atLeast("3 points needs", "the same, with harm at the step that needs what is broken", 0.85),
		{id: "3 points beside", what: "the same, beside journeys that never need it", least: 1, free: true},
		atLeast("needs 0", "steps and journeys that need what is broken, all worlds: the interval holds that nobody is harmed", 0.94),
		atLeast("episodes told", "harm in fewer than eight episodes that is found is said to be so", 1),
		atMost("episodes held", "and held", 0),
		atLeast("repeat", "repeat: 3, all worlds but the next: the interval holds 0, 3 and 20 points", 0.94),
		{id: "repeat in step", what: "repeat: 3, bad moments every 20 or 60 s, with turns of a minute that keep step with them: the same", least: 0.94, known: true},
		atLeast("repeat width", "repeat: 3, 0 of n under the fault: it is as wide as Newcombe's, or wider", 1),
		atMost("refuted second", "harmless fault, all criteria on, all worlds, second route: refuted", 0.025),
		atMost("refuted one", "the same, one route", 0.05),
		atMost("held", "1.2 times the limit, limits of 1 and 5 %, every design: held", 0.025),
		atMost("collapse", "both arms collapse after the removal, 10 % or more: held", 0),
		atLeast("spill-over", "harm of four times the limit that spills over to the control: refuted", 0.95),
		atMost("guardrail delay", "second route, harmless delay, 1 to 2 % failing anyway: stopped by a guardrail", 0.01),
		within("reaction fails", "guardrail of 2 %, jump to 20 % at 50/s that fails at once: stopped after", median, 0, 3.5),
		within("reaction hangs", "the same, hanging", median, 0, 6.5),
		within("placed", "recovery: end of 30 % harm placed within", median, 0, 0.5),
		atMost("late", "harmless fault, all worlds: recovery called late", 0.025),
		atMost("sparse held", "the fault met less than a tenth of what was expected: held", 0),
		atMost("invalid", "base at 0.9 of its limit, in bursts: invalid", 0.05),
		within("plan", "plan's half width ÷ achieved, no bursts", ratio, 0.9, 1.1),
		within("plan last", "the same, bursts, with a last run to go by", ratio, 0.7, 1.3),
		within("shared covered", "share_baselines, all worlds, both kinds of control: covered, as a part of those with baselines of their own", ratio, 0.98, 1.1),
		atMost("shared refuted second", "the same, harmless fault, second route: refuted", 0.025),
		atMost("shared refuted one", "the same, one route", 0.05),
		atMost("shared held", "the same, 1.2 times the limit: held", 0.025),
		{id: "shared at all", what: "the same: whose baseline is shared", least: 1, free: true},
		atLeast("settle", "“would settle it”: share of runs that it settles", 0.75),
	}
}

// A oneCase is one kind of experiment against one kind of system, and what a run of it shows.
type oneCase struct {
	name  string
	heavy bool // go test plays it once
	play  func(t *testing.T, seed uint64, h *hearing)
}

// scened is a case of one scene.
func scened(name string, scene func(seed uint64) *Scene, judge func(e *result.Experiment, h *hearing)) oneCase {
	return oneCase{name: name, play: func(t *testing.T, seed uint64, h *hearing) {
		t.Helper()
		judge(scene(seed).Play(t), h)
	}}
}

// covers is a judge of intervals by the truth.
func covers(row string, truth float64) func(e *result.Experiment, h *hearing) {
	return func(e *result.Experiment, h *hearing) {
		if b := e.BlastRadius; b != nil {
			h.share(row, b.Low <= truth && truth <= b.High)
		}
	}
}

// finds notes whether any harm is found.
func finds(row string, e *result.Experiment, h *hearing) {
	if b := e.BlastRadius; b != nil {
		h.share(row, b.Low > 0)
	}
}

func cases() []oneCase {
	return slices.Concat(
		secondRouteCases(), oneRouteCases(), hardCases(), needsCases(), episodeCases(), repeatCases(),
		harmlessCases(), beyondCases(), collapseCases(), spillOverCases(), guardrailCases(), recoveryCases(),
		sparseCases(), invalidCases(), planCases(), settleCases(), shareCases(),
	)
}

// allWorlds are the documented worlds and the harder ones.
func allWorlds(length float64) []world.World {
	return append(world.Documented(), world.Harder(length)...)
}

// timed is a scene with phases of so many seconds each, on two routes or on one.
func timed(seed uint64, control plan.Control, w world.World, excess, seconds, rate float64) *Scene {
	s := oneRoute(seed, w, excess)
	s.Control, s.Baseline, s.Fault = control, seconds, seconds
	s.Rates = []float64{rate}
	if control == plan.Concurrent { // as many journeys in each arm
		s.Rates, s.Recovery = []float64{2 * rate}, 5
	}
	return s
}

// shapes are the lengths and the rates at which harm and no harm are measured.
func shapes(excess float64) (list [][2]float64) {
	if excess == 0 {
		return [][2]float64{{60, 5}, {60, 25}, {60, 50}, {120, 25}}
	}
	return [][2]float64{{60, 25}}
}

func secondRouteCases() (list []oneCase) {
	for _, w := range world.Documented() {
		for _, excess := range []float64{0, 0.03, 0.2} {
			row := "second n"
			if excess == 0 {
				row = "second 0"
			}
			for _, of := range shapes(excess) {
				list = append(list, scened(fmt.Sprintf("second route, %s, %g points, %g s, %g/s", w.Name, 100*excess, of[0], of[1]),
					func(seed uint64) *Scene { return timed(seed, plan.Concurrent, w, excess, of[0], of[1]) }, covers(row, excess)))
			}
		}
	}
	return list
}

func oneRouteCases() (list []oneCase) {
	for _, w := range world.Documented() {
		for _, excess := range []float64{0, 0.03, 0.2} {
			for _, of := range append(shapes(excess), [2]float64{20, 25}) {
				if excess > 0 && of[0] == 20 {
					continue
				}
				list = append(list, scened(fmt.Sprintf("one route, %s, %g points, %g s, %g/s", w.Name, 100*excess, of[0], of[1]),
					func(seed uint64) *Scene { return timed(seed, plan.Baseline, w, excess, of[0], of[1]) }, oneRouteJudge(w, excess, of[0])))
			}
		}
	}
	return list
}

func oneRouteJudge(w world.World, excess, seconds float64) func(e *result.Experiment, h *hearing) {
	return func(e *result.Experiment, h *hearing) {
		switch {
		case excess > 0 && few(e): // it says that it does not know
			h.share("one n", true)
		case excess > 0:
			covers("one n", excess)(e, h)
		case seconds < 60:
			covers("one 0 short", 0)(e, h)
		default:
			covers("one 0", 0)(e, h)
			finds("found", e, h)
		}
		if excess == 0.03 && w.Name == "bursty" {
			finds("3 points", e, h)
		}
	}
}

// few reports whether few episodes of harm are told.
func few(e *result.Experiment) bool {
	n := e.Journeys[0].Episodes
	return n > 0 && n < stats.LeastEpisodes
}

func hardCases() (list []oneCase) {
	for _, seconds := range []float64{60, 120} {
		for i, w := range world.Harder(2*seconds + 72) {
			row := "one 0 hard"
			if i == 1 || i == 3 || i == 7 {
				row = "one 0 harder"
			}
			list = append(list, scened(fmt.Sprintf("one route, %s, no harm, %g s", w.Name, seconds),
				func(seed uint64) *Scene { return timed(seed, plan.Baseline, w, 0, seconds, 25) },
				func(e *result.Experiment, h *hearing) {
					covers(row, 0)(e, h)
					if w.Name == "drift" {
						finds("found", e, h)
					}
				}))
		}
	}
	return list
}

func needsCases() (list []oneCase) {
	for name, edit := range map[string]func(*Scene) *Scene{"3 points needs": atOneStep, "3 points beside": beside} {
		list = append(list, scened(name, func(seed uint64) *Scene { return edit(oneRoute(seed, world.Documented()[2], 0.03)) },
			func(e *result.Experiment, h *hearing) { finds(name, e, h) }))
		for _, w := range allWorlds(190) {
			list = append(list, scened(name+", none, "+w.Name, func(seed uint64) *Scene { return edit(oneRoute(seed, w, 0)) }, covers("needs 0", 0)))
		}
	}
	slices.SortFunc(list, func(a, b oneCase) int { return strings.Compare(a.name, b.name) })
	return list
}

func episodeCases() []oneCase {
	const excess, part = 0.06, 0.25
	episodes := world.World{Base: world.Level(0.005), Harm: world.InBursts(15, part)}
	return []oneCase{scened("episodes of 15 s", func(seed uint64) *Scene {
		s := minute(seed, plan.Concurrent, episodes, excess)
		s.Limit, s.Fault = 0.3, 60
		return s
	}, func(e *result.Experiment, h *hearing) {
		// One that lasts for the whole phase is even harm, as far as anybody can see.
		if b := e.BlastRadius; b != nil && b.Low > 0 && b.Estimate < 0.8*excess/part {
			h.share("episodes told", few(e))
		}
		if few(e) {
			h.share("episodes held", e.Verdict == result.Held)
		}
	})}
}

func repeatCases() (list []oneCase) {
	for _, w := range allWorlds(212) {
		for _, excess := range []float64{0, 0.03, 0.2} {
			list = append(list, scened(fmt.Sprintf("three turns, %s, %g points", w.Name, 100*excess), func(seed uint64) *Scene {
				s := timed(seed, plan.Baseline, w, excess, 30, 25)
				s.Repeat, s.Recovery = 3, 30
				return s
			}, func(e *result.Experiment, h *hearing) {
				if few(e) {
					return
				}
				row := "repeat"
				if w.Name == "garbage collection" || w.Name == "cron" {
					row = "repeat in step"
				}
				covers(row, excess)(e, h)
				f := e.Journeys[0].Arms.Fault
				if b := e.BlastRadius; b != nil && f.Harmed() == 0 { // the control is half a minute, and the later halves of two more
					n := stats.Newcombe(stats.Count{N: f.Journeys}, stats.Count{N: int(60 * e.Journeys[0].Rate)})
					h.share("repeat width", b.High-b.Low >= n.High-n.Low)
				}
			}))
		}
	}
	return list
}

// harmlessCases are faults that harm nobody, with every criterion on.
func harmlessCases() (list []oneCase) {
	for control, row := range map[plan.Control]string{plan.Concurrent: "refuted second", plan.Baseline: "refuted one"} {
		for _, w := range allWorlds(212) {
			list = append(list, scened(row+", "+w.Name, func(seed uint64) *Scene {
				s := long(seed, control, w.Base, 40)
				s.Guardrails = guardedBy(0.02)
				return s
			}, func(e *result.Experiment, h *hearing) {
				h.share(row, e.Verdict == result.Refuted)
				if c := e.Criterion(result.RecoveryCriterion, ""); c != nil {
					h.share("late", c.Verdict == result.Refuted)
				}
			}))
		}
	}
	slices.SortFunc(list, func(a, b oneCase) int { return strings.Compare(a.name, b.name) })
	return list
}

// beyondCases harm 1.2 times as many as the limit allows.
func beyondCases() (list []oneCase) {
	for _, w := range world.Documented() {
		for _, limit := range []float64{0.01, 0.05} {
			for name, edit := range map[string]func(*Scene){
				"second route":     func(s *Scene) { s.Control, s.Rates = plan.Concurrent, []float64{50} },
				"before and after": func(*Scene) {},
				"baseline only":    func(s *Scene) { s.Recovery = 5 },
				"turns":            func(s *Scene) { s.Repeat, s.Baseline, s.Fault, s.Recovery = 3, 30, 30, 30 },
			} {
				list = append(list, scened(fmt.Sprintf("beyond %g %%, %s, %s", 100*limit, name, w.Name), func(seed uint64) *Scene {
					s := oneRoute(seed, w, 1.2*limit)
					s.Limit = limit
					edit(s)
					return s
				}, func(e *result.Experiment, h *hearing) { h.share("held", e.Verdict == result.Held) }))
			}
		}
	}
	slices.SortFunc(list, func(a, b oneCase) int { return strings.Compare(a.name, b.name) })
	return list
}

func collapseCases() (list []oneCase) {
	for _, share := range []float64{0.1, 0.3, 0.6} {
		for _, during := range []float64{0, 0.03} {
			list = append(list, scened(fmt.Sprintf("collapse of %g %%, %g %% before", 100*share, 100*during), func(seed uint64) *Scene {
				return collapse(seed, share, during)
			}, func(e *result.Experiment, h *hearing) { h.share("collapse", e.Verdict == result.Held) }))
		}
	}
	return list
}

func spillOverCases() (list []oneCase) {
	for _, c := range spills() {
		list = append(list, scened(fmt.Sprintf("spill-over, %g and %g %%", 100*c.fault, 100*c.control), func(seed uint64) *Scene { return spillOver(seed, c) },
			func(e *result.Experiment, h *hearing) { h.share("spill-over", e.Verdict == result.Refuted) }))
	}
	return list
}

func guardrailCases() (list []oneCase) {
	for _, c := range delays() {
		list = append(list, scened(fmt.Sprintf("delay of %g s, %g %% fail, guardrail of %g %%, %g/s", c.delay, 100*c.fail, 100*c.guard, c.rate),
			func(seed uint64) *Scene { return delayed(seed, c) },
			func(e *result.Experiment, h *hearing) { h.share("guardrail delay", e.Guardrail != nil) }))
	}
	for row, after := range map[string]float64{"reaction fails": 0.02, "reaction hangs": 10} {
		list = append(list, scened(row, func(seed uint64) *Scene { return guarded(seed, 50, 0.02, 3, jumpTo(0.2, after)) },
			func(e *result.Experiment, h *hearing) {
				if e.Guardrail != nil {
					h.value(row, e.Faults[0].Removed.Sub(e.Faults[0].Injected).Seconds())
				} else {
					h.value(row, 60)
				}
			}))
	}
	slices.SortFunc(list, func(a, b oneCase) int { return strings.Compare(a.name, b.name) })
	return list
}

// recoveryCases harm three of ten for five seconds after the removal.
func recoveryCases() (list []oneCase) {
	const ends = 5
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		list = append(list, scened("recovery, control: "+string(control), func(seed uint64) *Scene {
			s := long(seed, control, world.Level(0.01), 50)
			s.Decide = func(m Moment) (journal.Outcome, float64) {
				if m.Arm == plan.FaultArm && m.Injected >= 0 && m.Removed < ends {
					m.Harm = 0.3
				}
				return Failing(0.05, 0.02)(m)
			}
			return s
		}, func(e *result.Experiment, h *hearing) {
			off := math.Inf(1)
			if r := e.Recovery; r != nil && !r.Censored && !r.Unharmed {
				off = math.Abs(r.Seconds - ends)
			}
			h.value("placed", min(off, 90))
		}))
	}
	return list
}

func sparseCases() (list []oneCase) {
	for _, n := range []int64{1, 150} {
		list = append(list, scened(fmt.Sprintf("met by %d", n), func(seed uint64) *Scene {
			s := minute(seed, plan.Concurrent, world.Documented()[0], 0)
			s.Met, s.Calls = n, func(Moment) int { return 1 }
			return s
		}, func(e *result.Experiment, h *hearing) { h.share("sparse held", e.Verdict == result.Held) }))
	}
	return list
}

func invalidCases() (list []oneCase) {
	for _, w := range world.Documented()[2:4] {
		for _, rate := range []float64{10, 50} {
			list = append(list, scened(fmt.Sprintf("base below its limit, %s, %g/s", w.Name, rate), func(seed uint64) *Scene {
				s := minute(seed, plan.Concurrent, w, 0)
				s.Rates = []float64{rate}
				return s
			}, func(e *result.Experiment, h *hearing) { h.share("invalid", e.Verdict == result.Invalid) }))
		}
	}
	return list
}

// planCases hold what a plan promises against what comes out.
func planCases() (list []oneCase) {
	even := world.World{Base: world.Level(0.01), Harm: world.Steady}
	for _, c := range []struct {
		name string
		w    world.World
		edit func(*Scene) *Scene
		last bool
	}{
		{"second route", even, onTwoRoutes, false},
		{"before and after", even, func(s *Scene) *Scene { return s }, false},
		{"baseline only", even, withoutRecovery, false},
		{"second route, bursts", world.Documented()[2], onTwoRoutes, true},
		{"before and after, bursts", world.Documented()[2], func(s *Scene) *Scene { return s }, true},
		{"baseline only, bursts", world.Documented()[2], withoutRecovery, true},
		{"steps, bursts", world.Documented()[2], atOneStep, true},
		{"second route, memory", world.Documented()[3], onTwoRoutes, true},
	} {
		scene := func(seed uint64, excess float64) *Scene { return c.edit(oneRoute(seed, c.w, excess)) }
		list = append(list, oneCase{name: "plan, " + c.name, play: func(t *testing.T, seed uint64, h *hearing) {
			t.Helper()
			limit := scene(1, 0).Limit
			p, err := scene(seed, limit).Plan()
			if err != nil {
				t.Fatal(err)
			}
			x, row := &p.Experiments[0], "plan"
			if c.last {
				if row = "plan last"; !scene(seed+1_000_000, 0).Play(t).Foretell(x) {
					return // the last run was invalid
				}
			}
			if e := scene(seed, limit).Play(t); e.Trusted() && e.BlastRadius != nil {
				h.ratio(row, x.Precision(x.Journeys[0]), (e.BlastRadius.High-e.BlastRadius.Low)/2)
			}
		}})
	}
	return list
}

func onTwoRoutes(s *Scene) *Scene {
	s.Control, s.Recovery = plan.Concurrent, 5
	return s
}

func withoutRecovery(s *Scene) *Scene {
	s.Recovery = 5
	return s
}

// settleCases follow what an undecided run asks for.
func settleCases() []oneCase {
	return []oneCase{{name: "would settle it", play: func(t *testing.T, seed uint64, h *hearing) {
		t.Helper()
		if asked, settled := settles(t, seed); asked {
			h.share("settle", settled)
		}
	}}}
}
