package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// The percentile is that of what came between the readings, and of nothing before it.
func TestAnswerTimes(t *testing.T) {
	t.Parallel()
	n := func(took time.Duration, answered, givenUp int64) journal.AnswerCount {
		return journal.AnswerCount{AtLeast: took, Answered: answered, GivenUp: givenUp}
	}
	const short, long, longer = 5 * time.Millisecond, 400 * time.Millisecond, time.Second
	for name, test := range map[string]struct {
		before, after []journal.AnswerCount
		want          time.Duration // 0: not known
		atLeast       bool
	}{
		"one in a hundred":            {after: []journal.AnswerCount{n(short, 198, 0), n(long, 2, 0)}, want: short},
		"more than one":               {after: []journal.AnswerCount{n(short, 197, 0), n(long, 3, 0)}, want: long},
		"in any order":                {after: []journal.AnswerCount{n(long, 3, 0), n(short, 197, 0)}, want: long},
		"slow before":                 {before: []journal.AnswerCount{n(short, 10, 0), n(long, 1000, 9)}, after: []journal.AnswerCount{n(short, 310, 0), n(long, 1001, 9)}, want: short},
		"too few":                     {before: []journal.AnswerCount{n(short, 50, 0)}, after: []journal.AnswerCount{n(short, 149, 0)}},
		"few, many given up":          {after: []journal.AnswerCount{n(short, 99, 900)}},
		"given up":                    {after: []journal.AnswerCount{n(short, 980, 0), n(long, 0, 20)}, want: long, atLeast: true},
		"rarely given up":             {after: []journal.AnswerCount{n(short, 990, 0), n(long, 0, 10)}, want: short},
		"given up early":              {after: []journal.AnswerCount{n(short, 900, 60), n(long, 40, 0), n(longer, 20, 0)}, want: longer, atLeast: true},
		"another server":              {before: []journal.AnswerCount{n(short, 10, 0)}, after: []journal.AnswerCount{n(short, 9, 0), n(long, 500, 0)}},
		"a server that was slow once": {before: []journal.AnswerCount{n(longer, 10, 0)}, after: []journal.AnswerCount{n(long, 500, 0)}},
		"nothing":                     {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := func(waits []journal.AnswerCount) reading {
				return reading{known: true, carried: []journal.Traffic{{Proxy: "p", Answers: waits}, {Proxy: "q"}}}
			}
			var want []journal.AnswerTime
			if test.want > 0 {
				want = append(want, journal.AnswerTime{Proxy: "p", P99: test.want, AtLeast: test.atLeast})
			}
			if got := answerTimes(at(test.before), at(test.after)); !slices.Equal(got, want) {
				t.Errorf("%+v, want %+v", got, want)
			}
			for _, unknown := range [][2]reading{{{}, at(test.after)}, {at(test.before), {}}} {
				if got := answerTimes(unknown[0], unknown[1]); got != nil {
					t.Errorf("not read: %+v", got)
				}
			}
		})
	}
}
