package page

import (
	"bytes"
	_ "embed"
	"fmt"
	old "html/template"
	"io"
	"io/fs"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// This file goes when no page uses it any more.

//go:embed frame.tmpl
var frameTemplates string

func (f Frame) HeadOld() template.HTML { return template.Of(f.StreamHead) }
func (f Frame) FootOld() template.HTML { return template.Of(f.StreamFoot) }

func EmbedOld(v any) (old.JS, error) {
	text, err := encode.JSON(v)
	return old.JS(text), err
}

func WriteOld(w io.Writer, files fs.FS, functions old.FuncMap, content any) error {
	t, err := Parse(files, functions)
	if err != nil {
		return err
	}
	return t.Write(w, "page.tmpl", content)
}

// Templates write pages, and parts of pages, many times.
type Templates struct{ t *old.Template }

// Parse reads the templates of a page, see [Write].
func Parse(files fs.FS, functions old.FuncMap) (*Templates, error) {
	t, err := old.New("frame").Funcs(shared()).Funcs(functions).Parse(frameTemplates)
	if err == nil {
		t, err = t.ParseFS(files, "*.tmpl")
	}
	if err != nil {
		return nil, fmt.Errorf("page template: %w", err)
	}
	return &Templates{t}, nil
}

// Write writes what the template of a name makes of the content.
func (t *Templates) Write(w io.Writer, name string, content any) error {
	var b bytes.Buffer
	if err := t.t.ExecuteTemplate(&b, name, content); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	_, err := io.WriteString(w, harmless(b.String()))
	return err
}

func shared() old.FuncMap {
	return old.FuncMap{
		"percent":   figures.Percent,
		"points":    figures.Points,
		"limit":     words.Limit,
		"count":     figures.Count,
		"plural":    figures.Plural,
		"minus":     figures.Minus,
		"span":      figures.Duration,
		"day":       figures.Day,
		"clock":     figures.Clock,
		"minute":    figures.Minute,
		"stopwatch": figures.Stopwatch,
		"capital":   figures.Capital,
		"sentence":  figures.Opening,
		"join":      func(list []string) string { return strings.Join(list, ", ") },
		"glyph":     func(v any) string { return words.Glyph(result.Verdict(fmt.Sprint(v))) },
		"word":      words.Verdict,
		"tone":      Tone,
		"commit":    words.Commit,
		"digest":    words.Digest,
	}
}
