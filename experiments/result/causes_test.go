package result

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// causeStory harms three quarters of the fault arm under the fault and a tenth of all
// journeys at any other time, each by one of several causes.
func causeStory() *story {
	s := newStory()
	s.harm = func(arm plan.Arm, second float64) float64 {
		if arm == plan.FaultArm && second >= faultAt && second < removedAt {
			return 0.75
		}
		return 0.1
	}
	s.send()
	kinds := []journal.Observation{
		{Outcome: journal.Failed, Cause: journal.Status, Step: 1, Steps: make([]time.Duration, 2), Why: 1},
		{Outcome: journal.Failed, Cause: journal.Status, Step: 1, Steps: make([]time.Duration, 2), Why: 2},
		{Outcome: journal.Failed, Cause: journal.Reset, Step: 0, Steps: make([]time.Duration, 1), Why: 3},
		{Outcome: journal.Wrong, Cause: journal.Unmet, Step: 1, Steps: make([]time.Duration, 2), Why: 4},
		{Outcome: journal.Slow, Cause: journal.TooSlow, Step: 0, Steps: make([]time.Duration, 2), Why: 5},
		{Outcome: journal.Failed, Cause: journal.Shed},
		{Outcome: journal.Failed, Cause: journal.Status, Step: 0, Steps: make([]time.Duration, 2), Why: 1}, // slow at browse before it failed at pay
	}
	n := 0
	for i := range s.obs {
		if o := &s.obs[i]; o.Harmed() {
			k := kinds[n%len(kinds)]
			o.Outcome, o.Cause, o.Step, o.Steps, o.Why = k.Outcome, k.Cause, k.Step, k.Steps, k.Why
			n++
		}
	}
	return s
}

// introduce writes the causes of a causeStory into its journal, under the fault.
func (s *story) introduce() {
	s.writeJournal()
	end := s.events[len(s.events)-2:]
	s.events = s.events[:len(s.events)-2]
	for i, c := range []journal.SeenCause{
		{Step: "pay", Class: "status", Key: "502"}, {Step: "pay", Class: "status", Key: "503"}, {Step: "browse", Class: "reset", Key: "127.0.0.1:18083"},
		{Step: "pay", Class: "check", Key: "$.charged"}, {Step: "browse", Class: "slow", Key: "1s"},
	} {
		c.Number, c.Journey = i+1, "checkout"
		for range 4 { // one more than is kept
			c.Example = &journal.Example{Arm: "fault", Intended: 12 * time.Second, Status: 502, Body: "no upstream"}
			s.at(13, journal.Event{Kind: journal.HarmSeen, Cause: &c})
		}
	}
	for _, e := range end {
		s.at(endAt, e)
	}
	s.inOrder()
}

// inOrder puts the events of a story in the order of time.
func (s *story) inOrder() {
	slices.SortStableFunc(s.events, func(a, b journal.Event) int { return cmp.Compare(a.Since, b.Since) })
}

// causesOf returns what became of the harmed journeys of a story.
func causesOf(t *testing.T, s *story) *Journey {
	t.Helper()
	r, _, err := foldText(s.lines(t), nil, s.obs)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(text); err != nil {
		t.Errorf("a result that was folded cannot be read: %v", err)
	}
	return &r.Experiments[0].Journeys[0]
}

// The causes of a journey are its harmed journeys, not more and not fewer, before the
// fault and under it, in both arms.
func TestCausesAreTheHarmedJourneys(t *testing.T) {
	t.Parallel()
	s := causeStory()
	s.introduce()
	j := causesOf(t, s)
	var baseline, fault [2]int
	recovered := 0
	for _, c := range j.Causes {
		baseline[0], baseline[1] = baseline[0]+c.Baseline.Fault, baseline[1]+*c.Baseline.Control
		fault[0], fault[1] = fault[0]+c.Fault.Fault, fault[1]+*c.Fault.Control
		recovered += c.Recovery.Fault + *c.Recovery.Control
	}
	if want := [2]int{j.Arms.Fault.Harmed(), j.Arms.Control.Harmed()}; fault != want || want[0] == 0 || want[1] == 0 {
		t.Errorf("causes under the fault add up to %v of %v harmed", fault, want)
	}
	if want := [2]int{j.Baseline.Fault.Harmed(), j.Baseline.Control.Harmed()}; baseline != want || want[0] == 0 {
		t.Errorf("causes before the fault add up to %v of %v harmed", baseline, want)
	}
	if recovered == 0 {
		t.Error("no journey after the removal has a cause")
	}
	var got []string
	for _, c := range j.Causes {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %d", c.Step, c.Class, c.Key, len(c.Examples))))
	}
	// Twice as many failed with 502 as in any other way: half of them after a slow step.
	if got[0] != "pay status 502 3" {
		t.Errorf("the first cause is %q", got[0])
	}
	want := map[string]bool{"pay status 502 3": true, "pay status 503 3": true, "browse reset 127.0.0.1:18083 3": true, "pay check $.charged 3": true, "browse slow 1s 3": true, "shed  0": true}
	for _, c := range got {
		if !want[c] {
			t.Errorf("unexpected cause %q", c)
		}
		delete(want, c)
	}
	if len(want) > 0 {
		t.Errorf("missing causes %v of %q", want, got)
	}
	x := j.Causes[0].Examples[0]
	if x.Phase != "fault" || x.Second != 13 || x.Arm != "fault" || x.Status != 502 || x.Body != "no upstream" || !x.At.Equal(epoch.Add(13*time.Second)) {
		t.Errorf("example %+v", x)
	}
}

// A journal that lost the introductions, or one of an older version, still tells the
// classes, with the same counts.
func TestCausesWithoutTheirIntroductions(t *testing.T) {
	t.Parallel()
	s := causeStory()
	s.introduce()
	whole := causesOf(t, s)
	byClass := func(j *Journey) map[string]CauseCounts {
		sum := map[string]CauseCounts{}
		for _, c := range j.Causes {
			n := sum[c.Step+" "+c.Class]
			n.Fault += c.Fault.Fault
			n.Control = new(*c.Fault.Control + *cmp.Or(n.Control, new(0)))
			sum[c.Step+" "+c.Class] = n
		}
		return sum
	}
	lost := causeStory()
	older := causeStory()
	for i := range older.obs {
		o := &older.obs[i]
		if o.Why = 0; o.Outcome == journal.Wrong || o.Outcome == journal.Slow {
			o.Cause = journal.NoCause
		}
	}
	wrong := causeStory()
	wrong.introduce()
	for i := range wrong.events { // numbers that mean something else
		if c := wrong.events[i].Cause; c != nil {
			other := *c
			other.Class, wrong.events[i].Cause = "dns", &other
		}
	}
	for name, s := range map[string]*story{"lost": lost, "older": older, "of other causes": wrong} {
		j := causesOf(t, s)
		for _, c := range j.Causes {
			if c.Key != "" || len(c.Examples) > 0 {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if got, want := byClass(j), byClass(whole); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// What no run records of causes is left out, and the result can be read.
func TestCausesThatNoRunRecords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 5000)
	for name, spoil := range map[string]func(*journal.SeenCause){
		"number 0":        func(c *journal.SeenCause) { c.Number = 0 },
		"number too high": func(c *journal.SeenCause) { c.Number = 1 << 40 },
		"class":           func(c *journal.SeenCause) { c.Class = "\x1b[2J" },
		"journey":         func(c *journal.SeenCause) { c.Journey = "<b>" },
		"step":            func(c *journal.SeenCause) { c.Step = "a | b" },
		"arm":             func(c *journal.SeenCause) { c.Example.Arm = "both" },
		"status":          func(c *journal.SeenCause) { c.Example.Status = -1 },
		"long texts":      func(c *journal.SeenCause) { c.Key, c.Example.Body, c.Example.Detail = long, long, long },
	} {
		s := causeStory()
		s.introduce()
		for i := range s.events {
			if c := s.events[i].Cause; c != nil {
				other, example := *c, *c.Example
				other.Example = &example
				spoil(&other)
				s.events[i].Cause = &other
			}
		}
		for _, c := range causesOf(t, s).Causes {
			if strings.ContainsAny(c.Step+c.Class, "<|\x1b") || len(c.Key) > journal.MaxKey {
				t.Errorf("%s: %+v", name, c)
			}
			for _, x := range c.Examples {
				if len(x.Body) > mostText || len(x.Detail) > mostText || x.Arm == "both" || x.Status < 0 {
					t.Errorf("%s: %+v", name, x)
				}
			}
		}
	}
}

// A removal cuts connections that hung. Journeys that waited on them beyond their budget were
// harmed by the wait, and what the removal answered them is neither cause nor example; what
// came while the fault was in force is both.
func TestWhatARemovalCutIsNoCause(t *testing.T) {
	t.Parallel()
	const atOnce = 20 * time.Second // until then journeys fail at once, and hang from then on
	s := newStory()
	s.harm = func(plan.Arm, float64) float64 { return 0 }
	s.send()
	failed, hung := 0, 0
	for i := range s.obs {
		o := &s.obs[i]
		if o.Arm != plan.FaultArm || o.Intended < faultAt*time.Second || o.Intended >= removedAt*time.Second {
			continue
		}
		o.Outcome, o.Cause, o.Step, o.Steps, o.Why = journal.Failed, journal.Status, 1, make([]time.Duration, 2), 1
		if o.Intended < atOnce {
			failed++
			continue
		}
		hung++
		o.Took = removedAt*time.Second + 100*time.Millisecond - o.Intended
	}
	s.writeJournal()
	end := s.events[len(s.events)-2:]
	s.events = s.events[:len(s.events)-2]
	for second, intended := range map[float64]time.Duration{13: 13 * time.Second, removedAt + 0.1: removedAt*time.Second - 5*time.Second} {
		s.at(second, journal.Event{Kind: journal.HarmSeen, Cause: &journal.SeenCause{Number: 1, Journey: "checkout", Step: "pay", Class: "status", Key: "502",
			Example: &journal.Example{Arm: "fault", Intended: intended, Status: 502, Body: fmt.Sprint(intended)}}})
	}
	for _, e := range end {
		s.at(endAt, e)
	}
	s.inOrder()
	j := causesOf(t, s)
	waited, answered := 0, 0
	for _, c := range j.Causes {
		switch {
		case c.Class == "slow" && c.Step == "pay" && c.Key == s.plan.Experiments[0].Journeys[0].SlowAfter.String() && len(c.Examples) == 0:
			waited += c.Fault.Fault
		case c.Class == "status" && c.Key == "502" && len(c.Examples) == 1 && c.Examples[0].Second < removedAt:
			answered += c.Fault.Fault
		default:
			t.Errorf("unexpected cause: %+v", c)
		}
	}
	if answered != failed || waited == 0 || waited+answered != j.Arms.Fault.Harmed() || hung == 0 {
		t.Errorf("%d were answered of %d, and %d waited of %d that hung, of %d harmed", answered, failed, waited, hung, j.Arms.Fault.Harmed())
	}
}
