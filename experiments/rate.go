package experiments

import (
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Stage is a time in which journeys are sent at another rate, before they are sent at
// the one that is measured.
type Stage struct {
	Rate float64       `json:"rate"` // journeys per second over all arms
	For  time.Duration `json:"for"`
}

// maxStages is how many rates a journey may have.
const maxStages = 20

// Ramp returns how long the stages take before the journey is sent at its rate.
func (j Journey) Ramp() (sum time.Duration) {
	for _, s := range j.Stages {
		sum += s.For
	}
	return sum
}

// MaxRate returns the largest rate of the journey, per second over all arms.
func (j Journey) MaxRate() float64 {
	most := j.Rate
	for _, s := range j.Stages {
		most = max(most, s.Rate)
	}
	return most
}

// rateShape is one rate, or stages of which the last is the one that is measured.
func rateShape(j *Journey, env environment) shape.Shape {
	var list []Stage
	stages := shape.List[Stage]{To: &list, Item: func(s *Stage) shape.Shape { return env.in(stageShape(s)) }, Min: 1, Max: maxStages}
	return shape.ByKind{Want: "a rate such as 40/s, or stages such as [10/s for 30s, 40/s],", Scalar: env.in(positive(rate, "0/s")(&j.Rate)),
		List: shape.Validated{Shape: stages, Check: func(d *shape.Document, n shape.Node, path string) {
			last := len(list) - 1
			for i, s := range list {
				at := d.At(fmt.Sprintf("%s[%d]", path, i))
				switch {
				case s.Rate == 0: // its variable is not set
				case i < last && s.For == 0:
					d.Fail(at, shape.Diagnostic{Msg: "every stage but the last has a time", Hint: "write " + at.Text() + " for 30s"})
				case i == last && s.For > 0:
					d.Fail(at, shape.Diagnostic{Msg: "the last stage has no time: it lasts until the end, and is what is measured"})
				}
			}
			j.Rate, j.Stages, j.rateLine = list[last].Rate, list[:last], d.Span(n, 0, 0).Line
			if last == 0 {
				j.Stages = nil
			}
		}}}
}

const stagePattern = `^[0-9]+(\.[0-9]+)?/(s|min|h)( for ([0-9]+(\.[0-9]+)?(us|ms|s|m|h))+)?$`

func stageShape(to *Stage) shape.Shape {
	return shape.Scalar[Stage]{To: to, Want: "a stage such as 10/s for 30s", Loose: true, Parse: parseStage, JSON: shape.Pattern(stagePattern, "10/s for 30s", "40/s")}
}

func parseStage(s string) (Stage, *shape.Diagnostic) {
	amount, lasting, timed := strings.Cut(s, " for ")
	perSecond, wrong := parseRate(strings.TrimSpace(amount))
	stage := Stage{Rate: perSecond}
	if wrong == nil && timed {
		stage.For, wrong = parseDuration(strings.TrimSpace(lasting))
	}
	switch {
	case wrong != nil:
		return Stage{}, wrong
	case perSecond <= 0:
		return Stage{}, &shape.Diagnostic{Msg: "this must be more than 0/s"}
	case timed && stage.For <= 0:
		return Stage{}, &shape.Diagnostic{Msg: "a stage takes more than 0s"}
	}
	return stage, nil
}

// checkRamps notes stages that do not end within the warm-up of an experiment: a rate that
// changes while something is measured would be taken for what the fault does.
func checkRamps(d *shape.Document, e *Experiment, s *System, warmup time.Duration) {
	place := d.At("experiment")
	if d.Given("phases.warmup") {
		place = d.At("phases.warmup")
	}
	for _, j := range s.Journeys {
		if _, replaced := e.Rates[j.Name]; !replaced && j.Ramp() > warmup {
			d.Fail(place, shape.Diagnostic{
				Msg:  fmt.Sprintf("the rate of journey %s changes for %s, and the warm-up is %s: what is measured needs one rate", j.Name, short(j.Ramp()), short(warmup)),
				Hint: fmt.Sprintf("write phases: {warmup: %s} or more, or shorter stages in %s:%d", short(j.Ramp()), s.File, j.rateLine)})
		}
	}
}
