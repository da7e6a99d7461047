package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// On one route harm counts from the first step that needs what is broken, or beside
// journeys that never need it, and a plan says which.
func TestNeeds(t *testing.T) {
	t.Parallel()
	pay := experiments.Step{Name: "pay", Needs: []string{"payments"}}
	look, thanks := experiments.Step{Name: "look"}, experiments.Step{Name: "thanks"}
	for name, tt := range map[string]struct {
		edit    func(*experiments.System, *experiments.Experiment)
		counted []string
		beside  []string
		says    string
	}{
		"a step before": {
			func(s *experiments.System, _ *experiments.Experiment) {
				s.Journeys[0].Steps = []experiments.Step{look, pay, thanks}
			},
			[]string{"pay", "thanks"}, nil, "harm counts from step pay on, the first that needs payments",
		},
		"no step before, and few others": {
			func(s *experiments.System, _ *experiments.Experiment) {
				s.Journeys[0].Steps = []experiments.Step{pay, thanks}
			},
			nil, nil, "",
		},
		"no step before, and others": {
			func(s *experiments.System, _ *experiments.Experiment) {
				s.Journeys[0].Steps, s.Journeys[1].Rate = []experiments.Step{pay}, 20
			},
			nil, []string{"browse"}, "browse never needs payments and is a control at the same time",
		},
		"no step before, and others, but short phases": {
			func(s *experiments.System, e *experiments.Experiment) {
				s.Journeys[0].Steps, s.Journeys[1].Rate = []experiments.Step{pay}, 20
				e.Settings.Phases.Baseline = 10 * time.Second
			},
			nil, nil, "",
		},
		"turns": {
			func(s *experiments.System, e *experiments.Experiment) {
				s.Journeys[0].Steps, s.Journeys[1].Rate, e.Settings.Repeat = []experiments.Step{pay}, 20, 3
			},
			nil, nil, "",
		},
		"a second route": {
			func(s *experiments.System, _ *experiments.Experiment) {
				s.ControlURL, s.Journeys[0].Steps = "http://127.0.0.1:8081", []experiments.Step{look, pay}
			},
			nil, nil, "",
		},
		"something else is broken as well": {
			func(s *experiments.System, e *experiments.Experiment) {
				s.Journeys[0].Steps = []experiments.Step{look, pay}
				other := e.Faults[0]
				other.Into = "search"
				e.Faults = append(e.Faults, other)
			},
			nil, nil, "",
		},
		"nothing declared": {func(*experiments.System, *experiments.Experiment) {}, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, doc := documents()
			s.ControlURL, s.Journeys[1].Steps = "", []experiments.Step{look}
			tt.edit(s, doc)
			e := makeOne(t, s, doc, Options{})
			j := e.Journeys[0]
			if got := e.Counted(j); !slices.Equal(got, tt.counted) {
				t.Errorf("harm counts at %v, want %v", got, tt.counted)
			}
			if got := e.Beside(j); !slices.Equal(got, tt.beside) {
				t.Errorf("beside it run %v, want %v", got, tt.beside)
			}
			if got := strings.Join(e.designs(), "\n"); !strings.Contains(got, tt.says) || tt.says == "" && strings.Contains(got, "need") {
				t.Errorf("plan says %s", got)
			}
			if other := e.Journeys[1]; e.Counted(other) != nil || e.Beside(other) != nil {
				t.Error("harm of a journey that never needs what is broken does not count as a whole")
			}
		})
	}
}
