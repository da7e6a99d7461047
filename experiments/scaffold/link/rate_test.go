package link

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// A rate is what the system has shown to carry: as many requests at once, each journey
// as long.
func TestCarried(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	span := func(from, to time.Duration) recording.Span {
		return recording.Span{From: start.Add(from), To: start.Add(to)}
	}
	const s = time.Second
	for name, tt := range map[string]struct {
		spans []recording.Span
		took  time.Duration // of each of two steps
		want  string
	}{
		"no times":            {nil, 0, ""},
		"no starts":           {nil, s, ""},
		"one after the other": {[]recording.Span{span(0, s), span(s, 2*s)}, s / 4, "2/s"},
		"three at once":       {[]recording.Span{span(0, 3*s), span(s, 3*s), span(2*s, 4*s), span(4*s, 5*s)}, s / 4, "5/s"},
		"a fast one":          {[]recording.Span{span(0, s)}, s / 1000, "10/s"},
		"a slow one":          {[]recording.Span{span(0, s)}, 5 * s, "5/min"},
		"a very slow one":     {[]recording.Span{span(0, s)}, 500 * s, "1/min"},
	} {
		steps := []*step{{Exchange: &recording.Exchange{Took: tt.took}}, {Exchange: &recording.Exchange{Took: tt.took}}}
		rate, why := carried(&recording.Recording{Spans: map[string][]recording.Span{"http://shop.test": tt.spans}}, "http://shop.test", steps)
		if rate != tt.want || (why == "") != (tt.want == "") {
			t.Errorf("%s: %q, %q; want %s", name, rate, why, tt.want)
		}
	}
}
