package statement

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// documents are the digests of what a run was planned from.
type documents struct {
	system      Digest
	set         *Digest
	experiments []Digest
}

// documentsOf finds the texts of a run's documents: the first is that of the system, and
// each experiment names its file.
func documentsOf(r *result.Result) (*documents, error) {
	if len(r.Documents) == 0 {
		return nil, fmt.Errorf("%w: it holds no texts of documents", ErrUnbound)
	}
	d := &documents{system: DigestOf([]byte(r.Documents[0].Text))}
	byFile := map[string]Digest{}
	for _, doc := range r.Documents[1:] {
		digest := DigestOf([]byte(doc.Text))
		if doc.File == result.SetDocument {
			d.set = &digest
			continue
		}
		if was, twice := byFile[doc.File]; twice && was != digest {
			return nil, fmt.Errorf("%w: it holds two texts of %s", ErrUnbound, doc.File)
		}
		byFile[doc.File] = digest
	}
	for i := range r.Experiments {
		e := &r.Experiments[i]
		digest, ok := byFile[e.File]
		if !ok {
			return nil, fmt.Errorf("%w: it does not hold the document of experiment %s, %s", ErrUnbound, e.ID, e.File)
		}
		d.experiments = append(d.experiments, digest)
	}
	return d, nil
}

// overrides are what the run was told in place of its documents; nil: nothing.
func (d *documents) overrides(r *result.Result) *Overrides {
	if d.set == nil && r.Run.Choices.Phases == "" {
		return nil
	}
	return &Overrides{d.set, r.Run.Choices.Phases}
}

func experimentOf(e *result.Experiment, digest Digest) Experiment {
	x := Experiment{
		ID: e.ID, Digest: digest, Verdict: e.Verdict, Reasons: []result.ReasonCode{}, Control: controlOf(e),
		Journeys: []Journey{}, Faults: []Fault{}, Invariants: []Invariant{},
	}
	for _, code := range e.ReasonCodes {
		if !slices.Contains(x.Reasons, code) {
			x.Reasons = append(x.Reasons, code)
		}
	}
	for i := range e.Journeys {
		x.Journeys = append(x.Journeys, journeyOf(e, &e.Journeys[i]))
	}
	for i := range e.Faults {
		f := &e.Faults[i]
		x.Faults = append(x.Faults, Fault{
			Name: f.Name, Kind: f.Inject, Target: f.Into, Met: f.Exercised.Met, Of: f.Exercised.Of,
			Counted: f.Exercised.Grade == result.GradeCounted, RemovalVerified: f.RemovalVerified,
		})
	}
	for i := range e.Invariants {
		x.Invariants = append(x.Invariants, invariantOf(e, &e.Invariants[i]))
	}
	if e.Recovery != nil {
		x.Recovery = &Recovery{Limit: e.Limits.Recovery, Took: e.KnownRecovery().Took()}
	}
	return x
}

// controlOf says what the journeys of an experiment were compared with; empty where nothing
// was.
func controlOf(e *result.Experiment) string {
	b := e.BlastRadius
	switch {
	case b == nil:
		return ""
	case b.TookTurns():
		return ControlTurns
	case b.Control == result.BaselineControl:
		return ControlBefore
	}
	return b.Control
}

func journeyOf(e *result.Experiment, j *result.Journey) Journey {
	x := Journey{Name: j.Name, Limit: j.Limit, N: N{j.Arms.Fault.Journeys, j.Against().Journeys}, Verdict: j.Verdict}
	if b := j.BlastRadius; b != nil && e.Trusted() {
		x.Harm = &Harm{b.Estimate, b.Low, b.High, b.Confidence}
	}
	return x
}

func invariantOf(e *result.Experiment, i *result.Invariant) Invariant {
	x := Invariant{Name: i.Name}
	if c := e.Criterion(result.InvariantCriterion, i.Name); c != nil {
		x.Holds = c.Verdict == result.Held
	}
	known := func(of, all *float64) float64 {
		switch {
		case of != nil:
			return *of
		case all != nil && (i.Before == nil || *i.Before == 0):
			return *all // all are new
		case all != nil:
			return max(0, *all-*i.Before)
		}
		return 0
	}
	x.NewViolations = max(known(i.NewDuring, i.During), known(i.NewAfter, i.After))
	return x
}
