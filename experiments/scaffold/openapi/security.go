package openapi

import (
	"fmt"
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// schemes returns how an operation proves who sends it: the first of the ways that the
// document allows. It is empty if it need not.
func (c *converter) schemes(o *operation) (list []*openapi3.SecurityScheme) {
	ways := c.doc.Security
	if o.Security != nil {
		ways = *o.Security
	}
	if len(ways) == 0 || slices.ContainsFunc(ways, func(w openapi3.SecurityRequirement) bool { return len(w) == 0 }) || c.doc.Components == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(ways[0])) {
		if ref := c.doc.Components.SecuritySchemes[name]; ref != nil && ref.Value != nil {
			list = append(list, ref.Value)
		}
	}
	return list
}

func isBearer(s *openapi3.SecurityScheme) bool {
	return s.Type == "oauth2" || s.Type == "openIdConnect" || s.Type == "http" && strings.EqualFold(s.Scheme, "bearer")
}

// needsToken reports whether a login may give what an operation proves itself with.
func (c *converter) needsToken(o *operation) bool {
	return slices.ContainsFunc(c.schemes(o), isBearer) && !o.isLogin()
}

// prove adds what proves who sends a request.
func (c *converter) prove(o *operation) {
	for _, s := range c.schemes(o) {
		switch {
		case isBearer(s):
			c.proveByToken(o)
		case s.Type == "http" && strings.EqualFold(s.Scheme, "basic"):
			name := c.journey.Secrets.VariableFor("\x00basic", "basic_credentials", "user and password for Basic authorization: what printf '%s' USER:PASSWORD | base64 prints")
			o.header("Authorization", draft.Piece{Literal: "Basic "}, draft.Variable("env:"+name))
		case s.Type == "apiKey":
			c.proveByKey(o, s)
		default:
			o.step.Notes = append(o.step.Notes, fmt.Sprintf("Its security (%s) is not known; it is sent without.", strings.TrimSpace(s.Type+" "+s.Scheme)))
		}
	}
}

func (c *converter) proveByToken(o *operation) {
	for _, n := range o.needs {
		if n.token && n.from != nil {
			o.header("Authorization", draft.Piece{Literal: "Bearer "}, draft.Variable(c.capture(n.from)))
			return
		}
	}
	name := c.journey.Secrets.VariableFor("\x00bearer", "bearer_token", "bearer token")
	o.header("Authorization", draft.Piece{Literal: "Bearer "}, draft.Variable("env:"+name))
}

func (c *converter) proveByKey(o *operation, s *openapi3.SecurityScheme) {
	name := c.journey.Secrets.VariableFor("\x00key "+s.Name, s.Name, "API key "+s.Name)
	key := draft.Variable("env:" + name)
	switch {
	case s.In == "query" && s.Name != "":
		o.step.Request.Query = append(o.step.Request.Query, &draft.Slot{In: draft.InQuery, Key: s.Name, Lead: url.QueryEscape(s.Name) + "=", Parts: []draft.Piece{key}})
	case s.In == "cookie" && experiments.IsHeaderName(s.Name):
		o.header("Cookie", draft.Piece{Literal: s.Name + "="}, key)
	case s.In == "header" && experiments.IsHeaderName(s.Name):
		o.header(textproto.CanonicalMIMEHeaderKey(s.Name), key)
	default:
		o.step.Notes = append(o.step.Notes, "Its API key has no name that can be sent; it is sent without.")
	}
}

// header adds a header, unless it is there.
func (o *operation) header(name string, parts ...draft.Piece) {
	r := o.step.Request
	if !slices.ContainsFunc(r.Headers, func(s *draft.Slot) bool { return s.Key == name }) {
		r.Headers = append(r.Headers, &draft.Slot{In: draft.InHeader, Key: name, Parts: parts})
	}
}
