package main

import (
	"context"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

const lookUpIn = 5 * time.Second // for all names of a system together

// checkAddresses looks up every host that a run connects to, and refuses a name
// that leads out of staging before anything is injected or sent. What only turns up
// later, such as a captured URL, is refused where it is dialled.
func checkAddresses(ctx context.Context, p *plan.Plan) error {
	ctx, cancel := context.WithTimeout(ctx, lookUpIn)
	defer cancel()
	dialled := p.System.Dialled()
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			dialled = append(dialled, f.Dialled()...)
		}
	}
	policy := p.System.Hosts()
	for _, host := range dialled {
		if err := policy.CheckHost(ctx, host); err != nil {
			return err
		}
	}
	return nil
}
