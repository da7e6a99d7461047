package run

import (
	"os"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A listView keeps what it is told of journeys.
type listView struct {
	noView
	told []journal.Observation
}

func (v *listView) Observe(o journal.Observation) { v.told = append(v.told, o) }

// However many journeys a counter has counted, a view is told once.
func TestAViewIsToldOfManyAtOnce(t *testing.T) {
	t.Parallel()
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	log, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	view := &listView{}
	r := newRecorder(log, view, dir, &plan.Plan{}, t.Logf)
	if err := r.Observe(journal.Observation{Step: -1, Count: journal.MaxCount}); err != nil {
		t.Fatal(err)
	}
	if len(view.told) != 1 || view.told[0].Times() != journal.MaxCount {
		t.Errorf("it is told %d times", len(view.told))
	}
}
