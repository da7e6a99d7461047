package journey

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/sampling"
)

// The headers of W3C Trace Context.
const (
	traceParent = "traceparent"
	traceState  = "tracestate"
)

// A traceContext is the trace of one journey: each request of it is a span, and all of
// them are sampled. Its ids depend on the journey's seed alone.
type traceContext struct {
	numbers rand.PCG
	id      [32]byte // hexadecimal digits
}

// begin begins the trace of another journey. It draws from a stream of its own, so that
// other values of the journey are the same with and without it.
func (t *traceContext) begin(seed Seed) {
	t.numbers.Seed(seed.UUIDs, sampling.Draw(seed.Number, traceStream, 1))
	t.draw(t.id[:16])
	t.draw(t.id[16:])
}

const traceStream = 1

// draw writes the digits of a random number that is not zero, which W3C takes for none.
func (t *traceContext) draw(digits []byte) {
	number := t.numbers.Uint64()
	for number == 0 {
		number = t.numbers.Uint64()
	}
	var raw [8]byte
	for i := range raw {
		raw[i] = byte(number >> (56 - 8*i))
	}
	hex.Encode(digits, raw[:])
}

// next returns the header of another span.
func (t *traceContext) next() string {
	var text [55]byte
	copy(text[:], "00-")
	copy(text[3:], t.id[:])
	text[35] = '-'
	t.draw(text[36:52])
	copy(text[52:], "-01") // sampled
	return string(text[:])
}

// traced decides which headers of a trace a step gets. What the document says wins: a
// trace of its own is another's, and has the state that the document gives it.
func (s *step) traced() {
	has := func(name string) bool {
		return slices.ContainsFunc(s.headers, func(h header) bool { return strings.EqualFold(h.name, name) })
	}
	s.parent = !has(traceParent)
	s.state = s.parent && !has(traceState)
}

// stateOf says in a trace which arm the journey is of.
func stateOf(arm plan.Arm) experiments.Field {
	return experiments.Field{Name: traceState, Value: "blastgauge=" + arm.String()}
}

// traced returns the headers of a request of a step with those of another span. It leaves
// the slice as it is, which other requests of the step have as well.
func (e *Execution) traced(s *step, headers []experiments.Field) []experiments.Field {
	if !s.parent {
		return headers
	}
	list := e.sending[:0]
	if len(e.answer.hops) > 0 { // the first request of the step is still to be told of
		list = make([]experiments.Field, 0, len(headers)+2)
	}
	list = append(append(list, headers...), experiments.Field{Name: traceParent, Value: e.traces.next()})
	if s.state {
		list = append(list, e.script.traceState)
	}
	if len(e.answer.hops) == 0 {
		e.sending = list
	}
	return list
}

// traceID returns the id of the journey's trace, where a step has sent it.
func (e *Execution) traceID(s *step) string {
	if !s.parent {
		return ""
	}
	return string(e.traces.id[:])
}
