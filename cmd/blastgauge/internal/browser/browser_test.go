package browser

import (
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
func TestNamed(t *testing.T) {
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
		b, err := named(list)
		if err != nil {
			t.Errorf("%q: %v", list, err)
			continue
		}
		if got := b.command("/a b.html"); !slices.Equal(got, want) {
			t.Errorf("%q runs %q, want %q", list, got, want)
		}
	}
	for _, list := range []string{"none", "none --flag:other", ":", " "} {
		if b, err := named(list); err == nil {
			t.Errorf("%q runs %q", list, b.args)
		}
	}
}

// Without a display nothing is opened, unless $BROWSER says by what.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	find := func(pairs ...string) error {
		_, err := Find(environment(pairs...))
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
		{"goes-on", "while [ -e goes-on ] && [ ! -e ended ]; do sleep 0.1; done", time.Millisecond, 0}, // and ends with its directory
	} {
		b := &Browser{tt.name, []string{program(t, dir, tt.name, tt.text)}, tt.grace}
		err := b.Show(t.Context(), "-page.html")
		failed, ok := errors.AsType[*exec.ExitError](err)
		if tt.code == 0 && err != nil || tt.code != 0 && (!ok || failed.ExitCode() != tt.code || !strings.Contains(err.Error(), filepath.Join(dir, "-page.html"))) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := os.WriteFile("ended", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&Browser{"gone", []string{filepath.Join(dir, "gone")}, time.Hour}).Show(t.Context(), "p"); err == nil {
		t.Error("a program that is gone was run")
	}
}
