package postman

import (
	"encoding/json"
	"strings"
)

// An address is the URL of a request, as a text with {{variables}}.
type address struct {
	before    string // scheme, host, port and path; with :names in the path
	query     []pair
	variables []variable // of the path
}

// UnmarshalJSON reads a URL: a text, or an object of its parts.
func (a *address) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '{' {
		var raw text
		if err := json.Unmarshal(data, &raw); err != nil {
			return err
		}
		a.fromText(string(raw))
		return nil
	}
	var o struct {
		Raw       text       `json:"raw"`
		Protocol  text       `json:"protocol"`
		Host      lines      `json:"host"`
		Port      text       `json:"port"`
		Path      segments   `json:"path"`
		Query     []pair     `json:"query"`
		Variables []variable `json:"variable"`
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return err
	}
	a.fromText(string(o.Raw))
	a.variables = o.Variables
	if len(o.Host) > 0 { // what Postman itself goes by
		a.before = strings.Join(o.Host, ".")
		if o.Protocol != "" {
			a.before = strings.TrimSuffix(string(o.Protocol), "://") + "://" + a.before
		}
		if o.Port != "" {
			a.before += ":" + string(o.Port)
		}
		if len(o.Path) > 0 {
			a.before += "/" + strings.TrimPrefix(strings.Join(o.Path, "/"), "/")
		}
	}
	if o.Query != nil {
		a.query = o.Query
	}
	return nil
}

// fromText takes a URL apart. A {{variable}} may hold any of these characters.
func (a *address) fromText(raw string) {
	raw = strings.TrimSpace(raw)
	raw, _ = cutOutside(raw, '#')
	before, query := cutOutside(raw, '?')
	a.before, a.query = before, nil
	for query != "" {
		var one string
		one, query = cutOutside(query, '&')
		if one == "" {
			continue
		}
		key, value := cutOutside(one, '=')
		a.query = append(a.query, pair{Key: text(key), Value: text(value)})
	}
}

// cutOutside cuts a text at the first of a character that is outside of {{...}}.
func cutOutside(s string, at byte) (before, after string) {
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "{{") {
			if end := strings.Index(s[i:], "}}"); end > 0 {
				i += end + 1
				continue
			}
		}
		if s[i] == at {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// Segments are those of a path: texts, or objects with a value.
type segments []string

func (s *segments) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '[' {
		var l lines
		err := json.Unmarshal(data, &l)
		*s = segments(l)
		return err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, one := range list {
		var v struct {
			Value text `json:"value"`
		}
		var plain text
		if len(one) > 0 && one[0] == '{' {
			if err := json.Unmarshal(one, &v); err != nil {
				return err
			}
			plain = v.Value
		} else if err := json.Unmarshal(one, &plain); err != nil {
			return err
		}
		*s = append(*s, string(plain))
	}
	return nil
}
