package shape

import "go.yaml.in/yaml/v3"

// TopLevelKeys returns for each line of a YAML or JSON document, by its index, the
// top-level keys that have something on it. It is nil for a text that is not a
// mapping.
func TopLevelKeys(text string, lines int) [][]string {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil || len(document.Content) == 0 {
		return nil
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
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
