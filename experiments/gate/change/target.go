package change

import (
	"fmt"
	"hash/fnv"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/sampling"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// A target is a value of the candidate that is new.
type target struct {
	value   *value
	was     *value // in what is served; nil when there is none
	pointer string
	name    string // of its key; empty when it has none
	under   string // the nearest name above it, of an entry of a list
	added   bool   // what is served has nothing at this pointer, but has what is above it
	order   int    // in the candidate
}

// mostTargets is how many values are looked at. The seed chooses them.
const mostTargets = 200

// targets lists the values of the candidate that are new, in its order.
func (d *Difference) targets(seed uint64) (list []*target, skipped []Skipped) {
	documents := map[string]int{} // that a pointer is new in
	for _, b := range d.finest {
		if b.candidate == nil {
			continue
		}
		name := ""
		if b.up != nil && b.candidate.at.IsMember {
			name = b.token
		}
		from := len(list)
		list = collect(list, &target{value: b.candidate, was: b.served, pointer: b.pointer(), name: name, under: nameAbove(b.candidate.at), added: b.served == nil && b.up != nil})
		for _, t := range list[from:] {
			documents[t.pointer]++
		}
	}
	list, skipped = d.unambiguous(once(list), documents)
	for i, t := range list {
		t.order = i
	}
	if len(list) > mostTargets {
		slices.SortFunc(list, func(a, b *target) int { return compareDraws(seed, a, b) })
		list = list[:mostTargets]
		slices.SortFunc(list, func(a, b *target) int { return a.order - b.order })
	}
	return list, skipped
}

// unambiguous drops values that are not all that stands at their pointer: operators would
// change the others as well.
func (d *Difference) unambiguous(list []*target, documents map[string]int) ([]*target, []Skipped) {
	if len(d.next.roots) == 1 {
		return list, nil
	}
	var first string
	n := 0
	list = slices.DeleteFunc(list, func(t *target) bool {
		if d.next.has(t.pointer) == documents[t.pointer] {
			return false
		}
		if n++; n == 1 {
			first = t.pointer
		}
		return true
	})
	if n == 0 {
		return list, nil
	}
	why := fmt.Sprintf("operators change all documents of a text, and %d of the values that are new stand in others unchanged", n)
	return list, []Skipped{{Pointer: first, Code: Unfit, Why: why}}
}

// collect adds a value, and those below it that are not in what is served.
func collect(list []*target, t *target) []*target {
	if t.value.isAlias() {
		return list // operators change what it stands for
	}
	list = append(list, t)
	if t.value.opaque {
		return list
	}
	known := t.entriesBefore()
	for i, inner := range t.value.inner {
		below := &target{value: inner, under: t.name}
		if t.value.kind == edit.Object {
			below.name = t.value.names[i]
			below.pointer = t.pointer + "/" + edit.EscapeToken(below.name)
		} else {
			below.pointer = t.pointer + "/" + strconv.Itoa(i)
			if below.under == "" {
				below.under = t.under
			}
			if text, err := encode(inner); err == nil && known[string(text)] {
				continue
			}
		}
		list = collect(list, below)
	}
	return list
}

// entriesBefore returns the entries of the list that was there, as JSON.
func (t *target) entriesBefore() map[string]bool {
	if t.was == nil || t.was.kind != edit.List {
		return nil
	}
	known := map[string]bool{}
	for _, v := range t.was.inner {
		if text, err := encode(v); err == nil {
			known[string(text)] = true
		}
	}
	return known
}

// nameAbove returns the name of the nearest value above one that has a name.
func nameAbove(n *edit.Node) string {
	for n = n.Parent; n != nil; n = n.Parent {
		if n.IsMember {
			return n.Key
		}
	}
	return ""
}

// once keeps the first value of each pointer.
func once(list []*target) []*target {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(t *target) bool {
		known := seen[t.pointer]
		seen[t.pointer] = true
		return known
	})
}

// has returns in how many documents there is something at a pointer.
func (d *document) has(pointer string) int {
	n := 0
	for _, root := range d.roots {
		if found, _ := root.at.Follow(edit.Tokens(pointer)); found != nil {
			n++
		}
	}
	return n
}

// path returns the place of a target as a parameter of an operator.
func (t *target) path() string {
	if t.pointer == "" {
		return "$"
	}
	return t.pointer
}

// numberBefore returns the number in what is served, or nil.
func (t *target) numberBefore() *big.Rat {
	if t.was == nil || t.was.kind != edit.Number {
		return nil
	}
	r, _ := rational(t.was.at.PlainNumber())
	return r
}

// named reports whether the name of a target has one of some words.
func (t *target) named(words ...string) bool {
	name := t.name
	if name == "" {
		name = t.under
	}
	return slices.ContainsFunc(badconfig.NameWords(name), func(w string) bool { return slices.Contains(words, w) })
}

// isMeasure reports whether a number is one of time or size: what people write a thousand
// times too large or too small.
func (t *target) isMeasure() bool {
	return t.named("ms", "millis", "milliseconds", "us", "micros", "sec", "secs", "second", "seconds", "timeout", "interval", "delay", "ttl", "duration",
		"backoff", "period", "wait", "deadline", "bytes", "kb", "mb", "size")
}

// isSelector reports whether a text selects something by its name.
func (t *target) isSelector() bool {
	return t.named("selector", "match", "matches", "pattern", "prefix", "location", "route", "routes", "allow", "deny", "include", "exclude", "filter",
		"scope", "scopes", "role", "roles", "permission", "permissions", "topic", "tenant", "segment", "audience", "sku", "skus", "label", "labels", "cidr")
}

// isCredential reports whether a text is a secret by its name.
func (t *target) isCredential() bool {
	const leastKey = 16 // of characters: a shorter key is rather a name
	return t.named("token", "secret", "password", "passwd", "credential", "credentials", "apikey") || t.named("key") && len(t.value.text) >= leastKey
}

// compareDraws orders targets by chance.
func compareDraws(seed uint64, a, b *target) int {
	x, y := draw(seed, a.pointer), draw(seed, b.pointer)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return strings.Compare(a.pointer, b.pointer)
}

// draw is a number that looks random, of a seed and a name.
func draw(seed uint64, name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // it never fails
	return sampling.Mix(h.Sum64() ^ seed*0x9e3779b97f4a7c15)
}
