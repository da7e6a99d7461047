package systemtest

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Harm is a known share of harmed journeys. Its zero value harms none.
//
// Exactly Percent of every hundred are harmed, at places drawn anew for each hundred: so
// outcomes are certain. An interval of such a system is always right, because its share
// hardly varies. With Chance each journey is harmed by chance, as users are; with Bursts
// in stretches of twenty journeys on average, in which all are.
type Harm struct {
	Percent int
	Bursts  bool
	Chance  bool
	Seed    uint64

	mu      sync.Mutex
	rng     *rand.Rand
	left    []bool // of this hundred
	inBurst bool
}

// meanBurst is how many journeys a burst by chance lasts on average.
const meanBurst = 20

// Next reports whether the next journey is harmed.
func (h *Harm) Next() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rng == nil {
		h.rng = rand.New(rand.NewPCG(h.Seed, 1))
		h.inBurst = h.Chance && h.rng.Float64() < h.share()
	}
	if h.Chance {
		return h.toss()
	}
	if len(h.left) == 0 {
		h.left = h.draw()
	}
	harmed := h.left[0]
	h.left = h.left[1:]
	return harmed
}

func (h *Harm) share() float64 { return float64(h.Percent) / 100 }

// toss draws the next journey by chance. Bursts begin and end so that they take their
// share of the journeys.
func (h *Harm) toss() bool {
	if !h.Bursts {
		return h.rng.Float64() < h.share()
	}
	changes := 1.0 / meanBurst
	if !h.inBurst {
		changes *= h.share() / max(1e-9, 1-h.share())
	}
	if h.rng.Float64() < changes {
		h.inBurst = !h.inBurst
	}
	return h.inBurst
}

// draw draws the next hundred.
func (h *Harm) draw() []bool {
	hundred := make([]bool, 100)
	for i := range h.Percent {
		hundred[i] = true
	}
	if by := h.rng.IntN(len(hundred)); h.Bursts {
		return slices.Concat(hundred[by:], hundred[:by])
	}
	h.rng.Shuffle(len(hundred), func(i, k int) { hundred[i], hundred[k] = hundred[k], hundred[i] })
	return hundred
}

// Planted makes an entry that harms by plan: usual while the dependency
// answers, faulted while it does not.
func Planted(usual, faulted *Harm) func(backend string) http.Handler {
	return func(backend string) http.Handler {
		client := Client(5 * time.Second)
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			harm := usual
			if !Answers(client, backend) {
				harm = faulted
			}
			if harm.Next() {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
	}
}

// A Relapse is an entry that goes on harming journeys for a while after its
// dependency is back, and knows when it harmed the last one.
type Relapse struct {
	Harm  Harm          // while the dependency is down, and for Lasts after it
	Lasts time.Duration // after the dependency is back

	mu     sync.Mutex
	down   bool
	back   time.Time
	harmed time.Time
}

// Entry is the handler where journeys enter.
func (r *Relapse) Entry(backend string) http.Handler {
	client := Client(time.Second)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came := time.Now()
		if r.harms(came, Answers(client, backend)) {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
}

func (r *Relapse) harms(came time.Time, up bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down && up {
		r.back = time.Now()
	}
	r.down = !up
	ill := r.down || !r.back.IsZero() && time.Since(r.back) < r.Lasts
	if !ill || !r.Harm.Next() {
		return false
	}
	if came.After(r.harmed) {
		r.harmed = came
	}
	return true
}

// LastHarmed is when the last journey came that was harmed; zero where none was.
func (r *Relapse) LastHarmed() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.harmed
}
