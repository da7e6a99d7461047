package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
)

// A suggestion is an experiment on one way in which a dependency fails.
type suggestion struct {
	id    string // behind that of the dependency
	fails string // what the dependency does
	kind  string // of the fault
	more  string // lines of its attributes
}

// ways are the ways in which dependencies fail, besides being slow, each as the protocols
// have it: the first fault that fits the dependency's is taken. What every connection can
// do comes last.
func ways() [][]suggestion {
	return [][]suggestion{
		{{"hangs", "hangs", "timeout", ""}},
		{{"refuses", "refuses connections", "down", ""}},
		{
			{"fails", "answers with an error", "postgres_error", "    sqlstate: \"53300\" # too many connections\n"},
			{"fails", "answers with an error", "redis_error", "    error: READONLY\n"},
			{"fails", "answers with an error", "http_error", "    status: 503\n"},
			{"fails", "resets connections", "reset_peer", ""},
		},
		{
			{"bad-data", "has lost its data", "redis_empty", "    writes: succeed # and what is written is lost\n"},
			{"bad-config", "serves bad config", "http_config", "    drop: {} # a key of the document, which the seed chooses: blastgauge faults http_config lists what else\n    # match: {path: /settings}\n"},
		},
	}
}

// suggestions are experiments for people to switch on, one for each way in which the
// dependency may fail.
func suggestions(dep dependency) (files []File) {
	scheme, _, _ := strings.Cut(dep.Upstream, "://")
	for _, way := range ways() {
		i := slices.IndexFunc(way, func(s suggestion) bool {
			kind, known := injectors.Lookup(s.kind)
			return known && (kind.Level == injectors.Byte || !dep.foreign && slices.Contains(kind.Schemes, scheme))
		})
		if i >= 0 {
			files = append(files, File{Name: "experiments/" + dep.id + "-" + way[i].id + ".yaml", Text: commentedOut(way[i].document(dep)), off: true})
		}
	}
	return files
}

// document is the experiment as it is once it is switched on.
func (s suggestion) document(dep dependency) string {
	return experimentHead + fmt.Sprintf(`# A suggestion. Take away the first "# " of every line, and it is an experiment.
version: 1
experiment: %[1]s-%[2]s
title: %[3]s %[4]s
hypothesis: Journeys keep working within their budget while %[1]s %[4]s.
faults:
  - inject: %[5]s
    into: %[6]s
%[7]s# if_refuted: What to do then; it stands in the report.
`, dep.id, s.id, figures.Capital(dep.id), s.fails, s.kind, yamlText(dep.id), s.more)
}

// commentedOut makes a comment of each line, which editors take away again.
func commentedOut(text string) string {
	return "# " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n# ") + "\n"
}
