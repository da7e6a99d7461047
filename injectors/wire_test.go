package injectors_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors"
)

// What is shown as a duration can be written back and means the same.
func FuzzDurationsAreReadBack(f *testing.F) {
	for _, v := range []float64{0, 0.001, 0.25, 1, 59.999999, 60, 3599, 3600, 36_000} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		if !(v >= 0 && v <= 1e6) {
			return
		}
		text := injectors.Duration.Format(v)
		d, err := time.ParseDuration(text)
		if err != nil || math.Abs(d.Seconds()-v) > 1e-6 || strings.HasSuffix(text, "m0s") || strings.HasSuffix(text, "h0m") {
			t.Errorf("Format(%g) = %q, which is read back as %v, %v", v, text, d, err)
		}
	})
}

// Whatever passes Check can be sent: no number that a server computes with is
// negative or has overflowed, pieces are longer than they vary, and a time-out
// that was asked for is not sent as 0, which means for ever.
func FuzzWhatPassesCheckCanBeSent(f *testing.F) {
	f.Add(0.0, 0.0, 0.0)
	f.Add(64.0, 32.0, 0.01)
	f.Add(1.4, 0.9, 0.0)
	f.Add(0.0004, 0.0004, 0.0004)
	f.Add(1e300, math.Inf(1), math.NaN())
	f.Fuzz(func(t *testing.T, a, b, c float64) {
		for _, k := range injectors.Catalogue() {
			attributes := injectors.Attributes{}
			for i, attribute := range k.Attributes {
				if attribute.Unit.Numeric() {
					attributes[attribute.Name] = []float64{a, b, c}[i%3]
				}
			}
			if k.Check(attributes) != nil {
				continue
			}
			wire := k.OnWire(attributes)
			for name := range wire {
				if v := sent(wire, name); v < 0 || v > 1e13 {
					t.Errorf("%s %v is sent with %s = %d", k.Name, attributes, name, v)
				}
			}
			if k.Name == "slicer" && sent(wire, "size_variation") >= sent(wire, "average_size") || k.Name == "timeout" && a > 0 && sent(wire, "timeout") == 0 {
				t.Errorf("%s %v is sent as %v", k.Name, attributes, wire)
			}
		}
	})
}

// sent is a number on the wire; 0 when it is not sent.
func sent(wire map[string]any, name string) int64 {
	v, _ := wire[name].(int64)
	return v
}

func ExampleKind_Describe() {
	k, _ := injectors.Lookup("latency")
	fault := injectors.Attributes{"latency": 2.0, "jitter": 0.25}
	fmt.Println(k.Describe(fault))
	fmt.Println(k.OnWire(fault))
	// Output:
	// latency 2s, jitter 250ms
	// map[jitter:250 latency:2000]
}
