package gate

import _ "embed" // the schema

//go:embed gate.schema.json
var schema []byte

// JSONSchema is the JSON Schema (draft 2020-12) of a [Report] as JSON.
func JSONSchema() []byte { return append([]byte(nil), schema...) }
