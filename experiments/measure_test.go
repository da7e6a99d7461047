package experiments

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestMeasuredJourneysStandForThoseThatAreSent(t *testing.T) {
	t.Parallel()
	s, _, err := Load("testdata/good/measured.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if m := s.Measure; m == nil || m.Scrape != 5*time.Second || m.Longest() != 7500*time.Millisecond || !m.Armed() || m.Token != "${env:PROMETHEUS_TOKEN}" {
		t.Fatalf("%+v", m)
	}
	j, ok := s.Journey("checkout")
	if !ok || len(s.Journeys) != 2 || j.Rate != 300 || j.SlowAfter != s.Measure.Longest() || j.Steps != nil || s.Traffic.Journey != "checkout" {
		t.Errorf("%+v", j)
	}
	browse, _ := s.Measure.Measured("browse")
	if *browse.Arm != (ArmLabel{"lane", "fault", "control"}) || browse.Timeout != DefaultTimeout || browse.Duration != nil {
		t.Errorf("%+v", browse)
	}
	if !slices.Contains(s.Dialled(), "127.0.0.1") || s.CheckHosts() != nil {
		t.Errorf("dialled: %q", s.Dialled())
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var again System
	if err := json.Unmarshal(text, &again); err != nil || again.Measure == nil || *again.Measure.Journeys[0].Arm != *s.Measure.Journeys[0].Arm {
		t.Errorf("%+v, %v", again.Measure, err)
	}
}

// Its host has to be allowed as any other that a run connects to.
func TestThePrometheusHasToBeAllowed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/good/measured.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), SystemFile)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := Outside{Set: []string{"measure.prometheus=http://prometheus.example.com:9090"}}.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.CheckHosts() == nil {
		t.Error("it is allowed")
	}
}

func TestSelectorsAreNamesAndLabels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"a": true, "a_total:b{}": true, `a{b="c"}`: true, `a{b="c",d!~'e|f',}`: true, `{__name__="a"}`: true, `a{b="}"}`: true, `a{b="\\\""}`: true, `a { b = "c" }`: true,
		"": false, "{}": false, "a{": false, "a+b": false, "a[1m]": false, "rate(a[1m])": false, `a{b=c}`: false, `a{b="c"} or b`: false, `a{b="c"} offset 1m`: false, "a\nb": false,
	} {
		if got := selectorForm.MatchString(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
