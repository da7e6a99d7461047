package fleet_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/fleet"
)

// Of a server that does not answer, it is not known what is there.
func TestLookAround(t *testing.T) {
	t.Parallel()
	r := start(t, 1)
	r.dns.Set(address(0), netip.MustParseAddr("127.0.0.213"))
	s := r.system()
	f := fleet.New(fleet.Options{System: s})
	unseen, err := f.LookAround(t.Context())
	fault := planned(s, nil).Experiments[0].Faults[0]
	if err == nil || !strings.Contains(err.Error(), "127.0.0.213") || unseen(fault) == nil || len(f.URLs()) != 1 {
		t.Errorf("LookAround() = %v, %v of its fault, knows %v", err, unseen(fault), f.URLs())
	}
	r.name(0)
	if unseen, err = f.LookAround(t.Context()); err != nil || unseen(plan.Fault{}) != nil || unseen(fault) != nil {
		t.Errorf("LookAround() = %v, %v of its fault", err, unseen(fault))
	}
}
