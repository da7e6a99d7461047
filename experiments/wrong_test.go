package experiments

import (
	"errors"
	"flag"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wrongDocuments are the documents and folders under testdata/wrong. The
// documents of a folder are loaded together.
func wrongDocuments(t *testing.T) map[string][]string {
	t.Helper()
	entries, err := os.ReadDir("testdata/wrong")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string][]string{}
	for _, e := range entries {
		file := filepath.ToSlash(filepath.Join("testdata/wrong", e.Name()))
		switch {
		case e.IsDir():
			inside, err := filepath.Glob(file + "/*.yaml")
			if err != nil {
				t.Fatal(err)
			}
			docs[e.Name()] = inside
		case filepath.Ext(file) == ".yaml":
			docs[strings.TrimSuffix(e.Name(), ".yaml")] = []string{file}
		}
	}
	return docs
}

// ofExperiment reports whether a file is the document of an experiment.
func ofExperiment(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return !regexp.MustCompile(`(?m)^system:`).Match(text) || regexp.MustCompile(`(?m)^faults:`).Match(text)
}

// loadFiles loads experiments with the good system, and a system alone.
func loadFiles(t *testing.T, files []string) error {
	t.Helper()
	var err error
	if ofExperiment(t, files[0]) {
		_, _, err = Load(system, files)
	} else {
		_, _, err = Load(files[0], nil)
	}
	return err
}

var update = flag.Bool("update", false, "write the golden files") //nolint:gochecknoglobals // a flag

func TestWrongDocuments(t *testing.T) {
	t.Parallel()
	docs := wrongDocuments(t)
	if len(docs) < 40 {
		t.Fatalf("only %d wrong documents", len(docs))
	}
	for name, files := range docs {
		t.Run(name, func(t *testing.T) {
			err := loadFiles(t, files)
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("Load() = %v, want an error of class ErrInvalid", err)
			}
			list := shape.Errors(err)
			for i, e := range list {
				if i > 0 && list[i-1].File == e.File && list[i-1].Line > e.Line {
					t.Errorf("errors are not sorted: %v before %v", list[i-1], e)
				}
			}
			got := strings.ReplaceAll(Explain(err), "testdata/wrong/", "")
			golden := filepath.Join("testdata/wrong", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// A file in UTF-16, as Windows editors save it, is recognised.
func TestUTF16(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "blastgauge.yaml")
	if err := os.WriteFile(file, []byte("\xff\xfev\x00e\x00r\x00s\x00i\x00o\x00n\x00:\x00 \x001\x00\n\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Load(file, nil)
	if text := Explain(err); !strings.Contains(text, "blastgauge.yaml:1:1: error: the file is UTF-16 text") || !strings.Contains(text, "^ save it as UTF-8") {
		t.Errorf("Explain() = %s, want the place and what to do", text)
	}
}
