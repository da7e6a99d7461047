package checkout

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

var errKeyReused = errors.New("idempotency key was used for another charge")

// ledger records everything that payments charged. It is safe for concurrent use.
type ledger struct {
	mu     sync.Mutex
	limit  int                // orders kept
	orders map[string]*record // by order
	age    []string           // orders, oldest first
	byKey  map[string]keyed   // by idempotency key
	taken  int                // charges ever
}

// record is one order's money.
type record struct {
	charges  int
	last     time.Time // of the last charge
	mismatch time.Time // of the last charge that was not what was quoted
	uneven   time.Time // of the last charge that was not the sum of its lines
	keys     []string
}

type keyed struct {
	first charged
	asked charge
}

func newLedger(limit int) *ledger {
	return &ledger{limit: limit, orders: make(map[string]*record), byKey: make(map[string]keyed)}
}

// charge takes the money. If c carries an idempotency key that was used before, it takes
// nothing and returns the first result, with repeated set.
func (l *ledger) charge(c charge, now time.Time) (done charged, repeated bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, ok := l.byKey[c.IdempotencyKey]; ok && c.IdempotencyKey != "" {
		if before.asked != c {
			return charged{}, false, errKeyReused
		}
		return before.first, true, nil
	}
	l.taken++
	done = charged{ID: fmt.Sprintf("charge-%d", l.taken), Order: c.Order, Amount: c.Amount, At: now}
	rec := l.record(c.Order)
	rec.charges++
	rec.last = now
	if c.Quoted != 0 && c.Quoted != c.Amount {
		rec.mismatch = now
	}
	if c.Lines != 0 && c.Lines != c.Amount {
		rec.uneven = now
	}
	if c.IdempotencyKey != "" {
		l.byKey[c.IdempotencyKey] = keyed{done, c}
		rec.keys = append(rec.keys, c.IdempotencyKey)
	}
	return done, false, nil
}

// record returns the order's record. To make room for a new one it forgets the oldest.
func (l *ledger) record(id string) *record {
	if rec, ok := l.orders[id]; ok {
		return rec
	}
	if len(l.age) == l.limit {
		for _, key := range l.orders[l.age[0]].keys {
			delete(l.byKey, key)
		}
		delete(l.orders, l.age[0])
		l.age = l.age[1:]
	}
	rec := &record{}
	l.orders[id] = rec
	l.age = append(l.age, id)
	return rec
}

// chargesOf returns how often the order was charged.
func (l *ledger) chargesOf(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rec, ok := l.orders[id]; ok {
		return rec.charges
	}
	return 0
}

// duplicates lists the orders that were charged a second time at or after since, sorted.
// The first charge may be older.
func (l *ledger) duplicates(since time.Time) []string {
	return l.find(func(r *record) bool { return r.charges > 1 && !r.last.Before(since) })
}

// mismatches lists the orders that were charged something else than quoted at
// or after since, sorted.
func (l *ledger) mismatches(since time.Time) []string {
	return l.find(func(r *record) bool { return !r.mismatch.IsZero() && !r.mismatch.Before(since) })
}

// sums lists the orders that were charged something else than the sum of their
// invoice's lines at or after since, sorted.
func (l *ledger) sums(since time.Time) []string {
	return l.find(func(r *record) bool { return !r.uneven.IsZero() && !r.uneven.Before(since) })
}

func (l *ledger) find(match func(*record) bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := []string{} // never null in JSON
	for id, rec := range l.orders {
		if match(rec) {
			keys = append(keys, id)
		}
	}
	slices.Sort(keys)
	return keys
}
