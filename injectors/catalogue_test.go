package injectors_test

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

func TestTheCatalogueIsSound(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	reserved := []string{"inject", "into", "share", "stream", "at", "for"} // what every fault has
	seen := map[string]bool{}
	for _, k := range injectors.Catalogue() {
		if seen[k.Name] || !snake.MatchString(k.Name) || !snake.MatchString(k.Wire) {
			t.Errorf("%q (%q on the wire): twice, or not in snake_case", k.Name, k.Wire)
		}
		seen[k.Name] = true
		if k.Summary == "" || strings.HasSuffix(k.Summary, ".") || k.Level != injectors.Byte && k.Level != injectors.Message {
			t.Errorf("%s: summary %q, level %q", k.Name, k.Summary, k.Level)
		}
		if !strings.HasPrefix(k.Example, "{inject: "+k.Name+", into: ") {
			t.Errorf("%s: its example is %s", k.Name, k.Example)
		}
		if found, ok := injectors.Lookup(k.Name); !ok || found.Name != k.Name {
			t.Errorf("Lookup(%q) = %q, %v", k.Name, found.Name, ok)
		}
		names := map[string]bool{}
		for _, a := range k.Attributes {
			if names[a.Name] || names[a.Wire+" on the wire"] || slices.Contains(reserved, a.Name) || !snake.MatchString(a.Name) || a.Doc == "" {
				t.Errorf("%s: attribute %q: twice, reserved, not in snake_case or without a doc", k.Name, a.Name)
			}
			names[a.Name], names[a.Wire+" on the wire"] = true, true
			if !(a.Scale > 0) || a.Min < 0 || !(a.Max > a.Min) || a.Required && a.Min == 0 {
				t.Errorf("%s: attribute %s: scale %v, from %v to %v", k.Name, a.Name, a.Scale, a.Min, a.Max)
			}
			if a.Max*a.Scale > 1e18 {
				t.Errorf("%s: attribute %s: %v does not fit on the wire", k.Name, a.Name, a.Max)
			}
			if got, ok := k.Attribute(a.Name); !ok || got != a {
				t.Errorf("%s.Attribute(%q) = %v, %v", k.Name, a.Name, got, ok)
			}
		}
	}
	names := injectors.Names()
	if len(names) != len(seen) || !slices.IsSorted(names) {
		t.Errorf("Names() = %v", names)
	}
	if k, ok := injectors.Lookup("no_such_kind"); ok {
		t.Errorf("Lookup of an unknown kind = %v", k)
	}
}

// atLimits are all of a kind's attributes at their smallest or largest value.
func atLimits(k injectors.Kind, largest bool) map[string]float64 {
	list := map[string]float64{}
	for _, a := range k.Attributes {
		list[a.Name] = a.Min
		if largest {
			list[a.Name] = a.Max
		}
	}
	return list
}

// Every bound is exact: at it all is well, beyond it the attribute is named.
func TestBounds(t *testing.T) {
	for _, k := range injectors.Catalogue() {
		if name, problem := k.Check(atLimits(k, false)); problem != "" {
			t.Errorf("%s at its smallest values: %s: %s", k.Name, name, problem)
		}
		for _, a := range k.Attributes {
			for what, v := range map[string]float64{
				"below the least": a.Min - 1e-4, "negative": -1, "beyond the most": a.Max * 1.001, "no number": math.NaN(), "endless": math.Inf(1),
			} {
				attributes := atLimits(k, false)
				attributes[a.Name] = v
				if name, problem := k.Check(attributes); name != a.Name || !strings.Contains(problem, a.Name) {
					t.Errorf("%s with %s %s (%v): %q %q", k.Name, a.Name, what, v, name, problem)
				}
			}
			if !a.Required {
				continue
			}
			attributes := atLimits(k, false)
			delete(attributes, a.Name)
			if name, problem := k.Check(attributes); name != a.Name || !strings.Contains(problem, k.Name+" needs "+a.Name) {
				t.Errorf("%s without %s: %q %q", k.Name, a.Name, name, problem)
			}
		}
		for name, v := range k.OnWire(atLimits(k, true)) {
			if v <= 0 {
				t.Errorf("%s at its largest values: %s is %d on the wire", k.Name, name, v)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		kind       string
		attributes map[string]float64
		name, text string
	}{
		{"latency", map[string]float64{"latency": 2, "jitter": 2}, "", ""},
		{"latency", map[string]float64{"latency": 2, "jitter": 2.001}, "jitter", "jitter must not exceed latency"},
		{"timeout", nil, "", ""},
		{"timeout", map[string]float64{"timeout": 0}, "", ""},
		{"timeout", map[string]float64{"timeout": 0.0004}, "timeout", "timeout must be 0s, which hangs until the fault is removed, or at least 1ms"},
		{"bandwidth", map[string]float64{"rate": 999}, "rate", "rate must be at least 1KB/s"},
		{"bandwidth", map[string]float64{"rate": 1e13}, "rate", "rate must be at most 1000GB/s"},
		{"slicer", map[string]float64{"average_size": 64, "size_variation": 63}, "", ""},
		{"slicer", map[string]float64{"average_size": 64, "size_variation": 64}, "size_variation", "size_variation must be less than average_size"},
		{"slicer", map[string]float64{"average_size": 1.4, "size_variation": 1.3}, "size_variation", "size_variation must be less than average_size"},
		{"limit_data", map[string]float64{"bytes": 1e16}, "bytes", "bytes must be at most 1000GB"},
	} {
		k, ok := injectors.Lookup(tt.kind)
		if name, text := k.Check(tt.attributes); !ok || name != tt.name || text != tt.text {
			t.Errorf("%s.Check(%v) = %q, %q, want %q, %q", tt.kind, tt.attributes, name, text, tt.name, tt.text)
		}
	}
}

func TestOnWire(t *testing.T) {
	for _, tt := range []struct {
		kind       string
		attributes map[string]float64
		want       map[string]int64
	}{
		{"latency", map[string]float64{"latency": 2, "jitter": 0.25}, map[string]int64{"latency": 2000, "jitter": 250}},
		{"latency", map[string]float64{"latency": 0.29}, map[string]int64{"latency": 290}}, // 0.29*1000 is 289.99…
		{"bandwidth", map[string]float64{"rate": 100_000}, map[string]int64{"rate": 100}},
		{"slicer", map[string]float64{"average_size": 64, "delay": 0.01}, map[string]int64{"average_size": 64, "delay": 10_000}},
		{"limit_data", map[string]float64{"bytes": 10_000}, map[string]int64{"bytes": 10_000}},
		{"timeout", nil, map[string]int64{}},
		{"down", nil, map[string]int64{}},
	} {
		k, _ := injectors.Lookup(tt.kind)
		got := k.OnWire(tt.attributes)
		if len(got) != len(tt.want) {
			t.Errorf("%s.OnWire(%v) = %v, want %v", tt.kind, tt.attributes, got, tt.want)
		}
		for name, v := range tt.want {
			if got[name] != v {
				t.Errorf("%s.OnWire(%v) = %v, want %v", tt.kind, tt.attributes, got, tt.want)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		kind       string
		attributes map[string]float64
		want       string
	}{
		{"latency", map[string]float64{"jitter": 0.25, "latency": 2}, "latency 2s, jitter 250ms"},
		{"latency", map[string]float64{"latency": 3600}, "latency 1h"},
		{"down", nil, "down"},
		{"timeout", nil, "timeout"},
		{"timeout", map[string]float64{"timeout": 90}, "timeout 1m30s"},
		{"reset_peer", map[string]float64{"timeout": 0.5}, "reset_peer timeout 500ms"},
		{"bandwidth", map[string]float64{"rate": 100_000}, "bandwidth rate 100KB/s"},
		{"slicer", map[string]float64{"average_size": 64, "size_variation": 32, "delay": 0.01}, "slicer average_size 64B, size_variation 32B, delay 10ms"},
		{"limit_data", map[string]float64{"bytes": 1.5e6}, "limit_data bytes 1.5MB"},
	} {
		k, _ := injectors.Lookup(tt.kind)
		if got := k.Describe(tt.attributes); got != tt.want {
			t.Errorf("%s.Describe(%v) = %q, want %q", tt.kind, tt.attributes, got, tt.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		unit injectors.Unit
		v    float64
		want string
	}{
		{injectors.Duration, 0, "0s"},
		{injectors.Duration, 60, "1m"},
		{injectors.Duration, 600, "10m"},
		{injectors.Duration, 3600, "1h"},
		{injectors.Duration, 3660, "1h1m"},
		{injectors.Duration, 0.29, "290ms"},
		{injectors.Size, 999, "999B"},
		{injectors.Size, 1000, "1KB"},
		{injectors.Size, 1234, "1.234KB"},
		{injectors.Size, 2e9, "2GB"},
		{injectors.Bandwidth, 1.6e6, "1.6MB/s"},
	} {
		if got := tt.unit.Format(tt.v); got != tt.want {
			t.Errorf("%s.Format(%v) = %q, want %q", tt.unit, tt.v, got, tt.want)
		}
	}
}
