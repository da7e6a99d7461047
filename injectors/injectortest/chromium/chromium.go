// Package chromium starts a headless browser for a test.
//
// Tests alone import it.
package chromium

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// Start starts a browser that stops with the test, and returns its first tab. Where there is
// none the test ends as [required.Missing] says.
func Start(t *testing.T) context.Context {
	t.Helper()
	path := required.Program(t, "chromium", "install Debian's package chromium, or google-chrome",
		"chromium-browser", "google-chrome", "/usr/bin/chromium", "/usr/lib/chromium/chromium")
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.Env("TMPDIR="+scratch(t)),
		chromedp.DisableGPU, chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.WSURLReadTimeout(time.Minute))
	deadline, ok := t.Deadline() // however busy the machine is; what hangs is told before the program is ended
	if !ok {
		deadline = time.Now().Add(time.Hour)
	}
	ctx, cancel := context.WithDeadline(t.Context(), deadline.Add(-10*time.Second))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// scratch is a directory for the files that a browser leaves behind. The path of a socket in
// it has to be short, and those of t.TempDir are long.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a browser may still be writing
	return dir
}
