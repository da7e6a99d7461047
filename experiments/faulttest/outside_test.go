package faulttest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newModule makes a module that is not ours, with a test that uses this room, and returns
// its directory. What it needs comes from the cache of modules.
func newModule(t *testing.T, test string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":          "module outside.test/shop\n\ngo 1.26.0\n\nrequire github.com/blastgauge/blastgauge v0.0.0\n\nreplace github.com/blastgauge/blastgauge => " + root + "\n",
		"go.sum":          string(sums),
		"outside_test.go": test,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goCommand runs the go command in a module that is not ours. It reads the go.mod of modules
// that our own build has no use for, so that those may not be on this machine yet.
func goCommand(t *testing.T, dir string, arguments ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", arguments...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

// Who uses this room in a module of their own has fifty tests in parallel, and the race
// detector finds nothing.
func TestAModuleOfItsOwn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds a program with the race detector")
	}
	test, err := os.ReadFile("testdata/outside/outside_test.go")
	if err != nil {
		t.Fatal(err)
	}
	out := goCommand(t, newModule(t, string(test)), "test", "-race", "-count=1", "-parallel=50", "-v", "./...")
	if n := strings.Count(out, "--- PASS: TestInParallel/"); n != 50 || !strings.Contains(out, "--- PASS: TestMeasure/blast_radius") || strings.Contains(out, "--- SKIP") {
		t.Errorf("%d of 50 tests in parallel:\n%s", n, out)
	}
}

// The modules that a user's tests are built with are those that faults need, and no more:
// no database, no browser, no command line, no Prometheus. A change of this list is a line
// of README.md.
func TestWhatAModuleIsBuiltWith(t *testing.T) {
	t.Parallel()
	dir := newModule(t, "package outside\n\nimport _ \"github.com/blastgauge/blastgauge/experiments/faulttest\"\n")
	got := strings.Fields(goCommand(t, dir, "list", "-deps", "-test", "-f", "{{with .Module}}{{.Path}}{{end}}", "."))
	slices.Sort(got)
	got = slices.Compact(got)
	want := []string{
		"github.com/Shopify/toxiproxy/v2", "github.com/andybalholm/brotli", "github.com/blastgauge/blastgauge", "github.com/go-json-experiment/json",
		"github.com/jackc/pgx/v5", "github.com/klauspost/compress", "github.com/mattn/go-colorable", "github.com/mattn/go-isatty", "github.com/rs/zerolog",
		"github.com/theory/jsonpath", "go.yaml.in/yaml/v3", "golang.org/x/net", "golang.org/x/sys", "gonum.org/v1/gonum", "outside.test/shop",
	}
	if !slices.Equal(got, want) {
		t.Errorf("built with\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if pgx := goCommand(t, dir, "list", "-deps", "-test", "."); strings.Contains(pgx, "github.com/jackc/pgx/v5\n") {
		t.Error("the whole driver of PostgreSQL, and not only its messages")
	}
}
