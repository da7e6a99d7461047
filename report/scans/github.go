package scans

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteGitHub writes workflow commands: an error for each finding and for what went wrong
// with the scan, a warning for each reason why something is not known, and one notice with the
// headline.
func WriteGitHub(w io.Writer, r *result.Result, links ...encode.Link) error {
	s := summarize(r)
	var commands encode.Commands
	for _, text := range s.trouble() {
		commands.Add("error", "", 0, "blastgauge scan", text)
	}
	for _, f := range s.findings {
		commands.Add("error", "", 0, "blastgauge scan: "+f.Dependency, strings.Join(words.NonEmpty(f.sentence(), f.measure(), f.cause(), f.advice()), "; "))
	}
	if text := s.further(); text != "" {
		commands.Add("error", "", 0, "blastgauge scan", text)
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
