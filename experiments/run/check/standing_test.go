package check

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// allKeys returns the keys of all violations of r, which begin with those for people.
func allKeys(t *testing.T, r journal.CheckResult) []string {
	t.Helper()
	if r.All != nil && (float64(len(r.All)) < r.Violations || !slices.Equal(r.Keys, r.All[:min(len(r.All), maxKeys)])) {
		t.Errorf("%d violations with the keys %q of %q", int(r.Violations), r.Keys, r.All)
	}
	return r.All
}

// keyed is the answer of a look that finds these keys in violation.
func keyed(keys ...string) journal.CheckResult {
	r := journal.CheckResult{Invariant: "once", Holds: len(keys) == 0, Violations: float64(len(keys))}
	setKeys(&r, keys)
	return r
}

// While traffic goes on, something is always on its way. Only what every look found for
// as long as within is in violation.
func TestOnlyWhatStandsCounts(t *testing.T) {
	t.Parallel()
	flying := func(i int) []string { return []string{fmt.Sprint("flying-", i), fmt.Sprint("flying-", i+1)} }
	lots := make([]string, 200)
	for i := range lots {
		lots[i] = fmt.Sprint("old-", i)
	}
	for name, tt := range map[string]struct {
		look func(i int) journal.CheckResult
		want []string // the keys of all that stands
		took time.Duration
	}{
		"only what is on its way": {func(i int) journal.CheckResult { return keyed(flying(i)...) }, nil, 400 * time.Millisecond},
		"one stands": {func(i int) journal.CheckResult { return keyed(append(flying(i), "stuck")...) },
			[]string{"stuck"}, time.Second},
		"the same key twice": {func(i int) journal.CheckResult { return keyed(append(flying(i), "stuck", "stuck")...) },
			[]string{"stuck", "stuck"}, time.Second},
		"it came within the time": {func(i int) journal.CheckResult {
			if i == 0 {
				return keyed("stuck")
			}
			return keyed("stuck", "late")
		}, []string{"stuck"}, time.Second},
		"it healed and came again": {func(i int) journal.CheckResult {
			if i == 2 {
				return keyed("stuck")
			}
			return keyed("again", "stuck")
		}, []string{"stuck"}, time.Second},
		"more than people read": {func(i int) journal.CheckResult { return keyed(append(flying(i), lots...)...) }, lots, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks, begun := 0, time.Now()
				got := checkUntilHolds(t.Context(), time.Second, func(context.Context) journal.CheckResult {
					looks++
					return tt.look(looks - 1)
				})
				if got.Holds != (len(tt.want) == 0) || got.Violations != float64(len(tt.want)) || !slices.Equal(allKeys(t, got), tt.want) || got.Invariant != "once" {
					t.Errorf("%+v, want %q", got, tt.want)
				}
				if took := time.Since(begun); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// Where keys do not tell violations apart, as many stand as the best look found.
func TestWithoutKeysTheLeastCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		got := checkUntilHolds(t.Context(), time.Second, func(context.Context) journal.CheckResult {
			looks++
			return journal.CheckResult{Violations: float64(80 - looks%3), Keys: []string{"some"}}
		})
		if got.Holds || got.Violations != 78 || got.All != nil {
			t.Errorf("%+v, want 78 violations", got)
		}
	})
}

// The time runs from the first answer: one that was long on its way is no older.
func TestWithinRunsFromTheFirstAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		checkUntilHolds(t.Context(), time.Second, func(context.Context) journal.CheckResult {
			if time.Since(begun) < 3*time.Second {
				time.Sleep(3 * time.Second)
			}
			return keyed("stuck")
		})
		if took := time.Since(begun); took != 4*time.Second {
			t.Errorf("it took %v, want 3 s for the first answer and 1 s", took)
		}
	})
}

// What is cut off is not all, so it does not tell what is new.
func TestNotAllKeys(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		violations float64
		keys       int
	}{"more violations than keys": {30, 20}, "no keys": {1, 0}, "as many as are kept": {maxCompared, maxCompared}} {
		r := journal.CheckResult{Violations: tt.violations}
		if setKeys(&r, make([]string, tt.keys)); r.All != nil || len(r.Keys) != min(tt.keys, maxKeys) {
			t.Errorf("%s: %d keys, of %d", name, len(r.Keys), len(r.All))
		}
	}
}
