package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// An apiError is an error in the form that Toxiproxy's clients expect in a body.
type apiError struct {
	Message string `json:"error"`
	Status  int    `json:"status"`
}

func (e *apiError) Error() string { return e.Message }

// The sentences and status codes are Toxiproxy's, because clients match on both.

func errMissing(field string) error {
	return &apiError{"missing required field: " + field, http.StatusBadRequest}
}

func errProxyNotFound() error { return &apiError{"proxy not found", http.StatusNotFound} }
func errProxyExists() error   { return &apiError{"proxy already exists", http.StatusConflict} }
func errToxicNotFound() error { return &apiError{"toxic not found", http.StatusNotFound} }
func errToxicExists() error   { return &apiError{"toxic already exists", http.StatusConflict} }
func errInvalidType() error   { return &apiError{"invalid toxic type", http.StatusBadRequest} }
func errShuttingDown() error  { return &apiError{"shutting down", http.StatusServiceUnavailable} }
func errInvalidStream() error {
	return &apiError{"stream was invalid, can be either upstream or downstream", http.StatusBadRequest}
}

func errRefused(format string, args ...any) error {
	return &apiError{fmt.Sprintf(format, args...), http.StatusBadRequest}
}

// asAPIError gives an error a status. Errors without one come from the machine, such as
// an address in use; Toxiproxy answers them with 500.
func asAPIError(err error) *apiError {
	if api, ok := errors.AsType[*apiError](err); ok {
		return api
	}
	if list, ok := errors.AsType[*ListError](err); ok {
		return &apiError{"bad request body: " + list.Err.Error(), http.StatusBadRequest}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &apiError{"request body too large", http.StatusRequestEntityTooLarge}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &apiError{"the request did not arrive in time", http.StatusRequestTimeout}
	}
	return &apiError{err.Error(), http.StatusInternalServerError}
}

// A proxyView is a proxy as the API shows it. Toxiproxy's clients ignore the last key.
type proxyView struct {
	Name     string      `json:"name"`
	Listen   string      `json:"listen"`
	Upstream string      `json:"upstream"`
	Enabled  bool        `json:"enabled"`
	Toxics   []toxicView `json:"toxics"`
	Counts   Counts      `json:"blastgauge"`

	at string // Listen with its host looked up
}

// A toxicView is a toxic as the API shows it.
type toxicView struct {
	Attributes any         `json:"attributes"`
	Name       string      `json:"name"`
	Type       string      `json:"type"`
	Stream     string      `json:"stream"`
	Toxicity   float32     `json:"toxicity"`
	Extras     toxicExtras `json:"blastgauge"`

	direction stream.Direction
}

// toxicExtras is what the API shows of a toxic beyond Toxiproxy's.
type toxicExtras struct {
	Met  int64  `json:"met"`
	Of   int64  `json:"of"`
	Seen int64  `json:"seen,omitempty"` // requests that came, of a message-level toxic
	Run  string `json:"run,omitempty"`
	// Refusing is that a down makes the port refuse: who tries to connect is not counted.
	Refusing       bool `json:"refusing,omitempty"`
	gateway.Record      // of a message-level toxic that makes config bad
	// Missed are the most frequent kinds of requests that came and did not match.
	Missed []gateway.Missed `json:"missed,omitempty"`
}

// A proxyInput is a proxy in a request. Unknown keys are ignored: clients of several
// languages send more than Toxiproxy reads.
type proxyInput struct {
	Name     string            `json:"name"`
	Listen   string            `json:"listen"`
	Upstream string            `json:"upstream"`
	Enabled  *bool             `json:"enabled"`
	Toxics   []json.RawMessage `json:"toxics"`

	at     string // Listen, once its host is looked up
	nobody error  // why nobody can listen at it; an error when the port is to be opened
}

// missing returns an error where the proxy has no name or no upstream, which says where
// they are missing.
func (in proxyInput) missing(where string) error {
	switch {
	case in.Name == "":
		return errMissing("name" + where)
	case in.Upstream == "":
		return errMissing("upstream" + where)
	}
	return nil
}

// lookUp looks up the host where the proxy is to listen. What may hold a password is looked
// up nowhere, and not told.
func (in *proxyInput) lookUp() error {
	if bad := withoutValues(in.Listen); bad != in.Listen || strings.ContainsRune(bad, '@') || strings.Contains(bad, "%40") {
		if strings.ContainsAny(bad, "@%") {
			bad = "***"
		}
		return &net.OpError{Op: "listen", Net: "tcp", Err: &net.AddrError{Err: "it is not host:port", Addr: bad}}
	}
	at, err := net.ResolveTCPAddr("tcp", in.Listen)
	if err != nil {
		return &net.OpError{Op: "listen", Net: "tcp", Err: err} // as Toxiproxy says it
	}
	in.at = at.String()
	return nil
}

// about puts a proxy's name before an error, for those who sent a list of them.
func about(proxy string, err error) error {
	api := asAPIError(err)
	return aboutError{&apiError{"proxy " + proxy + ": " + api.Message, api.Status}, err}
}

// An aboutError is told to clients of the API in its own words. Who has the server in
// this process can find out its cause.
type aboutError struct {
	*apiError
	cause error
}

func (e aboutError) Unwrap() []error { return []error{e.apiError, e.cause} }

// A discreetError is told to clients of the API in its own words, and to the log in others:
// its own may hold a value of a toxic's attributes, which may be a secret.
type discreetError struct {
	*apiError
	logged string
}

func (e discreetError) Unwrap() error { return e.apiError }

// errAttributes is the error of attributes that a kind of toxic cannot have. What is wrong
// with a number can be told to everybody.
func errAttributes(kind string, err error) error {
	told := &apiError{err.Error(), http.StatusBadRequest}
	wrong, ok := errors.AsType[*injectors.AttributeError](err)
	if !ok {
		return told
	}
	known, _ := injectors.LookupWire(kind)
	if a, ok := known.Attribute(wrong.Attribute); ok && a.Unit.Numeric() {
		return told
	}
	return discreetError{told, "attribute " + wrong.Attribute + " of " + kind + " cannot be as it is; the client was told why"}
}

// A proxyUpdate is what a request changes of a proxy. Nil: it stays as it is.
type proxyUpdate struct {
	Listen   *string `json:"listen"`
	Upstream *string `json:"upstream"`
	Enabled  *bool   `json:"enabled"`

	at string // Listen, once its host is looked up
}

// over returns the proxy that the update makes of one.
func (u proxyUpdate) over(now proxyView) proxyInput {
	in := proxyInput{Name: now.Name, Listen: now.Listen, Upstream: now.Upstream, Enabled: &now.Enabled, at: now.at}
	if u.Listen != nil {
		in.Listen, in.at = *u.Listen, u.at
	}
	if u.Upstream != nil {
		in.Upstream = *u.Upstream
	}
	if u.Enabled != nil {
		in.Enabled = u.Enabled
	}
	return in
}

// A toxicInput is a toxic in a request.
type toxicInput struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Stream     string          `json:"stream"`
	Toxicity   *float32        `json:"toxicity"`
	Attributes json.RawMessage `json:"attributes"`
	Ours       struct {
		Run string `json:"run"`
	} `json:"blastgauge"`
}

func toxicKeys() []string {
	return []string{"name", "type", "stream", "toxicity", "attributes", "blastgauge"}
}

// unknownKeys lists the keys of a JSON object that are not known. Case does not matter,
// as it does not for the decoder. It returns none for anything but an object, which
// the decoder refuses. They are sorted.
func unknownKeys(object json.RawMessage, known []string) []string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(object, &keys) != nil {
		return nil
	}
	var foreign []string
	for key := range keys {
		if !contains(known, key) {
			foreign = append(foreign, key)
		}
	}
	slices.Sort(foreign)
	return foreign
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
