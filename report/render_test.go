package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// load reads a fixture, as strictly as it can be: a field that the schema no
// longer has must not go unnoticed.
func load(t testing.TB, name string) *result.Result {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	r := new(result.Result)
	if err := d.Decode(r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// fixtures are the names of all results in testdata.
func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures in testdata (%v), want them all", len(files), err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return names
}

// runFixtures are those with experiments, scanFixtures those with the map of a scan.
func runFixtures(t testing.TB) []string { return kindOf(t, false) }

func scanFixtures(t testing.TB) []string { return kindOf(t, true) }

func kindOf(t testing.TB, scans bool) (list []string) {
	t.Helper()
	for _, name := range fixtures(t) {
		if (load(t, name).Scan != nil) == scans {
			list = append(list, name)
		}
	}
	if len(list) < 4 {
		t.Fatalf("%d fixtures of a kind, want more", len(list))
	}
	return list
}

func render(t testing.TB, format string, o Options, r *result.Result) string {
	t.Helper()
	f, err := For(format, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f(&b, r); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// golden compares with testdata/golden/name, and says where the two part.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with: go test -update)", err)
	}
	if got == string(want) {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("%s:%d differs (rewrite with: go test -update)\n got %.300q\nwant %.300q", file, i+1, a[i], b[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d (rewrite with: go test -update)", file, len(a), len(b))
}

// bare leaves out what is the same in every page or is tested on its own, so
// that goldens can be read.
func bare(page string) string {
	for _, part := range [][2]string{{"<style>", "</style>"}, {`<script type="application/json"`, "</script>"}, {"<script>", "</script>"}} {
		before, rest, found := strings.Cut(page, part[0])
		if !found {
			continue
		}
		_, after, _ := strings.Cut(rest, part[1])
		page = before + part[0] + part[1] + after
	}
	return strings.Replace(page, `<script type="application/json"`, `<script type="application/json">`, 1)
}

// Every format writes every result, and the same bytes each time.
func TestGoldens(t *testing.T) {
	t.Parallel()
	ext := map[string]string{"github": "github.txt", "html": "html", "json": "json", "junit": "junit.xml", "md": "md", "ndjson": "ndjson", "text": "txt"}
	for _, format := range Formats() {
		if ext[format] == "" {
			t.Errorf("format %q has no goldens: give it a file extension here", format)
			continue
		}
		for _, name := range fixtures(t) {
			t.Run(format+"/"+name, func(t *testing.T) {
				got := render(t, format, Options{}, load(t, name))
				if again := render(t, format, Options{}, load(t, name)); again != got {
					t.Fatal("the same result gives other bytes")
				}
				if format == "json" { // its golden is the fixture
					return
				}
				if format == "html" {
					got = bare(got)
				}
				golden(t, name+"."+ext[format], got)
			})
		}
	}
}
