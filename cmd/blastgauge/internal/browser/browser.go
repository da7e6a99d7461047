// Package browser shows a page to this user: in the browser of $BROWSER, or of the desktop.
package browser

import (
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
)

// graceForErrors is how long a program that opens pages has for an error. What runs longer is
// showing the page: a browser may be the program itself, and nobody waits for a tab.
const graceForErrors = time.Second

// A Browser is a program that shows pages.
type Browser struct {
	name  string // as errors call it
	args  []string
	grace time.Duration
}

// Find finds what shows pages to this user, before any work is done in vain.
func Find(getenv func(string) (string, bool)) (*Browser, error) {
	if list, _ := getenv("BROWSER"); list != "" {
		return named(list)
	}
	name := "xdg-open"
	if runtime.GOOS == "darwin" {
		name = "open"
	} else if !hasDisplay(getenv) {
		return nil, errors.New("--open: there is no display, as in CI: leave --open out, or name a program that shows pages in $BROWSER")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("--open: %w: install it, or name a program that shows pages in $BROWSER", err)
	}
	return &Browser{name, []string{path}, graceForErrors}, nil
}

// hasDisplay reports whether there is a desktop that a page can be shown on.
func hasDisplay(getenv func(string) (string, bool)) bool {
	return slices.ContainsFunc([]string{"DISPLAY", "WAYLAND_DISPLAY"}, func(name string) bool {
		value, _ := getenv(name)
		return value != ""
	})
}

// named is the first program there is of those that $BROWSER lists, as other
// programs read it: with a colon between commands, whose words have spaces between. It is
// no line for a shell.
func named(list string) (*Browser, error) {
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
			return &Browser{command, append([]string{path}, words[1:]...), graceForErrors}, nil
		}
	}
	return nil, fmt.Errorf("--open: $BROWSER is %s, and there is no such program", list)
}

// command are the program and its arguments. The page is one of them, in place of %s where
// that is asked for.
func (b *Browser) command(page string) []string {
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

// Show opens a page. The path is made absolute, so that no program reads it as an option.
// It is an error if the program ends with one at once. A browser that it starts outlives
// this process and its terminal.
func (b *Browser) Show(ctx context.Context, page string) error {
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

func (b *Browser) failed(page string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--open: %s: %w: the page is written; open it yourself: %s", b.name, err, page)
}
