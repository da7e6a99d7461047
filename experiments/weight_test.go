package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A step is taken by its share of the draws, by those who take it all that weigh more, and
// by the draw of nobody in particular.
func TestTakes(t *testing.T) {
	t.Parallel()
	for _, w := range []Weight{0.00001, 0.05, 0.3, 0.999} {
		edge := int(float64(w) * Draws)
		if !w.Takes(0) || !w.Takes(edge-1) || w.Takes(edge+1) || w.Takes(Draws-1) {
			t.Errorf("a weight of %s does not end at its share", w)
		}
		if heavier := w * 1.0001; !heavier.Takes(edge) {
			t.Errorf("who takes %s does not take %s", w, heavier)
		}
	}
	if all := Weight(0); !all.Takes(0) || !all.Takes(Draws-1) || all.Share() != 1 {
		t.Error("a step without a weight is not taken by all")
	}
}

// A step is taken only where what it uses was captured, and each journey does something.
func TestWeights(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(system)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(text), "\njourneys:")
	if !ok {
		t.Fatal("no journeys")
	}
	const (
		look   = "      - {name: look, request: GET /, capture: {all: \"$.id\"}}\n"
		some   = "      - {name: some, request: GET /s, weight: 30%, capture: {id: \"$.id\"}}\n"
		always = "every journey takes its first step"
	)
	for name, tt := range map[string]struct {
		common, steps string
		wrong         []string
	}{
		"as many":             {"", look + some + "      - {name: use, request: \"GET /${id}\", weight: 30%}\n", nil},
		"fewer":               {"", look + some + "      - {name: use, request: \"GET /${id}\", weight: 5%}\n", nil},
		"more":                {"", look + some + "      - {name: use, request: \"GET /${id}\", weight: 31%}\n", []string{`"some" (line`, "30% of the journeys", `31% of them take step "use"`, `give step "use" weight: 30% or less`}},
		"all":                 {"", look + some + "      - {name: use, request: POST /, json: {id: \"${id}\"}}\n", []string{`100% of them take step "use"`}},
		"100% is all":         {"", look + some + "      - {name: use, request: \"GET /${id}\", weight: 100%}\n", []string{`100% of them take step "use"`}},
		"expected":            {"", look + some + "      - {name: use, request: GET /, expect: {json: {\"$.id\": \"${id}\"}}}\n", []string{`100% of them take step "use"`}},
		"captured by all":     {"", look + some + "      - {name: use, request: \"GET /${all}\"}\n", nil},
		"captured again":      {"", look + some + "      - {name: more, request: GET /m, weight: 60%, capture: {id: \"$.id\"}}\n      - {name: use, request: \"GET /${id}\", weight: 60%}\n", nil},
		"captured again, all": {"", look + some + "      - {name: more, request: GET /m, weight: 60%, capture: {id: \"$.id\"}}\n      - {name: use, request: \"GET /${id}\"}\n", []string{`"more" (line`, "60% of the journeys"}},
		"the first":           {"", "      - {name: a, request: GET /, weight: 50%}\n" + look, []string{always}},
		"the first, of 100%":  {"", "      - {name: a, request: GET /, weight: 100%}\n" + look, nil},
		"of the journey": {"    headers: {X-Id: \"${id}\"}\n", "      - {name: look, request: GET /, headers: {X-Id: null}}\n      - {name: some, request: GET /s, headers: {X-Id: null}, weight: 30%, capture: {id: \"$.id\"}}\n      - {name: use, request: GET /u, weight: 40%}\n",
			[]string{`40% of them take step "use"`}},
		"of the journey, left out": {"    headers: {X-Id: \"${id}\"}\n", "      - {name: look, request: GET /, headers: {X-Id: null}}\n      - {name: some, request: GET /s, headers: {X-Id: null}, weight: 30%, capture: {id: \"$.id\"}}\n      - {name: use, request: GET /u, headers: {X-Id: null}}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "blastgauge.yaml")
			document := before + "\njourneys:\n  shop:\n    rate: 10/s\n" + tt.common + "    steps:\n" + tt.steps
			if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
				t.Fatal(err)
			}
			s, _, err := Load(file, nil)
			if tt.wrong == nil {
				if err != nil {
					t.Fatal(Explain(err))
				}
				j, _ := s.Journey("shop")
				if weighted := strings.Contains(tt.steps, "0%,") || strings.Contains(tt.steps, "30%}"); weighted && name != "the first, of 100%" && !j.Weighted() {
					t.Errorf("%+v", j)
				}
				return
			}
			if err == nil {
				t.Fatal("no mistake is told")
			}
			for _, want := range tt.wrong {
				if !strings.Contains(Explain(err), want) {
					t.Errorf("%q is missing from\n%s", want, Explain(err))
				}
			}
		})
	}
}
