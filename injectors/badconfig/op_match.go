package badconfig

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opWiden makes a selector match everything. No schema catches it. A robust reader
// compares with the last good document: how much changed, for how many items.
func opWiden() operator {
	return operator{"widen", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, to, given := p.place(), p.text("to"), p.has("to")
		wide := func(n *edit.Node) (any, bool) {
			if given {
				return to, n.Kind != edit.String || n.Value != to
			}
			return widened(n)
		}
		suits := func(n *edit.Node) string {
			if _, ok := wide(n); !ok {
				return shown(n.Pointer()) + " selects everything already, or is no selector: a text, a list of texts or an object"
			}
			return ""
		}
		offers := prefer(func(n *edit.Node) bool { return n.Kind == edit.String })
		return onTree(m, eachFound(at, choice{suits, offers, "text that could select"}, func(n *edit.Node) (edit.Change, string) {
			v, _ := wide(n)
			return edit.Change{Do: edit.Set, At: n, Value: v}, "matches everything"
		}))
	}}
}

// widened returns a selector of the same form that matches everything.
func widened(n *edit.Node) (any, bool) {
	switch n.Kind {
	case edit.String:
		v := widest(n.Value)
		return v, v != n.Value
	case edit.List:
		if n.IsAlias || len(n.Children) == 0 || n.Children[0].Kind != edit.String {
			return nil, false
		}
		v := widest(n.Children[0].Value)
		return []any{v}, len(n.Children) > 1 || v != n.Children[0].Value
	case edit.Object:
		return edit.Ordered{}, n.IsAlias || len(n.Children) > 0
	}
	return nil, false
}

func widest(s string) string {
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4() {
			return "0.0.0.0/0"
		}
		return "::/0"
	}
	switch {
	case strings.HasPrefix(s, "/"):
		return "/"
	case strings.HasPrefix(s, "^") || strings.HasSuffix(s, "$") || strings.Contains(s, ".*"):
		return ".*"
	}
	return "*"
}

// opFlip turns a flag all the way on or off. No schema catches it. A robust reader
// takes the change in steps, with a health check at each.
func opFlip() operator {
	return operator{"flip", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, to, given := p.place(), p.value("to"), p.has("to")
		flip := func(n *edit.Node) (any, bool) {
			if given {
				return to, true
			}
			return flipped(n)
		}
		suits := func(n *edit.Node) string {
			if _, ok := flip(n); !ok {
				return shown(n.Pointer()) + " is no flag: a boolean, a text such as off, or a share from 0 to 100"
			}
			return ""
		}
		offers := prefer(
			func(n *edit.Node) bool { return n.Kind == edit.Boolean || n.Kind == edit.String },
			func(n *edit.Node) bool { return IsFlagName(n.Key) },
			func(n *edit.Node) bool { return n.Kind == edit.Number && !strings.Contains(n.Value, ".") },
		)
		return onTree(m, eachFound(at, choice{suits, offers, "flag"}, func(n *edit.Node) (edit.Change, string) {
			v, _ := flip(n)
			return edit.Change{Do: edit.Set, At: n, Value: v}, changedFlag(n, v)
		}))
	}}
}

func changedFlag(n *edit.Node, v any) string {
	if l, ok := v.(edit.Literal); ok && n.Kind != edit.String {
		return n.Value + " → " + string(l)
	}
	return "is the opposite"
}

// opposites lists the words of flags, in pairs.
func opposites() []string {
	return []string{"true", "false", "on", "off", "yes", "no", "enabled", "disabled", "enable", "disable", "active", "inactive", "open", "closed", "allow", "deny"}
}

func flipped(n *edit.Node) (any, bool) {
	switch n.Kind {
	case edit.Boolean:
		return edit.Literal(map[string]string{"true": "false"}[n.Value] + map[string]string{"false": "true"}[n.Value]), true
	case edit.Number:
		return fullShare(n)
	case edit.String:
		if share, ok := strings.CutSuffix(n.Value, "%"); ok && decimalForm.MatchString(share) {
			if share == "100" {
				return "0%", true
			}
			return "100%", true
		}
		words := opposites()
		i := slices.Index(words, strings.ToLower(n.Value))
		if i < 0 {
			return nil, false
		}
		word := inCaseOf(n.Value, words[i^1])
		if n.InYAML() && n.Quote == 0 { // older readers take it for a boolean
			return edit.Literal(word), true
		}
		return word, true
	}
	return nil, false
}

// fullShare turns a share all the way up, or down when it is up: to 100 when it is
// whole, to 1 when it is a fraction.
func fullShare(n *edit.Node) (any, bool) {
	r, ok := rational(n.PlainNumber())
	if !ok || r.Sign() < 0 {
		return nil, false
	}
	full := "100"
	if _, fraction, ok := strings.Cut(n.Value, "."); ok {
		if f, _ := r.Float64(); f <= 1 {
			full = "1." + strings.Repeat("0", len(fraction))
		}
	}
	limit, _ := rational(full)
	switch r.Cmp(limit) {
	case 1:
		return nil, false
	case 0:
		return edit.Literal("0"), true
	}
	return edit.Literal(full), true
}

// inCaseOf writes a word with the capitals of another one.
func inCaseOf(like, word string) string {
	switch {
	case like == strings.ToUpper(like):
		return strings.ToUpper(word)
	case like[:1] == strings.ToUpper(like[:1]):
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return word
}
