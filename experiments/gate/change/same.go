package change

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// mostLooks is how many values are looked at to compare two. A few aliases can stand for
// more than anybody can read.
const mostLooks = 2_000_000

// A looker compares values, up to a bound. What lies beyond it counts as different.
type looker struct {
	left int
	same map[[2]*value]bool // what aliases stand for, and is the same
}

// means reports whether two values mean the same.
func means(a, b *value) bool {
	l := looker{left: mostLooks}
	return l.means(a, b, 0)
}

// mean reports whether two texts mean the same.
func (d *document) mean(other *document) bool {
	return slices.EqualFunc(d.roots, other.roots, means)
}

func (l *looker) means(a, b *value, depth int) bool {
	aliased := a.isAlias() && b.isAlias()
	a, b = a.real(), b.real()
	if aliased && l.same[[2]*value{a, b}] {
		return true
	}
	l.left--
	if l.left < 0 || depth > mostDepth || a.kind != b.kind || a.opaque != b.opaque || !l.meansInside(a, b, depth) {
		return false
	}
	if aliased {
		if l.same == nil {
			l.same = map[[2]*value]bool{}
		}
		l.same[[2]*value{a, b}] = true
	}
	return true
}

func (l *looker) meansInside(a, b *value, depth int) bool {
	switch a.kind {
	case edit.List:
		return a.tag == b.tag && l.all(a.inner, b.inner, depth)
	case edit.Object:
		return a.tag == b.tag && l.sameObject(a, b, depth)
	}
	return sameScalar(a, b)
}

// mostDepth is how deep values are compared, aliases followed.
const mostDepth = 1000

func (l *looker) all(a, b []*value, depth int) bool {
	return slices.EqualFunc(a, b, func(a, b *value) bool { return l.means(a, b, depth+1) })
}

func (l *looker) sameObject(a, b *value, depth int) bool {
	if a.opaque { // the order matters, and so does what stands twice
		sameMerge := a.merge == nil && b.merge == nil || a.merge != nil && b.merge != nil && l.means(a.merge, b.merge, depth+1)
		return sameMerge && slices.Equal(a.names, b.names) && slices.Equal(a.tags, b.tags) && l.all(a.inner, b.inner, depth)
	}
	all, others := a.all(), b.all()
	if len(all.names) != len(others.names) {
		return false
	}
	at := make(map[string]int, len(others.names))
	for i, n := range others.names {
		at[n] = i
	}
	for i, n := range all.names {
		j, ok := at[n]
		if !ok || all.tags[i] != others.tags[j] || !l.means(all.inner[i], others.inner[j], depth+1) {
			return false
		}
	}
	return true
}

// sameScalar reports whether two values are the same to every reader. 3.0 is not the same
// as 3: to a reader with types it is of another one. 1.50 is the same as 1.5.
func sameScalar(a, b *value) bool {
	switch {
	case a.kind != b.kind || a.tag != b.tag || a.bare != b.bare:
		return false
	case a.kind != edit.Number || a.text == b.text:
		return a.text == b.text
	case isWhole(a.text) != isWhole(b.text) || !json.Valid([]byte(a.text)) || !json.Valid([]byte(b.text)):
		return false // 0o17, 0x1f and 1_000 are not the same in all versions of YAML
	}
	x, okX := rational(a.text)
	y, okY := rational(b.text)
	return okX && okY && x.Cmp(y) == 0
}

// isWhole reports whether a number is written as a whole one.
func isWhole(number string) bool { return !strings.ContainsAny(number, ".eE") }

// rational reads a number as JSON writes it. It refuses those that have many digits: a
// text of a few bytes could stand for them.
func rational(s string) (*big.Rat, bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if e, err := strconv.Atoi(s[i+1:]); err != nil || e > mostDigits || e < -mostDigits {
			return nil, false
		}
	}
	if len(s) > mostDigits {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

const mostDigits = 400
