package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// An IndexFormat writes what a directory of runs tells over time.
type IndexFormat func(w io.Writer, x *history.Index) error

// IndexFormats are the names of all formats of an index, sorted.
func IndexFormats() []string { return slices.Sorted(maps.Keys(indexFormats(Options{}, 0))) }

// IndexFor gives the format of a name; text shows that many of the newest runs,
// all of them for 0. The error for an unknown name lists the known ones.
func IndexFor(name string, o Options, newest int) (IndexFormat, error) {
	f, ok := indexFormats(o, newest)[name]
	if !ok {
		return nil, fmt.Errorf("unknown format %q of an index: known are %s", name, strings.Join(IndexFormats(), ", "))
	}
	return f, nil
}

func indexFormats(o Options, newest int) map[string]IndexFormat {
	return map[string]IndexFormat{
		"html": func(w io.Writer, x *history.Index) error { return writeIndexHTML(w, x, o) },
		"json": writeIndexJSON,
		"text": func(w io.Writer, x *history.Index) error { return writeIndexText(w, x, o.withDefaults(), newest) },
	}
}

// writeIndexJSON writes the index as it is, indented for diffs.
func writeIndexJSON(w io.Writer, x *history.Index) error {
	text, err := encode(x)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("indent index: %w", err)
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

// writeIndexText writes the newest runs, and the trend of each experiment.
func writeIndexText(w io.Writer, x *history.Index, o Options, newest int) error {
	p := &printer{o: o}
	p.indexRuns(x, newest)
	p.trends(x)
	p.skipped(x)
	_, err := w.Write(p.b.Bytes())
	return err
}

func (p *printer) indexRuns(x *history.Index, newest int) {
	if len(x.Runs) == 0 {
		p.line("No runs.")
		return
	}
	runs := x.Runs
	if newest > 0 && len(runs) > newest {
		runs = runs[:newest]
	}
	const started, commit, verdicts = 18, 9, 28
	name := p.o.Width - started - commit - verdicts
	p.line(left("run", name), left("started, UTC", started), left("commit", commit), "verdicts")
	for _, r := range runs {
		id := plain(r.ID)
		if width(id) > name-1 {
			p.line(cut(id, p.o.Width))
			id = ""
		}
		p.line(left(id, name), left(r.Started.UTC().Format("2 Jan 2006 15:04"), started), left(cutTo(plain(r.Commit), commit-1), commit), p.own(verdictCounts(r)))
	}
	if more := len(x.Runs) - len(runs); more > 0 {
		p.line("and ", plural(more, "older run", "older runs"))
	}
}

// cutTo shortens a name without a mark that it did, as commits are.
func cutTo(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n])
	}
	return text
}

// verdictCounts is "×2 ?1 ✓4", or how the run ended where it has no verdicts.
func verdictCounts(r history.Run) string {
	if r.Outcome != result.Completed && r.Outcome != "" {
		return plain(r.Outcome)
	}
	counts := map[result.Verdict]int{}
	for _, e := range r.Experiments {
		counts[e.Verdict]++
	}
	var parts []string
	for _, v := range severity {
		if counts[v] > 0 {
			parts = append(parts, glyph(v)+" "+count(counts[v])+" "+word(v))
		}
	}
	if width(strings.Join(parts, ", ")) > 28 { // the column has no room for words
		for i := range parts {
			parts[i], _, _ = strings.Cut(strings.Replace(parts[i], " ", "", 1), " ")
		}
		return strings.Join(parts, " ")
	}
	return strings.Join(parts, ", ")
}

// trends show the newest points of each experiment, the newest at the right.
func (p *printer) trends(x *history.Index) {
	name := 0
	for _, t := range x.Trends {
		name = min(max(name, width(plain(t.Experiment))+1), p.o.Width/3)
	}
	for i := range x.Trends {
		t := &x.Trends[i]
		if i == 0 || t.System != x.Trends[i-1].System {
			p.line("")
			p.wrap("", "Blast radius in % over time, newest at the right: "+plain(t.System))
		}
		p.trend(t, name)
	}
}

func (p *printer) trend(t *history.Trend, name int) {
	const column = 7
	id, latest := plain(t.Experiment), t.Latest()
	lead := p.mark(latest.Verdict)
	if width(id) > name-1 {
		p.line(lead, cut(id, p.o.Width-width(lead)))
		lead, id = strings.Repeat(" ", width(p.mark(latest.Verdict))), ""
	}
	room := (p.o.Width - width(lead) - name - 12) / column
	points := t.Points[max(0, len(t.Points)-room):]
	row := ""
	for _, pt := range points {
		row += right(p.own(pointText(pt)), column)
	}
	p.line(lead, left(id, name), right(row, room*column), right(p.own("limit "+limit(latest.Limit)), 12))
}

// pointText is a blast radius in a few columns; a bar before it says that it is
// not the experiment that it was before.
func pointText(pt history.Point) string {
	text := "–"
	switch r := pt.Radius; {
	case r == nil && pt.Verdict == result.Invalid:
		text = "!"
	case r == nil:
	case r.Low <= 0:
		text = "≤" + strings.TrimSuffix(ceiling(r.High), "%")
	default:
		text = points(r.Estimate)
	}
	if len(pt.Changed) > 0 {
		text = "|" + text
	}
	return text
}

func (p *printer) skipped(x *history.Index) {
	if len(x.Skipped) == 0 {
		return
	}
	p.line("")
	p.line("Not shown")
	for _, e := range x.Skipped {
		p.wrap("! ", plain(e.Name)+": "+plain(e.Problem))
	}
}
