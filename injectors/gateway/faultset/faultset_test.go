package faultset_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

type (
	fault = faultset.Fault[string]
	hit   = faultset.Hit[string]
)

// read reads a fault whose rule is its kind and its status.
func read(t *testing.T, kind string, share float64, attributes string) *fault {
	t.Helper()
	f, err := faultset.Read(kind, share, json.RawMessage(attributes), func(a injectors.Attributes) (string, error) {
		return kind + " " + a.Text("when"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func active(seed uint64, faults ...*fault) *faultset.Set[string] {
	s := faultset.NewSet[string](seed)
	s.Replace(faults)
	return s
}

func TestRead(t *testing.T) {
	t.Parallel()
	f := read(t, "http_latency", 0.25, `{"latency":1500,"first":3}`)
	want := `{"latency":1500,"jitter":0,"when":"before","first":3}`
	if f.Rule != "http_latency before" || f.Share != 0.25 || f.First != 3 || f.Latency != 1500*time.Millisecond || string(f.Attributes) != want {
		t.Errorf("%+v, attributes %s", f, f.Attributes)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	rule := func(injectors.Attributes) (int, error) { return 0, errors.New("the rule") }
	for _, tt := range []struct {
		kind       string
		share      float64
		attributes string
		attribute  string
	}{
		{"http_abort", -0.1, ``, ""}, {"http_abort", 1.1, ``, ""}, {"http_abort", 1, ``, ""}, {"no_kind", 1, ``, ""},
		{"http_error", 1, `{"status":42}`, "status"}, {"http_error", 1, `{"status":503,"match":{"paht":"/"}}`, "match.paht"},
	} {
		_, err := faultset.Read(tt.kind, tt.share, json.RawMessage(tt.attributes), rule)
		mistake, _ := errors.AsType[*injectors.AttributeError](err)
		switch {
		case err == nil:
			t.Errorf("%+v is accepted", tt)
		case tt.attribute != "" && (mistake == nil || mistake.Attribute != tt.attribute):
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

// sampled returns which of n messages a fault affects.
func sampled(s *faultset.Set[string], n int) []bool {
	list := make([]bool, n)
	for i := range list {
		a := s.Active()[0]
		a.CountSeen()
		_, list[i] = a.Sample()
	}
	return list
}

// The share is met, and the same messages are affected in every run with the same
// seed; another fault and another seed affect others.
func TestShares(t *testing.T) {
	t.Parallel()
	const n = 20_000
	one := sampled(active(7, read(t, "http_abort", 0.2, ``)), n)
	hits := 0
	for _, affected := range one {
		if affected {
			hits++
		}
	}
	if share := float64(hits) / n; share < 0.19 || share > 0.21 {
		t.Errorf("%v of the messages are affected", share)
	}
	if !slices.Equal(one, sampled(active(7, read(t, "http_abort", 0.2, ``)), n)) {
		t.Error("the same seed affects other messages")
	}
	if slices.Equal(one, sampled(active(8, read(t, "http_abort", 0.2, ``)), n)) {
		t.Error("another seed affects the same messages")
	}
	second := active(7, read(t, "http_abort", 0.2, ``), read(t, "http_abort", 0.2, ``))
	two := make([]bool, n)
	for i := range two {
		_, two[i] = second.Active()[1].Sample()
	}
	if slices.Equal(one, two) {
		t.Error("another fault affects the same messages")
	}
}

func TestNoneAndAll(t *testing.T) {
	t.Parallel()
	if slices.Contains(sampled(active(1, read(t, "http_abort", 0, ``)), 1000), true) {
		t.Error("a share of 0 affects a message")
	}
	if slices.Contains(sampled(active(1, read(t, "http_abort", 1, ``)), 1000), false) {
		t.Error("a share of 1 spares a message")
	}
}

// First bounds how many are affected, also with many at once; what is given back may
// affect another one.
func TestFirst(t *testing.T) {
	t.Parallel()
	s := active(1, read(t, "http_abort", 1, `{"first":10}`))
	var mu sync.Mutex
	var hits []hit
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for range 100 {
				if h, ok := s.Active()[0].Sample(); ok {
					mu.Lock()
					hits = append(hits, h)
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	if len(hits) != 10 {
		t.Fatalf("%d are affected", len(hits))
	}
	hits[0].GiveBack()
	if got := sampled(s, 3); !slices.Equal(got, []bool{true, false, false}) {
		t.Errorf("after one was given back: %v", got)
	}
}

// A message that a fault was to affect, but which it did not because it was changed
// meanwhile, is none of the first: another one is, under the changed fault.
func TestFirstIsNotUsedUpByARemovedFault(t *testing.T) {
	t.Parallel()
	f := read(t, "http_abort", 1, `{"first":1}`)
	s := active(1, f)
	h, ok := s.Active()[0].Sample()
	if !ok {
		t.Fatal("the first one is not affected")
	}
	changed := read(t, "http_abort", 1, `{"first":1,"when":"after"}`)
	changed.Continue(&f.Spec)
	s.Replace([]*fault{changed})
	if h.Apply() {
		t.Error("a fault that is removed applies")
	}
	if got := sampled(s, 2); !slices.Equal(got, []bool{true, false}) {
		t.Errorf("under the changed fault: %v", got)
	}
}

// Counts tell messages that came from those that match and those that are affected, and
// go on when a fault is changed.
func TestCounts(t *testing.T) {
	t.Parallel()
	f := read(t, "http_abort", 1, ``)
	s := active(1, f)
	a := s.Active()[0]
	a.CountSeen()
	a.CountSeen()
	h, _ := a.Sample()
	if !h.Apply() {
		t.Error("an active fault does not apply")
	}
	if got, want := f.Counts(), (faultset.Counts{Seen: 2, Matched: 1, Affected: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	changed := read(t, "http_abort", 0.5, ``)
	changed.Continue(&f.Spec)
	s.Replace([]*fault{changed})
	s.Active()[0].CountSeen()
	if got := changed.Counts(); got.Seen != 3 {
		t.Errorf("the changed fault counts %+v", got)
	}
}

// A fault that stays keeps its place in time; one that is removed does not apply to
// what it has sampled before.
func TestReplace(t *testing.T) {
	t.Parallel()
	stays, goes := read(t, "http_abort", 1, ``), read(t, "http_abort", 1, ``)
	s := active(1, stays, goes)
	before := s.Active()
	h, _ := before[1].Sample()
	s.Replace([]*fault{stays})
	if now := s.Active(); len(now) != 1 || now[0] != before[0] || now[0].Removed() {
		t.Errorf("%v after %v", now, before)
	}
	if h.Apply() || !before[1].Removed() || goes.Counts().Affected != 0 {
		t.Error("a fault that is removed applies")
	}
	s.Replace(nil)
	if len(s.Active()) > 0 || !before[0].Removed() {
		t.Error("a fault is left")
	}
}

// Delays are latency plus or minus jitter, and end when the fault is removed or the
// connection ends.
func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := active(3, read(t, "http_latency", 1, `{"latency":100,"jitter":40}`))
		shortest, longest := time.Hour, time.Duration(0)
		for range 500 {
			h, _ := s.Active()[0].Sample()
			begun := time.Now()
			if !h.Delay(t.Context()) {
				t.Fatal("cut short")
			}
			took := time.Since(begun)
			shortest, longest = min(shortest, took), max(longest, took)
		}
		if shortest < 60*time.Millisecond || shortest > 65*time.Millisecond || longest > 140*time.Millisecond || longest < 135*time.Millisecond {
			t.Errorf("from %v to %v", shortest, longest)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := active(1, read(t, "http_latency", 1, `{"latency":3600000}`))
		h, _ := s.Active()[0].Sample()
		time.AfterFunc(time.Second, func() { s.Replace(nil) })
		begun := time.Now()
		if !h.Delay(t.Context()) || time.Since(begun) != time.Second {
			t.Errorf("it waited for %v", time.Since(begun))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := active(1, read(t, "http_latency", 1, `{"latency":3600000}`))
		h, _ := s.Active()[0].Sample()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if h.Delay(ctx) {
			t.Error("the end of the connection does not end it")
		}
	})
}
