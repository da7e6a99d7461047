package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// A gameDay is what reports say of a game day: what was planned, what happened, what
// surprised, and what is left to do.
type gameDay struct {
	*result.GameDay
	Rows []dayRow
	r    *result.Result
}

// A dayRow is one experiment of a game day.
type dayRow struct {
	result.GameDayItem
	of *result.Experiment
}

// newGameDay returns nil where the run is of no game day.
func newGameDay(r *result.Result) *gameDay {
	if r.GameDay == nil {
		return nil
	}
	d := &gameDay{GameDay: r.GameDay, r: r}
	for _, item := range r.GameDay.Items {
		if e := findExperiment(r, item.Experiment); e != nil {
			d.Rows = append(d.Rows, dayRow{item, e})
		}
	}
	return d
}

// findExperiment finds an experiment by its id; nil where there is none.
func findExperiment(r *result.Result, id string) *result.Experiment {
	for i := range r.Experiments {
		if r.Experiments[i].ID == id {
			return &r.Experiments[i]
		}
	}
	return nil
}

// Title names the game day.
func (d *gameDay) Title() string { return "Game day " + d.Name }

// Summary counts what was planned, what happened, the surprises and the follow-ups.
func (d *gameDay) Summary() string {
	surprising := "nothing surprised"
	if n := d.Surprising(); n > 0 {
		surprising = figures.Count(n) + " of them surprised"
		if n == len(d.Rows) {
			surprising = "each surprised"
		}
		if len(d.Rows) == 1 {
			surprising = "it surprised"
		}
	}
	left := "nothing is left to do"
	if n := len(d.FollowUps); n > 0 {
		left = figures.Plural(n, "follow-up", "follow-ups")
	}
	return fmt.Sprintf("%s planned: %s; %s; %s.", figures.Plural(len(d.Rows), "experiment was", "experiments were"), d.ran(), surprising, left)
}

// ran counts the experiments that were run. One that the run was stopped in was not run to
// its end.
func (d *gameDay) ran() string {
	ran, stopped := 0, 0
	for _, row := range d.Rows {
		switch {
		case row.stop() != "":
			stopped++
		case row.of.Verdict != result.NotRun:
			ran++
		}
	}
	text := figures.Count(ran) + " were run"
	switch {
	case stopped > 0 && len(d.Rows) == 1:
		return "it was stopped before its end"
	case stopped > 0 && ran == 0:
		return figures.Plural(stopped, "was", "were") + " stopped before the end"
	case ran == len(d.Rows) && ran == 1:
		text = "it was run"
	case ran == len(d.Rows):
		text = "all were run"
	case ran == 0:
		text = "none was run"
	case ran == 1:
		text = "1 was run"
	}
	if stopped > 0 {
		text += ", " + figures.Plural(stopped, "was", "were") + " stopped before the end"
	}
	return text
}

// stop says that the run was stopped in the experiment, and when; empty where it was not.
func (r dayRow) stop() string {
	i := slices.Index(r.of.ReasonCodes, result.ReasonInterrupted)
	if r.of.Verdict == result.NotRun || i < 0 || i >= len(r.of.Reasons) {
		return ""
	}
	return r.of.Reasons[i]
}

// Link links to the experiment.
func (r dayRow) Link() *page.Link { return link(r.of) }

// Happened says what became of the experiment, beside its verdict: the harm where that is
// why it has this verdict, and the reason otherwise. An alert that is missing refutes an
// experiment whose harm is within its limit. A run that was stopped in it is said as well.
func (r dayRow) Happened() string {
	why, stop := words.FirstReason(r.of.Reasons), r.stop()
	b := trustedRadius(r.of)
	if b != nil && (r.of.Verdict == result.Held || isRefuted(r.of.Criterion(result.JourneyCriterion, b.Journey))) {
		why = words.Excess(b) + " of " + b.Journey + " journeys harmed, limit " + words.Limit(limitOf(r.of))
	}
	if why == stop {
		return why
	}
	return strings.Join(words.NonEmpty(why, stop), "; ")
}

// isRefuted reports whether a criterion, of which there may be none, was not met.
func isRefuted(c *result.Criterion) bool { return c != nil && c.Verdict == result.Refuted }

// Let says who let the experiment run; empty where nobody was asked, or it was not run, which
// Happened says.
func (r dayRow) Let() string {
	if r.Decision != "continue" || r.By == "" {
		return ""
	}
	return "started by " + r.By
}

// Texts are the surprises in words.
func (r dayRow) Texts() []string {
	list := make([]string, len(r.Surprises))
	for i, s := range r.Surprises {
		list[i] = s.Text
	}
	return list
}

// planned says what people wanted to know and expected.
func (r dayRow) planned() string {
	text := "expected " + words.Verdict(r.Expect)
	if r.Owner != "" {
		text += ", owner " + r.Owner
	}
	if r.Question == "" {
		return text
	}
	return r.Question + " (" + text + ")"
}

// happened is what became of the experiment, with its verdict.
func (r dayRow) happened() string {
	return strings.Join(words.NonEmpty(words.Verdict(r.of.Verdict), r.Happened()), ": ")
}

// A followUp is what is left to do.
type followUp struct {
	result.FollowUp
	of *result.Experiment // nil: it is about none
}

// Todo are the follow-ups.
func (d *gameDay) Todo() []followUp {
	list := make([]followUp, len(d.FollowUps))
	for i, f := range d.FollowUps {
		list[i] = followUp{f, findExperiment(d.r, f.Experiment)}
	}
	return list
}

// Link links to the experiment; nil where it is about none.
func (f followUp) Link() *page.Link {
	if f.of == nil {
		return nil
	}
	return link(f.of)
}

// Whose says who asked for it and whose it is.
func (f followUp) Whose() string {
	from := "a surprise"
	if f.Of == result.OfNote {
		from = "noted"
		if f.Author != "" {
			from += " by " + f.Author
		}
	}
	if f.Owner == "" {
		return from
	}
	return "owner " + f.Owner + ", " + from
}

// sentence is the follow-up as one text. called names its experiment.
func (f followUp) sentence(called func(*result.Experiment) string) string {
	text := f.Text
	if f.of != nil {
		text = called(f.of) + ": " + text
	}
	return text + " (" + f.Whose() + ")"
}

// gameDay writes the game day of a run.
func (p *printer) gameDay(s *summary) {
	d := newGameDay(s.r)
	if d == nil {
		return
	}
	p.Heading(terminal.Cut(inert.Text(d.Title()), p.Width))
	p.Wrap("", d.Summary())
	for _, row := range d.Rows {
		p.Wrap(p.Mark(row.of.Verdict), inert.Text(row.Experiment+": "+row.happened()))
		p.Wrap("    ", inert.Text(row.planned()))
		for _, text := range row.Texts() {
			p.Wrap("  ! ", inert.Text("surprise: "+text))
		}
	}
	if len(d.FollowUps) > 0 {
		p.Heading("Follow-ups")
	}
	for i, f := range d.Todo() {
		p.Wrap(strconv.Itoa(i+1)+". ", inert.Text(f.sentence(idOf)))
	}
}

// gameDayTable has a row for each experiment of a game day, and a list of what is left to
// do, to be ticked off.
func (s *summary) gameDayTable(m *encode.Comment) {
	d := newGameDay(s.r)
	if d == nil {
		return
	}
	m.Line("")
	m.Line(encode.Strong(d.Title()))
	m.Line("")
	m.Line(encode.Markdown(d.Summary()))
	m.Line("")
	m.Line("| experiment | question | expected | happened | surprise |")
	m.Line("|---|---|---|---|---|")
	for _, row := range d.Rows {
		name := encode.Markdown(titleOf(row.of))
		if row.Owner != "" {
			name += ", " + encode.Markdown(row.Owner)
		}
		m.Line(fmt.Sprintf("| %s | %s | %s | %s %s | %s |", name, encode.Markdown(row.Question), words.Verdict(row.Expect),
			markdownGlyph(row.of.Verdict), encode.Markdown(row.happened()), encode.Markdown(strings.Join(row.Texts(), "; "))))
	}
	if len(d.FollowUps) == 0 {
		return
	}
	m.Line("")
	m.Line("**Follow-ups**")
	m.Line("")
	for _, f := range d.Todo() {
		m.Line("- [ ] ", encode.Markdown(f.sentence(titleOf)))
	}
}

// gameDayEvents are the experiments and the follow-ups of a game day.
func gameDayEvents(r *result.Result) (list []encode.Event) {
	d := newGameDay(r)
	if d == nil {
		return nil
	}
	for _, row := range d.Rows {
		status := "as_expected"
		switch {
		case row.Surprise:
			status = "surprise"
		case row.of.Verdict == result.NotRun:
			status = string(result.NotRun)
		}
		list = append(list, encode.Event{Event: "game_day", At: r.Run.Ended, Name: d.Name, Experiment: row.Experiment, Owner: row.Owner, What: row.Question,
			Expect: string(row.Expect), Decision: row.Decision, Author: row.By, Verdict: string(row.of.Verdict), Status: status, Reasons: row.Texts()})
	}
	for _, f := range d.Todo() {
		list = append(list, encode.Event{Event: "follow_up", At: r.Run.Ended, Name: string(f.Of), Experiment: f.Experiment, Owner: f.Owner, Author: f.Author, What: f.Text})
	}
	return list
}

// setGameDay sets what was planned and decided of an experiment, and what surprised.
func setGameDay(s *encode.Suite, r *result.Result, e *result.Experiment) {
	item := r.GameDay.Of(e.ID)
	if item == nil {
		return
	}
	s.Set("game_day", r.GameDay.Name)
	s.Set("game_day.expect", string(item.Expect))
	for _, p := range []struct{ name, value string }{{"owner", item.Owner}, {"question", item.Question}, {"decision", item.Decision}, {"by", item.By}} {
		if p.value != "" {
			s.Set("game_day."+p.name, p.value)
		}
	}
	for _, surprise := range item.Surprises {
		s.Set("game_day.surprise", surprise.Text)
	}
	for _, f := range r.GameDay.FollowUps {
		if f.Experiment == e.ID {
			s.Set("game_day.follow_up", f.Text)
		}
	}
}

// gameDayNotices are one notice about a game day, and a warning for each surprise.
func (s *summary) gameDayNotices(commands *encode.Commands, annotate func(level string, e *result.Experiment, text string)) {
	d := newGameDay(s.r)
	if d == nil {
		return
	}
	for _, row := range d.Rows {
		if row.Surprise {
			annotate("warning", row.of, "surprise: "+strings.Join(row.Texts(), "; "))
		}
	}
	texts := []string{d.Summary()}
	for _, f := range d.Todo() {
		texts = append(texts, f.sentence(idOf))
	}
	commands.Add("notice", "", 0, "blastgauge "+d.Title(), strings.Join(texts, " "))
}
