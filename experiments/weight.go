package experiments

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Weight is the share of the journeys that take a step, above 0 and below 1. The zero
// value is none: all of them do.
type Weight float64

// Draws is from how many draws each journey has one, which decides the steps that it takes.
const Draws = 1 << 28

// Takes reports whether a journey with a draw, from 0 to below [Draws], takes the step. It
// then takes every step that weighs as much or more as well. With a draw of 0 it takes every
// step.
func (w Weight) Takes(draw int) bool { return draw == 0 || float64(draw) < w.Share()*Draws }

// Share is the share of the journeys that take the step; 1 without a weight.
func (w Weight) Share() float64 { return cmp.Or(float64(w), 1) }

func (w Weight) String() string { return percentOf(w.Share() * 100) }

// Weighted reports whether there are steps that only some of the journeys take.
func (j Journey) Weighted() bool {
	return slices.ContainsFunc(j.Steps, func(s Step) bool { return s.Weight > 0 })
}

func weightShape(to *Weight) shape.Shape {
	return shape.Scalar[Weight]{To: to, Want: "a share such as 30%", Loose: true, JSON: shape.Pattern(shape.SharePattern, "30%"), Parse: func(s string) (Weight, *shape.Diagnostic) {
		share, wrong := shape.ReadShare(s)
		switch {
		case wrong != nil:
			return 0, wrong
		case share == 0:
			return 0, &shape.Diagnostic{Msg: "this must be more than 0%"}
		case share == 1:
			return 0, nil
		}
		return Weight(share), nil
	}}
}

// A capturer is the step of those that capture a value which the most journeys take.
type capturer struct {
	step int
	Weight
}

// checkWeights notes a first step that not all journeys take: each must do something. And
// it notes steps that more journeys take than the step whose capture they use.
func (j *Journey) checkWeights(d *shape.Document, path string, all *common) {
	captured := map[string]capturer{}
	for i := range j.Steps {
		s, at := &j.Steps[i], fmt.Sprintf("%s.steps[%d]", path, i)
		if i == 0 && s.Weight > 0 {
			d.Fail(d.At(at+".weight"), shape.Diagnostic{Msg: "every journey takes its first step, so that it does something", Hint: "leave it out, or begin with a step that all take"})
		}
		nodes := d.KeptIn(at)
		for _, key := range commonKeys() {
			nodes = append(slices.Clip(nodes), all.usedBy(d, s, path, key)...)
		}
		for _, n := range nodes {
			j.checkCapturers(d, n, path, s, captured)
		}
		for _, c := range s.Captures {
			if before, known := captured[c.Name]; !known || before.Share() < s.Weight.Share() {
				captured[c.Name] = capturer{i, s.Weight}
			}
		}
	}
}

// checkCapturers notes the variables of a text of step s that are not there in each journey
// that takes the step.
func (j *Journey) checkCapturers(d *shape.Document, n shape.Node, path string, s *Step, captured map[string]capturer) {
	t, err := ParseTemplate(n.Text())
	if err != nil {
		return // noted when it was read
	}
	for _, p := range t.Captured() {
		from, known := captured[p.Name]
		if !known || from.Share() >= s.Weight.Share() {
			continue // one that nothing captures is noted elsewhere
		}
		line := d.At(fmt.Sprintf("%s.steps[%d].capture", path, from.step)).Line()
		d.Fail(n, shape.Diagnostic{From: p.From, To: p.To,
			Msg: fmt.Sprintf("${%s} is captured by step %q (line %d), which %s of the journeys take, and %s of them take step %q: some would have no value",
				p.Name, j.Steps[from.step].Name, line, from.Weight, s.Weight, s.Name),
			Hint: fmt.Sprintf("give step %q weight: %s or less", s.Name, from.Weight)})
	}
}
