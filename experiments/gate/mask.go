package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// mostValue is how many bytes of a value a report holds.
const mostValue = 4 << 10

// mostMasked bounds such a value with marks in place of its secrets.
const mostMasked = 4 * mostValue

// isSecret reports whether the names that lead to a value say that it is a secret.
func isSecret(pointer string) bool {
	return slices.ContainsFunc(strings.Split(pointer, "/"), redact.SecretName)
}

// masked is a value as a report may hold it: without secrets, and described by its length
// where it is long. Nil stays nil.
func masked(pointer string, value json.RawMessage) json.RawMessage {
	switch {
	case value == nil:
		return nil
	case isSecret(pointer):
		return quoted(redact.Hidden)
	case len(value) > mostValue:
		return quoted(figures.Plural(len(value), "byte", "bytes"))
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber() // so that numbers stay as they are written
	var v any
	if err := d.Decode(&v); err != nil {
		return quoted(fmt.Sprintf("%s that are no JSON", figures.Plural(len(value), "byte", "bytes")))
	}
	v, changed := maskedTree(v)
	if !changed {
		return value
	}
	text, err := json.Marshal(v)
	if err != nil { // cannot happen: it was decoded
		return quoted(redact.Hidden)
	}
	return text
}

func quoted(text string) json.RawMessage {
	out, _ := json.Marshal(text) // a text has no error
	return out
}

// maskedTree hides what says itself that it is a secret.
func maskedTree(v any) (out any, changed bool) {
	switch v := v.(type) {
	case string:
		if redact.FindJWT(v) != "" || redact.FindKey(v) != "" || redact.FindCard(v) != "" || redact.HasLogin(v) {
			return redact.Hidden, true
		}
		// A document that is neither JSON nor YAML is one text, with names and values in it.
		shown := (*redact.Secrets)(nil).Excerpt([]byte(v), mostMasked)
		return shown, shown != v
	case []any:
		for i := range v {
			item, masked := maskedTree(v[i])
			v[i], changed = item, changed || masked
		}
	case map[string]any:
		for name := range v {
			item, masked := any(redact.Hidden), true
			if !redact.SecretName(name) {
				item, masked = maskedTree(v[name])
			}
			v[name], changed = item, changed || masked
		}
	}
	return v, changed
}
