// Package journey performs what one user does: it compiles the steps of a
// journey, sends each request once, judges the answers and captures values for
// later steps.
package journey

import (
	"context"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// A Sender sends requests, each of them once.
type Sender interface {
	// Send sends req and fills in resp. The error says why there is no complete
	// answer by req.Deadline; an answer with a bad status is not an error. Send
	// may be called concurrently, and returns soon after ctx has ended.
	Send(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error
}

// SystemClient returns the options of a client that enters a system at a URL and
// marks its requests as those of a run. Absolute URLs are asked for where they say. A system
// that is measured may have no entry; then there are no others.
func SystemClient(s *experiments.System, entry, run string) httpclient.Options {
	if entry == "" {
		entry = "http://127.0.0.1:9" // the port of discard: nothing is sent there
	}
	return httpclient.Options{Base: entry, Host: s.Host, Direct: true, TLS: s.TLS, Dir: s.Resolve(""), Hosts: s.Hosts(),
		Headers: []experiments.Field{{Name: "Blastgauge-Run", Value: run}}}
}

// ArmClient returns the options of the client through which the journeys of an arm of a
// run enter a system. Tagged arms share an entry, and those of the fault arm carry the
// run's tag.
func ArmClient(s *experiments.System, run string, arm plan.Arm, tagged bool) httpclient.Options {
	entry := s.URL
	if arm == plan.ControlArm && !tagged {
		entry = s.ControlURL
	}
	o := SystemClient(s, entry, run)
	// By whatever name a system calls itself, the journeys of an arm stay in the arm.
	o.Direct, o.Names = false, []string{s.URL, s.ControlURL}
	if tagged && arm == plan.FaultArm {
		o.Headers = append(o.Headers, experiments.Field{Name: "Baggage", Value: plan.Tag + "=" + run})
	}
	return o
}
