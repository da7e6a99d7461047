package experiments

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A Kind is a kind of document.
type Kind string

const (
	SystemKind     Kind = "system"
	ExperimentKind Kind = "experiment"
)

// Schema is the JSON Schema (draft 2020-12) of a kind of document, as indented
// JSON with a newline at its end. It comes from the same description as the
// loader; rules between several fields or documents are beyond it.
func Schema(kind Kind) ([]byte, error) {
	var s object
	switch kind {
	case SystemKind:
		s = systemShape(&System{}).schema()
		s["title"] = "blastgauge: a system under test"
	case ExperimentKind:
		s = experimentShape(&Experiment{}).schema()
		s["title"] = "blastgauge: an experiment"
	default:
		return nil, fmt.Errorf("unknown kind of document %q: known are %s and %s", kind, SystemKind, ExperimentKind)
	}
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(s); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", kind, err)
	}
	return b.Bytes(), nil
}
