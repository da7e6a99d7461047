package edit

import "strings"

// EscapeToken returns a key as it is written in a JSON Pointer (RFC 6901).
func EscapeToken(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// Tokens returns the tokens of a JSON Pointer, decoded. Those of the empty one, which is the
// whole document, are none.
func Tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	list := strings.Split(pointer[1:], "/")
	for i, t := range list {
		list[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
	}
	return list
}
