package plan

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
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
