package world

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A queue with room answers every visit in its service time, and one that never gets
// enough capacity answers none in the end.
func TestQueue(t *testing.T) {
	t.Parallel()
	q := Queue{Rate: 40, Workers: 20, Service: 0.2, Patience: 3.6, Attempts: 4}
	r := rand.New(rand.NewPCG(1, 2))
	for _, v := range q.Visits(r, Trigger{}, 0, 20) {
		if !v.Answered || math.Abs(v.Took-0.2) > 1e-9 {
			t.Fatalf("a queue with room: %+v", v)
		}
	}
	visits := q.Visits(r, Trigger{Cut: 0.8, For: 1000}, 0, 100)
	if last := visits[len(visits)-1]; last.Answered || math.Abs(last.Took-4*3.6) > 1e-9 {
		t.Errorf("a queue without: %+v", last)
	}
	if n := len(visits); math.Abs(float64(n)-4000) > 1 {
		t.Errorf("%d visits in 100 s", n)
	}
}

// Without retries a queue comes back from any trigger, and with them the longer the
// smaller the cut and the load are.
func TestThreshold(t *testing.T) {
	t.Parallel()
	threshold := func(rate float64, attempts int, cut float64) float64 {
		q := Queue{Rate: rate, Workers: 20, Service: 0.2, Patience: 3.6, Attempts: attempts}
		return q.Threshold(rand.New(rand.NewPCG(3, 4)), cut, 5, 25, 60)
	}
	if once := threshold(40, 1, 0.8); once < 24.9 {
		t.Errorf("without retries it stays down after %.1f s", once)
	}
	most, less, lighter := threshold(40, 4, 0.80), threshold(40, 4, 0.78), threshold(28, 4, 0.80)
	if !(9 < most && most < 10 && 10 < less && less < lighter && lighter < 25) {
		t.Errorf("thresholds %.2f, %.2f, %.2f", most, less, lighter)
	}
}
