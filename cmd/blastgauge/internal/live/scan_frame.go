package live

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// scanning draws the picture of a scan: what fails now, both arms under it, and what was
// found so far.
func (p *picture) scanning(now time.Time, columns int) []string {
	list := []string{p.scanTitle(columns), p.scanNow(now)}
	list = append(list, p.arms(columns)...)
	return append(list, p.cause(), "  trials    "+p.tally.counts(), "")
}

// scanTitle names the scan and the number of the cell.
func (p *picture) scanTitle(columns int) string {
	name := fmt.Sprintf("scan of %d dependencies", len(p.plan.Scan.Dependencies))
	if p.label != "" {
		name = p.label + ": " + name
	}
	number := ""
	if p.tally.now != nil {
		number = fmt.Sprintf("  cell %d", p.tally.now.Number)
	}
	room := columns - 1 - terminal.Width(number)
	return terminal.Left(terminal.Cut(inert.Text(name), room), room) + number
}

// scanNow says what fails now, and for how long it has.
func (p *picture) scanNow(now time.Time) string {
	const lead = "  now       "
	switch {
	case p.tally.now != nil:
		return fmt.Sprintf("%s%s, %s", lead, inert.Text(describeCell(p.tally.now)), short(now.Sub(p.current.phaseStarted)))
	case p.current.phase == journal.Fault:
		return lead + "waits for a healthy system"
	case p.current.phase == "":
		return lead + "starts"
	}
	return lead + string(p.current.phase)
}

// recordScan takes an event of a scan into the picture, and what is to stay on the screen
// of any run. It returns what is to stay of a scan, and the line of a cell that has ended.
func (p *picture) recordScan(e journal.Event, now time.Time, above string, o terminal.Options) (text, cell string) {
	c := &p.current
	ended := p.tally.record(p.plan, e)
	switch e.Kind {
	case journal.CellStarted:
		if c.baseline == nil {
			c.baseline = c.counts
		}
		c.cutSample(now)
		c.phaseStarted, c.counts = now, nil
	case journal.CellEnded:
		c.cutSample(now)
		c.counts = nil
		if ended != nil {
			label := p.label
			if label != "" {
				label += ": "
			}
			cell = endedLine(label, p.experiment(), ended, o)
		}
	case journal.ScanEnded:
		above = describeScanEnd(e) + ": " + p.tally.describe()
	case journal.GuardrailTripped, journal.FaultVanished:
		_, above = describeEvent(p.plan, e)
	case journal.FaultRemoved:
		if !e.Verified {
			_, above = describeEvent(p.plan, e)
		}
	case journal.InvariantChecked: // the line of the cell says what broke
		above = ""
	}
	return above, cell
}
