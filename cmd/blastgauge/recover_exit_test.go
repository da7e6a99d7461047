package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
)

// A bench has a working directory, a list of open runs, and runs that ended in every way,
// whose server is not there.
type bench struct {
	t     *testing.T
	state string
}

// run makes the directory of a run whose journal has these events. The journal of one that
// is alive is held, as its process would.
func (b bench) run(name string, alive bool, kinds ...journal.Kind) *plan.Plan {
	b.t.Helper()
	dir := filepath.Join(".blastgauge", "runs", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		b.t.Fatal(err)
	}
	defer root.Close()
	log, err := journal.Create(root)
	if err != nil {
		b.t.Fatal(err)
	}
	fault := plan.Fault{Name: injectors.FaultName(name, 1), Fault: experiments.Fault{Inject: "latency", Into: "payments"}, Proxy: "payments"}
	p := &plan.Plan{Run: name, System: experiments.System{Toxiproxy: "http://127.0.0.1:1"}, Experiments: []plan.Experiment{{ID: "x", Faults: []plan.Fault{fault}}}}
	for i, kind := range kinds {
		e := journal.Event{Seq: i + 1, Kind: kind}
		switch kind {
		case journal.RunStarted:
			e.Plan, e.Toxiproxy = p, &journal.Toxiproxy{Kind: "stock"}
		case journal.FaultIntended:
			e.Fault = fault.Name
		}
		if err := log.Record(e); err != nil {
			b.t.Fatal(err)
		}
	}
	if alive {
		b.t.Cleanup(func() { _ = log.Close() })
	} else if err := log.Close(); err != nil {
		b.t.Fatal(err)
	}
	return p
}

// list puts a run on the list of this user.
func (b bench) list(p *plan.Plan) {
	b.t.Helper()
	dir, err := filepath.Abs(filepath.Join(".blastgauge", "runs", p.Run))
	if err != nil {
		b.t.Fatal(err)
	}
	release, err := journal.OpenRegistry(b.state).Add(journal.OpenRun{Run: p.Run, Dir: dir, Plan: p, Toxiproxy: p.System.Toxiproxy, Server: journal.Toxiproxy{Kind: "stock"}, PID: 1, Started: time.Now()})
	if err != nil {
		b.t.Fatal(err)
	}
	release()
}

// Every end of recover has the exit code that its help gives it.
func TestHowRecoverExits(t *testing.T) {
	under := []journal.Kind{journal.RunStarted, journal.FaultIntended}
	runs := ".blastgauge/runs/"
	signal := func(name string) error { return &engine.Interrupt{Signal: name} }
	for name, tt := range map[string]struct {
		set   func(bench)
		args  []string
		asked error // why it is told to end, before it begins
		want  int
	}{
		"nothing is open":              {want: result.ExitHeld},
		"a run that ended":             {set: func(b bench) { b.run("r", false, journal.RunStarted, journal.RunEnded) }, args: []string{runs + "r"}, want: result.ExitHeld},
		"undone":                       {set: func(b bench) { b.list(b.run("r", false, under...)) }, args: []string{"--server-ended", runs + "r"}, want: result.ExitHeld},
		"undone, twice":                {set: func(b bench) { b.list(b.run("r", false, under...)) }, args: []string{"--server-ended", runs + "r", runs + "r"}, want: result.ExitHeld},
		"alive, and not named":         {set: func(b bench) { b.list(b.run("r", true, under...)) }, want: result.ExitHeld},
		"alive, and named":             {set: func(b bench) { b.list(b.run("r", true, under...)) }, args: []string{runs + "r"}, want: result.ExitRefused},
		"alive, not listed, not named": {set: func(b bench) { b.run("r", true, under...) }, want: result.ExitHeld},
		"alive, not listed, and named": {set: func(b bench) { b.run("r", true, under...) }, args: []string{runs + "r"}, want: result.ExitRefused},
		"not listed, and named":        {set: func(b bench) { b.run("r", false, under...) }, args: []string{runs + "r"}, want: result.ExitRefused},
		"not listed, found below":      {set: func(b bench) { b.run("r", false, under...) }, want: result.ExitRefused},
		"trusted, and out of reach":    {set: func(b bench) { b.run("r", false, under...) }, args: []string{"--trust", runs + "r"}, want: result.ExitNotRemoved},
		"out of reach":                 {set: func(b bench) { b.list(b.run("r", false, under...)) }, args: []string{runs + "r"}, want: result.ExitNotRemoved},
		"out of reach, of all":         {set: func(b bench) { b.list(b.run("r", false, under...)) }, want: result.ExitNotRemoved},
		"one of two": {set: func(b bench) {
			b.list(b.run("r", false, under...))
			b.run("ended", false, journal.RunStarted, journal.RunEnded)
		}, args: []string{runs + "ended", runs + "r"}, want: result.ExitNotRemoved},
		"left before refused": {set: func(b bench) {
			b.list(b.run("r", false, under...))
			b.run("theirs", false, under...)
		}, want: result.ExitNotRemoved},
		"left before missing":    {set: func(b bench) { b.list(b.run("r", false, under...)) }, args: []string{"nowhere", runs + "r"}, want: result.ExitNotRemoved},
		"refused before missing": {set: func(b bench) { b.run("r", false, under...) }, args: []string{"nowhere", runs + "r"}, want: result.ExitRefused},
		"a list that is torn": {set: func(b bench) {
			b.list(b.run("r", false, under...))
			if err := os.WriteFile(filepath.Join(b.state, "blastgauge", "runs", "r.json"), []byte("{"), 0o600); err != nil {
				b.t.Fatal(err)
			}
		}, want: result.ExitNotRemoved},
		"no directory": {args: []string{"nowhere"}, want: result.ExitError},
		"no run":       {args: []string{"."}, want: result.ExitError},
		"a file": {set: func(b bench) {
			if err := os.WriteFile("file", nil, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}, args: []string{"file"}, want: result.ExitError},
		"a journal that is no file": {set: func(b bench) {
			if err := os.MkdirAll(filepath.Join("r", journal.EventsFile), 0o700); err != nil {
				b.t.Fatal(err)
			}
		}, args: []string{"r"}, want: result.ExitError},
		"a token that is missing":  {args: []string{"--toxiproxy", "http://127.0.0.1:1", "--token-env", "NOT_SET"}, want: result.ExitUsage},
		"no server":                {args: []string{"--toxiproxy", "http://127.0.0.1:1"}, want: result.ExitError},
		"a flag":                   {args: []string{"--stop"}, want: result.ExitUsage},
		"a system that is missing": {args: []string{"--trust", ".", "-f", "nowhere.yaml"}, want: result.ExitUsage},
		"a proxy that no fault is on": {set: func(b bench) { b.list(b.run("r", false, under...)) },
			args: []string{"--recreate", "other", runs + "r"}, want: result.ExitUsage},
		"interrupted before it asks the server": {args: []string{"--toxiproxy", "http://127.0.0.1:1"}, asked: signal("HUP"), want: result.ExitHUP},
		"interrupted with a fault left":         {set: func(b bench) { b.list(b.run("r", false, under...)) }, args: []string{runs + "r"}, asked: signal("INT"), want: result.ExitNotRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			state := t.TempDir()
			t.Setenv("XDG_STATE_HOME", state)
			if tt.set != nil {
				tt.set(bench{t, state})
			}
			synctest.Test(t, func(t *testing.T) { // it tries for ten seconds
				ctx, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				if tt.asked != nil {
					stop(tt.asked)
				}
				var out, errs bytes.Buffer
				a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: os.LookupEnv}
				if got := a.execute(ctx, append([]string{"recover"}, tt.args...)); got != tt.want {
					t.Errorf("exit %d, want %d\n%s%s", got, tt.want, &out, &errs)
				}
				wantInHelp(t, "recover", tt.want)
			})
		})
	}
}
