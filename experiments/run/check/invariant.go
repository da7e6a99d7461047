// Package check asks one question about the system now: whether an invariant of
// its data holds, or how an exchange with a dependency through its proxy goes. It
// changes nothing.
//
// An invariant is asked by an HTTP request, by an SQL query or by a command.
// Databases are reached through database/sql with pgx, go-sql-driver/mysql and
// modernc.org/sqlite, none of which needs a C compiler. Every connection obeys the
// host policy, except those that a command makes.
package check

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

const (
	checkTimeout = 5 * time.Second        // of one check
	settleEvery  = 200 * time.Millisecond // between checks while an invariant settles
	maxKeys      = 20                     // of violations, in one result
	maxCompared  = 10_000                 // keys by which two looks are compared
)

// Invariant checks an invariant of s, again and again until it holds or its Within
// has passed since the first answer. Only what every look found is in violation:
// while traffic goes on there is always something on its way. A result with an Error
// says nothing about the data. No text of it holds a secret. The memory is for answers of a request;
// nil: one of its own.
func Invariant(ctx context.Context, s *experiments.System, inv experiments.Invariant, f journey.Facts, m *journey.Memory) journal.CheckResult {
	c, err := newChecker(s, inv, f, m, nil)
	if err != nil {
		return journal.CheckResult{Invariant: inv.Name, Error: err.Error(), Err: err}
	}
	defer c.close()
	return checkUntilHolds(ctx, inv.Within, func(ctx context.Context) journal.CheckResult {
		r := c.check(ctx)
		r.Invariant = inv.Name
		return r
	})
}

// Once is like [Invariant], for one look, however much time the invariant may take to
// settle. The tracer is told how a request went; nil: nobody is.
func Once(ctx context.Context, s *experiments.System, inv experiments.Invariant, f journey.Facts, m *journey.Memory, t journey.Tracer) journal.CheckResult {
	c, err := newChecker(s, inv, f, m, t)
	if err != nil {
		return journal.CheckResult{Invariant: inv.Name, Error: err.Error(), Err: err}
	}
	defer c.close()
	r := c.check(ctx)
	r.Invariant = inv.Name
	return r
}

// A checker checks one invariant as often as needed.
type checker interface {
	check(context.Context) journal.CheckResult
	close()
}

func newChecker(s *experiments.System, inv experiments.Invariant, f journey.Facts, m *journey.Memory, t journey.Tracer) (checker, error) {
	switch {
	case inv.SQL != "":
		return newSQLChecker(s, inv, f)
	case len(inv.Command) > 0:
		return newCommandChecker(s, inv, f)
	}
	return newRequestChecker(s, inv, f, m, t)
}

// checkUntilHolds checks until the invariant holds, or within has passed since the
// first answer. It returns what stood at every look.
func checkUntilHolds(ctx context.Context, within time.Duration, check func(context.Context) journal.CheckResult) journal.CheckResult {
	until := time.Now().Add(within)
	stood := standing{within: within}
	for {
		r := check(ctx)
		if r.Error == "" {
			if !stood.looked { // its answer may have taken long, and counts from now
				until = time.Now().Add(within)
			}
			r = stood.keep(r)
		}
		left := time.Until(until)
		if r.Error == "" && r.Holds || left <= 0 || !wait.For(ctx, min(settleEvery, left)) {
			return r
		}
	}
}
