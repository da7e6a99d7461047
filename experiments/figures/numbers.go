// Package figures writes numbers, times and lists as people read them: 32.0%,
// 45,773, 1:05, "a, b and c".
//
// It knows nothing of experiments and imports nothing of this module, so every
// room can use it, and the same number looks the same everywhere. The same value
// gives the same text on every processor and in every locale.
package figures

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Fixed writes v with exactly so many decimals, and never as a negative zero.
//
// Processors differ in the last bit of a sum, which must not decide whether half
// of a decimal is rounded up or down. So Fixed first rounds to nine decimals.
func Fixed(v float64, decimals int) string {
	if noise := 1e9; math.Abs(v) < 1e6 {
		v = math.Round(v*noise) / noise
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// Short writes v with at most so many decimals: 1.50 is 1.5.
func Short(v float64, decimals int) string {
	text := Fixed(v, decimals)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// Points writes a share in percentage points with one decimal: 0.32 is 32.0.
func Points(share float64) string { return Fixed(share*100, 1) }

// SignedPoints writes a change of a share in percentage points, with its sign:
// +4.5, -21.4, 0.0.
func SignedPoints(change float64) string {
	text := Points(change)
	if change > 0 && strings.Trim(text, "0.") != "" {
		return "+" + text
	}
	return text
}

// Percent writes a measured share, with one decimal: 0.32 is 32.0%.
func Percent(share float64) string { return Points(share) + "%" }

// ShortPercent writes a share with at most so many decimals, as people write
// limits: 0.05 is 5%, 0.005 is 0.5%.
func ShortPercent(share float64, decimals int) string { return Short(share*100, decimals) + "%" }

// SpokenPercent writes a share as people say it: without decimals from 10% on.
func SpokenPercent(share float64) string {
	if share >= 0.0995 {
		return Fixed(share*100, 0) + "%"
	}
	return Percent(share)
}

// UpperPercent writes an upper bound of a share, rounded up: a bound that is
// rounded down is wrong. A bound below zero is 0.0%.
func UpperPercent(share float64) string {
	return Percent(math.Ceil(max(share, 0)*1000-1e-9) / 1000)
}

// LowerPercent writes a lower bound, rounded down.
func LowerPercent(share float64) string {
	return Percent(math.Floor(max(share, 0)*1000+1e-9) / 1000)
}

// Count writes n with its digits in groups of three: 45,773.
func Count(n int) string { return grouped(strconv.Itoa(n)) }

// grouped puts the digits of a whole number in groups of three.
func grouped(text string) string {
	for i := len(text) - 3; i > 0 && text[i-1] >= '0'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Number writes a number that was counted or summed, with at most two decimals and its digits
// in groups of three: 12,345 or 1,234.5.
func Number(v float64) string {
	whole, rest, broken := strings.Cut(Short(v, 2), ".")
	if whole = grouped(whole); broken {
		return whole + "." + rest
	}
	return whole
}

// Quantity writes an estimated amount as a [Count]; an amount below ten keeps one
// decimal.
func Quantity(v float64) string {
	if v > 0 && v < 9.95 {
		return Short(v, 1)
	}
	return Count(int(math.Round(v)))
}

// Rough writes an estimated amount as people say it, with two digits: 480,000. Less than a
// hundred is a [Quantity].
func Rough(v float64) string {
	if v < 100 {
		return Quantity(v)
	}
	return twoDigits(v, math.Round)
}

// RoughDown and RoughUp write bounds with two digits, rounded so that they stay true.
func RoughDown(v float64) string { return twoDigits(v+1e-9, math.Floor) }

// RoughUp is the upper bound.
func RoughUp(v float64) string { return twoDigits(v-1e-9, math.Ceil) }

// twoDigits writes an amount in units of which it has less than a hundred.
func twoDigits(v float64, round func(float64) float64) string {
	unit := 1.0
	for v >= 100*unit {
		unit *= 10
	}
	return Count(int(round(v/unit) * unit))
}

// Shares writes parts of a whole as people say them, without decimals from 10% on. Where
// none has any, they add up to their sum as it is written.
func Shares(parts []int, whole int) []string {
	texts, small := make([]string, len(parts)), false
	floors, sum, left := make([]int, len(parts)), 0, 0
	for i, n := range parts {
		texts[i] = SpokenPercent(Share(n, whole))
		small = small || n > 0 && strings.Contains(texts[i], ".")
		floors[i] = int(100 * Share(n, whole))
		sum, left = sum+n, left-floors[i]
	}
	if left += int(math.Round(100 * Share(sum, whole))); small || left <= 0 {
		return texts
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	fraction := func(i int) float64 { return 100*Share(parts[i], whole) - float64(floors[i]) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(fraction(b), fraction(a)) })
	for _, i := range order[:min(left, len(order))] {
		floors[i]++
	}
	for i := range texts {
		texts[i] = strconv.Itoa(floors[i]) + "%"
	}
	return texts
}

// Factor writes a factor with three digits: 1.28, 12.8, 128.
func Factor(factor float64) string {
	switch {
	case factor < 9.995:
		return Fixed(factor, 2)
	case factor < 99.95:
		return Fixed(factor, 1)
	}
	return Fixed(factor, 0)
}

// Share is part of whole as a fraction, and 0 of nothing.
func Share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Minus replaces each hyphen of a number by a minus sign, which is as wide as a
// plus.
func Minus(number string) string { return strings.ReplaceAll(number, "-", "−") }
