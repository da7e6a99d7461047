package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
)

// fixtureRun writes a fixture of the report's as a run directory, after an edit.
func fixtureRun(t *testing.T, name string, edit func(*result.Result)) string {
	t.Helper()
	r, err := result.Load(filepath.Join("../../report/testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(r)
	}
	dir := t.TempDir()
	if err := output.WriteRunFiles(dir, r); err != nil {
		t.Fatal(err)
	}
	return dir
}

// worse makes the first journey of one experiment harmed by 20 points more.
func worse(r *result.Result) {
	b := r.Experiments[0].Journeys[0].BlastRadius
	b.Estimate, b.Low, b.High = b.Estimate+0.2, b.Low+0.2, b.High+0.2
}

func TestCompareReadsWhatRunsLeave(t *testing.T) {
	base, head := fixtureRun(t, "suite", nil), fixtureRun(t, "suite", worse)
	for _, form := range []string{"", result.File, output.ReportFile} {
		b, h := filepath.Join(base, form), filepath.Join(head, form)
		for _, tt := range []struct {
			args []string
			want int
			says string
		}{
			{[]string{b, h}, 3, "1 regressed"},
			{[]string{h, b}, 0, "1 improved"},
			{[]string{b, b}, 0, "is given more than once"},
			{[]string{"--base", b, "--base", b, "--head", h}, 3, "1 regressed"},
			{[]string{b, h, "--margin", "30"}, 0, "30 points"},
		} {
			code, out, err := invoke(t, append([]string{"compare"}, tt.args...)...)
			if code != tt.want || !strings.Contains(out, tt.says) {
				t.Errorf("compare %q: exit %d, want %d and %q in\n%s%s", tt.args, code, tt.want, tt.says, out, err)
			}
			if last := "exit " + map[int]string{0: "0: no regression shown", 3: "3: regressed"}[tt.want]; !strings.HasSuffix(out, last+"\n") {
				t.Errorf("compare %q ends in %q, want %q", tt.args, out[max(0, len(out)-40):], last)
			}
		}
	}
}

func TestCompareWithNothingComparable(t *testing.T) {
	head := fixtureRun(t, "refuted", func(r *result.Result) {
		e := &r.Experiments[0]
		e.Digests.Faults = "sha256:other"
		for i, d := range r.Documents {
			r.Documents[i].Text = strings.Replace(d.Text, "latency", "slowness", 1)
		}
	})
	code, out, _ := invoke(t, "compare", fixtureRun(t, "refuted", nil), head)
	if code != result.ExitInvalid || !strings.Contains(out, "the faults of head differ") || !strings.HasSuffix(out, "exit 5: nothing is comparable\n") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestCompareMistakes(t *testing.T) {
	run := fixtureRun(t, "refuted", nil)
	empty := t.TempDir()
	for _, tt := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{run}, 2, "compare takes two runs, BASE and HEAD, got 1"},
		{[]string{run, run, run}, 2, "--base and --head"},
		{[]string{"--base", run}, 2, "a side is missing"},
		{[]string{"--base", run, "--head", run, run}, 2, "not both"},
		{[]string{run, run, "--margin", "two"}, 2, "points from 0 to below 100"},
		{[]string{run, run, "--margin", "-1"}, 2, "points from 0 to below 100"},
		{[]string{run, run, "--margin", "NaN"}, 2, "points from 0 to below 100"},
		{[]string{run, run, "-o", "pdf"}, 2, "known are github, html, json, junit, md, ndjson, text"},
		{[]string{run, empty}, 1, "neither a result.json nor a journal"},
		{[]string{run, filepath.Join(empty, "none")}, 1, "no such file"},
		{[]string{run, "compare_test.go"}, 1, "not a result of blastgauge"},
	} {
		code, _, err := invoke(t, append([]string{"compare"}, tt.args...)...)
		if code != tt.want || !strings.Contains(err, tt.says) {
			t.Errorf("compare %q: exit %d, want %d and %q in %s", tt.args, code, tt.want, tt.says, err)
		}
	}
}

func TestCompareOutputs(t *testing.T) {
	base, head, dir := fixtureRun(t, "suite", nil), fixtureRun(t, "suite", worse), t.TempDir()
	args := []string{"compare", base, head}
	for _, format := range report.CompareFormats() {
		args = append(args, "-o", format+"="+filepath.Join(dir, format))
	}
	summary := filepath.Join(dir, "summary")
	if err := os.WriteFile(summary, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	code, out, errs := invoke(t, args...)
	if code != 3 || out != "" || !strings.HasSuffix(errs, "exit 3: regressed\n") {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, out, errs)
	}
	for _, format := range report.CompareFormats() {
		if text, err := os.ReadFile(filepath.Join(dir, format)); err != nil || len(text) == 0 {
			t.Errorf("%s: %d bytes, %v", format, len(text), err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "json"))
	if err != nil {
		t.Fatal(err)
	}
	var c compare.Comparison
	if err := json.Unmarshal(text, &c); err != nil || c.ExitCode != 3 || c.Schema != compare.Schema || c.Base[0].Source != base {
		t.Errorf("JSON: %v, exit code %d, schema %q, base %+v", err, c.ExitCode, c.Schema, c.Base)
	}
	text, err = os.ReadFile(summary)
	if err != nil || !bytes.HasPrefix(text, []byte("before\n<!-- blastgauge checkout -->")) {
		t.Errorf("the page of the job: %v, %.80q", err, text)
	}
}

// invoke runs a command in this process.
func invoke(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = runMain(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}
