// Package smallest searches the smallest part of a change that fails by itself.
//
// The search is delta debugging, as in Zeller and Hildebrandt, "Simplifying and isolating
// failure-inducing input" (2002), there called ddmin. It asks whether one part of the
// change fails, is told, and asks about the next. It measures nothing and knows no time:
// whoever has no time left stops asking, and has what was found so far.
package smallest

import (
	"slices"
	"strconv"
	"strings"
)

// An Answer is what was found about a part of a change.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota // it was not measured, or the measurement says nothing
	Passes                // it does not fail
	Fails                 // it fails as the whole change does
)

// A Result is the smallest part that is known to fail.
type Result struct {
	Parts []string // in the order in which they were given
	// Minimal reports that each of them is needed: what is left without it was found to
	// pass. Another, smaller part of the change may fail as well, but none within this one
	// that lacks just one of its parts.
	Minimal bool
	Asked   int // how many questions were answered
}

// A Search looks for the smallest part of a change that fails. It takes for granted that
// the whole change fails and that nothing of it passes. Its zero value searches in nothing.
type Search struct {
	failing []int // the smallest part that is known to fail
	names   []string
	answers map[string]Answer // by the part that was asked about
	most    int
	asked   int
	pieces  int        // into how many pieces the failing part is cut
	queue   []question // what is still to be asked at this cut
	pending question
}

// A question is about a part: a piece, or all without one.
type question struct {
	part   []int // nil: there is none
	pieces int   // into how many pieces it is cut if it fails
}

// New returns a search in the parts of a change that fails. Each part stands once.
func New(parts []string) *Search {
	s := &Search{answers: map[string]Answer{}, most: len(parts) * len(parts)}
	for _, p := range parts {
		if !slices.Contains(s.names, p) {
			s.failing = append(s.failing, len(s.names))
			s.names = append(s.names, p)
		}
	}
	s.cut(2)
	return s
}

// cut makes the questions about a failing part that is cut into so many pieces: each piece
// alone, then all without each piece.
func (s *Search) cut(pieces int) {
	n := len(s.failing)
	s.pieces, s.queue = min(pieces, n), nil
	if n < 2 {
		return
	}
	var without []question
	for i := range s.pieces {
		from, to := i*n/s.pieces, (i+1)*n/s.pieces
		s.queue = append(s.queue, question{slices.Clone(s.failing[from:to]), 2})
		without = append(without, question{slices.Concat(s.failing[:from], s.failing[to:]), max(s.pieces-1, 2)})
	}
	if s.pieces > 2 { // without one half is the other half
		s.queue = append(s.queue, without...)
	}
}

// Next returns the part to ask about, and false at the end of the search. It returns the
// same part until [Search.Tell] answers. No part is asked about twice, and a change of n
// parts takes at most n² questions.
func (s *Search) Next() (parts []string, ok bool) {
	for s.pending.part == nil {
		if s.asked >= s.most {
			return nil, false
		}
		if len(s.queue) == 0 {
			if s.pieces >= len(s.failing) {
				return nil, false
			}
			s.cut(2 * s.pieces)
			continue
		}
		q := s.queue[0]
		s.queue = s.queue[1:]
		switch answer, known := s.answers[key(q.part)]; {
		case !known:
			s.pending = q
		case answer == Fails:
			s.take(q)
		}
	}
	return s.named(s.pending.part), true
}

// Tell answers the question of [Search.Next].
func (s *Search) Tell(a Answer) {
	q := s.pending
	if q.part == nil {
		return
	}
	s.pending = question{}
	s.asked++
	s.answers[key(q.part)] = a
	if a == Fails {
		s.take(q)
	}
}

// take goes on in a smaller part that fails.
func (s *Search) take(q question) {
	s.failing = q.part
	s.cut(q.pieces)
}

// Result returns what is known so far.
func (s *Search) Result() Result {
	r := Result{Parts: s.named(s.failing), Minimal: true, Asked: s.asked}
	for i := range s.failing {
		without := slices.Delete(slices.Clone(s.failing), i, i+1)
		if len(without) > 0 && s.answers[key(without)] != Passes {
			r.Minimal = false
		}
	}
	return r
}

func (s *Search) named(part []int) []string {
	names := make([]string, len(part))
	for i, p := range part {
		names[i] = s.names[p]
	}
	return names
}

// key names a part of the change.
func key(part []int) string {
	var b strings.Builder
	for _, p := range part {
		b.WriteString(strconv.Itoa(p) + " ")
	}
	return b.String()
}
