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

// The file of a game day moves with the others, wherever it was.
func TestAGameDayMovesWithItsDocuments(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{"../days/november.yaml": "days/november.yaml", "/srv/november.yaml": "srv/november.yaml", "days/november.yaml": "days/november.yaml"} {
		dir := filepath.Join(t.TempDir(), "again")
		r := of("blastgauge.yaml", "experiments/a.yaml")
		r.Documents = append(r.Documents, result.Document{File: day, Text: "version: 1\n"})
		r.Run.Choices = result.Choices{GameDay: day}
		var out bytes.Buffer
		if err := Write(&out, dir, r); err != nil {
			t.Errorf("%s: %v", day, err)
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, want)); err != nil {
			t.Error(err)
		}
		if command := "cd " + dir + " && blastgauge run -f blastgauge.yaml --gameday " + want + " --seed 7\n"; !strings.Contains(out.String(), command) {
			t.Errorf("%s: printed %s, want %s", day, out.String(), command)
		}
		if r.Run.Choices.GameDay != day {
			t.Errorf("%s: the result itself says %s now", day, r.Run.Choices.GameDay)
		}
	}
}

// A result of somebody else writes no file that programs obey unasked, and nothing that a
// terminal obeys.
func TestAHostileResult(t *testing.T) {
	t.Parallel()
	for _, file := range []string{".envrc", "../.bashrc", ".git/config", "a/.ssh/config", "/home/ann/.profile", "x/..hidden.yaml", "a\x1b]52;c;eA==\a.yaml", "a\nb.yaml", "a\u202eb.yaml", "a\x00.yaml"} {
		dir := filepath.Join(t.TempDir(), "new")
		var out bytes.Buffer
		err := Write(&out, dir, of("blastgauge.yaml", file))
		if err == nil || out.Len() > 0 || strings.ContainsAny(err.Error(), "\x1b\a\n\x00\u202e") {
			t.Errorf("%q: %v, printed %q", file, err, &out)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q: the folder was made", file)
		}
	}
	r := of("blastgauge.yaml", "experiments/a.yaml")
	r.Run.Choices.Command = []string{"sh", "\x1b]0;owned\a", "##[error]x"}
	r.Run.Choices.Set = []string{"url=\u202e\x1b[2J"}
	var out bytes.Buffer
	if err := Write(&out, t.TempDir(), r); err != nil || strings.ContainsAny(out.String(), "\x1b\a\u202e") || strings.Contains(out.String(), "##[error]") {
		t.Errorf("%v, printed %q", err, &out)
	}
}

// A folder whose name looks like a flag is none.
func TestAFolderThatLooksLikeAFlag(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	if err := Write(&out, "-x", of("blastgauge.yaml", "experiments/a.yaml")); err != nil || !strings.Contains(out.String(), "  cd ./-x && blastgauge run ") {
		t.Errorf("%v, printed %s", err, &out)
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
			if !filepath.IsLocal(place) || place == "." || strings.HasPrefix(place, ".") || strings.Contains(place, "/.") {
				t.Errorf("%q has the place %q", name, place)
			}
		}
	})
}
