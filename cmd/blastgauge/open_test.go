package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// environment is an environment of these variables alone.
func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, pair := range pairs {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value, true
			}
		}
		return "", false
	}
}

// program writes a program into dir.
func program(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// $BROWSER is a list of commands, of which the first that there is gets the page as one
// argument. No shell reads it.
func TestBrowserNamed(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	plain, spaced := program(t, dir, "plain", ""), program(t, dir, "with space", "")
	for list, want := range map[string][]string{
		"plain":                 {plain, "/a b.html"},
		plain:                   {plain, "/a b.html"},
		spaced:                  {spaced, "/a b.html"},
		"plain --new-tab":       {plain, "--new-tab", "/a b.html"},
		"plain --to=%s --quiet": {plain, "--to=/a b.html", "--quiet"},
		"none:also none:plain":  {plain, "/a b.html"},
		" : plain ":             {plain, "/a b.html"},
		"plain ; rm $HOME `x`":  {plain, ";", "rm", "$HOME", "`x`", "/a b.html"},
	} {
		b, err := browserNamed(list)
		if err != nil {
			t.Errorf("%q: %v", list, err)
			continue
		}
		if got := b.command("/a b.html"); !slices.Equal(got, want) {
			t.Errorf("%q runs %q, want %q", list, got, want)
		}
	}
	for _, list := range []string{"none", "none --flag:other", ":", " "} {
		if b, err := browserNamed(list); err == nil {
			t.Errorf("%q runs %q", list, b.args)
		}
	}
}

// Without a display nothing is opened, unless $BROWSER says by what.
func TestFindBrowser(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	find := func(pairs ...string) error {
		_, err := (&app{getenv: environment(pairs...)}).findBrowser()
		return err
	}
	if err := find("DISPLAY=:0"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("without a program: %v", err)
	}
	for _, name := range []string{"xdg-open", "open", "mine"} {
		program(t, dir, name, "")
	}
	for _, pair := range []string{"DISPLAY=:0", "WAYLAND_DISPLAY=wayland-0", "BROWSER=mine"} {
		if err := find(pair); err != nil {
			t.Errorf("%s: %v", pair, err)
		}
	}
	if err := find("BROWSER=none", "DISPLAY=:0"); err == nil {
		t.Error("another program is taken than $BROWSER names")
	}
}

// What fails at once is told, and what goes on is not waited for.
func TestShow(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, tt := range []struct {
		name, text string
		grace      time.Duration
		code       int // 0: no error
	}{
		{"works", "exit 0", time.Hour, 0},
		{"fails", "exit 3", time.Hour, 3},
		{"goes-on", "while [ ! -e ended ]; do sleep 0.1; done", time.Millisecond, 0},
	} {
		b := &browser{tt.name, []string{program(t, dir, tt.name, tt.text)}, tt.grace}
		err := b.show(t.Context(), "-page.html")
		failed, ok := errors.AsType[*exec.ExitError](err)
		if tt.code == 0 && err != nil || tt.code != 0 && (!ok || failed.ExitCode() != tt.code || !strings.Contains(err.Error(), filepath.Join(dir, "-page.html"))) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := os.WriteFile("ended", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&browser{"gone", []string{filepath.Join(dir, "gone")}, time.Hour}).show(t.Context(), "p"); err == nil {
		t.Error("a program that is gone was run")
	}
}

// A page that nobody saw is an error, and changes no verdict.
func TestAPageThatIsNotSeenChangesNoVerdict(t *testing.T) {
	var errs bytes.Buffer
	a, lost := &app{stderr: &errs}, errors.New("no browser")
	if err := a.unlessDecided(lost, 0); !errors.Is(err, lost) || errs.Len() > 0 {
		t.Errorf("a verdict that held: %v, %q", err, &errs)
	}
	if err := a.unlessDecided(lost, 3); err != nil || !strings.Contains(errs.String(), "no browser") {
		t.Errorf("a verdict that did not hold: %v, %q", err, &errs)
	}
}

// What a command writes is what --open shows: by its absolute path, in one argument.
func TestOpenShowsWhatWasWritten(t *testing.T) {
	runs := runsOf(t, 0, 0, 0)
	t.Chdir(runs)
	bin := t.TempDir()
	for _, name := range []string{"xdg-open", "open"} {
		program(t, bin, name, `for arg; do echo "$arg"; done > "$OPENED.new" && mv "$OPENED.new" "$OPENED"`)
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
	for _, page := range []string{"page.html", indexFile} {
		if _, err := os.Stat(page); err == nil {
			t.Errorf("%s was written", page)
		}
	}
}
