package proxy

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// Toxic types with an implementation of blastgauge's own.
const (
	typeBandwidth = "bandwidth"
	typeLimitData = "limit_data"
	typeResetPeer = "reset_peer"
	typeTimeout   = "timeout"
	typeDown      = "down"
)

// Limits beyond which the library's arithmetic overflows: the attribute would mean
// something else, or the process would crash.
const (
	maxMillis = int64(1e12) // 31 years
	maxMicros = int64(1e15) // the same
	maxRate   = int64(1e12) // KB/s
	maxSlice  = 1 << 30     // bytes
)

// A toxic is one fault on one proxy. It does not change once it is in force: a PATCH
// makes a new one that takes over its counts.
type toxic struct {
	id                 int64 // unique within the proxy; a patched toxic keeps it
	name, kind, stream string
	direction          stream.Direction
	toxicity           float32
	impl               toxics.Toxic // also its attributes, as JSON
	buffer             int          // chunks that may wait in front of it
	run                string       // the run with whose lease it ends; empty: none
	counts             *toxicCounts
	message            *gateway.Fault // of a message-level toxic, which has no impl and no counts here
}

func (t *toxic) view() toxicView {
	v := toxicView{
		Attributes: t.impl, Name: t.name, Type: t.kind, Stream: t.stream, Toxicity: t.toxicity, direction: t.direction,
		Extras: toxicExtras{Run: t.run},
	}
	if t.message != nil {
		c := t.message.Counts()
		v.Attributes = t.message.Attributes
		v.Extras.Met, v.Extras.Of, v.Extras.Seen = c.Affected, c.Matched, c.Seen
		v.Extras.Record, v.Extras.Missed = gateway.RecordOf(t.message), t.message.Missed()
		return v
	}
	v.Extras.Met, v.Extras.Of = t.counts.met.Load(), t.counts.of.Load()
	return v
}

// selects reports whether the toxic affects a connection with this sample, which is
// from 0 to below 1. At toxicity 0 it affects none.
func (t *toxic) selects(sample float32) bool { return sample < t.toxicity }

// affects reports whether the toxic acts on n bytes that enter it; n is 0 at the end
// of the stream. Toxics that end connections are counted when they do so.
func (t *toxic) affects(n int) bool {
	switch impl := t.impl.(type) {
	case *toxics.NoopToxic, *limitData, *resetPeer, *down:
		return false
	case *toxics.LatencyToxic:
		return n > 0 && (impl.Latency > 0 || impl.Jitter > 0)
	case *toxics.SlicerToxic:
		return n > impl.AverageSize+impl.SizeVariation || n > 0 && impl.Delay > 0
	case *toxics.SlowCloseToxic:
		return n == 0 && impl.Delay > 0
	default:
		return n > 0
	}
}

// refusesAll reports whether the toxic lets no connection be made. One that refuses a
// share of them has to see each, and resets it.
func (t *toxic) refusesAll() bool { return t.isDown() && t.toxicity >= 1 }

// isDown reports whether the toxic acts on connections as a whole, when they are
// accepted.
func (t *toxic) isDown() bool { return t.kind == typeDown }

// parseToxic reads the body of POST /proxies/{proxy}/toxics. It returns an apiError; of
// several mistakes, the one that Toxiproxy finds first: clients make a toxic that is there
// already to learn that it is, with whatever attributes. taken reports whether the proxy
// has a toxic of this name.
func parseToxic(body json.RawMessage, taken func(name string) bool) (*toxic, error) {
	in := toxicInput{Stream: "downstream"}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, errBody(err)
	}
	direction, err := stream.ParseDirection(in.Stream)
	if err != nil {
		return nil, errInvalidStream()
	}
	impl, buffer := newToxic(in.Type)
	isMessage := slices.Contains(gateway.Kinds(), in.Type)
	if impl == nil && !isMessage {
		return nil, errInvalidType()
	}
	t := &toxic{
		kind: in.Type, stream: in.Stream, direction: direction,
		toxicity: 1, impl: impl, buffer: buffer, counts: &toxicCounts{},
	}
	if err := t.setName(in); err != nil {
		return nil, err
	}
	if taken(t.name) {
		return nil, errToxicExists()
	}
	if in.Toxicity != nil {
		t.toxicity = *in.Toxicity
	}
	if isMessage {
		t.impl, t.counts = nil, nil
		return t, t.setMessage(body, in.Attributes)
	}
	if err := checkKeys(t, body, in.Attributes); err != nil {
		return nil, err
	}
	return t, t.setAttributes(in.Attributes)
}

// setName gives the toxic its name, and that of its run; where the body has none, Toxiproxy's
// and the one that is in the name.
func (t *toxic) setName(in toxicInput) error {
	t.name, t.run = cmp.Or(in.Name, t.kind+"_"+t.stream), in.Ours.Run
	if t.run == "" {
		t.run, _, _ = injectors.ParseFaultName(t.name)
	}
	return errors.Join(checkName("a toxic", t.name), checkName("a run", t.run))
}

// setMessage reads the attributes of a message-level toxic.
func (t *toxic) setMessage(body, attributes json.RawMessage) error {
	known, _ := injectors.LookupWire(t.kind)
	if err := checkOuterKeys(t.kind, body, wireNames(known)); err != nil {
		return err
	}
	f, err := gateway.Parse(t.kind, float64(t.toxicity), attributes)
	if err != nil {
		return errAttributes(t.kind, err)
	}
	t.message = f
	return nil
}

// patchedMessage is patched for message-level toxics.
func (t *toxic) patchedMessage(body json.RawMessage, in toxicInput) (*toxic, error) {
	attributes, err := mergeJSON(t.message.Attributes, in.Attributes)
	if err != nil {
		return nil, err
	}
	now := *t
	if in.Toxicity != nil {
		now.toxicity = *in.Toxicity
	}
	if err := now.setMessage(body, attributes); err != nil {
		return nil, err
	}
	now.message.Continue(t.message)
	return &now, nil
}

// mergeJSON returns an object with the keys of another one put over its own.
func mergeJSON(object any, over json.RawMessage) (json.RawMessage, error) {
	before, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	keys := map[string]json.RawMessage{}
	for _, layer := range []json.RawMessage{before, over} {
		if len(layer) == 0 {
			continue
		}
		if err := json.Unmarshal(layer, &keys); err != nil {
			return nil, errBody(err)
		}
	}
	return json.Marshal(keys)
}

// patched returns the toxic that t becomes by the body of a PATCH. What the body does
// not name stays as it was.
func (t *toxic) patched(body json.RawMessage) (*toxic, error) {
	var in toxicInput
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, errBody(err)
	}
	if t.message != nil {
		return t.patchedMessage(body, in)
	}
	if err := checkKeys(t, body, in.Attributes); err != nil {
		return nil, err
	}
	before, err := json.Marshal(t.impl)
	if err != nil {
		return nil, err
	}
	now := *t
	now.impl, _ = newToxic(t.kind)
	if in.Toxicity != nil {
		now.toxicity = *in.Toxicity
	}
	if err := json.Unmarshal(before, now.impl); err != nil {
		return nil, err
	}
	return &now, now.setAttributes(in.Attributes)
}

func (t *toxic) setAttributes(attributes json.RawMessage) error {
	if len(attributes) > 0 {
		if err := json.Unmarshal(attributes, t.impl); err != nil {
			return errBody(err)
		}
	}
	if !(t.toxicity >= 0 && t.toxicity <= 1) {
		return errRefused("toxicity must be from 0 to 1, got %v", t.toxicity)
	}
	return checkAttributes(t.impl)
}

// newToxic returns a toxic without attributes, and how many chunks may wait in front
// of it. It returns nil for an unknown type.
func newToxic(kind string) (impl toxics.Toxic, buffer int) {
	switch kind {
	case typeBandwidth:
		return &bandwidth{}, 0
	case typeLimitData:
		return &limitData{}, 0
	case typeResetPeer:
		return &resetPeer{}, 0
	case typeTimeout:
		return &timeout{}, 0
	case typeDown:
		return &down{}, 0
	}
	wrapper := &toxics.ToxicWrapper{Type: kind}
	if toxics.New(wrapper) == nil {
		return nil, 0
	}
	return wrapper.Toxic, wrapper.BufferSize
}

// checkKeys refuses unknown keys. If it ignored them, a misspelt attribute would be a
// fault that is not there.
func checkKeys(t *toxic, body, attributes json.RawMessage) error {
	known, err := attributeNames(t.impl)
	if err != nil {
		return err
	}
	if err := checkOuterKeys(t.kind, body, known); err != nil {
		return err
	}
	if keys := unknownKeys(attributes, known); len(keys) > 0 {
		if len(known) == 0 {
			return errRefused("%s has no attributes, got %q", t.kind, keys[0])
		}
		return errRefused("%s has no attribute %q; it has %s", t.kind, keys[0], strings.Join(known, ", "))
	}
	return nil
}

// checkOuterKeys refuses unknown keys beside the attributes of a toxic. Attributes that
// stand there get told where they belong.
func checkOuterKeys(kind string, body json.RawMessage, attributes []string) error {
	keys := unknownKeys(body, toxicKeys())
	if len(keys) == 0 {
		return nil
	}
	key := keys[0]
	switch {
	case contains(attributes, key):
		return errRefused("%q belongs under \"attributes\": {\"type\": %q, \"attributes\": {%[1]q: ...}}", key, kind)
	case slices.ContainsFunc(injectors.Catalogue(), func(k injectors.Kind) bool { return contains(wireNames(k), key) }):
		return errRefused("%q would belong under \"attributes\", but %s has %s", key, kind, cmp.Or(strings.Join(attributes, ", "), "none"))
	}
	return errRefused("a toxic has no %q; it has %s", key, strings.Join(toxicKeys(), ", "))
}

// wireNames lists the names that the attributes of a kind have in the API.
func wireNames(k injectors.Kind) []string {
	var names []string
	for _, a := range k.Attributes {
		names = append(names, a.Wire)
	}
	return names
}

// attributeNames lists the JSON keys of a toxic's attributes, sorted.
func attributeNames(impl toxics.Toxic) ([]string, error) {
	data, err := json.Marshal(impl)
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(keys)), nil
}

// checkAttributes refuses attributes that crash the process, block a connection for
// ever, or overflow. Useless ones, such as a latency of 0, are legal, because clients
// do send them.
func checkAttributes(impl toxics.Toxic) error {
	switch t := impl.(type) {
	case *toxics.LatencyToxic:
		return firstError(checkLimit("latency", t.Latency, maxMillis), checkLimit("jitter", t.Jitter, maxMillis))
	case *bandwidth:
		if t.Rate < 1 {
			return errRefused("bandwidth needs a rate of at least 1 KB/s, got %d; timeout stops data altogether", t.Rate)
		}
		return checkLimit("rate", t.Rate, maxRate)
	case *toxics.SlowCloseToxic:
		return checkLimit("delay", t.Delay, maxMillis)
	case *timeout:
		return checkLimit("timeout", t.Timeout, maxMillis)
	case *resetPeer:
		return checkLimit("timeout", t.Timeout, maxMillis)
	case *toxics.SlicerToxic:
		return checkSlicer(t)
	}
	return nil
}

func checkSlicer(t *toxics.SlicerToxic) error {
	switch {
	case t.AverageSize < 1 || t.AverageSize > maxSlice:
		return errRefused("slicer needs an average_size from 1 to %d bytes, got %d", maxSlice, t.AverageSize)
	case t.SizeVariation < 0 || t.SizeVariation > t.AverageSize:
		return errRefused("slicer needs a size_variation from 0 to average_size (%d), got %d", t.AverageSize, t.SizeVariation)
	}
	return checkLimit("delay", int64(t.Delay), maxMicros)
}

func checkLimit(name string, value, limit int64) error {
	if value > limit || value < -limit {
		return errRefused("%s must be at most %d, got %d", name, limit, value)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
