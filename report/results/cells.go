package results

import (
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// excess writes a blast radius with room between a sign and its number: "≤ 0.6%".
func excess(b *result.BlastRadius) string {
	return spaced(words.Excess(b))
}

// lowToHigh writes bounds in points: "−0.4 to 2.1".
func lowToHigh(low, high float64) string {
	return figures.Minus(figures.Points(low) + " to " + figures.Points(high))
}

// met writes the verdict of a criterion.
func met(v result.Verdict) string {
	switch v {
	case result.Held:
		return "Met"
	case result.Refuted:
		return "Not met"
	case result.Inconclusive:
		return "Not decided"
	}
	return "Not measured"
}

// gradeMark is the sign that stands before gradeText.
func gradeMark(x result.Exercised) page.Note {
	switch {
	case x.Grade == result.GradeCounted:
		return page.Note{Tone: "ok", Text: "✓"}
	case x.Grade == result.GradeNo && x.Unmet != result.UnmetUnknown:
		return page.Note{Tone: "bad", Text: "×"}
	}
	return page.Note{Tone: "unsure", Text: "?"}
}

// gradeText says how the run knows that traffic met the fault.
func gradeText(x result.Exercised) string {
	switch x.Grade {
	case result.GradeCounted:
		return "counted by the proxy"
	case result.GradeObserved:
		return "observed: the fault arm changed"
	case result.GradeSparse:
		return "sparse: far fewer met it than was to be expected"
	case result.GradeProbed:
		return "probed: no journey is known to have met it"
	}
	if x.Unmet == result.UnmetUnknown {
		return "not known"
	}
	return "not shown"
}

// metOf counts what met a fault, of how many where that is known; empty where nothing did.
func metOf(met, of int64) string {
	switch {
	case of != 0:
		return figures.Count(int(met)) + " of " + figures.Count(int(of))
	case met != 0:
		return figures.Count(int(met))
	}
	return ""
}

// instanceText says where a fault stood on one Toxiproxy of several.
func instanceText(state string) string {
	switch state {
	case "in_force":
		return "in force until its removal"
	case "joined":
		return "came too late to get it"
	case "left":
		return "left before the removal"
	}
	return "not in force"
}

// violationsCell writes how often an invariant was violated; nil: nobody knows.
func violationsCell(n *float64) string {
	if n == nil {
		return "–"
	}
	return figures.Short(*n, 3)
}
