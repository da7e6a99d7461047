package run

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// What the command line said of a run is said again, also where its statement goes.
func TestFlagsAgain(t *testing.T) {
	t.Parallel()
	o := Options{CreateProxies: true, NoPreflight: true, Allow: []result.Verdict{result.Invalid}, Stated: []string{"--statement=s.jsonl", "--key=k.pem"}}
	want := []string{"--create-proxies", "--no-preflight", "--allow=invalid", "--statement=s.jsonl", "--key=k.pem"}
	if got := o.flags(false); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (Options{}).flags(false); got != nil {
		t.Errorf("%q of nothing", got)
	}
}
