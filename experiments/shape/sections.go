package shape

import "github.com/blastgauge/blastgauge/experiments/yamlnode"

// TopLevelKeys returns for each line of a YAML or JSON document, by its index, the
// top-level keys that have something on it. It is nil for a text that is not a
// mapping.
func TopLevelKeys(text string, lines int) [][]string {
	documents, err := yamlnode.Read([]byte(text), 1)
	if err != nil || len(documents) == 0 || len(documents[0].Content) == 0 {
		return nil
	}
	root := documents[0].Content[0]
	if root.Kind != yamlnode.MappingNode {
		return nil
	}
	keys := make([][]string, lines)
	for i := 0; i < len(root.Content); i += 2 {
		from, to := root.Content[i].Line-1, lines-1
		if i+2 < len(root.Content) {
			// The line of the next key is still of this one if both share it.
			if to = root.Content[i+2].Line - 1; to > from {
				to--
			}
		}
		for n := from; n <= min(to, lines-1); n++ {
			keys[n] = append(keys[n], root.Content[i].Value)
		}
	}
	return keys
}
