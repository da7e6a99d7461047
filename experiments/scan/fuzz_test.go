package scan

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Whatever a journal holds, it gives a map that can be written.
func FuzzEvent(f *testing.F) {
	w := shop()
	p := w.plan()
	s := New(p)
	e := w.exercise(20 * time.Second)
	s.Exercised(e)
	events := []journal.Event{{Kind: journal.Exercised, Exercise: &e}}
	for now := 20 * time.Second; len(events) < 21; now += 10 * time.Second {
		cell, ok := s.Next(now)
		if !ok {
			break
		}
		end := w.perform(cell, now)
		s.Ended(end)
		events = append(events, journal.Event{Since: now, Kind: journal.CellStarted, Cell: &cell}, journal.Event{Kind: journal.CellEnded, CellEnd: &end})
	}
	for _, n := range []int{1, 5, 21} {
		text, err := json.Marshal(events[:n])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, []byte(`{"dependencies":[{"name":"carts","cells":[{"faults":[{"dependency":"carts","mode":"hang"}],"verdict":"harmful"}]}]}`))
	}
	f.Add([]byte(`[{"kind":"cell_started","cell":{"number":1,"stage":"pair","faults":[]}},{"kind":"cell_ended","cell_end":{"number":1,"from":9,"to":1,"journeys":[{},{},{},{}]}}]`), []byte(`{"pairs":[{}]}`))
	f.Add([]byte(`[{"kind":"exercised","exercise":{"from":5,"to":1,"carried":[]}},{"kind":"cell_started","cell":{"number":1,"stage":"threshold","faults":[{"into":"carts","attributes":{"latency":-1}}]}}]`), []byte(`{"dependencies":[{"name":"carts","breaking_point":{}}]}`))
	f.Fuzz(func(t *testing.T, text, known []byte) {
		var events []journal.Event
		if json.Unmarshal(text, &events) != nil {
			return
		}
		p := w.plan()
		p.Scan.Known = known
		for _, p := range []*plan.Plan{p, {}, {Scan: &plan.Scan{Known: known}}} {
			s := New(p)
			for _, e := range events {
				s.Event(e)
			}
			m := s.Map()
			if _, err := json.Marshal(m); err != nil {
				t.Fatal(err)
			}
			if p.Scan != nil && len(p.Experiments) > 0 {
				check(t, m)
				s.Next(0)
				TakeOver(m, BasisOf(p), p)
			}
		}
	})
}
