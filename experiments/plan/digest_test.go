package plan

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// A document that uses nothing new has the digests that it had before there was anything
// new: runs of different versions can be compared.
func TestDigestsStayWhatTheyWere(t *testing.T) {
	t.Parallel()
	s, x := documents()
	s.Journeys[0].Steps = []experiments.Step{{Name: "pay", Request: experiments.Request{Method: "POST", Target: "/orders", Form: []experiments.Field{{Name: "cart", Value: "${cart}"}}}, Needs: []string{"payments"}}}
	want := Digests{Faults: "sha256:820b74e738562aa6", Journeys: "sha256:7c088692a02d89cd", Load: "sha256:f6a63e626cef6edb", Limits: "sha256:bdd83d22580f99c4"}
	if got := makeOne(t, s, x, Options{}).Digests; got != want {
		t.Errorf("digests %+v, want %+v", got, want)
	}
}

// Another file is another journey, wherever it stands; the same content is the same.
func TestAnotherFileIsAnotherJourney(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]func(*experiments.File) experiments.Request{
		"a body": func(f *experiments.File) experiments.Request { return experiments.Request{File: f} },
		"a part": func(f *experiments.File) experiments.Request {
			return experiments.Request{Multipart: []experiments.FormPart{{Name: "a", Value: "b"}, {Name: "f", File: f}}}
		},
	} {
		digest := func(content string) string {
			s, x := documents()
			s.Journeys[0].Steps = []experiments.Step{{Name: "up", Request: request(experiments.NewFile("photo.png", []byte(content)))}}
			return makeOne(t, s, x, Options{}).Digests.Journeys
		}
		if digest("a") == digest("b") || digest("c") != digest(strings.ToLower("C")) {
			t.Errorf("%s: the digest does not follow the content", name)
		}
	}
}

// A single value of match has the digest that it had before there were lists; a list of
// one means the same, and the order of a list means nothing.
func TestDigestsOfMatch(t *testing.T) {
	t.Parallel()
	digest := func(match map[string]any) string {
		s, x := documents()
		x.Faults = []experiments.Fault{{Inject: "http_error", Into: "payments", Share: 1, Attributes: injectors.Attributes{"status": 503.0, "match": match}}}
		return makeOne(t, s, x, Options{}).Digests.Faults
	}
	one := map[string]any{"method": "POST", "path": "/charges", "headers": map[string]any{"X-Tenant": "acme"}}
	const before = "sha256:f637af27210c6b52"
	if got := digest(one); got != before {
		t.Errorf("one value: %s, want %s", got, before)
	}
	for name, tt := range map[string]struct {
		a, b map[string]any
		same bool
	}{
		"a list of one": {one, map[string]any{"method": []any{"POST"}, "path": []any{"/charges"}, "headers": map[string]any{"X-Tenant": []any{"acme"}}}, true},
		"another order": {map[string]any{"path": []any{"/a", "/b"}, "not": map[string]any{"method": []any{"GET", "PUT"}}},
			map[string]any{"path": []any{"/b", "/a"}, "not": map[string]any{"method": []any{"PUT", "GET"}}}, true},
		"one in not":       {map[string]any{"not": map[string]any{"path": "/a"}}, map[string]any{"not": map[string]any{"path": []any{"/a"}}}, true},
		"one value more":   {one, map[string]any{"method": "POST", "path": []any{"/charges", "/refunds"}, "headers": one["headers"]}, false},
		"not is no path":   {map[string]any{"path": "/a"}, map[string]any{"not": map[string]any{"path": "/a"}}, false},
		"other values":     {map[string]any{"path": []any{"/a", "/b"}}, map[string]any{"path": []any{"/a", "/c"}}, false},
		"nothing to spare": {one, map[string]any{"method": "POST", "path": "/charges", "headers": one["headers"], "not": map[string]any{"path": "/charges/1"}}, false},
	} {
		if got := digest(tt.a) == digest(tt.b); got != tt.same {
			t.Errorf("%s: the same is %v, want %v", name, got, tt.same)
		}
	}
	if list, ok := one["headers"].(map[string]any)["X-Tenant"].(string); !ok || list != "acme" {
		t.Errorf("the document was changed: %v", one)
	}
}
