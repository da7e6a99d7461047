package shape

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// SharePattern is how documents and flags write a share.
const SharePattern = `^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$`

var (
	shareForm      = lazyregexp.New(SharePattern)
	bareNumberForm = lazyregexp.New(`^[0-9]+(\.[0-9]+)?$`)
)

// Share is a share such as 5%, which is kept as a fraction.
func Share(to *float64) Shape {
	return Scalar[float64]{To: to, Want: "a share such as 5%", Loose: true, Parse: ReadShare, JSON: Pattern(SharePattern, "5%")}
}

// ReadShare reads a share such as 5% as a fraction.
func ReadShare(s string) (float64, *Diagnostic) {
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
	bare := bareNumberForm.MatchString(s)
	switch {
	case err == nil && v < 0:
		return 0, &Diagnostic{Msg: "a share cannot be negative"}
	case shareForm.MatchString(s):
		return v / 100, nil
	case err == nil && strings.HasSuffix(s, "%") && v > 100:
		return 0, &Diagnostic{Msg: fmt.Sprintf("%s is more than 100%%", s)}
	case bare && v <= 1 && strings.Contains(s, "."):
		return 0, &Diagnostic{Msg: "a share is written with %, not as " + s, Hint: "write " + figures.ShortPercent(v, 6)}
	case bare && v <= 100:
		return 0, &Diagnostic{Msg: "a share is written with %, not as " + s, Hint: "write " + figures.ShortPercent(v/100, 6)}
	}
	wrong := &Diagnostic{Msg: strconv.Quote(s) + " is not a share such as 5%"}
	if meant := strings.ReplaceAll(s, " ", ""); shareForm.MatchString(meant) {
		wrong.Hint = "write " + meant
	}
	return 0, wrong
}

// ParseShare reads what a flag says, as [ReadShare] does. The error says what to write.
func ParseShare(text string) (float64, error) {
	v, wrong := ReadShare(text)
	switch {
	case wrong == nil:
		return v, nil
	case wrong.Hint == "":
		return 0, errors.New(wrong.Msg)
	}
	return 0, errors.New(wrong.Msg + ": " + wrong.Hint)
}
