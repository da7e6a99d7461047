package change

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	for name, v := range parameters {
		all[name] = v
	}
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

// number has the ideas for numbers.
func (i *inventor) number() {
	t := i.target
	b, ok := rational(t.value.at.PlainNumber())
	if !ok {
		return
	}
	switch {
	case b.Sign() == 0:
		i.add("extreme", oneStep, map[string]any{"to": json.Number("1")})
	default:
		i.beyond(t.numberBefore(), b)
		i.scale(t.numberBefore(), b)
		i.add("scale", another, map[string]any{"by": -1})
		i.add("extreme", another, map[string]any{"to": json.Number("0")})
	}
	i.largest(b)
	if badconfig.IsFlagName(t.name) {
		i.guess("flip", oneStep, nil)
	}
	if badconfig.IsTimeName(t.name) {
		i.expire()
	}
}

// largest has the largest numbers of the sizes that programs use, and of a share 1.
func (i *inventor) largest(b *big.Rat) {
	if !isWhole(i.target.value.text) {
		if one := big.NewRat(1, 1); b.Sign() > 0 && b.Cmp(one) < 0 {
			i.numeric(one, b, "extreme", map[string]any{"to": json.Number("1")})
		}
		return
	}
	for _, size := range []struct {
		name  string
		limit int64
	}{{"int32", math.MaxInt32}, {"int64", math.MaxInt64}} {
		if limit := big.NewRat(size.limit, 1); new(big.Rat).Abs(b).Cmp(limit) < 0 {
			i.add("extreme", decades(b, limit), map[string]any{"to": size.name})
		}
	}
}

// numeric adds an idea that puts another number there, unless it is so near the number or
// one that was added before that nobody learns anything from it.
func (i *inventor) numeric(to, b *big.Rat, operator string, parameters map[string]any) {
	const nearest = 0.02 // a twentieth more
	const apart = 0.1    // a quarter more
	if decades(b, to) < nearest || slices.ContainsFunc(i.numbers, func(n *big.Rat) bool { return decades(n, to) < apart }) {
		return
	}
	i.numbers = append(i.numbers, to)
	i.guess(operator, decades(b, to), parameters)
}

// scale multiplies a number: in the direction of the change by more and more, and once
// against it.
func (i *inventor) scale(before, b *big.Rat) {
	factors, against := factorsOf(before, b)
	factors = append(factors, against)
	if i.target.isMeasure() {
		factors = append(factors, "1000", "1/1000")
	}
	for _, f := range factors {
		i.numeric(new(big.Rat).Mul(b, fraction(f)), b, "scale", map[string]any{"by": factor(f)})
	}
}

// factorsOf returns the factors in the direction of a change, and one against it.
func factorsOf(before, b *big.Rat) (factors []string, against string) {
	if before == nil || new(big.Rat).Abs(b).Cmp(new(big.Rat).Abs(before)) >= 0 {
		return []string{"2", "10", "100"}, "1/10"
	}
	return []string{"1/2", "1/10", "1/100"}, "10"
}

// isFactor reports whether a number is one of the factors in the direction of a change.
func isFactor(ratio, before, b *big.Rat) bool {
	factors, _ := factorsOf(before, b)
	return slices.ContainsFunc(factors, func(f string) bool { return fraction(f).Cmp(ratio) == 0 })
}

// factor returns a factor as a parameter: a number if it is one.
func factor(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return text
}

func fraction(text string) *big.Rat {
	r, _ := new(big.Rat).SetString(text)
	return r
}

// beyond takes the change's step once more, as a difference and as a ratio: after 3 → 30
// come 57 and 300.
func (i *inventor) beyond(a, b *big.Rat) {
	t := i.target
	if a == nil || a.Cmp(b) == 0 || strings.ContainsAny(t.value.text+t.was.text, "eE") {
		return
	}
	digits := max(decimals(t.value.text), decimals(t.was.text))
	for _, to := range steps(a, b) {
		text := to.FloatString(digits)
		rounded, ok := rational(text)
		if !ok || rounded.Sign() == -b.Sign() || rounded.Cmp(b) == 0 || rounded.Cmp(a) == 0 {
			continue
		}
		if rounded.Sign() != 0 {
			i.numeric(rounded, b, "extreme", map[string]any{"to": json.Number(text)})
		}
	}
}

// steps returns where a change from a to b leads when it goes on: by the same difference,
// and by the same ratio where that is none of the usual factors.
func steps(a, b *big.Rat) []*big.Rat {
	list := []*big.Rat{new(big.Rat).Sub(new(big.Rat).Add(b, b), a)}
	if a.Sign() == b.Sign() {
		if ratio := new(big.Rat).Quo(b, a); !isFactor(ratio, a, b) {
			list = append(list, new(big.Rat).Mul(b, ratio))
		}
	}
	return list
}

func decimals(number string) int {
	_, fraction, _ := strings.Cut(number, ".")
	return len(fraction)
}

// decades returns how many powers of ten lie between a number and the one in its place. See
// [Neighbor] for 0 and for another sign.
func decades(from, to *big.Rat) float64 {
	var d float64
	switch {
	case to.Sign() == 0:
		return another
	case from.Sign() == 0:
		d = oneStep + max(log10(to), 0)
	default:
		d = math.Abs(log10(from) - log10(to))
	}
	if from.Sign() == -to.Sign() {
		d += another
	}
	return min(math.Round(d*1e6)/1e6, farthest)
}

func log10(r *big.Rat) float64 {
	f := new(big.Float).SetRat(r)
	mantissa := new(big.Float)
	exponent := f.MantExp(mantissa)
	m, _ := mantissa.Float64()
	return math.Log10(math.Abs(m)) + float64(exponent)*math.Log10(2)
}

var (
	quantityForm = regexp.MustCompile(`^([^0-9]*)([0-9]+(?:\.[0-9]+)?)([^0-9]*)$`)
	dateForm     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	portForm     = regexp.MustCompile(`^[^\s/]+:[0-9]+$`)
	flagForm     = regexp.MustCompile(`(?i)^(true|false|on|off|yes|no|enabled?|disabled?|(in)?active|open|closed|allow|deny|[0-9.]+%)$`)
	selectorForm = regexp.MustCompile(`^\^|\$$|\*|/[0-9]{1,3}$`)
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

// quantity has the ideas for a text with one number in it, such as 30s.
func (i *inventor) quantity() {
	t := i.target
	m := quantityForm.FindStringSubmatch(t.value.text)
	b := fraction(m[2])
	if b == nil || b.Sign() == 0 {
		return
	}
	var a *big.Rat
	if t.was != nil && t.was.kind == edit.String {
		if before := quantityForm.FindStringSubmatch(t.was.text); before != nil && before[1] == m[1] && before[3] == m[3] {
			a = fraction(before[2])
		}
	}
	if a != nil {
		for _, to := range steps(a, b) {
			f := new(big.Rat).Quo(to, b)
			if f.Sign() > 0 {
				i.numeric(to, b, "scale", map[string]any{"by": factor(f.RatString())})
			}
		}
	}
	i.scale(a, b)
	for _, u := range otherUnits(strings.TrimSpace(m[3])) {
		i.guess("scale", decades(big.NewRat(1, 1), u.size), map[string]any{"unit": u.name})
	}
}

// A unit is one beside another one, and how much larger it is.
type unit struct {
	name string
	size *big.Rat
}

// otherUnits returns the next smaller and the next larger unit.
func otherUnits(name string) []unit {
	for _, family := range [][]string{
		{"ns", "us", "ms", "s", "m", "h"}, {"Ki", "Mi", "Gi", "Ti"}, {"KiB", "MiB", "GiB", "TiB"}, {"kB", "MB", "GB", "TB"}, {"KB", "MB", "GB", "TB"},
	} {
		i := slices.Index(family, name)
		if i < 0 {
			continue
		}
		var found []unit
		for _, j := range []int{i - 1, i + 1} {
			if j < 0 || j >= len(family) {
				continue
			}
			size := big.NewRat(1000, 1)
			if max(i, j) > 3 { // minutes and hours
				size = big.NewRat(60, 1)
			}
			if j < i {
				size.Inv(size)
			}
			found = append(found, unit{family[j], size})
		}
		return found
	}
	return nil
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
