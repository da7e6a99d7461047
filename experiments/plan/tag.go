package plan

import (
	"fmt"
	"maps"

	"github.com/blastgauge/blastgauge/injectors"
)

// Tag is the key of the baggage entry that marks requests of the fault arm; its
// value is the run. Source: W3C Baggage, https://www.w3.org/TR/baggage/.
const Tag = "blastgauge.arm"

// divideByTag divides the arms by request if every fault of the experiment can tell
// requests apart. A fault that matches other baggage keeps doing so.
func (e *Experiment) divideByTag(run string) {
	for _, f := range e.Faults {
		if kind, _ := injectors.Lookup(f.Inject); !kind.ByRequest {
			e.ControlWhy = fmt.Sprintf("%s acts on %s, and no control_url is declared: the baseline phase is the control", f.Inject, sharedBetweenArms(kind))
			return
		}
	}
	for i := range e.Faults {
		e.Faults[i].Attributes = withTag(e.Faults[i].Attributes, run)
	}
	e.Tagged, e.Control = true, Concurrent
	e.ControlWhy = "the system passes baggage on: the faults meet only journeys that are tagged for the fault arm, and others run at the same time on the same route"
}

// sharedBetweenArms says why the kind of fault cannot tell the arms apart.
func sharedBetweenArms(k injectors.Kind) string {
	switch {
	case k.Level == injectors.Byte:
		return "whole connections, which both arms share"
	case k.Level == injectors.Command:
		return "what its programs change, which both arms share"
	case k.Acts == "commands" || k.Acts == "statements":
		return k.Acts + ", which do not say whose journey they are for"
	}
	return "a document, which both arms share"
}

// withTag returns a copy of the attributes that also matches the tag.
func withTag(attributes injectors.Attributes, run string) injectors.Attributes {
	match, baggage := map[string]any{}, map[string]any{}
	if given, ok := attributes["match"].(map[string]any); ok {
		maps.Copy(match, given)
	}
	if given, ok := match["baggage"].(map[string]any); ok {
		maps.Copy(baggage, given)
	}
	baggage[Tag] = run
	match["baggage"] = baggage
	tagged := injectors.Attributes{}
	maps.Copy(tagged, attributes)
	tagged["match"] = match
	return tagged
}

// NotTagged says why a failure mode cannot be caused for tagged journeys alone.
const NotTagged = "journeys were tagged with baggage and none of their requests reached it with the tag"

// Reached returns the plan of a scan without the faults on proxies that no tagged request
// reaches: one dependency that nobody calls must not cost the others their control. It
// returns false where none is reached, which says that the system drops the tag. p is not
// changed.
func (p *Plan) Reached(reached func(proxy string) bool) (*Plan, bool) {
	left := p.leaveOut(func(f Fault) string {
		if reached(f.Proxy) {
			return ""
		}
		return NotTagged
	})
	return left, len(left.Experiments[0].Faults) > 0
}

// Untag makes the baseline the control, because the tag cannot be relied on. why is
// the reason in a sentence.
func (e *Experiment) Untag(why string) {
	for i := range e.Faults {
		e.Faults[i].Attributes = withoutTag(e.Faults[i].Attributes)
	}
	e.Tagged, e.Control = false, Baseline
	e.ControlWhy = why + ": the baseline phase is the control"
	e.Warnings = append(e.Warnings, e.ControlWhy)
}

// Bare returns the fault's attributes as they were written, without a run's tag.
func (f Fault) Bare() injectors.Attributes { return withoutTag(f.Attributes) }

// withoutTag returns a copy of the attributes without the tag.
func withoutTag(attributes injectors.Attributes) injectors.Attributes {
	bare := withTag(attributes, "")
	match := bare["match"].(map[string]any)
	baggage := match["baggage"].(map[string]any)
	if delete(baggage, Tag); len(baggage) == 0 {
		delete(match, "baggage")
	}
	if len(match) == 0 {
		delete(bare, "match")
	}
	return bare
}
