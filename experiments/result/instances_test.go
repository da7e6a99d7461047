package result

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A fault that was read back once, and was hardly in force, is not what was measured.
func TestHardlyInForce(t *testing.T) {
	t.Parallel()
	instance := func(state journal.InstanceState, inForce time.Duration) journal.Instance {
		return journal.Instance{URL: "http://127.0.0.2:8474", State: state, Proven: true, DueFor: time.Minute, InForceFor: inForce}
	}
	for name, test := range map[string]struct {
		instances []journal.Instance
		lookUp    string
		invalid   bool
		warned    bool
		inForce   int
	}{
		"all the time":         {[]journal.Instance{instance(journal.InForce, time.Minute), instance(journal.InForce, time.Minute)}, "", false, false, 2},
		"one for a moment":     {[]journal.Instance{instance(journal.InForce, time.Minute), instance(journal.InstanceFailed, time.Second)}, "", false, true, 1},
		"both for a moment":    {[]journal.Instance{instance(journal.InstanceSilent, 9*time.Second), instance(journal.InstanceFailed, time.Second)}, "", true, true, 0},
		"of an unknown number": {[]journal.Instance{instance(journal.InForce, time.Minute)}, "no answer of DNS", false, true, 1},
		"times were not kept":  {[]journal.Instance{{State: journal.InForce, Proven: true}, {State: journal.InForce, Proven: true}}, "", false, false, 2},
	} {
		seen := journal.Evidence{Present: true, Instances: test.instances, LookUpError: test.lookUp}
		if test.warned {
			seen.PartialFor = time.Second
		}
		f := Fault{Inject: "latency", Into: "payments"}
		f.addInstances(seen)
		invalid, warnings := onTooFew([]Fault{f}), partialWarnings([]Fault{f})
		if (len(invalid) > 0) != test.invalid || (len(warnings) > 0) != test.warned || f.Exercised.Instances.InForce != test.inForce {
			t.Errorf("%s: %v, %v, in force on %d", name, invalid, warnings, f.Exercised.Instances.InForce)
		}
		if !strings.Contains(strings.Join(warnings, ""), test.lookUp) {
			t.Errorf("%s: %v", name, warnings)
		}
	}
}
