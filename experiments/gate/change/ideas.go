package change

import (
	"cmp"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// Distances of what is not one number in place of another; see [Neighbor].
const (
	oneStep  = 1.0
	another  = 2.0
	farthest = 1000.0
)

// An idea is an operator that may fit a value.
type idea struct {
	target     *target
	operator   string
	parameters map[string]any
	distance   float64 // what is expected
	guess      bool    // the operator knows best whether it fits: that it does not is no news
	rank       int     // among the ideas for the value, the nearest first
}

// An inventor has ideas for one value.
type inventor struct {
	target  *target
	at      time.Time
	list    []idea
	numbers []*big.Rat // that are put in place of the number
}

// ideasFor returns what may go wrong with a value, the nearest first.
func ideasFor(t *target, at time.Time) []idea {
	i := &inventor{target: t, at: at}
	switch t.value.kind {
	case edit.Number:
		i.number()
	case edit.Boolean:
		i.add("flip", oneStep, nil)
	case edit.String:
		i.text()
	case edit.List:
		i.listed()
	}
	i.pair()
	i.anything()
	slices.SortStableFunc(i.list, func(a, b idea) int { return cmp.Compare(a.distance, b.distance) })
	for n := range i.list {
		i.list[n].rank = n
	}
	return i.list
}

// add adds an idea at the target's place.
func (i *inventor) add(operator string, distance float64, parameters map[string]any) {
	all := map[string]any{"path": i.target.path()}
	maps.Copy(all, parameters)
	i.list = append(i.list, idea{target: i.target, operator: operator, parameters: all, distance: distance})
}

// guess adds an idea that only the operator can judge.
func (i *inventor) guess(operator string, distance float64, parameters map[string]any) {
	i.add(operator, distance, parameters)
	i.list[len(i.list)-1].guess = true
}

// anything has the ideas that fit every value.
func (i *inventor) anything() {
	t := i.target
	if t.pointer == "" {
		return
	}
	v := t.value
	if len(v.text) > 0 || len(v.inner) > 0 || v.kind < edit.String && v.kind != edit.Null {
		i.guess("blank", another, nil)
	}
	i.add("drop", another, nil)
	blankIsNull := v.at.InYAML() && (v.kind == edit.Number || v.kind == edit.Boolean)
	if v.kind != edit.Null && !blankIsNull {
		i.add("drop", another, map[string]any{"as": "null"})
	}
	if v.kind != edit.Null && v.kind != edit.Object {
		i.guess("retype", another, nil)
	}
	if t.name == "" {
		return
	}
	i.add("rename", another, nil)
	if t.was != nil {
		if v, ok := decoded(t.was); ok { // both sides of a merge are left in
			i.guess("duplicate", another, map[string]any{"as": "key", "value": v})
		}
	}
}

// decoded returns a value in the forms of JSON, if it is not too large to be a parameter.
func decoded(v *value) (any, bool) {
	const most = 1000
	text, err := encode(v)
	if err != nil || len(text) > most || v.opaque {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var out any
	return out, d.Decode(&out) == nil
}

// pair has the idea that a lower and an upper bound change places.
func (i *inventor) pair() {
	n := i.target.value.at
	if !n.IsMember {
		return
	}
	for _, other := range n.Parent.Children {
		if badconfig.Partner(n) == other || badconfig.Partner(other) == n {
			i.add("unpair", another, nil)
			i.list[len(i.list)-1].parameters = map[string]any{"swap": []any{n.Pointer(), other.Pointer()}}
		}
	}
}

var (
	quantityForm = lazyregexp.New(`^([^0-9]*)([0-9]+(?:\.[0-9]+)?)([^0-9]*)$`)
	dateForm     = lazyregexp.New(`^[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	portForm     = lazyregexp.New(`^[^\s/]+:[0-9]+$`)
	flagForm     = lazyregexp.New(`(?i)^(true|false|on|off|yes|no|enabled?|disabled?|(in)?active|open|closed|allow|deny|[0-9.]+%)$`)
	selectorForm = lazyregexp.New(`^\^|\$$|\*|/[0-9]{1,3}$`)
)

// text has the ideas for texts. Only operators know all forms of dates and quantities.
func (i *inventor) text() {
	t := i.target
	s := t.value.text
	switch {
	case dateForm.MatchString(s) || badconfig.IsTimeName(t.name):
		i.expire()
	case quantityForm.MatchString(s):
		i.quantity()
	}
	if flagForm.MatchString(s) {
		i.guess("flip", oneStep, nil)
	}
	if strings.Contains(s, "://") || portForm.MatchString(s) || badconfig.IsAddressName(t.name) {
		i.guess("endpoints", another, map[string]any{"as": "dead"})
		i.guess("endpoints", another, map[string]any{"as": "refused"})
	} else if t.isSelector() || selectorForm.MatchString(s) {
		i.guess("widen", another, nil)
	}
	if t.isCredential() {
		i.guess("expire", another, nil)
	}
}

// expire lets a date that is to come pass by, and one that has passed lie ahead.
func (i *inventor) expire() {
	if i.at.IsZero() {
		return
	}
	days := 1
	if i.isPast() {
		days = -1
	}
	i.guess("expire", oneStep, map[string]any{"days": days})
}

func (i *inventor) isPast() bool {
	s := i.target.value.text
	if i.target.value.kind == edit.Number { // seconds since 1970, or a thousand times as many
		seconds, err := strconv.ParseInt(s[:min(len(s), 10)], 10, 64)
		return err == nil && seconds < i.at.Unix()
	}
	day, err := time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
	return err == nil && day.Before(i.at)
}

// listed has the ideas for lists.
func (i *inventor) listed() {
	v := i.target.value
	n := len(v.inner)
	if n == 0 {
		return
	}
	i.guess("rename", oneStep, map[string]any{"arity": -1})
	i.guess("rename", oneStep, map[string]any{"arity": 1})
	if n > 1 {
		i.guess("duplicate", another, map[string]any{"as": "entries"})
	}
	if i.target.isSelector() {
		i.guess("widen", another, nil)
	}
	if !slices.ContainsFunc(v.inner, holdsAddress) && !badconfig.IsAddressName(i.target.name) {
		return
	}
	if n > 1 {
		i.guess("endpoints", oneStep, map[string]any{"as": "dead", "keep": n - 1})
	}
	i.guess("endpoints", another, map[string]any{"as": "dead"})
	i.guess("endpoints", another, map[string]any{"as": "refused"})
}

// holdsAddress reports whether an entry of a list is an address, or has one.
func holdsAddress(v *value) bool {
	if v.kind == edit.String {
		return strings.Contains(v.text, "://") || portForm.MatchString(v.text)
	}
	return slices.ContainsFunc(v.names, badconfig.IsAddressName)
}
