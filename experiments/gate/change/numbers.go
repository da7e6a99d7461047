package change

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

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
