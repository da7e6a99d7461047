package experiments

// An outer is a use of an environment variable in a document.
type outer struct {
	name string
	span
}

// outers are the environment variables that the texts of the document use.
func (d *decoder) outers() (list []outer) {
	for _, u := range d.uses {
		for _, p := range u.text.Parts {
			if p.Name == "env" {
				list = append(list, outer{p.Arg, d.inside(u.node, d.span(u.node), p.From, p.To)})
			}
		}
	}
	return list
}

// CheckVariables notes every use of an environment variable that is not set, as
// lookup tells. The error is like one of [Load].
func CheckVariables(lookup func(name string) (string, bool), s *System, list ...*Experiment) error {
	docs := []*decoder{unsetIn(s.File, s.Text, s.outers, lookup)}
	for _, e := range list {
		docs = append(docs, unsetIn(e.File, e.Text, e.outers, lookup))
	}
	return joined(docs)
}

// unsetIn is a document whose mistakes are the variables that are not set.
func unsetIn(file, text string, list []outer, lookup func(string) (string, bool)) *decoder {
	d := newDecoder(file, []byte(text))
	for _, o := range list {
		if _, ok := lookup(o.name); !ok {
			d.failAt(o.span, complaint{msg: "the environment variable " + o.name + " is not set", hint: "export " + o.name + "=... before the run"})
		}
	}
	return d
}
