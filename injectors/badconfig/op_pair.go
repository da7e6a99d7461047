package badconfig

import (
	"slices"
	"strings"
)

// opUnpair changes values that belong together, such as two timeouts, so that each
// is legal alone. A robust reader checks them against one another when it loads
// them.
func opUnpair() operator {
	return operator{"unpair", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		places, values := p.values("set")
		swap := p.pair("swap")
		switch {
		case p.has("set") && p.has("swap"):
			p.refuse("give set or swap, not both")
		case p.has("set"):
			return onTree(m, setAll(places, values))
		}
		return onTree(m, swapped(swap))
	}}
}

// pair is two places, or none.
func (p *params) pair(name string) []place {
	if !p.has(name) {
		return nil
	}
	l, _ := p.given[name].([]any)
	var places []place
	for _, v := range l {
		if s, ok := v.(string); ok {
			places = append(places, p.placeAt(name, s))
		}
	}
	if len(places) != 2 || len(l) != 2 {
		p.refuse("%s must be a list of two paths, such as [/limits/min, /limits/max]", name)
		return nil
	}
	return places
}

func setAll(places []place, values []any) step {
	return func(t *tree, doc Document) ([]change, string, error) {
		var changes []change
		added := map[*node]int{} // index in changes, by collection
		for i, at := range places {
			found, err := t.find(at, doc.Seed, choice{suits: anything})
			if err != nil {
				up, name := t.missing(at)
				if up == nil {
					return nil, "", err
				}
				e := entry{key: name, value: values[i]}
				if j, ok := added[up]; ok {
					changes[j].list = append(changes[j].list, e)
					continue
				}
				added[up] = len(changes)
				changes = append(changes, change{do: add, at: up, after: lastOf(up), list: []entry{e}})
				continue
			}
			for _, n := range found {
				changes = append(changes, change{do: set, at: n, value: values[i]})
			}
		}
		return changes, "is set to what is legal alone", nil
	}
}

// missing is the object that a member is missing in, and its name.
func (t *tree) missing(at place) (*node, string) {
	if at.isPath || len(at.tokens) == 0 {
		return nil, ""
	}
	last := len(at.tokens) - 1
	for _, root := range t.roots {
		if up, _ := root.follow(at.tokens[:last]); up != nil && up.kind == object && !up.alias && at.tokens[last] != "" {
			return up, at.tokens[last]
		}
	}
	return nil, ""
}

func lastOf(n *node) *node {
	if len(n.inner) == 0 {
		return nil
	}
	return n.inner[len(n.inner)-1]
}

func swapped(places []place) step {
	return func(t *tree, doc Document) ([]change, string, error) {
		var pair []*node
		if places == nil {
			if pair = t.drawnPair(doc.Seed); pair == nil {
				return nil, "", unfit("it has no numbers that belong together, such as min and max: say which with set or swap")
			}
		}
		for _, at := range places {
			found, err := t.find(at, doc.Seed, choice{suits: anything})
			if err != nil {
				return nil, "", err
			}
			if len(found) > 1 {
				return nil, "", unfit("%s is more than one value", at.text)
			}
			pair = append(pair, found[0])
		}
		a, b := pair[0], pair[1]
		if a.within(b) || b.within(a) {
			return nil, "", unfit("%s and %s lie within one another", shown(a.pointer()), shown(b.pointer()))
		}
		return []change{{do: set, at: a, value: wrapped{b}}, {do: set, at: b, value: wrapped{a}, said: true}}, "has changed places with " + b.pointer(), nil
	}
}

// bounds are words that make a pair of the names that hold them.
func bounds() [][2]string {
	return [][2]string{{"min", "max"}, {"low", "high"}, {"lower", "upper"}, {"from", "to"}, {"start", "end"}, {"soft", "hard"}}
}

// drawnPair is a lower and an upper bound that stand side by side.
func (t *tree) drawnPair(seed uint64) []*node {
	var best []*node
	var least uint64
	for _, root := range t.roots {
		root.each(func(low *node) {
			high := partner(low)
			if high == nil {
				return
			}
			if rank := draw(seed, low.pointer()); best == nil || rank < least {
				best, least = []*node{low, high}, rank
			}
		})
	}
	return best
}

func partner(low *node) *node {
	if !low.member || low.alias || !(low.kind == number || low.kind == text) {
		return nil
	}
	words := nameWords(low.key)
	for _, b := range bounds() {
		i := slices.Index(words, b[0])
		if i < 0 {
			continue
		}
		want := slices.Clone(words)
		want[i] = b[1]
		for _, high := range low.up.inner {
			if high.kind == low.kind && !high.alias && high.value != low.value && slices.Equal(nameWords(high.key), want) {
				return high
			}
		}
	}
	return nil
}

// nameWords are the words of a name, in lower case: minPrice and min_price are
// min and price; minimum is min.
func nameWords(name string) []string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	words := strings.FieldsFunc(strings.ToLower(b.String()), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	for i, w := range words {
		words[i] = strings.TrimSuffix(w, "imum")
	}
	return words
}
