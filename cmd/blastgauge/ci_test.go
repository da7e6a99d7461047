package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The examples for CI are run as a forge would: each shell step of the workflow,
// in order, with what it sets.
func workflows(*testing.T) testscript.Params {
	return testscript.Params{
		Dir:                 "testdata/script/ci",
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"job":      runJob,
			"exits":    exits,
			"step":     runStep,
			"setting":  setSetting,
			"attested": attest,
		},
		Setup: func(env *testscript.Env) error {
			return os.CopyFS(filepath.Join(env.WorkDir, "examples"), os.DirFS("../../examples"))
		},
	}
}

// step CODE NAME runs a step of the workflow and wants that exit code; what it
// says is in the file out, and in out.show for the one that shows.
func runStep(ts *testscript.TestScript, _ bool, args []string) {
	wantCode(ts, args[0], performStep(ts, args[1]))
}

func performStep(ts *testscript.TestScript, name string) int {
	script := stepOf(ts, ts.ReadFile(ts.Getenv("WORKFLOW")), name)
	code := runToEnd(ts, bash(ts, script), func() {})
	switch {
	case strings.HasPrefix(name, "Start") && code == 0:
		pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile("shop.pid")))
		ts.Check(err)
		ts.Defer(func() { _ = syscall.Kill(pid, syscall.SIGTERM) })                     //nolint:errcheck // it may have been stopped
		if strings.Contains(ts.ReadFile("shop/blastgauge.yaml"), fewCustomers[0].old) { // a second shop keeps what was changed
			editShop(ts, "shop", slices.Concat(fewCustomers, roomy))
		}
	case strings.HasPrefix(name, "Show"):
		ts.Check(os.WriteFile(ts.MkAbs("out.show"), []byte(ts.ReadFile("out")), 0o600))
	}
	return code
}

// job CODE runs the lines of the job for GitLab as its runners do: all before and in
// the script in one shell that ends at the first failure, and those after it in
// another, whatever became of the first. The installation is left out.
func runJob(ts *testscript.TestScript, _ bool, args []string) {
	job := ts.ReadFile(cmp.Or(ts.Getenv("JOB"), "examples/ci/gitlab-ci.yml"))
	before := linesOf(ts, job, "before_script")
	if !strings.HasPrefix(before[0], "go install ") {
		ts.Fatalf("the job begins with %q, not with the installation", before[0])
	}
	lines := slices.Concat(before[1:], []string{sedShop()}, linesOf(ts, job, "script"))
	code := runToEnd(ts, bash(ts, strings.Join(lines, "\n")), func() {})
	said, failed := ts.ReadFile("out"), ts.ReadFile("err")
	after := linesOf(ts, job, "after_script")
	if code := runToEnd(ts, bash(ts, strings.Join(after, "\n")), func() {}); code != 0 {
		ts.Fatalf("exit code %d after the script\n%s", code, ts.ReadFile("err"))
	}
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(said), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(failed), 0o600))
	wantCode(ts, args[0], code)
}

// sedShop is editShop as a shell line, for a shop that a job starts itself.
func sedShop() string {
	var line strings.Builder
	line.WriteString("sed -i")
	for _, e := range slices.Concat(fewCustomers, roomy) {
		fmt.Fprintf(&line, " -e 's|%s|%s|'", e.old, e.new)
	}
	return line.String() + " shop/blastgauge.yaml"
}

// bash is a shell as forges start it.
func bash(ts *testscript.TestScript, script string) *exec.Cmd {
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "PATH="+ts.MkAbs("fake")+string(filepath.ListSeparator)+ts.Getenv("PATH"), "HOME="+ts.Getenv("WORK"), "XDG_STATE_HOME="+ts.Getenv("WORK"), "SYSTEM=shop/blastgauge.yaml")
	for _, key := range []string{"BUILD", "EXPERIMENTS", "PULL", "GITHUB_REPOSITORY", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "RUNNER_TEMP",
		"CANDIDATE", "BUDGET", "REQUIRED", "GATE_KEY", "GATE_PUBLIC_KEY", "APPROVER_PUBLIC_KEY"} {
		cmd.Env = append(cmd.Env, key+"="+ts.Getenv(key))
	}
	return cmd
}

// linesOf are the shell lines of a part of a job for GitLab.
func linesOf(ts *testscript.TestScript, job, part string) (lines []string) {
	_, rest, ok := strings.Cut(job, "\n  "+part+":\n")
	for line := range strings.Lines(rest) {
		text, is := strings.CutPrefix(line, "    - ")
		if !is {
			break
		}
		lines = append(lines, strings.TrimSpace(text))
	}
	if !ok || len(lines) == 0 {
		ts.Fatalf("the job has no %s", part)
	}
	return lines
}

// stepOf is the shell script of a step of a workflow: the block below its run.
func stepOf(ts *testscript.TestScript, workflow, name string) string {
	_, rest, ok := strings.Cut(workflow, "- name: "+name+"\n")
	if !ok {
		ts.Fatalf("no step %q", name)
	}
	rest, _, _ = strings.Cut(rest, "- name: ")
	_, block, ok := strings.Cut(rest, "run: |\n")
	if !ok {
		ts.Fatalf("step %q has no script", name)
	}
	indent := regexp.MustCompile(`^ *`).FindString(block)
	var lines []string
	for line := range strings.Lines(block) {
		if !strings.HasPrefix(line, indent) && strings.TrimSpace(line) != "" {
			break
		}
		lines = append(lines, strings.TrimPrefix(line, indent))
	}
	return strings.Join(lines, "")
}

// Every shell step of the workflows but the installation is run by a script.
func TestEveryStepIsRun(t *testing.T) {
	for file, name := range map[string]string{"../../examples/ci/github.yml": "github.txtar", "../../examples/gate/github/workflow.yml": "gate-github.txtar"} {
		workflow, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script, err := os.ReadFile(filepath.Join("testdata/script/ci", name))
		if err != nil {
			t.Fatal(err)
		}
		checkSteps(t, workflow, script)
	}
}

func checkSteps(t *testing.T, workflow, script []byte) {
	t.Helper()
	steps := regexp.MustCompile(`(?m)^      - name: (.*)$`).FindAllStringSubmatchIndex(string(workflow), -1)
	ran := 0
	for i, s := range steps {
		end := len(workflow)
		if i+1 < len(steps) {
			end = steps[i+1][0]
		}
		name, body := string(workflow[s[2]:s[3]]), string(workflow[s[1]:end])
		if !strings.Contains(body, "run: |") {
			continue
		}
		ran++
		if !strings.Contains(string(script), fmt.Sprintf("'%s'", name)) {
			t.Errorf("the script does not run the step %q", name)
		}
	}
	if ran < 5 {
		t.Errorf("only %d steps were found: the search is broken", ran)
	}
}
