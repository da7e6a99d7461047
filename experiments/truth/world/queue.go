package world

import (
	"container/heap"
	"math"
	"math/rand/v2"
)

// A Queue is a server with a queue, and clients that wait for an answer and then ask again.
//
// Note: the server does not know who has given up. It works off what nobody waits for any
// more, so that each visit costs as much work as it has attempts: a queue that was once
// longer than clients are patient stays so where visits times attempts are more than the
// server can do. That is how retries keep a system down after what triggered it is gone
// (Huang and others, Metastable Failures in the Wild, OSDI 2022).
type Queue struct {
	Rate     float64 // visits per second, evenly
	Workers  int
	Service  float64 // seconds that one attempt takes a worker
	Patience float64 // seconds that a client waits for the answer to an attempt
	Attempts int     // of a visit, one after the other
	Noise    float64 // by what part of itself the service time varies, up or down; 0: it does not
}

// A Trigger takes a part of the capacity away, for a time that begins at 0.
type Trigger struct {
	Cut float64 // 0 to 1: service takes 1/(1-Cut) times as long
	For float64 // seconds
}

// A Visit is what became of one.
type Visit struct {
	Start    float64 // seconds after the trigger began
	Took     float64 // until it was answered, or given up
	Answered bool
}

// Visits are those that start between two times, in their order.
func (q Queue) Visits(r *rand.Rand, t Trigger, from, to float64) []Visit {
	s := &server{Queue: q, trigger: t, rand: r, free: q.Workers}
	for start := from + r.Float64()/q.Rate; start < to; start += 1 / q.Rate {
		s.visits = append(s.visits, Visit{Start: start})
		s.happens(moment{at: start, what: asks, visit: len(s.visits) - 1, attempt: 1})
	}
	for len(s.next) > 0 {
		s.step(heap.Pop(&s.next).(moment))
	}
	return s.visits
}

// Threshold is how long a trigger must last, at least, so that visits are harmed for good:
// until the end of so many seconds after it. It is between low and high, in seconds.
func (q Queue) Threshold(r *rand.Rand, cut, low, high, after float64) float64 {
	const precise = 0.01
	for high-low > precise {
		middle := (low + high) / 2
		visits := q.Visits(r, Trigger{cut, middle}, -5, middle+after)
		harmed := 0
		late := visits[len(visits)*9/10:]
		for _, v := range late {
			if !v.Answered {
				harmed++
			}
		}
		if 2*harmed > len(late) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// What may happen in a queue.
type event int

const (
	asks    event = iota // an attempt arrives
	givesUp              // a client has waited long enough for one
	done                 // a worker is done with one
)

type moment struct {
	at      float64
	what    event
	visit   int
	attempt int
	asked   float64 // when the attempt arrived
}

// moments are a heap, the earliest first.
type moments []moment

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, k int) bool { return m[i].at < m[k].at }
func (m moments) Swap(i, k int)      { m[i], m[k] = m[k], m[i] }
func (m *moments) Push(x any)        { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

type server struct {
	Queue
	trigger Trigger
	rand    *rand.Rand
	visits  []Visit
	next    moments
	waiting []moment
	free    int
}

func (s *server) happens(m moment) { heap.Push(&s.next, m) }

func (s *server) step(m moment) {
	v := &s.visits[m.visit]
	over := v.Took > 0
	switch m.what {
	case asks:
		m.asked = m.at
		s.waiting = append(s.waiting, m)
		s.happens(moment{at: m.at + s.Patience, what: givesUp, visit: m.visit, attempt: m.attempt})
	case givesUp:
		switch {
		case over:
		case m.attempt < s.Attempts:
			s.happens(moment{at: m.at, what: asks, visit: m.visit, attempt: m.attempt + 1})
		default:
			v.Took = m.at - v.Start
		}
	case done:
		s.free++
		if !over && m.at-m.asked <= s.Patience {
			v.Took, v.Answered = m.at-v.Start, true
		}
	}
	for s.free > 0 && len(s.waiting) > 0 {
		first := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.free--
		first.what, first.at = done, m.at+s.service(m.at)
		s.happens(first)
	}
}

// service is how long an attempt takes that a worker begins now.
func (s *server) service(now float64) float64 {
	takes := s.Service * (1 + s.Noise*(2*s.rand.Float64()-1))
	if now >= 0 && now < s.trigger.For {
		takes /= 1 - math.Min(s.trigger.Cut, 0.999)
	}
	return takes
}
