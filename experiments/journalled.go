package experiments

import (
	"bytes"
	"encoding/json"
)

// What a document says in JSON's forms keeps its numbers as they were written when
// it comes back from a journal: whoever undoes a run sends and expects the same.

func (r *Request) UnmarshalJSON(text []byte) error {
	type plain Request
	return unmarshal(text, (*plain)(r))
}

func (c *Check) UnmarshalJSON(text []byte) error {
	type plain Check
	return unmarshal(text, (*plain)(c))
}

func unmarshal(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}
