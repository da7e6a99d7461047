package plan

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
)

// SharedWarnings tells where the control arms of the plan meet their faults, each once. It
// needs no more than the documents.
func (p *Plan) SharedWarnings() []string {
	var list []string
	for _, e := range p.Experiments {
		for _, text := range sharedWarnings(&p.System, e) {
			if !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return list
}

// sharedWarnings tells where the control arm meets a fault as well, as far as the
// documents know: then the arms are harmed alike, and the difference between them says
// nothing. Arms that are divided by a tag share every way, and no fault.
func sharedWarnings(s *experiments.System, e Experiment) []string {
	if e.Control != Concurrent || e.Tagged {
		return nil
	}
	const advice = "say control: baseline in the experiment"
	var list []string
	if experiments.SameEndpoint(s.URL, s.ControlURL) {
		list = append(list, fmt.Sprintf("control_url leads to the same address as url, %s: both arms meet every fault: give the control a route of its own, or %s", s.ControlURL, advice))
	}
	told := map[string]bool{}
	for _, f := range e.Faults {
		for _, way := range s.SharedWays() {
			for _, d := range s.ProxiesTo(way.Address) {
				if f.Proxy != "" && d.ProxyName() == f.Proxy && !told[way.Says+f.Proxy] {
					told[way.Says+f.Proxy] = true
					list = append(list, fmt.Sprintf("%s goes through the proxy of %s (%s), and so do requests of the control arm: the fault harms both arms, and their difference says too little: lead it past the proxy, or %s", way.Says, d.Name, d.Listen, advice))
				}
			}
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, j := range e.Journeys {
		if where, leaves := s.LeavesSystem(j.Journey); leaves {
			list = append(list, fmt.Sprintf("journey %s goes to %s on both arms, past url and control_url: the arms do not differ, and neither do they under a fault: write its url as a path below the entry, or %s", j.Name, where, advice))
		}
	}
	return list
}
