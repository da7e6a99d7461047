// Package chaostoolkit makes an experiment, and the journey that it is judged by, of a
// Chaos Toolkit experiment that puts toxics on a Toxiproxy.
//
// Toxics and disabled proxies become faults, whether the driver, a request to the API or
// toxiproxy-cli makes them; probes of the steady state become the steps
// of a journey, other HTTP probes with a tolerance become guardrails; configuration and
// secrets of the environment become ${env:NAME}. What has no twin is named with its line.
//
// Note: Chaos Toolkit asks its probes once before and once after the method. A journey is
// sent all the time, so what an experiment asks afterwards is measured while the fault is
// in force.
package chaostoolkit

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Options say which file, and what may be dialled.
type Options struct {
	File    string                 // JSON or YAML, of at most shape.MaxBytes
	Origin  string                 // whose probes are the journey; empty: the one that most probes ask
	MayDial func(host string) bool // nil: no host but loopback may be dialled
}

// Read reads an experiment. The error is one of [shape.Join]: it names each mistake with
// its line, and holds for what has a meaning that cannot be kept. What has no twin is no
// mistake: remarks and notes of the experiment say it.
func Read(o Options) (*draft.Experiment, error) {
	return read(shape.ReadFile(o.File), o)
}

func read(src shape.Source, o Options) (*draft.Experiment, error) {
	if o.Origin != "" {
		origin, err := recording.ParseOrigin(o.Origin)
		if err != nil {
			return nil, err
		}
		o.Origin = origin
	}
	src.Text = joinSurrogates(src.Text)
	d := shape.NewDocument(src, shape.Language{Mask: mask, EmptyHint: wantExperiment})
	root, ok := d.Parse()
	if !ok || !checkKind(d, root) {
		return nil, shape.Join(d)
	}
	r := newReader(d, root, o)
	r.configure(root)
	r.steadyState(root)
	r.method(root)
	r.rollbacks(root)
	r.others(root)
	r.finish()
	if d.Count() > 0 {
		return nil, shape.Join(d)
	}
	return r.out, nil
}

const wantExperiment = "a Chaos Toolkit experiment has a title, a method and mostly a steady-state-hypothesis"

// checkKind names what is no experiment of Chaos Toolkit.
func checkKind(d *shape.Document, root shape.Node) bool {
	has := func(key string) bool { _, ok := root.Lookup(key); return ok }
	wrong := shape.Diagnostic{Msg: "this is no Chaos Toolkit experiment", Hint: wantExperiment}
	switch {
	case root.Kind() != shape.Mapping:
	case has("openapi") || has("swagger"):
		wrong.Msg, wrong.Hint = "this is an OpenAPI document, and no Chaos Toolkit experiment", "give it with --openapi"
	case has("info") && has("item"):
		wrong.Msg, wrong.Hint = "this is a Postman collection, and no Chaos Toolkit experiment", "give it with --postman"
	case has("log"):
		wrong.Msg, wrong.Hint = "this is a HAR recording, and no Chaos Toolkit experiment", "give it with --har"
	case has("chaoslib-version") && has("experiment"):
		wrong.Msg, wrong.Hint = "this is a journal of Chaos Toolkit, and no experiment", "give the file that was run"
	case has("faults") && has("experiment"):
		wrong.Msg, wrong.Hint = "this is an experiment of blastgauge already", "blastgauge plan FILE shows what it would do"
	case has("method"):
		return true
	default:
		wrong.Msg = "method is missing: " + wrong.Msg
	}
	d.Fail(root, wrong)
	return false
}

// A reader makes an experiment of a document.
type reader struct {
	*scope
	d       *shape.Document
	options Options
	name    string // of the file, for comments
	out     *draft.Experiment
	journey *draft.Journey
	steps   map[string]bool      // names
	probes  map[string]*activity // by name, for references
	clock   clock
	left    int
	api     []piece // the address of the Toxiproxy; empty: nothing has named it
}

func newReader(d *shape.Document, root shape.Node, o Options) *reader {
	base := filepath.Base(o.File)
	title := line(textOf(root, "title"))
	id := cmp.Or(draft.Slug(title), draft.Slug(strings.TrimSuffix(base, filepath.Ext(base))), "experiment")
	j := &draft.Journey{ID: "steady-state", Secrets: draft.NewVault("steady-state")}
	r := &reader{d: d, options: o, name: base, journey: j, steps: map[string]bool{}, probes: map[string]*activity{},
		out: &draft.Experiment{ID: id, Title: cmp.Or(title, id), Made: "Made of the Chaos Toolkit experiment " + base}}
	r.scope = &scope{known: map[string]binding{}, vault: j.Secrets, needed: map[string]bool{}, file: base}
	return r
}

// maxNotes is how many notes are kept; comments say all.
const maxNotes = 20

// leave says what is not taken over: in a comment, and where the command was given.
func (r *reader) leave(n shape.Node, what, why string) {
	text := fmt.Sprintf(":%d: %s", n.Line(), mask(line(what)+": "+why))
	r.out.Remarks = append(r.out.Remarks, "Left out: "+r.name+text+".")
	if r.left++; r.left <= maxNotes {
		r.out.Notes = append(r.out.Notes, r.options.File+text)
	}
}

// remark says what became of something where that is not plain to see.
func (r *reader) remark(n shape.Node, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", r.name, n.Line()) + mask(fmt.Sprintf(format, args...))
}

// others says what else the document has.
func (r *reader) others(root shape.Node) {
	why := map[string]string{
		"controls":   "what it does around a run has no twin; notify: in blastgauge.yaml tells others of a run",
		"runtime":    "a run always does its rollbacks, and judges the journey all the time",
		"extensions": "it is for other tools",
	}
	for _, key := range root.Keys() {
		if text, ok := why[key.Text()]; ok {
			r.leave(key, key.Text(), text)
		}
	}
}

// finish puts the parts together.
func (r *reader) finish() {
	if r.left > maxNotes {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("%d more parts of %s have no twin: comments in experiments/%s.yaml say which", r.left-maxNotes, r.name, r.out.ID))
	}
	if len(r.journey.Steps) > 0 {
		r.finishJourney()
		r.out.Journey = r.journey
	} else {
		r.out.Notes = append(r.out.Notes, r.name+" has no HTTP probe that a journey can be made of: the journey is an example")
		r.out.Env = append(r.out.Env, r.journey.Secrets.List...)
	}
	r.out.Env = append(r.unset, r.out.Env...)
	if len(r.out.Faults) > 0 {
		r.finishFaults()
	}
}

// line is a text of a document on one line, without what terminals obey.
func line(text string) string {
	return strings.Join(strings.Fields(inert.Clean(strings.ToValidUTF8(text, "?"), '?', "\n\t")), " ")
}
