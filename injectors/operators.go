package injectors

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The rules of operators for several of their parameters. Each names the parameter at
// fault, and says what would be right.

// ruled returns the operator with a rule for several of its parameters.
func (a Attribute) ruled(together func(Attributes) mistake) Attribute {
	a.together = together
	return a
}

// CheckOperator reports the rule for several parameters that an operator breaks, as an
// [*AttributeError]; nil when all is well. The form and size of each parameter is not
// checked, and numbers may have any form that JSON's decoder gives them.
func CheckOperator(operator string, parameters Attributes) error {
	for _, o := range operators() {
		if o.Name == operator && o.together != nil {
			return o.together(parameters).err()
		}
	}
	return nil
}

func has(given Attributes, name string) bool {
	_, ok := given[name]
	return ok
}

func truncateRule(given Attributes) mistake {
	if has(given, "keep") && has(given, "bytes") {
		return mistake{"bytes", "truncate: keep and bytes say the same: give one of them"}
	}
	return mistake{}
}

func duplicateRule(given Attributes) mistake {
	if has(given, "value") && given.Text("as") == "entries" {
		return mistake{"value", "duplicate: value is about a key that stands twice: say as: key"}
	}
	return mistake{}
}

func renameRule(given Attributes) mistake {
	switch {
	case has(given, "arity") && fmt.Sprint(given["arity"]) == "0":
		return mistake{"arity", "rename: arity must not be 0: 1 is one entry more, -1 one less"}
	case has(given, "arity") && has(given, "to"):
		return mistake{"arity", "rename: to is about members, arity about lists: give one of them"}
	case has(given, "to") && given.Text("to") == "":
		return mistake{"to", "rename: to must not be empty"}
	}
	return mistake{}
}

func scaleRule(given Attributes) mistake {
	unit := given.Text("unit")
	switch {
	case has(given, "unit") && has(given, "by"):
		return mistake{"unit", "scale: by changes the number, unit what it counts: give one of them"}
	case has(given, "unit") && (unit == "" || strings.ContainsAny(unit, "0123456789")):
		return mistake{"unit", fmt.Sprintf("scale: unit must be one such as ms or EUR, not %q", unit)}
	case has(given, "by") && !changesNumbers(given["by"]):
		return mistake{"by", fmt.Sprintf("scale: by must be a number other than 1, not %v", given["by"])}
	}
	return mistake{}
}

// changesNumbers reports whether a factor is a number, or a fraction of two whole
// numbers, and not 1.
func changesNumbers(factor any) bool {
	switch v := factor.(type) {
	case json.Number:
		f, _ := v.Float64() // one that is too large for that is not 1 either
		return f != 1
	case string:
		above, below, ok := strings.Cut(v, "/")
		a, errA := strconv.ParseUint(above, 10, 32)
		b, errB := strconv.ParseUint(below, 10, 32)
		return ok && errA == nil && errB == nil && a > 0 && b > 0 && a != b
	}
	return fmt.Sprint(factor) != "1"
}

func extremeRule(given Attributes) mistake {
	switch to := given["to"].(type) {
	case string:
		if to != "int32" && to != "int64" {
			return mistake{"to", fmt.Sprintf("extreme: to must be a number, int32 or int64, not %q", to)}
		}
	case bool, []any, map[string]any:
		return mistake{"to", "extreme: to must be a number, int32 or int64"}
	}
	if has(given, "to") && has(given, "length") {
		return mistake{"length", "extreme: to is about numbers, length about texts and lists: give one of them"}
	}
	return mistake{}
}

func unpairRule(given Attributes) mistake {
	if has(given, "set") && has(given, "swap") {
		return mistake{"swap", "unpair: give set or swap, not both"}
	}
	return mistake{}
}

func endpointsRule(given Attributes) mistake {
	as, to := given.Text("as"), given.Text("to")
	switch {
	case as == "wrong" && to == "":
		return mistake{"as", "endpoints: wrong needs to: the address of another environment, such as staging.example:443"}
	case as != "wrong" && has(given, "to"):
		return mistake{"to", "endpoints: to is about wrong: say as: wrong"}
	case (as == "empty" || as == "") && has(given, "keep"):
		return mistake{"keep", "endpoints: an empty set keeps nothing: say as: partial"}
	case strings.ContainsAny(to, "/ "):
		return mistake{"to", fmt.Sprintf("endpoints: to must be host or host:port, not %q", to)}
	}
	return mistake{}
}

func splitRule(given Attributes) mistake {
	if has(given, "with") && (has(given, "from") || has(given, "body")) {
		return mistake{"with", "split: with makes the other revision and from gives it: one of them"}
	}
	return mistake{}
}

func notEmpty(v any) string {
	if held, ok := v.(map[string]any); ok && len(held) == 0 {
		return "must be a mapping of paths and values, such as {/timeout: 10}"
	}
	return ""
}

func twoPaths(v any) string {
	list, _ := v.([]any)
	for _, path := range list {
		if _, ok := path.(string); !ok {
			list = nil
		}
	}
	if len(list) != 2 {
		return "must be a list of two paths, such as [/limits/min, /limits/max]"
	}
	return ""
}
