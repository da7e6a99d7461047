package draft

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// maxID is the length of ids before something like -slow is added.
const maxID = 40

// Slug returns a text as an id, with a dash between the words of camelCase. A long one
// ends with a whole word. It is empty if nothing is left.
func Slug(text string) string {
	s := experiments.Slug(camel.ReplaceAllString(text, "$1-$2"))
	if len(s) > maxID {
		last := strings.LastIndexByte(s[:maxID+1], '-')
		if last < maxID/2 { // a very long word
			last = maxID
		}
		s = s[:last]
	}
	return strings.Trim(s, "-")
}

var (
	camel     = lazyregexp.New(`([a-z0-9])([A-Z])`)
	notInName = lazyregexp.New(`[^A-Za-z0-9]+`)
)

// Snake returns a name as variables are written: cart_id for cartId and Cart-ID.
func Snake(name string) string {
	s := notInName.ReplaceAllString(camel.ReplaceAllString(name, "${1}_$2"), "_")
	return strings.ToLower(s)
}

// PlainName returns a name without case and separators, for comparison.
func PlainName(name string) string { return strings.ToLower(notInName.ReplaceAllString(name, "")) }

// UniqueName returns the name, with a number if it is taken, and marks it as taken.
func UniqueName(name, separator string, taken map[string]bool) string {
	for n, base := 2, name; taken[name]; n++ {
		name = fmt.Sprintf("%s%s%d", base, separator, n)
	}
	taken[name] = true
	return name
}

// Singular returns the name of one of several things.
func Singular(name string) string {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, "ies") && len(name) > 4:
		return name[:len(name)-3] + "y"
	case strings.HasSuffix(lower, "sses"), strings.HasSuffix(lower, "xes"), strings.HasSuffix(lower, "ches"), strings.HasSuffix(lower, "shes"):
		return name[:len(name)-2]
	case strings.HasSuffix(lower, "ss"), strings.HasSuffix(lower, "us"), strings.HasSuffix(lower, "is"):
		return name
	case strings.HasSuffix(lower, "s") && len(name) > 2:
		return name[:len(name)-1]
	}
	return name
}
