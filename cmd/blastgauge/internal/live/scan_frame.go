package live

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// scanning draws the picture of a scan: what fails now, both arms under it, and what was
// found so far.
func (p *picture) scanning(now time.Time, columns int) []string {
	list := []string{p.scanTitle(columns), p.scanNow(now)}
	list = append(list, p.arms(columns)...)
	return append(list, p.cause(), "  trials    "+countTrials(&p.Trials), "")
}

// scanTitle names the scan and the number of the cell.
func (p *picture) scanTitle(columns int) string {
	name := fmt.Sprintf("scan of %d dependencies", len(p.Plan.Scan.Dependencies))
	if p.label != "" {
		name = p.label + ": " + name
	}
	number := ""
	if p.Trials.Now != nil {
		number = fmt.Sprintf("  cell %d", p.Trials.Now.Number)
	}
	room := columns - 1 - terminal.Width(number)
	return terminal.Left(terminal.Cut(inert.Text(name), room), room) + number
}

// scanNow says what fails now, and for how long it has.
func (p *picture) scanNow(now time.Time) string {
	const lead = "  now       "
	switch {
	case p.Trials.Now != nil:
		return fmt.Sprintf("%s%s, %s", lead, inert.Text(words.Trial(p.Trials.Now)), short(now.Sub(p.Current.PhaseStarted)))
	case p.Current.Phase == journal.Fault:
		return lead + "waits for a healthy system"
	case p.Current.Phase == "":
		return lead + "starts"
	}
	return lead + string(p.Current.Phase)
}

// aboveScan says of an event of a scan what is to stay on the screen; above is that of any
// run. Ended is the trial that has ended with it. It returns the line of that as well.
func (p *picture) aboveScan(e journal.Event, ended *progress.Trial, above string, o terminal.Options) (text, cell string) {
	switch e.Kind {
	case journal.CellEnded:
		if ended != nil {
			label := p.label
			if label != "" {
				label += ": "
			}
			cell = endedLine(label, p.Experiment(), ended, o)
		}
	case journal.ScanEnded:
		above = words.ScanEnded(e) + ": " + describeTrials(&p.Trials)
	case journal.GuardrailTripped, journal.FaultVanished:
		_, above = progress.Describe(p.Plan, e)
	case journal.FaultRemoved:
		if !e.Verified {
			_, above = progress.Describe(p.Plan, e)
		}
	case journal.InvariantChecked: // the line of the cell says what broke
		above = ""
	}
	return above, cell
}
