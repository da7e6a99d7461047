package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

func TestExamples(t *testing.T) {
	t.Parallel() // it counts and does not measure
	runScripts(t, testscript.Params{
		Dir:                 "testdata/script/examples",
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"shop":    startShop,
			"clean":   clean,
			"counted": counted,
			"verdict": verdict,
		},
		Condition: installed,
		Setup: func(env *testscript.Env) error {
			copied := filepath.Join(env.WorkDir, "examples")
			env.Setenv("EXAMPLES", copied)
			env.Setenv("EXPERIMENTS", filepath.Join(copied, "faults", "experiments"))
			env.Setenv("PATH", nodePrograms()+string(os.PathListSeparator)+env.Getenv("PATH"))
			return os.CopyFS(copied, os.DirFS("../../examples"))
		},
	})
}

// nodePrograms is where npm has put programs.
func nodePrograms() string { return filepath.Join(os.Getenv("BLASTGAUGE_NODE_MODULES"), ".bin") }

// installed is the condition of scripts that need Redis and PostgreSQL, or a program that
// sends journeys.
func installed(cond string) (bool, error) {
	var err error
	switch cond {
	case "servers":
		err = checkout.ServersInstalled()
	case "locust":
		_, err = exec.LookPath("locust")
	case "artillery":
		_, err = os.Stat(filepath.Join(nodePrograms(), "artillery"))
	default:
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	return required.Condition(err)
}

// counted RUN [EXCEPT...] wants every fault of a run to have met traffic, by the
// proxy's own count, but for those that only may; and all to be gone. Where that cannot be
// told of one, because a busy machine sent too little in so short a time, its experiment is
// run again for longer.
func counted(ts *testscript.TestScript, _ bool, args []string) {
	again := uncounted(ts, args[0], args[1:], true)
	if len(again) == 0 {
		return
	}
	run := []string{"3,4,5", "run", "-f", "shop/blastgauge.yaml", "--phases", "warmup=100ms,baseline=500ms,fault=15s,recovery=100ms", "--out", "again"}
	for _, id := range again {
		run = append(run, filepath.Join(ts.Getenv("EXPERIMENTS"), id+".yaml"))
	}
	exits(ts, false, run)
	uncounted(ts, "again", args[1:], false)
}

// uncounted lists the experiments of a run of which nothing shows that traffic met their
// faults. That is an error where nothing may be missing.
func uncounted(ts *testscript.TestScript, run string, except []string, mayMiss bool) (again []string) {
	for _, e := range readResult(ts, run).Experiments {
		for _, f := range e.Faults {
			met := f.Exercised.Grade == result.GradeCounted || slices.Contains(except, e.ID)
			switch {
			case f.RemovalVerified && met:
			case f.RemovalVerified && mayMiss:
				again = append(again, e.ID)
			default:
				ts.Fatalf("%s: %+v", e.ID, f)
			}
		}
	}
	return again
}
