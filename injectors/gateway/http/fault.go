// Package http stands between a client and a dependency that speaks HTTP: it forwards
// HTTP/1.1, HTTP/2 and gRPC, and lets faults affect single requests, their answers and
// the documents in these.
//
// HTTP/1.1 is read just closely enough to know where messages begin and end, and its
// bytes are passed on as they came. Each client connection has one upstream connection
// of its own, so whatever ends one ends the other in the same way, and nothing that a
// pool would do (retries, re-dials, 502s) can hide a fault or invent one. HTTP/2 is passed
// on frame by frame in the same manner, with its headers written anew.
package http

import (
	"encoding/json"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// The types of faults on HTTP and gRPC in Toxiproxy's API.
const (
	kindError   = "http_error"
	kindLatency = "http_latency"
	kindAbort   = "http_abort"
	kindGRPC    = "grpc_error"
	kindConfig  = "http_config"
)

// Kinds lists the types that [Parse] knows.
func Kinds() []string { return []string{kindError, kindLatency, kindAbort, kindGRPC, kindConfig} }

// Schemes lists the schemes of upstreams that speak HTTP. What gRPC calls grpc is h2c, and
// grpcs is https.
func Schemes() []string { return []string{"http", "https", "h2c", "grpc", "grpcs"} }

// Encrypts reports whether upstreams with a scheme speak HTTP inside TLS.
func Encrypts(scheme string) bool { return scheme == "https" || scheme == "grpcs" }

// A Fault is a fault on HTTP requests.
type Fault = faultset.Fault[*Rule]

// A moment is when a fault acts on a request.
type moment string

const (
	before moment = "before" // the dependency never sees it
	after  moment = "after"  // the dependency has answered
	middle moment = "middle" // half of the answer's body has passed
)

// A Rule is what a fault does, and to which requests.
type Rule struct {
	filter   filter
	when     moment
	answer   *answer        // of http_error
	status   *grpcStatus    // of grpc_error
	mutation *documentFault // of http_config
}

// Parse reads a fault from a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request.
func Parse(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
	return faultset.Read(kind, share, attributes, func(a injectors.Attributes) (*Rule, error) {
		r := &Rule{when: moment(a.Text("when")), filter: newFilter(a.Group("match"))}
		switch kind {
		case kindError:
			r.answer = newAnswer(a)
		case kindGRPC:
			r.status = newGRPCStatus(a)
			r.filter.onlyGRPC = true
		case kindConfig:
			var err error
			if r.mutation, err = newDocumentFault(a); err != nil {
				return nil, err
			}
		}
		return r, nil
	})
}

// Continue makes the rule go on from the one that it replaces: what has become of
// documents is remembered.
func (r *Rule) Continue(old *Rule) {
	if r.mutation != nil && old.mutation != nil {
		r.mutation.record = old.mutation.record.handOver()
	}
}
