package gateway

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/http"
	"github.com/blastgauge/blastgauge/injectors/gateway/postgres"
	"github.com/blastgauge/blastgauge/injectors/gateway/redis"
)

// A Fault is one message-level fault, ready to be activated. What it does never
// changes; what it has done is counted.
type Fault struct {
	*faultset.Spec

	// One of these, which has the Spec, too:

	http     *http.Fault
	redis    *redis.Fault
	postgres *postgres.Fault
}

// Counts are numbers of requests, commands or statements.
type Counts = faultset.Counts

// A Missed is a kind of message that came and did not match a fault.
type Missed = faultset.Missed

// A Document is what became of one version of a document while a fault was active.
type Document = http.Document

// A Record is what a fault did to documents, and why it left others alone.
type Record = http.Record

// A family is the kinds of fault that act on one protocol.
type family struct {
	kinds   []string
	schemes []string
	parse   func(kind string, share float64, attributes json.RawMessage) (*Fault, error)
}

func families() []family {
	return []family{
		{http.Kinds(), http.Schemes(), parse(http.Parse, func(f *http.Fault) *Fault { return &Fault{Spec: &f.Spec, http: f} })},
		{redis.Kinds(), redis.Schemes(), parse(redis.Parse, func(f *redis.Fault) *Fault { return &Fault{Spec: &f.Spec, redis: f} })},
		{postgres.Kinds(), postgres.Schemes(), parse(postgres.Parse, func(f *postgres.Fault) *Fault { return &Fault{Spec: &f.Spec, postgres: f} })},
	}
}

// parse makes a protocol's Parse one for all protocols.
func parse[F any](one func(string, float64, json.RawMessage) (*F, error), wrap func(*F) *Fault) func(string, float64, json.RawMessage) (*Fault, error) {
	return func(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
		f, err := one(kind, share, attributes)
		if err != nil {
			return nil, err
		}
		return wrap(f), nil
	}
}

// Kinds lists the types that [Parse] knows.
func Kinds() []string {
	var list []string
	for _, f := range families() {
		list = append(list, f.kinds...)
	}
	return list
}

// Schemes lists the schemes of upstreams that get a gateway.
func Schemes() []string {
	var list []string
	for _, f := range families() {
		list = append(list, f.schemes...)
	}
	return list
}

// SchemesOf lists the schemes of the upstreams that a kind of fault acts on.
func SchemesOf(kind string) []string {
	for _, f := range families() {
		if slices.Contains(f.kinds, kind) {
			return f.schemes
		}
	}
	return nil
}

// Parse reads a fault from a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request. No attributes are an empty object.
func Parse(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
	for _, f := range families() {
		if slices.Contains(f.kinds, kind) {
			return f.parse(kind, share, attributes)
		}
	}
	return nil, fmt.Errorf("no message-level fault is called %q", kind)
}

// Continue makes the fault count on from old, which it replaces: for a change of
// attributes. It is called before the fault is activated.
func (f *Fault) Continue(old *Fault) {
	f.Spec.Continue(old.Spec)
	if f.http != nil && old.http != nil {
		f.http.Rule.Continue(old.http.Rule)
	}
}

// RecordOf returns what a fault did to documents; empty for faults that do nothing to
// them.
func RecordOf(f *Fault) Record {
	if f.http == nil {
		return Record{}
	}
	return f.http.Rule.Record()
}
