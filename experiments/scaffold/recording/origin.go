package recording

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// ParseOrigin checks the origin that the user gave, and returns it as [OriginOf] does.
// The error is of class shape.ErrInvalid.
func ParseOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("%w: --origin %q is not an origin such as https://shop.staging.example", shape.ErrInvalid, text)
	}
	return OriginOf(u), nil
}
