package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseMargin parses percentage points from 0 to below 100, with or without a percent sign, into a share.
func ParseMargin(text string) (float64, error) {
	points, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if err != nil || math.IsNaN(points) || points < 0 || points >= 100 {
		return 0, fmt.Errorf("%s: points from 0 to below 100, such as 2 or 1.5", text)
	}
	return points / 100, nil
}
