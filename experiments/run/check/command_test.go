package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "books"), []byte("order-9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	many := strings.Repeat("order\n", 30)
	for name, tt := range map[string]struct {
		script string
		want   journal.CheckResult
	}{
		"holds":                    {"exit 0", journal.CheckResult{Holds: true}},
		"output of one that holds": {"echo fine", journal.CheckResult{Holds: true}},
		"names violations":         {"echo order-1; echo; echo ' order-2 '; exit 1", journal.CheckResult{Violations: 2, Detail: "sh ends with 1 and names 2", Keys: []string{"order-1", "order-2"}}},
		"names none":               {"exit 1", journal.CheckResult{Violations: 1, Detail: "sh ends with 1 and names 0"}},
		"a secret":                 {"echo key-$1; exit 1", journal.CheckResult{Violations: 1, Detail: "sh ends with 1 and names 1", Keys: []string{"key-${env:TOKEN}"}}},
		"runs in the folder":       {"cat books; exit 1", journal.CheckResult{Violations: 1, Detail: "sh ends with 1 and names 1", Keys: []string{"order-9"}}},
		"is in trouble":            {"echo no $1 >&2; echo more >&2; exit 2", journal.CheckResult{Error: "sh: exit status 2: no ${env:TOKEN}"}},
		"is killed":                {"kill -9 $$", journal.CheckResult{Error: "sh: signal: killed"}},
		"too many to keep":         {"printf '" + many + "'; exit 1", journal.CheckResult{Violations: 30, Detail: "sh ends with 1 and names 20 and 10 more", Keys: strings.Fields(strings.Repeat("order ", 20))}},
		"knows when":               {"echo $2; exit 1", journal.CheckResult{Violations: 1, Detail: "sh ends with 1 and names 1", Keys: []string{"2026-01-02T03:04:05Z"}}},
	} {
		t.Run(name, func(t *testing.T) {
			inv := experiments.Invariant{Name: "once", Command: []string{"sh", "-c", strings.ReplaceAll(tt.script, "${", "$${"), "check", "${env:TOKEN}", "${started}"}}
			facts := journey.Facts{Started: started, Env: func(string) (string, bool) { return secret, true }}
			got := Invariant(t.Context(), &experiments.System{File: filepath.Join(dir, "blastgauge.yaml")}, inv, facts, nil)
			tt.want.Invariant = "once"
			tt.want.All = allKeys(t, got)
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tt.want) {
				t.Errorf("%+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestACommandThatDoesNotExist(t *testing.T) {
	t.Parallel()
	r := Invariant(t.Context(), &experiments.System{}, experiments.Invariant{Command: []string{"no-such-program-of-ours"}}, journey.Facts{}, nil)
	if r.Holds || !strings.Contains(r.Error, "no-such-program-of-ours") {
		t.Errorf("%+v, want an error that names the program", r)
	}
}

// When the context ends, a command is killed, with everything that it started.
func TestACommandThatHangs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "alive")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for _, err := os.Stat(file); err != nil && ctx.Err() == nil; _, err = os.Stat(file) {
			time.Sleep(time.Millisecond)
		}
		cancel(errors.New("enough"))
	}()
	begun := time.Now()
	r := Invariant(ctx, &experiments.System{}, experiments.Invariant{Command: []string{"sh", "-c", "sh -c 'touch " + file + "; sleep 600'; true"}}, journey.Facts{}, nil)
	if r.Holds || !strings.HasSuffix(r.Error, "was killed: enough") || time.Since(begun) > time.Minute { // and not that its time was over
		t.Errorf("%+v after %s", r, time.Since(begun))
	}
}
