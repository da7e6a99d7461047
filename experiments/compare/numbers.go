package compare

import (
	"math"
	"strconv"
)

// percent writes a share that somebody chose: 0.05 is 5%.
func percent(share float64) string { return short(share*100) + "%" }

// points writes a share in points.
func points(share float64) string { return short(share * 100) }

func short(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// signed writes a change in points with its sign: +4.5, -21.4, 0.0.
func signed(share float64) string {
	text := strconv.FormatFloat(share*100, 'f', 1, 64)
	switch {
	case text == "-0.0" || text == "0.0":
		return "0.0"
	case share > 0:
		return "+" + text
	}
	return text
}

func seconds(s float64) string { return short(s) + " s" }
