package results

import (
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteGitHub writes workflow commands, which GitHub Actions shows beside the
// experiment's line in the pull request: an error where a hypothesis is refuted or a
// fault may still be active, a warning where there is no answer, and one notice with
// the headline. The summary page of a job is the Markdown report, in the file that
// GITHUB_STEP_SUMMARY names.
func WriteGitHub(w io.Writer, r *result.Result, links ...encode.Link) error {
	s := summarize(r)
	var commands encode.Commands
	annotate := func(level string, e *result.Experiment, text string) {
		commands.Add(level, e.File, e.Line, words.Called(e.ID, e.Title)+" "+words.Verdict(e.Verdict), text)
	}
	for _, f := range s.left { // first, as GitHub shows only so many
		annotate("error", f.of, "fault not proven gone: "+f.fault.Name+" ("+f.fault.Inject+" into "+f.fault.Into+")")
	}
	for _, e := range s.dearestFirst() {
		switch e.Verdict {
		case result.Held:
		case result.Refuted:
			before, after := s.costElsewhere(e), ""
			if before == "" {
				after = s.costWords(e)
			}
			annotate("error", e, strings.Join(slices.Concat(words.NonEmpty(before), whys(e), words.NonEmpty(after), briefHarms(e)), "; "))
		default:
			annotate("warning", e, strings.Join(slices.Concat([]string{words.FirstReason(e.Reasons)}, briefHarms(e)), "; "))
		}
		for _, text := range uncheckedTexts(e) {
			annotate("warning", e, text)
		}
	}
	for _, u := range s.unasked {
		annotate("warning", u.of, u.sentence(titleOf(u.of)))
	}
	s.gameDayNotices(&commands, annotate)
	if len(s.fails) > 0 { // in one, as few are shown
		commands.Add("notice", "", 0, "blastgauge dependencies", strings.Join(s.fails, "; "))
	}
	commands.Add("notice", "", 0, "blastgauge", strings.Join(append([]string{s.headline()}, encode.LinkTexts(links)...), "; "))
	return commands.Write(w)
}
