package badconfig

import (
	"slices"
	"strings"
)

// NameWords returns the words of a name in lower case: min and price for minPrice and for
// min_price. It shortens minimum to min.
func NameWords(name string) []string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	words := strings.FieldsFunc(strings.ToLower(b.String()), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	for i, w := range words {
		words[i] = strings.TrimSuffix(w, "imum")
	}
	return words
}

// IsTimeName reports whether a name says that the value is a date.
func IsTimeName(name string) bool {
	return hasWord(name, "at", "after", "before", "until", "exp", "nbf", "iat", "expires", "expiry", "expiration", "valid", "date", "time", "updated", "created", "timestamp")
}

// IsFlagName reports whether a name is that of a flag, or of a share that switches
// something on.
func IsFlagName(name string) bool {
	return hasWord(name, "flag", "enabled", "rollout", "percent", "percentage", "pct", "share", "ratio", "new", "experiment", "canary", "weight")
}

// IsAddressName reports whether a name says that the value is an address.
func IsAddressName(name string) bool {
	return hasWord(name, "host", "hostname", "address", "addr", "ip", "url", "uri", "endpoint", "target", "server")
}

func hasWord(name string, words ...string) bool {
	return slices.ContainsFunc(NameWords(name), func(w string) bool { return slices.Contains(words, w) })
}
