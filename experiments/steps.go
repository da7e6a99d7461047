package experiments

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// What a journey gets where its document does not say.
const (
	DefaultSlowAfter = 3 * time.Second
	DefaultTimeout   = 10 * time.Second
)

// A journeyShape is a journey: its own fields, and rules about its steps.
func journeyShape(j *Journey) shape {
	return ruled{always: true, rule: j.check, shape: fields{
		{name: "rate", doc: "journeys per second or minute over both arms, such as 40/s", shape: over(rate, "0/s")(&j.Rate), required: true},
		{name: "slow_after", doc: "budget of the whole journey; beyond it the journey counts as slow; 3s by default",
			shape: over(duration, "0s")(&j.SlowAfter)},
		{name: "timeout", doc: "a journey that takes longer has failed; 10s by default", shape: over(duration, "0s")(&j.Timeout)},
		{name: "steps", doc: "the requests of the journey, in order", required: true,
			shape: list[Step]{to: &j.Steps, item: stepShape, least: 1, most: 200}},
	}}
}

func (j *Journey) check(d *decoder, n *yaml.Node, at string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	j.budgets(d, at)
	names := map[string]bool{}
	for i, s := range j.Steps {
		path := fmt.Sprintf("%s.steps[%d]", at, i)
		if s.Name != "" && names[s.Name] {
			d.fail(d.at(path+".name"), complaint{msg: "another step of this journey is named " + strconv.Quote(s.Name)})
		}
		names[s.Name] = true
		if s.Timeout > j.Timeout && j.Timeout > 0 {
			d.fail(d.at(path+".timeout"), complaint{msg: fmt.Sprintf("a step cannot take longer than its journey's timeout of %s", short(j.Timeout))})
		}
	}
	j.variables(d, at)
}

// budgets applies the defaults and compares the journey's two times.
func (j *Journey) budgets(d *decoder, at string) {
	slow, late := "", ""
	if !d.given(at + ".slow_after") {
		j.SlowAfter, slow = DefaultSlowAfter, ", the default"
	}
	if !d.given(at + ".timeout") {
		j.Timeout, late = DefaultTimeout, ", the default"
	}
	if j.SlowAfter <= j.Timeout || j.SlowAfter == 0 || j.Timeout == 0 {
		return
	}
	place := d.at(at + ".slow_after")
	if slow != "" {
		place = d.at(at + ".timeout")
	}
	d.fail(place, complaint{msg: fmt.Sprintf("slow_after (%s%s) is more than timeout (%s%s): no journey could be slow", short(j.SlowAfter), slow, short(j.Timeout), late)})
}

// variables checks that every variable is captured before it is used.
func (j *Journey) variables(d *decoder, at string) {
	captured := map[string]bool{}
	later := map[string]string{}
	for _, s := range j.Steps {
		for _, c := range s.Captures {
			if later[c.Name] == "" {
				later[c.Name] = s.Name
			}
		}
	}
	for i, s := range j.Steps {
		for _, u := range d.usesAt[fmt.Sprintf("%s.steps[%d]", at, i)] {
			d.uncaptured(u, captured, later)
		}
		for _, c := range s.Captures {
			captured[c.Name] = true
		}
	}
}

// uncaptured notes the variables of a text that are not known where it is
// used; later tells which step captures them too late.
func (d *decoder) uncaptured(u use, captured map[string]bool, later map[string]string) {
	for _, p := range u.text.Captured() {
		if captured[p.Name] || d.full() {
			continue
		}
		c := complaint{from: p.From, to: p.To, near: p.Name}
		if step, ok := later[p.Name]; ok {
			c.msg = fmt.Sprintf("${%s} is captured too late: by step %q", p.Name, step)
		} else {
			c.msg = fmt.Sprintf("${%s} is not captured by an earlier step", p.Name)
			c.among = Builtins()
			for name := range captured {
				c.among = append(c.among, name)
			}
		}
		d.fail(u.node, c)
	}
}

// stepShape is a request and what it must return.
func stepShape(s *Step) shape {
	f := fields{{name: "name", doc: "what reports call the step", shape: id(&s.Name), required: true}}
	f = append(f, requestFields(&s.Request, false)...)
	f = append(f, fields{
		{name: "expect", doc: "what the answer must be; any status 200 to 299 where nothing is said", shape: expectShape(&s.Expect)},
		{name: "capture", doc: "values of the answer that later steps use as ${name}", shape: captures(&s.Captures)},
		{name: "timeout", doc: "a step that takes longer has failed; by default what is left of the journey's", shape: over(duration, "0s")(&s.Timeout)},
		{name: "slow_after", doc: "budget of this step; beyond it the journey counts as slow", shape: over(duration, "0s")(&s.SlowAfter)},
		{name: "poll", doc: "repeat the step until its expectation is met", shape: optional[Poll]{&s.Poll, pollShape}},
		{name: "needs", doc: "the dependencies that the system calls for this step, so that reports can tell harm that spread to journeys without need of one",
			shape: list[string]{to: &s.Needs, item: func(to *string) shape { return id(to) }, least: 1, most: 50}},
	}...)
	return collecting{ruled{always: true, shape: f, also: object{"allOf": noTwoBodies()}, rule: func(d *decoder, n *yaml.Node, at string) {
		oneBody(d, at)
		if s.Timeout > 0 && s.SlowAfter > s.Timeout {
			d.fail(d.at(at+".slow_after"), complaint{msg: fmt.Sprintf("slow_after is more than the step's timeout of %s", short(s.Timeout))})
		}
	}}}
}

func pollShape(p *Poll) shape {
	return ruled{shape: fields{
		{name: "every", doc: "pause between attempts, such as 200ms", shape: over(duration, "0s")(&p.Every), required: true},
		{name: "for", doc: "time after which the step has failed, such as 5s", shape: over(duration, "0s")(&p.For), required: true},
	}, rule: func(d *decoder, n *yaml.Node, at string) {
		if p.Every > p.For {
			d.fail(d.at(at+".every"), complaint{msg: fmt.Sprintf("every (%s) is more than for (%s): the step would never be repeated", short(p.Every), short(p.For))})
		}
	}}
}

// A collecting shape keeps the texts with variables that were read inside it.
type collecting struct{ shape }

func (c collecting) read(d *decoder, n *yaml.Node, at string) {
	before := len(d.uses)
	c.shape.read(d, n, at)
	d.usesAt[at] = slices.Clone(d.uses[before:])
}
