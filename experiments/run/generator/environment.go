package generator

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// protocolVersion is that of lines and of what a program is told.
const protocolVersion = 1

// told is what a program is told, as BLASTGAUGE_TRAFFIC has it.
type told struct {
	Version    int           `json:"version"`
	Run        string        `json:"run"`
	Experiment string        `json:"experiment"`
	Epoch      float64       `json:"epoch"`
	Seed       uint64        `json:"seed"`
	Lines      string        `json:"lines"`
	Stop       string        `json:"stop"`
	Arms       []toldArm     `json:"arms"`
	Journeys   []toldJourney `json:"journeys"`
	Phases     []toldPhase   `json:"phases"`
}

type toldArm struct {
	Arm     string            `json:"arm"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

type toldJourney struct {
	Journey   string             `json:"journey"`
	SlowAfter float64            `json:"slow_after"`
	Timeout   float64            `json:"timeout"`
	Steps     []string           `json:"steps"`
	Rates     map[string]float64 `json:"rates"`
	Stages    []toldStage        `json:"stages,omitempty"`
}

type toldStage struct {
	Rates map[string]float64 `json:"rates"`
	For   float64            `json:"for"`
}

type toldPhase struct {
	Phase string  `json:"phase"`
	For   float64 `json:"for"`
}

// exactSeed keeps a seed a whole number in every language that reads JSON.
const exactSeed = 1<<53 - 1

// tell says what a program has to know.
func tell(o Options, lines, stop string) told {
	e := &o.Plan.Experiments[o.Experiment]
	t := told{
		Version: protocolVersion, Run: o.Plan.Run, Experiment: e.ID, Epoch: unixSeconds(o.Epoch), Seed: e.Seed & exactSeed, Lines: lines, Stop: stop,
		Phases: []toldPhase{
			{string(journal.Warmup), e.Phases.Warmup.Seconds()}, {string(journal.Baseline), e.Phases.Baseline.Seconds()},
			{string(journal.Fault), e.Phases.Fault.Seconds()}, {string(journal.Recovery), e.Phases.Recovery.Seconds()},
		},
	}
	for _, arm := range e.Arms() {
		client := journey.ArmClient(&o.Plan.System, o.Plan.Run, arm, e.Tagged)
		a := toldArm{Arm: arm.String(), URL: client.Base, Headers: map[string]string{}}
		for _, h := range client.Headers {
			a.Headers[h.Name] = h.Value
		}
		if client.Host != "" {
			a.Headers["Host"] = client.Host
		}
		t.Arms = append(t.Arms, a)
	}
	for _, j := range e.Journeys {
		if j.Rate > 0 { // else the experiment does without it
			t.Journeys = append(t.Journeys, tellJourney(e, j))
		}
	}
	return t
}

func tellJourney(e *plan.Experiment, j plan.Journey) toldJourney {
	each := func(rate float64) map[string]float64 {
		rates := map[string]float64{}
		for _, arm := range e.Arms() {
			rates[arm.String()] = rate / float64(len(e.Arms()))
		}
		return rates
	}
	t := toldJourney{Journey: j.Name, SlowAfter: j.SlowAfter.Seconds(), Timeout: j.Timeout.Seconds(), Steps: []string{}, Rates: each(j.Rate)}
	for _, s := range j.Steps {
		t.Steps = append(t.Steps, s.Name)
	}
	for _, s := range j.Stages {
		t.Stages = append(t.Stages, toldStage{each(s.Rate), s.For.Seconds()})
	}
	return t
}

func unixSeconds(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }

// environ is the environment of a program: that of this process, and what it is told.
func (t told) environ(base []string) ([]string, error) {
	all, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	env := append(base[:len(base):len(base)],
		"BLASTGAUGE_RUN="+t.Run, "BLASTGAUGE_EXPERIMENT="+t.Experiment, "BLASTGAUGE_EPOCH="+strconv.FormatFloat(t.Epoch, 'f', 6, 64),
		"BLASTGAUGE_LINES="+t.Lines, "BLASTGAUGE_STOP="+t.Stop, "BLASTGAUGE_TRAFFIC="+string(all))
	for _, a := range t.Arms {
		name := "BLASTGAUGE_URL="
		if a.Arm == plan.ControlArm.String() {
			name = "BLASTGAUGE_CONTROL_URL="
		}
		env = append(env, name+a.URL)
	}
	return env, nil
}
