package injectorset

import (
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// NewDriver makes the driver of a system's Toxiproxy. Its token is where token says,
// see [toxiproxy.ReadToken]. When the lease on the server is lost, lost is called
// if it is not nil.
func NewDriver(s *experiments.System, token string, getenv func(string) (string, bool), lost func(error)) (*toxiproxy.Driver, error) {
	secret, err := toxiproxy.ReadToken(token, getenv)
	if err != nil {
		return nil, err
	}
	return toxiproxy.New(toxiproxy.Options{URL: s.Toxiproxy, Token: secret, Dial: hosts.Dialer{Policy: s.Hosts()}.DialContext, Lost: lost}), nil
}
