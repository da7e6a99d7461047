package smallest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate/smallest"
)

// parts returns so many names.
func parts(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("/p%03d", i)
	}
	return list
}

// has reports whether a part holds all of some names.
func has(part []string, names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(part, n) })
}

// search runs a search to its end against an oracle, and checks what holds of every one.
func search(t *testing.T, names []string, oracle func([]string) smallest.Answer) smallest.Result {
	t.Helper()
	s := smallest.New(names)
	seen := map[string]bool{}
	asked := 0
	for {
		part, ok := s.Next()
		if !ok {
			break
		}
		again, _ := s.Next()
		if !slices.Equal(part, again) {
			t.Fatalf("Next() = %v, and %v before it was told", again, part)
		}
		k := strings.Join(part, " ")
		switch {
		case seen[k]:
			t.Fatalf("%v is asked about twice", part)
		case len(part) == 0 || len(part) >= len(names):
			t.Fatalf("Next() = %v: that is known", part)
		case !slices.IsSorted(part):
			t.Fatalf("Next() = %v: not in the order given", part)
		}
		seen[k] = true
		asked++
		s.Tell(oracle(part))
	}
	r := s.Result()
	if asked > len(names)*len(names) || r.Asked != asked {
		t.Fatalf("%d questions about %d parts, and Asked is %d", asked, len(names), r.Asked)
	}
	if len(r.Parts) < len(names) && oracle(r.Parts) != smallest.Fails {
		t.Fatalf("Result() = %v, which does not fail", r.Parts)
	}
	return r
}

func answer(fails bool) smallest.Answer {
	if fails {
		return smallest.Fails
	}
	return smallest.Passes
}

func TestPlantedCauses(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 16, 31, 200} {
		names := parts(n)
		for _, of := range [][]int{{0}, {n - 1}, {n / 2}, {0, n - 1}, {n / 3, n / 2}, {0, n / 2, n - 1}} {
			var cause []string
			for _, i := range of {
				cause = append(cause, names[i])
			}
			slices.Sort(cause)
			cause = slices.Compact(cause)
			r := search(t, names, func(part []string) smallest.Answer { return answer(has(part, cause...)) })
			if !slices.Equal(r.Parts, cause) || !r.Minimal {
				t.Errorf("of %d parts: Result() = %+v, want %v", n, r, cause)
			}
			if len(cause) == 1 && n > 1 && r.Asked > 2*n {
				t.Errorf("of %d parts: %d questions for one cause", n, r.Asked)
			}
		}
	}
}

// Of several causes one is found.
func TestAlternatives(t *testing.T) {
	t.Parallel()
	names := parts(9)
	r := search(t, names, func(part []string) smallest.Answer {
		return answer(has(part, names[1], names[7]) || has(part, names[4]))
	})
	if !r.Minimal || !slices.Equal(r.Parts, names[4:5]) && !slices.Equal(r.Parts, []string{names[1], names[7]}) {
		t.Errorf("Result() = %+v", r)
	}
}

// A change that heals another one is no obstacle.
func TestNotMonotone(t *testing.T) {
	t.Parallel()
	names := parts(8)
	r := search(t, names, func(part []string) smallest.Answer {
		return answer(has(part, names[2]) && (!has(part, names[3]) || has(part, names[6])))
	})
	if !r.Minimal || !slices.Equal(r.Parts, names[2:3]) {
		t.Errorf("Result() = %+v, want %v", r, names[2:3])
	}
}

// What was not measured proves nothing.
func TestUnknown(t *testing.T) {
	t.Parallel()
	names := parts(6)
	if r := search(t, names, func([]string) smallest.Answer { return smallest.Unknown }); r.Minimal || len(r.Parts) != 6 {
		t.Errorf("nothing is known, but Result() = %+v", r)
	}
	r := search(t, names, func(part []string) smallest.Answer {
		if has(part, names[0]) && !has(part, names[5]) {
			return smallest.Unknown
		}
		return answer(has(part, names[0], names[5]))
	})
	if r.Minimal || !slices.Equal(r.Parts, []string{names[0], names[5]}) {
		t.Errorf("Result() = %+v, want it not proven minimal", r)
	}
}

// Whoever stops asking has what was found so far.
func TestStopsAnywhere(t *testing.T) {
	t.Parallel()
	names := parts(16)
	s := smallest.New(names)
	if r := s.Result(); r.Minimal || !slices.Equal(r.Parts, names) || r.Asked != 0 {
		t.Errorf("before the first question, Result() = %+v", r)
	}
	s.Tell(smallest.Fails) // nobody asked
	if part, _ := s.Next(); len(part) != 8 {
		t.Fatalf("Next() = %v, want half of it", part)
	}
	s.Tell(smallest.Fails)
	if r := s.Result(); r.Minimal || !slices.Equal(r.Parts, names[:8]) || r.Asked != 1 {
		t.Errorf("after one half, Result() = %+v", r)
	}
}

func TestNothingToSearchIn(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{nil, {"/a"}, {"/a", "/a"}} {
		s := smallest.New(names)
		if part, ok := s.Next(); ok {
			t.Errorf("of %v: Next() = %v", names, part)
		}
		if r := s.Result(); !r.Minimal || len(r.Parts) != min(len(names), 1) {
			t.Errorf("of %v: Result() = %+v", names, r)
		}
	}
	var zero smallest.Search
	if part, ok := zero.Next(); ok {
		t.Errorf("of the zero value: Next() = %v", part)
	}
}

// Any answers end the search within its bounds. With a cause that is a set of names, the
// result is proven minimal.
func FuzzSearch(f *testing.F) {
	f.Add(uint8(6), uint64(1), false)
	f.Add(uint8(40), uint64(7), true)
	f.Fuzz(func(t *testing.T, n uint8, seed uint64, wild bool) {
		names := parts(int(n % 48))
		random := rand.New(rand.NewPCG(seed, 1))
		if wild {
			known := map[string]smallest.Answer{}
			search(t, names, func(part []string) smallest.Answer {
				k := strings.Join(part, " ")
				if _, ok := known[k]; !ok {
					known[k] = smallest.Answer(random.IntN(3))
				}
				return known[k]
			})
			return
		}
		var cause []string
		for _, name := range names {
			if random.IntN(4) == 0 {
				cause = append(cause, name)
			}
		}
		if len(cause) == 0 {
			return
		}
		r := search(t, names, func(part []string) smallest.Answer { return answer(has(part, cause...)) })
		if !slices.Equal(r.Parts, cause) || !r.Minimal {
			t.Errorf("Result() = %+v, want %v", r, cause)
		}
	})
}
