package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
)

var (
	//go:embed page/*.tmpl
	templates embed.FS
	//go:embed page/page.css
	styleSheet string
	//go:embed page/page.js
	script string
)

// StyleSheet is what pages look like; see [Options].
func StyleSheet() string { return styleSheet }

// A frame is what all pages have around their content.
type frame struct {
	Title      string
	Kind       string // of page, as its first line says it
	CSS        template.CSS
	StyleSheet string // instead of CSS
	Script     template.JS
	Everything bool // nothing is folded
}

func newFrame(kind, title string, o Options) frame {
	f := frame{Title: title, Kind: kind, Script: template.JS(script), StyleSheet: o.StyleSheet, Everything: o.Everything}
	if f.StyleSheet == "" {
		f.CSS = template.CSS(styleSheet)
	}
	return f
}

// writePage writes one file that needs nothing else: no network, no script, no
// style sheet beside it unless one is asked for. Where scripts or styles are
// blocked, as in a CI server's artifact browser, all text and all charts are
// still there.
func writePage(w io.Writer, name string, content any) error {
	t, err := template.New("page").Funcs(functions()).ParseFS(templates, "page/*.tmpl")
	if err != nil {
		return fmt.Errorf("page template: %w", err)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, content); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	_, err = w.Write(harmless(b.Bytes()))
	return err
}

// harmless takes out what no escaping makes visible: control characters and
// those that reorder text. Templates have none of their own, and the embedded
// JSON spells them in ASCII.
func harmless(page []byte) []byte {
	return bytes.Map(func(c rune) rune {
		if unsafeRune(c) && c != '\n' && c != '\t' {
			return '\ufffd'
		}
		return c
	}, page)
}

func functions() template.FuncMap {
	return template.FuncMap{
		"percent": percent, "points": points, "limit": limit, "span": span, "count": count, "count64": func(n int64) string { return count(int(n)) }, "plural": plural,
		"glyph": func(v any) string { return glyph(result.Verdict(fmt.Sprint(v))) }, "word": word, "tone": tone, "excess": func(b *result.BlastRadius) string { return strings.Replace(excess(b), "≤", "≤ ", 1) },
		"confidence": confidence, "unclear": unclear, "day": day, "clock": clock, "stopwatch": stopwatch, "capital": capital, "sentence": opening,
		"phase": phaseName, "upper": ceiling, "join": func(list []string) string { return strings.Join(list, ", ") },
		"met": met, "grade": gradeText, "precise": precise, "short": func(v float64) string { return short(v, 3) },
		"minus":  func(text string) string { return strings.ReplaceAll(text, "-", "−") },
		"commit": commit, "radius": radiusExcess,
		"minute":      func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") },
		"statusGlyph": statusGlyph, "statusWord": statusWord, "shown": func(r *compare.Radius) string { return strings.Replace(shown(r), "at most ", "≤ ", 1) }, "signed": signedPoints, "state": stateWords, "calls": amplificationWords,
		"statusTone": func(s compare.Status) string { return tone(statusVerdict(s)) },
		"digest":     digest,
		"factor":     func(v float64) string { return fixed(v, 1) },
		"control":    controlText, "share": share, "speed": speed,
	}
}

// tone is the class of a verdict's colour.
func tone(v result.Verdict) string {
	switch v {
	case result.Held:
		return "ok"
	case result.Refuted:
		return "bad"
	case result.Inconclusive, result.Invalid:
		return "unsure"
	}
	return "mute"
}

// met is the result of a criterion in words.
func met(v result.Verdict) string {
	switch v {
	case result.Held:
		return "Met"
	case result.Refuted:
		return "Not met"
	case result.Inconclusive:
		return "Not decided"
	}
	return "Not measured"
}

// gradeText says how well it is known that a fault met traffic.
func gradeText(g result.Grade) string {
	switch g {
	case result.GradeCounted:
		return "counted by the proxy"
	case result.GradeObserved:
		return "observed: the fault arm changed"
	case result.GradeProbed:
		return "probed: only our own probe met it"
	}
	return "not shown"
}

// digest is as much of one as people compare by eye; the embedded result has it
// whole.
func digest(text string) string {
	const shown = len("sha256:") + 12
	if len(text) > shown && strings.HasPrefix(text, "sha256:") {
		return text[:shown]
	}
	return text
}
