package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Attributes as they stand on the wire. Durations are whole milliseconds, as
// Toxiproxy's are.
type (
	errorAttributes struct {
		Status  int64             `json:"status"`
		Headers map[string]string `json:"headers,omitempty"`
		Body    string            `json:"body,omitempty"`
		common
	}
	latencyAttributes struct {
		Latency int64 `json:"latency"` // ms
		Jitter  int64 `json:"jitter"`  // ms, either way
		common
	}
	abortAttributes struct {
		common
	}
	grpcAttributes struct {
		Code    string `json:"code"`
		Message string `json:"message,omitempty"`
		common
	}
	// common is what all message-level faults have.
	common struct {
		When  moment           `json:"when"`
		Match *matchAttributes `json:"match,omitempty"`
		First int64            `json:"first,omitempty"`
	}
	matchAttributes struct {
		Method  string            `json:"method,omitempty"`
		Path    string            `json:"path,omitempty"`
		GRPC    string            `json:"grpc,omitempty"`
		Headers map[string]string `json:"headers,omitempty"`
		Baggage map[string]string `json:"baggage,omitempty"`
	}
)

// maxMillis bounds durations: a day.
const maxMillis = 24 * 60 * 60 * 1000

func (f *Fault) readError(in *fields) {
	a := errorAttributes{Status: in.whole("status", 200, 599, required), Headers: in.table("headers"), Body: in.text("body")}
	a.common = in.common(f, before, after)
	f.attributes = a
	f.answer = newAnswer(in, a)
}

func (f *Fault) readLatency(in *fields) {
	a := latencyAttributes{Latency: in.whole("latency", 0, maxMillis, required), Jitter: in.whole("jitter", 0, maxMillis, optional)}
	if a.Jitter > a.Latency {
		in.refuse("jitter must not exceed latency")
	}
	a.common = in.common(f, before, after)
	f.attributes = a
	f.latency, f.jitter = time.Duration(a.Latency)*time.Millisecond, time.Duration(a.Jitter)*time.Millisecond
}

func (f *Fault) readAbort(in *fields) {
	f.attributes = abortAttributes{in.common(f, before, after, middle)}
}

func (f *Fault) readGRPC(in *fields) {
	code := in.code("code")
	a := grpcAttributes{Code: codeNames()[code], Message: in.text("message")}
	a.common = in.common(f, before, after)
	f.attributes = a
	f.status = &grpcStatus{code: code, message: a.Message}
	f.match.onlyGRPC = true
}

// common reads what all faults have; the first moment is the default.
func (in *fields) common(f *Fault, moments ...moment) common {
	c := common{When: moments[0]}
	if word := in.text("when"); word != "" {
		c.When = moment(word)
		if !slices.Contains(moments, c.When) {
			in.refuse("when must be %s, not %q", enumerate(moments, "or"), word)
		}
	}
	c.Match = in.match()
	c.First = in.whole("first", 0, 1<<53, optional)
	f.when, f.first, f.match = c.When, c.First, newMatcher(c.Match)
	return c
}

func (in *fields) match() *matchAttributes {
	raw, ok := in.take("match")
	if !ok {
		return nil
	}
	inner, err := newFields("match", raw)
	if err != nil {
		in.refuse("%v", err)
		return nil
	}
	m := &matchAttributes{
		Method: strings.ToUpper(inner.text("method")), Path: inner.text("path"), GRPC: inner.text("grpc"),
		Headers: inner.table("headers"), Baggage: inner.table("baggage"),
	}
	m.check(inner)
	if err := inner.done(); err != nil {
		in.refuse("%v", err)
	}
	if m.empty() {
		return nil
	}
	return m
}

func (m *matchAttributes) empty() bool {
	return m.Method == "" && m.Path == "" && m.GRPC == "" && len(m.Headers) == 0 && len(m.Baggage) == 0
}

// check refuses what could never match.
func (m *matchAttributes) check(in *fields) {
	if m.Method != "" && !isToken(m.Method) {
		in.refuse("match.method must be an HTTP method such as POST, not %q", m.Method)
	}
	if m.Path != "" && m.Path[0] != '/' && m.Path[0] != '*' {
		in.refuse("match.path must begin with /, not %q", m.Path)
	}
	if strings.ContainsAny(m.Path, "?# ") {
		in.refuse("match.path is about the path alone: no query, no fragment, no spaces")
	}
	if m.GRPC != "" && (m.GRPC[0] != '/' && m.GRPC[0] != '*') {
		in.refuse("match.grpc must be /package.Service/Method, not %q", m.GRPC)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		if !isToken(name) {
			in.refuse("match.headers: %q is no header name", name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.Baggage)) {
		if !isToken(key) {
			in.refuse("match.baggage: %q is no baggage key", key)
		}
	}
}

const (
	required = true
	optional = false
)

// fields is a JSON object that is read field by field. The first mistake counts.
type fields struct {
	of    string // the kind, or the attribute that the object is
	raw   map[string]json.RawMessage
	known []string // the fields that were asked for
	err   error
}

func newFields(of string, object json.RawMessage) (*fields, error) {
	in := &fields{of: of}
	if len(object) == 0 {
		return in, nil
	}
	if json.Unmarshal(object, &in.raw) != nil {
		return nil, fmt.Errorf("%s must be an object", attributesOf(of))
	}
	return in, nil
}

func attributesOf(of string) string {
	if of == "match" {
		return of
	}
	return "the attributes of " + of
}

func (in *fields) refuse(format string, args ...any) {
	if in.err == nil {
		in.err = fmt.Errorf(format, args...)
	}
}

// done is called when all fields have been read: any other is a mistake, and the
// first to be told, because the field that is missing may be the one misspelt.
func (in *fields) done() error {
	for _, name := range slices.Sorted(maps.Keys(in.raw)) {
		if !slices.Contains(in.known, name) {
			return fmt.Errorf("%s has no attribute %q; it has %s", in.of, name, enumerate(in.known, "and"))
		}
	}
	return in.err
}

// take gives a field that is there and not null.
func (in *fields) take(name string) (json.RawMessage, bool) {
	in.known = append(in.known, name)
	raw, ok := in.raw[name]
	return raw, ok && !bytes.Equal(raw, []byte("null"))
}

// whole reads a whole number.
func (in *fields) whole(name string, least, most int64, needed bool) int64 {
	raw, ok := in.take(name)
	if !ok {
		if needed {
			in.refuse("%s needs %s, a whole number from %d to %d", in.of, name, least, most)
		}
		return 0
	}
	var v int64
	if json.Unmarshal(raw, &v) != nil || v < least || v > most {
		in.refuse("%s must be a whole number from %d to %d, not %s", name, least, most, raw)
		return 0
	}
	return v
}

func (in *fields) text(name string) string {
	raw, ok := in.take(name)
	var v string
	if ok && json.Unmarshal(raw, &v) != nil {
		in.refuse("%s must be a text, not %s", name, raw)
	}
	return v
}

func (in *fields) table(name string) map[string]string {
	raw, ok := in.take(name)
	var v map[string]string
	if ok && json.Unmarshal(raw, &v) != nil {
		in.refuse("%s must be an object of texts, such as {\"X-Name\": \"value\"}, not %s", name, raw)
	}
	return v
}

// code reads a gRPC status by its name or its number.
func (in *fields) code(name string) int {
	raw, ok := in.take(name)
	if !ok {
		in.refuse("%s needs %s, a gRPC status such as UNAVAILABLE", in.of, name)
		return 0
	}
	var number int
	var word string
	if json.Unmarshal(raw, &number) != nil {
		number = -1
		if json.Unmarshal(raw, &word) == nil {
			number = slices.Index(codeNames(), strings.ToUpper(word))
		}
	}
	if number < 1 || number >= len(codeNames()) {
		in.refuse("%s must be a gRPC status that is an error, such as UNAVAILABLE or 14, not %s", name, raw)
		return 0
	}
	return number
}

// enumerate writes "a, b and c".
func enumerate[T ~string](words []T, last string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" " + last + " ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}
