package prometheus

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A reader reads the series of one kind of journey.
type reader struct {
	experiments.MeasuredJourney
}

// read returns the series of a journey in the time before a moment. The total comes first:
// what is read after it is at least as new.
func (r reader) read(ctx context.Context, c *client, at time.Time, before time.Duration) ([]series, error) {
	list, err := r.readRole(ctx, c, total, r.Total, at, before)
	if err != nil {
		return nil, err
	}
	more, err := r.readRole(ctx, c, harmed, r.Harmed, at, before)
	if err != nil {
		return nil, err
	}
	list = append(list, more...)
	if r.Duration == nil {
		return list, nil
	}
	more, err = r.readRole(ctx, c, bucket, r.Duration.Histogram, at, before)
	return append(list, more...), err
}

func (r reader) readRole(ctx context.Context, c *client, as role, selector string, at time.Time, before time.Duration) ([]series, error) {
	found, err := c.samples(ctx, selector, at, before)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", selector, err)
	}
	list := make([]series, 0, len(found))
	for i := range found {
		s := series{name: found[i].name, target: found[i].target(), role: as, samples: found[i].samples, labels: found[i].labels}
		var ofArm bool
		s.arm, ofArm = r.armOf(&found[i])
		if s.armless = !ofArm && as != total && found[i].label(r.Arm.Label) == ""; !ofArm && !s.armless {
			continue
		}
		if as == bucket {
			var ok bool
			if s.edge, ok = found[i].edge(); !ok {
				return nil, fmt.Errorf("%s: %s has no label le: it is no bucket of a classic histogram", selector, s.name)
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// armOf is the arm of a series; false where it is of none.
func (r reader) armOf(l *labelled) (plan.Arm, bool) {
	if r.Arm == nil {
		return plan.FaultArm, true
	}
	switch l.label(r.Arm.Label) {
	case r.Arm.Fault:
		return plan.FaultArm, true
	case r.Arm.Control:
		return plan.ControlArm, true
	}
	return 0, false
}
