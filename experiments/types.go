// Package experiments is what users write: the two documents, their types, and
// the strict loading and validation that turn text into them.
//
// The language is described once, as shapes (shape.go): the loader and the
// JSON Schema both come from that description. Documents are read as
// go.yaml.in/yaml nodes, because only nodes know where they stand and what
// stands twice. All mistakes of all documents are gathered in one go-multierror.
package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"time"

	"github.com/blastgauge/blastgauge/injectors"
)

// A System describes the staging system under test: blastgauge.yaml.
type System struct {
	Version      int          `json:"version"`
	Name         string       `json:"system"`
	Environment  string       `json:"environment"`
	AllowHosts   []string     `json:"allow_hosts,omitempty"`
	Toxiproxy    string       `json:"toxiproxy"` // URL of a control API, or "embedded"
	URL          string       `json:"url"`       // where journeys enter; this route goes through the proxies
	ControlURL   string       `json:"control_url,omitempty"`
	Propagates   string       `json:"propagates,omitempty"` // [PropagatesBaggage], or nothing
	Host         string       `json:"host,omitempty"`       // Host header where it differs from the URL's
	TLS          *TLS         `json:"tls,omitempty"`
	Dependencies []Dependency `json:"dependencies"` // in the order of the document
	Journeys     []Journey    `json:"journeys"`     // in the order of the document
	Invariants   []Invariant  `json:"invariants,omitempty"`
	Traffic      *Traffic     `json:"traffic,omitempty"`
	Defaults     Settings     `json:"defaults"`
	Caps         Caps         `json:"caps"`
	File         string       `json:"-"` // as given; relative file names in the document are relative to its folder
	Text         string       `json:"-"` // the document, ${env:…} unexpanded
	places       places       // where each field stands, for errors found later
	outers       []outer      // the environment variables that it uses
}

// PropagatesBaggage is the value of System.Propagates for systems whose services
// pass the W3C baggage header on with every call that they make for a request.
const PropagatesBaggage = "baggage"

// Embedded is the value of System.Toxiproxy that makes blastgauge start its own
// proxies for the length of a run.
const Embedded = "embedded"

// TLS configures connections to the entry and control URLs.
type TLS struct {
	CAFile     string `json:"ca_file,omitempty"`
	ServerName string `json:"server_name,omitempty"`
}

// Criticality is what the owners of a system believe of a dependency.
type Criticality string

const (
	Hard Criticality = "hard" // the journey cannot do without it
	Soft Criticality = "soft" // the journey degrades without it
)

// A Dependency is something the system calls through a proxy.
type Dependency struct {
	Name        string      `json:"name"`
	Listen      string      `json:"listen,omitempty"`   // host:port of the proxy
	Upstream    string      `json:"upstream,omitempty"` // host:port, with or without a scheme
	Proxy       string      `json:"proxy,omitempty"`    // the proxy's name where it is not the dependency's
	Criticality Criticality `json:"criticality,omitempty"`
	Owner       string      `json:"owner,omitempty"`
}

// ProxyName is the name of the dependency's proxy on its Toxiproxy.
func (d Dependency) ProxyName() string {
	if d.Proxy != "" {
		return d.Proxy
	}
	return d.Name
}

// A Journey is what one user does, as requests in order.
type Journey struct {
	Name      string        `json:"name"`
	Rate      float64       `json:"rate"`       // journeys per second over all arms
	SlowAfter time.Duration `json:"slow_after"` // the whole journey's budget
	Timeout   time.Duration `json:"timeout"`    // of the whole journey
	Steps     []Step        `json:"steps"`
}

// A Step is one request of a journey and what it must return.
type Step struct {
	Name      string        `json:"name"`
	Request   Request       `json:"request"`
	Expect    Expect        `json:"expect"`
	Captures  []Capture     `json:"captures,omitempty"`
	Timeout   time.Duration `json:"timeout,omitempty"`    // 0: what is left of the journey's
	SlowAfter time.Duration `json:"slow_after,omitempty"` // 0: only the journey's budget counts
	Poll      *Poll         `json:"poll,omitempty"`
	// Needs are the dependencies that the system calls for this step. Where a step
	// of any journey needs one, the steps that do not are taken to do without it.
	Needs []string `json:"needs,omitempty"`
}

// A Poll repeats a step until its expectation is met.
type Poll struct {
	Every time.Duration `json:"every"`
	For   time.Duration `json:"for"`
}

// A Request is an HTTP request before its variables are filled in. All texts
// may hold ${variables}, JSON in any string inside it. At most one of JSON,
// Form and Body is set.
type Request struct {
	Method  string  `json:"method"`
	Target  string  `json:"target"` // a path below the entry URL, or an absolute URL
	Headers []Field `json:"headers,omitempty"`
	JSON    any     `json:"json,omitempty"`     // map[string]any, []any, string, json.Number, bool or nil
	HasJSON bool    `json:"has_json,omitempty"` // true where JSON is set, also to null
	Form    []Field `json:"form,omitempty"`
	Body    string  `json:"body,omitempty"`
}

// A Field is a name and a text with variables, in the order of the document.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Expect is what a response must be. A status that is not expected makes the
// step failed, any other unmet check makes it wrong.
type Expect struct {
	Status []int   `json:"status,omitempty"` // any of these; none means 200 to 299
	JSON   []Check `json:"json,omitempty"`   // Target is a JSONPath (RFC 9535)
	Header []Check `json:"header,omitempty"` // Target is a header's name
	Body   []Check `json:"body,omitempty"`   // Target is empty
}

// An Op is how a check compares.
type Op string

const (
	Eq       Op = "eq"
	Ne       Op = "ne"
	Exists   Op = "exists" // Value is true
	Absent   Op = "absent" // Value is true
	Lt       Op = "lt"
	Lte      Op = "lte"
	Gt       Op = "gt"
	Gte      Op = "gte"
	In       Op = "in"       // Value is a list
	Matches  Op = "matches"  // Value is an RE2 regular expression
	Contains Op = "contains" // body only
	Lacks    Op = "lacks"    // body only: must not contain
)

// A Check is one expectation on a part of the response.
type Check struct {
	Target string `json:"target,omitempty"`
	Op     Op     `json:"op"`
	Value  any    `json:"value"` // shape as Request.JSON; strings may hold ${variables}
}

// Source says which part of a response a capture reads.
type Source string

const (
	FromJSON   Source = "json"   // Expr is a JSONPath (RFC 9535)
	FromHeader Source = "header" // Expr is a header's name
	FromCookie Source = "cookie" // Expr is a cookie's name
	FromRegex  Source = "regex"  // Expr is an RE2 expression on the body; its first group counts, or all of it
)

// Pick says which of several captured values is taken.
type Pick string

const (
	First  Pick = "first" // the default
	Last   Pick = "last"
	Random Pick = "random"
)

// A Capture keeps a value of a response for later steps as ${Name}.
type Capture struct {
	Name string `json:"name"`
	From Source `json:"from"`
	Expr string `json:"expr"`
	Pick Pick   `json:"pick,omitempty"`
}

// An Invariant is something that must be true of the system's data, asked
// before, during and after a fault: by a request, by a query or by a command. One
// of Request.Target, SQL and Command is set.
type Invariant struct {
	Name    string  `json:"name"`
	Request Request `json:"request"` // the target is an absolute URL
	Expect  Expect  `json:"expect"`
	Keys    string  `json:"keys,omitempty"` // JSONPath of what is in violation, for the report
	// SQL is a query whose rows are violations; their first column is the key. Its
	// variables are sent as parameters. DSN is ${env:NAME}: what stands in that
	// variable is in no document.
	SQL string `json:"sql,omitempty"`
	DSN string `json:"dsn,omitempty"`
	// Command is a program and its arguments. It ends with 0 where all is well, and
	// with 1 where something is in violation: a line of output for each. Any other
	// end says nothing.
	Command []string      `json:"command,omitempty"`
	Within  time.Duration `json:"within,omitempty"` // time that asynchronous work may take to settle
}

// Settings are what a system gives as defaults and an experiment overrides.
// Nil and zero mean "not set" until plan resolves them.
type Settings struct {
	Phases     Phases      `json:"phases"`
	Limits     Limits      `json:"limits"`
	Guardrails []Guardrail `json:"guardrails,omitempty"`
	// Repeat is how often control and fault take turns where the baseline is the
	// control; 0 is once.
	Repeat int `json:"repeat,omitempty"`
}

// Phases are the lengths of an experiment's phases; negative means "not set".
type Phases struct {
	Warmup   time.Duration `json:"warmup"`
	Baseline time.Duration `json:"baseline"`
	Fault    time.Duration `json:"fault"`
	Recovery time.Duration `json:"recovery"`
}

// Unset is a phase length that was not given.
const Unset time.Duration = -1

// Limits are what a hypothesis is judged by. Shares are fractions 0 to 1.
type Limits struct {
	BlastRadius *float64           `json:"blast_radius,omitempty"`
	Recovery    *time.Duration     `json:"recovery,omitempty"`
	Baseline    *float64           `json:"baseline,omitempty"` // harmed share that makes an experiment invalid
	Journeys    map[string]float64 `json:"journeys,omitempty"` // blast radius by journey
}

// A Guardrail removes the fault at once when its condition is met. One of its
// fields is set.
type Guardrail struct {
	// BlastRadius and Failed are shares of one journey beyond the control: of those
	// harmed, and of those that failed.
	BlastRadius float64 `json:"blast_radius,omitempty"`
	Failed      float64 `json:"failed,omitempty"`
	// P99 is a duration that more than one journey in a hundred takes longer than,
	// beyond the control.
	P99   time.Duration `json:"p99,omitempty"`
	Probe *Probe        `json:"probe,omitempty"`
}

// A Probe is a question that must be answered well while a fault is in force.
type Probe struct {
	Invariant
	Every    time.Duration `json:"every"`
	Failures int           `json:"failures"` // in a row, that remove the fault
}

// What a probe gets where its document does not say.
const (
	DefaultProbeEvery    = time.Second
	DefaultProbeFailures = 3
)

// Caps are what no experiment may exceed; zero means no cap.
type Caps struct {
	BlastRadius float64       `json:"blast_radius,omitempty"`
	Duration    time.Duration `json:"duration,omitempty"`
}

// An Experiment is one hypothesis and the faults that test it.
type Experiment struct {
	Version    int                `json:"version"`
	ID         string             `json:"experiment"`
	Title      string             `json:"title"`
	Hypothesis string             `json:"hypothesis"`
	IfRefuted  string             `json:"if_refuted,omitempty"`
	Faults     []Fault            `json:"faults"`
	Settings   Settings           `json:"settings"`
	Rates      map[string]float64 `json:"rates,omitempty"` // journeys per second by journey, in place of the system's
	File       string             `json:"-"`
	Text       string             `json:"-"`
	Line       int                `json:"-"` // of `experiment:`, for annotations
	places     places
	outers     []outer
}

// A Stream is the direction of bytes that a fault acts on.
type Stream string

const (
	Downstream Stream = "downstream" // answers; the default
	Upstream   Stream = "upstream"   // requests
)

// A Fault is one thing that goes wrong. Attributes are in held form, named as in
// the catalogue.
type Fault struct {
	Inject     string               `json:"inject"`
	Into       string               `json:"into"`
	Attributes injectors.Attributes `json:"attributes,omitempty"`
	Share      float64              `json:"share"` // of connections; 1 when not given
	Stream     Stream               `json:"stream,omitempty"`
	At         time.Duration        `json:"at,omitempty"`  // after the start of the fault phase
	For        time.Duration        `json:"for,omitempty"` // 0: to the end of the fault phase
	Reload     *Reload              `json:"reload,omitempty"`
	// Body is the text of the file that an operator of bad config names. Journals
	// keep its digest: a config file may hold secrets, and may be long.
	Body       string `json:"-"`
	BodyDigest string `json:"body_digest,omitempty"`
}

// Complete are the attributes as an injector needs them: with the text of the
// file that they name.
func (f Fault) Complete() injectors.Attributes {
	operator, parameters := f.Attributes.Operator()
	if _, named := parameters[injectors.FileAttribute(operator)]; !named {
		return f.Attributes
	}
	complete, inner := maps.Clone(f.Attributes), maps.Clone(parameters)
	inner["body"] = f.Body
	complete[operator] = inner
	return complete
}

func (f *Fault) setBody(text string) {
	sum := sha256.Sum256([]byte(text))
	f.Body, f.BodyDigest = text, "sha256:"+hex.EncodeToString(sum[:])
}

// A Place is where something stands in a document, both counted from 1.
type Place struct {
	Line, Col int
}

// places holds the place of each field by its path, such as
// "journeys.checkout.steps[1].request". Each experiment and system has its own.
type places map[string]Place
