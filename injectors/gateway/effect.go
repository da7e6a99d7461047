package gateway

import "github.com/blastgauge/blastgauge/injectors/gateway/faultset"

// An act is a fault that a request was drawn for.
type act struct {
	faultset.Act
	*rule
}

// An effect is what a request or its answer meets, in order.
type effect []act

// meet decides what a request meets, and counts it. A fault behind one that keeps
// the request from the dependency does not see it.
func (g *Gateway) meet(m message) effect {
	var list effect
	for _, e := range g.force.Now() {
		r, ok := e.Rule.(*rule)
		if !ok {
			continue
		}
		e.Saw()
		if !r.match.matches(m) {
			continue
		}
		drawn, ok := e.Draw()
		if !ok {
			continue
		}
		a := act{drawn, r}
		list = append(list, a)
		if r.when == before && !a.waits() {
			break
		}
	}
	return list
}

// split parts what a request meets from what its answer meets.
func (f effect) split() (early, late effect) {
	for _, a := range f {
		if a.when == before {
			early = append(early, a)
		} else {
			late = append(late, a)
		}
	}
	return early, late
}

// giveBack is called for what a message did not live to meet.
func (f effect) giveBack() {
	for _, a := range f {
		a.GiveBack()
	}
}

// waits says whether the fault does nothing but delay.
func (a act) waits() bool { return a.Kind == kindLatency }
