package incidents

import "github.com/blastgauge/blastgauge/experiments/shape"

// incidentShape is the part of a document that says what is known of an incident.
func incidentShape(i *Incident) shape.Shape {
	return shape.Fields{
		{Name: "incident", Doc: "its id, and that of its experiment", Shape: shape.Line(&i.ID), Required: true},
		{Name: "title", Doc: "what went wrong, in a few words", Shape: shape.Line(&i.Title), Required: true},
		{Name: "company", Doc: "whose it was", Shape: shape.Line(&i.Company), Required: true},
		{Name: "when", Doc: "the day, or what is known of it", Shape: shape.Line(&i.When), Required: true},
		{Name: "happened", Doc: "what happened, and how that is known", Required: true,
			Shape: shape.List[Claim]{To: &i.Happened, Min: 1, Item: func(c *Claim) shape.Shape {
				return shape.Fields{
					{Name: "claim", Doc: "one thing that happened", Shape: shape.Line(&c.Claim), Required: true},
					{Name: "known", Doc: "how it is known", Shape: knownShape(&c.Known), Required: true},
				}
			}}},
		{Name: "contested", Doc: "what is said and denied, or known from second hand only", Shape: lines(&i.Contested)},
		{Name: "sources", Doc: "where that is written", Required: true,
			Shape: shape.List[Source]{To: &i.Sources, Min: 1, Item: func(s *Source) shape.Shape {
				return shape.Fields{
					{Name: "name", Doc: "who wrote what", Shape: shape.Line(&s.Name), Required: true},
					{Name: "url", Doc: "its address", Shape: shape.Line(&s.URL)},
					{Name: "known", Doc: "what kind of text it is", Shape: knownShape(&s.Known), Required: true},
				}
			}}},
		{Name: "reenacted", Doc: "how it is re-enacted", Shape: shape.Line(&i.Reenacted), Required: true},
		{Name: "keeps", Doc: "what the re-enactment has in common with it", Shape: lines(&i.Keeps), Required: true},
		{Name: "leaves_out", Doc: "what it has not", Shape: lines(&i.LeavesOut), Required: true},
		{Name: "good", Doc: "what a good system does", Shape: shape.Line(&i.Good), Required: true},
		{Name: "roles", Doc: "what stands for dependencies of a system", Required: true,
			Shape: shape.Dict[Role]{To: &i.Roles, Key: anyName(), Min: 1, Item: func(name string, r *Role) shape.Shape {
				r.Name = name
				return shape.Fields{
					{Name: "what", Doc: "what takes this role in a system", Shape: shape.Line(&r.What), Required: true},
					{Name: "place", Doc: "true: it is a place in a document", Shape: shape.Scalar[bool]{To: &r.Place, Want: "true", Loose: true, Parse: isTrue}},
				}
			}}},
		{Name: "demo", Doc: "what becomes of the shop in examples/checkout", Required: true, Shape: shape.Fields{
			{Name: "bind", Doc: "who takes the roles there", Shape: shape.Table[string]{To: &i.Demo.Bind, Key: anyName(), Item: shape.Line}, Required: true},
			{Name: "naive", Doc: "of its naive build", Shape: outcomeShape(&i.Demo.Naive), Required: true},
			{Name: "hardened", Doc: "of its hardened build", Shape: outcomeShape(&i.Demo.Hardened), Required: true},
		}},
	}
}

func lines(to *[]string) shape.Shape {
	return shape.List[string]{To: to, Item: shape.Line, Min: 1}
}

func knownShape(to *Known) shape.Shape {
	return shape.Enum(to, "a way to know it", Company, Republished, Collection, Secondary, Press, Own)
}

func outcomeShape(o *Outcome) shape.Shape {
	return shape.Fields{
		{Name: "harm", Doc: "how checkouts are harmed", Shape: shape.Enum(&o.Harm, "a harm", None, Late, Wrong, Failed), Required: true},
		{Name: "step", Doc: "at which step", Shape: shape.Line(&o.Step)},
		{Name: "breaks", Doc: "the invariant that breaks", Shape: shape.Line(&o.Breaks)},
		{Name: "why", Doc: "what the shop does", Shape: shape.Line(&o.Why), Required: true},
	}
}

func isTrue(text string) (bool, *shape.Diagnostic) {
	if text != "true" {
		return false, &shape.Diagnostic{Msg: "true is needed here, or nothing"}
	}
	return true, nil
}

func anyName() shape.Names {
	return shape.Names{Check: func(string) *shape.Diagnostic { return nil }}
}
