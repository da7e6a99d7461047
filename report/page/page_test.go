package page

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/report/template"
)

// A path in steps ends where one in places would, to the tenth, however many
// steps there are.
func TestPenDoesNotDrift(t *testing.T) {
	t.Parallel()
	var p Pen
	p.Move(12.4, 147.63)
	x, y := 12.0, 147.6
	for i := range 1000 {
		p.Line(12.4+float64(i)*0.77, 75+70*math.Sin(float64(i)))
	}
	numbers := regexp.MustCompile(`-?(?:\d+\.?\d*|\.\d+)`).FindAllString(strings.SplitN(p.String(), "l", 2)[1], -1)
	for i := 0; i+1 < len(numbers); i += 2 {
		dx, errX := strconv.ParseFloat(numbers[i], 64)
		dy, errY := strconv.ParseFloat(numbers[i+1], 64)
		if errX != nil || errY != nil {
			t.Fatalf("%q, %q: %v, %v", numbers[i], numbers[i+1], errX, errY)
		}
		x, y = x+dx, y+dy
	}
	wantX, wantY := math.Round(12.4+999*0.77), 75+70*math.Sin(999)
	if len(numbers) != 2000 || math.Abs(x-wantX) > 1e-6 || math.Abs(y-wantY) > 0.051 {
		t.Errorf("the path ends at %g, %g after %d numbers, want %g, %.2f", x, y, len(numbers), wantX, wantY)
	}
}

func TestAxes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ most, step, top float64 }{
		{0.32, 0.1, 0.4}, {0.036, 0.01, 0.04}, {9.8, 5, 10}, {1, 0.5, 1}, {0, 0.5, 1}, {4, 1, 4},
	} {
		a := AxisFor(tt.most)
		if diff(a.Step, tt.step) || diff(a.Top(), tt.top) {
			t.Errorf("AxisFor(%g) = steps of %g to %g, want %g to %g", tt.most, a.Step, a.Top(), tt.step, tt.top)
		}
	}
	if a := HarmAxis(0.97); a.Top() != 1 {
		t.Errorf("HarmAxis(0.97) ends at %g, want 1: there is no share beyond all", a.Top())
	}
	for total, want := range map[float64]float64{22: 5, 275: 60, 8: 1, 40000: 2 * 3600} {
		if got := TimeStep(total); got != want {
			t.Errorf("TimeStep(%g) = %g, want %g", total, got, want)
		}
	}
}

func diff(a, b float64) bool { return a-b > 1e-9 || b-a > 1e-9 }

// A mistake in a page costs the page, and not what the program says.
func TestAMistakeInAPage(t *testing.T) {
	var out strings.Builder
	err := Write(&out, func(*template.Writer) { panic("a mistake") })
	if err == nil || out.Len() > 0 {
		t.Errorf("%v, and %q is written", err, out.String())
	}
}
