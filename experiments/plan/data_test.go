package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/rows"
)

func rowsOf(t *testing.T, n int) *experiments.Data {
	t.Helper()
	table, err := rows.Parse("users.csv", []byte("email\n"+strings.Repeat("a\n", n)))
	if err != nil {
		t.Fatal(err)
	}
	return &experiments.Data{File: "users.csv", Digest: table.Digest(), Columns: table.Columns(), Rows: n, Table: table}
}

// A plan says beforehand how many rows it takes that no journey lacks one: the rate times
// the timeout, of all journeys with the file, and rounded up for each arm.
func TestRowsThatArmsNeed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rows, needed int
		edit         func(*experiments.System, *experiments.Data)
	}{
		"as many as there are":  {40 * 10, 0, func(*experiments.System, *experiments.Data) {}},
		"one fewer":             {40*10 - 1, 400, func(*experiments.System, *experiments.Data) {}},
		"rounded up by the arm": {8, 10, func(s *experiments.System, _ *experiments.Data) { s.Journeys[0].Rate = 0.9 }},
		"both journeys": {400, 420, func(s *experiments.System, d *experiments.Data) {
			again := *d
			s.Journeys[1].Data, s.Journeys[1].Timeout = &again, 2*time.Second
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, x := documents()
			s.Journeys[0].Data = rowsOf(t, tt.rows)
			tt.edit(s, s.Journeys[0].Data)
			uses := makeOne(t, s, x, Options{}).dataUses()
			if len(uses) != 1 {
				t.Fatalf("%d files, want one", len(uses))
			}
			p, err := Make(s, []*experiments.Experiment{x, x}, Options{Phases: NoOverride()})
			if err != nil {
				t.Fatal(err)
			}
			warned := p.DataWarnings()
			if tt.needed == 0 && warned != nil || tt.needed > 0 && (uses[0].needed != tt.needed || len(warned) != 1 || warned[0].Journey != "checkout" || !slices.Contains(p.Experiments[0].Warnings, warned[0].Text)) {
				t.Errorf("%d of %d rows are needed, want %d: %q", uses[0].needed, tt.rows, tt.needed, warned)
			}
		})
	}
}

// Where faults touch a share of the journeys, both arms have the rows that all of them
// need, because all are of one arm at times.
func TestRowsOfJourneysThatFaultsTouchInPart(t *testing.T) {
	t.Parallel()
	s, doc := inShares(0.5, 1)
	s.Journeys[0].Data = rowsOf(t, 2*40*10)
	e := makeOne(t, s, doc, Options{})
	if uses := e.dataUses(); len(uses) != 1 || uses[0].needed != 800 || len(e.SentArms()) != 2 || e.dataWarnings() != nil {
		t.Errorf("%+v for %v: %v", uses, e.SentArms(), e.dataWarnings())
	}
	s.Journeys[0].Data = rowsOf(t, 1)
	if _, err := Make(s, []*experiments.Experiment{doc}, Options{Phases: NoOverride()}); !errors.Is(err, ErrImpossible) {
		t.Errorf("Make() with one row = %v", err)
	}
}

func TestEachArmNeedsARow(t *testing.T) {
	t.Parallel()
	s, x := documents()
	s.Journeys[0].Data = rowsOf(t, 1)
	if _, err := Make(s, []*experiments.Experiment{x}, Options{Phases: NoOverride()}); !errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), "users.csv") {
		t.Errorf("Make() = %v", err)
	}
	s.ControlURL = ""
	makeOne(t, s, x, Options{}) // one arm
}

// What is in the file is part of what is sent, and its name is not.
func TestDataAreInTheDigest(t *testing.T) {
	t.Parallel()
	digest := func(edit func(*experiments.Data)) string {
		s, x := documents()
		s.Journeys[0].Data = rowsOf(t, 400)
		if edit == nil {
			s.Journeys[0].Data = nil
		} else {
			edit(s.Journeys[0].Data)
		}
		return makeOne(t, s, x, Options{}).Digests.Journeys
	}
	as := digest(func(*experiments.Data) {})
	for name, tt := range map[string]struct {
		edit func(*experiments.Data)
		same bool
	}{
		"no data":           {nil, false},
		"another file":      {func(d *experiments.Data) { *d = *rowsOf(t, 401) }, false},
		"at random":         {func(d *experiments.Data) { d.Order = experiments.AtRandom }, false},
		"another name":      {func(d *experiments.Data) { d.File = "people.csv" }, true},
		"the default, said": {func(d *experiments.Data) { d.Order = experiments.InTurn }, true},
	} {
		if got := digest(tt.edit); (got == as) != tt.same {
			t.Errorf("%s: %s beside %s", name, got, as)
		}
	}
}
