package toxiproxy

import (
	"context"
	"errors"
	"slices"
)

// Holds reports whether a run has its lease on the server now. A server that has begun anew,
// or was out of reach for longer than a lease lasts, has it no more, and no toxic of the run.
func (d *Driver) Holds(ctx context.Context, run string) (bool, error) {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return false, err
	}
	if !ours {
		owner, err := d.leaseFor(run, ours).owner(ctx)
		return owner == run, err
	}
	var leases []leaseRequest
	if err := d.api.call(ctx, "", request{method: "GET", path: "/blastgauge/leases"}, &leases); err != nil {
		return false, err
	}
	return slices.ContainsFunc(leases, func(l leaseRequest) bool { return l.Run == run }), nil
}

// IsLost reports whether an error means that a lease was taken away: another run has the
// server, or somebody said there that the run is over.
func IsLost(err error) bool { return errors.Is(err, errLost) }
