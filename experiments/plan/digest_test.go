package plan

import (
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
