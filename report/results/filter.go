package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A filter shows a reader the experiments of one verdict, owner or dependency alone, on the
// whole page. It is all in styles, so it works without script; where a server blocks the
// styles of a page, it is not shown, as it would do nothing. An experiment that a link leads
// to is shown in any case.
type filter struct {
	Groups []filterGroup
	Of     int // experiments
	Styles template.RawText
}

// A filterGroup is one list to choose from.
type filterGroup struct {
	ID, Label string
	Values    []string // what each means, in the order of the list
}

// mostFilterValues bounds a list: no reader finds a value in a longer one.
const mostFilterValues = 200

// A filterKey says which values an experiment has.
type filterKey struct {
	id, label string
	values    func(*experiment) []string
	order     func([]string) []string
}

func filterKeys() []filterKey {
	bySeverity := func(list []string) []string {
		var sorted []string
		for _, v := range words.Severity() {
			if word := words.Verdict(v); slices.Contains(list, word) {
				sorted = append(sorted, word)
			}
		}
		return sorted
	}
	byName := func(list []string) []string { slices.Sort(list); return list }
	return []filterKey{
		{"_fv", "Verdict", func(e *experiment) []string { return []string{words.Verdict(e.Verdict)} }, bySeverity},
		{"_fo", "Owner", func(e *experiment) []string { return e.s.owners(e.Experiment) }, byName},
		{"_fd", "Dependency", func(e *experiment) []string { return intoOf(e.Experiment) }, byName},
	}
}

// intoOf are the dependencies that the faults of an experiment go into, each once.
func intoOf(e *result.Experiment) (list []string) {
	for _, f := range e.Faults {
		if !slices.Contains(list, f.Into) {
			list = append(list, f.Into)
		}
	}
	return list
}

// newFilter returns the filter of some experiments, and marks these with the classes that it
// goes by. It is nil where there is nothing to choose.
func newFilter(list []*experiment) *filter {
	f := &filter{Of: len(list)}
	for _, key := range filterKeys() {
		values := key.known(list)
		if len(values) < 2 || len(values) > mostFilterValues {
			continue
		}
		for _, e := range list {
			for _, v := range key.values(e) {
				e.marks = append(e.marks, key.class(slices.Index(values, v)))
			}
		}
		f.Groups = append(f.Groups, filterGroup{key.id, key.label, values})
	}
	if len(f.Groups) == 0 {
		return nil
	}
	f.Styles = f.styles()
	return f
}

// known are the values that any experiment has, in their order.
func (k filterKey) known(list []*experiment) []string {
	var values []string
	for _, e := range list {
		for _, v := range k.values(e) {
			if !slices.Contains(values, v) && len(values) <= mostFilterValues {
				values = append(values, v)
			}
		}
	}
	return k.order(values)
}

// class marks the experiments with a value, by its number.
func (k filterKey) class(value int) string {
	return strings.TrimPrefix(k.id, "_") + strconv.Itoa(value)
}

// styles are the rules that hide what was not chosen. Nothing in them is a text of the
// result.
func (f *filter) styles() template.RawText {
	var b strings.Builder
	b.WriteString("@media screen{.filter[hidden]{display:flex}}")
	var chosen []string
	for _, g := range f.Groups {
		for i := range g.Values {
			fmt.Fprintf(&b, "body:has(#%s>[value=\"%d\"]:checked) .xp:not(.%s%d):not(:target){display:none}", g.ID, i, strings.TrimPrefix(g.ID, "_"), i)
		}
		chosen = append(chosen, "#"+g.ID+">[value]:not([value=\"\"]):checked")
	}
	fmt.Fprintf(&b, "body:has(%s) .shown{display:block}", strings.Join(chosen, ","))
	return template.RawText(b.String())
}

// Marks are the classes of the experiment that the filter goes by.
func (e *experiment) Marks() string { return strings.Join(append([]string{"xp"}, e.marks...), " ") }
