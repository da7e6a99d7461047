package scan

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

func TestSayCause(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]journal.SeenCause{
		"pay: 502 Bad Gateway: payment failed":               {Step: "pay", Class: "status", Key: "502", Example: &journal.Example{Status: 502, Expected: "201", Found: "502", Body: "payment\n failed"}},
		"pay: 502 Bad Gateway":                               {Step: "pay", Class: "status", Key: "502", Example: &journal.Example{Status: 502, Expected: "201", Found: "502", Detail: "status is 502"}},
		"slower than 1s: took 1.9s":                          {Class: "slow", Key: "1s", Example: &journal.Example{Expected: "1s", Found: "1.9s"}},
		"pay: timed out at 127.0.0.1:1: no answer in time":   {Step: "pay", Class: "timeout", Key: "127.0.0.1:1", Example: &journal.Example{Detail: "no answer in time"}},
		"not as expected: $.charged: found 100, expected 90": {Class: "check", Key: "$.charged", Example: &journal.Example{Expected: "90", Found: "100"}},
		"refused":   {Class: "refused"},
		"too large": {Class: "too_large"},
		"of later":  {Class: "of", Key: "later"},
	} {
		if got := sayCause(c); got != want {
			t.Errorf("sayCause(%+v) = %q, want %q", c, got, want)
		}
	}
	long := sayCause(journal.SeenCause{Step: strings.Repeat("é", 10000), Class: strings.Repeat("x", 10000), Example: &journal.Example{Body: strings.Repeat("x", 10000)}})
	if len(long) > 4*journal.MaxExcerpt {
		t.Errorf("%d bytes of a hostile journal", len(long))
	}
}
