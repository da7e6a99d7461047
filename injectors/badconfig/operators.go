package badconfig

import "fmt"

// An Operator is one way in which config goes wrong.
type Operator struct {
	Name       string
	Summary    string
	Parameters []Parameter
	Example    string // its parameters, as a YAML flow mapping
	Formats    []Format
	Parses     bool   // the result reads as a document whenever the original does
	Schema     string // whether a strict schema would catch it
	Robust     string // what a robust reader does about it
}

// An operator is one with the function that reads its parameters.
type operator struct {
	Operator
	make func(*params, *Mutation) func(Document) (Result, error)
}

// Operators lists the sixteen, in the order in which they are documented.
func Operators() []Operator {
	list := operators()
	public := make([]Operator, len(list))
	for i, o := range list {
		public[i] = o.Operator
	}
	return public
}

// Names are the names of the operators, in the order of [Operators].
func Names() []string {
	var names []string
	for _, o := range operators() {
		names = append(names, o.Name)
	}
	return names
}

// What a robust reader does, by class of fault.
const (
	keepsLastGood = "rejects it and keeps the last good document, also across a restart"
	refusesOlder  = "refuses a revision older than the one it has, or one beyond a maximum age"
	guards        = "compares with the last good document: how much changed, for what share of items"
	climbs        = "takes a change in steps with a check of health at each, and logs the revision it works with"
	relates       = "checks values that belong together when it loads them"
	looksAhead    = "watches the days that are left, and accepts two keys at once"
	neverEmpty    = "never swaps to an empty set of endpoints"
)

func structured() []Format { return []Format{JSON, YAML} }

func operators() []operator {
	return []operator{
		opDrop(), opBlank(), opRetype(), opTruncate(), opDuplicate(), opRename(), opStale(), opScale(),
		opExtreme(), opWiden(), opFlip(), opSplit(), opUnpair(), opExpire(), opEndpoints(), opCandidate(),
	}
}

func pathParameter(what string) Parameter {
	return Parameter{Name: "path", Unit: Path, Doc: what + "; without it, the seed chooses"}
}

// A step finds out what an operator changes in a document that was read, and
// says in words what became of the first value.
type step func(t *tree, doc Document) (changes []change, what string, err error)

// onTree makes an operator of a step.
func onTree(m *Mutation, s step) func(Document) (Result, error) {
	return func(doc Document) (Result, error) {
		t, err := parse(doc)
		if err != nil {
			return Result{}, err
		}
		changes, what, err := s(t, doc)
		if err != nil {
			return Result{}, err
		}
		if len(changes) == 0 {
			return Result{}, unfit("%s would leave it as it is", m.operator)
		}
		r, err := t.apply(changes)
		if err != nil {
			return Result{}, err
		}
		r.What = m.operator + ": " + shown(r.Where[0]) + " " + what
		more := len(r.Where) - 1
		for _, c := range changes {
			if c.said {
				more--
			}
		}
		if more > 0 {
			r.What += fmt.Sprintf(", and %d more", more)
		}
		return r, nil
	}
}

// eachFound is the step that changes every value found in the same way.
func eachFound(p place, c choice, one func(*node) (change, string)) step {
	return func(t *tree, doc Document) ([]change, string, error) {
		found, err := t.find(p, doc.Seed, c)
		if err != nil {
			return nil, "", err
		}
		var changes []change
		var first string
		for i, n := range found {
			ch, what := one(n)
			if i == 0 {
				first = what
			}
			changes = append(changes, ch)
		}
		return changes, first, nil
	}
}

// only says why a value that is none of some kinds does not suit.
func only(verb string, kinds ...kind) func(*node) string {
	return func(n *node) string {
		for _, k := range kinds {
			if n.kind == k {
				return ""
			}
		}
		return fmt.Sprintf("%s is %s, not %s", shown(n.pointer()), n.kind, verb)
	}
}

func anything(*node) string { return "" }

func isLeaf(n *node) bool { return n.kind < list }

func isSet(n *node) bool { return n.kind != null }
