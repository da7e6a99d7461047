package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A package has a page for each command that the help lists, with each of its flags, and
// the same commit gives the same pages.
func TestManualPages(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
	dir := t.TempDir()
	if code, _, errs := invoke(t, "manual", dir); code != 0 {
		t.Fatal(errs)
	}
	count := 0
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		if !cmd.IsAvailableCommand() && cmd.HasParent() || cmd.Name() == "help" {
			return
		}
		count++
		checkPage(t, filepath.Join(dir, "man", strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"), cmd)
		for _, below := range cmd.Commands() {
			check(below)
		}
	}
	check(newRoot(&app{}))
	found, err := filepath.Glob(filepath.Join(dir, "man", "*"))
	if err != nil || len(found) != count || count < 20 {
		t.Errorf("%d pages for %d commands, %v", len(found), count, err)
	}
}

func checkPage(t *testing.T, name string, cmd *cobra.Command) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
		return
	}
	page := strings.ReplaceAll(string(text), `\-`, "-")
	if !strings.Contains(page, `.TH "`+strings.ToUpper(strings.TrimSuffix(filepath.Base(name), ".1"))+`" "1" "Sep 2026" "blastgauge"`) {
		t.Errorf("%s begins with %.100q", name, page)
	}
	for _, flag := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([\w-]+)`).FindAllStringSubmatch(cmd.NonInheritedFlags().FlagUsages(), -1) {
		if !strings.Contains(page, "--"+flag[1]) {
			t.Errorf("%s does not tell of --%s", name, flag[1])
		}
	}
	if strings.Contains(cmd.Long, "\nExit status:\n") != strings.Contains(page, ".SH EXIT STATUS") {
		t.Errorf("%s: the exit status is not as in the help", name)
	}
	if there, err := isThere("man"); err != nil {
		t.Fatal(err)
	} else if !there {
		return
	}
	render := exec.CommandContext(t.Context(), "man", "--warnings", "-l", name)
	render.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=100")
	var said strings.Builder
	render.Stderr = &said
	if _, err := render.Output(); err != nil || said.Len() > 0 {
		t.Errorf("%s: %v %s", name, err, &said)
	}
}

// The text of a help keeps its tables, and no character of it is read as Markdown.
func TestTextOfPages(t *testing.T) {
	t.Parallel()
	const text = "Reads experiments/*.yaml and snake_case.\nMore:\n  a  b\n  c  d\nBehind.\n\nExit status:\n  0  held\n"
	const want = "Reads experiments/\\*.yaml and snake\\_case.\nMore:\n\n      a  b\n      c  d\n\nBehind.\n\n\n# EXIT STATUS\n\n      0  held\n"
	if got := pageText(text); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// What shells load is what they can read, where they are installed.
func TestCompletionsOfShells(t *testing.T) {
	dir := t.TempDir()
	if code, _, errs := invoke(t, "manual", dir); code != 0 {
		t.Fatal(errs)
	}
	for name, shell := range map[string][]string{"blastgauge.bash": {"bash", "-n"}, "_blastgauge": {"zsh", "-n"}, "blastgauge.fish": {"fish", "-n"}, "blastgauge.ps1": nil} {
		file := filepath.Join(dir, "completions", name)
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "__complete") {
			t.Errorf("%s: %v, %d bytes", name, err, len(text))
		}
		if shell == nil {
			continue
		}
		if there, err := isThere(shell[0]); err != nil {
			t.Error(err)
		} else if there {
			if said, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], file)...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v %s", name, err, said)
			}
		}
	}
}
