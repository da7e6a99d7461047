package live

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
)

var update = flag.Bool("update", false, "write the golden files")

// start is when every run of these tests begins.
func start() time.Time { return time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC) }

func at(seconds int) time.Time { return start().Add(time.Duration(seconds) * time.Second) }

// aPlan is a plan of two experiments.
func aPlan() *plan.Plan {
	f := plan.Fault{Name: "blastgauge.x.1", Proxy: "payments"}
	f.Fault = experiments.Fault{Inject: "timeout", Into: "payments"}
	e := plan.Experiment{
		ID: "payments-hang", Faults: []plan.Fault{f}, Control: plan.Concurrent,
		Phases:     experiments.Phases{Baseline: 4 * time.Second, Fault: 10 * time.Second, Recovery: 6 * time.Second},
		Limits:     plan.Limits{BlastRadius: 0.05, Baseline: 0.02},
		Guardrails: []experiments.Guardrail{{BlastRadius: 0.6}, {Probe: &experiments.Probe{Invariant: experiments.Invariant{Name: "queue is short"}, Every: time.Second}}},
		Journeys:   []plan.Journey{{Journey: experiments.Journey{Name: "checkout", SlowAfter: time.Second, Timeout: 2 * time.Second, Steps: []experiments.Step{{Name: "cart"}, {Name: "pay"}}}, Limit: 0.05}},
	}
	second := e
	second.ID = "payments-down"
	return &plan.Plan{Run: "20261129t120000z-abcdef", System: experiments.System{Name: "shop", Environment: "staging"}, Experiments: []plan.Experiment{e, second}}
}

// underFault is a run in the middle of a fault.
func underFault(p *plan.Plan) *progress.Progress {
	run := progress.New(p, start())
	seq := 0
	tell := func(second int, e journal.Event) {
		seq++
		e.Seq, e.At, e.Since = seq, at(second), time.Duration(second)*time.Second
		run.Record(e, at(second))
	}
	journeys := func(second, harmed int) {
		for i := range 20 {
			since := time.Duration(second) * time.Second
			run.Observe(journal.Observation{Arm: plan.ControlArm, Intended: since, Step: -1})
			o := journal.Observation{Arm: plan.FaultArm, Intended: since, Step: -1}
			if i < harmed {
				o.Outcome, o.Cause, o.Step, o.Why = journal.Failed, journal.Timeout, 1, 1
			}
			run.Observe(o)
		}
		run.Tick(at(second + 1))
		run.Estimate(at(second + 1))
	}
	tell(0, journal.Event{Kind: journal.RunStarted})
	tell(0, journal.Event{Kind: journal.ExperimentStarted, Experiment: p.Experiments[0].ID})
	tell(0, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	for s := range 4 {
		journeys(s, 0)
	}
	tell(4, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	tell(4, journal.Event{Kind: journal.FaultInjected, Fault: "blastgauge.x.1"})
	tell(5, journal.Event{Kind: journal.HarmSeen, Cause: &journal.SeenCause{Number: 1, Journey: "checkout", Step: "pay", Class: "timeout", Key: "127.0.0.1:18081", Example: &journal.Example{Arm: "fault", Detail: "no answer within 2s", Body: "{\"hint\": \"<b>retry</b>\"}", RequestID: "r-1"}}})
	for s := 4; s < 10; s++ {
		journeys(s, 8)
	}
	run.See("blastgauge.x.1", journal.Evidence{Present: true, Counted: true, Met: 120, Of: 120})
	tell(10, journal.Event{Kind: journal.Noted, Author: "ann", Detail: "The pager is quiet.", FollowUp: true})
	return run
}

// text is what people read of a part of a page, an element a line.
func text(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			b.WriteString(strings.Join(strings.Fields(n.Data), " ") + "\n")
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	walk(doc)
	return b.String()
}

// whole renders all parts and entries.
func whole(t *testing.T, run *progress.Progress, now time.Time) string {
	t.Helper()
	var b bytes.Buffer
	p := Page{Parts: Parts(run, "", now), Entries: Newest(run, len(run.Entries)), Seq: run.Seq, Place: Place(run), Run: run.Plan.Run, Query: "t=TOKEN", Operator: true, Waiting: run.Waiting}
	if err := WritePage(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What a page says in the middle of a fault, as people read it.
func TestThePageOfAFault(t *testing.T) {
	t.Parallel()
	got := text(t, whole(t, underFault(aPlan()), at(10)))
	const file = "testdata/fault.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Nothing that a system, a document or a person says becomes markup, commands a terminal or
// turns text around.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	const evil = "<script>alert(1)</script>\x1b[2J\u202eevil' onload=\"x\""
	p := aPlan()
	e := &p.Experiments[0]
	p.System.Name, p.System.Environment, e.ID, e.Journeys[0].Name = evil, evil, evil, evil
	e.Guardrails[1].Probe.Name = evil
	run := underFault(p)
	record := func(event journal.Event) {
		event.Seq, event.At = 99, at(10)
		run.Record(event, at(10))
	}
	record(journal.Event{Kind: journal.Noted, Author: evil, Detail: evil})
	record(journal.Event{Kind: journal.GuardrailTripped, Guardrail: "probe", Detail: evil + ": " + evil})
	record(journal.Event{Kind: journal.FaultVanished, Fault: "blastgauge.x.1", Detail: evil})
	record(journal.Event{Kind: journal.InvariantChecked, Check: &journal.CheckResult{Invariant: evil, Detail: evil}})
	record(journal.Event{Kind: journal.Interrupted, Author: evil, Reason: evil})
	run.Judge(&result.Experiment{ID: evil, Verdict: result.Invalid, Reasons: []string{evil}})
	run.Waiting = &progress.Waiting{Experiment: evil, Owner: evil, Expect: evil, Question: evil}
	page := whole(t, run, at(10))
	if strings.Contains(page, "<script>alert") || strings.ContainsAny(page, "\x1b\u202e") || strings.Contains(page, `onload="x"`) {
		t.Errorf("the page obeys:\n%s", page)
	}
	var b bytes.Buffer
	for _, action := range []string{"stop", "note", "decide"} {
		if err := WriteForm(&b, Form{Action: action, Error: evil, Name: evil, Text: evil, Experiment: evil}); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(b.String(), "<script>") || strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Errorf("a form obeys:\n%s", b.String())
	}
}

// A page has what its rules allow and no more: no style or script in it, no handler, each id
// once, a label for each field.
func TestThePageKeepsItsRules(t *testing.T) {
	t.Parallel()
	run := underFault(aPlan())
	run.Waiting = &progress.Waiting{Experiment: "payments-down", Owner: "ann", Question: "Who notices?", Since: at(9)}
	doc, err := html.Parse(strings.NewReader(whole(t, run, at(10))))
	if err != nil {
		t.Fatal(err)
	}
	ids, scripts, inputs, labelled := map[string]int{}, 0, 0, 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "id" {
				ids[a.Val]++
			}
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
		}
		switch n.Data {
		case "style":
			t.Error("a style in the page")
		case "script":
			scripts++
			if n.FirstChild != nil {
				t.Error("a script in the page")
			}
		case "input", "textarea":
			hidden := false
			for _, a := range n.Attr {
				hidden = hidden || a.Key == "type" && a.Val == "hidden"
			}
			if hidden {
				continue
			}
			inputs++
			for up := n.Parent; up != nil; up = up.Parent {
				if up.Data == "label" {
					labelled++
				}
			}
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%d elements are called %s", n, id)
		}
	}
	if scripts != 1 || inputs != labelled || inputs < 6 {
		t.Errorf("%d scripts, %d fields of which %d have a label", scripts, inputs, labelled)
	}
	for _, name := range Names() {
		if ids["p-"+name] != 1 {
			t.Errorf("no place for the part %s", name)
		}
	}
}

// Every state of a run has a page.
func TestEveryStateHasAPage(t *testing.T) {
	t.Parallel()
	p := aPlan()
	run := progress.New(p, start())
	told := 0
	say := func(want string) {
		t.Helper()
		if got := text(t, whole(t, run, at(told))); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	tell := func(e journal.Event) {
		told++
		e.Seq, e.At, e.Since = told, at(told), time.Duration(told)*time.Second
		run.Record(e, at(told))
	}
	say("2 experiments")
	tell(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-hang"})
	say("payments-hang: starts")
	for phase, want := range map[journal.Phase]string{journal.Warmup: "warms up", journal.Baseline: "baseline, no fault yet", journal.Recovery: "recovery, the fault is gone"} {
		tell(journal.Event{Kind: journal.PhaseStarted, Phase: phase})
		say(want)
	}
	tell(journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-hang"})
	say("payments-hang has ended")
	tell(journal.Event{Kind: journal.SuiteStopped, Detail: "the system did not come back"})
	say("The system did not come back")
	tell(journal.Event{Kind: journal.RunEnded})
	say("The run is over")
}

// Harm of before the fault is none beyond it: no figure is red in a baseline that is harmed,
// nor under a fault that adds none.
func TestHarmOfBeforeTheFaultIsNotRed(t *testing.T) {
	t.Parallel()
	p := aPlan()
	p.Experiments[0].Control = plan.Baseline
	run := progress.New(p, start())
	told := 0
	tell := func(e journal.Event) {
		told++
		e.Seq, e.At, e.Since = told, at(told), time.Duration(told)*time.Second
		run.Record(e, at(told))
	}
	red := func(harmed int) bool {
		told++
		for i := range 50 {
			o := journal.Observation{Arm: plan.FaultArm, Intended: time.Duration(told) * time.Second, Step: -1}
			if i < harmed {
				o.Outcome = journal.Failed
			}
			run.Observe(o)
		}
		v := newView(run, "", at(told))
		return v.Figures()[0].Tone == "bad" || v.Journeys()[0].Bad
	}
	tell(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-hang"})
	tell(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	if red(5) {
		t.Error("red in the baseline")
	}
	tell(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	tell(journal.Event{Kind: journal.FaultInjected, Fault: "blastgauge.x.1"})
	if red(5) {
		t.Error("red under a fault that adds nothing")
	}
	if !red(30) {
		t.Error("not red under a fault that harms")
	}
}

// An interval says how far it can be relied on: tones and a confidence are for one that has it.
func TestWhatAnIntervalSays(t *testing.T) {
	t.Parallel()
	figure := func(change func(*progress.Progress)) (tone, text string) {
		run := underFault(aPlan())
		change(run)
		f := newView(run, "", at(10)).excessFigure()
		for _, n := range f.Notes {
			text += n.Text + "; "
		}
		return f.Tone, f.Value + "; " + text
	}
	for name, tt := range map[string]struct {
		change func(*progress.Progress)
		tone   string
		has    bool // a confidence
	}{
		"known": {func(*progress.Progress) {}, "bad", true},
		"rough": {func(p *progress.Progress) {
			p.Current.Harm.Intervals[0][0].Rough, p.Current.Harm.Intervals[0] = true, p.Current.Harm.Intervals[0][:1]
		}, "", false},
		"journeys lost": {func(p *progress.Progress) { p.Lose(7) }, "", false},
	} {
		tone, text := figure(tt.change)
		if tone != tt.tone || strings.Contains(text, "95%") != tt.has || strings.Contains(text, "about") == tt.has {
			t.Errorf("%s: tone %q, %s", name, tone, text)
		}
	}
	p := aPlan()
	p.Experiments[0].Journeys = append(p.Experiments[0].Journeys, p.Experiments[0].Journeys[0])
	var notes []string
	for _, n := range newView(underFault(p), "", at(10)).excessFigure().Notes {
		notes = append(notes, n.Text)
	}
	if !strings.Contains(strings.Join(notes, ";"), "worst of 2") {
		t.Errorf("that one kind of two is shown is not said: %q", notes)
	}
}

// Of a recovery the page says what is known, and that nothing is.
func TestWhatIsSaidOfARecovery(t *testing.T) {
	t.Parallel()
	run := underFault(aPlan())
	texts := map[string]bool{}
	for _, r := range []progress.Recovery{
		{Removed: at(8)}, {Removed: at(8), Known: true}, {Removed: at(8), Known: true, Quiet: at(9)},
	} {
		run.Current.Recovery = r
		rows := newView(run, "", at(10)).RecoveryRows()
		texts[rows[len(rows)-1]] = true
	}
	if len(texts) != 3 {
		t.Errorf("three states have the texts %v", texts)
	}
}
