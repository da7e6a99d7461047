package documents

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// of is a result that was planned from these files.
func of(files ...string) *result.Result {
	r := &result.Result{Run: result.Run{Seed: 7, Choices: result.Choices{Selected: true}}}
	for i, f := range files {
		r.Documents = append(r.Documents, result.Document{File: f, Text: "text of " + f + " ${env:TOKEN}\n"})
		if i > 0 {
			r.Experiments = append(r.Experiments, result.Experiment{ID: "e", File: f})
		}
	}
	return r
}

// Documents keep their places below the folder, whatever folder they came from, and the
// command that is printed names them there.
func TestDocumentsAreWrittenBelowTheFolder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files, want []string
		command     string
	}{
		"beside":   {[]string{"blastgauge.yaml", "experiments/a.yaml"}, []string{"blastgauge.yaml", "experiments/a.yaml"}, "blastgauge run --only e --seed 7 experiments/a.yaml"},
		"named":    {[]string{"shop/staging.yaml", "shop/experiments/a.yaml"}, []string{"shop/staging.yaml", "shop/experiments/a.yaml"}, "-f shop/staging.yaml --only e --seed 7 shop/experiments/a.yaml"},
		"above":    {[]string{"../shop/staging.yaml", "../shop/experiments/a.yaml"}, []string{"staging.yaml", "experiments/a.yaml"}, "-f staging.yaml --only e --seed 7 experiments/a.yaml"},
		"absolute": {[]string{"/srv/shop/staging.yaml", "/srv/shop/experiments/a.yaml"}, []string{"staging.yaml", "experiments/a.yaml"}, "-f staging.yaml --only e --seed 7 experiments/a.yaml"},
		"mixed":    {[]string{"staging.yaml", "/srv/a.yaml"}, []string{"staging.yaml", "srv/a.yaml"}, "-f staging.yaml --only e --seed 7 srv/a.yaml"},
		"hostile":  {[]string{"../../etc/passwd", "x/../../../y.yaml"}, []string{"etc/passwd", "y.yaml"}, "-f etc/passwd --only e --seed 7 y.yaml"},
	} {
		parent := t.TempDir()
		dir := filepath.Join(parent, "deep", "again")
		var out bytes.Buffer
		if err := Write(&out, dir, of(tt.files...)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, file := range tt.want {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil || !strings.HasPrefix(string(text), "text of "+tt.files[i]) {
				t.Errorf("%s: %s holds %q, %v", name, file, text, err)
			}
		}
		if n := countFiles(t, parent); n != len(tt.want) {
			t.Errorf("%s: %d files, want %d", name, n, len(tt.want))
		}
		if !strings.Contains(out.String(), tt.command) || !strings.Contains(out.String(), "TOKEN") {
			t.Errorf("%s: printed %s", name, out.String())
		}
	}
}

func countFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Nothing is replaced, and nothing is written beside what is there.
func TestNoFileIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "experiments", "a.yaml")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(io.Discard, dir, of("blastgauge.yaml", "experiments/a.yaml")); err == nil {
		t.Error("no error")
	}
	if text, err := os.ReadFile(mine); string(text) != "mine" || countFiles(t, dir) != 1 {
		t.Errorf("the file holds %q, %v", text, err)
	}
	for _, r := range []*result.Result{{}, of("."), of(".."), of("/"), of(""), of("a.yaml", "x/../a.yaml")} {
		empty := filepath.Join(t.TempDir(), "new")
		if err := Write(io.Discard, empty, r); err == nil {
			t.Errorf("%+v was written", r.Documents)
		}
		if _, err := os.Stat(empty); err == nil {
			t.Errorf("%+v: the folder was made", r.Documents)
		}
	}
}

// No name of a hostile result leads out of the folder.
func FuzzNamesStayBelow(f *testing.F) {
	f.Add("../a", "/b")
	f.Add("a/../../b", "..")
	f.Fuzz(func(t *testing.T, a, b string) {
		to, err := below([]string{a, b})
		if err != nil {
			return
		}
		for name, place := range to {
			if !filepath.IsLocal(place) || place == "." {
				t.Errorf("%q has the place %q", name, place)
			}
		}
	})
}
