package scans

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteGitHub writes workflow commands: an error for each finding that speaks against the
// system, a warning for each reason why something is not known, and one notice with the
// headline.
func WriteGitHub(w io.Writer, r *result.Result, links ...encode.Link) error {
	s := summarize(r)
	var commands encode.Commands
	if r.Run.ExitCode == result.ExitNotRemoved {
		commands.Add("error", "", 0, "blastgauge scan", "a fault is not proven gone and may still be in force: blastgauge recover DIR")
	}
	for _, f := range s.findings {
		level := "error"
		if !f.Weakness(s.m) {
			level = "notice"
		}
		commands.Add(level, "", 0, "blastgauge scan: "+f.Dependency, strings.Join(words.NonEmpty(f.sentence(), f.measure(), f.cause(), f.advice()), "; "))
	}
	for _, text := range s.unanswers() {
		commands.Add("warning", "", 0, "blastgauge scan", text)
	}
	if list := s.breakingPoints(); len(list) > 0 { // in one, as few are shown
		commands.Add("notice", "", 0, "blastgauge breaking points", strings.Join(list, "; "))
	}
	commands.Add("notice", "", 0, "blastgauge", strings.Join(append([]string{s.headline()}, encode.LinkTexts(links)...), "; "))
	return commands.Write(w)
}
