package report

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// visible counts the elements of a page that are shown.
const visible = `(selector => [...document.querySelectorAll(selector)].filter(e => getComputedStyle(e).display !== 'none').length)`

// checkFilter checks that a reader sees the experiments of one verdict, owner or dependency,
// with the keys alone, with and without script, and those that links lead to.
func checkFilter(t *testing.T, browser context.Context) {
	r := load(t, "suite")
	of := map[result.Verdict]int{}
	for _, e := range r.Experiments {
		of[e.Verdict]++
	}
	if len(of) < 2 || of[result.Refuted] == 0 || of[result.Held] == 0 {
		t.Fatalf("the fixture has the verdicts %v", of)
	}
	for _, scripts := range []bool{true, false} {
		tab, _ := open(t, browser, render(t, "html", Options{}, r))
		if !scripts {
			if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
				t.Fatal(err)
			}
		}
		count := func(selector string) int { return eval[int](t, tab, fmt.Sprintf("%s(%q)", visible, selector)) }
		want := func(when string, rows int) {
			t.Helper()
			if got := count("#_overview tr.xp"); got != rows {
				t.Errorf("scripts %t, %s: %d rows are shown, want %d", scripts, when, got, rows)
			}
			if got := count("section.exp.xp, details.exp.xp"); got != rows {
				t.Errorf("scripts %t, %s: %d experiments are shown, want %d", scripts, when, got, rows)
			}
			if got := count(".shown") == 1; got != (rows < len(r.Experiments)) {
				t.Errorf("scripts %t, %s: that some are hidden is told: %t", scripts, when, got)
			}
		}
		want("at first", len(r.Experiments))
		if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS("#_fv")), chromedp.KeyEvent(kb.ArrowDown)); err != nil {
			t.Fatal(err)
		}
		want("refuted", of[result.Refuted])
		if got := eval[string](t, tab, `document.querySelector('#_fv').selectedOptions[0].textContent`); got != "refuted" {
			t.Errorf("the first verdict is %q", got)
		}
		eval[bool](t, tab, `location.hash = '#recommendations-down', true`)
		if got := count("#recommendations-down"); got != 1 {
			t.Errorf("scripts %t: a link leads to an experiment that is hidden", scripts)
		}
		eval[bool](t, tab, `location.hash = '#_main', true`)
		if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS(".filter button")), chromedp.KeyEvent(kb.Enter)); err != nil {
			t.Fatal(err)
		}
		want("after Show all", len(r.Experiments))
		for _, id := range []string{"_fo", "_fd"} {
			if got := count("#" + id); got != 1 {
				t.Errorf("scripts %t: %d lists %s", scripts, got, id)
			}
		}
	}
}

// checkCopy checks that commands and documents can be copied, and where a page may not use
// the clipboard, that they are selected.
func checkCopy(t *testing.T, browser context.Context) {
	tab, _ := open(t, browser, render(t, "html", Options{}, load(t, "suite")))
	const command = `document.querySelector('#_again + .copybox pre').textContent`
	text := eval[string](t, tab, command)
	if !strings.HasPrefix(text, "blastgauge run ") {
		t.Fatalf("the command is %q", text)
	}
	const button = `#_again + .copybox button`
	eval[bool](t, tab, `Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {writeText: text => { window.copied = text; return Promise.resolve() }}}), true`)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(button)), chromedp.Poll[chromedp.Void](`document.querySelector('#_again + .copybox [role=status]').textContent === 'Copied'`)); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](t, tab, `window.copied`); got != text {
		t.Errorf("copied %q, want %q", got, text)
	}
	eval[bool](t, tab, `Object.defineProperty(navigator, 'clipboard', {configurable: true, value: undefined}), true`)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(button))); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](t, tab, `getSelection().toString()`); got != text {
		t.Errorf("selected %q, want %q", got, text)
	}
}

// checkContents checks that the list of contents leads to what is there, on every kind of
// page.
func checkContents(t *testing.T, browser context.Context) {
	for name, html := range pages(t) {
		if strings.Contains(name, "scan") {
			continue
		}
		tab, _ := open(t, browser, html)
		if n := eval[int](t, tab, `document.querySelectorAll('.toc a').length`); n < 2 {
			t.Errorf("%s: %d entries", name, n)
		}
		const lost = `[...document.querySelectorAll('.toc a')].map(a => a.getAttribute('href')).filter(to => !document.getElementById(decodeURIComponent(to.slice(1)))).join(' ')`
		if got := eval[string](t, tab, lost); got != "" {
			t.Errorf("%s: nothing is at %s", name, got)
		}
	}
}

// Where there is one value only, there is nothing to choose; and no text of a result is in
// the rules.
func TestFilterOfValues(t *testing.T) {
	t.Parallel()
	if got := render(t, "html", Options{}, load(t, "refuted")); strings.Contains(got, "class=\"filter\"") {
		t.Error("a page of one experiment has a filter")
	}
	r := load(t, "suite")
	r.Experiments[0].Owner = `</style><script>document.title="pwned"</script>`
	got := render(t, "html", Options{}, r)
	_, rules, _ := strings.Cut(got, "<style>@media screen{.filter")
	rules, _, _ = strings.Cut(rules, "</style>")
	if rules == "" || strings.Contains(rules, "pwned") || strings.Contains(got, "<script>document") {
		t.Errorf("the rules are %q", rules)
	}
}
