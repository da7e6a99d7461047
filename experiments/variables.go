package experiments

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// keepTemplate checks a text with variables, and keeps it until it is known which
// variables are captured.
func keepTemplate(d *shape.Document, n shape.Node) {
	if _, err := ParseTemplate(n.Text()); err != nil {
		failTemplate(d, n, err)
		return
	}
	d.Keep(n)
}

// checkVariables notes the variables of the texts inside a field that are not
// captured. later holds the name of the step that captures a variable too late.
func checkVariables(d *shape.Document, path string, captured map[string]bool, later map[string]string) {
	checkNodes(d, d.KeptIn(path), captured, later, func(*shape.Diagnostic) {})
}

// checkNodes is checkVariables for some texts. explain may say more of a mistake.
func checkNodes(d *shape.Document, nodes []shape.Node, captured map[string]bool, later map[string]string, explain func(*shape.Diagnostic)) {
	for _, n := range nodes {
		t, err := ParseTemplate(n.Text())
		if err != nil {
			continue // noted when it was read
		}
		for _, p := range t.Captured() {
			if captured[p.Name] || d.Full() {
				continue
			}
			wrong := shape.Diagnostic{From: p.From, To: p.To, Got: p.Name}
			if p.Column != "" {
				if wrong.Known = columnsOf(captured); slices.Contains(wrong.Known, anyColumn) {
					continue
				}
				wrong.Msg = fmt.Sprintf("the data of this journey has no column %q", p.Column)
				if len(wrong.Known) == 0 {
					wrong.Msg, wrong.Hint = "there is no data here", "give the journey data: users.csv"
				}
			} else if step, ok := later[p.Name]; ok {
				wrong.Msg = fmt.Sprintf("${%s} is captured too late: by step %q", p.Name, step)
			} else {
				wrong.Msg = fmt.Sprintf("${%s} is not captured by an earlier step", p.Name)
				wrong.Known = slices.AppendSeq(Builtins(), maps.Keys(captured))
				if ours := asEnvironment(p.Name); ours != "" && d.Guess(p.Name, wrong.Known) == "" {
					wrong.Known, wrong.Hint = nil, "write "+ours+" for a variable of the environment"
				}
			}
			explain(&wrong)
			d.Fail(n, wrong)
		}
	}
}

// anyColumn stands for columns that are not known, because their file is wrong.
const anyColumn = column + "*"

// columnsOf are the columns among variables, as they are used, sorted.
func columnsOf(variables map[string]bool) (list []string) {
	for name := range variables {
		if strings.HasPrefix(name, column) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// An envReference is a use of an environment variable in a document.
type envReference struct {
	name string
	at   shape.Span
	or   string // what else helps where it is not set, for its hint; or empty
}

// envReferences returns the environment variables that the texts of a document
// use.
func envReferences(d *shape.Document) (list []envReference) {
	for _, n := range d.Kept() {
		t, err := ParseTemplate(n.Text())
		if err != nil {
			continue // noted when it was read
		}
		for _, p := range t.Parts {
			if p.Name == "env" && !p.HasDefault {
				list = append(list, envReference{name: p.Arg, at: d.Span(n, p.From, p.To)})
			}
		}
	}
	return list
}

// CheckVariables returns an error like one of [Load] if the documents use an
// environment variable that lookup does not know.
func CheckVariables(lookup func(name string) (string, bool), s *System, list ...*Experiment) error {
	docs := []*shape.Document{checkEnv(s.File, s.Text, slices.Concat(s.unset, s.env, s.notifyEnv), lookup)}
	for _, e := range list {
		docs = append(docs, checkEnv(e.File, e.Text, append(slices.Clone(e.unset), e.env...), lookup))
	}
	return shape.Join(docs...)
}

// CheckReceivers is [CheckVariables] for those who are told what a run does, alone.
func CheckReceivers(lookup func(name string) (string, bool), s *System) error {
	return shape.Join(checkEnv(s.File, s.Text, s.notifyEnv, lookup))
}

// checkEnv returns a document whose mistakes are the variables that are not set. Where
// lookup is nil, none is.
func checkEnv(file, text string, list []envReference, lookup func(string) (string, bool)) *shape.Document {
	d := shape.NewDocument(shape.Source{File: file, Text: []byte(text)}, language())
	for _, e := range list {
		if lookup != nil {
			if _, ok := lookup(e.name); ok {
				continue
			}
		}
		d.FailAt(e.at, shape.Diagnostic{Msg: "the environment variable " + e.name + " is not set", Hint: "export " + e.name + "=... before the run" + e.or})
	}
	return d
}
