package charts

import (
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
)

// mostAlertBars is how many alerts have a row below a chart. The table has all of them.
const mostAlertBars = 8

// barAlerts are the alerts that have a row below the chart.
func (c *timeChart) barAlerts() []result.Alert {
	return c.e.Alerts[:min(len(c.e.Alerts), mostAlertBars)]
}

// alertHeight is how much room the rows of alerts take.
func (c *timeChart) alertHeight() float64 {
	n := len(c.barAlerts())
	if n == 0 {
		return 0
	}
	return float64(n)*alertRow + 8
}

// drawAlerts draws below the plots when each alert was pending, thin, and when it fired.
func (c *timeChart) drawAlerts() {
	for i, a := range c.barAlerts() {
		y := c.speed.top + speedPlot + 8 + float64(i)*alertRow
		c.Text(page.Label{Class: "tick", X: "0", Y: y + 9, Text: shortName(a.Alert)})
		for k, change := range a.Changes {
			to := c.total
			if k+1 < len(a.Changes) {
				to = a.Changes[k+1].Second
			}
			x, w := c.x(change.Second), max(0.3, c.x(to)-c.x(change.Second))
			switch change.State {
			case "firing":
				c.Rect(page.Style{Class: "al-f", Color: page.FaultColor}, page.X(x), page.X(w), y+11, 5)
			case "pending":
				c.Rect(page.Style{Class: "al-p", Color: page.SoftColor}, page.X(x), page.X(w), y+13, 1.5)
			case "unknown":
				c.Rect(page.Style{Class: "al-u", Color: page.SoftColor, Attrs: ` fill-opacity=".25"`}, page.X(x), page.X(w), y+11, 5)
			}
		}
	}
}

// shortName is the name of an alert that fits over its row on a phone.
func shortName(name string) string {
	const most = 40
	text := []rune("alert " + name)
	if len(text) > most {
		text = append(text[:most-1], '…')
	}
	return string(text)
}
