// Package openapi makes a journey of an OpenAPI document, version 3.0 or 3.1: of the
// operations whose ids chain, such as POST /carts, which gives the id that
// POST /carts/{id}/items needs.
//
// A document says what may be sent, and not what users do. So the journey is a draft to
// be shortened: bodies are examples or the least that a schema takes, what deletes or is
// for administrators is left out, and what is missing is said in comments.
package openapi

import (
	"cmp"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// Options say what of a document becomes the journey. The zero value, with a File,
// takes what chains.
type Options struct {
	File       string   // YAML or JSON
	Origin     string   // one of its servers, such as https://shop.staging.example; empty: the first
	Operations []string // in this order: operation ids, or such as "POST /carts"; empty: those that chain
}

// maxSteps is how many operations become steps if none are named: more are no journey.
const maxSteps = 40

// A converter makes the steps of a journey.
type converter struct {
	doc     *openapi3.T
	options Options
	journey *draft.Journey
	base    string // the path that all operations are below
	names   map[string]bool
	taken   map[string]bool // names of variables
}

// Journey reads a document. The error is a *[shape.Error] that names the file and what
// to do.
func Journey(o Options) (*draft.Journey, error) {
	if o.Origin != "" {
		own, err := recording.ParseOrigin(o.Origin)
		if err != nil {
			return nil, err
		}
		o.Origin = own
	}
	doc, err := read(o.File)
	if err != nil {
		return nil, err
	}
	title := ""
	if doc.Info != nil {
		title = doc.Info.Title
	}
	id := cmp.Or(draft.Slug(title), draft.Slug(strings.TrimSuffix(filepath.Base(o.File), filepath.Ext(o.File))), "api")
	c := &converter{doc: doc, options: o, names: map[string]bool{}, taken: map[string]bool{}, journey: &draft.Journey{ID: id, Secrets: draft.NewVault(id),
		SlowAfter: experiments.DefaultSlowAfter, Timeout: experiments.DefaultTimeout}}
	var others []string
	c.journey.Origin, c.base, others = server(doc, o.Origin)
	if len(others) > 0 {
		c.journey.Remarks = append(c.journey.Remarks, "Other servers of the document: "+strings.Join(others[:min(len(others), 5)], ", ")+". --origin takes one of them.")
	}
	list, err := c.choose(operations(doc))
	if err != nil {
		return nil, err
	}
	c.finish(title, list)
	return c.journey, nil
}

// choose returns the operations of the journey in their order, and makes steps of them.
func (c *converter) choose(all []*operation) ([]*operation, error) {
	if len(all) == 0 {
		return nil, fail(c.options.File, "", "the document has no operations")
	}
	var list []*operation
	bodies := map[*operation]*content{}
	for _, o := range all {
		if why := o.excluded(); why != "" && len(c.options.Operations) == 0 {
			c.leaveOut(o.String(), why)
			continue
		}
		bodies[o] = c.body(o)
		if bodies[o].problem != "" && len(c.options.Operations) == 0 {
			c.leaveOut(o.String(), bodies[o].problem)
			continue
		}
		o.findNeeds(bodies[o].json)
		if c.needsToken(o) {
			o.needs = append(o.needs, &need{of: o, name: "token", token: true})
		}
		list = append(list, o)
	}
	if len(c.options.Operations) > 0 {
		named, err := c.named(list)
		if err != nil {
			return nil, err
		}
		for i, o := range named {
			supply([]*operation{o}, named[:i])
		}
		list = named
	} else {
		list = c.order(list)
	}
	if len(list) == 0 {
		return nil, fail(c.options.File, "name some with --operation", "no operation is left for a journey: %s", strings.Join(c.journey.Left[:min(len(c.journey.Left), 5)], "; "))
	}
	for _, o := range list {
		c.add(o, bodies[o])
	}
	return list, nil
}

// order chains operations, and tells which are no part of it.
func (c *converter) order(list []*operation) []*operation {
	ordered, stuck := chain(list)
	for _, o := range stuck {
		missing := ""
		for _, n := range o.needs {
			if n.from == nil && n.required {
				missing = n.name
			}
		}
		c.leaveOut(o.String(), "no answer gives its "+cmp.Or(missing, "values"))
	}
	kept, alone := chained(ordered)
	if len(alone) > 0 {
		c.journey.Remarks = append(c.journey.Remarks, "No part of the chain, as they give no id to another and need none: "+describe(alone, 20)+". --operation takes those that are named, in that order.")
	}
	if len(kept) > maxSteps {
		c.leaveOut(describe(kept[maxSteps:], 20), fmt.Sprintf("more than %d steps are no journey", maxSteps))
		kept = kept[:maxSteps]
	}
	return kept
}

// named returns the operations that the user named.
func (c *converter) named(list []*operation) (out []*operation, err error) {
	for _, want := range c.options.Operations {
		at := slices.IndexFunc(list, func(o *operation) bool {
			return o.OperationID == want && want != "" || strings.EqualFold(o.String(), strings.Join(strings.Fields(want), " "))
		})
		switch {
		case at < 0:
			return nil, fail(c.options.File, "some of them: "+describe(list, 8), "no operation is named %q", want)
		case slices.Contains(out, list[at]):
			return nil, fail(c.options.File, "", "the operation %q is named twice", want)
		case !slices.Contains(experiments.Methods(), list[at].method):
			return nil, fail(c.options.File, "", "a step cannot send %s", list[at].method)
		}
		out = append(out, list[at])
	}
	if len(out) > draft.MaxSteps {
		return nil, fail(c.options.File, "", "%d operations, a journey has at most %d steps", len(out), draft.MaxSteps)
	}
	return out, nil
}

// maxLeft is how many operations that were left out are named.
const maxLeft = 30

func (c *converter) leaveOut(what, why string) {
	switch left := len(c.journey.Left); {
	case left < maxLeft:
		c.journey.Left = append(c.journey.Left, what+": "+why)
	case left == maxLeft:
		c.journey.Left = append(c.journey.Left, "more operations")
	}
}

// finish says how the journey was made.
func (c *converter) finish(title string, list []*operation) {
	j := c.journey
	name := cmp.Or(title, filepath.Base(c.options.File))
	j.Made = "Made of the OpenAPI document " + name
	if j.Origin != "" {
		j.Made += ", for " + j.Origin
	}
	remarks := []string{"A document says what may be sent, not what users do: shorten and reorder these steps to what they do."}
	for _, o := range list {
		if len(o.step.Captures)+len(o.step.Checks) == 0 && o.json && o.method != "HEAD" {
			o.step.Headers = append(o.step.Headers, draft.Check{Path: "Content-Type", Value: "json", Matches: true})
		}
	}
	last := list[len(list)-1]
	last.step.Vague = !last.json && last.step.Status != http.StatusNoContent
	j.Remarks = append(remarks, j.Remarks...)
}
