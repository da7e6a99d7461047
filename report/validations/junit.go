package validations

import (
	"cmp"
	"fmt"
	"io"
	"slices"
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
	of, wrong := map[string][]validate.Problem{}, map[string]bool{}
	documents := slices.Clone(v.Documents)
	for _, p := range v.Problems {
		if !slices.ContainsFunc(documents, func(d validate.Document) bool { return d.File == p.File }) {
			documents = append(documents, validate.Document{File: p.File})
		}
		of[p.File] = append(of[p.File], p)
		wrong[p.File] = wrong[p.File] || p.Kind == validate.Mistake
	}
	var suites []encode.Suite
	for _, d := range documents {
		unjudged := ""
		if wrong[d.System] && !wrong[d.File] {
			unjudged = d.System
		}
		suites = append(suites, suiteOf(d.File, unjudged, of[d.File]))
	}
	return encode.WriteJUnit(w, encode.ValidateKind, "", suites)
}

// suiteOf is the suite of one document. Where its system is wrong, it could not be judged.
func suiteOf(file, unjudged string, problems []validate.Problem) encode.Suite {
	called := cmp.Or(file, "documents")
	s := encode.Suite{Name: called, File: file}
	o := encode.Outcome{Name: called + ": valid", Verdict: result.Held}
	if unjudged != "" {
		o.Verdict, o.Reasons = result.NotRun, []string{"not judged in full: " + unjudged + " is wrong"}
	}
	for _, p := range problems {
		if p.Kind == validate.Warning || p.Kind == validate.NotChecked {
			s.Set(string(p.Kind), textOf(p))
			continue
		}
		o.Type = cmp.Or(o.Type, string(p.Kind))
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
