package plan

import (
	"errors"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// checkElsewhere refuses what only journeys of our own can do, where another program sends
// them.
func checkElsewhere(s *experiments.System, doc *experiments.Experiment) error {
	if s.Traffic.Elsewhere() && doc.Saturation != nil {
		return errors.New("saturation needs journeys that blastgauge sends itself, which change from arm to arm while the fault is in force: leave saturation or traffic.command out")
	}
	return nil
}

// checkScanElsewhere refuses a scan of journeys that another program sends.
func checkScanElsewhere(s *experiments.System) error {
	if s.Traffic.Elsewhere() {
		return errors.New("a scan needs journeys that blastgauge sends itself: it decides within seconds, by journeys that are still in flight, and a program under traffic.command tells of a journey when it has ended: run experiments, or scan with a system file without traffic.command")
	}
	return nil
}

// SpreadOfLine is how far apart the starts of journeys may be that one line of a program is
// of.
const SpreadOfLine = time.Second

// MostTogether is how many journeys of j one line of a program may be of: those that an arm
// starts in [SpreadOfLine], and a few, as no program keeps its rate to the journey. A line
// of more would be more than anybody misses.
func (e Experiment) MostTogether(j Journey) int {
	rate := e.ArmRate(j)
	for _, s := range j.Stages {
		rate = max(rate, s.Rate/float64(len(e.Arms())))
	}
	return int(1.1*rate*SpreadOfLine.Seconds()) + 2
}

// describeTraffic says who sends the journeys; empty where blastgauge does.
func (p *Plan) describeTraffic() string {
	if !p.System.Traffic.Elsewhere() {
		return ""
	}
	return "sent by " + p.System.Traffic.Program() + ", for each experiment anew; this program is not held to allow_hosts"
}
