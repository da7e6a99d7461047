package checkout

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	l := newLedger(100)
	take := func(minute int, c charge) (charged, bool, error) {
		return l.charge(c, noon.Add(time.Duration(minute)*time.Minute))
	}
	first, repeated, err := take(0, charge{Order: "with-key", Amount: 500, IdempotencyKey: "k"})
	if repeated || err != nil {
		t.Fatalf("first charge: repeated %v, %v", repeated, err)
	}
	again, repeated, err := take(1, charge{Order: "with-key", Amount: 500, IdempotencyKey: "k"})
	if !repeated || err != nil || again != first {
		t.Errorf("the key's first result is %v, got %v, %v, %v", first, again, repeated, err)
	}
	if _, _, err := take(2, charge{Order: "with-key", Amount: 501, IdempotencyKey: "k"}); !errors.Is(err, errKeyReused) {
		t.Errorf("the same key for another amount: %v, want %v", err, errKeyReused)
	}
	_, _, _ = take(0, charge{Order: "twice", Amount: 500, Quoted: 500})
	_, _, _ = take(5, charge{Order: "twice", Amount: 500, Quoted: 500})
	_, _, _ = take(6, charge{Order: "dear", Amount: 600, Quoted: 500})
	_, _, _ = take(9, charge{Order: "fair", Amount: 600})
	_, _, _ = take(9, charge{Order: "uneven", Amount: 600, Quoted: 600, Lines: 504})
	_, _, _ = take(9, charge{Order: "even", Amount: 600, Quoted: 600, Lines: 600})

	tests := map[string]struct {
		minute    int
		dup, miss []string
	}{
		"ever":                   {-1, []string{"twice"}, []string{"dear"}},
		"between the two":        {3, []string{"twice"}, []string{"dear"}},
		"at the second":          {5, []string{"twice"}, []string{"dear"}},
		"after the second":       {6, nil, []string{"dear"}},
		"after everything wrong": {7, nil, nil},
	}
	for name, tt := range tests {
		since := noon.Add(time.Duration(tt.minute) * time.Minute)
		if got := l.duplicates(since); !slices.Equal(got, tt.dup) {
			t.Errorf("%s: duplicates %v, want %v", name, got, tt.dup)
		}
		if got := l.mismatches(since); !slices.Equal(got, tt.miss) {
			t.Errorf("%s: mismatches %v, want %v", name, got, tt.miss)
		}
	}
	if got := l.sums(noon.Add(9 * time.Minute)); !slices.Equal(got, []string{"uneven"}) {
		t.Errorf("not the sum of their lines: %v", got)
	}
	if got := l.sums(noon.Add(10 * time.Minute)); len(got) > 0 {
		t.Errorf("and later: %v", got)
	}
	if got := l.chargesOf("twice"); got != 2 {
		t.Errorf("charged %d times, want 2", got)
	}
}

// A key protects also when the same charge arrives many times at once.
func TestLedgerUnderConcurrency(t *testing.T) {
	t.Parallel()
	l := newLedger(1000)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range 100 {
				id := "order-" + strconv.Itoa(i)
				_, _, _ = l.charge(charge{Order: id, Amount: 1, IdempotencyKey: id}, time.Now())
			}
		})
	}
	all.Wait()
	if got := l.duplicates(time.Time{}); len(got) != 0 || l.taken != 100 {
		t.Errorf("%d charges, duplicates %v, want 100 and none", l.taken, got)
	}
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	t.Parallel()
	l := newLedger(2)
	m := newRecent[int](2)
	for i, id := range []string{"a", "b", "c"} {
		_, _, _ = l.charge(charge{Order: id, Amount: 1, IdempotencyKey: id}, time.Now())
		m.add(id, i)
	}
	if len(l.orders) != 2 || len(l.byKey) != 2 || l.chargesOf("a") != 0 || l.chargesOf("c") != 1 {
		t.Errorf("ledger keeps %v and keys %v, want b and c", l.orders, l.byKey)
	}
	if _, ok := m.get("a"); ok {
		t.Error("a is remembered")
	}
	if v, known := m.add("c", 7); !known || v != 2 {
		t.Errorf("c is %d, known %v, want the first value", v, known)
	}
}
