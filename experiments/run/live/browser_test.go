package live

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/injectors/injectortest/chromium"
)

// do runs actions in a page.
func do(t *testing.T, page context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(page, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval runs an expression in a page.
func eval[T any](t *testing.T, page context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(page, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// sees waits until a page shows all texts. In between the page may be another one: a form
// leads back to it.
func sees(t *testing.T, page context.Context, texts ...string) {
	t.Helper()
	for _, text := range texts {
		var last string
		eventually(t, func() bool {
			last, _ = chromedp.Run(page, chromedp.Evaluate[string]("document.body.innerText")) // a page that is being left has none
			return strings.Contains(last, text)
		}, func() string { return text + " is not in " + last })
	}
}

// What people see of a run: two look, one comes late, one of them acts.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	first := chromium.Start(t)
	second, cancel := chromedp.NewContext(first)
	defer cancel()
	s, given := serve(t, Options{}), &orders{}
	view := s.View(0, aPlan())
	s.Control(0, given)
	told := tell(view)
	told.underFault()
	told.journeys(20, 8)
	do(t, first, chromedp.Navigate(s.Operator()))
	sees(t, first, "fault in force", "40.0%")
	told.event(journal.Event{Kind: journal.Noted, Author: "bo", Detail: "<img src=x onerror=alert(1)>", FollowUp: true})
	do(t, second, chromedp.Navigate(s.Observer()))
	sees(t, second, "fault in force", "<img src=x")
	sees(t, first, "<img src=x")
	if eval[bool](t, second, `!!document.querySelector("#acts, form, a[href*='stop']")`) {
		t.Error("an observer is shown what an operator may do")
	}
	t.Run("keyboard", func(t *testing.T) { noteByKeyboard(t, first, told, given) })
	t.Run("sizes", func(t *testing.T) { fits(t, second) })
	t.Run("stop", func(t *testing.T) { stopFromThePage(t, first, given) })
	eventually(t, func() bool { return s.runs[0].count() == 2 }, func() string { return fmt.Sprint(s.runs[0].count(), " pages read") })
	told.event(journal.Event{Kind: journal.RunEnded})
	view.Close()
	s.Close("runs/1/report.html", "exit 3: refuted")
	for _, page := range []context.Context{first, second} {
		sees(t, page, "runs/1/report.html", "The run is over")
	}
	do(t, first, chromedp.Sleep(3*retryAfter/2))
	for _, page := range []context.Context{first, second} {
		if eval[bool](t, page, `!!document.querySelector(".lost")`) {
			t.Error("a page goes on asking after the end")
		}
	}
}

// noteByKeyboard writes a note without a pointer, while parts of the page are replaced.
func noteByKeyboard(t *testing.T, page context.Context, told *story, given *orders) {
	do(t, page, chromedp.Focus(chromedp.CSS("#noting summary")), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS("#noting textarea")), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("ann"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("half a"))
	told.journeys(20, 20)
	sees(t, page, "70.0%")
	do(t, page, chromedp.KeyEvent(" note"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(" "), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	eventually(t, func() bool { return given.all() == "note ann: half a note (follow up)" }, given.all)
	var name string
	eventually(t, func() bool {
		name, _ = chromedp.Run(page, chromedp.Evaluate[string](`document.activeElement === document.body ? document.querySelector("#stopping [name=name]").value : ""`))
		return name == "ann" // once the form has led back to the page, which has no focus yet
	}, func() string { return "the name in the next form is " + name })
}

// stopFromThePage stops the run in two steps.
func stopFromThePage(t *testing.T, page context.Context, given *orders) {
	do(t, page, chromedp.Click(chromedp.CSS("#stopping summary")), chromedp.SendKeys(chromedp.CSS("#stopping [name=why]"), "incident 4711"), chromedp.Click(chromedp.CSS("#stopping button")))
	eventually(t, func() bool { return strings.HasSuffix(given.all(), "stop ann: incident 4711") }, given.all)
	eventually(t, func() bool { // the form has led back to the page
		back, err := chromedp.Run(page, chromedp.Evaluate[bool](`document.readyState === "complete" && !document.querySelector("#stopping[open]")`))
		return err == nil && back
	}, func() string { return "the form is still there" })
}

// count is how many pages read of the run.
func (r *shown) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.readers)
}

// eventually waits until something is so.
func eventually(t *testing.T, so func() bool, is func() string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute: %s", is())
		}
	}
}

// fits looks at the page on a phone and on a dark screen: nothing is wider than the screen,
// nothing has two places of the same id, and text can be read.
func fits(t *testing.T, page context.Context) {
	for _, width := range []int64{390, 1200} {
		do(t, page, chromedp.EmulateViewport(width, 900))
		wide := eval[[]string](t, page, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("svg") && !e.closest(".sr")).map(e => e.outerHTML.slice(0, 80))`)
		if len(wide) > 0 {
			t.Errorf("at %d pixels these are too wide: %q", width, wide)
		}
	}
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	if _, err := chromedp.Call(page, emulation.SetEmulatedMedia, dark); err != nil {
		t.Fatal(err)
	}
	paper := eval[string](t, page, `getComputedStyle(document.body).backgroundColor`)
	count := func(selector string) int {
		return eval[int](t, page, fmt.Sprintf("document.querySelectorAll(%q).length", selector))
	}
	mains, headings, live := count("main"), count("h1"), count("[aria-live]")
	if paper != "rgb(15, 18, 22)" || mains != 1 || headings != 1 || live != 1 {
		t.Errorf("background %s, %d main, %d h1, %d live regions", paper, mains, headings, live)
	}
}

// A page whose server has died says so, and since when; one whose server is there again goes
// on.
func TestAServerThatDies(t *testing.T) {
	t.Parallel()
	page := chromium.Start(t)
	s := serve(t, Options{})
	told := tell(s.View(0, aPlan()))
	told.underFault()
	do(t, page, chromedp.Navigate(s.Operator()))
	sees(t, page, "fault in force")
	do(t, page, chromedp.Click(chromedp.CSS("#noting summary")), chromedp.SendKeys(chromedp.CSS("#noting textarea"), "half a note"))
	_ = s.http.Close() // as if the process had been killed: nothing is said
	sees(t, page, "No contact since", "blastgauge recover")
	stale := eval[bool](t, page, `["#p-head h1", "#p-head .kpi:last-child", "#p-faults li"].every(s => document.querySelector(s + " .asof"))`)
	able := eval[int](t, page, `document.querySelectorAll("#forms button:enabled").length`)
	eval[bool](t, page, `document.querySelector("#noting form").requestSubmit() ?? true`)
	if typed := eval[string](t, page, `document.querySelector("#noting textarea").value`); !stale || able != 0 || typed != "half a note" {
		t.Errorf("marked as of then: %v, %d buttons that nobody answers, the note is %q", stale, able, typed)
	}
}

// Without scripts the page is whole, and its forms are pages.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	page := chromium.Start(t)
	s, given := serve(t, Options{}), &orders{}
	told := tell(s.View(0, aPlan()))
	s.Control(0, given)
	told.underFault()
	told.journeys(20, 8)
	if _, err := chromedp.Call(page, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	visible := func(selector string) chromedp.Action[chromedp.Void] {
		return chromedp.WaitVisible(chromedp.CSS(selector))
	}
	do(t, page, chromedp.Navigate(s.Operator()), visible("#p-head h1"), visible("svg.series"), visible(`a[href^="stop?"]`))
	do(t, page, chromedp.Navigate(strings.Replace(s.Operator(), "/?", "/stop?", 1)), visible(`form[action^="stop?"] button`)) // the page reads itself again at any moment
	do(t, page, chromedp.SendKeys(chromedp.CSS("[name=name]"), "ann"), chromedp.Click(chromedp.CSS("form button")), visible("#p-head h1"))
	if given.all() != "stop ann: " {
		t.Errorf("the run was told %q", given.all())
	}
}
