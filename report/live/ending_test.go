package live

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/progress"
)

// While a game day waits, the heading counts the experiment that is waited for, its card says
// what is injected and for how long, and every number says that it is of the one before.
func TestWhatIsSaidBeforeADecision(t *testing.T) {
	t.Parallel()
	p := aPlan()
	p.Experiments[1].Title = "Payments are down"
	run := underFault(p)
	if v := newView(run, "", at(10)); v.Earlier() != "" || v.Asked() != nil || v.Number() != "experiment 1 of 2" {
		t.Errorf("nothing is waited for: %q, %v, %q", v.Earlier(), v.Asked(), v.Number())
	}
	run.Record(journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-hang"}, at(10))
	run.Record(journal.Event{Kind: journal.Waiting, Experiment: "payments-down"}, at(10))
	v := newView(run, "", at(10))
	if v.Earlier() != "payments-hang" || v.Asked() == nil || v.Number() != "experiment 2 of 2" {
		t.Errorf("%q, %v, %q", v.Earlier(), v.Asked(), v.Number())
	}
	got := text(t, whole(t, run, at(10)))
	_, card, _ := strings.Cut(got, "Before payments-down\n")
	card, _, _ = strings.Cut(card, "Waits for\n")
	if want := "Experiment\nPayments are down, experiment 2 of 2\nFault\ntimeout into payments\nTakes\n20 s\n"; card != want {
		t.Errorf("the card has\n%swant\n%s", card, want)
	}
	for _, heading := range []string{"Harm of payments-hang", "Faults of payments-hang", "Guardrails of payments-hang", "What harms, of payments-hang"} {
		if !strings.Contains(got, heading+"\n") {
			t.Errorf("no heading %q in\n%s", heading, got)
		}
	}
}

// The end says what has become of the faults, and which code the run ends with.
func TestWhatIsSaidAtTheEnd(t *testing.T) {
	t.Parallel()
	never, none, left := NewEnd(nil, "", ""), NewEnd(progress.New(aPlan(), start()), "", ""), NewEnd(underFault(aPlan()), "", "")
	run := underFault(aPlan())
	run.Record(journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.x.1", Verified: true}, at(11))
	gone := NewEnd(run, "runs/1/report.html", "exit 3: refuted")
	if never.Faults != "" || none.Left || gone.Left || !left.Left || none.Faults == gone.Faults {
		t.Errorf("never begun %+v, none injected %+v, all gone %+v, one left %+v", never, none, gone, left)
	}
	for _, end := range []End{left, gone} {
		html := string(Over(end))
		if strings.Contains(html, "blastgauge recover") != end.Left || !strings.Contains(html, end.Faults) {
			t.Errorf("%s", html)
		}
		if end.Exit != "" && (!strings.Contains(html, "Exit 3: refuted.") || !strings.Contains(html, end.Report)) {
			t.Errorf("%s", html)
		}
	}
}

// A recovery in which no journeys are sent does not go on.
func TestARecoveryEndsWithItsJourneys(t *testing.T) {
	t.Parallel()
	run := underFault(aPlan())
	run.Current.Recovery = progress.Recovery{Removed: at(8), Known: true, Quiet: at(9), Looked: at(10)}
	run.Stopping = "stopped"
	rows := func(after time.Duration) string {
		return strings.Join(newView(run, "", at(10).Add(after)).RecoveryRows(), "; ")
	}
	if rows(0) != rows(time.Hour) {
		t.Errorf("%s, an hour later: %s", rows(0), rows(time.Hour))
	}
	run.Current.Recovery = progress.Recovery{Removed: at(8)}
	if got := newView(run, "", at(10)).RecoveryRows(); len(got) != 1 {
		t.Errorf("of what was never looked at: %q", got)
	}
}
