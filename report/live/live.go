// Package live renders a run while it goes on: a page, and those parts of it that change.
//
// The page is complete without its script, which only replaces parts by newer ones.
package live

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

var (
	//go:embed live.css
	styles string
	//go:embed live.js
	script string
)

// Names of the files that a page asks for, beside it.
const (
	StyleFile  = "live.css"
	ScriptFile = "live.js"
)

// StyleSheet is the text of [StyleFile].
func StyleSheet() string { return page.StyleSheet() + styles }

// Script is the text of [ScriptFile].
func Script() string { return script }

// refresh is after how many seconds a browser without scripts reads the page again.
const refresh = 2

// A Part is a part of the page that is replaced as a whole.
type Part struct {
	Name string
	HTML template.HTML
}

// A partTemplate is the template of a part.
type partTemplate struct {
	name  string
	write func(*view, *template.Writer)
}

func partTemplates() []partTemplate {
	return []partTemplate{
		{"status", (*view).streamstatusPart}, {"head", (*view).streamheadPart}, {"waiting", (*view).streamwaitingPart},
		{"harm", (*view).streamharmPart}, {"causes", (*view).streamcausesPart}, {"faults", (*view).streamfaultsPart},
		{"guardrails", (*view).streamguardrailsPart}, {"recovery", (*view).streamrecoveryPart},
		{"trials", (*view).streamtrialsPart}, {"verdicts", (*view).streamverdictsPart},
	}
}

// Names are those of the parts.
func Names() []string {
	var list []string
	for _, t := range partTemplates() {
		list = append(list, t.name)
	}
	return list
}

// Parts renders what there is to show of a run at a moment. Label names the run where
// several go on at once.
func Parts(p *progress.Progress, label string, now time.Time) []Part {
	v := newView(p, label, now)
	var list []Part
	for _, t := range partTemplates() {
		list = append(list, Part{t.name, render(func(w *template.Writer) { t.write(v, w) })})
	}
	return list
}

// Idle is the part of the page that stands alone before the run begins.
func Idle() Part {
	return Part{"head", "<div class=\"hero\"><h1>The run is being prepared</h1><p class=\"sub\">The system is asked whether it works. Nothing was injected yet.</p></div>"}
}

// An Entry is one row of the time line.
type Entry struct {
	Key  string // no other row has it
	Seq  int    // of its event
	HTML template.HTML
}

// Newest renders the newest rows of the time line, so many of them, oldest first.
func Newest(p *progress.Progress, most int) []Entry {
	var list []Entry
	last, part := -1, 0
	for i := range p.Entries {
		e := &p.Entries[i]
		if part++; e.Seq != last {
			last, part = e.Seq, 0
		}
		if i < len(p.Entries)-most {
			continue
		}
		row := entryRow{Entry: e, Key: fmt.Sprintf("e%d-%d", e.Seq, part)}
		list = append(list, Entry{row.Key, e.Seq, render(row.streamrow)})
	}
	return list
}

// render returns what a template writes. Where a mistake of ours ends that, the part says so:
// the run goes on with its faults in force, and must not end with its page.
func render(write func(*template.Writer)) template.HTML {
	var b strings.Builder
	if err := page.Write(&b, write); err != nil { // not of the builder, which takes everything
		return template.Of(func(w *template.Writer) { streamunshown(w, inert.Text(err.Error())) })
	}
	return template.HTML(b.String())
}

// A Page is what stands around the parts.
type Page struct {
	Parts   []Part
	Entries []Entry
	Seq     int    // of the newest event
	Place   string // the system and its environment
	Run     string // its id
	Query   string // what the page's own links have, URL-encoded, such as t=TOKEN
	Others  []Link // to the runs that go on at once; none for a single run
	// Operator is that whoever reads it may stop the run, write notes and decide.
	Operator bool
	Waiting  *progress.Waiting // for a decision; nil: the run does not wait
	Ended    bool
	Over     End // what is said once the run has ended
}

// A Link leads to the page of another run.
type Link struct {
	Label string
	Query string
	Here  bool
}

// document is the content of the page's template.
type document struct {
	page.Frame
	Page
}

// WritePage writes the page.
func WritePage(w io.Writer, p Page) error {
	d := &document{page.NewFrame("Live", cmp.Or(p.Place, "blastgauge")+" · live", page.Options{StyleSheet: StyleFile}), p}
	if !p.Ended {
		d.Refresh = refresh
	}
	return page.Write(w, d.streampage)
}

// form is an empty form.
func (p Page) form() Form {
	f := Form{Query: p.Query}
	if p.Waiting != nil {
		f.Experiment = p.Waiting.Experiment
	}
	return f
}

// Part is the part of a name, for the page's template.
func (p Page) Part(name string) template.HTML {
	for _, part := range p.Parts {
		if part.Name == name {
			return part.HTML
		}
	}
	return ""
}

// A Form is a page with one form alone, for browsers without scripts, and for what went
// wrong with one.
type Form struct {
	Action string // stop, note or decide
	Query  string
	Error  string // why it was not taken; empty: nothing was sent yet
	// What was sent, to be corrected.
	Name, Text string
	FollowUp   bool
	Experiment string // that is decided about; empty: none
}

type formDocument struct {
	page.Frame
	Form
}

// WriteForm writes the page of a form.
func WriteForm(w io.Writer, f Form) error {
	title := map[string]string{"stop": "Stop the run", "note": "Write a note", "decide": "Decide"}[f.Action]
	d := &formDocument{page.NewFrame("Live", title, page.Options{StyleSheet: StyleFile}), f}
	return page.Write(w, d.streampage)
}

// An End is what is said once the run has ended.
type End struct {
	Faults string // what has become of them; empty: the run never began
	Left   bool   // some may be in force
	Report string // where it is; empty: nowhere
	Exit   string // the exit code and what it means; empty: not known yet
}

// NewEnd says how a run has ended; p is nil where it never began.
func NewEnd(p *progress.Progress, report, exit string) End {
	e := End{Report: report, Exit: exit}
	switch {
	case p == nil:
	case len(p.NotGone) > 0:
		e.Left, e.Faults = true, figures.Plural(len(p.NotGone), "fault was", "faults were")+" not read back as gone"
	case p.Injected:
		e.Faults = "All faults are removed, and read back as gone."
	default:
		e.Faults = "No fault was injected."
	}
	return e
}

// Over renders what stands in place of the contact line once the run has ended.
func Over(e End) template.HTML { return render(func(w *template.Writer) { streamover(w, e) }) }

// Place names the system and its environment.
func Place(p *progress.Progress) string {
	return words.Place(p.Plan.System.Name, p.Plan.System.Environment)
}
