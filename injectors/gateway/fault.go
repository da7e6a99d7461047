package gateway

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/postgres"
	"github.com/blastgauge/blastgauge/injectors/gateway/redis"
)

// The wire types of faults on HTTP and gRPC.
const (
	kindError   = "http_error"
	kindLatency = "http_latency"
	kindAbort   = "http_abort"
	kindGRPC    = "grpc_error"
	kindConfig  = "http_config"
)

// A Fault is one message-level fault, ready to be put into force. What it does
// never changes; what it has done is counted.
type Fault = faultset.Fault

// Counts are requests, commands or statements.
type Counts = faultset.Counts

// A family is the kinds of fault that act on one protocol.
type family struct {
	kinds   []string
	schemes []string
	parse   func(kind string, share float64, attributes json.RawMessage) (*Fault, error)
}

func families() []family {
	return []family{
		{[]string{kindError, kindLatency, kindAbort, kindGRPC, kindConfig}, []string{"http", "https", "h2c", "grpc"}, parse},
		{redis.Kinds(), redis.Schemes(), redis.Parse},
		{postgres.Kinds(), postgres.Schemes(), postgres.Parse},
	}
}

// Kinds are the wire types that [Parse] knows.
func Kinds() []string {
	var list []string
	for _, f := range families() {
		list = append(list, f.kinds...)
	}
	return list
}

// Schemes are the upstream schemes that get a gateway.
func Schemes() []string {
	var list []string
	for _, f := range families() {
		list = append(list, f.schemes...)
	}
	return list
}

// SchemesOf are those of the upstreams that a kind of fault acts on.
func SchemesOf(kind string) []string {
	for _, f := range families() {
		if slices.Contains(f.kinds, kind) {
			return f.schemes
		}
	}
	return nil
}

// Parse reads a fault as a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request. No attributes are an empty
// object.
func Parse(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
	for _, f := range families() {
		if slices.Contains(f.kinds, kind) {
			return f.parse(kind, share, attributes)
		}
	}
	return nil, fmt.Errorf("no message-level fault is called %q", kind)
}

// A moment says when a fault acts on a request.
type moment string

const (
	before moment = "before" // the dependency never sees it
	after  moment = "after"  // the dependency has answered
	middle moment = "middle" // half of the answer's body has passed
)

// A rule is what a fault on HTTP or gRPC does, and to which requests.
type rule struct {
	match  matcher
	when   moment
	answer *answer     // of http_error
	status *grpcStatus // of grpc_error
	config *config     // of http_config
}

// Continue makes the rule go on from the one that it replaces.
func (r *rule) Continue(old any) {
	if before, ok := old.(*rule); ok && r.config != nil && before.config != nil {
		r.config.record = before.config.record.again()
	}
}

// parse is Parse for HTTP and gRPC.
func parse(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
	f, in, err := faultset.ReadKind(kind, share, attributes)
	if err != nil {
		return nil, err
	}
	r := &rule{}
	switch kind {
	case kindError:
		r.readError(f, in)
	case kindLatency:
		r.readLatency(f, in)
	case kindAbort:
		f.Attributes = abortAttributes{r.readCommon(f, in, before, after, middle)}
	case kindGRPC:
		r.readGRPC(f, in)
	case kindConfig:
		r.readConfig(f, in)
	}
	f.Rule = r
	return f, in.Done()
}
