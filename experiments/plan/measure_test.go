package plan

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// countedDocuments makes documents whose one journey counters count.
func countedDocuments(scrape time.Duration, arm *experiments.ArmLabel) (*experiments.System, *experiments.Experiment) {
	s, doc := documents()
	s.ControlURL, s.URL = "", ""
	s.Measure = &experiments.Measure{Prometheus: "http://127.0.0.1:9090", Scrape: scrape, Journeys: []experiments.MeasuredJourney{
		{Name: "checkout", Total: "a", Harmed: `a{code="500"}`, Timeout: 8 * time.Second, Arm: arm}}}
	s.Journeys = []experiments.Journey{{Name: "checkout", SlowAfter: s.Measure.Longest(), Timeout: 8 * time.Second}}
	doc.Settings.Guardrails, s.Defaults.Guardrails = []experiments.Guardrail{}, nil
	doc.Settings.Limits.Journeys, s.Defaults.Limits.Journeys = nil, nil
	return s, doc
}

func TestPhasesHoldWholeScrapes(t *testing.T) {
	t.Parallel()
	lane := &experiments.ArmLabel{Label: "lane", Fault: "fault", Control: "control"}
	for name, tt := range map[string]struct {
		scrape, baseline, fault time.Duration
		arm                     *experiments.ArmLabel
		says                    string // in the error; empty: there is none
	}{
		"fast enough":                  {time.Second, 60 * time.Second, 60 * time.Second, nil, ""},
		"15 s and two minutes":         {15 * time.Second, 150 * time.Second, 2 * time.Minute, nil, `5 whole batches are left in the fault phase of 2m .*: make the phase at least 2m31s, or scrape every 11s`},
		"15 s and three minutes":       {15 * time.Second, 150 * time.Second, 3 * time.Minute, nil, ""},
		"a short baseline":             {5 * time.Second, 45 * time.Second, 2 * time.Minute, nil, `7 whole batches are left in the baseline phase of 45s .*: make the phase at least 48s, or scrape every 4s`},
		"of two arms it has to be too": {5 * time.Second, 45 * time.Second, 2 * time.Minute, lane, `baseline phase of 45s`},
		"nothing would do but time":    {time.Second, 60 * time.Second, 20 * time.Second, nil, `5 whole batches are left in the fault phase of 20s \(scraped every 1s, without the timeout of 8s .*: make the phase at least 26s$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, doc := countedDocuments(tt.scrape, tt.arm)
			doc.Settings.Phases.Baseline, doc.Settings.Phases.Fault = tt.baseline, tt.fault
			p, err := Make(s, []*experiments.Experiment{doc}, Options{Phases: NoOverride()})
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (!errors.Is(err, ErrImpossible) || !regexp.MustCompile(tt.says).MatchString(err.Error())):
				t.Errorf("%v", err)
			case tt.says == "":
				e := p.Experiments[0]
				if e.BatchEvery != tt.scrape || e.Lag != 8*time.Second || !e.Measured() || (e.Control == Concurrent) != (tt.arm != nil) {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

// What a refusal advises is not refused.
func TestWhatIsAdvisedWouldDo(t *testing.T) {
	t.Parallel()
	advice := regexp.MustCompile(`make the phase at least (\S+?)(?:, or scrape every (\S+))?$`)
	for scrape := time.Second; scrape <= 30*time.Second; scrape += 700 * time.Millisecond {
		for fault := 10 * time.Second; fault < 5*time.Minute; fault += 7 * time.Second {
			refused := func(scrape, fault time.Duration) string {
				s, doc := countedDocuments(scrape, nil)
				doc.Settings.Phases.Baseline, doc.Settings.Phases.Fault = time.Hour, fault
				e := resolve(s, doc, Options{Phases: NoOverride()})
				if err := e.checkBatches(); err != nil {
					return err.Error()
				}
				return ""
			}
			text := refused(scrape, fault)
			if text == "" {
				continue
			}
			m := advice.FindStringSubmatch(text)
			if m == nil {
				t.Fatalf("%s", text)
			}
			longer, err := time.ParseDuration(m[1])
			if again := refused(scrape, longer); err != nil || again != "" {
				t.Errorf("%s, %s: %s\nand then: %s", scrape, fault, text, again)
			}
			if m[2] == "" {
				continue
			}
			faster, err := time.ParseDuration(m[2])
			if again := refused(faster, fault); err != nil || again != "" {
				t.Errorf("%s, %s: %s\nand then: %s", scrape, fault, text, again)
			}
		}
	}
}

func TestWhatCountersCannotTellIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*experiments.Experiment){
		"a guardrail on p99": func(e *experiments.Experiment) {
			e.Settings.Guardrails = []experiments.Guardrail{{P99: time.Second}}
		},
		"rates":           func(e *experiments.Experiment) { e.Rates = map[string]float64{"checkout": 3} },
		"shares in turns": func(e *experiments.Experiment) { e.Saturation = []float64{0.1, 0.5} },
	} {
		s, doc := countedDocuments(time.Second, nil)
		change(doc)
		if _, err := Make(s, []*experiments.Experiment{doc}, Options{Phases: NoOverride()}); !errors.Is(err, ErrImpossible) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, _ := countedDocuments(time.Second, nil)
	if _, err := MakeScan(s, DefaultScan()); !errors.Is(err, ErrImpossible) {
		t.Errorf("a scan: %v", err)
	}
}

// A plan says what is measured, and nothing of a load that it does not send.
func TestAPlanSaysWhatIsMeasured(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 300} {
		s, doc := countedDocuments(5*time.Second, nil)
		doc.Settings.Phases.Baseline = 2 * time.Minute
		s.Journeys[0].Rate = rate
		p, err := Make(s, []*experiments.Experiment{doc}, Options{Phases: NoOverride()})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if !strings.Contains(text, "measured by Prometheus at http://127.0.0.1:9090, scraped every 5s") || strings.Contains(text, "Load ") || strings.Contains(text, "Traces") || strings.Contains(text, "about 0 journeys") {
			t.Errorf("%s", text)
		}
		if precise := strings.Contains(text, "which will be known to ±"); precise != (rate > 0) {
			t.Errorf("rate %g: %s", rate, text)
		}
	}
}

// Two documents that count other series are not the same experiment.
func TestDigestsCoverSelectors(t *testing.T) {
	t.Parallel()
	digests := func(change func(*experiments.Measure)) Digests {
		s, doc := countedDocuments(time.Second, nil)
		change(s.Measure)
		return resolve(s, doc, Options{Phases: NoOverride()}).Digests
	}
	same := digests(func(*experiments.Measure) {})
	if d := digests(func(m *experiments.Measure) { m.Journeys[0].Rate = 9; m.Prometheus = "http://127.0.0.1:9" }); d != same {
		t.Errorf("a guess of the rate, or another address, is another digest: %+v, %+v", d, same)
	}
	if d := digests(func(m *experiments.Measure) { m.Journeys[0].Harmed = "b" }); d.Journeys == same.Journeys {
		t.Error("another selector is the same digest")
	}
}
