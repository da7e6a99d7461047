package injectors

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The kinds here make config bad, with one operator each: in a document that a
// dependency serves, or in a file.

// formats lists the document formats that operators can read.
func formats() []string { return []string{"json", "yaml", "text"} }

func httpConfig() Kind {
	return Kind{
		Name: "http_config", Level: Message, Acts: "requests", Wire: "http_config", Streamless: true, Config: true, Schemes: requestSchemes(),
		Summary: "a document that the dependency serves goes bad",
		Attributes: append([]Attribute{
			{Name: "format", Unit: Word, Wire: "format", Words: formats(),
				Doc: "how the document is written; by default, as its Content-Type or the document itself says"},
			{Name: "flap", Unit: Duration, Min: 0.1, Max: 3600, Wire: "flap", Scale: toMillis,
				Doc: "good and bad by turns, each for so long, such as 5s; it begins bad"},
			{Name: "limit", Unit: Size, Min: 1, Max: 64 << 20, Wire: "limit", Scale: unscaled,
				Doc: "documents that are longer pass unchanged, and are counted; 4 MiB by default"},
			matchRequests(), firstAttribute("requests"),
		}, operators()...),
		Example: "{inject: http_config, into: settings, scale: {path: /price/factor, by: 100}, match: {path: /settings}}",
		Caveats: []Caveat{
			{Text: "a system that keeps documents meets it when it reads again: wait that long, and see that the recovery phase is longer too"},
		},
		wireOnly: []Attribute{
			{Name: "seed", Unit: Count, Min: 1, Max: 1 << 53, Wire: "seed", Scale: unscaled, Doc: "decides what the operator leaves to chance; the proxy's own by default"},
			{Name: "when", Unit: Word, Wire: "when", Words: []string{after}, fallback: after, Doc: "the dependency has answered"},
		},
		together: oneOperation("http_config", operators()), source: documentGiven("http_config"),
	}
}

func configFile() Kind {
	list := slices.DeleteFunc(slices.Clone(operators()), func(a Attribute) bool { return a.Name == "split" })
	return Kind{
		Name: "config_file", Level: File, Wire: "config_file", Streamless: true, Config: true,
		Summary: "a config file goes bad, and is put back",
		Attributes: append([]Attribute{
			{Name: "file", Unit: Text, Required: true, Wire: "file",
				Doc: "the file, such as /etc/shop/settings.yaml; relative ones are seen from the working directory"},
			{Name: "within", Unit: Text, Wire: "within",
				Doc: "the folder that the file must really be in, links followed; its own by default"},
			{Name: "format", Unit: Word, Wire: "format", Words: formats(),
				Doc: "how the file is written; by default, as its name or the file itself says"},
			{Name: "flap", Unit: Duration, Min: 0.1, Max: 3600, Wire: "flap", Scale: toMillis,
				Doc: "good and bad by turns, each for so long, such as 5s; it begins bad"},
		}, list...),
		Example: "{inject: config_file, into: pricing, file: /etc/shop/pricing.yaml, drop: {path: /tax/rate}}",
		Caveats: []Caveat{
			{Text: "only a system that reads the file again meets it: at its next look, its next start, or when it is told"},
			{Text: "where both instances of a control_url read it, say control: baseline, or give the control a file of its own"},
		},
		together: oneOperation("config_file", list), source: documentGiven("config_file"),
	}
}

// oneOperation is the rule that a fault is one operator of those that the kind knows.
func oneOperation(kind string, operators []Attribute) func(Attributes) mistake {
	return func(a Attributes) mistake {
		var given, known []string
		for _, o := range operators {
			known = append(known, o.Name)
			if _, ok := a[o.Name]; ok {
				given = append(given, o.Name)
			}
		}
		switch len(given) {
		case 0:
			return mistake{"operator", kind + " needs an operator, one of " + strings.Join(known, ", ")}
		case 1:
			return mistake{}
		}
		return mistake{given[1], fmt.Sprintf("%s is one operator, not %s", kind, strings.Join(given, " and "))}
	}
}

// documentGiven is the rule for the document that an operator serves. Documents of the
// language name a file or hold the text; on the wire, the text of a file comes with
// its name.
func documentGiven(kind string) func(Attributes, bool) mistake {
	return func(a Attributes, wire bool) mistake {
		name, parameters := a.Operator()
		from := FileAttribute(name)
		_, named := parameters[from]
		_, inline := parameters["body"]
		switch {
		case from == "":
		case wire && named && !inline:
			return mistake{name, fmt.Sprintf("%s: the text of %v must come with it, as body", name, parameters[from])}
		case !wire && named && inline:
			return mistake{name, fmt.Sprintf("%s and body say the same: give one of them", from)}
		case !named && !inline && name == "candidate":
			return mistake{name, "candidate needs file: the document that somebody wants to ship, such as {file: settings-next.json}"}
		case !named && !inline && name == "stale" && kind == "config_file":
			return mistake{name, "stale needs from: earlier versions of a file are not known; give one, such as {from: settings-118.json}"}
		}
		return mistake{}
	}
}

// FileAttribute returns the name of the parameter that names a file whose text is
// sent with the fault, as body. It is empty for operators that need no file.
func FileAttribute(operator string) string {
	return map[string]string{"stale": "from", "split": "from", "candidate": "file"}[operator]
}

// Operator returns the operator of a fault that makes config bad, and the
// operator's parameters. The name is empty for other faults.
func (a Attributes) Operator() (name string, parameters map[string]any) {
	for _, o := range operators() {
		if held, ok := a[o.Name].(map[string]any); ok {
			return o.Name, held
		}
	}
	return "", nil
}

// OperatorParameters returns the parameters of an operator that makes config bad:
// their names, units, bounds and words. It returns nil for an unknown operator.
func OperatorParameters(operator string) []Attribute {
	for _, o := range operators() {
		if o.Name == operator {
			return o.Fields
		}
	}
	return nil
}

// operators lists the operators of package badconfig as attributes, in the order in
// which they are documented.
var operators = sync.OnceValue(func() []Attribute {
	list := simpleOperations()
	return slices.Insert(list, slices.IndexFunc(list, func(a Attribute) bool { return a.Name == "unpair" }), opSplit())
})

func opSplit() Attribute {
	return operation("split", "some clients get another revision than the rest, always the same ones", "{share: 12.5%, with: {scale: {path: /price/factor, by: 100}}}",
		Attribute{Name: "share", Unit: Share, Min: 0.0001, Max: 1, Doc: "the share of clients, told apart by address; 50% by default"},
		fileParameter("from", "the file of the other revision, relative to the experiment; without it, the first version that was seen"),
		bodyParameter("from"),
		Attribute{Name: "with", Unit: Inner, Fields: editingOperations(), Doc: "the operator that makes the other revision, such as {scale: {path: /price/factor, by: 100}}"}).ruled(splitRule)
}

// editingOperations lists the operators that edit the document. The others bring
// one along.
func editingOperations() []Attribute {
	return slices.DeleteFunc(simpleOperations(), func(a Attribute) bool { return FileAttribute(a.Name) != "" })
}

// simpleOperations lists all operators except split, which contains another one.
func simpleOperations() []Attribute {
	return []Attribute{
		operation("drop", "a key is missing, or null", "{path: /tax, as: null}", pathParameter("what is missing"),
			Attribute{Name: "as", Unit: Word, Words: []string{"absent", "null"}, Doc: "absent: the key is gone (the default); null: its value is null"}),
		operation("blank", "what should be there is empty", "{path: /price/minimum}", pathParameter("what is emptied")),
		operation("retype", "a value is of another type", "{path: /price/minimum, to: locale}", pathParameter("the value"),
			Attribute{Name: "to", Unit: Word, Words: []string{"natural", "string", "locale", "number", "boolean", "list", "scalar", "object"},
				Doc: "natural: the mistake that people make with such a value (the default); locale: 12.50 becomes \"12,50\""}),
		operation("truncate", "the document ends early", "{keep: 60%}",
			Attribute{Name: "keep", Unit: Share, Min: 0.0001, Max: 1, Doc: "the share of its bytes that is left; 60% by default"},
			Attribute{Name: "bytes", Unit: Count, Max: 1 << 40, Doc: "how many bytes are left, in place of keep"},
			Attribute{Name: "at", Unit: Word, Words: []string{"byte", "line"}, Doc: "byte: anywhere (the default); line: after the last whole line"}).ruled(truncateRule),
		operation("duplicate", "entries or keys stand there more than once", "{path: /discounts, times: 4}", pathParameter("the list, the object or the member"),
			Attribute{Name: "times", Unit: Count, Min: 2, Max: 10_000, Doc: "how often all stands there afterwards; 2 by default"},
			Attribute{Name: "as", Unit: Word, Words: []string{"natural", "entries", "key"}, Doc: "entries: of a list or an object again; key: the key stands again; natural: whichever fits (the default)"},
			Attribute{Name: "value", Unit: Value, Doc: "of a key that stands twice: its second value"}).ruled(duplicateRule),
		operation("rename", "a key has another name, or a list another length", "{path: /tax/rate, to: tax_rate}", pathParameter("the member or the list"),
			Attribute{Name: "to", Unit: Text, Doc: "its new name; without it, snake_case becomes camelCase and the other way round"},
			Attribute{Name: "arity", Unit: Count, Min: -100, Max: 100, Doc: "of a list: how many entries more, or less"}).ruled(renameRule),
		operation("stale", "an older revision is served as the current one", "{from: settings-118.json}",
			fileParameter("from", "the file of the older revision, relative to the experiment; without it, the first version that was seen"),
			bodyParameter("from")),
		operation("scale", "numbers are off by a factor", "{path: \"$.products[*].price\", by: 100}", pathParameter("the numbers"),
			Attribute{Name: "by", Unit: Factor, Doc: "what numbers are multiplied by, such as 100, 0.01 or \"1/60\"; 100 by default"},
			Attribute{Name: "unit", Unit: Text, Doc: "in place of by: the unit or currency that a text gets, such as ms for 30s"}).ruled(scaleRule),
		operation("extreme", "a value is at the edge of what is legal", "{path: /discounts/0/percent, to: 100}", pathParameter("the value"),
			Attribute{Name: "to", Unit: Value, Doc: "of a number: the boundary, such as 0 or 100, or int32 or int64 for the largest one of that size; int32 by default"},
			Attribute{Name: "length", Unit: Count, Min: 1, Max: 1e6, Doc: "of a text in characters, of a list in entries; 10000 by default"}).ruled(extremeRule),
		operation("widen", "what selected one thing selects everything", "{path: /discounts/0/sku}", pathParameter("the selector"),
			Attribute{Name: "to", Unit: Text, Doc: "what it becomes; without it, what matches all in its form: *, .*, /, 0.0.0.0/0"}),
		operation("flip", "a flag is on for all, or off", "{path: /flags/new_tax_engine}", pathParameter("the flag or the percentage"),
			Attribute{Name: "to", Unit: Value, Doc: "what it becomes instead"}),
		operation("unpair", "values that are fine alone do not fit one another", "{set: {/client/timeout: 10, /server/timeout: 3}}",
			Attribute{Name: "set", Unit: Values, valid: notEmpty, Doc: "paths and what to put there, such as {/client/timeout: 10, /server/timeout: 3}"},
			Attribute{Name: "swap", Unit: Paths, valid: twoPaths, Doc: "two paths whose values change places"}).ruled(unpairRule),
		operation("expire", "a date has passed, or a credential is another one", "{path: /keys/0/not_after, days: 1}", pathParameter("the date or the credential"),
			Attribute{Name: "days", Unit: Count, Min: -36_500, Max: 36_500, Doc: "how many days ago a date is; below 0, how far ahead; 1 by default"}),
		operation("endpoints", "a set of addresses is empty, partial, dead or another one's", "{path: /upstreams, as: dead, keep: 2}", pathParameter("the list"),
			Attribute{Name: "as", Unit: Word, Words: []string{"empty", "partial", "dead", "refused", "wrong"},
				Doc: "empty: none (the default); partial: some are gone; dead: the others never answer; refused: they refuse; wrong: they are to"},
			Attribute{Name: "keep", Unit: Count, Max: 1e6, Doc: "how many entries stay as they are; half of them when partial, else none"},
			Attribute{Name: "to", Unit: Text, Doc: "of wrong: the address in their place, as host or host:port"}).ruled(endpointsRule),
		operation("candidate", "the document that somebody wants to ship is served in place of the real one", "{file: settings-next.json}",
			fileParameter("file", "the file that holds it, relative to the experiment"), bodyParameter("file")),
	}
}

// operation describes an operator as an attribute. Its parameters have the same
// names and units on the wire.
func operation(name, doc, example string, parameters ...Attribute) Attribute {
	for i := range parameters {
		parameters[i].Wire, parameters[i].Scale = parameters[i].Name, unscaled
	}
	return Attribute{Name: name, Unit: Operation, Wire: name, Doc: doc, Example: example, Fields: parameters}
}

func pathParameter(what string) Attribute {
	return Attribute{Name: "path", Unit: Path, Doc: what + ": a JSON Pointer such as /price/factor, or a JSONPath such as $.price.factor; without it, the seed chooses"}
}

func fileParameter(name, doc string) Attribute {
	return Attribute{Name: name, Unit: Document, Doc: doc}
}

func bodyParameter(other string) Attribute {
	return Attribute{Name: "body", Unit: Text, Doc: "the text itself, in place of " + other}
}
