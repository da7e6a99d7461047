package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

const selectedSystem = `version: 1
system: shop
environment: test
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  payments: {proxy: payments, criticality: hard}
journeys:
  buy:
    rate: 1/s
    slow_after: 1s
    timeout: 2s
    steps:
      - {name: buy, request: GET /, expect: {status: 200}}
`

// writeSelectable writes a system with experiments a, b and c beside it, and a folder
// with experiment d. It returns both folders.
func writeSelectable(t *testing.T) (dir, other string) {
	t.Helper()
	dir = t.TempDir()
	other = filepath.Join(dir, "other")
	files := map[string]string{SystemFile: selectedSystem}
	for id, folder := range map[string]string{"a": "experiments", "b": "experiments", "c": "experiments", "d": "other"} {
		files[filepath.Join(folder, id+".yaml")] = "version: 1\nexperiment: " + id + "\nhypothesis: People buy.\nfaults:\n  - {inject: down, into: payments}\n"
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, other
}

func TestSelection(t *testing.T) {
	t.Parallel()
	dir, other := writeSelectable(t)
	empty := t.TempDir()
	file := filepath.Join(other, "d.yaml")
	for name, tt := range map[string]struct {
		arguments, ids []string
		want           string // ids; empty: an error
	}{
		"all beside the system":    {nil, nil, "a b c"},
		"ids in their order":       {[]string{"c", "a"}, nil, "c a"},
		"only these":               {nil, []string{"c", "a"}, "c a"},
		"of the named, only these": {[]string{"c", "a", "b"}, []string{"b", "c"}, "b c"},
		"only one that is unnamed": {[]string{"c"}, []string{"b"}, ""},
		"of a file, only its own":  {[]string{file}, []string{"d"}, "d"},
		"of a file, only another":  {[]string{file}, []string{"a"}, ""},
		"a file":                   {[]string{file}, nil, "d"},
		"a folder":                 {[]string{other}, nil, "d"},
		"an id in a folder":        {[]string{other, "d"}, nil, "d"},
		"an id that is not there":  {[]string{"x"}, nil, ""},
		"a file that is not there": {[]string{filepath.Join(dir, "x.yaml")}, nil, ""},
		"a folder without files":   {[]string{empty}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, list, err := Selection{SystemFile: filepath.Join(dir, SystemFile), Arguments: tt.arguments, IDs: tt.ids}.Load()
			if tt.want == "" {
				if !errors.Is(err, ErrInvalid) {
					t.Errorf("Load() = %v, want an error of class ErrInvalid", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, e := range list {
				ids = append(ids, e.ID)
			}
			if got := strings.Join(ids, " "); got != tt.want {
				t.Errorf("Load() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSelectionOfNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), SystemFile)
	if err := os.WriteFile(file, []byte(selectedSystem), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Selection{SystemFile: file}.Load()
	if _, ok := errors.AsType[*SelectionError](err); !ok {
		t.Errorf("Load() = %v, want a SelectionError", err)
	}
}

func TestFindBelow(t *testing.T) {
	t.Parallel()
	dir, other := writeSelectable(t)
	if err := os.Mkdir(filepath.Join(other, SystemFile), 0o755); err != nil { // a folder of that name is none
		t.Fatal(err)
	}
	list, err := FindBelow(dir)
	if err != nil || len(list) != 1 || list[0] != filepath.Join(dir, SystemFile) {
		t.Errorf("FindBelow() = %v, %v", list, err)
	}
}

// Experiments that are written for a system replace those of files, and have their places.
func TestWrittenExperiments(t *testing.T) {
	t.Parallel()
	dir, _ := writeSelectable(t)
	boom := errors.New("boom")
	text := func(id, into string) shape.Source {
		return shape.Source{File: "made/" + id + ".yaml", Text: []byte("version: 1\nexperiment: " + id + "\nhypothesis: People buy.\nfaults:\n  - {inject: down, into: " + into + "}\n")}
	}
	for name, tt := range map[string]struct {
		written []shape.Source
		ids     []string
		err     error
		want    string // ids, or what the error says
	}{
		"two":             {[]shape.Source{text("x", "payments"), text("y", "payments")}, nil, nil, "x y"},
		"one of two":      {[]shape.Source{text("x", "payments"), text("y", "payments")}, []string{"y"}, nil, "y"},
		"nothing":         {nil, nil, nil, "no experiment was written"},
		"an error":        {nil, nil, boom, "boom"},
		"not of a system": {[]shape.Source{text("x", "paymentz")}, nil, nil, "made/x.yaml:5:26: error: no dependency is named"},
	} {
		s := Selection{SystemFile: filepath.Join(dir, SystemFile), Arguments: []string{"a"}, IDs: tt.ids, Write: func(s *System) ([]shape.Source, error) {
			if s.Name != "shop" {
				t.Errorf("%s: written for %s", name, s.Name)
			}
			return tt.written, tt.err
		}}
		_, list, err := s.Load()
		got := ""
		for _, e := range list {
			got = strings.TrimSpace(got + " " + e.ID)
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.want) || err == nil && got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
