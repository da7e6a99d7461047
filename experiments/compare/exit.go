package compare

import "github.com/blastgauge/blastgauge/experiments/result"

// ExitMeaning says in words what the exit code of a comparison means, for the last
// line of output.
func ExitMeaning(code int) string {
	switch code {
	case result.ExitHeld:
		return "no regression shown"
	case result.ExitRefuted:
		return "regressed"
	case result.ExitInvalid:
		return "nothing is comparable"
	}
	return result.ExitMeaning(code)
}
