package prometheus

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// A stored series is what a Prometheus of a test has, one sample a second.
type stored struct {
	labels map[string]string
	values []float64
	late   time.Duration // how old the newest sample is
}

// storage answers selectors with what is stored under them.
type storage map[string][]stored

func (s storage) query(_ context.Context, query string, at time.Time) (answer, error) {
	if query == "time()" {
		return timeIs(time.Now()), nil
	}
	selector, text, _ := strings.Cut(strings.TrimSuffix(query, "ms]"), "[")
	back, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return answer{}, err
	}
	from := at.Add(-time.Duration(back) * time.Millisecond)
	a := answer{kind: matrix}
	for _, one := range s[selector] {
		stream := labelled{name: nameOf(one.labels), labels: one.labels}
		for i, v := range one.values {
			when := time.Now().Add(-one.late - time.Duration(len(one.values)-1-i)*time.Second)
			if v >= 0 && when.After(from) && !when.After(at) {
				stream.samples = append(stream.samples, sample{when.UnixMilli(), v})
			}
		}
		if stream.samples != nil {
			a.matrix = append(a.matrix, stream)
		}
	}
	return a, nil
}

// timeIs is the answer to time().
func timeIs(at time.Time) answer {
	return answer{kind: scalar, scalar: float64(at.UnixMilli()) / 1000}
}

// labels are those of a metric of a shop, and more.
func labels(name, instance string, more ...string) map[string]string {
	m := map[string]string{"__name__": name, "job": "shop", "instance": instance}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// Counters of which nobody could tell what they say are found before a run.
func TestLookFindsCountersThatSayNothing(t *testing.T) {
	t.Parallel()
	const whole = `visits_total`
	ok := stored{labels: labels(whole, "a", "code", "200", "lane", "fault"), values: []float64{1, 2, 3, 4, 5}}
	bad := stored{labels: labels(whole, "a", "code", "500", "lane", "fault"), values: []float64{1, 1, 1, 1, 1}}
	control := stored{labels: labels(whole, "b", "code", "200", "lane", "control"), values: []float64{1, 2, 3, 4, 5}}
	replica := func(name string, late time.Duration) stored {
		return stored{labels(whole, "a", "replica", name, "code", "200"), []float64{1, 2, 3, 4, 5}, late}
	}
	for name, tt := range map[string]struct {
		harmed string
		arm    bool
		stored storage
		came   string // empty: nothing is found
	}{
		"all is well":           {`visits_total{code="500"}`, false, storage{whole: {ok, bad}, `visits_total{code="500"}`: {bad}}, ""},
		"none was harmed yet":   {`visits_total{code="500"}`, false, storage{whole: {ok}}, ""},
		"a label misspelt":      {`visits_total{cod="500"}`, false, storage{whole: {ok}}, "label cod"},
		"a metric misspelt":     {`visit_errors_total{job="shop"}`, false, storage{whole: {ok}}, "none in the last"},
		"another metric":        {`errors_total{code="500"}`, false, storage{whole: {ok}, "errors_total": {{labels: labels("errors_total", "a"), values: []float64{0, 0, 0}}}}, ""},
		"harm on another pod":   {`errors_total`, false, storage{whole: {ok}, "errors_total": {{labels: labels("errors_total", "z"), values: []float64{0, 0, 0}}}}, "shop z"},
		"harm without an arm":   {`errors_total`, true, storage{whole: {ok, control}, "errors_total": {{labels: labels("errors_total", "a"), values: []float64{0, 0, 0}}}}, "no such label"},
		"harm beside the total": {`visits_total{code="500"}`, false, storage{whole: {ok}, `visits_total{code="500"}`: {bad}}, "total does not select"},
		"values of other arms":  {`visits_total{code="500"}`, true, storage{whole: {ok}}, `the values of lane are "fault"`},
		"no label of arms":      {`visits_total{code="500"}`, true, storage{whole: {{labels: labels(whole, "a"), values: []float64{1, 2}}}}, "no series has the label lane"},
		"no total":              {`visits_total{code="500"}`, true, storage{}, "no series of total at all"},
		"two that scrape it":    {`visits_total{code="500"}`, false, storage{whole: {replica("x", 0), replica("y", 500*time.Millisecond)}}, `replica=["x" "y"]`},
		"one restart":           {`visits_total{code="500"}`, false, storage{whole: {{labels: labels(whole, "a", "code", "200"), values: []float64{7, 8, 9, 1, 2}}}}, ""},
		"samples that are old":  {`visits_total{code="500"}`, false, storage{whole: {{labels: ok.labels, values: ok.values[:2], late: 4500 * time.Millisecond}}}, "4.5s old"},
		"samples of tomorrow":   {`visits_total{code="500"}`, false, storage{whole: {ok, {labels: labels(whole, "c", "code", "200"), values: []float64{1, 2, 3}, late: -30 * time.Second}}}, "has one"},
		"harm of both its arms": {`visits_total{code="500"}`, true, storage{whole: {ok, control, bad}, `visits_total{code="500"}`: {bad}}, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			j := experiments.MeasuredJourney{Name: "visit", Total: whole, Harmed: tt.harmed}
			if tt.arm {
				j.Arm = &experiments.ArmLabel{Label: "lane", Fault: "fault", Control: "control"}
			}
			f := look(t.Context(), &client{api: tt.stored}, &experiments.Measure{Scrape: time.Second}, j)
			if (f == nil) != (tt.came == "") || f != nil && (!strings.Contains(f.Came, tt.came) || f.Do == "") {
				t.Errorf("%s: %+v", name, f)
			}
		})
	}
}
