package badconfig

import "github.com/blastgauge/blastgauge/injectors/badconfig/edit"

import "fmt"

// An operator is one way in which config goes wrong. Its parameters, with their
// bounds and what they mean, stand in the catalogue of package injectors.
type operator struct {
	name   string
	parses bool // the result reads as a document of its format whenever the original does
	// build reads the parameters and returns the function that makes a document bad.
	build func(*params, *Mutation) func(Document) (Result, error)
}

// Names lists the operators' names, in the order of the catalogue.
func Names() []string {
	var names []string
	for _, o := range operators() {
		names = append(names, o.name)
	}
	return names
}

func operators() []operator {
	return []operator{
		opDrop(), opBlank(), opRetype(), opTruncate(), opDuplicate(), opRename(), opStale(), opScale(),
		opExtreme(), opWiden(), opFlip(), opSplit(), opUnpair(), opExpire(), opEndpoints(), opCandidate(),
	}
}

// A step returns what an operator changes in a parsed document, and a description of what
// became of the first value.
type step func(t *edit.Tree, doc Document) (changes []edit.Change, what string, err error)

// onTree returns the function that parses a document, applies a step and describes the
// result.
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
		e, err := t.Apply(changes)
		if err != nil {
			return Result{}, unfit("%w", err)
		}
		r := Result{Body: e.Body, Changed: true, Where: e.Where, Rewritten: e.Rewritten}
		r.What = m.operator + ": " + shown(r.Where[0]) + " " + what
		more := len(r.Where) - 1
		for _, c := range changes {
			if c.Mentioned {
				more--
			}
		}
		if more > 0 {
			r.What += fmt.Sprintf(", and %d more", more)
		}
		return r, nil
	}
}

// eachFound returns the step that changes every value found in the same way.
func eachFound(p place, c choice, one func(*edit.Node) (edit.Change, string)) step {
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		found, err := findNodes(t, p, doc.Seed, c)
		if err != nil {
			return nil, "", err
		}
		var changes []edit.Change
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

func anything(*edit.Node) string { return "" }

func isLeaf(n *edit.Node) bool { return n.Kind < edit.List }

func isSet(n *edit.Node) bool { return n.Kind != edit.Null }

// parse reads a document.
func parse(doc Document) (t *edit.Tree, err error) {
	switch doc.Format {
	case JSON:
		t, err = edit.ParseJSON(doc.Body)
	case YAML:
		t, err = edit.ParseYAML(doc.Body)
	default:
		return nil, unfit("it is neither JSON nor YAML; on any text there are truncate, blank, stale, split and candidate")
	}
	if err != nil {
		return nil, unfit("%w", err)
	}
	return t, nil
}
