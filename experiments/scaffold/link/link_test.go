package link

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// get is a plain GET.
func get(t *testing.T, target, mime string) *recording.Exchange {
	t.Helper()
	x := newExchange(t, "GET", target, "")
	x.Answer = recording.Answer{Status: 200, MIME: mime}
	return x
}

func TestRecordingsWithoutAJourney(t *testing.T) {
	t.Parallel()
	var many []*recording.Exchange
	for i := range draft.MaxSteps + 1 {
		many = append(many, get(t, fmt.Sprintf("http://a.test/p%d", i), ""))
	}
	for name, tt := range map[string]struct {
		rec        recording.Recording
		want, hint string
	}{
		"only static files": {recording.Recording{Left: recording.Exclusions{"static files": 1}}, "no request is left for a journey: static files (1)", "visit of the shop"},
		"too many steps":    {recording.Recording{Left: recording.Exclusions{}, Exchanges: many}, "201 requests to http://a.test, a journey has at most 200 steps", "record only the journey"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.rec.File = "x.har"
			_, err := Journey(&tt.rec, "")
			one, is := errors.AsType[*shape.Error](err)
			if !is || !errors.Is(err, experiments.ErrInvalid) || one.File != "x.har" || !strings.Contains(one.Msg, tt.want) || !strings.Contains(one.Hint, tt.hint) {
				t.Errorf("Journey() = %v", err)
			}
		})
	}
}

// What is wrong with a request matters where the journey needs it.
func TestProblemsOfTheJourneyAlone(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{"the shop's": "http://shop.test/broken", "another's": "http://ads.test/broken"} {
		wrong := get(t, target, "")
		wrong.Entry, wrong.Wrong = 2, &recording.Problem{Message: "is wrong", Hint: "mend it"}
		_, err := Journey(&recording.Recording{File: "x.har", Left: recording.Exclusions{}, Exchanges: []*recording.Exchange{get(t, "http://shop.test/", "text/html"), wrong}}, "")
		one, is := errors.AsType[*shape.Error](err)
		if told := is && one.Msg == "entry 2: is wrong" && one.Hint == "mend it"; told != (name == "the shop's") || err != nil && !told {
			t.Errorf("%s request: %v", name, err)
		}
	}
}

func TestOriginIsChosenOrGiven(t *testing.T) {
	t.Parallel()
	visit := func() *recording.Recording {
		return &recording.Recording{File: "x.har", Left: recording.Exclusions{}, Exchanges: []*recording.Exchange{
			get(t, "https://www.shop.test/", "text/html"), get(t, "https://api.shop.test/a", ""), get(t, "https://api.shop.test:443/b", ""),
			get(t, "https://other.example/1", ""), get(t, "https://other.example/2", ""), get(t, "https://other.example/3", ""),
		}}
	}
	for given, want := range map[string]string{"": "https://api.shop.test", "https://WWW.shop.test/": "https://www.shop.test", "https://other.example": "https://other.example"} {
		j, err := Journey(visit(), given)
		if err != nil || j.Origin != want {
			t.Errorf("origin %q: %+v, %v, want %s", given, j, err, want)
		}
	}
	for _, wrong := range []string{"shop.test", "ftp://shop.test", "https://shop.test/a", "https://none.test", "::"} {
		if _, err := Journey(visit(), wrong); !errors.Is(err, experiments.ErrInvalid) {
			t.Errorf("origin %q: %v", wrong, err)
		}
	}
}
