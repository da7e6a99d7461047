package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/report"
)

// A page that nobody saw is an error, and changes no verdict.
func TestAPageThatIsNotSeenChangesNoVerdict(t *testing.T) {
	var errs bytes.Buffer
	a, lost := &app{stderr: &errs}, errors.New("no browser")
	if err := exit.UnlessDecided(lost, 0, a.logf); !errors.Is(err, lost) || errs.Len() > 0 {
		t.Errorf("a verdict that held: %v, %q", err, &errs)
	}
	if err := exit.UnlessDecided(lost, 3, a.logf); err != nil || !strings.Contains(errs.String(), "no browser") {
		t.Errorf("a verdict that did not hold: %v, %q", err, &errs)
	}
}

// What a command writes is what --open shows: by its absolute path, in one argument.
func TestOpenShowsWhatWasWritten(t *testing.T) {
	runs := runsOf(t, 0, 0, 0)
	t.Chdir(runs)
	bin := t.TempDir()
	for _, name := range []string{"xdg-open", "open"} {
		script := "#!/bin/sh\nfor arg; do echo \"$arg\"; done > \"$OPENED.new\" && mv \"$OPENED.new\" \"$OPENED\"\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("BROWSER", "")
	t.Setenv("DISPLAY", ":0")
	for _, tt := range []struct {
		page string
		args []string
	}{
		{"runa/report.html", []string{"report", "runa"}},
		{"-a page.html", []string{"report", "runa", "-o", "html=-a page.html"}},
		{"index.html", []string{"report", "--index", "."}},
		{"changes.html", []string{"compare", "runb", "runc", "-o", "html=changes.html", "-o", "text"}},
	} {
		opened := filepath.Join(t.TempDir(), "opened")
		t.Setenv("OPENED", opened)
		if code, _, errs := invoke(t, append(tt.args, "--open")...); code != 0 {
			t.Errorf("%q: exit %d: %s", tt.args, code, errs)
			continue
		}
		if got, want := awaitFile(t, opened), filepath.Join(runs, tt.page)+"\n"; got != want {
			t.Errorf("%q opened %q, want %q", tt.args, got, want)
		}
		if _, err := os.Stat(tt.page); err != nil {
			t.Error(err)
		}
	}
}

// awaitFile returns what a file holds, once it is there.
func awaitFile(t *testing.T, path string) string {
	t.Helper()
	for t.Context().Err() == nil {
		text, err := os.ReadFile(path)
		if err == nil {
			return string(text)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return ""
}

// What cannot be opened is told before anything is written.
func TestOpenRefuses(t *testing.T) {
	t.Chdir(runsOf(t, 0, 0))
	t.Setenv("BROWSER", filepath.Join(t.TempDir(), "none"))
	for _, tt := range []struct {
		code int
		args []string
	}{
		{1, []string{"report", "runa", "-o", "html=page.html"}},
		{1, []string{"report", "--index", "."}},
		{1, []string{"compare", "runa", "runb", "-o", "html=page.html"}},
		{2, []string{"compare", "runa", "runb"}},
		{2, []string{"compare", "runa", "runb", "-o", "html"}},
		{2, []string{"report", "runa", "-o", "html=/dev/null"}},
	} {
		if code, out, errs := invoke(t, append(tt.args, "--open")...); code != tt.code || out != "" || !strings.Contains(errs, "--open") {
			t.Errorf("%q: exit %d, %q, %s", tt.args, code, out, errs)
		}
	}
	for _, page := range []string{"page.html", report.IndexFile} {
		if _, err := os.Stat(page); err == nil {
			t.Errorf("%s was written", page)
		}
	}
}
