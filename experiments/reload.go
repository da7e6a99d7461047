package experiments

import (
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Reload is the request that makes a system read its config again. It is sent
// after the config has gone bad, and after it is good again.
type Reload struct {
	Request Request `json:"request"` // the target is an absolute URL
	Expect  Expect  `json:"expect"`
}

func reloadShape(r *Reload) shape.Shape {
	request := requestFields(&r.Request, true, environment{})
	request[0].Required = true // an invariant may ask in other ways
	f := append(request,
		shape.Field{Name: "expect", Doc: "what the answer is when the config was read; any status 200 to 299 where nothing is said", Shape: expectShape(&r.Expect, false)})
	return shape.Keeping{Shape: shape.Validated{Always: true, Shape: f, Also: shape.Object{"allOf": oneBodySchema()}, Check: func(d *shape.Document, _ shape.Node, path string) {
		checkOneBody(d, path)
	}}}
}

// checkReload notes a reload of a fault that changes no config, or that changes it
// without a moment to send the request.
func checkReload(d *shape.Document, kind injectors.Kind, f *Fault, path string) {
	checkVariables(d, path+".reload", nil, nil)
	switch {
	case f.Reload == nil:
	case !kind.Config:
		d.Fail(d.Key(path+".reload"), shape.Diagnostic{Msg: "reload does not apply to " + kind.Name + ", which changes no config", Hint: "leave it out"})
	case kind.Level != injectors.File && f.Attributes["flap"] != nil:
		d.Fail(d.Key(path+".reload"), shape.Diagnostic{Msg: "reload does not work with flap in " + kind.Name + ": nothing sends it when flap changes the document", Hint: "leave one of them out, or use config_file"})
	}
}
