package fleet

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// counters are what the proxies of one server have carried, over the lives of its process.
type counters struct {
	before map[string]journal.Traffic // by proxy, of lives that are over
	from   map[string]journal.Traffic // what it had carried when it came
	last   map[string]journal.Traffic
}

// countTimeout is how long one server may take to say what it has carried.
const countTimeout = time.Second

// Carried returns what each proxy has carried so far on all servers, sorted by name, see
// [toxiproxy.Driver.Carried]. What a server counted that has gone or does not answer stays,
// and one that began anew takes nothing away. It reports false where no server counts.
func (f *Fleet) Carried(ctx context.Context) ([]journal.Traffic, bool, error) {
	list := f.here()
	if len(list) == 1 && len(f.groups) == 1 && f.groups[0].isOne() {
		return list[0].driver.Carried(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	counted := make([]bool, len(list))
	err := each(list, func(s *server) error {
		seen, counts, err := s.driver.Carried(ctx)
		if err == nil && counts {
			counted[slices.Index(list, s)] = true
			f.note(s, seen)
		}
		return err
	})
	if !slices.Contains(counted, true) {
		return nil, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counting = true
	return f.sumCarried(), true, nil
}

// note takes in what the proxies of a server have carried. Only those of its dependencies
// count.
func (f *Fleet) note(s *server, seen []journal.Traffic) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.counts[s.url]
	if !ok {
		c = &counters{before: map[string]journal.Traffic{}, from: map[string]journal.Traffic{}, last: map[string]journal.Traffic{}}
		f.counts[s.url] = c
	}
	for _, t := range seen {
		if !f.serves(s, t.Proxy) {
			continue
		}
		last, known := c.last[t.Proxy]
		switch {
		case !known && f.counting: // it has come since: what it carried before is not of this run
			c.from[t.Proxy] = t
		case t.Connections < last.Connections || t.Bytes < last.Bytes: // another process counts from 0
			c.before[t.Proxy] = plus(c.before[t.Proxy], less(last, c.from[t.Proxy]))
			delete(c.from, t.Proxy)
		}
		c.last[t.Proxy] = t
	}
}

// serves reports whether a proxy of a server is that of a dependency which is behind it, or
// of none.
func (f *Fleet) serves(s *server, proxy string) bool {
	for _, d := range f.o.System.Dependencies {
		if d.ProxyName() == proxy {
			g := f.of[d.Name]
			return slices.Contains(s.in(), g) || g != nil && g.has(s.url)
		}
	}
	return true
}

// sumCarried sums up what was noted. The caller holds mu.
func (f *Fleet) sumCarried() []journal.Traffic {
	sums := map[string]journal.Traffic{}
	for _, url := range slices.Sorted(maps.Keys(f.counts)) {
		c := f.counts[url]
		for proxy, t := range c.last {
			sums[proxy] = plus(sums[proxy], plus(less(t, c.from[proxy]), c.before[proxy]))
		}
	}
	var list []journal.Traffic
	for _, proxy := range slices.Sorted(maps.Keys(sums)) {
		list = append(list, sums[proxy])
	}
	return list
}

// less takes away what a server had carried before. Taking away the zero value changes
// nothing.
func less(a, b journal.Traffic) journal.Traffic {
	if b.Proxy == "" {
		return a
	}
	a.Connections, a.Bytes, a.DialFailed = a.Connections-b.Connections, a.Bytes-b.Bytes, a.DialFailed-b.DialFailed
	if a.Calls != nil && b.Calls != nil {
		calls := *a.Calls - *b.Calls
		a.Calls = &calls
	}
	a.Answers = slices.Clone(a.Answers)
	for i := range a.Answers {
		for _, o := range b.Answers {
			if o.AtLeast == a.Answers[i].AtLeast {
				a.Answers[i].Answered, a.Answers[i].GivenUp = a.Answers[i].Answered-o.Answered, a.Answers[i].GivenUp-o.GivenUp
			}
		}
	}
	return a
}

// plus adds what two servers carried. The zero value adds nothing.
func plus(a, b journal.Traffic) journal.Traffic {
	switch {
	case a.Proxy == "":
		return b
	case b.Proxy == "":
		return a
	}
	sum := journal.Traffic{Proxy: a.Proxy, Connections: a.Connections + b.Connections, Bytes: a.Bytes + b.Bytes, DialFailed: a.DialFailed + b.DialFailed}
	if a.Calls != nil && b.Calls != nil {
		calls := *a.Calls + *b.Calls
		sum.Calls = &calls
	}
	sum.Answers = plusAnswers(a.Answers, b.Answers)
	return sum
}

// plusAnswers adds how long two upstreams took to answer, shortest first.
func plusAnswers(a, b []journal.AnswerCount) []journal.AnswerCount {
	list := slices.Clone(a)
	for _, c := range b {
		i := slices.IndexFunc(list, func(o journal.AnswerCount) bool { return o.AtLeast == c.AtLeast })
		if i < 0 {
			list = append(list, c)
			continue
		}
		list[i].Answered, list[i].GivenUp = list[i].Answered+c.Answered, list[i].GivenUp+c.GivenUp
	}
	slices.SortFunc(list, func(x, y journal.AnswerCount) int { return cmp.Compare(x.AtLeast, y.AtLeast) })
	return list
}
