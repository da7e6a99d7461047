package badconfig

import (
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opExpire moves a date into the past, or replaces a credential by another one of
// the same shape. No schema knows the date of today. A robust reader watches the
// days that are left, and accepts two keys at once.
func opExpire() operator {
	return operator{"expire", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, days := p.place(), p.count("days", 1)
		dated := p.has("days")
		suits := func(n *edit.Node) string {
			switch _, isDate := dateOf(n); {
			case isDate:
				return ""
			case n.Kind != edit.String || n.Value == "":
				return shown(n.Pointer()) + " is no date and no text of a credential"
			case dated:
				return shown(n.Pointer()) + " is no date: a credential takes no days"
			case strings.Contains(n.Value, "-----BEGIN"):
				return shown(n.Pointer()) + " is signed: serve an expired certificate as a candidate"
			}
			return ""
		}
		offers := func(n *edit.Node) bool {
			_, ok := dateOf(n)
			return ok && (n.Kind == edit.String || IsTimeName(n.Key))
		}
		ago := "is " + strconv.Itoa(days) + " days ago"
		if days < 0 {
			ago = "is " + strconv.Itoa(-days) + " days ahead"
		}
		return onTree(m, func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
			when := doc.At.AddDate(0, 0, -days)
			return eachFound(at, choice{suits, prefer(offers), "date"}, func(n *edit.Node) (edit.Change, string) {
				if d, ok := dateOf(n); ok {
					return edit.Change{Do: edit.Set, At: n, Value: d.write(when)}, ago
				}
				return edit.Change{Do: edit.Set, At: n, Value: another(n.Value, doc.Seed)}, "is another credential"
			})(t, doc)
		})
	}}
}

// A date says how a moment is written.
type date struct {
	layout string         // of a text
	zone   *time.Location // of a text
	unit   time.Duration  // of a number
	bare   bool           // a YAML text without quotes
}

func (d date) write(when time.Time) any {
	if d.unit > 0 {
		return edit.Literal(strconv.FormatInt(when.UnixNano()/int64(d.unit), 10))
	}
	s := when.In(d.zone).Format(d.layout)
	if d.bare {
		return edit.Literal(s)
	}
	return s
}

// layouts lists the date formats that config uses.
func layouts() []string {
	return []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00",
		"2006-01-02 15:04:05", time.DateOnly, "2006/01/02", "20060102T150405Z", time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC,
		"Jan _2 15:04:05 2006 MST",
	}
}

func dateOf(n *edit.Node) (date, bool) {
	switch n.Kind {
	case edit.Number:
		return unixTime(n.Value)
	case edit.String:
		for _, layout := range layouts() {
			when, err := time.Parse(layout, n.Value)
			if err != nil {
				continue
			}
			return date{layout: withFraction(layout, n.Value), zone: when.Location(), bare: n.InYAML() && n.Quote == 0 && !n.IsBlockText()}, true
		}
	}
	return date{}, false
}

// withFraction returns a layout with as many decimals of seconds as the text has.
func withFraction(layout, s string) string {
	_, rest, ok := strings.Cut(s, ".")
	if !ok {
		return layout
	}
	n := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	return strings.Replace(layout, "05", "05."+strings.Repeat("0", n), 1)
}

// unixTime reads a whole number as a moment from 2001 to 2286.
func unixTime(s string) (date, bool) {
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return date{}, false
	}
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond, time.Nanosecond} {
		if seconds := i / int64(time.Second/unit); seconds >= 1e9 && seconds < 1e10 {
			return date{unit: unit}, true
		}
	}
	return date{}, false
}

// another returns a text of the same shape: letters for letters, digits for digits. Each
// of them differs, so that the credential is certainly wrong.
func another(s string, seed uint64) string {
	out := []rune(s)
	for i, r := range out {
		for _, set := range []string{"0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
			if at := strings.IndexRune(set, r); at >= 0 {
				step := 1 + int(draw(seed, "character "+strconv.Itoa(i))%uint64(len(set)-1))
				out[i] = rune(set[(at+step)%len(set)])
			}
		}
	}
	if string(out) == s {
		return s + "x"
	}
	return string(out)
}
