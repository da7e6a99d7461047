package proxy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// The toxic types that are ours instead of the library's.
const (
	typeBandwidth = "bandwidth"
	typeResetPeer = "reset_peer"
	typeDown      = "down"
)

// Limits beyond which the library's arithmetic overflows, and with it the meaning
// of the attribute, or the process.
const (
	maxMillis = int64(1e12) // 31 years
	maxMicros = int64(1e15) // the same
	maxRate   = int64(1e12) // KB/s
	maxSlice  = 1 << 30     // bytes
)

// A toxic is one fault of one proxy. It does not change once it is in force: a
// PATCH makes a new one that takes over its tally.
type toxic struct {
	id                 int64 // of the proxy; a changed toxic keeps it
	name, kind, stream string
	direction          stream.Direction
	toxicity           float32
	impl               toxics.Toxic // also its attributes, as JSON
	buffer             int          // chunks that may wait in front of it
	run                string       // the run whose lease it lives by; empty: nobody's
	tally              *tally
	message            *gateway.Fault // of a message-level toxic, which has no impl
}

func (t *toxic) view() toxicView {
	v := toxicView{
		Attributes: t.impl, Name: t.name, Type: t.kind, Stream: t.stream, Toxicity: t.toxicity, direction: t.direction,
		Ours: toxicOurs{Run: t.run},
	}
	if t.message != nil {
		c := t.message.Counts()
		v.Attributes = t.message.Attributes
		v.Ours.Met, v.Ours.Of, v.Ours.Seen = c.Affected, c.Matched, c.Seen
		v.Ours.Record = gateway.RecordOf(t.message)
		return v
	}
	v.Ours.Met, v.Ours.Of = t.tally.met.Load(), t.tally.of.Load()
	return v
}

// selects says whether a connection with this draw, 0 <= draw < 1, is affected.
// Nobody is at toxicity 0.
func (t *toxic) selects(draw float32) bool { return draw < t.toxicity }

// touches says whether n bytes that enter the toxic feel it; n is 0 at the end of
// the stream. Toxics that act by ending a connection are counted when they do.
func (t *toxic) touches(n int) bool {
	switch impl := t.impl.(type) {
	case *toxics.NoopToxic, *toxics.LimitDataToxic, *resetPeer, *down:
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

// isDown says whether the toxic acts on connections as a whole, in the accept loop.
func (t *toxic) isDown() bool { return t.kind == typeDown }

// parseToxic reads a toxic as POST /proxies/{proxy}/toxics takes it. Errors are
// apiErrors, in the order in which Toxiproxy finds them.
func parseToxic(body json.RawMessage) (*toxic, error) {
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
		name: in.Name, kind: in.Type, stream: in.Stream, direction: direction,
		toxicity: 1, impl: impl, buffer: buffer, tally: &tally{},
	}
	if t.name == "" {
		t.name = t.kind + "_" + t.stream
	}
	t.run = in.Ours.Run
	if t.run == "" {
		t.run, _, _ = injectors.ParseFaultName(t.name)
	}
	if in.Toxicity != nil {
		t.toxicity = *in.Toxicity
	}
	if isMessage {
		t.impl, t.tally = nil, nil
		return t, t.setMessage(body, in.Attributes)
	}
	if err := checkKeys(t, body, in.Attributes); err != nil {
		return nil, err
	}
	return t, t.setAttributes(in.Attributes)
}

// setMessage reads the attributes of a message-level toxic.
func (t *toxic) setMessage(body, attributes json.RawMessage) error {
	for _, key := range foreignKeys(body, toxicKeys()) {
		return errRefused("a toxic has no %q; it has %s", key, strings.Join(toxicKeys(), ", "))
	}
	f, err := gateway.Parse(t.kind, float64(t.toxicity), attributes)
	if err != nil {
		return errRefused("%v", err)
	}
	t.message = f
	return nil
}

// changedMessage is changed for message-level toxics.
func (t *toxic) changedMessage(body json.RawMessage, in toxicInput) (*toxic, error) {
	attributes, err := merged(t.message.Attributes, in.Attributes)
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

// merged is an object with the keys of another put over its own.
func merged(object any, over json.RawMessage) (json.RawMessage, error) {
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

// changed reads a PATCH as the toxic that t becomes: what the body does not name
// stays as it was.
func (t *toxic) changed(body json.RawMessage) (*toxic, error) {
	var in toxicInput
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, errBody(err)
	}
	if t.message != nil {
		return t.changedMessage(body, in)
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
	return check(t.impl)
}

// newToxic makes a toxic without attributes, and says how many chunks may wait
// in front of it. It is nil when the type is not known.
func newToxic(kind string) (impl toxics.Toxic, buffer int) {
	switch kind {
	case typeBandwidth:
		return &bandwidth{}, 0
	case typeResetPeer:
		return &resetPeer{}, 0
	case typeDown:
		return &down{}, 0
	}
	wrapper := &toxics.ToxicWrapper{Type: kind}
	if toxics.New(wrapper) == nil {
		return nil, 0
	}
	return wrapper.Toxic, wrapper.BufferSize
}

// checkKeys refuses keys that would be ignored: a misspelt attribute is a fault
// that is not there.
func checkKeys(t *toxic, body, attributes json.RawMessage) error {
	known, err := attributeNames(t.impl)
	if err != nil {
		return err
	}
	for _, key := range foreignKeys(body, toxicKeys()) {
		if contains(known, key) {
			return errRefused("%q belongs under \"attributes\"", key)
		}
		return errRefused("a toxic has no %q; it has %s", key, strings.Join(toxicKeys(), ", "))
	}
	for _, key := range foreignKeys(attributes, known) {
		if len(known) == 0 {
			return errRefused("%s has no attributes, got %q", t.kind, key)
		}
		return errRefused("%s has no attribute %q; it has %s", t.kind, key, strings.Join(known, ", "))
	}
	return nil
}

// attributeNames are the keys that a toxic's attributes have in JSON, sorted.
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

// check refuses attributes that crash the process, wedge a connection for ever,
// or overflow into another meaning. Useless ones, such as a latency of 0, are
// legal: clients do send them.
func check(impl toxics.Toxic) error {
	switch t := impl.(type) {
	case *toxics.LatencyToxic:
		return firstOf(within("latency", t.Latency, maxMillis), within("jitter", t.Jitter, maxMillis))
	case *bandwidth:
		if t.Rate < 1 {
			return errRefused("bandwidth needs a rate of at least 1 KB/s, got %d; timeout stops data altogether", t.Rate)
		}
		return within("rate", t.Rate, maxRate)
	case *toxics.SlowCloseToxic:
		return within("delay", t.Delay, maxMillis)
	case *toxics.TimeoutToxic:
		return within("timeout", t.Timeout, maxMillis)
	case *resetPeer:
		return within("timeout", t.Timeout, maxMillis)
	case *toxics.SlicerToxic:
		return checkSlicer(t)
	}
	return nil
}

func checkSlicer(t *toxics.SlicerToxic) error {
	switch {
	case t.AverageSize < 1 || t.AverageSize > maxSlice:
		return errRefused("slicer needs an average_size from 1 to %d bytes, got %d", maxSlice, t.AverageSize)
	case t.SizeVariation < 0 || t.SizeVariation >= t.AverageSize:
		return errRefused("slicer needs a size_variation from 0 to less than average_size (%d), got %d", t.AverageSize, t.SizeVariation)
	}
	return within("delay", int64(t.Delay), maxMicros)
}

func within(name string, value, limit int64) error {
	if value > limit || value < -limit {
		return errRefused("%s must be at most %d, got %d", name, limit, value)
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
