package badconfig

import (
	"net/netip"
	"slices"
	"strings"
)

// opWiden makes a selector match everything. No schema catches it. A robust reader
// compares with the last good document: how much changed, for how many items.
func opWiden() operator {
	return operator{"widen", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, to, given := p.place("path"), p.text("to"), p.has("to")
		wide := func(n *node) (any, bool) {
			if given {
				return to, n.kind != text || n.value != to
			}
			return widened(n)
		}
		suits := func(n *node) string {
			if _, ok := wide(n); !ok {
				return shown(n.pointer()) + " selects everything already, or is no selector: a text, a list of texts or an object"
			}
			return ""
		}
		offers := prefer(func(n *node) bool { return n.kind == text })
		return onTree(m, eachFound(at, choice{suits, offers, "text that could select"}, func(n *node) (change, string) {
			v, _ := wide(n)
			return change{do: set, at: n, value: v}, "matches everything"
		}))
	}}
}

// widened is a selector that matches all in the form that it has.
func widened(n *node) (any, bool) {
	switch n.kind {
	case text:
		v := widest(n.value)
		return v, v != n.value
	case list:
		if n.alias || len(n.inner) == 0 || n.inner[0].kind != text {
			return nil, false
		}
		v := widest(n.inner[0].value)
		return []any{v}, len(n.inner) > 1 || v != n.inner[0].value
	case object:
		return ordered{}, n.alias || len(n.inner) > 0
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
		at, to, given := p.place("path"), p.value("to"), p.has("to")
		flip := func(n *node) (any, bool) {
			if given {
				return to, true
			}
			return flipped(n)
		}
		suits := func(n *node) string {
			if _, ok := flip(n); !ok {
				return shown(n.pointer()) + " is no flag: a boolean, a text such as off, or a share from 0 to 100"
			}
			return ""
		}
		offers := prefer(
			func(n *node) bool { return n.kind == boolean || n.kind == text },
			func(n *node) bool { return slices.ContainsFunc(nameWords(n.key), isFlagWord) },
			func(n *node) bool { return n.kind == number && !strings.Contains(n.value, ".") },
		)
		return onTree(m, eachFound(at, choice{suits, offers, "flag"}, func(n *node) (change, string) {
			v, _ := flip(n)
			return change{do: set, at: n, value: v}, changedFlag(n, v)
		}))
	}}
}

// isFlagWord knows the names of shares that switch something on.
func isFlagWord(w string) bool {
	return slices.Contains([]string{"flag", "enabled", "rollout", "percent", "percentage", "pct", "share", "ratio", "new", "experiment", "canary", "weight"}, w)
}

func changedFlag(n *node, v any) string {
	if l, ok := v.(literal); ok && n.kind != text {
		return n.value + " → " + string(l)
	}
	return "is the opposite"
}

// opposites are the words of flags, in pairs.
func opposites() []string {
	return []string{"true", "false", "on", "off", "yes", "no", "enabled", "disabled", "enable", "disable", "active", "inactive", "open", "closed", "allow", "deny"}
}

func flipped(n *node) (any, bool) {
	switch n.kind {
	case boolean:
		return literal(map[string]string{"true": "false"}[n.value] + map[string]string{"false": "true"}[n.value]), true
	case number:
		return fullShare(n)
	case text:
		if share, ok := strings.CutSuffix(n.value, "%"); ok && decimalForm.MatchString(share) {
			if share == "100" {
				return "0%", true
			}
			return "100%", true
		}
		words := opposites()
		i := slices.Index(words, strings.ToLower(n.value))
		if i < 0 {
			return nil, false
		}
		word := inCaseOf(n.value, words[i^1])
		if n.yaml != nil && n.quote == 0 { // older readers take it for a boolean
			return literal(word), true
		}
		return word, true
	}
	return nil, false
}

// fullShare turns a flag that is a share all the way: per cent where it is
// whole, else a fraction.
func fullShare(n *node) (any, bool) {
	r, ok := rational(n.plainNumber())
	if !ok || r.Sign() < 0 {
		return nil, false
	}
	full := "100"
	if _, fraction, ok := strings.Cut(n.value, "."); ok {
		if f, _ := r.Float64(); f <= 1 {
			full = "1." + strings.Repeat("0", len(fraction))
		}
	}
	limit, _ := rational(full)
	switch r.Cmp(limit) {
	case 1:
		return nil, false
	case 0:
		return literal("0"), true
	}
	return literal(full), true
}

// inCaseOf writes a word as another one is written.
func inCaseOf(like, word string) string {
	switch {
	case like == strings.ToUpper(like):
		return strings.ToUpper(word)
	case like[:1] == strings.ToUpper(like[:1]):
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return word
}
