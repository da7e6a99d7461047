package draft

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

var encodedForm = lazyregexp.New(`^%[0-9A-Fa-f]{2}`)

// EncodeTarget encodes the characters that the target of a request cannot hold, and those in
// also. What is encoded already stays.
func EncodeTarget(text, also string) string {
	var b strings.Builder
	for i := range len(text) {
		ch := text[i]
		if ch <= ' ' || ch >= 0x7f || strings.IndexByte("\"<>\\^`{|}"+also, ch) >= 0 || ch == '%' && !encodedForm.MatchString(text[i:]) {
			fmt.Fprintf(&b, "%%%02X", ch)
		} else {
			b.WriteByte(ch)
		}
	}
	return b.String()
}
