package prometheus

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	mostLosses = 1000 // that are told one by one
	mostNames  = 3    // of targets that are named of a loss
	mostErrors = 3    // that are told
	mostSlices = 1000 // of time, in which durations are kept
)

// An audit is how complete a measurement is.
type audit struct {
	scrape time.Duration
	width  time.Duration // of a slice of time
	all    journal.Measurement
	counts map[countKey]*journal.MeasuredCount
	slices map[sliceKey]*journal.BucketSlice
	seen   map[string]map[string]bool // targets by journey
	edges  map[string][]float64       // of buckets, by journey
	phases []phaseStart               // in the order of time
	harm   map[string]bool            // journeys of which there is a counter of harm
	errors []string                   // the first few that differ
}

type countKey struct {
	journey string
	arm     plan.Arm
	phase   journal.Phase
}

// A phaseStart is when a phase began.
type phaseStart struct {
	phase journal.Phase
	at    time.Duration
}

type sliceKey struct {
	countKey
	at time.Duration
}

func newAudit(scrape, planned time.Duration) *audit {
	return &audit{scrape: scrape, width: max(scrape, planned/mostSlices), counts: map[countKey]*journal.MeasuredCount{}, slices: map[sliceKey]*journal.BucketSlice{}, seen: map[string]map[string]bool{}, edges: map[string][]float64{}, harm: map[string]bool{}}
}

func (a *audit) unanswered(err error) {
	a.all.Unanswered++
	if text := err.Error(); len(a.errors) < mostErrors && !slices.Contains(a.errors, text) {
		a.errors = append(a.errors, text)
	}
}

// phase is the one that a moment is in.
func (a *audit) phase(at time.Duration) (p journal.Phase) {
	for _, s := range a.phases {
		if at >= s.at {
			p = s.phase
		}
	}
	return p
}

func (a *audit) clock(c clock) {
	a.all.ClockAhead, a.all.ClockUncertain, a.all.ClockMoved = c.ahead, c.uncertain, c.moved
}

// add takes an interval into account.
func (a *audit) add(k *kind, i *interval, from, to time.Duration) {
	if a.seen[k.Name] == nil {
		a.seen[k.Name] = map[string]bool{}
	}
	a.seen[k.Name][i.target] = true
	if to <= 0 {
		return // before the run, of which nothing is told
	}
	if i.lost != "" {
		a.loseOf(k, i, max(0, from), to)
		return
	}
	if from < 0 {
		return
	}
	for arm := range i.arms {
		c := &i.arms[arm]
		if c.total+c.harmed == 0 && c.buckets == nil {
			continue
		}
		at := countKey{k.Name, plan.Arm(arm), a.phase(from)}
		row := a.counts[at]
		if row == nil {
			row = &journal.MeasuredCount{Journey: k.Name, Arm: plan.Arm(arm).String(), Phase: at.phase}
			a.counts[at] = row
		}
		row.Total += int64(c.total)
		row.Harmed += int64(c.harmed)
		row.Timed += int64(c.buckets[math.Inf(1)])
		a.addBuckets(at, c, from, to)
	}
}

// addBuckets keeps how long journeys took, by slices of time, so that those of a phase can
// be told from others.
func (a *audit) addBuckets(at countKey, c *armCounts, from, to time.Duration) {
	if c.buckets == nil {
		return
	}
	edges := a.edges[at.journey]
	for edge := range c.buckets {
		if _, found := slices.BinarySearch(edges, edge); !found {
			edges = append(edges, edge)
			slices.Sort(edges)
		}
	}
	a.edges[at.journey] = edges
	key := sliceKey{at, from.Truncate(a.width)}
	s := a.slices[key]
	if s == nil {
		s = &journal.BucketSlice{Journey: at.journey, Arm: at.arm.String(), From: from, To: to}
		a.slices[key] = s
	}
	s.From, s.To = min(s.From, from), max(s.To, to)
	for edge, n := range c.buckets {
		i := slices.IndexFunc(s.Buckets, func(b journal.Bucket) bool { return b.Seconds == edge || b.Above && math.IsInf(edge, 1) })
		if i < 0 {
			b := journal.Bucket{Seconds: edge}
			if math.IsInf(edge, 1) {
				b = journal.Bucket{Above: true}
			}
			s.Buckets, i = append(s.Buckets, b), len(s.Buckets)
		}
		s.Buckets[i].Count += int64(n)
	}
}

// loseOf notes that nothing is known of an interval of a target, on each of its arms.
func (a *audit) loseOf(k *kind, i *interval, from, to time.Duration) {
	alive := k.targets.alive(i.from - k.targets.longest)
	for arm, on := range i.on {
		if on {
			a.lose(journal.Loss{
				Journey: k.Name, Arm: plan.Arm(arm).String(), Why: string(i.lost), From: from, To: to, Targets: 1, Of: alive,
				Share: k.targets.share(i.target, plan.Arm(arm)), First: []string{cut(i.target)},
			})
		}
	}
}

// cut makes the name of a target no longer than one may be written down.
func cut(name string) string { return name[:min(len(name), journal.MaxKey)] }

// lose notes that nothing is known of a stretch of time. Those of several targets that are
// at the same time are one.
func (a *audit) lose(lost journal.Loss) {
	a.all.Lost++
	for i := range a.all.Losses {
		l := &a.all.Losses[i]
		if l.Journey == lost.Journey && l.Arm == lost.Arm && l.Why == lost.Why && (l.From-lost.From).Abs() < a.scrape && (l.To-lost.To).Abs() < a.scrape {
			l.Targets, l.Of = l.Targets+lost.Targets, max(l.Of, lost.Of)
			l.From, l.To, l.Share = min(l.From, lost.From), max(l.To, lost.To), min(1, l.Share+lost.Share)
			if len(l.First) < mostNames {
				l.First = append(l.First, lost.First...)
			}
			return
		}
	}
	if len(a.all.Losses) == mostLosses {
		a.all.Untold++
		return
	}
	a.all.Losses = append(a.all.Losses, lost)
}

// measurement is what is told of it.
func (a *audit) measurement() *journal.Measurement {
	m := a.all
	m.Scrape = a.scrape
	m.Losses, m.Error = slices.Clone(m.Losses), strings.Join(a.errors, "; ")
	for i := range m.Losses {
		m.Losses[i].Of = max(m.Losses[i].Of, m.Losses[i].Targets)
	}
	for at, row := range a.counts {
		c := *row
		c.Targets = len(a.seen[at.journey])
		m.Counts = append(m.Counts, c)
	}
	slices.SortFunc(m.Counts, func(x, y journal.MeasuredCount) int {
		return cmp.Or(cmp.Compare(x.Journey, y.Journey), cmp.Compare(x.Arm, y.Arm), cmp.Compare(x.Phase, y.Phase))
	})
	for _, s := range a.slices {
		slices.SortFunc(s.Buckets, func(x, y journal.Bucket) int {
			if x.Above != y.Above {
				return map[bool]int{true: 1, false: -1}[x.Above]
			}
			return cmp.Compare(x.Seconds, y.Seconds)
		})
		m.Durations = append(m.Durations, *s)
	}
	slices.SortFunc(m.Durations, func(x, y journal.BucketSlice) int {
		return cmp.Or(cmp.Compare(x.Journey, y.Journey), cmp.Compare(x.Arm, y.Arm), cmp.Compare(x.From, y.From))
	})
	return &m
}
