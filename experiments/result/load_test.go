package result

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	good := `{"schema":"blastgauge/result/v1","run":{"id":"r1"},"later_addition":1}`
	page := `<!doctype html><p>x</p><script type="application/json" id="blastgauge-result">` + good + `</script><p>`
	for name, tt := range map[string]struct {
		text string
		want string // in the error; empty: a result
	}{
		"a result":             {good, ""},
		"with a mark before":   {"\xef\xbb\xbf" + good + "\n", ""},
		"a page":               {"\n" + page, ""},
		"a page cut short":     {strings.Split(page, "</script>")[0], "ends in the middle"},
		"a page of another":    {"<html></html>", "contains no result"},
		"a comparison's page":  {`<html><script type="application/json" id="blastgauge-compare">{}</script>`, "page of a comparison"},
		"a comparison":         {`{"schema":"blastgauge/compare/v1"}`, `its schema is "blastgauge/compare/v1", want "blastgauge/result/v1"`},
		"a later version":      {`{"schema":"blastgauge/result/v2"}`, "blastgauge/result/v2"},
		"JSON of another tool": {`{"metrics":{}}`, "has no schema"},
		"a list":               {`[]`, "cannot unmarshal array"},
		"no JSON":              {"hello", "invalid character"},
		"nothing":              {"", "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Decode([]byte(tt.text))
			switch {
			case tt.want == "" && (err != nil || r.Run.ID != "r1"):
				t.Errorf("Decode() = %v, %v; want run r1", r, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, ErrForeign)):
				t.Errorf("Decode() = %v, want an ErrForeign with %q", err, tt.want)
			}
		})
	}
}

// Results of versions that knew no kinds of criteria get them when they are read.
func TestDecodeGivesOldCriteriaTheirKind(t *testing.T) {
	t.Parallel()
	r, err := Decode([]byte(`{"schema":"blastgauge/result/v1","experiments":[{"reasons":["invariant is broken"],"criteria":[
		{"name":"blast radius of checkout","verdict":"held"},{"name":"guardrail","verdict":"refuted"},{"name":"recovery","verdict":"held"},
		{"name":"invariant charged once","verdict":"refuted"},{"name":"something else","verdict":"held"},
		{"kind":"later","subject":"x","name":"recovery","verdict":"held"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	e := &r.Experiments[0]
	want := []Criterion{
		{Kind: JourneyCriterion, Subject: "checkout"}, {Kind: GuardrailCriterion}, {Kind: RecoveryCriterion},
		{Kind: InvariantCriterion, Subject: "charged once"}, {}, {Kind: "later", Subject: "x"},
	}
	for i, c := range e.Criteria {
		if c.Kind != want[i].Kind || c.Subject != want[i].Subject {
			t.Errorf("%q is of kind %q and subject %q, want %q and %q", c.Name, c.Kind, c.Subject, want[i].Kind, want[i].Subject)
		}
	}
	if c := e.Criterion(InvariantCriterion, "charged once"); c == nil || c.Verdict != Refuted {
		t.Errorf("Criterion() = %+v, want the refuted one", c)
	}
	if c := e.Criterion(InvariantCriterion, "another"); c != nil || e.HasReason(ReasonInvariantBroken) {
		t.Errorf("Criterion() = %+v, codes %q; want none", c, e.ReasonCodes)
	}
}

func TestLoadFindsTheResult(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load(none) = %v, want that it does not exist", err)
	}
	if _, err := Load(dir); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "neither a result.json nor a journal") {
		t.Errorf("Load(an empty directory) = %v", err)
	}
	file := filepath.Join(dir, File)
	if err := os.WriteFile(file, []byte(`{"schema":"blastgauge/result/v1","run":{"id":"r1"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		if r, err := Load(path); err != nil || r.Run.ID != "r1" {
			t.Errorf("Load(%s) = %v, %v", path, r, err)
		}
	}
	if err := os.WriteFile(file, []byte(`{"schema":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), file) {
		t.Errorf("Load(a torn result) = %v, want an error with the file", err)
	}
}
