package charts

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// stepped is an experiment whose fault harms everybody from 3.3 s on.
func stepped(phases ...result.Phase) (*result.Experiment, *result.Journey) {
	j := &result.Journey{Name: "checkout", Series: result.Series{Bucket: 1, First: 0.3}}
	for i := range 11 {
		b := result.Bucket{Journeys: 20, P95: 0.1}
		if i >= 4 && i < 8 {
			b.Harmed = 20
		}
		j.Series.Fault = append(j.Series.Fault, b)
	}
	j.Series.Fault = append(j.Series.Fault, result.Bucket{}, result.Bucket{}) // nobody was sent any more
	return &result.Experiment{Phases: phases}, j
}

// The curve is a step: it leaves the ground where the fault comes, and not before. The axis
// ends with the last phase.
func TestNoHarmIsDrawnBeforeItsFault(t *testing.T) {
	t.Parallel()
	e, j := stepped(result.Phase{Name: "baseline", End: 3.3}, result.Phase{Name: "fault", Start: 3.3, End: 8}, result.Phase{Name: "recovery", Start: 8, End: 10})
	svg := string(Time(e, j, "label"))
	path := regexp.MustCompile(`class="lf" d="M(\d+),(\d+)((?:[hv]-?[\d.]+)+)"`).FindStringSubmatch(svg)
	if path == nil {
		t.Fatalf("no steps:\n%s", svg)
	}
	x, _ := strconv.ParseFloat(path[1], 64)
	ground, _ := strconv.ParseFloat(path[2], 64)
	y := ground
	rises := -1.0
	for _, step := range regexp.MustCompile(`([hv])(-?[\d.]+)`).FindAllStringSubmatch(path[3], -1) {
		by, _ := strconv.ParseFloat(step[2], 64)
		if step[1] == "h" {
			x += by
			continue
		}
		if y += by; y < ground && rises < 0 {
			rises = x
		}
	}
	if rises != 330 || x != 1000 {
		t.Errorf("harm rises at %v of 1000, want 330 where the fault is; it ends at %v", rises, x)
	}
}

// Every phase has its name, however short it is, and none covers another.
func TestEveryPhaseHasItsName(t *testing.T) {
	t.Parallel()
	e, j := stepped(result.Phase{Name: "warmup", End: 0.1}, result.Phase{Name: "baseline", Start: 0.1, End: 0.4}, result.Phase{Name: "fault", Start: 0.4, End: 9.9}, result.Phase{Name: "recovery", Start: 9.9, End: 10})
	svg := string(Time(e, j, "label"))
	for _, p := range e.Phases {
		if strings.Count(svg, ">"+PhaseName(p.Name)+"<") != 1 {
			t.Errorf("%s has no name:\n%s", p.Name, svg)
		}
	}
	c := &timeChart{e: e, total: 10}
	names := c.phaseNames()
	if names[0].row == names[1].row || names[1].row == names[2].row || names[0].row == names[2].row || !names[3].end || names[2].end {
		t.Errorf("%+v", names)
	}
}
