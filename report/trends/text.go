// Package trends reports many runs over time: what each experiment found from run to
// run, as text and as a page.
package trends

import (
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// A printer writes an index for a terminal or a log.
type printer struct{ *terminal.Printer }

// WriteText writes so many of the newest runs, or all of them for 0, and the trend
// of each experiment.
func WriteText(w io.Writer, x *history.Index, newest int, o terminal.Options) error {
	p := &printer{terminal.NewPrinter(o)}
	p.runs(x, newest)
	p.trends(x)
	p.gone(x)
	p.bypasses(x, newest)
	p.skipped(x)
	_, err := w.Write(p.Bytes())
	return err
}

// runs has a row for each run.
func (p *printer) runs(x *history.Index, newest int) {
	if len(x.Runs) == 0 {
		p.Line("No runs.")
		return
	}
	runs := x.Runs
	if newest > 0 && len(runs) > newest {
		runs = runs[:newest]
	}
	const started, commit, verdicts = 18, 9, 28
	name := p.TableWidth() - started - commit - verdicts
	p.Line(terminal.Left("run", name), terminal.Left("started, UTC", started), terminal.Left("commit", commit), "verdicts")
	for _, r := range runs {
		p.Row("", inert.Text(r.ID), name-1, " ", terminal.Left(r.Started.UTC().Format("2 Jan 2006 15:04"), started), terminal.Left(terminal.Truncate(inert.Text(r.Commit), commit-1), commit), p.Spell(verdictCounts(r)))
	}
	if more := len(x.Runs) - len(runs); more > 0 {
		p.Line("and ", figures.Plural(more, "older run", "older runs"))
	}
}

// verdictCounts counts the verdicts of a run, as in "× 2 refuted, ✓ 4 held", or in
// a narrow column "×2 ✓4". Where the run was not completed, it says how it ended, and of a
// scan how much it found.
func verdictCounts(r history.Run) string {
	if r.Outcome != result.Completed && r.Outcome != "" {
		return inert.Text(r.Outcome)
	}
	if r.Scan != nil {
		return "scan, " + figures.Plural(r.Scan.Findings, "finding", "findings")
	}
	counts := map[result.Verdict]int{}
	for _, e := range r.Experiments {
		counts[e.Verdict]++
	}
	var parts []string
	for _, v := range words.Severity() {
		if counts[v] > 0 {
			parts = append(parts, words.Glyph(v)+" "+figures.Count(counts[v])+" "+words.Verdict(v))
		}
	}
	if terminal.Width(strings.Join(parts, ", ")) > 28 { // the column has no room for words
		for i := range parts {
			parts[i], _, _ = strings.Cut(strings.Replace(parts[i], " ", "", 1), " ")
		}
		return strings.Join(parts, " ")
	}
	return strings.Join(parts, ", ")
}

// trends has a row for each experiment with its newest blast radii, the newest at
// the right.
func (p *printer) trends(x *history.Index) {
	name := 0
	for _, t := range x.Trends {
		name = min(max(name, terminal.Width(inert.Text(t.Experiment))+1), p.TableWidth()/3)
	}
	seen := map[string]bool{}
	for i := range x.Trends {
		t := &x.Trends[i]
		if i == 0 || t.System != x.Trends[i-1].System {
			p.Line("")
			p.Wrap("", "Blast radius in % over time, newest at the right: "+inert.Text(t.System))
		}
		for _, pt := range p.trend(t, name) {
			for _, s := range marks() {
				seen[s.sign] = seen[s.sign] || strings.Contains(pointText(pt), s.sign)
			}
		}
	}
	p.legend(seen)
}

// A mark is a sign in place of a blast radius, or before it.
type mark struct{ sign, means string }

func marks() []mark {
	return []mark{
		{"–", "no number, as it was not run or not to its end"},
		{"!", "invalid, no number to trust"},
		{"≤", "no harm shown, at most this"},
		{"|", "another experiment from here on, not comparable"},
	}
}

// legend explains the marks that the rows have.
func (p *printer) legend(seen map[string]bool) {
	var list []string
	for _, s := range marks() {
		if seen[s.sign] {
			list = append(list, s.sign+" "+s.means)
		}
	}
	if len(list) > 0 {
		p.Wrap("", strings.Join(list, "; "))
	}
}

// trend is one row, whose name takes so many columns. It returns the points that have
// room in it; the mark before it is of the newest run that tested the hypothesis.
func (p *printer) trend(t *history.Trend, name int) []history.Point {
	const column = 7
	tested := t.Tested()
	latest := tested[len(tested)-1]
	mark := p.Mark(latest.Verdict)
	room := (p.TableWidth() - terminal.Width(mark) - name - 12) / column
	points := t.Points[max(0, len(t.Points)-room):]
	var row strings.Builder
	for _, pt := range points {
		row.WriteString(terminal.Right(p.Spell(pointText(pt)), column))
	}
	p.Row(mark, inert.Text(t.Experiment), name-1, " ", terminal.Right(row.String(), room*column), terminal.Right(p.Spell("limit "+words.Limit(latest.Limit)), 12))
	return points
}

// pointText writes a blast radius in a few columns. A bar before it means that the
// experiment is not the same as in the run before.
func pointText(pt history.Point) string {
	text := "–"
	switch r := pt.Radius; {
	case r == nil && pt.Verdict == result.Invalid:
		text = "!"
	case r == nil:
	case r.Low <= 0:
		text = "≤" + strings.TrimSuffix(figures.UpperPercent(r.High), "%")
	default:
		text = figures.Points(r.Estimate)
	}
	if len(pt.Changed) > 0 {
		text = "|" + text
	}
	return text
}

// gone names the experiments that the newest run of all experiments does not have.
func (p *printer) gone(x *history.Index) {
	title := "Gone"
	for i := range x.Trends {
		t := &x.Trends[i]
		if t.Gone == nil {
			continue
		}
		if title != "" {
			p.Heading(title)
			title = ""
		}
		tested := t.Tested()
		last := tested[len(tested)-1]
		p.Wrap(p.Mark(last.Verdict), inert.Text(t.Experiment)+": "+goneSince(t)+"; last "+words.Verdict(last.Verdict)+" in the run of "+figures.Minute(last.Started))
	}
}

// goneSince says since when an experiment is gone.
func goneSince(t *history.Trend) string {
	return "gone since the run of " + figures.Minute(t.Gone.Started)
}

// bypasses lists who let a change pass whatever was measured, the newest first.
func (p *printer) bypasses(x *history.Index, newest int) {
	if len(x.Bypasses)+len(x.Unread) == 0 {
		return
	}
	p.Heading("Bypassed")
	list := slices.Clone(x.Bypasses)
	slices.Reverse(list)
	if newest > 0 && len(list) > newest {
		list = list[:newest]
	}
	for _, e := range list {
		p.Wrap("! ", bypassText(e))
	}
	if more := len(x.Bypasses) - len(list); more > 0 {
		p.Line("and ", figures.Plural(more, "older bypass", "older bypasses"))
	}
	for _, u := range x.Unread {
		p.Wrap("! ", unreadText(u))
	}
}

// bypassText says who let what pass, and why.
func bypassText(e bypass.Entry) string {
	text := inert.Text(e.Change()) + ", let pass by " + inert.Text(e.By) + " at " + figures.Minute(e.At)
	if e.Environment != "" {
		text += ", on " + inert.Text(e.Environment)
	}
	return text + ": " + inert.Text(e.Reason)
}

// unreadText says which line of the file of bypasses hides one.
func unreadText(u bypass.Problem) string {
	return bypass.File + ", line " + figures.Count(u.Line) + ", cannot be read, and may be a bypass: " + inert.Text(u.Why)
}

// skipped lists the directories that are no run, and why.
func (p *printer) skipped(x *history.Index) {
	if len(x.Skipped) == 0 {
		return
	}
	p.Heading("Not shown")
	for _, e := range x.Skipped {
		p.Wrap("! ", inert.Text(e.Name)+": "+inert.Text(e.Problem))
	}
}
