package gateway

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
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

func (r *rule) readError(f *Fault, in *faultset.Fields) {
	a := errorAttributes{Status: in.Whole("status", 200, 599, faultset.Required), Headers: in.Table("headers"), Body: in.Text("body")}
	a.common = r.readCommon(f, in, before, after)
	f.Attributes = a
	r.answer = newAnswer(in, a)
}

func (r *rule) readLatency(f *Fault, in *faultset.Fields) {
	var a latencyAttributes
	a.Latency, a.Jitter = in.Delay(f)
	a.common = r.readCommon(f, in, before, after)
	f.Attributes = a
}

func (r *rule) readGRPC(f *Fault, in *faultset.Fields) {
	code := readCode(in, "code")
	a := grpcAttributes{Code: codeNames()[code], Message: in.Text("message")}
	a.common = r.readCommon(f, in, before, after)
	f.Attributes = a
	r.status = &grpcStatus{code: code, message: a.Message}
	r.match.onlyGRPC = true
}

// readCommon reads what all faults on HTTP have; the first moment is the default.
func (r *rule) readCommon(f *Fault, in *faultset.Fields, moments ...moment) common {
	c := common{When: faultset.Word(in, "when", moments...), Match: readMatch(in), First: in.First(f)}
	r.when, r.match = c.When, newMatcher(c.Match)
	return c
}

func readMatch(in *faultset.Fields) *matchAttributes {
	m := &matchAttributes{}
	in.Group("match", func(inner *faultset.Fields) {
		*m = matchAttributes{
			Method: strings.ToUpper(inner.Text("method")), Path: inner.Text("path"), GRPC: inner.Text("grpc"),
			Headers: inner.Table("headers"), Baggage: inner.Table("baggage"),
		}
		m.check(inner)
	})
	if m.empty() {
		return nil
	}
	return m
}

func (m *matchAttributes) empty() bool {
	return m.Method == "" && m.Path == "" && m.GRPC == "" && len(m.Headers) == 0 && len(m.Baggage) == 0
}

// check refuses what could never match.
func (m *matchAttributes) check(in *faultset.Fields) {
	if m.Method != "" && !isToken(m.Method) {
		in.Refuse("match.method must be an HTTP method such as POST, not %q", m.Method)
	}
	if m.Path != "" && m.Path[0] != '/' && m.Path[0] != '*' {
		in.Refuse("match.path must begin with /, not %q", m.Path)
	}
	if strings.ContainsAny(m.Path, "?# ") {
		in.Refuse("match.path is about the path alone: no query, no fragment, no spaces")
	}
	if m.GRPC != "" && (m.GRPC[0] != '/' && m.GRPC[0] != '*') {
		in.Refuse("match.grpc must be /package.Service/Method, not %q", m.GRPC)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		if !isToken(name) {
			in.Refuse("match.headers: %q is no header name", name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.Baggage)) {
		if !isToken(key) {
			in.Refuse("match.baggage: %q is no baggage key", key)
		}
	}
}

// readCode reads a gRPC status by its name or its number.
func readCode(in *faultset.Fields, name string) int {
	raw, ok := in.Raw(name, "a gRPC status such as UNAVAILABLE")
	if !ok {
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
		in.Refuse("%s must be a gRPC status that is an error, such as UNAVAILABLE or 14, not %s", name, raw)
		return 0
	}
	return number
}
