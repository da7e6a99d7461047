package redact

import "bytes"

// Lengths of card numbers, in digits.
const (
	shortestCard = 13
	longestCard  = 19
)

// leastOfCard is how many digits at the end of a text that was cut may be the beginning
// of a card number.
const leastOfCard = 4

// cards returns where the numbers of payment cards are in a text, in order. It knows
// them by their check digit, and by the first digit that issuers have. Blanks and dashes
// may stand between the digits. Where the text was cut, its last digits may be the
// beginning of one.
func cards(text []byte, cut bool) (found []span) {
	for at := 0; at < len(text); {
		if !isDigit(text[at]) {
			at++
			continue
		}
		groups, end := digitGroups(text, at)
		if !isFraction(text, at) {
			found = append(found, cardsIn(text, groups)...)
			if n := digitsOf(groups); cut && end+separatorAt(text[end:]) == len(text) && n >= leastOfCard {
				found = append(found, span{from: at, to: end})
			}
		}
		at = end
	}
	return join(found)
}

// A digitGroup is digits without anything between them.
type digitGroup struct{ from, to int }

func digitsOf(groups []digitGroup) (n int) {
	for _, g := range groups {
		n += g.to - g.from
	}
	return n
}

// digitGroups returns the groups of digits from a digit on, as far as only blanks and
// dashes stand between them, and where they end.
func digitGroups(text []byte, at int) (groups []digitGroup, end int) {
	for {
		from := at
		for at < len(text) && isDigit(text[at]) {
			at++
		}
		groups = append(groups, digitGroup{from, at})
		next := at + separatorAt(text[at:])
		if next == at || next >= len(text) || !isDigit(text[next]) {
			return groups, at
		}
		at = next
	}
}

// separatorAt returns the length of what stands between two groups of digits, at most
// three characters.
func separatorAt(text []byte) (size int) {
	for range 3 {
		n := 0
		for _, one := range []string{" ", "-", "+", "\t", "\u00a0", "\u2009", "\u202f", "\u2010", "\u2011", "\u2013"} {
			if bytes.HasPrefix(text[size:], []byte(one)) {
				n = len(one)
			}
		}
		if n == 0 {
			break
		}
		size += n
	}
	return size
}

// cardsIn returns the cards that begin and end with a group.
func cardsIn(text []byte, groups []digitGroup) (found []span) {
	var digits [longestCard]byte
	for i := range groups {
		n := 0
		for _, g := range groups[i:] {
			if n+g.to-g.from > longestCard {
				break
			}
			n += copy(digits[n:], text[g.from:g.to])
			if n >= shortestCard && isCard(digits[:n]) {
				found = append(found, span{from: groups[i].from, to: g.to})
			}
		}
	}
	return found
}

// isFraction reports whether the digits from at on are the decimals of a number.
func isFraction(text []byte, at int) bool {
	return at >= 2 && text[at-1] == '.' && isDigit(text[at-2])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isCard reports whether the check digit is correct (ISO/IEC 7812-1), of a number that
// an issuer of cards may have given.
func isCard(digits []byte) bool {
	if digits[0] < '2' || digits[0] > '6' {
		return false
	}
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
