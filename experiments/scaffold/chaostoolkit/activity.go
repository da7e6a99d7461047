package chaostoolkit

import (
	"fmt"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// An activity is a probe or an action.
type activity struct {
	node     shape.Node
	name     string
	kind     string // "probe" or "action"
	provider shape.Node
	via      string // the type of its provider
	call     *call  // what it asks of a Toxiproxy; nil: nothing
	before   time.Duration
	after    time.Duration
	step     string // of the journey, that asks it; empty: none
}

// maxActivities is how many probes and actions a part of an experiment may have.
const maxActivities = 500

// activities reads a list of probes and actions.
func (r *reader) activities(list shape.Node) (out []activity) {
	if list.Kind() != shape.Sequence {
		r.d.FailKind(list, "a list of probes and actions is needed here")
		return nil
	}
	for i, n := range list.Items() {
		if i == maxActivities {
			r.d.Fail(n, shape.Diagnostic{Msg: fmt.Sprintf("more than %d probes and actions", maxActivities), Hint: "split the experiment"})
			return nil
		}
		if a, ok := r.activity(n); ok {
			out = append(out, a)
		}
	}
	return out
}

// activity reads one of them. One that only refers to another is that one, at its own line.
func (r *reader) activity(n shape.Node) (a activity, ok bool) {
	if n.Kind() != shape.Mapping {
		r.d.FailKind(n, "a probe or an action is a mapping (key: value)")
		return a, false
	}
	if name := textOf(n, "ref"); name != "" {
		known := r.probes[name]
		if known == nil {
			r.leave(n, "ref "+name, "nothing before it has this name")
			return a, false
		}
		a = *known
		a.node = n
		return a, true
	}
	a = activity{node: n, name: line(textOf(n, "name")), kind: textOf(n, "type")}
	if a.name == "" {
		a.name = "line " + strconv.Itoa(n.Line())
	}
	a.provider, ok = n.Lookup("provider")
	if !ok || a.provider.Kind() != shape.Mapping {
		r.d.Fail(n, shape.Diagnostic{Msg: fmt.Sprintf("%s has no provider", a.name), Hint: "it says what is done: provider: {type: http, url: ...}"})
		return a, false
	}
	a.via = textOf(a.provider, "type")
	if pauses, ok := n.Lookup("pauses"); ok {
		a.before, a.after = r.pause(pauses, "before"), r.pause(pauses, "after")
	}
	a.call = r.callOf(a)
	if a.kind == "probe" && r.probes[a.name] == nil {
		r.probes[a.name] = &a
	}
	return a, true
}

// maxPause is the longest pause that is taken over.
const maxPause = time.Hour

// pause reads a pause in seconds.
func (r *reader) pause(pauses shape.Node, key string) time.Duration {
	n, ok := pauses.Lookup(key)
	if !ok {
		return 0
	}
	text, known := shown(r.expand(textOf(pauses, key)))
	seconds, err := strconv.ParseFloat(text, 64)
	if !known || err != nil || !(seconds >= 0 && seconds <= maxPause.Seconds()) {
		r.leave(n, "pause", "it is no number of seconds from 0 to 3600 that is known before a run")
		return 0
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

// says names what an activity does, for comments.
func (a activity) says() string {
	switch a.via {
	case "python":
		return fmt.Sprintf("%s %s (%s.%s)", a.kind, a.name, textOf(a.provider, "module"), textOf(a.provider, "func"))
	case "process":
		return fmt.Sprintf("%s %s (process %s)", a.kind, a.name, textOf(a.provider, "path"))
	}
	return fmt.Sprintf("%s %s (%s)", a.kind, a.name, a.via)
}

// why says why an activity has no twin, and what may take its place.
func (a activity) why() string {
	switch {
	case a.via == "http" && a.kind == "action":
		return "a run sends no request of its own; inject: command runs programs that do and undo something"
	case a.via == "http":
		return "without a tolerance it finds nothing"
	case a.kind == "action":
		return "it is no toxic; inject: command runs programs that do and undo something"
	}
	return "only HTTP probes are asked; an invariant asks a database or runs a program"
}
