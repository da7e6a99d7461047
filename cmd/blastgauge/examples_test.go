package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestExamples(t *testing.T) {
	t.Parallel() // it counts and does not measure
	testscript.Run(t, reporting(t, testscript.Params{
		Dir:                 "testdata/script/examples",
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"shop":    startShop,
			"counted": counted,
		},
		Condition: realServers,
		Setup: func(env *testscript.Env) error {
			copied := filepath.Join(env.WorkDir, "examples")
			env.Setenv("EXAMPLES", copied)
			env.Setenv("EXPERIMENTS", filepath.Join(copied, "faults", "experiments"))
			return os.CopyFS(copied, os.DirFS("../../examples"))
		},
	}))
}

// realServers is the condition of scripts that need Redis and PostgreSQL. What is
// required fails instead of being skipped.
func realServers(cond string) (bool, error) {
	if cond != "servers" {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	err := checkout.ServersInstalled()
	if os.Getenv("BLASTGAUGE_REQUIRE") == "all" {
		return true, err
	}
	return err == nil, nil
}

// counted RUN [EXCEPT...] wants every fault of a run to have met traffic, by the
// proxy's own count, but for those that only may; and all to be gone.
func counted(ts *testscript.TestScript, _ bool, args []string) {
	except := map[string]bool{}
	for _, id := range args[1:] {
		except[id] = true
	}
	for _, e := range readResult(ts, args[0]).Experiments {
		for _, f := range e.Faults {
			if !f.RemovalVerified || f.Exercised.Grade != result.GradeCounted && !except[e.ID] {
				ts.Fatalf("%s: %+v", e.ID, f)
			}
		}
	}
}
