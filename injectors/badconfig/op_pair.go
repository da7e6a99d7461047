package badconfig

import (
	"slices"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opUnpair changes values that belong together, such as two timeouts, so that each
// is legal alone. A robust reader checks them against one another when it loads
// them.
func opUnpair() operator {
	return operator{"unpair", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		places, values := p.values("set")
		swap := p.pair("swap")
		if p.has("set") {
			return onTree(m, setAll(places, values))
		}
		return onTree(m, swapped(swap))
	}}
}

// pair returns two places, or none.
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
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		var changes []edit.Change
		added := map[*edit.Node]int{} // index in changes, by collection
		for i, at := range places {
			found, err := findNodes(t, at, doc.Seed, choice{suits: anything})
			if err != nil {
				up, name := missingMember(t, at)
				if up == nil {
					return nil, "", err
				}
				e := edit.Entry{Key: name, Value: values[i]}
				if j, ok := added[up]; ok {
					changes[j].Entries = append(changes[j].Entries, e)
					continue
				}
				added[up] = len(changes)
				changes = append(changes, edit.Change{Do: edit.Add, At: up, After: lastOf(up), Entries: []edit.Entry{e}})
				continue
			}
			for _, n := range found {
				changes = append(changes, edit.Change{Do: edit.Set, At: n, Value: values[i]})
			}
		}
		return changes, "is set to what is legal alone", nil
	}
}

// missingMember returns the object in which the last name of a pointer is missing, and
// that name.
func missingMember(t *edit.Tree, at place) (*edit.Node, string) {
	if at.isPath || len(at.tokens) == 0 {
		return nil, ""
	}
	last := len(at.tokens) - 1
	for _, root := range t.Roots {
		if up, _ := root.Follow(at.tokens[:last]); up != nil && up.Kind == edit.Object && !up.IsAlias && at.tokens[last] != "" {
			return up, at.tokens[last]
		}
	}
	return nil, ""
}

func lastOf(n *edit.Node) *edit.Node {
	if len(n.Children) == 0 {
		return nil
	}
	return n.Children[len(n.Children)-1]
}

func swapped(places []place) step {
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		var pair []*edit.Node
		if places == nil {
			if pair = samplePair(t, doc.Seed); pair == nil {
				return nil, "", unfit("it has no numbers that belong together, such as min and max: say which with set or swap")
			}
		}
		for _, at := range places {
			found, err := findNodes(t, at, doc.Seed, choice{suits: anything})
			if err != nil {
				return nil, "", err
			}
			if len(found) > 1 {
				return nil, "", unfit("%s is more than one value", at.text)
			}
			pair = append(pair, found[0])
		}
		a, b := pair[0], pair[1]
		if a.IsWithin(b) || b.IsWithin(a) {
			return nil, "", unfit("%s and %s lie within one another", shown(a.Pointer()), shown(b.Pointer()))
		}
		return []edit.Change{{Do: edit.Set, At: a, Value: edit.Existing{Node: b}}, {Do: edit.Set, At: b, Value: edit.Existing{Node: a}, Mentioned: true}}, "has changed places with " + b.Pointer(), nil
	}
}

// bounds lists pairs of words: names that differ only by them belong together.
func bounds() [][2]string {
	return [][2]string{{"min", "max"}, {"low", "high"}, {"lower", "upper"}, {"from", "to"}, {"start", "end"}, {"soft", "hard"}}
}

// samplePair returns a lower and an upper bound in the same object. The seed chooses them.
func samplePair(t *edit.Tree, seed uint64) []*edit.Node {
	var best []*edit.Node
	var least uint64
	for _, root := range t.Roots {
		root.Walk(func(low *edit.Node) {
			high := Partner(low)
			if high == nil {
				return
			}
			if rank := draw(seed, low.Pointer()); best == nil || rank < least {
				best, least = []*edit.Node{low, high}, rank
			}
		})
	}
	return best
}

// Partner returns the upper bound that belongs to a lower one, such as max to min, or nil.
func Partner(low *edit.Node) *edit.Node {
	if !low.IsMember || low.IsAlias || low.Kind != edit.Number && low.Kind != edit.String {
		return nil
	}
	words := NameWords(low.Key)
	for _, b := range bounds() {
		i := slices.Index(words, b[0])
		if i < 0 {
			continue
		}
		want := slices.Clone(words)
		want[i] = b[1]
		for _, high := range low.Parent.Children {
			if high.Kind == low.Kind && !high.IsAlias && high.Value != low.Value && slices.Equal(NameWords(high.Key), want) {
				return high
			}
		}
	}
	return nil
}
