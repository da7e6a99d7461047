package badconfig

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opScale writes numbers in another unit or currency. A schema catches it only at
// the limits of a range. A robust reader compares with the last good document.
func opScale() operator {
	return operator{"scale", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, by, unit := p.place(), p.number("by"), p.text("unit")
		if p.has("unit") {
			return onTree(m, inUnit(at, unit))
		}
		if by == "" {
			by = "100"
		}
		factor, ok := rational(by)
		if !ok {
			p.refuse("by must be a number of at most 400 digits, not %s", by)
		}
		return onTree(m, scaled(at, factor, by))
	}}
}

func scaled(at place, factor *big.Rat, by string) step {
	suits := func(n *edit.Node) string {
		if n.Kind >= edit.List && !n.IsAlias {
			some := false
			n.Walk(func(c *edit.Node) { some = some || c.Kind == edit.Number })
			if !some {
				return shown(n.Pointer()) + " holds no numbers"
			}
			return ""
		}
		if _, ok := times(n, factor); !ok {
			return shown(n.Pointer()) + " is no number, and no text with one number in it"
		}
		return ""
	}
	offers := prefer(func(n *edit.Node) bool { return n.Kind == edit.Number && strings.Trim(n.Value, "-0.") != "" })
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		found, err := findNodes(t, at, doc.Seed, choice{suits, offers, "number other than 0"})
		if err != nil {
			return nil, "", err
		}
		var changes []edit.Change
		var what string
		for _, top := range found {
			top.Walk(func(n *edit.Node) {
				v, ok := times(n, factor)
				if !ok || n.Kind == edit.String && n != top {
					return
				}
				if what == "" {
					what = changedTo(n, v)
				}
				changes = append(changes, edit.Change{Do: edit.Set, At: n, Value: v})
			})
		}
		return changes, what + ": times " + by, nil
	}
}

// changedTo describes what became of a value. It does not show texts, which may be
// secrets.
func changedTo(n *edit.Node, v any) string {
	if l, ok := v.(edit.Literal); ok && n.Kind == edit.Number {
		return n.Value + " → " + string(l)
	}
	return "is another"
}

// rational reads a number or a fraction. It limits exponents: otherwise a text of a few
// bytes could stand for a number of many.
func rational(s string) (*big.Rat, bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if e, err := strconv.Atoi(s[i+1:]); err != nil || e > 400 || e < -400 {
			return nil, false
		}
	}
	if len(s) > 400 {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// A quantity is one number in a text, with what stands before and behind it.
var (
	quantityForm = lazyregexp.New(`^(\p{Sc} ?|[A-Z]{3} ?)?([+-]?[0-9]+(?:\.[0-9]+)?)( ?[\p{L}%\p{Sc}µ]+(?:/[\p{L}]+)?)?$`)
	spanForm     = lazyregexp.New(`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+$`)
	partForm     = lazyregexp.New(`[0-9]+(\.[0-9]+)?`)
)

// times multiplies a number, or the number in a text.
func times(n *edit.Node, factor *big.Rat) (any, bool) {
	switch n.Kind {
	case edit.Number:
		return multiplied(n.PlainNumber(), factor, true)
	case edit.String:
		if spanForm.MatchString(n.Value) {
			return partForm.ReplaceAllStringFunc(n.Value, func(part string) string {
				v, _ := multiplied(part, factor, false)
				return string(v)
			}), true
		}
		m := quantityForm.FindStringSubmatch(n.Value)
		if m == nil {
			return nil, false
		}
		v, ok := multiplied(m[2], factor, false)
		return m[1] + string(v) + m[3], ok
	}
	return nil, false
}

// multiplied multiplies a number and keeps its spelling: it has as many decimals as
// before, or as many more as the product needs. With whole, whole numbers stay whole.
func multiplied(s string, factor *big.Rat, whole bool) (edit.Literal, bool) {
	r, ok := rational(s)
	if !ok || factor == nil {
		return "", false
	}
	r.Mul(r, factor)
	if strings.ContainsAny(s, "eE") {
		f, _ := r.Float64()
		return edit.Literal(strconv.FormatFloat(f, 'e', -1, 64)), f-f == 0
	}
	_, fraction, _ := strings.Cut(s, ".")
	if fraction == "" && whole {
		return edit.Literal(r.FloatString(0)), true
	}
	const most = 12 // of decimals, of what has no end
	text := r.FloatString(max(len(fraction), most))
	keep := strings.IndexByte(text, '.') + 1 + len(fraction)
	for len(text) > keep && strings.HasSuffix(text, "0") {
		text = text[:len(text)-1]
	}
	return edit.Literal(strings.TrimSuffix(text, ".")), true
}

var codeForm = lazyregexp.New(`^[A-Z]{3}$`)

// inUnit returns the step that gives texts another unit or currency.
func inUnit(at place, unit string) step {
	swap := func(n *edit.Node) (string, bool) {
		if n.Kind != edit.String {
			return "", false
		}
		if codeForm.MatchString(n.Value) {
			return unit, true
		}
		m := quantityForm.FindStringSubmatch(n.Value)
		switch {
		case m == nil || m[1] == "" && m[3] == "":
			return "", false
		case m[3] != "":
			space := m[3][:len(m[3])-len(strings.TrimLeft(m[3], " "))]
			return m[1] + m[2] + space + unit, true
		}
		space := m[1][len(strings.TrimRight(m[1], " ")):]
		return unit + space + m[2], true
	}
	suits := func(n *edit.Node) string {
		if _, ok := swap(n); !ok {
			return shown(n.Pointer()) + " is no text with a unit, such as 30s or 12.50 EUR: by is about numbers"
		}
		return ""
	}
	return eachFound(at, choice{suits, nil, "text with a unit"}, func(n *edit.Node) (edit.Change, string) {
		v, _ := swap(n)
		return edit.Change{Do: edit.Set, At: n, Value: v}, "is in " + unit
	})
}

// opExtreme puts a value at the boundary of what is legal, where no schema objects.
// A robust reader compares with the last good document.
func opExtreme() operator {
	return operator{"extreme", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, length := p.place(), p.count("length", 10_000)
		to := edit.Literal("2147483647")
		switch v := p.value("to").(type) {
		case edit.Literal:
			to = v
		case string:
			if v == "int64" {
				to = "9223372036854775807"
			}
		}
		return onTree(m, extremes(at, to, length, p.has("to"), p.has("length")))
	}}
}

func extremes(at place, to edit.Literal, length int, numbers, lengths bool) step {
	suits := func(n *edit.Node) string {
		switch {
		case n.Kind == edit.Number && !lengths || n.Kind == edit.String && n.Value != "" && !numbers:
			return ""
		case n.Kind == edit.List && len(n.Children) > 0 && !numbers:
			return ""
		}
		return shown(n.Pointer()) + " has no extreme: to is about numbers, length about texts and lists that are not empty"
	}
	offers := prefer(func(n *edit.Node) bool { return lengths || n.Kind == edit.Number })
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		found, err := findNodes(t, at, doc.Seed, choice{suits, offers, "value with an extreme"})
		if err != nil {
			return nil, "", err
		}
		var changes []edit.Change
		var what string
		for _, n := range found {
			c := edit.Change{Do: edit.Set, At: n, Value: to}
			say := changedTo(n, to)
			switch n.Kind {
			case edit.String:
				c.Value = stretched(n.Value, length)
				say = fmt.Sprintf("is a text of %d characters", length)
			case edit.List:
				c = filled(n, doc.Seed, length)
				say = fmt.Sprintf("is a list of %d entries", len(n.Children)+len(c.Entries))
			}
			if what == "" {
				what = say
			}
			changes = append(changes, c)
		}
		return slices.DeleteFunc(changes, func(c edit.Change) bool { return c.Do == edit.Add && len(c.Entries) == 0 }), what, nil
	}
}

func stretched(s string, length int) string {
	runes := []rune(s)
	out := make([]rune, length)
	for i := range out {
		out[i] = runes[i%len(runes)]
	}
	return string(out)
}

// filled returns the change that repeats one of a list's entries until the list has a
// length.
func filled(n *edit.Node, seed uint64, length int) edit.Change {
	one := n.Children[draw(seed, n.Pointer())%uint64(len(n.Children))]
	return repeated(n, []*edit.Node{one}, max(0, length-len(n.Children)))
}
