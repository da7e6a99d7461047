package validations

import (
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/validate"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteJUnit writes a suite per document with one case, which fails where a run would not
// start. What is not checked and what a run would tell less of are properties of the suite:
// they stop nothing. Servers follow a case by its name, which is that of the file.
func WriteJUnit(w io.Writer, v *validate.Validation) error {
	of := map[string][]validate.Problem{}
	var files []string
	add := func(file string, problems ...validate.Problem) {
		if _, known := of[file]; !known {
			files = append(files, file)
		}
		of[file] = append(of[file], problems...)
	}
	for _, s := range v.Systems {
		add(s.File)
		for _, e := range s.Experiments {
			add(e.File)
		}
	}
	for _, p := range v.Problems {
		add(p.File, p)
	}
	var suites []encode.Suite
	for _, file := range files {
		suites = append(suites, suiteOf(file, of[file]))
	}
	return encode.WriteJUnit(w, encode.ValidateKind, "", suites)
}

// suiteOf is the suite of one document.
func suiteOf(file string, problems []validate.Problem) encode.Suite {
	called := file
	if called == "" {
		called = "documents"
	}
	s := encode.Suite{Name: called, File: file}
	o := encode.Outcome{Name: called + ": valid", Verdict: result.Held}
	for _, p := range problems {
		if p.Kind == validate.Warning || p.Kind == validate.NotChecked {
			s.Set(string(p.Kind), textOf(p))
			continue
		}
		if o.Type == "" {
			o.Type = string(p.Kind)
		}
		o.Verdict, o.Reasons = result.Refuted, append(o.Reasons, textOf(p))
	}
	s.Add(o)
	return s
}

// textOf is a problem in a line, with its place.
func textOf(p validate.Problem) string {
	at := ""
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	}
	return at + strings.Join(words.NonEmpty(p.Message, p.Hint, p.Note), "; ")
}
