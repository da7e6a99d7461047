package experiments

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

const daySystem = `version: 1
system: shop
environment: staging
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  payments: {listen: "127.0.0.1:18083", upstream: "127.0.0.1:8083"}
journeys: {checkout: {rate: 1/s, steps: [{name: look, request: GET /}]}}
`

func dayExperiment(id string) string {
	return "version: 1\nexperiment: " + id + "\nhypothesis: It goes on.\nfaults: [{inject: latency, into: payments, latency: 1s}]\n"
}

// writeDay writes documents below a directory of the test's own.
func writeDay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"blastgauge.yaml": daySystem, "experiments/payments-slow.yaml": dayExperiment("payments-slow"), "experiments/carts-refuse.yaml": dayExperiment("carts-refuse")}
	maps.Copy(all, files)
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadGameDay(t *testing.T) {
	t.Parallel()
	dir := writeDay(t, map[string]string{
		"days/november.yaml": `version: 1
gameday: november
system: ../blastgauge.yaml
experiments:
  - {experiment: payments-slow, owner: ann, question: "Does the retry budget hold?"}
  - {experiment: carts-refuse, expect: refuted}
`,
		"gameday.yaml": "version: 1\ngameday: beside\nexperiments: [{experiment: carts-refuse}]\n",
	})
	g, s, list, err := Outside{}.LoadGameDay(filepath.Join(dir, "days/november.yaml"), "")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	if !slices.Equal(ids, []string{"payments-slow", "carts-refuse"}) || s.Name != "shop" || g.Name != "november" {
		t.Errorf("%s of %s: %q, want the order of the game day", g.Name, s.Name, ids)
	}
	want := []GameDayItem{{"payments-slow", "ann", ExpectHeld, "Does the retry budget hold?"}, {"carts-refuse", "", ExpectRefuted, ""}}
	if !slices.Equal(g.Items, want) {
		t.Errorf("items = %+v, want %+v", g.Items, want)
	}
	if at, ok := g.Place("experiments[1].expect"); !ok || at.Line != 6 {
		t.Errorf("the second expectation is at %+v, %v", at, ok)
	}
	if _, _, list, err = (Outside{}).LoadGameDay(filepath.Join(dir, "gameday.yaml"), ""); err != nil || len(list) != 1 {
		t.Errorf("beside its system: %d experiments, %v", len(list), err)
	}
	if _, s, _, err = (Outside{}).LoadGameDay(filepath.Join(dir, "days/november.yaml"), filepath.Join(dir, "blastgauge.yaml")); err != nil || s.File != filepath.Join(dir, "blastgauge.yaml") {
		t.Errorf("with a system that is named: %v", err)
	}
}

// Every mistake is told at its place, with what would be right.
func TestWrongGameDays(t *testing.T) {
	t.Parallel()
	const head = "version: 1\ngameday: day\n"
	for name, c := range map[string]struct {
		text string
		line int
		says []string // all of them
	}{
		"unknown":        {head + "experiments:\n  - experiment: payments-slaw\n", 4, []string{`did you mean "payments-slow"?`, "carts-refuse"}},
		"twice":          {head + "experiments: [{experiment: payments-slow}, {experiment: payments-slow}]\n", 3, []string{"number 1 already"}},
		"expectation":    {head + "experiments:\n- {experiment: payments-slow, expect: refute}\n", 4, []string{`unknown verdict "refute"`, `did you mean "refuted"?`}},
		"no experiments": {head + "experiments: []\n", 3, []string{"at least one item"}},
		"missing":        {"version: 1\ngameday: day\n", 1, []string{"experiments is missing"}},
		"key":            {head + "experiments: [{experiment: payments-slow, questions: x}]\n", 3, []string{`did you mean "question"?`}},
		"system":         {head + "system: nowhere.yaml\nexperiments: [{experiment: payments-slow}]\n", 3, []string{"there is no file"}},
		"other kind":     {daySystem, 1, []string{"this document describes a system, and one of a game day is needed here"}},
		"long owner":     {head + "experiments: [{experiment: payments-slow, owner: " + strings.Repeat("x", 81) + "}]\n", 3, []string{"at most 80"}},
		"control":        {head + "experiments: [{experiment: payments-slow, question: \"\\e[2J\"}]\n", 3, []string{"control characters"}},
		"id":             {"version: 1\ngameday: Checkout November\nexperiments: [{experiment: payments-slow}]\n", 2, []string{"write checkout-november"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeDay(t, map[string]string{"gameday.yaml": c.text})
			_, _, _, err := Outside{}.LoadGameDay(filepath.Join(dir, "gameday.yaml"), "")
			list := shape.Errors(err)
			if !errors.Is(err, ErrInvalid) || len(list) != 1 {
				t.Fatalf("%v, want one mistake", err)
			}
			text := list[0].Msg + " " + list[0].Hint + " " + list[0].Note
			for _, says := range c.says {
				if !strings.Contains(text, says) {
					t.Errorf("%q does not say %q", text, says)
				}
			}
			if list[0].Line != c.line || filepath.Base(list[0].File) != "gameday.yaml" {
				t.Errorf("at %s:%d, want line %d", list[0].File, list[0].Line, c.line)
			}
		})
	}
}

// Who runs a game day as an experiment, or as a system, learns how it is run.
func TestAGameDayInPlaceOfAnotherDocument(t *testing.T) {
	t.Parallel()
	dir := writeDay(t, map[string]string{"blastgauge.yaml": daySystem, "gameday.yaml": "version: 1\ngameday: day\nexperiments: [{experiment: payments-slow}]\n"})
	day := filepath.Join(dir, "gameday.yaml")
	_, _, asExperiment := Load(filepath.Join(dir, "blastgauge.yaml"), []string{day})
	_, _, asSystem := Load(day, nil)
	for name, err := range map[string]error{"experiment": asExperiment, "system": asSystem} {
		if list := shape.Errors(err); len(list) == 0 || !strings.Contains(list[0].Hint, "--gameday") {
			t.Errorf("as %s: %v", name, err)
		}
	}
}

// What is wrong in a game day and in what it names is told at once.
func TestMistakesOfAGameDayAndItsSystem(t *testing.T) {
	t.Parallel()
	dir := writeDay(t, map[string]string{
		"gameday.yaml":                  "version: 1\ngameday: day\nexperiments: [{experiment: nothing-known}]\n",
		"experiments/carts-refuse.yaml": dayExperiment("carts-refuse") + "extra: 1\n",
	})
	_, _, _, err := Outside{}.LoadGameDay(filepath.Join(dir, "gameday.yaml"), "")
	var files []string
	for _, e := range shape.Errors(err) {
		files = append(files, filepath.Base(e.File))
	}
	if !slices.Equal(files, []string{"gameday.yaml", "carts-refuse.yaml"}) {
		t.Errorf("mistakes in %q: %v", files, err)
	}
	lonely := filepath.Join(t.TempDir(), "gameday.yaml")
	if err := os.WriteFile(lonely, []byte("version: 1\ngameday: day\nexperiments: [{experiment: payments-slow}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := (Outside{}).LoadGameDay(lonely, ""); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "beside this file") {
		t.Errorf("without a system: %v", err)
	}
}

func TestASystemIsNoGameDay(t *testing.T) {
	t.Parallel()
	dir := writeDay(t, map[string]string{"gameday.yaml": "version: 1\ngameday: day\nsystem: blastgauge.yaml\nexperiments: [{experiment: payments-slow}]\n"})
	if _, _, err := Load(filepath.Join(dir, "gameday.yaml"), nil); err == nil || !strings.Contains(err.Error(), "describes a game day, and one of a system is needed") {
		t.Errorf("a game day as a system: %v", err)
	}
	if _, _, err := Load(filepath.Join(dir, "blastgauge.yaml"), []string{filepath.Join(dir, "gameday.yaml")}); err == nil || !strings.Contains(err.Error(), "describes a game day, and one of an experiment is needed") {
		t.Errorf("a game day as an experiment: %v", err)
	}
	for file, want := range map[string]bool{"gameday.yaml": true, "blastgauge.yaml": false, "experiments": false, "nothing": false} {
		if got := IsGameDay(filepath.Join(dir, file)); got != want {
			t.Errorf("IsGameDay(%s) = %v", file, got)
		}
	}
}

// The schema and the loader agree, as far as a schema can tell.
func TestSchemaOfAGameDay(t *testing.T) {
	t.Parallel()
	s := compiled(t, GameDayKind)
	for text, valid := range map[string]bool{
		"version: 1\ngameday: day\nexperiments: [{experiment: a}]\n":                                              true,
		"version: 1\ngameday: day\nsystem: x.yaml\nexperiments: [{experiment: a, expect: refuted, owner: ann}]\n": true,
		"version: 1\ngameday: day\nexperiments: []\n":                                                             false,
		"version: 1\ngameday: day\nexperiments: [{experiment: a, expect: broken}]\n":                              false,
		"version: 1\ngameday: day\nexperiments: [{owner: ann}]\n":                                                 false,
		"version: 1\ngameday: A B\nexperiments: [{experiment: a}]\n":                                              false,
	} {
		doc, ok := asJSON([]byte(text))
		if !ok {
			t.Fatalf("%q is no document", text)
		}
		if err := s.Validate(doc); (err == nil) != valid {
			t.Errorf("%q: %v", text, err)
		}
	}
	text, err := Schema(GameDayKind)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if n := described(t, "gameday", doc); n != 7 {
		t.Errorf("%d keys are described", n)
	}
}

// A game day that somebody else wrote is a document or a mistake, and never a panic.
func FuzzGameDay(f *testing.F) {
	f.Add("version: 1\ngameday: day\nexperiments: [{experiment: a, expect: refuted, owner: ann, question: why}]\n")
	f.Add("gameday: [")
	f.Add("gameday: {a: &b [*b]}")
	f.Fuzz(func(t *testing.T, text string) {
		d, g := decodeGameDay(shape.Source{File: "gameday.yaml", Text: []byte(text)})
		if d.Count() == 0 && (g.Name == "" || len(g.Items) == 0 || g.Items[0].Expect == "") {
			t.Errorf("%q is taken for a game day: %+v", text, g)
		}
	})
}

// An owner is as long as one of an experiment, in characters of any alphabet.
func TestOwnersAreCountedInCharacters(t *testing.T) {
	t.Parallel()
	for n, valid := range map[int]bool{MaxOwner: true, MaxOwner + 1: false} {
		text := "version: 1\ngameday: day\nexperiments: [{experiment: a, owner: " + strings.Repeat("ä", n) + "}]\n"
		d, g := decodeGameDay(shape.Source{File: "gameday.yaml", Text: []byte(text)})
		if (d.Count() == 0) != valid {
			t.Errorf("%d characters: %d mistakes, %+v", n, d.Count(), g.Items)
		}
	}
}
