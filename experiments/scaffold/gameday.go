package scaffold

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/inert"
)

// gameDaySchema is written beside the document of a game day.
const gameDaySchema = ".blastgauge/schema/gameday.json"

const gameDayHead = `# yaml-language-server: $schema=` + gameDaySchema + `
# A game day: people watch these experiments, and decide before each whether it is run.
# blastgauge run --gameday ` + experiments.GameDayFile + `
version: 1
gameday: %s # its id
experiments: # in this order; to leave one out, take its lines away
`

// GameDay makes the document of a game day of the experiments beside a system's document.
// It belongs into the folder of that document.
func GameDay(systemFile string, from experiments.Outside) (*Documents, error) {
	system, list, err := experiments.Selection{SystemFile: systemFile, Outside: from}.Load()
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, gameDayHead, gameDayName(system.Name))
	for _, e := range list {
		fmt.Fprintf(&text, "  - experiment: %s", e.ID)
		if e.Title != "" {
			fmt.Fprintf(&text, " # %s", inert.Text(e.Title))
		}
		text.WriteString("\n")
		if owner := ownersOf(system, e); owner != "" {
			fmt.Fprintf(&text, "    owner: %s\n", yamlText(owner))
		}
		fmt.Fprintf(&text, "    expect: %s # or %s: what do you think?\n", experiments.ExpectHeld, experiments.ExpectRefuted)
		fmt.Fprintf(&text, "    question: %s\n", yamlText("Who notices first, and by what?"))
	}
	schema, err := experiments.Schema(experiments.GameDayKind)
	if err != nil {
		return nil, err
	}
	return &Documents{
		Files: []File{{Name: experiments.GameDayFile, Text: text.String()}, {Name: gameDaySchema, Text: string(schema)}},
		load: func(dir string) error {
			_, _, _, err := from.LoadGameDay(filepath.Join(dir, experiments.GameDayFile), systemFile)
			return err
		},
	}, nil
}

// gameDayName is an id for a game day of a system.
func gameDayName(system string) string {
	const tail = "-gameday"
	return strings.TrimRight(system[:min(len(system), 63-len(tail))], "-") + tail
}

// ownersOf are the owners of the dependencies that an experiment breaks.
func ownersOf(s *experiments.System, e *experiments.Experiment) string {
	var list []string
	for _, f := range e.Faults {
		if d, known := s.Dependency(f.Into); known && d.Owner != "" && !slices.Contains(list, d.Owner) {
			list = append(list, d.Owner)
		}
	}
	text := strings.Join(list, ", ")
	if len(text) > 80 { // more than a game day takes
		return list[0][:min(80, len(list[0]))]
	}
	return text
}
