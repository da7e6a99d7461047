package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// mostNodes bounds a document whose aliases repeat what they name.
const mostNodes = 200_000

// yamlToJSON writes a YAML document as JSON. It refuses what readers of YAML do not agree
// on: several documents, merge keys, tags of one's own, times, names that are no texts.
func yamlToJSON(content []byte) ([]byte, error) {
	documents, err := yamlnode.Read(content, 2)
	if err != nil {
		return nil, err
	}
	if len(documents) != 1 || len(documents[0].Content) != 1 {
		return nil, errors.New("it is not exactly one document")
	}
	root := documents[0].Content[0]
	if root.Kind != yamlnode.MappingNode && root.Kind != yamlnode.SequenceNode {
		return nil, errors.New("it is neither a mapping nor a list") // any text is YAML
	}
	y := yamlReader{left: mostNodes}
	value, err := y.value(root, 0)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

type yamlReader struct{ left int }

func (y *yamlReader) value(n *yamlnode.Node, depth int) (any, error) {
	y.left--
	if y.left < 0 || depth > strictjson.MostDepth {
		return nil, fmt.Errorf("line %d: it is too large or too deep", n.Line)
	}
	switch n.Kind {
	case yamlnode.AliasNode:
		return y.value(n.Alias, depth+1)
	case yamlnode.SequenceNode:
		if n.ShortTag() != "!!seq" {
			return nil, unclear(n)
		}
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := y.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yamlnode.MappingNode:
		return y.mapping(n, depth)
	case yamlnode.ScalarNode:
		return scalar(n)
	}
	return nil, unclear(n)
}

func (y *yamlReader) mapping(n *yamlnode.Node, depth int) (any, error) {
	if n.ShortTag() != "!!map" {
		return nil, unclear(n)
	}
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if name.Kind != yamlnode.ScalarNode || name.ShortTag() != "!!str" {
			return nil, unclear(name)
		}
		if _, twice := m[name.Value]; twice {
			return nil, fmt.Errorf("line %d: %.80q stands twice", name.Line, name.Value)
		}
		v, err := y.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		m[name.Value] = v
	}
	return m, nil
}

// scalar reads a value. Numbers must be exact in the canonical form.
func scalar(n *yamlnode.Node) (any, error) {
	switch n.ShortTag() {
	case "!!str":
		if n.Style == 0 && slices.Contains(oldBools(), strings.ToLower(n.Value)) {
			return nil, unclear(n)
		}
		return n.Value, nil
	case "!!null":
		return nil, nil
	case "!!bool":
		b, err := strconv.ParseBool(n.Value)
		return b, err
	case "!!int":
		var i int64
		if digits := strings.TrimLeft(n.Value, "+-"); len(digits) > 1 && digits[0] == '0' || strings.Contains(digits, "_") {
			return nil, unclear(n) // octal to some
		}
		if err := n.Decode(&i); err != nil || i < -mostInteger || i > mostInteger {
			return nil, unclear(n)
		}
		return i, nil
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) || checkNumber(n.Value) != nil {
			return nil, unclear(n)
		}
		return f, nil
	}
	return nil, unclear(n)
}

// oldBools are what YAML 1.1 takes for true and false, and YAML 1.2 for texts.
func oldBools() []string { return []string{"y", "yes", "n", "no", "on", "off"} }

func unclear(n *yamlnode.Node) error {
	return fmt.Errorf("line %d: %s %.80q is not the same to every reader", n.Line, n.ShortTag(), n.Value)
}
