package results

import (
	"bytes"
	"embed"
	old "html/template"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// This file goes when the sections of experiments are compiled as well.

//go:embed *.tmpl
var templates embed.FS

// bodyOld is the section of an experiment below its title.
func (e *experiment) bodyOld() template.HTML {
	if e.s.old == nil {
		t, err := page.Parse(templates, functions(e.s.r))
		if err != nil {
			panic(err)
		}
		e.s.old = t
	}
	var b bytes.Buffer
	if err := e.s.old.Write(&b, "experiment", e); err != nil {
		panic(err)
	}
	return template.HTML(b.String())
}

func functions(r *result.Result) old.FuncMap {
	return old.FuncMap{
		"capital":   capital(r),
		"sentence":  capital(r),
		"excess":    func(b *result.BlastRadius) string { return spaced(words.Excess(b)) },
		"count64":   func(n int64) string { return figures.Count(int(n)) },
		"short":     func(v float64) string { return figures.Short(v, 3) },
		"factor":    func(v float64) string { return figures.Fixed(v, 1) },
		"share":     figures.Share,
		"phase":     charts.PhaseName,
		"met":       met,
		"grade":     gradeText,
		"instance":  instanceText,
		"gradeMark": gradeMark,
		"control":   controlText,
		"arms":      armsText,
		"counted":   countedText,
		"losses":    lossText,
		"portion":   func(share float64) string { return figures.ShortPercent(share, 2) },
	}
}
