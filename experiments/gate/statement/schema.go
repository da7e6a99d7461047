package statement

import _ "embed" // the schema

//go:embed resilience.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of a statement whose predicate is [Resilience].
func Schema() []byte { return append([]byte(nil), schema...) }
