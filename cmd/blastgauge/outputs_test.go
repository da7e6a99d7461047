package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/ending"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/scans"
)

// nullDevice makes a null device of the test's own: none may write the machine's.
func nullDevice(t *testing.T) string { return device(t, "null", 3) }

// device makes a memory device of the test's own.
func device(t *testing.T, name string, minor int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	err := syscall.Mknod(path, syscall.S_IFCHR|0o666, 1<<8|minor)
	switch {
	case err == nil:
	case os.Getuid() == 0:
		required.Missing(t, "no device can be made: %v", err)
	default:
		t.Skipf("no device can be made: %v", err) // only root can be required to
	}
	return path
}

// A command with -o writes into a device, through a link, and into a file with the
// mode that the umask gives.
func TestOutputsThatAreNoFiles(t *testing.T) { // not parallel: the umask is the process's
	defer syscall.Umask(syscall.Umask(0o022))
	runs, null := runsOf(t, 0, 3), nullDevice(t)
	base := filepath.Join(runs, "runa")
	for name, args := range map[string][]string{
		"compare": {"compare", base, filepath.Join(runs, "runb")},
		"history": {"history", runs},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file, link := filepath.Join(dir, "new.json"), filepath.Join(dir, "latest.json")
			if err := errors.Join(os.WriteFile(filepath.Join(dir, "real.json"), []byte("old"), 0o604), os.Symlink("real.json", link)); err != nil {
				t.Fatal(err)
			}
			code, _, err := invoke(t, append(args, "-o", "json="+null, "-o", "json="+link, "-o", "json="+file)...)
			if code == 1 || code == 2 {
				t.Fatalf("exit %d: %s", code, err)
			}
			for path, want := range map[string]fs.FileMode{
				null: fs.ModeDevice | fs.ModeCharDevice | 0o644, link: fs.ModeSymlink | 0o777, file: 0o644, filepath.Join(dir, "real.json"): 0o604,
			} {
				if info, err := os.Lstat(path); err != nil || info.Mode() != want {
					t.Errorf("%s is %v, %v; want %v", path, info.Mode(), err, want)
				}
			}
			if text := read(t, link); text != read(t, file) || !strings.HasPrefix(text, "{") {
				t.Errorf("through the link: %.80q", text)
			}
		})
	}
}

// One output that cannot be written takes no other one along.
func TestAnOutputThatFailsTakesNoneAlong(t *testing.T) {
	run, dir, full := fixtureRun(t, "suite", nil), t.TempDir(), device(t, "full", 7)
	file := filepath.Join(dir, "comment.md")
	code, out, err := invoke(t, "compare", run, run, "-o", "json="+full, "-o", "text", "-o", "md="+file)
	if code != 1 || !strings.Contains(err, full) {
		t.Errorf("exit %d: %s", code, err)
	}
	if out == "" || read(t, file) == "" {
		t.Error("the outputs behind it were not written")
	}
}

// Every command refuses what cannot be written with the same words and the same code,
// all of it at once, before it does anything.
func TestEveryCommandRefusesTheSameOutputs(t *testing.T) {
	runs, dir := runsOf(t, 0, 3), t.TempDir()
	a, b := filepath.Join(runs, "runa"), filepath.Join(runs, "runb")
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other, said := filepath.Join(dir, "other"), map[string]bool{}
	for _, args := range [][]string{
		{"run", "-f", filepath.Join(dir, "none.yaml")}, {"report", a}, {"compare", a, b}, {"history", runs}, {"validate", "-f", filepath.Join(dir, "none.yaml")},
	} {
		flags := []string{"-o", "json=" + other, "-o", "json=" + dir, "-o", "json=" + filepath.Join(dir, "none", "x"), "-o", "json=" + filepath.Join(dir, "file", "x")}
		code, out, err := invoke(t, append(args, flags...)...)
		what, _, _ := strings.Cut(err, "\nexit ") // commands that inject say that nothing was
		if said[what] = true; code != result.ExitUsage || out != "" || strings.Count(err, "write "+dir) != 3 {
			t.Errorf("%s: exit %d: %s%s", args[0], code, out, err)
		}
		if _, err := os.Lstat(other); err == nil {
			t.Errorf("%s wrote another output", args[0])
		}
	}
	if len(said) != 1 {
		t.Errorf("it is said in several ways: %v", said)
	}
}

// A reader that has read enough, such as head, is no error: nothing is said, and the code
// is the one that a shell gives to a program whose reader left. What went wrong beside it
// is said, and so is that a run's report was lost.
func TestAReaderThatLeaves(t *testing.T) {
	runs := runsOf(t, 0, 3)
	one, full := filepath.Join(runs, "runa"), device(t, "full", 7)
	dir := t.TempDir()
	if code, _, err := invoke(t, "init", "--dir", dir); code != 0 {
		t.Fatal(err)
	}
	documents := filepath.Join(dir, "blastgauge.yaml")
	for _, tt := range []struct {
		want  int
		quiet bool
		args  []string
	}{
		{result.ExitPIPE, true, []string{"faults"}},
		{result.ExitPIPE, true, []string{"faults", "latency"}},
		{result.ExitPIPE, true, []string{"schema", "system"}},
		{result.ExitPIPE, true, []string{"version"}},
		{result.ExitPIPE, true, []string{"plan", "-f", documents}},
		{result.ExitPIPE, true, []string{"validate", "-f", documents}},
		{result.ExitPIPE, true, []string{"history", runs}},
		{result.ExitPIPE, true, []string{"report", one}},
		{result.ExitPIPE, true, []string{"report", one, "-o", "json"}},
		{result.ExitPIPE, true, []string{"compare", one, one, "-o", "md"}},
		{result.ExitError, false, []string{"report", one, "-o", "text", "-o", "json=" + full}},
	} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		code := runMain(tt.args, strings.NewReader(""), writer, &stderr)
		if code != tt.want || strings.Contains(stderr.String(), "pipe") == tt.quiet || strings.Contains(stderr.String(), "exit ") == tt.quiet {
			t.Errorf("%q: exit %d: %s", tt.args, code, &stderr)
		}
		_ = writer.Close() // nothing is read
	}
}

// That a report could not be written hides no fault that may be left, and no signal.
func TestAnOutputThatFailsHidesNoFault(t *testing.T) {
	for code, want := range map[int]int{
		result.ExitHeld: 1, result.ExitRefuted: 1, result.ExitNotRemoved: 7, result.ExitINT: 130, result.ExitTERM: 143, result.ExitHUP: 129,
	} {
		r, err := result.Load("../../report/testdata/suite.json")
		if err != nil {
			t.Fatal(err)
		}
		r.Run.ExitCode = code
		out := &run.Outcome{Dir: t.TempDir(), Result: r}
		broken := func(io.Writer, *result.Result) error { return syscall.EPIPE }
		good := func(w io.Writer, _ *result.Result) error { _, err := io.WriteString(w, "good"); return err }
		file := filepath.Join(out.Dir, "good")
		var stdout, stderr bytes.Buffer
		a := &app{stdout: &stdout, stderr: &stderr, getenv: os.LookupEnv}
		err = a.ending([]output.Output[*result.Result]{{Name: "text", Format: broken}, {Name: "json", Format: good, Path: file}}, output.Opening{}).Conclude(t.Context(), out)
		if got := exit.Code(err); got != want {
			t.Errorf("a run that ends with %d ends with %d", code, got)
		}
		if read(t, file) != "good" || read(t, filepath.Join(out.Dir, output.ReportFile)) == "" {
			t.Errorf("exit %d: an output is missing", code)
		}
		for _, e := range r.Experiments {
			if said := stderr.String(); !strings.Contains(said, string(e.Verdict)+" "+e.ID) && e.Verdict != result.NotRun {
				t.Errorf("exit %d: %s: its verdict is hidden:\n%s", code, e.ID, said)
			}
		}
		if said := stderr.String(); want != 1 && !strings.Contains(said, syscall.EPIPE.Error()) {
			t.Errorf("exit %d: it does not say what went wrong: %s", code, said)
		}
	}
}

// What a scan found is told where its report cannot be written, and what is not done after a
// second interrupt.
func TestTheEndOfAScanHidesNothing(t *testing.T) {
	r, err := result.Load("../../report/testdata/scan.json")
	if err != nil {
		t.Fatal(err)
	}
	r.Run.ExitCode = result.ExitRefuted
	out := &run.Outcome{Dir: t.TempDir(), Result: r}
	broken := []output.Output[*result.Result]{{Name: "text", Format: func(io.Writer, *result.Result) error { return syscall.EPIPE }}}
	did := 0
	more := ending.More{Do: func(*run.Outcome) error { did++; return nil }, Skipped: "no experiments"}
	var stderr bytes.Buffer
	a := &app{stdout: io.Discard, stderr: &stderr, getenv: os.LookupEnv}
	if code := exit.Code(a.ending(broken, output.Opening{}, more).Conclude(t.Context(), out)); code != 1 || did != 1 {
		t.Errorf("exit %d, and experiments were written %d times", code, did)
	}
	if said := stderr.String(); !strings.Contains(said, scans.Headline(r)) || strings.Contains(said, more.Skipped) {
		t.Errorf("it hides what was found: %s", said)
	}
	a = &app{stdout: io.Discard, stderr: &stderr, getenv: os.LookupEnv}
	a.hurry.Skip()
	if code := exit.Code(a.ending(nil, output.Opening{}, more).Conclude(t.Context(), out)); code != result.ExitRefuted || did != 1 {
		t.Errorf("after a second interrupt: exit %d, and experiments were written %d times", code, did)
	}
	if said := stderr.String(); !strings.Contains(said, more.Skipped) {
		t.Errorf("it does not say that no experiments were written: %s", said)
	}
}

// An output that cannot be written is found before anything starts.
func TestOutputsAreCheckedBeforeARun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, right := range map[string]bool{
		file: true, filepath.Join(dir, "new"): true, nullDevice(t): true,
		filepath.Join(dir, "missing", "x"): false, filepath.Join(file, "x"): false, dir: false,
	} {
		a := &app{stdout: io.Discard, stderr: io.Discard, getenv: os.LookupEnv}
		_, err := a.outputs([]string{"text", "json=" + path})
		if right != (err == nil) || !right && (exit.Code(err) != result.ExitUsage || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %v", path, err)
		}
		a.getenv = func(name string) (string, bool) { return path, name == "GITHUB_STEP_SUMMARY" }
		if _, err := a.outputs([]string{"github"}); right != (err == nil) {
			t.Errorf("the summary of a job in %s: %v", path, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 || read(t, file) != "old" {
		t.Errorf("the check changed something: %v, %v", entries, err)
	}
}

// Names that are ours, and not the user's, lead nowhere: not the style sheet beside a
// page, and not the page of all runs.
func TestNamesOfOursAreNotFollowed(t *testing.T) {
	runs, victim := runsOf(t, 0), filepath.Join(t.TempDir(), "victim")
	pages := t.TempDir()
	if err := errors.Join(
		os.WriteFile(victim, []byte("safe"), 0o600),
		os.Symlink(victim, filepath.Join(runs, report.IndexFile)),
		os.Symlink(victim, filepath.Join(pages, output.StyleFile)),
	); err != nil {
		t.Fatal(err)
	}
	one := filepath.Join(runs, "runa")
	for _, args := range [][]string{
		{"report", "--index", runs},
		{"compare", one, one, "-o", "html=" + filepath.Join(pages, "page.html"), "--assets=sibling"},
	} {
		if code, _, err := invoke(t, args...); code == 1 || code == 2 {
			t.Errorf("%q: exit %d: %s", args, code, err)
		}
	}
	if read(t, victim) != "safe" {
		t.Error("a link was followed")
	}
	for _, path := range []string{filepath.Join(runs, report.IndexFile), filepath.Join(pages, output.StyleFile)} {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s is %v, %v", path, info.Mode(), err)
		}
	}
}

// A page that is no file has nothing beside it: no style sheet lands among the devices.
func TestNoStyleSheetAmongDevices(t *testing.T) {
	null := nullDevice(t)
	for _, path := range []string{null, "/dev/fd/1"} {
		if code, _, err := invoke(t, "compare", "nowhere", "nowhere", "-o", "html="+path, "--assets=sibling"); code != 2 || !strings.Contains(err, path) {
			t.Errorf("%s: exit %d: %s", path, code, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(null)); err != nil || len(entries) != 1 {
		t.Errorf("beside the device: %v, %v", entries, err)
	}
}

// deaf CODE ARG... runs blastgauge with the output and the errors going where nobody
// reads any more, and wants that exit code.
func deaf(ts *testscript.TestScript, _ bool, args []string) {
	reader, writer, err := os.Pipe()
	ts.Check(err)
	ts.Check(reader.Close())
	cmd := command(ts, args[1:])
	cmd.Stdout, cmd.Stderr = writer, writer
	ts.Check(cmd.Start())
	ts.Check(writer.Close())
	cmd.Wait() // its code is looked at below
	if got := cmd.ProcessState.ExitCode(); got < 0 {
		ts.Fatalf("it died: %s", cmd.ProcessState)
	} else {
		ts.Check(os.WriteFile(ts.MkAbs("out"), nil, 0o600))
		ts.Check(os.WriteFile(ts.MkAbs("err"), nil, 0o600))
		wantCode(ts, args[0], got)
	}
}

// A report that a job makes leads to the job, and to the page that was made with it.
func TestReportsLeadToTheirJob(t *testing.T) {
	base, head, dir := fixtureRun(t, "suite", nil), fixtureRun(t, "suite", worse), t.TempDir()
	for _, name := range []string{"GITHUB_SERVER_URL", "GITHUB_STEP_SUMMARY"} {
		t.Setenv(name, "")
	}
	t.Setenv("CI_JOB_URL", "https://gitlab.test/shop/-/jobs/5")
	t.Setenv("CI_PROJECT_DIR", dir)
	page := "https://gitlab.test/shop/-/jobs/5/artifacts/file/page.html"
	for name, args := range map[string][]string{"report": {"report", head}, "compare": {"compare", base, head}} {
		for _, format := range []string{"md", "junit", "github"} {
			args = append(args, "-o", format+"="+filepath.Join(dir, format))
		}
		if code, _, errs := invoke(t, append(args, "-o", "html="+filepath.Join(dir, "page.html"))...); code != 0 && code != 3 {
			t.Fatalf("%s: exit %d: %s", name, code, errs)
		}
		for format, want := range map[string]string{"md": "[report](<" + page + ">)", "junit": `<property name="link.report" value="` + page + `">`, "github": "report: " + page} {
			if text, err := os.ReadFile(filepath.Join(dir, format)); err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s -o %s: %q is not in it, %v", name, format, want, err)
			}
		}
	}
}
