package toxiproxy

import (
	"strings"
	"testing"
	"time"
)

// FuzzBlockOfAStockServer: whatever stands in place of an upstream is no block, or one that is
// written and read again as it is.
func FuzzBlockOfAStockServer(f *testing.F) {
	f.Add(Block{Reason: "incident 4711", By: "ann", At: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}.String())
	f.Add("at-20261129t120000z.by-.why-%2E.blastgauge.invalid:1")
	f.Add("run-0.until-20260101t000000z.blastgauge.invalid:1")
	f.Add("at-.by-%ZZ.why-.blastgauge.invalid:1")
	f.Fuzz(func(t *testing.T, upstream string) {
		b, ok := parseBlock(upstream)
		if !ok {
			return
		}
		again, ok := parseBlock(b.String())
		if !ok || again.By != b.By || again.Reason != b.Reason || !again.At.Equal(b.At) {
			t.Fatalf("%+v becomes %+v, %t by %q", b, again, ok, b.String())
		}
		if strings.Count(b.String(), ".") != 4 {
			t.Fatalf("%q has other dots", b.String())
		}
	})
}
