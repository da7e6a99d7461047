package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// views are the windows in which a page is photographed.
func views() []view {
	return []view{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"390", 390, "light"}, {"390-dark", 390, "dark"}}
}

type view struct {
	name   string
	width  int64  // of the window, in pixels
	scheme string // that the reader prefers
}

// definePictures takes pictures of HTML pages: NAME-first.png and NAME-first-dark.png are
// the first screen of a desktop, NAME-light.png and so on are whole pages, NAME.pdf is what a
// printer gets, and with pdftoppm NAME-print-1.png and so on are its sheets.
func definePictures(f *flag.FlagSet) func(context.Context, *printer) error {
	dir := f.String("dir", "pictures", "the `DIRECTORY` for the pictures")
	of := f.String("of", "", "pages as `FILE,FILE,...` (default: those of the demo, which is run first)")
	return func(ctx context.Context, out *printer) (err error) {
		if err := os.MkdirAll(*dir, 0o755); err != nil {
			return err
		}
		files := strings.Split(*of, ",")
		if *of == "" {
			var cmd *command
			if cmd, err = build(ctx); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, cmd.Close()) }()
			if files, err = demoPages(ctx, cmd); err != nil {
				return err
			}
		}
		browser, stop, err := startBrowser(ctx)
		if err != nil {
			return err
		}
		defer stop()
		for _, file := range files {
			base := filepath.Join(*dir, pictureName(file))
			if err := photograph(browser, base, file); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			out.printf("%s-*.png\n", base)
		}
		return nil
	}
}

// demoPages runs the demo and returns its pages.
func demoPages(ctx context.Context, cmd *command) ([]string, error) {
	dir, err := cmd.dir()
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "run")
	if said, err := cmd.exec(ctx, dir, "demo", "--progress", "none", "--out", out).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("demo: %w\n%s", err, said)
	}
	return []string{filepath.Join(out, "naive", "report.html"), filepath.Join(out, "hardened", "report.html"), filepath.Join(out, "compare.html")}, nil
}

// pictureName is made of a page's folder and name.
func pictureName(file string) string {
	parts := strings.Split(filepath.ToSlash(strings.TrimSuffix(file, ".html")), "/")
	return strings.Join(parts[max(0, len(parts)-2):], "-")
}

func startBrowser(ctx context.Context) (browser context.Context, stop func(), err error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium"} {
		if path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if path == "" {
		return nil, nil, errors.New("no chromium, chromium-browser or google-chrome here: install Debian's package chromium")
	}
	profile, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(profile), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true), chromedp.WSURLReadTimeout(time.Minute))
	allocator, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	browser, cancel := chromedp.NewContext(allocator)
	stop = func() {
		cancel()
		cancelAllocator()
		_ = os.RemoveAll(profile) // a temporary directory
	}
	if err := chromedp.Do(browser); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start the browser: %w", err)
	}
	return browser, stop, nil
}

// photograph writes all pictures of a page; base is their path without its end.
func photograph(browser context.Context, base, file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	tab, cancel := chromedp.NewContext(browser)
	defer cancel()
	if err := chromedp.Do(tab, chromedp.Navigate("file://"+path)); err != nil {
		return err
	}
	for _, first := range []view{{"first", 1280, "light"}, {"first-dark", 1280, "dark"}} {
		if err := shoot(tab, first, base, false); err != nil {
			return err
		}
	}
	for _, v := range views() {
		if err := shoot(tab, v, base, true); err != nil {
			return err
		}
	}
	return printPages(tab, base)
}

// shoot writes a picture of the window, or of the whole page.
func shoot(tab context.Context, v view, base string, whole bool) error {
	size := emulation.SetDeviceMetricsOverrideParams{Width: v.width, Height: 900, DeviceScaleFactor: 1}
	if _, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, size); err != nil {
		return err
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		return err
	}
	const drawn = `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](drawn, chromedp.EvalAwaitPromise)); err != nil {
		return err
	}
	picture, err := chromedp.Call(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole})
	if err != nil {
		return err
	}
	return os.WriteFile(base+"-"+v.name+".png", picture.Data, 0o644)
}

// printPages writes the page as a PDF, and its sheets where pdftoppm is installed.
func printPages(tab context.Context, base string) error {
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
		return err
	}
	yes := true
	sheets, err := chromedp.Call(tab, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes, PrintBackground: &yes})
	if err != nil {
		return err
	}
	pdf := base + ".pdf"
	if err := os.WriteFile(pdf, sheets.Data, 0o644); err != nil {
		return err
	}
	if _, missing := exec.LookPath("pdftoppm"); missing == nil { // Debian's poppler-utils has it
		return printSheets(pdf, base)
	}
	return nil
}

func printSheets(pdf, base string) error {
	if out, err := exec.Command("pdftoppm", "-r", "80", "-png", pdf, base+"-print").CombinedOutput(); err != nil {
		return fmt.Errorf("pdftoppm: %w: %s", err, out)
	}
	return nil
}
