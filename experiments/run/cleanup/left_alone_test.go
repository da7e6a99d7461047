package cleanup

import (
	"strings"
	"testing"
)

// The command that stops a run names its directory, as one word of a shell.
func TestTheCommandThatStopsARunIsWhole(t *testing.T) {
	t.Parallel()
	if said := leftAlone("/my runs/r"); !strings.HasSuffix(said, "blastgauge recover --stop '/my runs/r'") {
		t.Error(said)
	}
}
