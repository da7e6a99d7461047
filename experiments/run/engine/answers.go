package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// enoughAnswers is how many answers a 99th percentile needs.
const enoughAnswers = 100

// answerTimes returns how long upstreams took to answer between two readings. Upstreams
// that did so too rarely are left out.
func answerTimes(before, after reading) (list []journal.AnswerTime) {
	if !before.known || !after.known {
		return nil
	}
	first := map[string][]journal.AnswerCount{}
	for _, t := range before.carried {
		first[t.Proxy] = t.Answers
	}
	for _, t := range after.carried {
		if p99, atLeast, ok := percentile99(meanwhile(first[t.Proxy], t.Answers)); ok {
			list = append(list, journal.AnswerTime{Proxy: t.Proxy, P99: p99, AtLeast: atLeast})
		}
	}
	return list
}

// meanwhile returns what came between two readings, shortest first; nil where the server has
// started again meanwhile.
func meanwhile(before, after []journal.AnswerCount) []journal.AnswerCount {
	earlier := map[time.Duration]journal.AnswerCount{}
	for _, c := range before {
		earlier[c.AtLeast] = c
	}
	list := make([]journal.AnswerCount, 0, len(after))
	for _, c := range after {
		old := earlier[c.AtLeast]
		delete(earlier, c.AtLeast)
		c.Answered -= old.Answered
		c.GivenUp -= old.GivenUp
		if min(c.Answered, c.GivenUp) < 0 {
			return nil
		}
		list = append(list, c)
	}
	if len(earlier) > 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b journal.AnswerCount) int { return cmp.Compare(a.AtLeast, b.AtLeast) })
	return list
}

// percentile99 returns the 99th percentile of waits; false where there are too few answers.
// A caller who gave up would have waited longer: atLeast reports whether the percentile may
// be longer because of them.
func percentile99(waits []journal.AnswerCount) (p99 time.Duration, atLeast, ok bool) {
	var answered, all int64
	for _, c := range waits {
		answered += c.Answered
		all += c.Answered + c.GivenUp
	}
	if answered < enoughAnswers {
		return 0, false, false
	}
	rank := all - all/100 // no more than 1 % are longer than the wait of this rank
	var reached, certain int64
	for _, c := range waits {
		reached += c.Answered + c.GivenUp
		certain += c.Answered
		if reached >= rank {
			return c.AtLeast, certain < rank, true
		}
	}
	return 0, false, false
}
