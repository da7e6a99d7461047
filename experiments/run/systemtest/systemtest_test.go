package systemtest_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// Its documents are documents: whoever uses a system can rely on that.
func TestDocumentsAreValid(t *testing.T) {
	t.Parallel()
	s, err := systemtest.Start(t.TempDir(), systemtest.Options{Control: systemtest.Calls, Expect: "{status: 200}", More: "if_refuted: Look.\n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(filepath.Join(s.Dir, systemtest.ExperimentFile)); err != nil {
		t.Fatal(err)
	}
	system, all, err := experiments.Load(filepath.Join(s.Dir, systemtest.SystemFile), []string{filepath.Join(s.Dir, systemtest.ExperimentFile)})
	if err != nil || len(all) != 1 || system.ControlURL != s.ControlURL {
		t.Fatalf("%+v, %d experiments, %v", system, len(all), err)
	}
	for _, url := range []string{s.EntryURL, s.ControlURL, "http://" + s.Listen} {
		if !systemtest.Answers(http.DefaultClient, url) {
			t.Errorf("%s does not answer", url)
		}
	}
}

func TestHarmIsExact(t *testing.T) {
	t.Parallel()
	for _, bursts := range []bool{false, true} {
		h := systemtest.Harm{Percent: 7, Bursts: bursts, Seed: 3}
		harmed := 0
		for range 1000 {
			if h.Next() {
				harmed++
			}
		}
		if harmed != 70 {
			t.Errorf("bursts %v: %d of 1000 were harmed, want 70", bursts, harmed)
		}
	}
}

// Harm by chance has its share in the long run, and hundreds that differ: a measurement
// of it can be wrong.
func TestHarmByChance(t *testing.T) {
	t.Parallel()
	for bursts, least := range map[bool]float64{false: 3, true: 15} { // standard deviation of the harmed of a hundred
		h := systemtest.Harm{Percent: 20, Bursts: bursts, Chance: true, Seed: 3}
		const hundreds = 2000
		sum, squares := 0.0, 0.0
		for range hundreds {
			harmed := 0.0
			for range 100 {
				if h.Next() {
					harmed++
				}
			}
			sum, squares = sum+harmed, squares+harmed*harmed
		}
		mean := sum / hundreds
		if deviation := math.Sqrt(squares/hundreds - mean*mean); math.Abs(mean-20) > 2 || deviation < least || deviation > 2*least {
			t.Errorf("bursts %v: %.1f of a hundred are harmed, with a standard deviation of %.1f", bursts, mean, deviation)
		}
	}
}

func TestRelapseKnowsItsLastHarm(t *testing.T) {
	t.Parallel()
	status := http.StatusServiceUnavailable
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer backend.Close()
	r := systemtest.Relapse{Harm: systemtest.Harm{Percent: 100}, Lasts: time.Hour}
	visit := func() int {
		w := httptest.NewRecorder()
		r.Entry(backend.URL).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		return w.Code
	}
	if code := visit(); code != http.StatusInternalServerError || r.LastHarmed().IsZero() {
		t.Fatalf("down: %d, last %v", code, r.LastHarmed())
	}
	status = http.StatusOK
	before := r.LastHarmed()
	if code := visit(); code != http.StatusInternalServerError || !r.LastHarmed().After(before) {
		t.Errorf("still ill: %d, last %v after %v", code, r.LastHarmed(), before)
	}
}
