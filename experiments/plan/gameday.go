package plan

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
)

// A GameDay is what people expect of the experiments of a run, before each of which they
// decide whether it is run.
type GameDay struct {
	Name  string        `json:"name"` // its id
	Items []GameDayItem `json:"items"`
}

// A GameDayItem is one experiment of a game day.
type GameDayItem struct {
	Experiment string               `json:"experiment"` // its id
	Owner      string               `json:"owner,omitempty"`
	Expect     experiments.Expected `json:"expect"`
	Question   string               `json:"question,omitempty"`
}

// Of is what the game day says of an experiment, by its id; the zero value where there is no
// game day, or it says nothing.
func (g *GameDay) Of(experiment string) GameDayItem {
	if g != nil {
		for _, item := range g.Items {
			if item.Experiment == experiment {
				return item
			}
		}
	}
	return GameDayItem{}
}

// addGameDay adds the game day and its document, if there is one.
func (p *Plan) addGameDay(g *experiments.GameDay) {
	if g == nil {
		return
	}
	p.GameDay = &GameDay{Name: g.Name}
	for _, item := range g.Items {
		p.GameDay.Items = append(p.GameDay.Items, GameDayItem(item))
	}
	p.Documents = append(p.Documents, Document{g.File, g.Text})
}

// shareOwners makes the owners that the game day names those of the experiments. Where it
// names none, the experiment's document does.
func (p *Plan) shareOwners() {
	if p.GameDay == nil {
		return
	}
	for i := range p.GameDay.Items {
		item := &p.GameDay.Items[i]
		for j := range p.Experiments {
			if e := &p.Experiments[j]; e.ID == item.Experiment {
				item.Owner = cmp.Or(item.Owner, e.Owner)
				e.Owner = item.Owner
			}
		}
	}
}

// ownBaselines says why the baselines of a game day are not shared.
func (p *Plan) ownBaselines() {
	for i := range p.Experiments[min(1, len(p.Experiments)):] {
		p.Experiments[i+1].OwnBaseline = "on a game day, time without journeys lies between two experiments"
	}
}

// writeText writes what people expect, in the order in which they decide.
func (g *GameDay) writeText(b *bytes.Buffer) {
	if g == nil {
		return
	}
	fmt.Fprintf(b, "\n  Game day %s: before each experiment it waits for a decision.\n", g.Name)
	for i, item := range g.Items {
		fmt.Fprintf(b, "  %d. %s: expected to be %s", i+1, item.Experiment, item.Expect)
		if item.Owner != "" {
			fmt.Fprintf(b, ", owner %s", inert.Text(item.Owner))
		}
		b.WriteString("\n")
		if item.Question != "" {
			fmt.Fprintf(b, "     %s\n", inert.Text(item.Question))
		}
	}
}

// beside says what the time of a plan leaves out.
func (g *GameDay) beside() string {
	if g == nil {
		return ""
	}
	return ", beside the time for " + figures.Plural(len(g.Items), "decision", "decisions")
}
