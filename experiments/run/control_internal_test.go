package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// newTestControl is the control of a run whose documents have one secret.
func newTestControl(t *testing.T) (*Control, context.Context) {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	env := func(name string) (string, bool) { return "s3cret-token", name == "TOKEN" }
	r := &run{plan: &plan.Plan{}, secrets: redact.FromEnv([]string{"TOKEN"}, env), stop: stop}
	return r.newControl(), ctx
}

func TestAControlStopsTheRun(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 10_000)
	for name, tt := range map[string]struct{ by, why, wantBy, wantWhy string }{
		"as said":     {"ann", "incident 4711", "ann", "incident 4711"},
		"without any": {"", "", "somebody", ""},
		"a secret":    {"ann", "the key is s3cret-token", "ann", "the key is ${env:TOKEN}"},
		"a terminal":  {"an\x1b[2Jn", "one\n::error::two", "an?[2Jn", "one ?:error::two"},
		"too long":    {long, long, long[:journal.MostAuthor-3] + "...", long[:journal.MostReason-3] + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ctx := newTestControl(t)
			if err := c.Stop(tt.by, tt.why); err != nil {
				t.Fatal(err)
			}
			i, ok := errors.AsType[*engine.Interrupt](context.Cause(ctx))
			if !ok || *i != (engine.Interrupt{Signal: "INT", By: tt.wantBy, Why: tt.wantWhy}) {
				t.Errorf("the run ends with %#v", context.Cause(ctx))
			}
			c.end()
			if err := c.Stop("ann", ""); !errors.Is(err, ErrOver) {
				t.Errorf("once the run is over: %v", err)
			}
		})
	}
}

func TestNotesBeforeTheFirstEventComeAfterIt(t *testing.T) {
	t.Parallel()
	c, _ := newTestControl(t)
	var kept []string
	keep := func(e journal.Event) error { kept = append(kept, e.Detail); return nil }
	for _, text := range []string{"one", "two with s3cret-token"} {
		if err := c.Note("ann", text, false); err != nil {
			t.Fatal(err)
		}
	}
	if len(kept) > 0 {
		t.Fatalf("%q is kept before the run has started", kept)
	}
	c.started(keep)
	if err := c.Note("ann", "three", true); err != nil {
		t.Fatal(err)
	}
	if want := []string{"one", "two with ${env:TOKEN}", "three"}; !slices.Equal(kept, want) {
		t.Errorf("kept are %q, want %q", kept, want)
	}
	c.end()
	if err := c.Note("ann", "four", false); !errors.Is(err, ErrOver) || len(kept) != 3 {
		t.Errorf("once the run is over: %v, kept are %q", err, kept)
	}
}

func TestNotesAreBounded(t *testing.T) {
	t.Parallel()
	c, _ := newTestControl(t)
	kept := 0
	c.started(func(e journal.Event) error {
		if kept++; len(e.Detail) > journal.MostNote {
			t.Errorf("a note of %d bytes is kept", len(e.Detail))
		}
		return nil
	})
	for _, wrong := range []string{"", " \n\t ", strings.Repeat("a", journal.MostNote+1)} {
		if err := c.Note("ann", wrong, false); !errors.Is(err, ErrNote) {
			t.Errorf("a note of %d bytes: %v", len(wrong), err)
		}
	}
	if err := c.Note(strings.Repeat("a", journal.MostAuthor+1), "a", false); !errors.Is(err, ErrNote) {
		t.Errorf("a long name: %v", err)
	}
	most := strings.Repeat("s3cret-token", journal.MostNote/len("s3cret-token")) // masks are longer
	for range journal.MostNotes {
		if err := c.Note("ann", most, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Note("ann", "one more", false); !errors.Is(err, ErrNote) || kept != journal.MostNotes {
		t.Errorf("one note too many: %v, %d are kept", err, kept)
	}
}
