package gates

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteGitHub writes workflow commands, which GitHub Actions shows at the file of the
// candidate: an error for each experiment that refuses it, with what to do, a warning for
// what is not decided and for earlier attempts and bypasses, a notice for how close to the
// edge it is, and one with the headline.
func WriteGitHub(w io.Writer, r *gate.Report, links ...encode.Link) error {
	const title = "blastgauge gate"
	s := summarize(r)
	var commands encode.Commands
	add := func(level, about, text string) { commands.Add(level, r.Candidate.File, 0, about, text) }
	switch {
	case s.notPutBack():
		add("error", title, "the candidate may still be in place: "+s.recover())
	case r.ExitCode == result.ExitError:
		add("error", title, s.headline())
	}
	for i, f := range s.failures() {
		text := []string{f.brief()}
		if i == 0 && r.Verdict == result.Refuted {
			text = append(text, s.mend())
		}
		add("error", title+": "+f.Experiment+" "+words.Verdict(f.Verdict), strings.Join(text, "; "))
	}
	if text := more(len(r.Failures), mostFailures); text != "" {
		add("error", title, text)
	}
	for _, text := range s.undecided() {
		add("warning", title, text)
	}
	for _, text := range append(words.NonEmpty(s.attemptsText()), s.bypasses()...) {
		add("warning", title, text)
	}
	if text := s.nearestText(); text != "" {
		add("notice", "blastgauge: how close to the edge", text)
	}
	commands.Add("notice", "", 0, "blastgauge", strings.Join(append(words.NonEmpty(strings.Join(words.NonEmpty(s.headline(), s.lead()), ". ")), encode.LinkTexts(links)...), "; "))
	return commands.Write(w)
}
