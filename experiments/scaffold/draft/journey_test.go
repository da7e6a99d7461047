package draft

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

// A wrong password leads back to the form with 200: where nothing but the status is
// expected of a form or behind redirects, a draft asks for more, at whichever step.
func TestNeedsWord(t *testing.T) {
	t.Parallel()
	login := func(change func(*Step)) *Step {
		s := &Step{Follow: 5, Request: &Request{Method: "POST", Form: []*Slot{NewSlot(InForm, "email", "a@shop.test", "")}}}
		change(s)
		return s
	}
	captured := func(name string, from experiments.Source) func(*Step) {
		return func(s *Step) { s.Captures = []Capture{{Name: name, From: from}} }
	}
	noErrors := []Check{{Path: "$.errors"}}
	for name, tt := range map[string]struct {
		step   *Step
		shared []Check
		want   bool
	}{
		"a login that follows":           {login(func(*Step) {}), nil, true},
		"that expects 200":               {login(func(s *Step) { s.Status = 200 }), nil, true},
		"without follow":                 {login(func(s *Step) { s.Follow = 0 }), nil, true},
		"an upload":                      {login(func(s *Step) { s.Request.Form, s.Request.Multipart = nil, s.Request.Form }), nil, true},
		"a request without fields":       {login(func(s *Step) { s.Request.Form = nil }), nil, true},
		"neither form nor follow":        {login(func(s *Step) { s.Request.Form, s.Follow = nil, 0 }), nil, false},
		"a token of the page":            {login(captured("csrf_token", experiments.FromRegex)), nil, true},
		"a cookie":                       {login(captured("sid", experiments.FromCookie)), nil, true},
		"a token in JSON":                {login(captured("access_token", experiments.FromJSON)), nil, false},
		"an id of the page":              {login(captured("order", experiments.FromRegex)), nil, false},
		"a text is expected":             {login(func(s *Step) { s.Body = noErrors }), nil, false},
		"a header is expected":           {login(func(s *Step) { s.Headers = noErrors }), nil, false},
		"a redirect":                     {login(func(s *Step) { s.Status = 303 }), nil, false},
		"no content":                     {login(func(s *Step) { s.Status = 204 }), nil, false},
		"one of two":                     {login(func(s *Step) { s.Statuses = []int{200, 302} }), nil, true},
		"the journey expects something":  {login(func(*Step) {}), noErrors, false},
		"what the step does not hold to": {login(func(s *Step) { s.Checks = []Check{{Path: "$.errors", Any: true}} }), noErrors, true},
	} {
		last := &Step{Vague: true, Request: &Request{Method: "GET"}}
		j := &Journey{Steps: []*Step{tt.step, last}, Checks: tt.shared}
		if got := j.NeedsWord(tt.step); got != tt.want || !j.NeedsWord(last) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
