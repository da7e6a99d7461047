package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Last is what the last run of an experiment measured of a journey.
type Last struct {
	Known    bool
	Base     float64       // share that was harmed without the fault, of what counts
	Harm     float64       // share that the fault harmed beyond that
	Effect   float64       // how many journeys told as much as an independent one; 1 or more, 0: not known
	InFlight time.Duration // 95th percentile of its durations before the fault
	Episodes int           // in which harm came under the fault; 0: evenly, or not known
}

// mostEffect is the largest effect that is looked for.
const mostEffect = 200

// EffectOf is how many journeys of j told as much as an independent one in the last run,
// whose interval had this half width: so many that independent ones, with the rest of what
// is known of that run, would have had the same.
func (e Experiment) EffectOf(j Journey, halfWidth float64) float64 {
	wide := func(effect float64) bool {
		j.Last.Effect = effect
		return e.outlook(j, j.Last.Harm).HalfWidth(e.base(j), j.Last.Harm, j.Limit) >= halfWidth
	}
	low, high := 1.0, float64(mostEffect)
	if wide(low) {
		return 1
	}
	for high/low > 1.05 {
		if middle := math.Sqrt(low * high); wide(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// effect is how many journeys will tell as much as an independent one, if base of them are
// harmed without the fault and excess by it. Bad moments of the system add as much to the
// variance whatever the fault harms, so they weigh less beside more harm.
func (l Last) effect(base, excess float64) float64 {
	if l.Effect <= 1 {
		return 1
	}
	was, is := variances(base, l.Harm), variances(base, excess)
	if is <= 0 {
		return l.Effect
	}
	return 1 + (l.Effect-1)*min(1, was/is)
}

// variances are those of a journey without the fault and of one under it, if journeys are
// independent.
func variances(base, excess float64) float64 {
	under := 1 - (1-base)*(1-excess)
	return base*(1-base) + under*(1-under)
}

// longestForEpisodes is the longest fault phase that is advised for episodes of harm.
const longestForEpisodes = 2 * time.Hour

// fewEpisodes says how long the fault phase should be, where the last run met too few
// episodes of harm of j to know what the fault does; empty where it met enough.
func (e Experiment) fewEpisodes(j Journey) string {
	n := j.Last.Episodes
	if n == 0 || n >= stats.LeastEpisodes {
		return ""
	}
	noun := "episodes"
	if n == 1 {
		noun = "episode"
	}
	text := fmt.Sprintf("harm of %s came in %d %s in the last run, which says what that stretch of time met and not what the fault does", j.Name, n, noun)
	needed := e.faultPeriod() * stats.LeastEpisodes / time.Duration(n)
	unit := 5 * time.Second
	if needed = (needed + unit - 1) / unit * unit; needed > longestForEpisodes {
		return text
	}
	return text + fmt.Sprintf(": lengthen the fault phase to %s or more, which would meet about %d", figures.Span(needed), stats.LeastEpisodes)
}

// goesBy says what is known of the journeys from the last run; nil where nothing is.
func (e Experiment) goesBy() []string {
	var list []string
	for _, j := range e.Journeys {
		l := j.Last
		if !l.Known {
			continue
		}
		text := fmt.Sprintf("%s: as in run %s: %s harmed without the fault", j.Name, e.LastRun, figures.ShortPercent(l.Base, 2))
		if l.Effect >= 1.5 {
			text += fmt.Sprintf(", in bursts: %s journeys tell as much as an independent one", figures.Short(l.Effect, 1))
		}
		if l.InFlight > 0 {
			text += fmt.Sprintf("; 95 %% take at most %s", figures.Span(l.InFlight.Round(time.Millisecond)))
		}
		list = append(list, text)
	}
	return list
}

// Advice is what the last runs of the experiments say of this one, for people; nil where
// nothing is to be said.
func (p *Plan) Advice() []string {
	var list []string
	for _, e := range p.Experiments {
		for _, j := range e.Journeys {
			if text := e.fewEpisodes(j); text != "" {
				list = append(list, e.ID+": "+text)
			}
		}
	}
	return list
}
