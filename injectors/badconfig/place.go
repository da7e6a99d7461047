package badconfig

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/sampling"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// A place says which values of a document an operator changes. The zero place leaves the
// choice of one value to the seed.
type place struct {
	text   string
	path   jsonpath.Path // of a JSONPath
	tokens []string      // of a JSON Pointer
	isPath bool
	given  bool
}

// parsePlace reads a JSON Pointer (RFC 6901), which starts with /, or a
// JSONPath (RFC 9535), which starts with $.
func parsePlace(text string) (place, string) {
	p := place{text: text, given: true}
	switch {
	case strings.HasPrefix(text, "/"):
		p.tokens = edit.Tokens(text)
		return p, ""
	case strings.HasPrefix(text, "$"):
		path, err := jsonpath.Parse(text)
		if err != nil {
			return p, err.Error()
		}
		p.path, p.isPath = path, true
		return p, ""
	}
	return p, strconv.Quote(text) + " is neither a JSON Pointer such as /price/factor nor a JSONPath such as $.price.factor"
}

// A choice says which values an operator can change.
type choice struct {
	suits  func(*edit.Node) string // returns why a value does not suit, or ""
	offers []func(*edit.Node) bool // what the seed prefers, the best first; none means any value that suits
	wants  string                  // what the operator looks for, such as "value to empty"
}

// findNodes lists the values at a place. Of values within one another it returns only the
// outermost.
func findNodes(t *edit.Tree, p place, seed uint64, c choice) ([]*edit.Node, error) {
	if !p.given {
		n := sampleNode(t, seed, c)
		if n == nil {
			return nil, unfit("it has no %s", c.wants)
		}
		return []*edit.Node{n}, nil
	}
	found, aliased, err := locate(t, p)
	if err != nil {
		return nil, err
	}
	switch {
	case len(found) == 0 && aliased:
		return nil, unfit("%s leads through an alias: name the place of its anchor", p.text)
	case len(found) == 0:
		return nil, unfit("it has nothing at %s", p.text)
	}
	var why string
	suited := slices.DeleteFunc(found, func(n *edit.Node) bool {
		reason := c.suits(n)
		if why == "" {
			why = reason
		}
		return reason != ""
	})
	if len(suited) == 0 {
		return nil, unfit("%s", why)
	}
	return outermost(suited), nil
}

// outermost drops values that lie within another one of the list.
func outermost(list []*edit.Node) []*edit.Node {
	chosen := make(map[*edit.Node]bool, len(list))
	for _, n := range list {
		chosen[n] = true
	}
	return slices.DeleteFunc(list, func(n *edit.Node) bool {
		for up := n.Parent; up != nil; up = up.Parent {
			if chosen[up] {
				return true
			}
		}
		return false
	})
}

// locate follows a path in every document of the text.
func locate(t *edit.Tree, p place) (found []*edit.Node, aliased bool, err error) {
	seen := map[*edit.Node]bool{}
	for _, root := range t.Roots {
		pointers := [][]string{p.tokens}
		if p.isPath {
			v, ok := t.Decoded(root)
			if !ok {
				return nil, false, unfit("its aliases stand for too much")
			}
			pointers = nil
			for _, pointer := range p.path.Locate(v) {
				pointers = append(pointers, tokensOf(pointer))
			}
		}
		for _, tokens := range pointers {
			n, through := root.Follow(tokens)
			aliased = aliased || through
			if n != nil && !seen[n] {
				seen[n] = true
				found = append(found, n)
			}
		}
	}
	return found, aliased, nil
}

func tokensOf(pointer string) []string {
	if pointer == "" {
		return nil
	}
	p, _ := parsePlace(pointer)
	return p.tokens
}

// sampleNode returns the value that the seed chooses. The choice depends only on the seed
// and on the values' pointers, so that it stays the same when other values come and go.
func sampleNode(t *edit.Tree, seed uint64, c choice) *edit.Node {
	if len(c.offers) == 0 {
		c.offers = []func(*edit.Node) bool{func(*edit.Node) bool { return true }}
	}
	for _, offered := range c.offers {
		var best *edit.Node
		var least uint64
		for _, root := range t.Roots {
			root.Walk(func(n *edit.Node) {
				if n.Parent == nil || n.IsAlias || !offered(n) || c.suits(n) != "" {
					return
				}
				if rank := draw(seed, n.Pointer()); best == nil || rank < least {
					best, least = n, rank
				}
			})
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// prefer returns its arguments as a list, for [choice].
func prefer(offers ...func(*edit.Node) bool) []func(*edit.Node) bool { return offers }

// draw is a number that looks random, of a seed and a name.
func draw(seed uint64, name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // it never fails
	return sampling.Mix(h.Sum64() ^ seed*0x9e3779b97f4a7c15)
}

// chance is draw as a number from 0 up to 1.
func chance(seed uint64, name string) float64 {
	return sampling.Share(draw(seed, name))
}

// shown returns a pointer as a sentence names it.
func shown(pointer string) string {
	if pointer == "" {
		return "the whole document"
	}
	return pointer
}
