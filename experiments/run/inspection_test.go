package run

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A stock server counts nothing, and this machine counts who reads a file: what
// can be held depends on where the faults are.
func TestDescribeProtection(t *testing.T) {
	t.Parallel()
	bytes := plan.Experiment{ID: "payments-slow", Faults: []plan.Fault{{Fault: experiments.Fault{Inject: "latency"}}}}
	file := plan.Experiment{ID: "settings-cut", Faults: []plan.Fault{{Fault: experiments.Fault{Inject: "config_file"}}}}
	both := plan.Experiment{ID: "both", Faults: []plan.Fault{{Fault: experiments.Fault{Inject: "config_file"}}, {Fault: experiments.Fault{Inject: "down"}}}}
	for name, tt := range map[string]struct {
		kind string
		list []plan.Experiment
		want string
	}{
		"ours":              {"blastgauge", []plan.Experiment{bytes, file}, "it counts what a fault meets;"},
		"stock":             {toxiproxy.KindStock, []plan.Experiment{bytes, both}, "so no hypothesis can be held"},
		"stock, some files": {toxiproxy.KindStock, []plan.Experiment{bytes, file, both}, "so payments-slow, both cannot be held"},
		"stock, only files": {toxiproxy.KindStock, []plan.Experiment{file}, "which matters to no experiment here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := describeProtection(tt.kind, &plan.Plan{Experiments: tt.list}); !strings.Contains(got, tt.want) {
				t.Errorf("describeProtection() = %s, want it to say %q", got, tt.want)
			}
		})
	}
}
