package experiments

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// maxShares is how many shares the fault phase may take turns at: with more, each has
// too little time.
const maxShares = 5

// saturationShape is the shares of journeys that a fault touches in turns.
func saturationShape(to *[]float64) shape.Shape {
	list := shape.List[float64]{To: to, Item: positive(shape.Share, "0%"), Min: 1, Max: maxShares}
	return shape.Validated{Shape: list, Also: shape.Object{"minItems": 2, "uniqueItems": true}, Check: func(d *shape.Document, n shape.Node, _ string) {
		shares := slices.Sorted(slices.Values(*to))
		switch {
		case len(shares) == 1:
			d.Fail(n, shape.Diagnostic{Msg: "one share is nothing to compare", Hint: "write two or more, such as [10%, 50%, 100%]"})
		case len(slices.Compact(shares)) < len(*to):
			d.Fail(n, shape.Diagnostic{Msg: "each share is needed once"})
		}
	}}
}

// checkSaturation notes why a fault cannot touch a share of journeys. Which journey it
// touched has to be known, and to be the same for all requests of the journey: it is a
// tag that the system passes on.
func checkSaturation(d *shape.Document, e *Experiment, s *System) {
	if e.Saturation == nil {
		return
	}
	if s.Propagates != PropagatesBaggage {
		d.Fail(d.Key("saturation"), shape.Diagnostic{
			Msg:  "the fault touches a share of journeys by a tag in their baggage header, and nothing says that the system passes it on",
			Hint: fmt.Sprintf("if it does, write propagates: baggage in %s", s.File)})
	}
	if e.Settings.Repeat > 1 {
		d.Fail(d.Key("repeat"), shape.Diagnostic{Msg: "with saturation the shares take turns, and the fault stays in force", Hint: "leave it out"})
	}
	for i, f := range e.Faults {
		at := fmt.Sprintf("faults[%d].", i)
		kind, known := injectors.Lookup(f.Inject)
		switch {
		case !known:
		case !kind.ByRequest:
			d.Fail(d.At(at+"inject"), shape.Diagnostic{
				Msg: fmt.Sprintf("%s cannot touch a share of journeys: it acts on %s, which do not say whose journey they are for", f.Inject, actsOn(kind)), Known: byRequest(),
				Hint: "saturation is for " + figures.List(byRequest(), "and")})
		default:
			checkWholeFault(d, at, f)
		}
	}
}

// checkWholeFault notes what would leave it unknown which tagged journeys met a fault.
func checkWholeFault(d *shape.Document, at string, f Fault) {
	if f.Share < 1 || f.Instances != nil {
		d.Fail(d.Key(at+"share"), shape.Diagnostic{Msg: "saturation says which share of journeys the fault touches", Hint: "leave it out"})
	}
	for _, key := range []string{"at", "for", "first"} {
		if d.Given(at + key) {
			d.Fail(d.Key(at+key), shape.Diagnostic{Msg: "with saturation the fault is in force for the whole fault phase", Hint: "leave it out"})
		}
	}
}

// actsOn is what a kind of fault acts on.
func actsOn(k injectors.Kind) string {
	switch k.Level {
	case injectors.Byte:
		return "connections"
	case injectors.File:
		return "files"
	case injectors.Command:
		return "what its programs change"
	}
	return k.Acts
}

// byRequest are the kinds of fault that know whose journey a request is for.
func byRequest() (names []string) {
	for _, k := range injectors.Catalogue() {
		if k.ByRequest {
			names = append(names, k.Name)
		}
	}
	return names
}
