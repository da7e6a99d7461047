package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// A workflow is what the project's own workflows are made of. A key that does not stand
// here is refused: whoever needs one adds it, and what the test must know of it.
type workflow struct {
	Name        string
	On          map[string]any
	Permissions map[string]string
	Concurrency *struct {
		Group  string
		Cancel bool `yaml:"cancel-in-progress"`
	}
	Jobs map[string]job
}

type job struct {
	Strategy struct {
		FailFast bool `yaml:"fail-fast"`
		Matrix   map[string][]string
	}
	RunsOn    string `yaml:"runs-on"`
	Timeout   int    `yaml:"timeout-minutes"`
	Container struct{ Image, Options string }
	Env       map[string]string
	Defaults  struct{ Run struct{ Shell string } }
	Steps     []struct {
		Uses, If, Run string
		With          map[string]any
	}
}

// projectWorkflows reads the workflows of the project, by file.
func projectWorkflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	all := map[string]workflow{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		decoder.KnownFields(true)
		var w workflow
		if err := decoder.Decode(&w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[filepath.Base(file)] = w
	}
	return all
}

// The workflows may read and no more, end by themselves, build with the Go that the image
// is built with, and run what exists.
func TestWorkflowsOfTheProject(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	image := regexp.MustCompile(`golang:\S+`).FindString(string(dockerfile))
	if image == "" {
		t.Fatal("the Dockerfile names no image with Go")
	}
	for file, w := range projectWorkflows(t) {
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions %v, want contents: read alone", file, w.Permissions)
		}
		if len(w.Jobs) == 0 {
			t.Errorf("%s: no jobs", file)
		}
		for name, j := range w.Jobs {
			if j.Timeout <= 0 || j.Timeout > 360 {
				t.Errorf("%s: %s: timeout-minutes is %d, want 1 to 360", file, name, j.Timeout)
			}
			if j.Container.Image != image {
				t.Errorf("%s: %s: the image is %s, that of the Dockerfile is %s", file, name, j.Container.Image, image)
			}
			checkJobSteps(t, file+": "+name, j)
		}
	}
}

// checkJobSteps checks what a job uses and what it runs.
func checkJobSteps(t *testing.T, where string, j job) {
	t.Helper()
	pinned := regexp.MustCompile(`^actions/[a-z-]+@(v[0-9]+|[0-9a-f]{40})$`)
	ran := 0
	for _, s := range j.Steps {
		if s.Uses != "" && !pinned.MatchString(s.Uses) {
			t.Errorf("%s uses %s: want actions/NAME@vN, or a commit", where, s.Uses)
		}
		if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
			t.Errorf("%s: the token stays in the clone: persist-credentials must be false", where)
		}
		for _, script := range fillIn(s.Run, j.Strategy.Matrix) {
			for line := range strings.Lines(script) {
				ran++
				if err := checkLine(strings.TrimSpace(line)); err != nil {
					t.Errorf("%s: %s: %v", where, strings.TrimSpace(line), err)
				}
			}
		}
	}
	if ran == 0 {
		t.Errorf("%s runs nothing", where)
	}
}

// fillIn makes a script once with each value of the matrix.
func fillIn(script string, matrix map[string][]string) []string {
	scripts := []string{script}
	for key, values := range matrix {
		var filled []string
		for _, s := range scripts {
			if !strings.Contains(s, "${{ matrix."+key+" }}") {
				filled = append(filled, s)
				continue
			}
			for _, value := range values {
				filled = append(filled, strings.ReplaceAll(s, "${{ matrix."+key+" }}", value))
			}
		}
		scripts = filled
	}
	return scripts
}

// checkLine wants a line of a step to begin with a program of the image or of this
// repository, and what it says to blastgauge and measure to be right.
func checkLine(line string) error {
	calls := commandsIn(line)
	for _, words := range calls {
		if err := checkWords(words); err != nil {
			return err
		}
	}
	program, _, _ := strings.Cut(line, " ")
	switch {
	case len(calls) > 0 || slices.Contains([]string{"git", "go", "apt-get", "mkdir"}, program):
		return nil
	case strings.Contains(program, "/"):
		info, err := os.Stat(filepath.Join("../..", program))
		if err == nil && info.Mode()&0o111 == 0 {
			err = &exec.Error{Name: program, Err: os.ErrPermission}
		}
		return err
	}
	return &exec.Error{Name: program, Err: exec.ErrNotFound}
}

// What the test of workflows would not find is no test.
func TestWrongLinesOfWorkflows(t *testing.T) {
	t.Parallel()
	for line, wrong := range map[string]bool{
		".ci/run": false, "go run ./cmd/measure fold | tee figures/fold.txt": false, "mkdir figures": false,
		".ci/rum": true, "go.mod/": true, "README.md": true, "./README.md": true, "go run ./cmd/measure context": true, "blastgauge run --none": true,
	} {
		if err := checkLine(line); (err != nil) != wrong {
			t.Errorf("%s: %v, want to be wrong: %t", line, err, wrong)
		}
	}
	if got := fillIn("a ${{ matrix.x }}", map[string][]string{"x": {"1", "2"}}); !slices.Equal(got, []string{"a 1", "a 2"}) {
		t.Errorf("filled in: %q", got)
	}
}

// actionlint knows what GitHub takes, of the workflows here and of those in examples.
func TestActionlint(t *testing.T) {
	t.Parallel()
	lint := required.Program(t, "actionlint", ".ci/run installs it")
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../examples/ci/github.yml", "../../examples/gate/github/workflow.yml")
	if out, err := exec.CommandContext(t.Context(), lint, files...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
