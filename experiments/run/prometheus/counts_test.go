package prometheus

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const second = 1000

// ofTarget makes a series of a target, one sample a second; a negative value is a scrape without
// the series.
func ofTarget(name string, as role, target string, from int64, values ...float64) series {
	s := series{name: name, role: as, target: target}
	for i, v := range values {
		if v >= 0 || math.IsNaN(v) {
			s.samples = append(s.samples, sample{from + int64(i)*second, v})
		}
	}
	return s
}

// told is what intervals say, one after the other.
func told(list []interval) (texts []string) {
	for _, i := range list {
		texts = append(texts, fmt.Sprintf("%s %d-%d %d/%d %s", i.target, i.from/second, i.to/second, i.arms[0].harmed, i.arms[0].total, i.lost))
	}
	return texts
}

func TestIntervalsAreWhatCountersCounted(t *testing.T) {
	t.Parallel()
	const from = 100 * second
	tests := map[string]struct {
		list []series
		want []string
	}{
		"two scrapes are one interval": {
			[]series{ofTarget("t", total, "a", from, 1000, 1040), ofTarget("h", harmed, "a", from, 7, 9)},
			[]string{"a 100-101 2/40 "}},
		"the first scrape of a target tells nothing": {[]series{ofTarget("t", total, "a", from, 1000)}, nil},
		"a series that is born in a target that was up counts from 0": {
			[]series{ofTarget("t", total, "a", from, 1000, 1040, 1080), ofTarget("h", harmed, "a", from, -1, 5, 9)},
			[]string{"a 100-101 5/40 ", "a 101-102 4/40 "}},
		"a target that is new counts from its first scrape": {
			[]series{ofTarget("t", total, "a", from, 10, 20, 30), ofTarget("t", total, "b", from+2*second, 500, 510)},
			[]string{"a 100-101 0/10 ", "a 101-102 0/10 ", "b 102-103 0/10 "}},
		"a restart is in neither count, whichever counter tells": {
			[]series{ofTarget("t", total, "a", from, 1000, 1040, 12, 52), ofTarget("h", harmed, "a", from, 0, 0, 3, 4)},
			[]string{"a 100-101 0/40 ", "a 101-102 0/0 restart", "a 102-103 1/40 "}},
		"a restart of a part is one of the whole target": {
			[]series{ofTarget("t", total, "a", from, 10, 50, 90), ofTarget("h", harmed, "a", from, 5, 5, 2)},
			[]string{"a 100-101 0/40 ", "a 101-102 0/0 restart"}},
		"a scrape that is missing is never filled in": {
			[]series{ofTarget("t", total, "a", from, 10, 50, -1, 130, 170)},
			[]string{"a 100-101 0/40 ", "a 101-103 0/0 gap", "a 103-104 0/40 "}},
		"a series that vanishes takes what it counted last with it": {
			[]series{ofTarget("t", total, "a", from, 10, 50, 90), ofTarget("u", total, "a", from, 10, 20, -1)},
			[]string{"a 100-101 0/50 ", "a 101-102 0/0 vanished"}},
		"a counter that leaps counts for nothing": {
			[]series{ofTarget("t", total, "a", from, 0, 1e30, 1e30+1)},
			[]string{"a 100-101 0/0 leap", "a 101-102 0/0 "}},
		"a series that comes back does not count from 0": {
			[]series{ofTarget("t", total, "a", from, 10, 20, 30, 40), ofTarget("h", harmed, "a", from, 5, -1, 6, 7)},
			[]string{"a 100-101 0/0 vanished", "a 101-102 0/0 vanished", "a 102-103 1/10 "}},
		"one that is born after a restart does": {
			[]series{ofTarget("t", total, "a", from, 10, 20, 3, 10), ofTarget("h", harmed, "a", from, 5, 5, -1, 2)},
			[]string{"a 100-101 0/10 ", "a 101-102 0/0 restart", "a 102-103 2/7 "}},
		"what is no number tells nothing": {
			[]series{ofTarget("t", total, "a", from, 10, math.NaN(), 30, 40), ofTarget("h", harmed, "a", from, 1, 1, 1, 1)},
			[]string{"a 100-101 0/0 unread", "a 101-102 0/0 unread", "a 102-103 0/10 "}},
		"harm on another target than the total": {
			[]series{ofTarget("t", total, "a", from, 0, 10, 20, 30), ofTarget("h", harmed, "b", from, 3, 3, 5, 6)},
			[]string{"a 100-101 0/10 ", "a 101-102 0/10 ", "a 102-103 0/10 "}},
		"targets are scraped at their own times": {
			[]series{ofTarget("t", total, "a", from, 0, 10), ofTarget("t", total, "b", from+400, 0, 7)},
			[]string{"a 100-101 0/10 ", "b 100-101 0/7 "}},
		"what was read of a part alone waits for the whole": {
			[]series{ofTarget("t", total, "a", from, 0, 10), ofTarget("h", harmed, "a", from, 0, 1, 2)},
			[]string{"a 100-101 1/10 "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			known := newTargets(1500 * time.Millisecond)
			found := known.add(tt.list)
			for i := range found {
				if found[i].lost != "" {
					found[i].arms = [2]armCounts{}
				}
			}
			if got := told(found); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if again := known.add(tt.list); again != nil {
				t.Errorf("what was taken into account comes again: %q", told(again))
			}
		})
	}
}

// However the same samples come, in one piece or in overlapping ones, the same is counted.
func TestLooksThatOverlapCountOnce(t *testing.T) {
	t.Parallel()
	whole := []series{
		ofTarget("t", total, "a", 0, 0, 10, 25, 3, 20, 40, -1, 90, 100), ofTarget("h", harmed, "a", 0, -1, 1, 2, 0, 1, 5, -1, 9, 9),
		ofTarget("t", total, "b", 300, 0, 100, 200, 300, 400, 500, 600, 700, 800),
	}
	at := newTargets(1500 * time.Millisecond)
	want := told(at.add(whole))
	pieces := newTargets(1500 * time.Millisecond)
	var got []string
	for now := int64(0); now <= 10*second; now += 700 {
		var some []series
		for _, s := range whole {
			s.samples = slices.DeleteFunc(slices.Clone(s.samples), func(p sample) bool { return p.at > now || p.at <= now-4*second })
			if s.samples != nil {
				some = append(some, s)
			}
		}
		got = append(got, told(pieces.add(some))...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A part that is read a moment later may be more than the whole: nobody is counted twice,
// and none is negative.
func TestJourneysAreDivided(t *testing.T) {
	t.Parallel()
	r := reader{}
	r.Duration = &experiments.MeasuredDuration{SlowAfter: 2 * time.Second}
	buckets := map[float64]int{0.5: 60, 2: 80, math.Inf(1): 90}
	for name, tt := range map[string]struct {
		counts armCounts
		want   [3]int // failed, slow, ok
	}{
		"slow are beyond the edge":       {armCounts{100, 10, buckets}, [3]int{10, 10, 80}},
		"harmed is more than total":      {armCounts{5, 7, nil}, [3]int{7, 0, 0}},
		"slow and harmed are more":       {armCounts{15, 10, buckets}, [3]int{10, 5, 0}},
		"nothing":                        {armCounts{}, [3]int{}},
		"a histogram that began earlier": {armCounts{10, 0, map[float64]int{2: 8, math.Inf(1): 7}}, [3]int{0, 0, 10}},
	} {
		failed, slow, ok := r.divide(&tt.counts)
		if got := [3]int{failed, slow, ok}; got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// An hour of time zones between two clocks is nothing; what one of them does meanwhile is
// known.
func TestClocksAreCompared(t *testing.T) {
	t.Parallel()
	c := clock{epoch: time.Now()}
	c.take(time.Hour, 2*time.Millisecond)
	c.take(time.Hour+3*time.Millisecond, 2*time.Millisecond)
	if c.ahead != time.Hour || c.moved != 0 {
		t.Errorf("%+v", c)
	}
	if at := c.since(c.epoch.Add(time.Hour + 5*time.Second).UnixMilli()); (at - 5*time.Second).Abs() > time.Millisecond {
		t.Errorf("five seconds later is %s", at)
	}
	c.take(time.Hour+time.Second, 2*time.Millisecond)
	if c.moved != 996*time.Millisecond {
		t.Errorf("moved by %s", c.moved)
	}
}

// Gaps of many targets at a time are one loss, and of all that there are.
func TestLossesAreToldTogether(t *testing.T) {
	t.Parallel()
	a := newAudit(time.Second, time.Minute)
	k := &kind{targets: newTargets(1500 * time.Millisecond)}
	k.Name = "visit"
	var list []series
	for i := range 10 {
		list = append(list, ofTarget("t", total, fmt.Sprint(i), int64(100*second+i*90), 1, 2, -1, -1, 5, 6))
	}
	for _, i := range k.targets.add(list) {
		a.add(k, &i, time.Duration(i.from)*time.Millisecond, time.Duration(i.to)*time.Millisecond)
	}
	m := a.measurement()
	if len(m.Losses) != 1 || m.Losses[0].Targets != 10 || m.Losses[0].Of != 10 || m.Losses[0].Why != "gap" || m.Lost != 10 {
		t.Errorf("%+v", m.Losses)
	}
	if len(m.Counts) != 1 || m.Counts[0].Total != 20 || m.Counts[0].Targets != 10 || m.Counts[0].Arm != plan.FaultArm.String() {
		t.Errorf("%+v", m.Counts)
	}
}

// Whatever samples come, in whatever order, nothing is counted that no counter counted, and
// the time of a target goes on. Harm that belongs to no target has a time of its own: each
// series of it waits for the total of others.
func FuzzIntervals(f *testing.F) {
	f.Add([]byte{0, 1, 10, 1, 1, 20, 0, 2, 30, 2, 3, 5})
	f.Add([]byte("0000000000000001\xa100\xeb0110")) // harm of no target, in another order than time
	f.Fuzz(func(t *testing.T, data []byte) {
		known := newTargets(1500 * time.Millisecond)
		last := map[string]int64{}
		for len(data) >= 12 {
			var list []series
			for _, role := range []role{total, harmed, total, bucket} {
				s := ofTarget(fmt.Sprint(data[0]%3), role, fmt.Sprint(data[0]%2), int64(data[1])*second+1, float64(data[2]))
				data = data[3:]
				list = append(list, s)
			}
			for _, i := range known.add(list) {
				if i.from >= i.to {
					t.Fatalf("%+v is no time", i)
				}
				if i.lost == apart {
					continue
				}
				if i.from < last[i.target] {
					t.Fatalf("%+v after %d", i, last[i.target])
				}
				last[i.target] = i.to
				if i.lost == "" && (i.to-i.from > 1500 || i.arms[0].total < 0 || i.arms[0].harmed < 0) {
					t.Fatalf("%+v", i)
				}
			}
		}
	})
}

// Harm that is counted elsewhere than the total, or on no arm, is nobody's; also by a series
// that is born late. One that counts nothing is no matter.
func TestHarmThatBelongsToNoTargetIsTold(t *testing.T) {
	t.Parallel()
	armless := ofTarget("h", harmed, "a", 100*second, 0, 0, 4, 4, 4, 4, 4)
	armless.armless = true
	whole := ofTarget("t", total, "a", 100*second, 0, 10, 20, 30, 40, 50, 60)
	for name, tt := range map[string]struct {
		stray series
		want  int
	}{
		"on another target": {ofTarget("h", harmed, "b", 100*second, 3, 3, 5, 6, 6, 6, 6), 2},
		"on no arm":         {armless, 1},
		"born late":         {ofTarget("h", harmed, "b", 100*second, -1, -1, -1, 7, 7, 7, 7), 1},
		"that rests":        {ofTarget("h", harmed, "b", 100*second, 3, 3, 3, 3, 3, 3, 3), 0},
		"of the target":     {ofTarget("h", harmed, "a", 100*second, 3, 3, 4, 5, 6, 7, 8), 0},
	} {
		known := newTargets(1500 * time.Millisecond)
		n := 0
		for now := int64(101 * second); now <= 106*second; now += second {
			var some []series
			for _, s := range []series{whole, tt.stray} {
				s.samples = slices.DeleteFunc(slices.Clone(s.samples), func(p sample) bool { return p.at > now })
				some = append(some, s)
			}
			for _, i := range known.add(some) {
				if i.lost == apart {
					n++
				}
			}
		}
		if n != tt.want {
			t.Errorf("%s: %d intervals, want %d", name, n, tt.want)
		}
	}
}

// A target that is scraped no more is lost until another one takes its place, or to the end.
func TestTargetsThatAreScrapedNoMore(t *testing.T) {
	t.Parallel()
	long := make([]float64, 60)
	for i := range long {
		long[i] = float64(i)
	}
	part := func(target string, from, to int) series {
		return ofTarget("t", total, target, int64(100+from)*second, long[from:to]...)
	}
	for name, tt := range map[string]struct {
		list []series
		want []string
	}{
		"all go on":             {[]series{part("a", 0, 60), part("b", 0, 60)}, nil},
		"one dies":              {[]series{part("a", 0, 60), part("b", 0, 35)}, []string{"b 134-159 silent"}},
		"one is replaced":       {[]series{part("a", 0, 60), part("b", 0, 35), part("c", 45, 60)}, []string{"b 134-145 silent"}},
		"one comes beside":      {[]series{part("a", 0, 60), part("c", 45, 60)}, []string{"c 143-145 born"}},
		"one left before":       {[]series{part("a", 0, 60), part("b", 0, 15)}, []string{"b 114-130 silent"}},
		"its heir came earlier": {[]series{part("a", 0, 60), part("b", 0, 35), part("c", 33, 60)}, []string{"b 134-135 silent"}},
	} {
		known := newTargets(1500 * time.Millisecond)
		for now := int64(102); now < 160; now++ {
			var some []series
			for _, s := range tt.list {
				s.samples = slices.DeleteFunc(slices.Clone(s.samples), func(p sample) bool { return p.at > now*second })
				some = append(some, s)
			}
			known.add(some)
		}
		var got []string
		for _, i := range known.unscraped(159*second, 130*second) {
			got = append(got, fmt.Sprintf("%s %.0f-%d %s", i.target, math.Floor(float64(i.from)/second), i.to/second, i.lost))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
