package badconfig

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A document that is nothing but depth passes unchanged in reasonable time, because a
// request waits for it. A document of any usual depth goes bad.
func TestDepth(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{JSON, YAML} {
		for _, op := range []string{"drop", "blank", "duplicate", "retype", "scale"} {
			m, err := Parse(op, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				depth int
				unfit bool
			}{{400, false}, {9000, true}} {
				body := strings.Repeat(`{"a": `, tt.depth) + "1.5" + strings.Repeat("}", tt.depth)
				begun := time.Now()
				_, err := m.Apply(Document{Format: format, Body: []byte(body)})
				if took := time.Since(begun); took > 30*time.Second { // a hundredth of that is usual
					t.Errorf("%s of %d levels of %s took %s", op, tt.depth, format, took)
				}
				if errors.Is(err, ErrUnfit) != tt.unfit || err != nil && !strings.Contains(err.Error(), "nested deeper") {
					t.Errorf("%s of %d levels of %s: %v", op, tt.depth, format, err)
				}
			}
		}
	}
}
