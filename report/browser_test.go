package report

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	dialogs "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/blastgauge/blastgauge/injectors/injectortest/chromium"
)

// A watcher records what no page may do: errors, dialogs, requests.
type watcher struct {
	mu    sync.Mutex
	seen  []string
	loads int
}

func (w *watcher) event(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		w.seen = append(w.seen, fmt.Sprintf("console.%s", ev.Type))
	case *runtime.EventExceptionThrown:
		w.seen = append(w.seen, "exception: "+ev.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		w.seen = append(w.seen, "console: "+ev.Entry.Text)
	case *dialogs.EventJavascriptDialogOpening:
		w.seen = append(w.seen, "dialog: "+ev.Message)
	case *network.EventRequestWillBeSent:
		if w.loads++; w.loads > 1 {
			w.seen = append(w.seen, "request: "+ev.Request.URL)
		}
	}
}

func (w *watcher) misdeeds() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.seen...)
}

// open loads a page in a tab of its own.
func open(t *testing.T, browser context.Context, html string) (context.Context, *watcher) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	tab, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	w := new(watcher)
	if err := chromedp.Listen(tab, w.event); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
	return tab, w
}

// eval runs an expression in the page.
func eval[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	browser := chromium.Start(t)
	for _, name := range []string{"suite", "journeys", "hostile", "empty", "stuck", "causes", "scan", "scan_interrupted", "scan_oneroute"} {
		r := load(t, name)
		t.Run(name, func(t *testing.T) {
			checkPage(t, browser, render(t, "html", Options{}, r), headline(t, render(t, "github", Options{}, r)))
		})
	}
	for _, name := range []string{"changed", "several", "hostile", "empty", "scan", "scan_interrupted"} {
		c := comparisonFixtures(t)[name]
		t.Run("compare/"+name, func(t *testing.T) {
			checkPage(t, browser, renderCompare(t, "html", Options{}, c), headline(t, renderCompare(t, "github", Options{}, c)))
		})
	}
	t.Run("index", func(t *testing.T) {
		checkPage(t, browser, renderIndex(t, "html", Options{}, 0, bypassed(kept(t, 60))), "4 of 7 hypotheses refuted when last tested")
	})
	t.Run("gate", func(t *testing.T) { checkGatePages(t, browser) })
	t.Run("policy", func(t *testing.T) { checkPolicy(t, browser) })
	t.Run("policy/compare", func(t *testing.T) { checkComparisonPolicy(t, browser) })
	t.Run("policy/scan", func(t *testing.T) { checkScanPolicy(t, browser) })
	t.Run("script", func(t *testing.T) { checkScript(t, browser) })
	t.Run("filter", func(t *testing.T) { checkFilter(t, browser) })
	t.Run("copy", func(t *testing.T) { checkCopy(t, browser) })
	t.Run("contents", func(t *testing.T) { checkContents(t, browser) })
	t.Run("keys", func(t *testing.T) { checkKeys(t, browser) })
	t.Run("paper", func(t *testing.T) { checkPaper(t, browser) })
	t.Run("accessible", func(t *testing.T) { checkAccess(t, browser) })
}

// headline is the notice at the end of the workflow commands.
func headline(t *testing.T, commands string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(commands, "\n"), "\n")
	_, text, ok := strings.Cut(strings.TrimPrefix(lines[len(lines)-1], "::notice "), "::")
	if !ok {
		t.Fatalf("no notice in %q", commands)
	}
	return text
}

// overflow names the elements that stick out of the page, except those in a box that
// scrolls by itself.
const overflow = `(() => {
	const wide = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= wide) return '';
	return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > wide + 1 && !e.closest('.tblw, pre, svg'))
		.slice(0, 5).map(e => e.tagName + '.' + e.getAttribute('class') + ' ' + e.textContent.slice(0, 40)).join(' | ') || 'something';
})()`

// show sets the width of the window and the colour scheme that people prefer.
func show(t *testing.T, tab context.Context, width int64, scheme string) {
	t.Helper()
	size := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}
	if _, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, size); err != nil {
		t.Fatal(err)
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	// The page learns of its new size when a frame is drawn.
	const drawn = `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](drawn, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
}

// checkPage checks a page with everything on it unfolded, at every width, light and
// dark.
func checkPage(t *testing.T, browser context.Context, html, headline string) {
	tab, w := open(t, browser, html)
	eval[bool](t, tab, `document.querySelectorAll('details').forEach(d => { d.open = true }), true`)
	for scheme, background := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(15, 18, 22)"} {
		for _, width := range []int64{320, 390, 768, 1280} {
			if scheme == "dark" && width < 1280 {
				continue // colours move nothing
			}
			show(t, tab, width, scheme)
			if out := eval[string](t, tab, overflow); out != "" {
				t.Errorf("%d px, %s: wider than the window: %s", width, scheme, out)
			}
			if got := eval[string](t, tab, `getComputedStyle(document.body).backgroundColor`); got != background {
				t.Errorf("%d px, %s: background %s, want %s", width, scheme, got, background)
			}
		}
	}
	if got := eval[string](t, tab, `document.querySelector('h1').textContent`); !strings.HasPrefix(got, headline) {
		t.Errorf("the page says %q, want %q", got, headline)
	}
	if got := eval[string](t, tab, `document.title`); got == "pwned" {
		t.Errorf("a script of the result ran: the title is %q", got)
	}
	if seen := w.misdeeds(); len(seen) > 0 {
		t.Errorf("the page did what it must not: %q", seen)
	}
}

// policy is the content security policy with which Jenkins serves artifacts.
const policy = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"

// serve opens a page as Jenkins serves it, with the style sheet beside it.
func serve(t *testing.T, browser context.Context, html string) context.Context {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		if r.URL.Path == "/page.html" {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, html)
			return
		}
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, StyleSheet())
	}))
	t.Cleanup(server.Close)
	tab, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	if err := chromedp.Do(tab, chromedp.Navigate(server.URL+"/page.html")); err != nil {
		t.Fatal(err)
	}
	return tab
}

// checkPolicy checks a page whose scripts and styles are blocked, and one whose styles
// are in a file beside it.
func checkPolicy(t *testing.T, browser context.Context) {
	sibling := serve(t, browser, render(t, "html", Options{StyleSheet: "blastgauge.css"}, load(t, "refuted")))
	if got := eval[string](t, sibling, `getComputedStyle(document.querySelector('.wrap')).maxWidth`); got != "1080px" {
		t.Errorf("the style sheet beside the page is not used: max-width %s", got)
	}
	tab := serve(t, browser, render(t, "html", Options{}, load(t, "refuted")))
	if got := eval[string](t, tab, `getComputedStyle(document.querySelector('.wrap')).maxWidth`); got != "none" {
		t.Fatalf("the style sheet was not blocked: max-width %s", got)
	}
	text := eval[string](t, tab, `document.body.innerText`)
	for _, want := range []string{"The hypothesis is refuted", "31.9%", "29.1 to 34.8", "limit 5%", "J-004417", "Read back as gone", "Recovery took 56 s"} {
		if !strings.Contains(text, want) {
			t.Errorf("without styles and scripts the page does not say %q", want)
		}
	}
	for selector, color := range map[string]string{".series .lf": "rgb(194, 65, 12)", ".series .lc": "rgb(71, 85, 105)"} {
		got := eval[string](t, tab, fmt.Sprintf(`getComputedStyle(document.querySelector(%q)).stroke`, selector))
		if got != color {
			t.Errorf("%s is drawn in %s, want %s", selector, got, color)
		}
	}
	suite := serve(t, browser, render(t, "html", Options{}, load(t, "suite")))
	if got := eval[string](t, suite, `getComputedStyle(document.querySelector('.filter')).display`); got != "none" {
		t.Errorf("a filter that does nothing is shown: display %s", got)
	}
	size := eval[[]float64](t, tab, `(b => [b.width, b.height])(document.querySelector('.series').getBoundingClientRect())`)
	if size[0] < 300 || size[1] < 200 {
		t.Errorf("the chart is %v px, want it large enough to read", size)
	}
	bar := eval[float64](t, tab, `document.querySelector('.o-failed').getBoundingClientRect().width`)
	if bar < 10 {
		t.Errorf("the bar of failed journeys is %g px wide", bar)
	}
}

// checkScript checks what the script adds: links open what they lead to, and keys read
// charts.
func checkScript(t *testing.T, browser context.Context) {
	tab, _ := open(t, browser, render(t, "html", Options{}, load(t, "suite")))
	const held = `document.getElementById('recommendations-down').open`
	if eval[bool](t, tab, held) {
		t.Fatal("an experiment that held is open from the start")
	}
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(`a.cell[href="#recommendations-down"]`)), chromedp.Poll[chromedp.Void](held)); err != nil {
		t.Errorf("a link does not open the experiment it leads to: %v", err)
	}
	if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS(`#payments-latency-2s .plot`))); err != nil {
		t.Fatal(err)
	}
	read := func(key string) string {
		if err := chromedp.Do(tab, chromedp.KeyEvent(key)); err != nil {
			t.Fatal(err)
		}
		return eval[string](t, tab, `document.querySelector('#payments-latency-2s .readout').textContent`)
	}
	first, last := read(kb.Home), read(kb.End)
	if !strings.HasPrefix(first, "0:00: fault arm ") || !strings.Contains(last, "harmed") || first == last {
		t.Errorf("keys read %q and %q, want the first and the last point", first, last)
	}
}
