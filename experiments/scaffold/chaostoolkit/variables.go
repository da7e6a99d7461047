package chaostoolkit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A piece is a part of a text whose variables were looked up: a literal, or a variable of
// the environment where env is set.
type piece struct {
	text   string // the literal, or the default of the variable
	env    string
	or     bool   // the variable has a default
	secret bool   // a literal that no document may hold
	name   string // of the variable that it comes from, for messages
}

// A binding is what a variable stands for.
type binding struct {
	piece
	kind shape.Kind // of a literal: a whole value that is a variable keeps its type
	node shape.Node // for messages
}

// A scope knows the variables of configuration and secrets.
type scope struct {
	known  map[string]binding
	vault  *draft.Vault
	needed map[string]bool // variables of the environment that were told
	file   string
	unset  []draft.Secret
}

// configure reads configuration and secrets. Configuration wins where both have a name.
func (r *reader) configure(root shape.Node) {
	if groups, ok := root.Lookup("secrets"); ok {
		for _, group := range groups.Keys() {
			if list, ok := groups.Lookup(group.Text()); ok {
				r.bind(list, true)
			}
		}
	}
	if list, ok := root.Lookup("configuration"); ok {
		r.bind(list, false)
	}
	r.toxiproxy()
}

func (r *reader) bind(list shape.Node, secret bool) {
	for _, key := range list.Keys() {
		v, _ := list.Lookup(key.Text())
		name := key.Text()
		b := binding{node: v, kind: v.Kind()}
		b.name, b.secret = name, secret || redact.SecretName(name)
		switch kind := textOf(v, "type"); {
		case v.IsScalar() && v.Kind() != shape.Null:
			b.text = v.Text()
		case (kind == "env" || kind == "environment") && envForm.MatchString(textOf(v, "key")):
			b.env = textOf(v, "key")
			b.text, b.or = defaultOf(v)
			if b.secret {
				b.text, b.or = "", false
			}
		case v.Kind() == shape.Mapping && kind != "":
			r.leave(v, "configuration "+name, "its value comes from "+article(kind)+", which is asked when Chaos Toolkit runs: ${env:NAME} takes its place where it is used")
			continue
		default: // lists and the like are for other extensions
			continue
		}
		r.known[name] = b
	}
}

// defaultOf returns the default of a variable of the environment, if a document can hold it.
func defaultOf(v shape.Node) (string, bool) {
	or, ok := v.Lookup("default")
	if !ok || !or.IsScalar() || or.Kind() == shape.Null || strings.ContainsAny(or.Text(), "}\n\r") || strings.HasSuffix(or.Text(), "|raw") { // which would be read as a filter
		return "", false
	}
	return or.Text(), true
}

func article(kind string) string { return fmt.Sprintf("a %.40s", line(kind)) }

var (
	envForm      = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
	variableForm = lazyregexp.New(`\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})`)
)

// expand looks up the variables of a text, which are written as Python's templates have
// them. A $ that begins none is itself.
func (s *scope) expand(text string) (list []piece) {
	at := 0
	literal := func(t string) {
		if last := len(list) - 1; last >= 0 && list[last].env == "" && list[last].name == "" {
			list[last].text += t
		} else if t != "" {
			list = append(list, piece{text: t})
		}
	}
	for _, m := range variableForm.FindAllStringSubmatchIndex(text, -1) {
		literal(text[at:m[0]])
		at = m[1]
		switch {
		case m[2] >= 0:
			literal("$")
		case m[4] >= 0:
			list = append(list, s.lookup(text[m[4]:m[5]]))
		default:
			list = append(list, s.lookup(text[m[6]:m[7]]))
		}
	}
	literal(text[at:])
	return list
}

// lookup returns what a variable stands for. One that the file does not say is one of the
// environment.
func (s *scope) lookup(name string) piece {
	if b, ok := s.known[name]; ok {
		return b.piece
	}
	variable := s.vault.VariableFor("\x00"+name, name, fmt.Sprintf("variable %s, which has no value in %s", name, s.file))
	return piece{env: variable, name: name}
}

// shown returns a text as it is where no variable of the environment is set. It reports
// false where one has no default, and for a text with a secret, which it leaves out.
func shown(list []piece) (string, bool) {
	var b strings.Builder
	known := true
	for _, p := range list {
		if p.secret {
			known = false
			continue
		}
		b.WriteString(p.text)
		known = known && (p.env == "" || p.or)
	}
	return b.String(), known
}

// literal returns a text without variables of the environment and secrets.
func literal(list []piece) (string, bool) {
	var b strings.Builder
	for _, p := range list {
		if p.env != "" || p.secret {
			return "", false
		}
		b.WriteString(p.text)
	}
	return b.String(), true
}

// parts returns a text as documents write it. encode is what its place needs of literals;
// filter is put behind variables of the environment.
func (s *scope) parts(list []piece, encode func(string) string, filter string) (out []draft.Piece) {
	add := func(text string) {
		if last := len(out) - 1; last >= 0 && out[last].Variable == "" {
			out[last].Literal += text
		} else if text != "" {
			out = append(out, draft.Piece{Literal: text})
		}
	}
	for _, p := range list {
		variable := ""
		switch {
		case p.env != "":
			variable = s.environment(p) + filter
		case p.secret && p.text != "":
			variable = "env:" + s.vault.VariableFor(p.text, p.name, "secret "+p.name+" of "+s.file)
		default:
			add(encode(p.text))
			continue
		}
		if last := len(out) - 1; last >= 0 && strings.HasSuffix(out[last].Literal, "$") { // $ before a variable would be the text ${
			out[last].Literal = strings.TrimSuffix(out[last].Literal, "$")
			out = append(out, draft.Variable("random $|$"))
		}
		out = append(out, draft.Variable(variable))
	}
	return out
}

// environment is a variable of the environment as documents write it.
func (s *scope) environment(p piece) string {
	if p.or {
		return "env:" + p.env + ":-" + p.text
	}
	if of, made := s.known[p.name]; made && of.env == p.env && !s.needed[p.env] {
		s.unset = append(s.unset, draft.Secret{Name: p.env, Of: fmt.Sprintf("configuration %s of %s, line %d", p.name, s.file, of.node.Line())})
		s.needed[p.env] = true
	}
	return "env:" + p.env
}

// template writes a text of an address.
func (s *scope) template(list []piece) string {
	return (&draft.Slot{Parts: s.parts(list, asIs, "")}).Text()
}

func asIs(text string) string { return text }

// slot returns a value of a request.
func (s *scope) slot(in draft.Place, key, text string) *draft.Slot {
	list := s.expand(text)
	value, _ := literal(list)
	return &draft.Slot{In: in, Key: key, Value: value, Parts: s.parts(list, asIs, "")}
}

// toxiproxy finds the address of the API, as the driver does.
func (r *reader) toxiproxy() {
	said, ok := r.known["toxiproxy_url"]
	list := []piece{said.piece}
	if !ok {
		if said, ok = r.known["toxiproxy_host"]; !ok {
			return
		}
		port := r.known["toxiproxy_port"].piece
		if port == (piece{}) {
			port.text = "8474"
		}
		list = []piece{{text: "http://"}, said.piece, {text: ":"}, port}
	}
	r.dial(said.node, list)
}

// reach takes the address of the API that the method names, where configuration has none.
func (r *reader) reach(list []activity) {
	for _, a := range list {
		if len(r.api) > 0 || a.call == nil || len(a.call.api) == 0 {
			continue
		}
		r.dial(a.node, slices.Clone(a.call.api))
	}
}

// dial takes an address of the API over, where that may be dialled.
func (r *reader) dial(at shape.Node, list []piece) {
	last := &list[len(list)-1]
	last.text = strings.TrimSuffix(last.text, "/")
	r.api = list
	if text, known := shown(list); known {
		if redact.HasLogin(text) {
			r.leave(at, "toxiproxy", "its URL holds a login, which Toxiproxy has not: write the address into toxiproxy: without it")
			return
		}
		if host, ok := hostOf(text); !ok || !r.mayDial(host) {
			r.leave(at, "toxiproxy", line(text)+" may not be dialled unless you say so: give --toxiproxy and --allow-host, or write it into toxiproxy: and its host into allow_hosts:")
			return
		}
	}
	r.out.Toxiproxy = r.template(list)
}
