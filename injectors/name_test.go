package injectors_test

import (
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

func TestFaultNames(t *testing.T) {
	const run = "20261128t150405z-ab12"
	if got, n, ok := injectors.ParseFaultName(injectors.FaultName(run, 12)); got != run || n != 12 || !ok {
		t.Errorf("ParseFaultName(FaultName(%q, 12)) = %q, %d, %v", run, got, n, ok)
	}
	for _, name := range []string{"", "latency_downstream", "blastgauge.x", "blastgauge..1", "blastgauge.R1.1", "blastgauge.r1", "blastgauge.x.1a", "a.blastgauge.x.1", "blastgauge.x.1\n"} {
		if run, _, ok := injectors.ParseFaultName(name); ok {
			t.Errorf("ParseFaultName(%q) = %q, want none", name, run)
		}
	}
}
