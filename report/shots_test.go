package report

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	dialogs "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var (
	shots    = flag.String("shots", "", "write pictures of pages into this `directory`, to look at")
	shotsOf  = flag.String("shots-of", "", "the pages to take pictures of, as `files` with commas between them (default: the fixtures)")
	pictures = []struct {
		name   string
		width  int64
		scheme string
	}{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"390", 390, "light"}, {"390-dark", 390, "dark"}}
)

// TestScreenshots makes pictures for people to look at:
//
//	go test ./report -run Screenshots -shots /tmp/shots
//	go test ./report -run Screenshots -shots /tmp/shots -shots-of $PWD/run/naive/report.html,$PWD/run/compare.html
//
// NAME-first.png is the first screen of a desktop, NAME-light.png and so on are
// whole pages as they open, and NAME.pdf is what a printer gets; with pdftoppm
// (Debian's poppler-utils) its pages are NAME-print-1.png and so on.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		t.Skip("pictures are made on demand: -shots DIRECTORY")
	}
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		t.Fatal(err)
	}
	browser := newBrowser(t)
	for name, html := range pagesToShoot(t) {
		t.Run(name, func(t *testing.T) { shoot(t, browser, filepath.Join(*shots, name), html) })
	}
}

func pagesToShoot(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	if *shotsOf == "" {
		for _, name := range fixtures(t) {
			pages[name] = render(t, "html", Options{}, load(t, name))
		}
		pages["index"], pages["index-500"] = renderIndex(t, "html", Options{}, 0, kept(t, 12)), renderIndex(t, "html", Options{}, 0, kept(t, 500))
		for name, c := range comparisonFixtures(t) {
			pages["compare-"+name] = renderCompare(t, "html", Options{}, c)
		}
		return pages
	}
	for _, file := range strings.Split(*shotsOf, ",") {
		html, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(filepath.ToSlash(strings.TrimSuffix(file, ".html")), "/")
		pages[strings.Join(parts[max(0, len(parts)-2):], "-")] = string(html)
	}
	return pages
}

func shoot(t *testing.T, browser context.Context, base, html string) {
	tab, _ := open(t, browser, html)
	show(t, tab, 1280, "light")
	save(t, base+"-first.png", capture(t, tab, false))
	for _, p := range pictures {
		show(t, tab, p.width, p.scheme)
		save(t, base+"-"+p.name+".png", capture(t, tab, true))
	}
	pdf := base + ".pdf"
	save(t, pdf, printed(t, tab))
	if tool, err := exec.LookPath("pdftoppm"); err == nil {
		if out, err := exec.Command(tool, "-r", "80", "-png", pdf, base+"-print").CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", tool, err, out)
		}
	}
}

func save(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// capture is a picture of the window, or of the whole page.
func capture(t *testing.T, tab context.Context, whole bool) []byte {
	t.Helper()
	r, err := chromedp.Call(tab, dialogs.CaptureScreenshot, dialogs.CaptureScreenshotParams{CaptureBeyondViewport: &whole})
	if err != nil {
		t.Fatal(err)
	}
	return r.Data
}

// printed is the page on A4 paper.
func printed(t *testing.T, tab context.Context) []byte {
	t.Helper()
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
		t.Fatal(err)
	}
	yes := true
	r, err := chromedp.Call(tab, dialogs.PrintToPDF, dialogs.PrintToPDFParams{PreferCSSPageSize: &yes, PrintBackground: &yes})
	if err != nil {
		t.Fatal(err)
	}
	return r.Data
}
