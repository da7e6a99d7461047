package plan_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A plan of a game day has its order, what is expected, its document, and how to repeat it.
func TestLoadGameDay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	experiment := func(id string) string {
		return "version: 1\nexperiment: " + id + "\nhypothesis: It goes on.\nfaults: [{inject: latency, into: payments, latency: 1s}]\n"
	}
	for name, text := range map[string]string{
		"blastgauge.yaml": `version: 1
system: shop
environment: staging
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies: {payments: {listen: "127.0.0.1:18083", upstream: "127.0.0.1:8083"}}
journeys: {checkout: {rate: 40/s, slow_after: 1s, steps: [{name: look, request: GET /}]}}
defaults: {share_baselines: true}
`,
		"experiments/a.yaml": experiment("a"), "experiments/b.yaml": experiment("b"), "experiments/c.yaml": experiment("c"),
		"gameday.yaml": "version: 1\ngameday: day\nexperiments: [{experiment: c, owner: ann, expect: refuted, question: \"Who notices?\"}, {experiment: a}]\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "gameday.yaml")
	loaded, err := plan.LoadGameDay(file, experiments.Selection{}, plan.Options{Phases: plan.NoOverride(), Selected: true}, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	silent, err := plan.LoadGameDay(file, experiments.Selection{Outside: experiments.Outside{Silent: true}}, plan.Options{Phases: plan.NoOverride()}, nil)
	if err != nil || !slices.Equal(silent.Plan.Choices.Flags, []string{plan.SilentFlag}) || loaded.Plan.Choices.Flags != nil {
		t.Errorf("flags %q where nobody is told, %q otherwise, %v", silent.Plan.Choices.Flags, loaded.Plan.Choices.Flags, err)
	}
	p := loaded.Plan
	if len(p.Experiments) != 2 || p.Experiments[0].ID != "c" || p.Experiments[1].ID != "a" {
		t.Fatalf("experiments %+v", p.Experiments)
	}
	want := []plan.GameDayItem{{Experiment: "c", Owner: "ann", Expect: experiments.ExpectRefuted, Question: "Who notices?"}, {Experiment: "a", Expect: experiments.ExpectHeld}}
	if p.GameDay.Name != "day" || !slices.Equal(p.GameDay.Items, want) || p.GameDay.Of("a") != want[1] || p.GameDay.Of("b") != (plan.GameDayItem{}) {
		t.Errorf("game day %+v", p.GameDay)
	}
	if p.Choices.GameDay != file || p.Choices.Selected {
		t.Errorf("choices %+v", p.Choices)
	}
	if !slices.ContainsFunc(p.Documents, func(d plan.Document) bool { return d.File == file && strings.Contains(d.Text, "gameday: day") }) || p.Documents[0].File != filepath.Join(dir, "blastgauge.yaml") {
		t.Errorf("documents %+v", p.Documents)
	}
	if e := p.Experiments[1]; e.SharesBaseline || e.OwnBaseline == "" {
		t.Errorf("baselines are shared over a wait: %+v", e)
	}
	var b bytes.Buffer
	if err := p.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"Game day day", "1. c: expected to be refuted, owner ann", "Who notices?", "2. a: expected to be held", "beside the time for 2 decisions"} {
		if !strings.Contains(b.String(), says) {
			t.Errorf("the plan does not say %q:\n%s", says, b.String())
		}
	}
	if (*plan.GameDay)(nil).Of("a") != (plan.GameDayItem{}) {
		t.Error("no game day says something")
	}
}
