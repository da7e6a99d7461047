package experiments

import (
	"github.com/blastgauge/blastgauge/injectors"
	"go.yaml.in/yaml/v3"
)

// A Reload is the request that makes a system read its config again, where it does
// so only when it is told. It is sent when the config has gone bad, and when it is
// good again.
type Reload struct {
	Request Request `json:"request"` // the target is an absolute URL
	Expect  Expect  `json:"expect"`
}

func reloadShape(r *Reload) shape {
	request := requestFields(&r.Request, true)
	request[0].required = true // an invariant may ask in other ways
	f := append(request,
		field{name: "expect", doc: "what the answer is when the config was read; any status 200 to 299 where nothing is said", shape: expectShape(&r.Expect)})
	return collecting{ruled{always: true, shape: f, also: object{"allOf": noTwoBodies()}, rule: func(d *decoder, _ *yaml.Node, at string) {
		oneBody(d, at)
	}}}
}

// checkReload notes a reload that nothing calls for, or that nobody would send.
func checkReload(d *decoder, kind injectors.Kind, f *Fault, at string) {
	for _, u := range d.usesAt[at+".reload"] {
		d.uncaptured(u, nil, nil)
	}
	switch {
	case f.Reload == nil:
	case !kind.Config:
		d.fail(d.key(at+".reload"), complaint{msg: kind.Name + " changes no config that a system could read again", hint: "leave it out"})
	case kind.Level != injectors.File && f.Attributes["flap"] != nil:
		d.fail(d.key(at+".reload"), complaint{msg: "nobody would send reload each time that flap changes the document on its way", hint: "leave one of them out, or use config_file"})
	}
}
