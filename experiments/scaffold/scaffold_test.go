package scaffold

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/har"
	"github.com/blastgauge/blastgauge/experiments/scaffold/link"
	"github.com/blastgauge/blastgauge/experiments/scaffold/postman"
)

var update = flag.Bool("update", false, "write the golden files") //nolint:gochecknoglobals // a flag

func fromHAR(file string, from io.Reader) (*draft.Journey, error) {
	rec, err := har.Read(file, from)
	if err != nil {
		return nil, err
	}
	return link.Journey(rec, "")
}

func recorded(t testing.TB, file string) *draft.Journey {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	j, err := fromHAR(filepath.Base(file), f)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// loaded writes documents into a folder and loads them.
func loaded(t testing.TB, d *Documents) (*experiments.System, []*experiments.Experiment) {
	t.Helper()
	dir := t.TempDir()
	var list []string
	for _, f := range d.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f.Text), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(f.Name, "experiments/") && !f.off {
			list = append(list, path)
		}
	}
	s, es, err := experiments.Load(filepath.Join(dir, experiments.SystemFile), list)
	if err != nil {
		t.Fatalf("the documents do not load:\n%s\n%s", experiments.Explain(err), d.Files[0].Text)
	}
	if err := errors.Join(s.CheckEnvironment(), s.CheckHosts()); err != nil {
		t.Fatalf("the documents are refused: %v", err)
	}
	return s, es
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs, got:\n%s", file, got)
	}
}

func TestDocumentsOfRecordings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.har")
	if err != nil || len(files) < 3 {
		t.Fatalf("recordings: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			d, err := Make(Options{Journey: recorded(t, file)})
			if err != nil {
				t.Fatal(err)
			}
			loaded(t, d)
			var text strings.Builder
			text.WriteString(d.Files[0].Text + "---\n")
			for _, s := range d.Env {
				text.WriteString("env " + s.Name + ": " + s.Of + "\n")
			}
			for _, n := range d.Notes {
				text.WriteString("note " + n + "\n")
			}
			golden(t, strings.TrimSuffix(filepath.Base(file), ".har")+".golden", text.String())
		})
	}
}

// What a draft lacks is said where the command was given, whatever the source: a comment
// in the document alone is easily missed.
func TestWhatADraftLacksIsTold(t *testing.T) {
	t.Parallel()
	fromPostman := func(body string) *Documents {
		request := `{"method": "POST", "url": "{{base}}/photos", "body": {"mode": "formdata", "formdata": [` + body + `]}}`
		j, err := postman.Journey(strings.NewReader(oneRequest(request, "")), postman.Options{File: "shop.json"})
		if err != nil {
			t.Fatal(err)
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	lost := drafted(t, harEntry{method: "POST", path: "/photos", headers: map[string]string{"Content-Length": "17", "Content-Type": "multipart/form-data; boundary=x"}})
	for name, tt := range map[string]struct {
		d    *Documents
		step string // that is named; empty: none is
	}{
		"a file of a collection": {fromPostman(`{"key": "photo", "type": "file", "src": "/home/ann/a.png", "contentType": "image/png"}`), "one"},
		"all there":              {fromPostman(`{"key": "note", "type": "text", "value": "hi"}`), ""},
		"a recording's body":     {lost, "post-photos"},
	} {
		naming := slices.DeleteFunc(slices.Clone(tt.d.Notes), func(n string) bool { return tt.step == "" || !strings.Contains(n, tt.step) })
		if tt.step != "" && len(naming) != 1 || tt.step == "" && len(tt.d.Notes) != 1 { // no Toxiproxy was asked
			t.Errorf("%s: notes %q, want one that names %q", name, tt.d.Notes, tt.step)
		}
		for line := range strings.Lines(journeyText(tt.d)) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") && strings.Count(line, "{") != strings.Count(line, "}") {
				t.Errorf("%s: a line break within what people copy: %q", name, line)
			}
		}
	}
}

// Braces that nothing closes do not hold a comment together.
func TestPhrases(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                       nil,
		"a  b\nc":                {"a", "b", "c"},
		"add a: {file: b} to it": {"add", "a:", "{file: b}", "to", "it"},
		"{a {b} c} d":            {"{a {b} c}", "d"},
		"} { a":                  {"}", "{ a"},
	} {
		if got := slices.Collect(phrases(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for p := range phrases("{" + strings.Repeat(" word", 1000)) {
		if len(p) > width {
			t.Errorf("a phrase of %d bytes", len(p))
		}
	}
}
