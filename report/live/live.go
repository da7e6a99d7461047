// Package live renders a run while it goes on: a page, and those parts of it that change.
//
// The page is complete without its script, which only replaces parts by newer ones.
package live

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

//go:embed *.tmpl
var templates embed.FS

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

// A Renderer renders pages. It may be used by several goroutines.
type Renderer struct{ t *page.Templates }

// New reads the templates.
func New() (*Renderer, error) {
	t, err := page.Parse(templates, template.FuncMap{
		"ago": func(from, to time.Time) string { return figures.Stopwatch(max(0, to.Sub(from)).Seconds()) },
	})
	if err != nil {
		return nil, err
	}
	return &Renderer{t}, nil
}

// A Part is a part of the page that is replaced as a whole.
type Part struct {
	Name string
	HTML template.HTML
}

// Names are those of the parts.
func Names() []string {
	return []string{"status", "head", "waiting", "harm", "causes", "faults", "guardrails", "recovery", "trials", "verdicts"}
}

// Parts renders what there is to show of a run at a moment. Label names the run where
// several go on at once.
func (r *Renderer) Parts(p *progress.Progress, label string, now time.Time) ([]Part, error) {
	v := newView(p, label, now)
	var list []Part
	for _, name := range Names() {
		html, err := r.render(name+".part", v)
		if err != nil {
			return nil, err
		}
		list = append(list, Part{name, html})
	}
	return list, nil
}

// Idle is the part of the page that stands alone before the run begins.
func (r *Renderer) Idle() Part {
	return Part{"head", "<div class=\"hero\"><h1>The run is being prepared</h1><p class=\"sub\">The system is asked whether it works. Nothing was injected yet.</p></div>"}
}

// An Entry is one row of the time line.
type Entry struct {
	Key  string // no other row has it
	Seq  int    // of its event
	HTML template.HTML
}

// Newest renders the newest rows of the time line, so many of them, oldest first.
func (r *Renderer) Newest(p *progress.Progress, most int) ([]Entry, error) {
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
		html, err := r.render("entry", row)
		if err != nil {
			return nil, err
		}
		list = append(list, Entry{row.Key, e.Seq, html})
	}
	return list, nil
}

func (r *Renderer) render(name string, content any) (template.HTML, error) {
	var b bytes.Buffer
	err := r.t.Write(&b, name, content)
	return template.HTML(b.String()), err
}

// A Page is what stands around the parts.
type Page struct {
	Parts   []Part
	Entries []Entry
	Seq     int          // of the newest event
	Place   string       // the system and its environment
	Run     string       // its id
	Query   template.URL // what the page's own links have, such as t=TOKEN
	Others  []Link       // to the runs that go on at once; none for a single run
	// Operator is that whoever reads it may stop the run, write notes and decide.
	Operator bool
	Waiting  *progress.Waiting // for a decision; nil: the run does not wait
	Ended    bool
	Over     End // what is said once the run has ended
}

// A Link leads to the page of another run.
type Link struct {
	Label string
	Query template.URL
	Here  bool
}

// document is the content of the page's template.
type document struct {
	page.Frame
	Page
	Script string
}

// WritePage writes the page.
func (r *Renderer) WritePage(w io.Writer, p Page) error {
	d := document{Frame: page.NewFrame("Live", cmp.Or(p.Place, "blastgauge")+" · live", page.Options{StyleSheet: StyleFile}), Page: p, Script: ScriptFile}
	if !p.Ended {
		d.Refresh = refresh
	}
	return r.t.Write(w, "page.tmpl", d)
}

// Form is an empty form.
func (p Page) Form() Form {
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

// Newest are the rows of the time line, newest first.
func (p Page) Newest() []Entry {
	list := make([]Entry, 0, len(p.Entries))
	for i := range p.Entries {
		list = append(list, p.Entries[len(p.Entries)-1-i])
	}
	return list
}

// A Form is a page with one form alone, for browsers without scripts, and for what went
// wrong with one.
type Form struct {
	Action string // stop, note or decide
	Query  template.URL
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
func (r *Renderer) WriteForm(w io.Writer, f Form) error {
	title := map[string]string{"stop": "Stop the run", "note": "Write a note", "decide": "Decide"}[f.Action]
	return r.t.Write(w, "form.tmpl", formDocument{page.NewFrame("Live", title, page.Options{StyleSheet: StyleFile}), f})
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
func (r *Renderer) Over(e End) (template.HTML, error) { return r.render("over", e) }

// Place names the system and its environment.
func Place(p *progress.Progress) string {
	return words.Place(p.Plan.System.Name, p.Plan.System.Environment)
}
