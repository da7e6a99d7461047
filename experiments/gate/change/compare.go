package change

import (
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// A branch is a place at which two versions differ. One without branches below it differs
// itself: its value, or that it is there at all.
type branch struct {
	up       *branch
	token    string // of the JSON Pointer, decoded; of the list's entry, its index
	document int

	served, candidate *value // nil where there is none
	below             []*branch
}

// pointer returns the JSON Pointer of a branch.
func (b *branch) pointer() string {
	var tokens []string
	for ; b.up != nil; b = b.up {
		tokens = append(tokens, edit.EscapeToken(b.token), "/")
	}
	slices.Reverse(tokens)
	return strings.Join(tokens, "")
}

// leaves lists the branches that differ themselves, in the order of the candidate.
func (b *branch) leaves() []*branch {
	if len(b.below) == 0 {
		return []*branch{b}
	}
	var list []*branch
	for _, c := range b.below {
		list = append(list, c.leaves()...)
	}
	return list
}

// compare returns where two texts of as many documents differ: a branch for each document
// that does.
func compare(served, candidate *document) []*branch {
	c := comparer{served: served, candidate: candidate, looker: looker{left: mostLooks}}
	var roots []*branch
	for i, s := range served.roots {
		root := &branch{document: i, served: s, candidate: candidate.roots[i]}
		if c.differ(root) {
			roots = append(roots, root)
		}
	}
	return roots
}

type comparer struct {
	served, candidate *document
	looker            looker
}

// differ finds what differs below a branch. It reports false when nothing does.
func (c *comparer) differ(b *branch) bool {
	s, n := b.served, b.candidate
	switch {
	case s == nil || n == nil:
		return true
	case s.isAlias() && n.isAlias() && c.samePlace(s.alias, n.alias):
		return false // it is compared where it stands
	case s.isAlias() || n.isAlias() || s.opaque || n.opaque:
		return !c.looker.means(s, n, 0)
	case s.kind != n.kind || s.tag != n.tag:
		return true
	case s.kind == edit.List:
		return c.differInside(b, c.entriesOfList(b))
	case s.kind == edit.Object && !c.sameMerge(s.merge, n.merge):
		return !c.looker.means(s, n, 0)
	case s.kind == edit.Object:
		below, ok := c.entriesOfObject(b)
		return !ok || c.differInside(b, below)
	}
	return !sameScalar(s, n)
}

// differInside keeps the entries that differ. A list of another length differs as a whole.
func (c *comparer) differInside(b *branch, below []*branch) bool {
	if b.served.kind == edit.List && len(b.served.inner) != len(b.candidate.inner) {
		return true
	}
	for _, e := range below {
		if c.differ(e) {
			b.below = append(b.below, e)
		}
	}
	return len(b.below) > 0
}

func (c *comparer) entriesOfList(b *branch) []*branch {
	var below []*branch
	for i := range min(len(b.served.inner), len(b.candidate.inner)) {
		below = append(below, b.entry(strconv.Itoa(i), b.served.inner[i], b.candidate.inner[i]))
	}
	return below
}

// entriesOfObject pairs the members of two objects. It reports false where a name is a text
// on one side and something else on the other.
func (c *comparer) entriesOfObject(b *branch) ([]*branch, bool) {
	var below []*branch
	at := make(map[string]int, len(b.served.names))
	for i, name := range b.served.names {
		at[name] = i
	}
	kept := map[string]bool{}
	for i, name := range b.candidate.names {
		j, ok := at[name]
		if !ok {
			below = append(below, b.entry(name, nil, b.candidate.inner[i]))
			continue
		}
		if b.served.tags[j] != b.candidate.tags[i] {
			return nil, false
		}
		kept[name] = true
		below = append(below, b.entry(name, b.served.inner[j], b.candidate.inner[i]))
	}
	for i, name := range b.served.names {
		if !kept[name] {
			below = append(below, b.entry(name, b.served.inner[i], nil))
		}
	}
	return below, true
}

func (b *branch) entry(token string, served, candidate *value) *branch {
	return &branch{up: b, token: token, document: b.document, served: served, candidate: candidate}
}

// sameMerge reports whether << adds the same to two objects, wherever that stands.
func (c *comparer) sameMerge(s, n *value) bool {
	switch {
	case s == nil || n == nil:
		return s == n
	case s.isAlias() && n.isAlias() && c.samePlace(s.alias, n.alias):
		return true
	case !s.isAlias() && !n.isAlias() && s.kind == edit.List && n.kind == edit.List:
		return slices.EqualFunc(s.inner, n.inner, c.sameMerge)
	}
	return !s.isAlias() && !n.isAlias() && c.looker.means(s, n, 0)
}

// samePlace reports whether two values stand at the same place of both texts.
func (c *comparer) samePlace(s, n *value) bool {
	return c.served.indexOf(s) == c.candidate.indexOf(n) && s.at.Pointer() == n.at.Pointer()
}

// indexOf returns the document of a text that a value stands in.
func (d *document) indexOf(v *value) int {
	root := v.at
	for root.Parent != nil {
		root = root.Parent
	}
	return slices.Index(d.tree.Roots, root)
}

// gather makes no more branches than a number differ themselves: where more do, it takes
// the nearest common parents in their place, the deepest and fullest first.
func gather(roots []*branch, most int) {
	var levels [][]*branch
	total := 0
	for level := roots; len(level) > 0; level = belowAll(level) {
		levels = append(levels, slices.Clone(level))
		for _, b := range level {
			if len(b.below) == 0 {
				total++
			}
		}
	}
	leaves := map[*branch]int{}
	for _, level := range slices.Backward(levels) {
		for _, b := range level {
			for _, c := range b.below {
				leaves[b] += leaves[c]
			}
			leaves[b] = max(leaves[b], 1)
		}
		slices.SortStableFunc(level, func(a, b *branch) int { return leaves[b] - leaves[a] })
		for _, b := range level {
			if total <= most || leaves[b] < 2 {
				break
			}
			total -= leaves[b] - 1
			b.below, leaves[b] = nil, 1
		}
	}
}

// belowAll returns the branches one level below.
func belowAll(level []*branch) []*branch {
	var list []*branch
	for _, b := range level {
		list = append(list, b.below...)
	}
	return list
}
