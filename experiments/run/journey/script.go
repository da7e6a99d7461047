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
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Facts are what requests may refer to that is known before they are sent.
type Facts struct {
	Run     string                           // ${run}
	Arm     plan.Arm                         // ${arm}
	Started time.Time                        // ${started}: when the experiment did
	Env     func(name string) (string, bool) // ${env:NAME}; nil: nothing is set
}

// A Script is a list of steps made ready to be sent many times: texts, paths
// and expressions are taken apart, facts and ${env:…} are filled in. It is safe
// for concurrent use.
type Script struct {
	calls   []call
	slots   int
	secrets *strings.Replacer // in everything that is told about a step; nil: there are none
}

// A call is one step made ready.
type call struct {
	name     string
	method   string
	target   text
	headers  []header
	still    []experiments.Field // the headers, where none holds a variable
	body     text
	statuses []int
	checks   []check
	captures []capture
	decodes  bool // something looks into the answer's JSON
	cookies  bool // an earlier or later step may need the cookies
	timeout  time.Duration
	slow     time.Duration
	poll     *experiments.Poll
}

type header struct {
	name  string
	value text
}

// A capture keeps a value of an answer.
type capture struct {
	experiments.Capture
	slot  int
	path  jsonpath.Path
	match *regexp.Regexp
}

// A scope is what is known while a script is compiled.
type scope struct {
	Facts
	slots   map[string]int    // by name of a captured value
	secrets map[string]string // name of an environment variable by its value
}

// Compile makes steps ready. The error names the step and what is wrong with
// it, among others ${env:NAME} that is not set.
func Compile(steps []experiments.Step, f Facts) (*Script, error) {
	s := &scope{Facts: f, slots: map[string]int{}, secrets: map[string]string{}}
	script := &Script{}
	for _, step := range steps {
		c, err := s.call(step)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
		c.cookies = len(steps) > 1 || c.poll != nil
		script.calls = append(script.calls, c)
	}
	script.slots, script.secrets = len(s.slots), s.redactor()
	return script, nil
}

func (s *scope) started() string { return s.Started.UTC().Format(time.RFC3339Nano) }

func (s *scope) env(name string) (string, error) {
	value, ok := "", false
	if s.Env != nil {
		value, ok = s.Env(name)
	}
	if !ok {
		return "", fmt.Errorf("${env:%s}: the environment variable is not set", name)
	}
	if value != "" {
		s.secrets[value] = name
	}
	return value, nil
}

// redactor puts names in the place of secrets, also where they are written as
// JSON or form data. Longer ones come first: a secret may begin with another.
func (s *scope) redactor() *strings.Replacer {
	if len(s.secrets) == 0 {
		return nil
	}
	name := map[string]string{}
	for value, n := range s.secrets {
		for _, f := range []form{asText, inJSON, asQuery} {
			name[string(write(nil, value, f))] = n
		}
	}
	values := slices.SortedFunc(maps.Keys(name), func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, v := range values {
		pairs = append(pairs, v, "${env:"+name[v]+"}")
	}
	return strings.NewReplacer(pairs...)
}

// Clean takes the secrets out of a text that a step led to.
func (s *Script) Clean(text string) string {
	if s.secrets == nil {
		return text
	}
	return s.secrets.Replace(text)
}

func (s *scope) call(step experiments.Step) (call, error) {
	c := call{name: step.Name, method: step.Request.Method, statuses: step.Expect.Status, timeout: step.Timeout, slow: step.SlowAfter, poll: step.Poll}
	if c.method == "" {
		c.method = "GET"
	}
	var err error
	if c.target, err = s.text(step.Request.Target, asText); err != nil {
		return call{}, err
	}
	if err := s.body(&c, step.Request); err != nil {
		return call{}, err
	}
	if err := s.headers(&c, step.Request.Headers); err != nil {
		return call{}, err
	}
	for of, list := range [][]experiments.Check{ofJSON: step.Expect.JSON, ofHeader: step.Expect.Header, ofBody: step.Expect.Body} {
		for _, expected := range list {
			ready, err := s.check(part(of), expected)
			if err != nil {
				return call{}, err
			}
			c.checks = append(c.checks, ready)
			c.decodes = c.decodes || ready.of == ofJSON
		}
	}
	return c, s.captures(&c, step.Captures)
}

func (s *scope) body(c *call, r experiments.Request) (err error) {
	kind := ""
	switch {
	case r.HasJSON || r.JSON != nil:
		kind = "application/json"
		c.body, err = s.json(nil, r.JSON)
	case len(r.Form) > 0:
		kind = "application/x-www-form-urlencoded"
		for i, f := range r.Form {
			value, err := s.text(f.Value, asQuery)
			if err != nil {
				return err
			}
			c.body = join(c.body, piece{literal: strings.Repeat("&", min(i, 1)) + string(write(nil, f.Name, asQuery)) + "="})
			for _, p := range value {
				c.body = join(c.body, p)
			}
		}
	case r.Body != "":
		c.body, err = s.text(r.Body, asText)
	}
	given := slices.ContainsFunc(r.Headers, func(f experiments.Field) bool { return strings.EqualFold(f.Name, "Content-Type") })
	if kind != "" && !given {
		c.headers = append(c.headers, header{"Content-Type", text{{literal: kind}}})
	}
	return err
}

func (s *scope) headers(c *call, list []experiments.Field) error {
	for _, f := range list {
		value, err := s.text(f.Value, asText)
		if err != nil {
			return err
		}
		c.headers = append(c.headers, header{f.Name, value})
	}
	still := make([]experiments.Field, 0, len(c.headers))
	for _, h := range c.headers {
		if value, ok := h.value.fixed(); ok {
			still = append(still, experiments.Field{Name: h.name, Value: value})
		}
	}
	if len(still) == len(c.headers) {
		c.still = still
	}
	return nil
}

func (s *scope) captures(c *call, list []experiments.Capture) error {
	for _, of := range list {
		ready := capture{Capture: of}
		var err error
		switch of.From {
		case experiments.FromJSON:
			c.decodes = true
			ready.path, err = jsonpath.Parse(of.Expr)
		case experiments.FromRegex:
			ready.match, err = regexp.Compile(of.Expr)
		}
		if err != nil {
			return fmt.Errorf("capture %s: %w", of.Name, err)
		}
		slot, ok := s.slots[of.Name]
		if !ok {
			slot = len(s.slots)
			s.slots[of.Name] = slot
		}
		ready.slot = slot
		c.captures = append(c.captures, ready)
	}
	return nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
