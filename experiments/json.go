package experiments

import (
	"bytes"
	"encoding/json"
)

// UnmarshalJSON keeps numbers of a JSON body as they are written. After a run is
// undone from its journal, requests must send the same digits as before.
func (r *Request) UnmarshalJSON(text []byte) error {
	type plain Request
	return unmarshal(text, (*plain)(r))
}

// UnmarshalJSON keeps numbers as they are written, as that of Request does.
func (c *Check) UnmarshalJSON(text []byte) error {
	type plain Check
	return unmarshal(text, (*plain)(c))
}

func unmarshal(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}
