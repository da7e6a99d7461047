package live

import (
	"strings"
	"testing"
)

// A part that cannot be rendered ends nothing: it says so, and the others are there.
func TestAPartThatFailsEndsNothing(t *testing.T) {
	t.Parallel()
	run := underFault(aPlan())
	run.Current.Index = len(run.Plan.Experiments) // there is none
	shown := map[string]string{}
	for _, p := range Parts(run, "", at(10)) {
		shown[p.Name] = string(p.HTML)
	}
	if len(shown) != len(Names()) {
		t.Errorf("%d parts, want %d", len(shown), len(Names()))
	}
	for name, fails := range map[string]bool{"harm": true, "status": true, "faults": false, "verdicts": false} {
		if strings.Contains(shown[name], "index out of range") != fails || fails && strings.Contains(shown[name], "<section") {
			t.Errorf("%s fails %t: %s", name, !fails, shown[name])
		}
	}
}

// BenchmarkParts renders what is rendered each second while somebody reads.
func BenchmarkParts(b *testing.B) {
	run := underFault(aPlan())
	for b.Loop() {
		Parts(run, "", at(10))
	}
}
