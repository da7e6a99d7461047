package cookies

import (
	"strings"
	"time"
)

// parseDate reads a date as RFC 6265, 5.1.1, has it: a time, a day, a month and a year, in
// this order where they look alike, between anything else. So the names of days and
// zones in any language do not matter, nor whether dashes or spaces part them; every time
// is UTC.
func parseDate(text string) (time.Time, bool) {
	var d date
	for token := range strings.FieldsFuncSeq(text, isDelimiter) {
		d.take(token)
	}
	return d.time()
}

// isDelimiter reports whether a character stands between the parts of a date. A colon
// does not, nor does a letter, a digit or anything beyond ASCII.
func isDelimiter(r rune) bool {
	return r == '\t' || r >= ' ' && r <= '/' || r >= ';' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// A date is what has been found of one.
type date struct {
	clock                     [3]int // hour, minute, second
	day, month, year          int
	hasClock, hasDay, hasYear bool
}

// take looks for the first part that is still missing and that the token can be.
func (d *date) take(token string) {
	if !d.hasClock {
		if clock, ok := parseClock(token); ok {
			d.clock, d.hasClock = clock, true
			return
		}
	}
	if !d.hasDay {
		if n, ok := leadingNumber(token, 1, 2); ok {
			d.day, d.hasDay = n, true
			return
		}
	}
	if d.month == 0 {
		if d.month = monthOf(token); d.month > 0 {
			return
		}
	}
	if !d.hasYear {
		if n, ok := leadingNumber(token, 2, 4); ok {
			d.year, d.hasYear = n, true
		}
	}
}

// time returns the point in time. It reports false where a part is missing, or where
// there is no such day.
func (d *date) time() (time.Time, bool) {
	switch {
	case d.year >= 70 && d.year <= 99:
		d.year += 1900
	case d.year < 70:
		d.year += 2000
	}
	hour, minute, second := d.clock[0], d.clock[1], d.clock[2]
	if !d.hasClock || !d.hasDay || d.month == 0 || !d.hasYear || d.year < 1601 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	at := time.Date(d.year, time.Month(d.month), d.day, hour, minute, second, 0, time.UTC)
	return at, at.Day() == d.day && d.day > 0
}

// parseClock reads a time such as 7:05:09, whatever follows it.
func parseClock(token string) (clock [3]int, ok bool) {
	parts := strings.SplitN(token, ":", 3)
	if len(parts) < 3 {
		return clock, false
	}
	for i, part := range parts {
		n, ok := leadingNumber(part, 1, 2)
		if !ok || i < 2 && strings.Trim(part, "0123456789") != "" {
			return clock, false
		}
		clock[i] = n
	}
	return clock, true
}

// leadingNumber reads the digits that a token begins with. It reports false where they are
// fewer or more than they may be.
func leadingNumber(token string, least, most int) (n int, ok bool) {
	digits := 0
	for digits < len(token) && token[digits] >= '0' && token[digits] <= '9' {
		if digits++; digits > most {
			return 0, false
		}
		n = n*10 + int(token[digits-1]-'0')
	}
	return n, digits >= least
}

// monthOf returns the month that a token begins with, from 1; 0 where it is none.
func monthOf(token string) int {
	if len(token) < 3 {
		return 0
	}
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	if i := strings.Index(names, strings.ToLower(token[:3])); i >= 0 && i%3 == 0 {
		return i/3 + 1
	}
	return 0
}
