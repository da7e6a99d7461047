package journey

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/rows"
)

// A Script is a list of steps, compiled so that they can be sent many times:
// templates, paths and expressions are parsed, and everything that is known
// beforehand is filled in. It is safe for concurrent use.
type Script struct {
	steps      []step
	slots      int // how many captured values there are
	hidden     *redact.Secrets
	traceState experiments.Field // of every step that has none of its own
	data       *rows.Table       // nil: none
	weighted   bool              // some journeys leave steps out
}

// A step is one compiled step.
type step struct {
	name         string
	method       string
	target       template
	headers      []header
	constant     []experiments.Field // the headers, where none holds a variable
	body         template
	form         form // of the body, where that is a multipart form
	statuses     []int
	expectations []expectation
	captures     []capture
	keys         jsonpath.Path // of what is wrong with an answer, see WantKeys
	decodes      bool          // an expectation or a capture needs the answer's JSON
	cookies      bool          // an earlier or later request may need the cookies
	timeout      time.Duration
	slowAfter    time.Duration
	poll         *experiments.Poll
	follow       int               // redirects
	parent       bool              // it carries the trace of the journey
	state        bool              // and the state of that
	pause        experiments.Pause // before it
	weight       experiments.Weight
}

type header struct {
	name  string
	value template
}

// A capture keeps a value of an answer for later steps.
type capture struct {
	experiments.Capture
	slot  int
	path  jsonpath.Path
	match *regexp.Regexp
}

// A compiler holds what is known while a script is compiled.
type compiler struct {
	Facts
	slots  map[string]int // by name of a captured value
	hidden *redact.Secrets
}

// Compile compiles steps. The error names the step and what is wrong with it,
// for instance that ${env:NAME} is not set.
func Compile(steps []experiments.Step, f Facts) (*Script, error) {
	c := &compiler{Facts: f, slots: map[string]int{}, hidden: &redact.Secrets{}}
	c.hidden.HideAll(f.Secrets)
	script := &Script{hidden: c.hidden, data: f.Data, traceState: stateOf(f.Arm)}
	for _, source := range steps {
		s, err := c.compileStep(source)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", source.Name, err)
		}
		s.cookies = len(steps) > 1 || s.poll != nil || s.follow > 0
		if f.Traced {
			s.traced()
		}
		script.steps, script.weighted = append(script.steps, s), script.weighted || s.weight > 0
	}
	script.slots = len(c.slots)
	return script, nil
}

// Secrets are what a text that comes from a request or an answer must not show: the
// values of environment variables that the script uses. Those of a row of data are in
// what a journey says alone, as there may be too many to look for all of them.
func (s *Script) Secrets() *redact.Secrets { return s.hidden }

// WantKeys makes the first step look for values in an answer that is not as expected.
func (s *Script) WantKeys(keys jsonpath.Path) {
	s.steps[0].keys, s.steps[0].decodes = keys, true
}

// Len returns the number of steps.
func (s *Script) Len() int { return len(s.steps) }

func (c *compiler) compileStep(source experiments.Step) (step, error) {
	s := step{name: source.Name, method: source.Request.Method, statuses: source.Expect.Status, timeout: source.Timeout, slowAfter: source.SlowAfter, poll: source.Poll, follow: source.Follow, pause: source.Pause, weight: source.Weight}
	if s.method == "" {
		s.method = "GET"
	}
	var err error
	if s.target, err = c.compileTarget(source.Request.Target); err != nil {
		return step{}, err
	}
	if err := c.compileBody(&s, source.Request); err != nil {
		return step{}, err
	}
	if err := c.compileHeaders(&s, source.Request.Headers); err != nil {
		return step{}, err
	}
	for where, list := range [][]experiments.Check{ofJSON: source.Expect.JSON, ofHeader: source.Expect.Header, ofBody: source.Expect.Body} {
		for _, check := range list {
			x, err := c.compileExpectation(subject(where), check)
			if err != nil {
				return step{}, err
			}
			s.expectations = append(s.expectations, x)
			s.decodes = s.decodes || x.of == ofJSON
		}
	}
	return s, c.compileCaptures(&s, source.Captures)
}

const contentType = "Content-Type"

func (c *compiler) compileBody(s *step, r experiments.Request) error {
	given := ""
	if i := slices.IndexFunc(r.Headers, func(f experiments.Field) bool { return strings.EqualFold(f.Name, contentType) }); i >= 0 {
		given = r.Headers[i].Value
	}
	var usual template // Content-Type where the document has none
	var err error
	switch {
	case r.HasJSON || r.JSON != nil:
		usual = template{{literal: "application/json"}}
		s.body, err = c.appendJSONTemplate(nil, r.JSON)
	case len(r.Form) > 0:
		usual = template{{literal: "application/x-www-form-urlencoded"}}
		s.body, err = c.compileForm(r.Form)
	case len(r.Multipart) > 0:
		usual = s.multipartHeader(given)
		err = c.compileMultipart(s, r.Multipart, given)
	case r.File != nil:
		usual = template{{literal: r.File.Type}}
		err = c.compileFileBody(s, r.File)
	case r.Body != "":
		usual = template{{literal: "text/plain; charset=utf-8"}}
		kind := given
		if kind == "" {
			kind = usual[0].literal
		}
		s.body, err = c.compileBodyText(r.Body, kind)
	}
	if usual != nil && (given == "" || len(r.Multipart) > 0) {
		s.headers = append(s.headers, header{contentType, usual})
	}
	return err
}

func (c *compiler) compileForm(fields []experiments.Field) (template, error) {
	var form template
	for i, f := range fields {
		value, err := c.compileText(f.Value, inForm)
		if err != nil {
			return nil, err
		}
		form = form.append(segment{literal: strings.Repeat("&", min(i, 1)) + string(encode(nil, f.Name, inForm)) + "="})
		form = form.append(value...)
	}
	return form, nil
}

// compileHeaders compiles the headers of a step whose body is compiled: a Content-Type
// that the body has added is the one.
func (c *compiler) compileHeaders(s *step, fields []experiments.Field) error {
	added := len(s.headers) > 0
	for _, f := range fields {
		if added && strings.EqualFold(f.Name, contentType) {
			continue
		}
		value, err := c.compileHeader(f.Name, f.Value)
		if err != nil {
			return err
		}
		s.headers = append(s.headers, header{f.Name, value})
	}
	constant := make([]experiments.Field, 0, len(s.headers))
	for _, h := range s.headers {
		if value, ok := h.value.constant(); ok {
			constant = append(constant, experiments.Field{Name: h.name, Value: value})
		}
	}
	if len(constant) == len(s.headers) {
		s.constant = constant
	}
	return nil
}

func (c *compiler) compileCaptures(s *step, sources []experiments.Capture) error {
	for _, source := range sources {
		compiled := capture{Capture: source}
		var err error
		switch source.From {
		case experiments.FromJSON:
			s.decodes = true
			compiled.path, err = jsonpath.Parse(source.Expr)
		case experiments.FromRegex:
			compiled.match, err = regexp.Compile(source.Expr)
		}
		if err != nil {
			return fmt.Errorf("capture %s: %w", source.Name, err)
		}
		slot, ok := c.slots[source.Name]
		if !ok {
			slot = len(c.slots)
			c.slots[source.Name] = slot
		}
		compiled.slot = slot
		s.captures = append(s.captures, compiled)
	}
	return nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
