package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// axe is the source of axe-core, which checks the rules of accessible pages.
func axe(t *testing.T) string {
	t.Helper()
	var dirs []string
	if dir := os.Getenv("BLASTGAUGE_NODE_MODULES"); dir != "" {
		dirs = append(dirs, dir)
	}
	if out, err := exec.Command("npm", "root", "-g").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, dir := range append(dirs, "node_modules", "../node_modules", "/usr/share/nodejs", "/usr/lib/node_modules") {
		if source, err := os.ReadFile(filepath.Join(dir, "axe-core", "axe.min.js")); err == nil {
			return string(source)
		}
	}
	required.Missing(t, "no axe-core here: npm install axe-core somewhere, and name its node_modules in BLASTGAUGE_NODE_MODULES")
	return ""
}

// violationsOf lists the rules that the page breaks as it is shown, each with a few of
// the elements that break it.
const violationsOf = `axe.run(document, {resultTypes: ['violations']}).then(r =>
	r.violations.map(v => v.id + ': ' + v.help + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')))`

// pages are one page of each kind, and the awkward ones.
func pages(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, name := range []string{"refuted", "invalid", "stuck", "causes", "scan", "scan_interrupted"} {
		list[name] = render(t, "html", Options{}, load(t, name))
	}
	list["compare"] = renderCompare(t, "html", Options{}, comparisonFixtures(t)["changed"])
	list["compare scans"] = renderCompare(t, "html", Options{}, comparisonFixtures(t)["scan"])
	for _, name := range []string{"refuted", "held", "left"} {
		list["gate "+name] = renderGate(t, "html", Options{}, gateFixtures(t)[name])
	}
	list["index"] = renderIndex(t, "html", Options{}, 0, bypassed(kept(t, 30)))
	return list
}

// views are the windows in which a page is tested.
func views() []view {
	return []view{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"phone", 390, "light"}}
}

type view struct {
	name   string
	width  int64  // of the window, in pixels
	scheme string // that the reader prefers
}

// checkAccess checks that people who cannot see or point can use every page.
func checkAccess(t *testing.T, browser context.Context) {
	source := axe(t)
	for name, html := range pages(t) {
		t.Run(name, func(t *testing.T) {
			tab, _ := open(t, browser, html)
			eval[bool](t, tab, `document.querySelectorAll('details').forEach(d => { d.open = true }), true`)
			eval[bool](t, tab, source+`; true`)
			for _, p := range views() {
				show(t, tab, p.width, p.scheme)
				found, err := chromedp.Run(tab, chromedp.Evaluate[[]string](violationsOf, chromedp.EvalAwaitPromise))
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range found {
					t.Errorf("%s: %s", p.name, v)
				}
			}
		})
	}
}

// checkKeys checks that the Tab key reaches every chart, and that the arrow keys read
// it.
func checkKeys(t *testing.T, browser context.Context) {
	list := map[string]string{"gate": renderGate(t, "html", Options{}, gateFixtures(t)["held"])}
	for _, name := range []string{"refuted", "journeys", "scan"} {
		list[name] = render(t, "html", Options{}, load(t, name))
	}
	for name, html := range list {
		tab, _ := open(t, browser, html)
		eval[bool](t, tab, `document.querySelectorAll('details').forEach(d => { d.open = true }), true`)
		charts := eval[int](t, tab, `document.querySelectorAll('.plot').length`)
		if charts < 2 {
			t.Fatalf("%s has %d charts", name, charts)
		}
		if read := tabThrough(t, tab); read != charts {
			t.Errorf("%s: keys read %d of %d charts", name, read, charts)
		}
	}
}

// tabThrough presses Tab from the top of the page to its end, and an arrow key on every
// chart. It returns how many charts answered.
func tabThrough(t *testing.T, tab context.Context) int {
	t.Helper()
	const at = `(() => { const e = document.activeElement; return e === document.body ? 'end' : e.matches('.plot') ? 'chart' : 'other' })()`
	press := func(key string) {
		if err := chromedp.Do(tab, chromedp.KeyEvent(key)); err != nil {
			t.Fatal(err)
		}
	}
	read := 0
	for range 500 {
		press(kb.Tab)
		switch eval[string](t, tab, at) {
		case "end":
			return read
		case "chart":
			press(kb.ArrowRight)
			if text := eval[string](t, tab, `document.activeElement.nextElementSibling.textContent`); strings.Contains(text, ": ") {
				read++
			} else {
				t.Errorf("the arrow key reads %q from a chart", text)
			}
		}
	}
	t.Fatal("the end of the page was not reached by 500 times Tab")
	return 0
}

// checkComparisonPolicy checks that a comparison can be read where styles and scripts
// are blocked.
func checkComparisonPolicy(t *testing.T, browser context.Context) {
	tab := serve(t, browser, renderCompare(t, "html", Options{}, comparisonFixtures(t)["changed"]))
	if got := eval[string](t, tab, `getComputedStyle(document.querySelector('.wrap')).maxWidth`); got != "none" {
		t.Fatalf("the style sheet was not blocked: max-width %s", got)
	}
	text := eval[string](t, tab, `document.body.innerText`)
	for _, want := range []string{"1 regressed, 2 improved", "↑ Regressed", "+4.5", "3.5 to 5.5", "+ faults:", "0 of 2,871 dials were refused"} {
		if !strings.Contains(text, want) {
			t.Errorf("without styles and scripts the page does not say %q", want)
		}
	}
	for selector, color := range map[string]string{".iv.cb": "rgb(71, 85, 105)", ".iv.ch": "rgb(194, 65, 12)"} {
		if got := eval[string](t, tab, fmt.Sprintf(`getComputedStyle(document.querySelector(%q)).stroke`, selector)); got != color {
			t.Errorf("%s is drawn in %s, want %s", selector, got, color)
		}
	}
	if size := eval[[]float64](t, tab, `(b => [b.width, b.height])(document.querySelector('svg.fp').getBoundingClientRect())`); size[0] < 60 || size[1] < 40 {
		t.Errorf("the plot is %v px, want it large enough to read", size)
	}
}
