package experiments

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Pause is how long a user waits: between Least and Most. The zero value is none.
type Pause struct {
	Least time.Duration `json:"least"`
	Most  time.Duration `json:"most"`
}

// At returns a length of the pause, for a number that is drawn evenly from 0 to below 1.
func (p Pause) At(drawn float64) time.Duration {
	return p.Least + time.Duration(drawn*float64(p.Most-p.Least))
}

func (p Pause) String() string {
	if p.Least == p.Most {
		return short(p.Most)
	}
	return short(p.Least) + ".." + short(p.Most)
}

// Pauses returns how long the pauses of the journey are together: at least those of the
// steps that all journeys take, and at most all of them.
func (j Journey) Pauses() (sum Pause) {
	for _, s := range j.Steps {
		if s.Weight == 0 {
			sum.Least += s.Pause.Least
		}
		sum.Most += s.Pause.Most
	}
	return sum
}

// HarmedAfter returns how long after its intended start a journey that has not ended is
// harmed, whatever becomes of it: its budget, and its longest pauses, which no budget
// counts.
func (j Journey) HarmedAfter() time.Duration { return j.SlowAfter + j.Pauses().Most }

// SayHarmedAfter says what HarmedAfter is made of: "slow_after of journey checkout (3s)".
func (j Journey) SayHarmedAfter() string {
	if j.Pauses().Most == 0 {
		return "slow_after of journey " + j.Name + " (" + short(j.SlowAfter) + ")"
	}
	return "slow_after and the pauses of journey " + j.Name + " (" + short(j.SlowAfter) + " and " + short(j.Pauses().Most) + ")"
}

// EndsWithin returns how long a journey is in flight at the most.
func (j Journey) EndsWithin() time.Duration {
	return cmp.Or(j.Timeout, DefaultTimeout) + j.Pauses().Most
}

// maxPause is longer than anybody waits who has not left.
const maxPause = 10 * time.Minute

const pausePattern = `^([0-9]+(\.[0-9]+)?(us|ms|s|m|h))+(\.\.([0-9]+(\.[0-9]+)?(us|ms|s|m|h))+)?$`

func pauseShape(to *Pause) shape.Shape {
	return shape.Scalar[Pause]{To: to, Want: "a pause such as 2s or 1s..3s", Loose: true, Parse: parsePause, JSON: shape.Pattern(pausePattern, "2s", "1s..3s")}
}

func parsePause(s string) (Pause, *shape.Diagnostic) {
	from, to, isRange := strings.Cut(s, "..")
	if !isRange {
		if low, high, dash := strings.Cut(s, "-"); dash && low != "" {
			wrong := &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a pause such as 2s or 1s..3s"}
			if durationForm.MatchString(strings.TrimSpace(low)) && durationForm.MatchString(strings.TrimSpace(high)) {
				wrong.Hint = "write " + strings.TrimSpace(low) + ".." + strings.TrimSpace(high)
			}
			return Pause{}, wrong
		}
		to = from
	}
	var p Pause
	var wrong *shape.Diagnostic
	if p.Least, wrong = parseDuration(strings.TrimSpace(from)); wrong != nil {
		return Pause{}, wrong
	}
	if p.Most, wrong = parseDuration(strings.TrimSpace(to)); wrong != nil {
		return Pause{}, wrong
	}
	switch {
	case from != strings.TrimSpace(from) || to != strings.TrimSpace(to):
		return Pause{}, &shape.Diagnostic{Msg: strconv.Quote(s) + " has spaces", Hint: "write " + strings.TrimSpace(from) + ".." + strings.TrimSpace(to)}
	case p.Least > p.Most:
		return Pause{}, &shape.Diagnostic{Msg: "a pause of " + s + ": the first must not be more than the second", Hint: "write " + to + ".." + from}
	case p.Most == 0:
		return Pause{}, &shape.Diagnostic{Msg: "this must be more than 0s"}
	case p.Most > maxPause:
		return Pause{}, &shape.Diagnostic{Msg: s + " is too long: at most " + short(maxPause)}
	}
	return p, nil
}
