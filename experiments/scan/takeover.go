package scan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Known is what an earlier scan found and still holds: parts of its map.
type Known struct {
	Dependencies []Dependency `json:"dependencies,omitempty"` // with the cells that hold
	Pairs        []Cell       `json:"pairs,omitempty"`
}

// A Basis is what a map is true of.
type Basis struct {
	// Documents are the texts of the run's documents, and what the command line sets in
	// place of the system's.
	Documents []plan.Document
	Commit    string // the build that was declared; empty: none was
}

// BasisOf is the basis of a run with a plan.
func BasisOf(p *plan.Plan) Basis { return Basis{p.Documents, p.Commit} }

// sameDocuments reports whether two runs had the same documents. The names of files are no
// part of it.
func (b Basis) sameDocuments(o Basis) bool {
	return slices.EqualFunc(b.Documents, o.Documents, func(x, y plan.Document) bool {
		return x.Text == y.Text && (x.File == plan.SetDocument) == (y.File == plan.SetDocument)
	})
}

// Stale says why an earlier map says nothing of what a plan tests; it is empty where cells of it may
// hold. That the build is the same takes two declared ones: of two that nobody named it is
// not known, and a new one may fail where the old one did not.
func Stale(old *Map, was Basis, p *plan.Plan) string {
	s, now := New(p), BasisOf(p)
	declare := "set " + plan.CommitVariable + " to the build that is tested, such as its commit, for every scan"
	switch {
	case old == nil:
		return "it has no map"
	case now.Commit == "":
		return "no build is declared: " + declare
	case was.Commit == "":
		return "no build was declared then: " + declare
	case was.Commit != now.Commit:
		return fmt.Sprintf("the build is another: %q then, %q now", was.Commit, now.Commit)
	case !was.sameDocuments(now):
		return "the documents have changed"
	case old.Addresses != s.addresses():
		return "the environment or the addresses are others"
	case !s.sameJourneys(old):
		return "the journeys, their rates, their limits or the control are others"
	}
	return ""
}

// TakeOver is what of an earlier map holds for a plan: cells that were decided with an
// interval that does not touch the limit, if the map is not [Stale], and their faults are
// the same. It is nil where nothing does. Put it into the plan with [Known.Into], so that
// its journal holds it.
func TakeOver(old *Map, was Basis, p *plan.Plan) *Known {
	if Stale(old, was, p) != "" {
		return nil
	}
	s := New(p)
	k := &Known{}
	for _, d := range old.Dependencies {
		if kept, ok := s.stillKnown(d, old); ok {
			k.Dependencies = append(k.Dependencies, kept)
		}
	}
	for _, c := range old.Pairs {
		if len(c.Faults) == 2 && s.holds(c, old) {
			k.Pairs = append(k.Pairs, taken(c))
		}
	}
	if len(k.Dependencies)+len(k.Pairs) == 0 {
		return nil
	}
	return k
}

// Into puts what is known into a plan.
func (k *Known) Into(p *plan.Plan) error {
	if k == nil || p.Scan == nil {
		return nil
	}
	text, err := json.Marshal(k)
	p.Scan.Known = text
	return err
}

// Cells is how many cells are known, breaking points and pairs among them.
func (k *Known) Cells() int {
	if k == nil {
		return 0
	}
	n := len(k.Pairs)
	for _, d := range k.Dependencies {
		n += len(d.Cells)
		if d.BreakingPoint != nil {
			n++
		}
	}
	return n
}

// knownOf is what a plan holds of an earlier scan. What cannot be read is not known: the
// journal of a later version may have more.
func knownOf(p *plan.Plan) *Known {
	if p.Scan == nil || len(p.Scan.Known) == 0 {
		return nil
	}
	var k Known
	if json.Unmarshal(p.Scan.Known, &k) != nil {
		return nil
	}
	return &k
}

// addresses is a digest of where the system is. Credentials are no part of it.
func (s *Scan) addresses() string {
	sys := s.plan.System
	list := []string{sys.Environment, withoutUser(sys.URL), withoutUser(sys.ControlURL), sys.Host}
	for _, d := range sys.Dependencies {
		list = append(list, d.Name, d.Upstream)
	}
	sum := sha256.Sum256([]byte(strings.Join(list, "\n")))
	return "sha256_" + hex.EncodeToString(sum[:16])
}

func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// sameJourneys reports whether an earlier scan sent the same journeys with the same limits:
// flags set these without a trace in the documents.
func (s *Scan) sameJourneys(old *Map) bool {
	return old.Control == s.experiment().Control && slices.EqualFunc(old.Journeys, s.drawJourneyKinds(), func(a, b Journey) bool {
		return a.Name == b.Name && a.Limit == b.Limit && a.SlowAfter == b.SlowAfter && a.Rate == b.Rate
	})
}

// stillKnown is what holds of a row; false where nothing does.
func (s *Scan) stillKnown(d Dependency, old *Map) (Dependency, bool) {
	kept := Dependency{Name: d.Name, Cells: []Cell{}}
	for _, c := range d.Cells {
		if len(c.Faults) == 1 && s.holds(c, old) {
			kept.Cells = append(kept.Cells, taken(c))
		}
	}
	for _, f := range d.Fallbacks {
		f.Number = 0
		kept.Fallbacks = append(kept.Fallbacks, f)
	}
	if b := d.BreakingPoint; b != nil && b.holds(old) {
		b := *b
		b.TakenOver, b.Levels = true, slices.Clone(b.Levels)
		for i := range b.Levels {
			b.Levels[i].Number = 0
		}
		kept.BreakingPoint = &b
	}
	return kept, len(kept.Cells) > 0 || kept.BreakingPoint != nil
}

func taken(c Cell) Cell {
	c.Number, c.TakenOver = 0, true
	return c
}

// holds reports whether a cell was decided, clearly, with faults as the plan has them.
func (s *Scan) holds(c Cell, old *Map) bool {
	for _, f := range c.Faults {
		fault, ok := s.faults[place{f.Dependency, f.Mode}]
		if !ok || drawFault(fault).Description != f.Description {
			return false
		}
	}
	return !c.NotBack && len(c.Unjudged)+len(c.Unsettled) == 0 && isClear(c.Verdict, c.Journeys, old)
}

// isClear reports whether a verdict was reached without an interval that touches a limit.
func isClear(v Verdict, journeys []CellJourney, old *Map) bool {
	if v != Harmful && v != Harmless || len(journeys) == 0 {
		return false
	}
	for _, j := range journeys {
		i := slices.IndexFunc(old.Journeys, func(k Journey) bool { return k.Name == j.Journey })
		if i < 0 {
			return false
		}
		limit := old.Journeys[i].Limit
		if j.Verdict == Harmful && j.Low <= limit || j.Verdict == Harmless && j.High >= limit {
			return false
		}
	}
	return true
}

// holds reports whether a breaking point is known for good.
func (b *BreakingPoint) holds(old *Map) bool {
	for _, l := range b.Levels {
		if !isClear(l.Verdict, l.Journeys, old) {
			return false
		}
	}
	return b.closed()
}

// closed reports whether a breaking point is told as well as it can be.
func (b *BreakingPoint) closed() bool {
	return slices.Contains([]stats.EdgeKind{stats.Never, stats.Always, stats.Sharp}, stats.EdgeKind(b.Kind))
}

// row is what is known of a dependency; nil: nothing is.
func (k *Known) row(dependency string) *Dependency {
	if k == nil {
		return nil
	}
	for i, d := range k.Dependencies {
		if d.Name == dependency {
			return &k.Dependencies[i]
		}
	}
	return nil
}

// cell is a failure mode of a dependency as it was taken over; nil: it was not.
func (k *Known) cell(at place) *Cell {
	d := k.row(at.dependency)
	if d == nil {
		return nil
	}
	if c := d.cell(at.mode); c != nil && c.decided() {
		return c
	}
	return nil
}

func (c *Cell) decided() bool { return c.Verdict == Harmful || c.Verdict == Harmless }

// fallbacks are those that a failure mode showed.
func (k *Known) fallbacks(at place) []Fallback {
	var list []Fallback
	if d := k.row(at.dependency); d != nil {
		for _, f := range d.Fallbacks {
			if f.Mode == at.mode {
				list = append(list, f)
			}
		}
	}
	return list
}

func (k *Known) breakingPoint(dependency string) *BreakingPoint {
	if d := k.row(dependency); d != nil && d.BreakingPoint != nil && d.BreakingPoint.closed() {
		return d.BreakingPoint
	}
	return nil
}

// pair is a pair as it was taken over; nil: it was not.
func (k *Known) pair(pair []plan.Fault) *Cell {
	if k == nil {
		return nil
	}
	for i, c := range k.Pairs {
		if c.decided() && len(c.Faults) == 2 && samePair(pair[0].Into, pair[1].Into, c.Faults[0].Dependency, c.Faults[1].Dependency) {
			return &k.Pairs[i]
		}
	}
	return nil
}
