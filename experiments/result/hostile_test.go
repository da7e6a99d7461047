package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// lines are the events of a run as its journal has them.
func (s *story) lines(t testing.TB) []byte {
	t.Helper()
	if s.events == nil {
		s.writeJournal()
	}
	var b bytes.Buffer
	for _, e := range s.events {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	return b.Bytes()
}

// foldText folds a journal, and what was undone after it, as [Read] does. It reports how
// many bytes that took.
func foldText(text, undone []byte, obs []journal.Observation) (r *Result, bytesUsed uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	file := func(name string, text []byte) iter.Seq2[journal.Event, error] {
		return checkEvents(name, journal.ReadEvents(bytes.NewReader(text)))
	}
	r, err = Fold(concat(file(journal.EventsFile, text), file(journal.UndoFile, undone)), journeys{obs, nil})
	runtime.ReadMemStats(&after)
	return r, after.TotalAlloc - before.TotalAlloc, err
}

// A number in a journal from elsewhere, or on a damaged disk, decides no amount of
// memory and no index. What is impossible ends the report at its line.
func TestWildNumbersOfAJournal(t *testing.T) { // not parallel: it measures memory
	wild := []time.Duration{math.MinInt64, -1, 1, 1e17, journal.LongestRun, journal.LongestRun + 1, math.MaxInt64}
	story := newStory()
	story.send()
	story.writeJournal()
	good := story.events
	for i := range good {
		for _, v := range wild {
			for name, set := range map[string]func(*journal.Event){
				"since": func(e *journal.Event) { e.Since = v },
				"began": func(e *journal.Event) { e.Began = v },
			} {
				story.events = append([]journal.Event(nil), good...)
				set(&story.events[i])
				r, used, err := foldText(story.lines(t), nil, story.obs)
				if used > 100<<20 {
					t.Fatalf("event %d with %s %d: %d MB", i, name, v, used>>20)
				}
				impossible := v < 0 || v > journal.LongestRun
				if line := fmt.Sprintf(" line %d: ", i+1); impossible && err == nil && !strings.Contains(strings.Join(r.Warnings, "\n"), line) {
					t.Errorf("event %d with %s %d: warnings %q do not name the line", i, name, v, r.Warnings)
				}
			}
		}
	}
}

// A plan with other ids or times than a document can have is none.
func TestWildPlansAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*plan.Plan){
		"run":         func(p *plan.Plan) { p.Run = "a b" },
		"system":      func(p *plan.Plan) { p.System.Name = "<b>" },
		"experiment":  func(p *plan.Plan) { p.Experiments[0].ID = "x | y" },
		"journey":     func(p *plan.Plan) { p.Experiments[0].Journeys[0].Name = "@octocat" },
		"step":        func(p *plan.Plan) { p.Experiments[0].Journeys[0].Steps[0].Name = "\x1b" },
		"weight":      func(p *plan.Plan) { p.Experiments[0].Journeys[0].Steps[1].Weight = 1e18 },
		"no weight":   func(p *plan.Plan) { p.Experiments[0].Journeys[0].Steps[1].Weight = -0.1 },
		"control":     func(p *plan.Plan) { p.Experiments[0].Control = "no" },
		"recovery":    func(p *plan.Plan) { p.Experiments[0].Phases.Recovery = math.MaxInt64 },
		"baseline":    func(p *plan.Plan) { p.Experiments[0].Phases.Baseline = -1 },
		"slow after":  func(p *plan.Plan) { p.Experiments[0].Journeys[0].SlowAfter = math.MinInt64 },
		"repeat":      func(p *plan.Plan) { p.Experiments[0].Repeat = math.MaxInt },
		"period":      func(p *plan.Plan) { p.Experiments[0].Faults[0].Period = -1 },
		"rate":        func(p *plan.Plan) { p.Experiments[0].Journeys[0].Rate = 1e18 },
		"limit":       func(p *plan.Plan) { p.Experiments[0].Journeys[0].Limit = -1 },
		"many":        func(p *plan.Plan) { p.Experiments[0].Journeys = make([]plan.Journey, mostJourneys+1) },
		"longest run": func(p *plan.Plan) { p.Experiments[0].Faults[0].Until = journal.LongestRun + 1 },
	} {
		s := newStory()
		spoil(s.plan)
		if r, _, err := foldText(s.lines(t), nil, nil); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v, %v; want an error that names the line", name, r != nil, err)
		}
	}
}

// undoneLater are the lines that whoever cleans up after a run leaves in its directory.
func undoneLater(t testing.TB) []byte {
	s := &story{}
	s.at(endAt+3, journal.Event{Kind: journal.Fenced, Detail: "by kill"})
	s.at(endAt+4, journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true})
	s.at(endAt+4, journal.Event{Kind: journal.CleanedUp})
	for i := range s.events {
		s.events[i].Seq, s.events[i].Since = 0, 0
	}
	return s.lines(t)
}

// The run numbers what it records, and nobody else does: without a number an event of a run
// is in no order, and with one that of another process passes for its own.
func TestEventsThatNobodyRecordedThere(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.writeJournal()
	for i := range s.events {
		own, stranger := s.events[i], s.events[i]
		if err := checkOwner(journal.EventsFile, &own); err != nil {
			t.Errorf("%s of a run: %v", own.Kind, err)
		}
		stranger.Seq = 0
		if err := checkOwner(journal.EventsFile, &stranger); err == nil {
			t.Errorf("%s without a number is taken for one of the run", own.Kind)
		}
		if err := checkOwner(journal.UndoFile, &own); err == nil {
			t.Errorf("%s with a number is taken for one of another process", own.Kind)
		}
		if err := checkOwner(journal.UndoFile, &stranger); (err == nil) != (own.Kind == journal.FaultRemoved) {
			t.Errorf("%s of another process: %v", own.Kind, err)
		}
	}
	r, _, err := foldText(s.lines(t), undoneLater(t), nil)
	if err != nil || len(r.Warnings) > 0 {
		t.Errorf("what is recorded by those who clean up: %v, warnings %v", err, r.Warnings)
	}
}

// Whatever a journal holds, what it is folded into can be written and loaded.
func FuzzHostileJournal(f *testing.F) {
	s := newStory()
	s.send()
	f.Add(s.lines(f), undoneLater(f), int64(0), int64(40_000_000))
	s.edit(journal.ExperimentEnded, func(e *journal.Event) { e.Since = math.MinInt64 })
	f.Add(s.lines(f), []byte(nil), int64(math.MaxInt64), int64(-1))
	noted := newStory()
	noted.writeJournal()
	noted.at(endAt+1, journal.Event{Kind: journal.Noted, Author: "ann", Detail: "a\nb", FollowUp: true})
	noted.at(endAt+2, journal.Event{Kind: journal.Interrupted, Detail: "INT", Author: "ann", Reason: "incident 4711"})
	f.Add(noted.lines(f), []byte(nil), int64(0), int64(40_000_000))
	obs := s.obs[:200]
	alerted := alertStoryOf(alertStory{state: during(journal.AlertFiring, 15, 33)}, experiments.Alert{Name: "ShopErrors", FiresWithin: time.Second, ClearsWithin: time.Second})
	f.Add(alerted.lines(f), []byte(nil), int64(time.Second), int64(40_000_000))
	harmed := causeStory()
	harmed.introduce()
	f.Add(harmed.lines(f), []byte(nil), int64(12*time.Second), int64(40_000_000))
	obs = append(obs, harmed.obs[:1000]...)
	f.Fuzz(func(t *testing.T, text, undone []byte, intended, took int64) {
		one := journal.Observation{Intended: time.Duration(intended) % journal.LongestRun, Took: time.Duration(took) % journal.LongestRun, Step: -1}
		r, used, err := foldText(text, undone, append([]journal.Observation{one}, obs...))
		if used > 1<<30 {
			t.Fatalf("%d MB", used>>20)
		}
		if err != nil {
			return
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(written); err != nil {
			t.Fatalf("%v in %s", err, written)
		}
	})
}
