package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// openGrace is how long a program that opens pages has for an error. What runs longer is
// showing the page: a browser may be the program itself, and nobody waits for a tab.
const openGrace = time.Second

// openFlag adds the flag that shows a page.
func openFlag(cmd *cobra.Command, to *bool, page string) {
	cmd.Flags().BoolVar(to, "open", false, "open "+page+" in a browser: that of $BROWSER, or of the desktop")
}

// A browser is a program that shows pages.
type browser struct {
	name  string // as errors call it
	args  []string
	grace time.Duration
}

// findBrowser finds what shows pages to this user, before any work is done in vain.
func (a *app) findBrowser() (*browser, error) {
	if list, _ := a.getenv("BROWSER"); list != "" {
		return browserNamed(list)
	}
	name := "xdg-open"
	if runtime.GOOS == "darwin" {
		name = "open"
	} else if !a.hasDisplay() {
		return nil, errors.New("--open: there is no display, as in CI: leave --open out, or name a program that shows pages in $BROWSER")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("--open: %w: install it, or name a program that shows pages in $BROWSER", err)
	}
	return &browser{name, []string{path}, openGrace}, nil
}

// hasDisplay reports whether there is a desktop that a page can be shown on.
func (a *app) hasDisplay() bool {
	return slices.ContainsFunc([]string{"DISPLAY", "WAYLAND_DISPLAY"}, func(name string) bool {
		value, _ := a.getenv(name)
		return value != ""
	})
}

// browserNamed is the first program there is of those that $BROWSER lists, as other
// programs read it: with a colon between commands, whose words have spaces between. It is
// no line for a shell.
func browserNamed(list string) (*browser, error) {
	for _, command := range filepath.SplitList(list) {
		words := []string{command} // its name may have spaces
		path, err := exec.LookPath(command)
		if err != nil {
			if words = strings.Fields(command); len(words) == 0 {
				continue
			}
			path, err = exec.LookPath(words[0])
		}
		if err == nil {
			return &browser{command, append([]string{path}, words[1:]...), openGrace}, nil
		}
	}
	return nil, fmt.Errorf("--open: $BROWSER is %s, and there is no such program", list)
}

// command are the program and its arguments. The page is one of them, in place of %s where
// that is asked for.
func (b *browser) command(page string) []string {
	args, placed := slices.Clone(b.args), false
	for i, arg := range args[1:] {
		args[i+1] = strings.ReplaceAll(arg, "%s", page)
		placed = placed || strings.Contains(arg, "%s")
	}
	if !placed {
		args = append(args, page)
	}
	return args
}

// show opens a page. The path is made absolute, so that no program reads it as an option.
// It is an error if the program ends with one at once. A browser that it starts outlives
// this process and its terminal.
func (b *browser) show(ctx context.Context, page string) error {
	page, err := filepath.Abs(page)
	if err != nil {
		return err
	}
	args := b.command(page)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return b.failed(page, err)
	}
	done := make(chan error, 1) // buffered: nobody may be waiting any more
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return b.failed(page, err)
	case <-time.After(b.grace):
	case <-ctx.Done():
	}
	return nil
}

func (b *browser) failed(page string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--open: %s: %w: the page is written; open it yourself: %s", b.name, err, page)
}

// An opening is a page that is to be shown. The zero value shows none.
type opening struct {
	browser *browser
	page    string // empty: that of the run
}

// openingOf finds what shows the page that outputs write, where that is asked for. What is
// no file cannot be opened.
func openingOf[T any](a *app, asked bool, list []output[T]) (opening, error) {
	if !asked {
		return opening{}, nil
	}
	var o opening
	for _, out := range list {
		switch {
		case out.name != "html" || out.path == "" || o.page != "":
			continue
		case !atomicfile.IsFile(out.path):
			return opening{}, usagef("--open shows a file, and %s is none: write one with -o html=report.html", out.path)
		}
		o.page = out.path
	}
	var err error
	o.browser, err = a.findBrowser()
	return o, err
}

// show opens the page, which is other where the outputs write none.
func (o opening) show(ctx context.Context, other string) error {
	if o.browser == nil {
		return nil
	}
	return o.browser.show(ctx, cmp.Or(o.page, other))
}
