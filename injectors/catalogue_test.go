package injectors_test

import (
	"cmp"
	"errors"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

func TestTheCatalogueIsSound(t *testing.T) {
	t.Parallel()
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	reserved := []string{"inject", "into", "share", "stream", "at", "for"} // what every fault has
	seen := map[string]bool{}
	for _, k := range injectors.Catalogue() {
		if seen[k.Name] || !snake.MatchString(k.Name) || !snake.MatchString(k.Wire) {
			t.Errorf("%q (%q on the wire): twice, or not in snake_case", k.Name, k.Wire)
		}
		seen[k.Name] = true
		if k.Summary == "" || strings.HasSuffix(k.Summary, ".") || !slices.Contains([]injectors.Level{injectors.Byte, injectors.Message, injectors.File, injectors.Command}, k.Level) {
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
			if !a.Unit.Numeric() {
				checkWords(t, k.Name, a)
				continue
			}
			if !(a.Scale > 0) || a.Min < 0 || !(a.Max > a.Min) || a.Required && a.Min == 0 {
				t.Errorf("%s: attribute %s: scale %v, from %v to %v", k.Name, a.Name, a.Scale, a.Min, a.Max)
			}
			if a.Max*a.Scale > 1e18 {
				t.Errorf("%s: attribute %s: %v does not fit on the wire", k.Name, a.Name, a.Max)
			}
			if got, ok := k.Attribute(a.Name); !ok || got.Wire != a.Wire {
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

// checkWords checks what is particular to an attribute that is no number.
func checkWords(t *testing.T, kind string, a injectors.Attribute) {
	t.Helper()
	nests := slices.Contains([]injectors.Unit{injectors.Group, injectors.Operation, injectors.Inner}, a.Unit)
	if (len(a.Words) > 1) != (a.Unit == injectors.Word) || (len(a.Fields) > 0) != nests || a.Min != 0 || a.Max != 0 {
		t.Errorf("%s: attribute %s of unit %s: words %v, fields %v, from %v to %v", kind, a.Name, a.Unit, a.Words, a.Fields, a.Min, a.Max)
	}
	for _, f := range a.Fields {
		if f.Name == "" || f.Wire == "" || f.Doc == "" || f.Unit == injectors.Group && (a.Name != "match" || f.Name != "not") {
			t.Errorf("%s: %s: field %+v", kind, a.Name, f)
		}
		if !f.Unit.Numeric() {
			checkWords(t, kind+"."+a.Name, f)
		}
	}
}

// atLimits are all of a kind's attributes at their smallest or largest value.
func atLimits(k injectors.Kind, largest bool) injectors.Attributes {
	list := injectors.Attributes{}
	for _, a := range k.Attributes {
		switch {
		case a.Unit == injectors.Word:
			list[a.Name] = a.Words[0]
		case a.Name == "drop": // of several operators, one
			list[a.Name] = map[string]any{}
		case a.Unit == injectors.Arguments:
			list[a.Name] = []any{"true"}
		case a.Unit == injectors.Text && a.Required:
			list[a.Name] = cmp.Or(map[string]string{"error": "READONLY", "sqlstate": "40001"}[a.Name], "text")
		case !a.Unit.Numeric():
		case largest:
			list[a.Name] = a.Max
		default:
			list[a.Name] = a.Min
		}
	}
	return list
}

// mistakeIn returns the attribute and the sentence of an error of Check.
func mistakeIn(err error) (attribute, problem string) {
	mistake, ok := errors.AsType[*injectors.AttributeError](err)
	if !ok {
		return "", ""
	}
	return mistake.Attribute, mistake.Problem
}

// Every bound is exact: at it all is well, beyond it the attribute is named.
func TestBounds(t *testing.T) {
	t.Parallel()
	for _, k := range injectors.Catalogue() {
		if err := k.Check(atLimits(k, false)); err != nil {
			t.Errorf("%s at its smallest values: %v", k.Name, err)
		}
		for _, a := range k.Attributes {
			if !a.Unit.Numeric() {
				continue
			}
			for what, v := range map[string]float64{
				"below the least": a.Min - 1e-4, "negative": -1.0, "beyond the most": a.Max * 1.001, "no number": math.NaN(), "endless": math.Inf(1),
			} {
				attributes := atLimits(k, false)
				attributes[a.Name] = v
				if name, problem := mistakeIn(k.Check(attributes)); name != a.Name || !strings.Contains(problem, a.Name) {
					t.Errorf("%s with %s %s (%v): %q %q", k.Name, a.Name, what, v, name, problem)
				}
			}
			if !a.Required {
				continue
			}
			attributes := atLimits(k, false)
			delete(attributes, a.Name)
			if name, problem := mistakeIn(k.Check(attributes)); name != a.Name || !strings.Contains(problem, k.Name+" needs "+a.Name) {
				t.Errorf("%s without %s: %q %q", k.Name, a.Name, name, problem)
			}
		}
		for name, v := range k.OnWire(atLimits(k, true)) {
			if n, ok := v.(int64); ok && n <= 0 {
				t.Errorf("%s at its largest values: %s is %d on the wire", k.Name, name, n)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind       string
		attributes injectors.Attributes
		name, text string
	}{
		{"latency", injectors.Attributes{"latency": 2.0, "jitter": 2.0}, "", ""},
		{"latency", injectors.Attributes{"latency": 2.0, "jitter": 2.001}, "jitter", "jitter must not exceed latency"},
		{"timeout", nil, "", ""},
		{"timeout", injectors.Attributes{"timeout": 0.0}, "", ""},
		{"timeout", injectors.Attributes{"timeout": 0.0004}, "timeout", "timeout must be 0s, which hangs until the fault is removed, or at least 1ms"},
		{"bandwidth", injectors.Attributes{"rate": 999.0}, "rate", "rate must be at least 1KB/s"},
		{"bandwidth", injectors.Attributes{"rate": 1e13}, "rate", "rate must be at most 1000GB/s"},
		{"slicer", injectors.Attributes{"average_size": 64.0, "size_variation": 63.0}, "", ""},
		{"slicer", injectors.Attributes{"average_size": 64.0, "size_variation": 64.0}, "size_variation", "size_variation must be less than average_size"},
		{"slicer", injectors.Attributes{"average_size": 1.4, "size_variation": 1.3}, "size_variation", "size_variation must be less than average_size"},
		{"limit_data", injectors.Attributes{"bytes": 1e16}, "bytes", "bytes must be at most 1000GB"},
		{"http_error", injectors.Attributes{"status": 503.0, "when": "after", "match": map[string]any{"path": "/charges"}}, "", ""},
		{"http_error", injectors.Attributes{"status": 42.0}, "status", "status must be at least 200"},
		{"http_error", injectors.Attributes{"status": 503.5}, "status", "status must be a whole number"},
		{"http_error", injectors.Attributes{"status": "503"}, "status", "status must be a whole number"},
		{"http_error", injectors.Attributes{"status": 503.0, "body": 1.0}, "body", "body must be a text, not a number"},
		{"http_error", injectors.Attributes{"status": 503.0, "when": "middle"}, "when", `when must be before or after, not "middle"`},
		{"http_error", injectors.Attributes{"status": 503.0, "match": map[string]any{"path": 1.0}}, "match.path", "path must be a text, not a number"},
		{"http_latency", injectors.Attributes{"latency": 1.0, "jitter": 2.0}, "jitter", "jitter must not exceed latency"},
		{"http_config", injectors.Attributes{"scale": map[string]any{"path": "/price", "by": "1/60"}, "flap": 5.0}, "", ""},
		{"http_config", injectors.Attributes{"extreme": map[string]any{"to": nil}}, "", ""},
		{"http_config", injectors.Attributes{"extreme": map[string]any{"length": 0.0}}, "extreme.length", "length must be at least 1"},
		{"http_config", injectors.Attributes{"truncate": map[string]any{"keep": 1.5}}, "truncate.keep", "keep must be at most 100%"},
		{"http_config", injectors.Attributes{"split": map[string]any{"with": map[string]any{}}}, "split.with", "with must be one operator"},
		{"http_config", injectors.Attributes{"split": map[string]any{"with": map[string]any{"expire": map[string]any{"days": 1e9}}}}, "split.with.expire.days", "days must be at most 36500"},
		{"http_config", injectors.Attributes{"unpair": map[string]any{"swap": "/a"}}, "unpair.swap", "swap must be a list of two paths"},
		{"http_config", injectors.Attributes{"drop": map[string]any{}, "blank": map[string]any{}}, "blank", "http_config is one operator, not drop and blank"},
		{"http_config", injectors.Attributes{"candidate": map[string]any{}}, "candidate", "candidate needs file: the document that somebody wants to ship, such as {file: settings-next.json}"},
		{"config_file", injectors.Attributes{"file": "a.json", "stale": map[string]any{}}, "stale", "stale needs from: earlier versions of a file are not known; give one, such as {from: settings-118.json}"},
	} {
		k, ok := injectors.Lookup(tt.kind)
		if name, text := mistakeIn(k.Check(tt.attributes)); !ok || name != tt.name || text != tt.text {
			t.Errorf("%s.Check(%v) = %q, %q, want %q, %q", tt.kind, tt.attributes, name, text, tt.name, tt.text)
		}
	}
}

func TestOnWire(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind       string
		attributes injectors.Attributes
		want       map[string]any
	}{
		{"latency", injectors.Attributes{"latency": 2.0, "jitter": 0.25}, map[string]any{"latency": int64(2000), "jitter": int64(250)}},
		{"latency", injectors.Attributes{"latency": 0.29}, map[string]any{"latency": int64(290)}}, // 0.29*1000 is 289.99…
		{"bandwidth", injectors.Attributes{"rate": 100_000.0}, map[string]any{"rate": int64(100)}},
		{"slicer", injectors.Attributes{"average_size": 64.0, "delay": 0.01}, map[string]any{"average_size": int64(64), "delay": int64(10_000)}},
		{"limit_data", injectors.Attributes{"bytes": 10_000.0}, map[string]any{"bytes": int64(10_000)}},
		{"timeout", nil, map[string]any{}},
		{"http_error", injectors.Attributes{"status": 503.0, "when": "after", "match": map[string]any{"method": "POST"}},
			map[string]any{"status": int64(503), "when": "after", "match": map[string]any{"method": "POST"}}},
		{"down", nil, map[string]any{}},
		{"http_config", injectors.Attributes{"flap": 5.0, "split": map[string]any{"share": 0.125, "with": map[string]any{"scale": map[string]any{"path": "/a", "by": 0.01}}}},
			map[string]any{"flap": int64(5000), "split": map[string]any{"share": 0.125, "with": map[string]any{"scale": map[string]any{"path": "/a", "by": 0.01}}}}},
		{"http_config", injectors.Attributes{"truncate": map[string]any{"bytes": 10.0}}, map[string]any{"truncate": map[string]any{"bytes": int64(10)}}},
		{"http_config", injectors.Attributes{"flip": map[string]any{"path": "/a", "to": nil}}, map[string]any{"flip": map[string]any{"path": "/a", "to": nil}}},
		{"http_config", injectors.Attributes{"unpair": map[string]any{"set": map[string]any{"/a": 1.0}}}, map[string]any{"unpair": map[string]any{"set": map[string]any{"/a": 1.0}}}},
	} {
		k, _ := injectors.Lookup(tt.kind)
		got := k.OnWire(tt.attributes)
		if len(got) != len(tt.want) {
			t.Errorf("%s.OnWire(%v) = %v, want %v", tt.kind, tt.attributes, got, tt.want)
		}
		for name, v := range tt.want {
			if !reflect.DeepEqual(got[name], v) {
				t.Errorf("%s.OnWire(%v) = %v, want %v", tt.kind, tt.attributes, got, tt.want)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind       string
		attributes injectors.Attributes
		want       string
	}{
		{"latency", injectors.Attributes{"jitter": 0.25, "latency": 2.0}, "latency 2s, jitter 250ms"},
		{"latency", injectors.Attributes{"latency": 3600.0}, "latency 1h"},
		{"down", nil, "down"},
		{"timeout", nil, "timeout"},
		{"timeout", injectors.Attributes{"timeout": 90.0}, "timeout 1m30s"},
		{"reset_peer", injectors.Attributes{"timeout": 0.5}, "reset_peer timeout 500ms"},
		{"bandwidth", injectors.Attributes{"rate": 100_000.0}, "bandwidth rate 100KB/s"},
		{"slicer", injectors.Attributes{"average_size": 64.0, "size_variation": 32.0, "delay": 0.01}, "slicer average_size 64B, size_variation 32B, delay 10ms"},
		{"limit_data", injectors.Attributes{"bytes": 1.5e6}, "limit_data bytes 1.5MB"},
		{"http_error", injectors.Attributes{"status": 503.0, "headers": map[string]any{"Retry-After": "5"}, "body": "try later",
			"match": map[string]any{"path": "/charges", "method": "POST"}}, `http_error status 503, headers Retry-After=5, body "try later" for POST /charges`},
		{"http_latency", injectors.Attributes{"latency": 0.8, "when": "after", "first": 3.0}, "http_latency latency 800ms, when after, first 3"},
		{"http_config", injectors.Attributes{"flap": 5.0, "scale": map[string]any{"path": "/price/factor", "by": 100.0}, "match": map[string]any{"path": "/settings"}},
			"http_config scale /price/factor by 100, flap 5s for /settings"},
		{"http_config", injectors.Attributes{"split": map[string]any{"share": 0.125, "with": map[string]any{"drop": map[string]any{}}}}, "http_config split share 12.5% with drop"},
		{"http_config", injectors.Attributes{"unpair": map[string]any{"set": map[string]any{"/b": nil, "/a": 10.0}}}, "http_config unpair set /a=10 /b=null"},
		{"http_config", injectors.Attributes{"flip": map[string]any{"path": "/a", "to": true}}, "http_config flip /a to true"},
		{"command", injectors.Attributes{"do": []any{"sh", "-c", "a b", ""}, "undo": []any{"x"}, "check": []any{"y"}, "within": 5.0, "dir": "/srv"}, `command do sh -c "a b" ""`},
		{"command", injectors.Attributes{"do": []any{"/usr/bin/kubectl", "/a"}}, "command do kubectl /a"},
		{"config_file", injectors.Attributes{"file": "a.json", "candidate": map[string]any{"body": "secret"}}, "config_file candidate body, file a.json"},
	} {
		k, _ := injectors.Lookup(tt.kind)
		if got := k.Describe(tt.attributes); got != tt.want {
			t.Errorf("%s.Describe(%v) = %q, want %q", tt.kind, tt.attributes, got, tt.want)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
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
