package run

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A reload request that cannot be built is found before anything is injected.
func TestCheckReloads(t *testing.T) {
	reload := &experiments.Reload{Request: experiments.Request{Method: "POST", Target: "http://127.0.0.1:1/reload", Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:RELOAD_TOKEN}"}}}}
	p := &plan.Plan{Experiments: []plan.Experiment{{ID: "e", Faults: []plan.Fault{{Fault: experiments.Fault{Inject: "config_file", Reload: reload}}}}}}
	r := &run{plan: p, o: Options{Getenv: func(string) (string, bool) { return "", false }}}
	if err := r.checkReloads(); err == nil || !strings.Contains(err.Error(), "RELOAD_TOKEN") {
		t.Errorf("checkReloads() = %v", err)
	}
}
