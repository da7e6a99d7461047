package gating

import (
	"context"
	"errors"
	"math"
	"time"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/change"
	"github.com/blastgauge/blastgauge/experiments/result"
)

const (
	mostTogether = 5       // neighbors in one run: after it, time is looked at
	mostBytes    = 1 << 20 // of a document that a fault serves
)

// lookAround measures what is near a candidate that holds, the nearest first, by the
// experiment that came nearest to its limit.
func (g *Gate) lookAround(ctx context.Context, r *result.Result) {
	switch {
	case !g.o.Neighborhood:
		g.skip("", "", gate.Unasked, "what is near the candidate was not to be measured")
		return
	case g.difference == nil:
		g.skip("", "", gate.Unserved, "what is near the candidate was not measured, because it is not known what is served now")
		return
	}
	list, skipped := g.difference.Neighbors(change.Options{Seed: g.plan.Seed, At: time.Now()})
	for _, s := range skipped {
		g.skip(s.Operator, s.Pointer, s.Code, "%s", s.Why)
	}
	list = g.servable(list)
	choice := g.closest(r)
	each := g.plan.Experiments[choice].Duration()
	taken := map[string]bool{}
	for len(list) > 0 {
		n := min(len(list), mostTogether, g.fitting(each))
		if n == 0 {
			g.skipAll(list, gate.NoTime, "the budget was spent")
			return
		}
		if err := g.measureNear(ctx, g.choices[choice], list[:n], taken); errors.Is(err, errEnded) {
			g.skipAll(list[n:], gate.CutShort, "the gate was interrupted")
			return
		}
		list = list[n:]
	}
}

func (g *Gate) skipAll(list []change.Neighbor, code, why string) {
	for _, n := range list {
		g.skip(n.Operator, n.Pointer, code, "%s", why)
	}
}

// servable leaves out what no fault can serve.
func (g *Gate) servable(list []change.Neighbor) (left []change.Neighbor) {
	for _, n := range list {
		switch {
		case len(n.Body) > mostBytes:
			g.skip(n.Operator, n.Pointer, gate.Unfit, "the document would have more than %d MiB", mostBytes>>20)
		case !utf8.Valid(n.Body):
			g.skip(n.Operator, n.Pointer, gate.Unfit, "the document would not be UTF-8 text")
		default:
			left = append(left, n)
		}
	}
	return left
}

// closest is the experiment whose harm came nearest to its limit.
func (g *Gate) closest(r *result.Result) int {
	closest, margin := 0, math.Inf(1)
	for i, c := range g.choices {
		e := find(r, c.Experiment.ID)
		if e == nil {
			continue
		}
		if harm, _, limit := gate.HarmOf(e); harm != nil && limit-harm.High < margin {
			closest, margin = i, limit-harm.High
		}
	}
	return closest
}

// measureNear measures some neighbors in one run.
func (g *Gate) measureNear(ctx context.Context, c gate.Choice, list []change.Neighbor, taken map[string]bool) error {
	var docs []*experiments.Experiment
	for _, n := range list {
		id := gate.VariantID(c.Experiment.ID, n.Operator+" "+n.Pointer, taken)
		docs = append(docs, c.Variant(id, g.o.File, n.What, string(n.Body)))
	}
	r, err := g.perform(ctx, docs, "what is near "+g.o.File)
	for i, n := range list {
		e := find(r, docs[i].ID)
		switch {
		case e != nil && e.Verdict != result.NotRun:
			g.neighbors = append(g.neighbors, neighborOf(n, e))
		case errors.Is(err, errEnded):
			g.skip(n.Operator, n.Pointer, gate.CutShort, "the gate was interrupted")
		case err != nil:
			g.skip(n.Operator, n.Pointer, gate.NotRun, "%v", err)
		case e != nil && len(e.Reasons) > 0:
			g.skip(n.Operator, n.Pointer, gate.NotRun, "%s", e.Reasons[0])
		default:
			g.skip(n.Operator, n.Pointer, gate.NotRun, "its run ended before")
		}
	}
	return err
}

func neighborOf(n change.Neighbor, e *result.Experiment) gate.Neighbor {
	out := gate.Neighbor{
		Operator: n.Operator, Parameters: n.Parameters, Pointer: n.Pointer, From: n.From, Value: n.Value, What: n.What,
		Experiment: e.ID, Verdict: e.Verdict,
	}
	out.Harm, out.Journey, out.Limit = gate.HarmOf(e)
	if len(e.Reasons) > 0 {
		out.Reason = e.Reasons[0]
	}
	return out
}
