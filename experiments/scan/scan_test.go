package scan

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// shop is a system with weaknesses of every kind.
func shop() *world {
	return &world{
		names: []string{"payments", "recommendations", "mail", "carts", "backup", "search", "reviews", "unused"},
		soft:  []string{"recommendations", "mail", "search"}, hard: []string{"payments"},
		calls:  map[string]float64{"backup": 0, "unused": 0},
		health: map[string]float64{"unused": 1},
		harms: map[place]float64{
			{"payments", plan.Hang}: 1, {"payments", plan.Refuse}: 1, {"payments", plan.Slow}: 1, {"payments", plan.Error}: 1, {"payments", plan.Reset}: 1,
			{"recommendations", plan.Hang}: 0.9, {"mail", plan.Refuse}: 0.5,
		},
		class:     map[place]string{{"payments", plan.Hang}: "timeout", {"recommendations", plan.Hang}: "timeout"},
		breaks:    map[place]string{{"payments", plan.ErrorAfter}: "charged once"},
		fallbacks: map[string]string{"carts": "backup"},
		together:  map[[2]string]bool{{"carts", "backup"}: true},
		window:    "recommendations", from: 420 * time.Millisecond, to: time.Minute,
	}
}

// harmful are the places of a world that harm alone.
func (w *world) harmful() map[place]bool {
	list := map[place]bool{}
	for _, name := range w.names {
		for _, mode := range plan.FailureModes() {
			at := place{name, mode}
			list[at] = w.harms[at] > 0 || w.breaks[at] != "" || at == place{w.window, plan.Slow} && w.from <= 3*time.Second && 3*time.Second < w.to
		}
	}
	return list
}

func TestFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	w := shop()
	m := w.play(t).scan.Map()
	harmful := w.harmful()
	for at, got := range m.verdicts() {
		want := Harmless
		switch {
		case at.dependency == "unused" || at.dependency == "backup":
			want = NotExercised
		case harmful[at]:
			want = Harmful
		}
		if got != want {
			t.Errorf("%v: %s, want %s", at, got, want)
		}
	}
	if m.Ended != journal.ScanComplete || !m.Whole() || !m.Decided() || !m.Weaknesses() {
		t.Errorf("it ended as %s; whole %t, decided %t, weak %t", m.Ended, m.Whole(), m.Decided(), m.Weaknesses())
	}
	var codes []string
	for _, f := range m.Top() {
		codes = append(codes, fmt.Sprint(f.Code, " ", f.Dependency, f.Other, " ", f.Modes, f.Invariant, " ", f.Journey))
	}
	want := []string{
		"broken_invariant payments [error-after]charged once ",
		"soft_behaves_hard recommendations [hang slow] checkout",
		"soft_behaves_hard mail [refuse] checkout",
		"fallback_harms cartsbackup [hang] checkout",
		"hang_worse_than_refuse recommendations [hang] checkout",
	}
	if !slices.Equal(codes, want) {
		t.Errorf("findings:\n%q, want\n%q", codes, want)
	}
	behaves := map[string]string{}
	for _, d := range m.Dependencies {
		behaves[d.Name] = d.Behaves
	}
	if want := map[string]string{"payments": "hard", "recommendations": "hard", "mail": "hard", "carts": "soft", "search": "soft", "reviews": "soft", "backup": "", "unused": ""}; !maps.Equal(behaves, want) {
		t.Errorf("behaviour: %v, want %v", behaves, want)
	}
}

// A system without a weakness has no finding, whatever is declared.
func TestFindsNothingWhereNothingIs(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a", "b", "c"}, soft: []string{"a", "b"}, hard: []string{"c"}, harms: map[place]float64{{"c", plan.Refuse}: 1}, class: map[place]string{{"c", plan.Refuse}: "status"}}
	m := w.play(t).scan.Map()
	if len(m.Findings) > 0 || m.Weaknesses() || !m.Whole() {
		t.Errorf("findings %v of a map that is whole: %t", m.Findings, m.Whole())
	}
}

// Nothing is known where no journey calls anything.
func TestNothingExercised(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}, calls: map[string]float64{"a": 0}}
	p := w.play(t)
	if m := p.scan.Map(); len(p.cells) > 0 || m.Decided() || m.Weaknesses() {
		t.Errorf("%d cells; decided %t, weak %t", len(p.cells), m.Decided(), m.Weaknesses())
	}
}

// A pool clears those whose fault was met as often as they are called, and no others.
func TestPoolClearsWhatItMay(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a", "b", "c"}, soft: []string{"a", "b", "c"}, masks: map[place][]string{{"a", plan.Hang}: {"b"}}, modes: []plan.FailureMode{plan.Hang, plan.Refuse, plan.Error}}
	p := w.play(t)
	m := p.scan.Map()
	if len(m.Pools) != 2 || m.Pools[0].Verdict != Harmless {
		t.Fatalf("pools: %s", show(t, m))
	}
	for _, d := range m.Dependencies {
		for _, c := range d.Cells {
			mode := c.Faults[0].Mode
			masked := d.Name == "b" && mode == plan.Hang
			if want := mode != plan.Refuse && !masked; c.Pooled != want {
				t.Errorf("%s %s: pooled %t, want %t", d.Name, mode, c.Pooled, want)
			}
			if c.Verdict != Harmless {
				t.Errorf("%s %s: %s", d.Name, mode, c.Verdict)
			}
		}
	}
	if n := len(p.stage(journal.Single)); n != 4 { // refuse three times, and what was masked
		t.Errorf("%d singles", n)
	}
}

// A pool that is harmful clears nobody, nor does one on a server that does not count.
func TestPoolClearsNobody(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a", "b"}, soft: []string{"a", "b"}, modes: []plan.FailureMode{plan.Hang}, harms: map[place]float64{{"a", plan.Hang}: 1}}
	p := w.play(t)
	if len(p.stage(journal.Pool)) != 1 || len(p.stage(journal.Single)) != 2 {
		t.Errorf("cells: %v", p.cells)
	}
	w.blind = true
	p = w.play(t)
	if len(p.stage(journal.Pool)) != 0 || len(p.stage(journal.Single)) != 2 {
		t.Errorf("cells without counts: %v", p.cells)
	}
	if d := p.scan.Map().dependency(t, "a"); d.Exercised != nil || d.Calls != nil {
		t.Error("it is known what is called on a server that does not count")
	}
}

// stage are the cells of a stage.
func (p *play) stage(stage journal.Stage) []journal.Cell {
	return slices.DeleteFunc(slices.Clone(p.cells), func(c journal.Cell) bool { return c.Stage != stage })
}

// A breaking point is found between two levels, and the single that is slow is one of them.
func TestBreakingPoint(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}, window: "a", from: 700 * time.Millisecond, to: 2500 * time.Millisecond, harms: map[place]float64{{"a", plan.Hang}: 1}}
	p := w.play(t)
	d := p.scan.Map().dependency(t, "a")
	b := d.BreakingPoint
	if b == nil || b.Kind != "sharp" || len(b.Edges) != 2 {
		t.Fatalf("breaking point: %+v", b)
	}
	for i, truth := range []float64{0.7, 2.5} {
		e := b.Edges[i]
		if e.Low > truth || truth > e.High || e.High > 1.26*e.Low || e.Rises != (i == 0) {
			t.Errorf("edge %d: %+v, the truth is %g", i, e, truth)
		}
	}
	for _, c := range p.stage(journal.Threshold) {
		if latency := c.Faults[0].Attributes.Duration("latency"); latency == 3*time.Second {
			t.Error("the level of the single is tried twice")
		}
		if c.Faults[0].Name == "" || c.Faults[0].Into != "a" || c.Faults[0].Mode != plan.Slow {
			t.Errorf("level: %+v", c.Faults[0])
		}
	}
	if !slices.ContainsFunc(b.Levels, func(l Level) bool { return l.Latency == 3 && l.Number == d.cell(plan.Slow).Number }) {
		t.Errorf("the single is no level: %+v", b.Levels)
	}
	if got := p.plan.Experiments[0].Faults[2].Attributes.Duration("latency"); got != 3*time.Second {
		t.Errorf("the plan's latency is %s now", got)
	}
	if d.Behaves != BehavesHard {
		t.Errorf("it behaves %q", d.Behaves)
	}
}

// Harm in a window that no mode shows is found, and is the finding.
func TestWindowOfASoftDependency(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}, soft: []string{"a"}, window: "a", from: 700 * time.Millisecond, to: 2500 * time.Millisecond}
	m := w.play(t).scan.Map()
	if len(m.Findings) != 1 || m.Findings[0].Code != SoftBehavesHard || m.Findings[0].Latency < 0.7 || m.Findings[0].Latency > 1 || m.Dependencies[0].Behaves != BehavesHard {
		t.Errorf("findings: %+v", m.Findings)
	}
}

// Journeys that wait for a dependency that hangs have no time-out.
func TestNoTimeout(t *testing.T) {
	t.Parallel()
	for _, modes := range [][]plan.FailureMode{plan.FailureModes(), {plan.Hang, plan.Refuse}} {
		for class, want := range map[string]int{"timeout": 1, "slow": 1, "status": 0} {
			w := &world{names: []string{"a"}, hard: []string{"a"}, modes: modes, harms: map[place]float64{{"a", plan.Hang}: 1, {"a", plan.Refuse}: 1}, class: map[place]string{{"a", plan.Hang}: class}}
			m := w.play(t).scan.Map()
			if len(m.Findings) != want || want > 0 && m.Findings[0].Code != NoTimeout {
				t.Errorf("%s, %v: findings %+v", class, modes, m.Findings)
			}
		}
	}
}

// A breaking point below what a dependency takes by itself is a weakness.
func TestLowBreaking(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}, hard: []string{"a"}, window: "a", from: 700 * time.Millisecond, to: time.Hour}
	p := w.play(t)
	for at, want := range map[journal.AnswerTime]int{
		{P99: 500 * time.Millisecond}: 0, {P99: time.Second}: 1, {P99: 690 * time.Millisecond}: 0,
		// Callers that give up do so at the edge itself, and not before it.
		{P99: 500 * time.Millisecond, AtLeast: true}: 0, {P99: 690 * time.Millisecond, AtLeast: true}: 1,
	} {
		at.Proxy = "proxy-a"
		s := New(p.plan)
		for _, e := range p.events {
			if e.Exercise != nil {
				x := *e.Exercise
				x.Answers = []journal.AnswerTime{at}
				e.Exercise = &x
			}
			s.Event(e)
		}
		found := slices.DeleteFunc(s.Map().Findings, func(f Finding) bool { return f.Code != LowBreaking })
		if len(found) != want || want > 0 && (found[0].Latency > 0.7 || found[0].Latency < 0.55) {
			t.Errorf("%+v: findings %+v", at, found)
		}
	}
}

// A fallback is found by what is called, and the pair by trying it.
func TestFallbacks(t *testing.T) {
	t.Parallel()
	w := &world{
		names: []string{"a", "b", "c", "d"}, calls: map[string]float64{"b": 0, "c": 1}, modes: []plan.FailureMode{plan.Hang, plan.Refuse},
		fallbacks: map[string]string{"a": "b", "d": "c"}, together: map[[2]string]bool{{"a", "b"}: true}, harms: map[place]float64{{"c", plan.Hang}: 1},
	}
	p := w.play(t)
	m := p.scan.Map()
	for name, want := range map[string]Fallback{"a": {To: "b", Calls: 1}, "d": {To: "c", Calls: 2, Before: 1}} {
		f := m.dependency(t, name).Fallbacks
		if len(f) != 1 || f[0].To != want.To || f[0].Calls < want.Calls-0.1 || f[0].Calls > want.Calls+0.1 || f[0].Before != want.Before {
			t.Errorf("fallbacks of %s: %+v", name, f)
		}
	}
	if len(m.dependency(t, "b").Fallbacks)+len(m.dependency(t, "c").Fallbacks) > 0 {
		t.Error("fallbacks that are none")
	}
	verdicts := map[string]Verdict{}
	for _, c := range m.Pairs {
		verdicts[c.Faults[0].Dependency+string(c.Faults[1].Mode)] = c.Verdict
	}
	// c hangs harmfully by itself, so it refuses in the pair.
	if want := map[string]Verdict{"ahang": Harmful, "drefuse": Harmless}; !maps.Equal(verdicts, want) {
		t.Errorf("pairs: %v", verdicts)
	}
	if len(m.Findings) == 0 || !slices.ContainsFunc(m.Findings, func(f Finding) bool { return f.Code == FallbackHarms && f.Dependency == "a" && f.Other == "b" }) {
		t.Errorf("findings: %+v", m.Findings)
	}
}

// No cell but a pool has a fault that is known to harm alone beside another.
func TestNoSupersetsOfWhatHarms(t *testing.T) {
	t.Parallel()
	w := shop()
	w.fallbacks["search"], w.fallbacks["reviews"] = "payments", "mail"
	harmful := w.harmful()
	pairs := w.play(t).stage(journal.PairStage)
	if len(pairs) < 2 {
		t.Errorf("%d pairs", len(pairs))
	}
	for _, c := range pairs {
		for _, f := range c.Faults {
			if harmful[placeOf(f)] {
				t.Errorf("pair %v has %v", c.Faults, placeOf(f))
			}
		}
	}
}

// Whatever the budget, the map is valid, and says what was not reached.
func TestBudget(t *testing.T) {
	t.Parallel()
	w := shop()
	w.budget = time.Hour
	all := len(w.play(t).cells)
	before := 0
	for w.budget = time.Second; w.budget < 20*time.Minute; w.budget += 53 * time.Second {
		p := w.play(t)
		m := p.scan.Map()
		if n := len(p.cells); n < before {
			t.Errorf("budget %s: %d cells, and %d in less time", w.budget, n, before)
		} else {
			before = n
		}
		if m.Spent > max(20, w.budget.Seconds()) {
			t.Errorf("budget %s: %g s spent", w.budget, m.Spent)
		}
		if want := len(p.cells) == all; (m.Ended == journal.ScanComplete) != want || m.Whole() != want {
			t.Errorf("budget %s: %d of %d cells, ended as %s, whole %t", w.budget, len(p.cells), all, m.Ended, m.Whole())
		}
		for at, v := range m.verdicts() {
			if tried := p.scan.single(at) != nil || p.scan.cleared(at) || p.scan.idle[at.dependency]; tried == (v == NotReached) {
				t.Errorf("budget %s: %v is %s", w.budget, at, v)
			}
		}
		check(t, m)
	}
	if before != all {
		t.Errorf("%d cells of %d in all the time", before, all)
	}
}

// check proves what is true of every map.
func check(t *testing.T, m *Map) {
	t.Helper()
	if top := m.Top(); len(top) != min(len(m.Findings), MostFindings) {
		t.Errorf("%d of %d findings are shown", len(top), len(m.Findings))
	}
	for _, d := range m.Dependencies {
		if len(d.Cells) != len(m.Modes) {
			t.Errorf("%s: %d cells for %d modes", d.Name, len(d.Cells), len(m.Modes))
		}
		for i, c := range d.Cells {
			if c.Verdict == "" || len(c.Faults) != 1 || c.Faults[0].Mode != m.Modes[i] || c.Significant && c.Verdict != Harmful {
				t.Errorf("%s: cell %+v", d.Name, c)
			}
		}
		if b := d.BreakingPoint; b != nil && b.Kind == "" {
			t.Errorf("%s: breaking point %+v", d.Name, b)
		}
	}
	for _, c := range m.Pairs {
		if len(c.Faults) != 2 {
			t.Errorf("pair %+v", c)
		}
	}
	show(t, m)
}

// A journal gives the map that the scan had.
func TestReplay(t *testing.T) {
	t.Parallel()
	for _, blind := range []bool{false, true} {
		w := shop()
		w.blind = blind
		p := w.play(t)
		live, again := p.scan.Map(), p.replay(p.events)
		if !reflect.DeepEqual(live, again) {
			t.Errorf("live:\n%s\nfrom the journal:\n%s", show(t, live), show(t, again))
		}
		var read []journal.Event // as they come from the file
		text, err := json.Marshal(p.events)
		if err == nil {
			err = json.Unmarshal(text, &read)
		}
		if err != nil {
			t.Fatal(err)
		}
		if again := p.replay(read); show(t, live) != show(t, again) {
			t.Errorf("live:\n%s\nfrom the file:\n%s", show(t, live), show(t, again))
		}
	}
}

// A journal that stops anywhere gives a map of what is known by then.
func TestReplayOfAPart(t *testing.T) {
	t.Parallel()
	p := shop().play(t)
	whole := p.replay(p.events).verdicts()
	for n := range p.events {
		m := p.replay(p.events[:n])
		check(t, m)
		if m.Ended != Died {
			t.Errorf("%d events: ended as %s", n, m.Ended)
		}
		open := n > 0 && p.events[n-1].Kind == journal.CellStarted
		for at, v := range m.verdicts() {
			switch {
			case v == whole[at] || v == NotReached:
			case v == Undecided && len(m.Dependency(at.dependency).cell(at.mode).Unsettled) > 0: // it is tried once more
			case v == Undecided && open && placeOf(p.events[n-1].Cell.Faults[0]) == at:
			default:
				t.Errorf("%d events: %v is %s, and %s in the end", n, at, v, whole[at])
			}
		}
	}
}

// The seed decides the order, and nothing else.
func TestOrder(t *testing.T) {
	t.Parallel()
	var first []string
	var verdicts map[place]Verdict
	orders := map[string]bool{}
	for seed := range uint64(6) {
		w := shop()
		w.seed = seed
		p := w.play(t)
		var order []string
		for _, c := range p.cells {
			order = append(order, fmt.Sprint(c.Stage, placeOf(c.Faults[0])))
		}
		if again := w.play(t); !reflect.DeepEqual(p.cells, again.cells) {
			t.Errorf("seed %d: not the same order twice", seed)
		}
		orders[fmt.Sprint(order)] = true
		slices.Sort(order)
		if seed == 0 {
			first, verdicts = order, p.scan.Map().verdicts()
		}
		if !slices.Equal(first, order) || !maps.Equal(verdicts, p.scan.Map().verdicts()) {
			t.Errorf("seed %d: other cells or verdicts", seed)
		}
	}
	if len(orders) < 2 {
		t.Error("the seed decides nothing")
	}
}

// The stages come in their order, and modes in theirs.
func TestStages(t *testing.T) {
	t.Parallel()
	w := shop()
	p := w.play(t)
	stage, mode := 0, 0
	for i, c := range p.cells {
		if c.Number != i+1 {
			t.Errorf("cell %d has number %d", i+1, c.Number)
		}
		n, m := w.turn(c), slices.Index(plan.FailureModes(), c.Faults[0].Mode)
		if n < stage || n == stage && m < mode {
			t.Errorf("cell %d, %s %v, is of turn %d and comes after turn %d", c.Number, c.Stage, placeOf(c.Faults[0]), n, stage)
		}
		stage, mode = n, m
	}
}

// turn is when a cell comes: the order of the stages, of which singles have several.
func (w *world) turn(c journal.Cell) int {
	at := placeOf(c.Faults[0])
	breaks := w.harms[place{at.dependency, plan.Hang}] > 0 || w.harms[place{at.dependency, plan.Slow}] > 0 || at.dependency == w.window
	switch {
	case c.Stage == journal.Pool:
		return 1
	case c.Stage == journal.Threshold && !breaks:
		return 8
	case c.Stage == journal.Threshold:
		return 5
	case c.Stage == journal.PairStage:
		return 6
	case at.mode == plan.Hang || at.mode == plan.Refuse:
		return 2
	case !slices.Contains(w.hard, at.dependency):
		return 3
	case at.mode == plan.ErrorAfter:
		return 4
	case at.mode == plan.Slow && breaks: // it is a level
		return 5
	}
	return 7
}

// naive is a shop of ten that has no time-outs, as that of the demo: every dependency that
// journeys call harms them in every mode but an error of a soft one.
func naive() *world {
	w := &world{
		names: []string{"catalogue", "carts", "pricing", "settings", "inventory", "orders", "payments", "recommendations", "mail", "reviews"},
		soft:  []string{"recommendations", "mail", "reviews"}, calls: map[string]float64{"reviews": 0},
		harms: map[place]float64{}, patience: 800 * time.Millisecond, budget: 5 * time.Minute, pace: [2]time.Duration{5700 * time.Millisecond, 8500 * time.Millisecond},
	}
	w.hard = w.names[:7]
	for _, name := range w.names[:9] {
		w.harms[place{name, plan.Hang}] = 1
		for _, mode := range []plan.FailureMode{plan.Refuse, plan.Error, plan.ErrorAfter, plan.Reset} {
			if slices.Contains(w.hard, name) {
				w.harms[place{name, mode}] = 1
			}
		}
	}
	return w
}

// Five minutes are enough for what tells most about a shop of ten without time-outs, and
// for brackets of three breaking points, those of soft dependencies among them.
func TestRoom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		w := naive()
		w.seed = seed
		m := w.play(t).scan.Map()
		var breaking []string
		for _, d := range m.Dependencies {
			for _, c := range d.Cells {
				at := place{d.Name, c.Faults[0].Mode}
				late := d.Declared == "hard" && (at.mode == plan.Slow || at.mode == plan.Error || at.mode == plan.Reset)
				if c.Verdict == NotReached && !late {
					t.Errorf("seed %d: %v is not reached", seed, at)
				}
			}
			if b := d.BreakingPoint; b != nil && len(b.Edges) == 1 && b.Edges[0].High <= 3.4*b.Edges[0].Low {
				breaking = append(breaking, d.Name)
			}
		}
		if len(breaking) < 3 || !slices.Contains(breaking, "mail") || !slices.Contains(breaking, "recommendations") {
			t.Errorf("seed %d: breaking points of %v", seed, breaking)
		}
		if m.Spent > w.budget.Seconds() {
			t.Errorf("seed %d: %g s spent", seed, m.Spent)
		}
	}
}

// Where journeys are harmed while all soft dependencies hang, the other pools but slow are
// tried all the same: what clears many by one cell is worth it.
func TestPoolsAfterHarm(t *testing.T) {
	t.Parallel()
	var modes []plan.FailureMode
	for _, c := range naive().play(t).stage(journal.Pool) {
		modes = append(modes, c.Faults[0].Mode)
	}
	if want := []plan.FailureMode{plan.Hang, plan.Error, plan.ErrorAfter}; !slices.Equal(modes, want) {
		t.Errorf("pools of %v, want %v", modes, want)
	}
}

// A system that does not come back ends the scan and is a finding.
func TestNotBack(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a", "b"}, hard: []string{"a", "b"}, stuck: place{"b", plan.Refuse}}
	p := w.play(t)
	m := p.replay(p.events)
	if m.Ended != journal.ScanUnhealthy || len(m.Findings) != 1 || m.Findings[0].Code != NotBack || m.Findings[0].Dependency != "b" {
		t.Errorf("ended as %s with %+v", m.Ended, m.Findings)
	}
}

// show is a map as its file has it.
func show(t *testing.T, m *Map) string {
	t.Helper()
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Harm that the evidence of one cell shows and that of all cells does not is no finding.
func TestFindingsStandAmongAllCells(t *testing.T) {
	t.Parallel()
	for declared, want := range map[string]struct {
		behaves string
		whole   bool
	}{"soft": {"", false}, "hard": {BehavesHard, true}, "": {"", false}} {
		w := &world{names: []string{"a", "b", "c", "d"}, harms: map[place]float64{{"a", plan.Refuse}: 1}, evidence: 25}
		switch declared {
		case "soft":
			w.soft = []string{"a"}
		case "hard":
			w.hard = []string{"a"}
		}
		m := w.play(t).scan.Map()
		if d := m.dependency(t, "a"); d.cell(plan.Refuse).Verdict != Harmful || d.cell(plan.Refuse).Significant || d.Behaves != want.behaves || len(m.Findings) > 0 || m.Whole() != want.whole {
			t.Errorf("declared %q: behaves %q, findings %+v, whole %t", declared, d.Behaves, m.Findings, m.Whole())
		}
	}
}

// A search for a breaking point leaves the time that pairs need.
func TestPairsFitBesideLevels(t *testing.T) {
	t.Parallel()
	w := shop()
	all := w.play(t)
	first := slices.IndexFunc(all.events, func(e journal.Event) bool { return e.Cell != nil && e.Cell.Stage == journal.Threshold })
	w.budget = all.events[first].Since + 36*time.Second // two levels and a pair
	p := w.play(t)
	if levels, pairs := len(p.stage(journal.Threshold)), len(p.stage(journal.PairStage)); levels < 2 || pairs != 1 {
		t.Errorf("%d levels and %d pairs", levels, pairs)
	}
	if m := p.scan.Map(); m.Ended != journal.ScanBudget {
		t.Errorf("ended as %s", m.Ended)
	}
}
