package experiments

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

// A step that adds to what its journey has in common is the same as one that is written
// whole: to digests, to whoever sends it, and to reports.
func TestStepsAreWhole(t *testing.T) {
	t.Parallel()
	s, _, err := Load("testdata/good/common.yaml", nil)
	if err != nil {
		t.Fatal(Explain(err))
	}
	noErrors, noException, isJSON := Check{"$.errors", Absent, true}, Check{"", Lacks, "Exception"}, Check{"Content-Type", Matches, "json"}
	bearer, client := Field{"Authorization", "Bearer ${token}"}, Field{"X-Client", "blastgauge"}
	for name, want := range map[string]struct {
		target  string
		headers []Field
		expect  Expect
	}{
		"login":     {"/graphql/${run}", []Field{client}, Expect{[]int{200}, []Check{noErrors}, []Check{isJSON}, []Check{noException}}},
		"list":      {"/graphql/${run}/batch?id=${token}", []Field{bearer, client}, Expect{[]int{200}, []Check{noErrors, {"$.data.items", Exists, true}}, []Check{isJSON}, []Check{noException}}},
		"errors":    {"/graphql/${run}", []Field{bearer, {"x-client", "other"}, {"X-More", "1"}}, Expect{[]int{200, 400}, []Check{{"$.errors[0].message", Exists, true}}, []Check{{"content-type", Eq, "application/json"}}, []Check{{"", Contains, "broken"}}}},
		"elsewhere": {"/graphql/${run}/health", []Field{client}, Expect{[]int{200}, nil, []Check{isJSON}, []Check{noException}}},
		"find":      {"http://search.test/api/?v=2", nil, Expect{}},
		"own":       {"http://other.test/", nil, Expect{}},
		"first":     {"${env:API}/v1/a", nil, Expect{}},
		"second":    {"${next}", nil, Expect{}},
	} {
		var got Step
		for _, j := range s.Journeys {
			if i := slices.IndexFunc(j.Steps, func(s Step) bool { return s.Name == name }); i >= 0 {
				got = j.Steps[i]
			}
		}
		if got.Request.Target != want.target || !slices.Equal(got.Request.Headers, want.headers) || !reflect.DeepEqual(got.Expect, want.expect) {
			t.Errorf("%s: %+v, %+v; want %+v", name, got.Request, got.Expect, want)
		}
	}
}

// The type that a journey gives to its bodies is not that of a form.
func TestTypesOfAWholeJourney(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind    string
		request Request
		want    bool
	}{
		"json":                  {"application/vnd.api+json", Request{HasJSON: true}, true},
		"text":                  {"text/xml", Request{Body: "<a/>"}, true},
		"a file":                {"text/xml", Request{File: NewFile("a.xml", nil)}, true},
		"nothing":               {"text/xml", Request{}, true},
		"a form":                {"application/json", Request{Form: []Field{{"a", "b"}}}, false},
		"a form of its kind":    {"Application/x-www-form-urlencoded; charset=utf-8", Request{Form: []Field{{"a", "b"}}}, true},
		"multipart":             {"application/json", Request{Multipart: []FormPart{{Name: "a"}}}, false},
		"multipart of its kind": {"multipart/mixed", Request{Multipart: []FormPart{{Name: "a"}}}, true},
	} {
		c, step := &common{headers: []Field{{"content-type", tt.kind}}}, &Step{Request: tt.request}
		c.mergeHeaders(nil, step, "")
		if got := len(step.Request.Headers) == 1; got != tt.want {
			t.Errorf("%s: sent with %s: %t, want %t", name, tt.kind, got, tt.want)
		}
	}
}

// Where nothing is common, a journey is what it always was.
func TestNothingInCommonChangesNothing(t *testing.T) {
	t.Parallel()
	s, _, err := Load("testdata/good/design.yaml", nil)
	if err != nil {
		t.Fatal(Explain(err))
	}
	text, err := json.Marshal(s.Journeys[0].Steps)
	const want = `[{"name":"browse","request":{"method":"GET","target":"/products"},"expect":{"status":[200]},"captures":[{"name":"sku","from":"json","expr":"$.products[*].sku","pick":"random"}]},` +
		`{"name":"cart","request":{"method":"POST","target":"/carts","json":{"quantity":1,"sku":"${sku}"},"has_json":true},"expect":{"status":[201]},"captures":[{"name":"cart","from":"json","expr":"$.id"},{"name":"quoted","from":"json","expr":"$.total"}]},` +
		`{"name":"pay","request":{"method":"POST","target":"/orders","headers":[{"name":"Idempotency-Key","value":"${uuid}"}],"json":{"cart":"${cart}"},"has_json":true},"expect":{"status":[201],"json":[{"target":"$.charged","op":"eq","value":"${quoted}"}]}}]`
	if err != nil || string(text) != want {
		t.Errorf("steps = %s, %v\nwant %s", text, err, want)
	}
}
