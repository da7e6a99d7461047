package injectorset

import (
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// NewFleet makes the fleet of a system's Toxiproxies. Their token is where token says, see
// [toxiproxy.ReadToken]. When the lease on a server is lost and the run has to end, lost is
// called if it is not nil.
func NewFleet(s *experiments.System, token string, getenv func(string) (string, bool), lost func(error)) (*fleet.Fleet, error) {
	secret, err := toxiproxy.ReadToken(token, getenv)
	if err != nil {
		return nil, err
	}
	return fleet.New(fleet.Options{System: s, Token: secret, Lost: lost}), nil
}
