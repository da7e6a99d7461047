package postman

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// prove adds what proves who sends a request: a header, or parameters of the query.
func (c *converter) prove(r *draft.Request, a *auth) (query []pair, remarks []string) {
	if a == nil || a.kind == "" || a.kind == "noauth" {
		return nil, nil
	}
	p := a.parameters
	switch a.kind {
	case "bearer":
		c.authorize(r, "Bearer ", p["token"], "bearer_token", "bearer token")
	case "basic":
		pieces := append(c.expand(p["username"]+":"), c.expand(p["password"])...)
		login, ok := literal(pieces)
		if !ok || login == ":" {
			login = "\x00basic " + p["username"]
		}
		name := c.secrets.VariableFor(login, "basic_credentials", "user and password for Basic authorization: what printf '%s' USER:PASSWORD | base64 prints")
		r.Headers = append(r.Headers, &draft.Slot{In: draft.InHeader, Key: "Authorization", Parts: []draft.Piece{{Literal: "Basic "}, draft.Variable("env:" + name)}})
	case "apikey":
		return c.proveByKey(r, p)
	case "oauth2":
		remarks = []string{"Postman fetches the token of OAuth 2 itself; here it is a variable, or a step of its own that captures it"}
		token := p["accessToken"]
		if p["addTokenTo"] == "queryParams" {
			return []pair{{Key: "access_token", Value: text(c.secretText(token, "access_token", "access token of OAuth 2"))}}, remarks
		}
		prefix := strings.TrimSpace(p["headerPrefix"])
		if prefix == "" || !experiments.IsHeaderName(prefix) {
			prefix = "Bearer"
		}
		c.authorize(r, prefix+" ", token, "access_token", "access token of OAuth 2")
	default:
		remarks = []string{fmt.Sprintf("Its authorization (%s) is computed for each request, which a journey cannot; it is sent without", a.kind)}
	}
	return query, remarks
}

// authorize adds an Authorization header with a token.
func (c *converter) authorize(r *draft.Request, prefix, token, what, of string) {
	parts := []draft.Piece{{Literal: prefix}}
	if value, ok := literal(c.expand(token)); ok {
		if value == "" {
			value = "\x00" + what
		}
		parts = append(parts, draft.Variable("env:"+c.secrets.VariableFor(value, what, of)))
	} else {
		parts = append(parts, c.final(c.expand(token))...)
	}
	r.Headers = append(r.Headers, &draft.Slot{In: draft.InHeader, Key: "Authorization", Parts: parts})
}

// proveByKey adds an API key to the headers or the query.
func (c *converter) proveByKey(r *draft.Request, p map[string]string) (query []pair, remarks []string) {
	key, ok := literal(c.expand(p["key"]))
	if !ok || key == "" {
		return nil, []string{"Its API key has no name, and is left out"}
	}
	value := c.secretText(p["value"], key, "API key "+key)
	switch {
	case p["in"] == "query":
		return []pair{{Key: text(key), Value: text(value)}}, nil
	case !experiments.IsHeaderName(key) || hasHeader(r, key):
		return nil, []string{"Its API key is no header that can be added, and is left out"}
	}
	r.Headers = append(r.Headers, c.slot(draft.InHeader, key, value))
	return nil, nil
}

// secretText returns a secret as a text with {{variables}}: what was written down
// becomes a secret variable.
func (c *converter) secretText(value, name, of string) string {
	if plain, ok := literal(c.expand(value)); ok {
		if plain == "" {
			plain = "\x00" + of
		}
		hidden := "secret of " + of
		c.known[hidden] = &binding{set: true, pieces: []piece{{variable: "env:" + c.secrets.VariableFor(plain, name, of)}}}
		return "{{" + hidden + "}}"
	}
	return value
}
