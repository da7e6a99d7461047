package link

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// A strength says how surely two equal values are the same thing.
type strength uint8

const (
	trivial strength = iota // equal by chance: true, EUR, express
	weak                    // the same if the names fit, too: an id of 42
	strong                  // never equal by chance
)

var (
	hasDigit = lazyregexp.New(`[0-9]`)
	codeForm = lazyregexp.New(`^[A-Za-z]{2}([-_][A-Za-z]{2})?$|^[A-Z]{3}$`)
	numbered = lazyregexp.New(`^-?[0-9]*\.[0-9]+$`)
)

// strengthOf classes a value by its form.
func strengthOf(v string) strength {
	switch {
	case v == "" || v == "0" || len(v) > maxIndexed || v == "true" || v == "false" || v == "null" || codeForm.MatchString(v) || len(v) == 1 && !hasDigit.MatchString(v):
		return trivial
	case numbered.MatchString(v):
		return weak
	case draft.IsDistinct(v):
		return strong
	}
	return weak
}

// chosenByPeople reports whether people choose the values of a name and no server
// gives them out. Equal values mean nothing then.
func chosenByPeople(name string) bool {
	switch name {
	case "", "quantity", "qty", "count", "page", "perpage", "pagesize", "limit", "size", "offset", "first", "last", "sort", "order", "orderby", "direction", "currency", "country", "countrycode",
		"region", "locale", "lang", "language", "status", "state", "type", "kind", "method", "color", "colour", "name", "firstname", "lastname", "fullname", "title", "email", "phone", "address",
		"address1", "address2", "street", "city", "zip", "zipcode", "postal", "postalcode", "postcode", "company", "gender", "birthday", "note", "notes", "message", "comment", "query", "q", "search",
		"year", "month", "day", "expyear", "expmonth", "expiryyear", "expirymonth", "birthyear", "price", "total", "subtotal", "tax", "position", "index", "version", "v", "utf8", "commit", "submit", "action", "operationname":
		return true
	}
	return false
}

// isIdentifier reports whether the values of a name identify things.
func isIdentifier(name string) bool {
	switch name {
	case "id", "uuid", "guid", "gid", "sku", "slug", "code", "number", "no", "key", "handle", "ref", "reference", "token", "href", "url", "uri", "path", "permalink", "pk", "oid", "value", "orderid", "cartid":
		return true
	}
	return strings.HasSuffix(name, "id") || strings.HasSuffix(name, "uuid") || strings.HasSuffix(name, "token") || strings.HasSuffix(name, "sku")
}

// needsOwner reports whether a name is only understood with the name of its owner.
func needsOwner(name string) bool {
	switch name {
	case "", "id", "uuid", "guid", "gid", "slug", "code", "number", "no", "key", "handle", "ref", "reference", "href", "url", "uri", "path", "pk", "value", "name", "permalink":
		return true
	}
	return false
}

// fitsName reports whether a value of an answer fits the name that it is sent by. In
// a path, that name is the segment before the value.
func fitsName(src source, sent string, path bool) bool {
	key, owner := draft.PlainName(src.key), draft.PlainName(src.owner)
	if sent == "" || chosenByPeople(sent) && !path {
		return false
	}
	if path {
		one := singular(sent)
		return isIdentifier(key) && (owner == one || strings.HasSuffix(key, "id") && strings.TrimSuffix(key, "id") == one) || key == one || key == sent
	}
	return key == sent && key != "" ||
		isIdentifier(key) && owner != "" && (sent == owner+key || sent == owner || sent == owner+"id")
}

// singular is [draft.Singular].
func singular(name string) string { return draft.Singular(name) }

var versionForm = lazyregexp.New(`^v[0-9]+(\.[0-9]+)*$`)

// fixedSegments returns the words of a path that are the same in every journey.
func fixedSegments(path []*draft.Slot) []string {
	var words []string
	for i, s := range path {
		lower := strings.ToLower(s.Value)
		switch {
		case s.Value == "", lower == "api" || lower == "rest" || lower == "rpc" || versionForm.MatchString(lower):
		case i == 0 && codeForm.MatchString(s.Value) && len(path) > 1 && len(s.Value) != 3:
		case s.HasVariable(), strengthOf(s.Value) == strong, strengthOf(s.Value) == weak && hasDigit.MatchString(s.Value):
			if n := len(words); n > 0 {
				words[n-1] = singular(words[n-1])
			}
		default:
			words = append(words, lower)
		}
	}
	return words
}

// resourceOf returns the kind of thing that a request is about, in the singular.
func resourceOf(r *draft.Request) string {
	words := fixedSegments(r.Path)
	if len(words) == 0 {
		return ""
	}
	return singular(strings.TrimSuffix(words[len(words)-1], ".json"))
}

// stepName returns the name of a step, which may not be unique yet.
func stepName(s *step) string {
	if op := graphQLOperation(s.request.JSON); op != "" {
		return draft.Slug(op)
	}
	words := fixedSegments(s.request.Path)
	name := draft.Slug(strings.Join(words[max(0, len(words)-2):], "-"))
	if name == "" {
		name = "home"
	}
	if s.Method != "GET" {
		name = strings.ToLower(s.Method) + "-" + name
	}
	return name
}

var operationForm = lazyregexp.New(`^\s*(?:query|mutation)\s+([A-Za-z_][A-Za-z0-9_]*)`)

// graphQLOperation returns the name of the operation in a GraphQL request, or
// "graphql" if it has none. It is empty for any other body.
func graphQLOperation(body *draft.Node) string {
	if body != nil && body.Kind == draft.ListNode && len(body.Items) > 0 {
		body = body.Items[0]
	}
	query, name := body.Member("query"), body.Member("operationName")
	if name != nil && name.Kind == draft.TextNode && draft.Slug(name.Text) != "" && (query != nil || body.Member("extensions") != nil) {
		return name.Text
	}
	if query == nil || query.Kind != draft.TextNode || !strings.Contains(query.Text, "{") {
		return ""
	}
	if m := operationForm.FindStringSubmatch(query.Text); m != nil {
		return m[1]
	}
	return "graphql"
}
