package report

import (
	"math"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

// everyPage is a page of each kind and size, one after the other.
func everyPage(t *testing.T, change func(any)) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{"suite", "journeys", "baseline", "stuck"} {
		r := load(t, name)
		change(r)
		b.WriteString(bare(render(t, "html", Options{}, r)))
	}
	c, x := comparisonFixtures(t)["several"], kept(t, 20)
	change(c)
	change(x)
	for _, name := range []string{"held", "together"} {
		r := gateFixtures(t)[name]
		change(r)
		b.WriteString(bare(renderGate(t, "html", Options{}, r)))
	}
	b.WriteString(bare(renderCompare(t, "html", Options{}, c)))
	b.WriteString(bare(renderIndex(t, "html", Options{}, 0, x)))
	return b.String()
}

// The time zone and the language of a machine do not show: pages made under others are
// the same as those made here.
func TestSameBytesInEveryLocale(t *testing.T) {
	t.Parallel()
	const told = "REPORT_TEST_PAGES"
	if file := os.Getenv(told); file != "" {
		if err := os.WriteFile(file, []byte(everyPage(t, func(any) {})), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := everyPage(t, func(any) {})
	for _, env := range [][]string{{"TZ=Pacific/Auckland", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8"}, {"TZ=UTC", "LANG=C", "LC_ALL=C", "GOMAXPROCS=1"}} {
		file := t.TempDir() + "/pages"
		cmd := exec.Command(os.Args[0], "-test.run=^TestSameBytesInEveryLocale$")
		cmd.Env = append(append(os.Environ(), env...), told+"="+file)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%v: other pages than here (%v)", env, err)
		}
	}
}

// Processors differ in the last bit of what they compute. No such bit shows.
func TestSameBytesOnEveryProcessor(t *testing.T) {
	t.Parallel()
	want := everyPage(t, func(any) {})
	for _, to := range []float64{math.Inf(1), math.Inf(-1)} {
		got := everyPage(t, func(v any) { nudge(reflect.ValueOf(v), to) })
		if got == want {
			continue
		}
		a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("a last bit shows:\n got %.600q\nwant %.600q", differing(a[i], b[i]), differing(b[i], a[i]))
			}
		}
	}
}

// differing is text from a little before the place where it differs from other.
func differing(text, other string) string {
	i := 0
	for i < len(text) && i < len(other) && text[i] == other[i] {
		i++
	}
	return text[max(0, i-200):]
}

// nudge moves every number by its last bit, except whole ones, which are counts.
func nudge(v reflect.Value, to float64) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			nudge(v.Elem(), to)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "P" { // which percentile it is, is no measurement
				nudge(v.Field(i), to)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			nudge(v.Index(i), to)
		}
	case reflect.Float64:
		if f := v.Float(); v.CanSet() && f != math.Trunc(f) {
			v.SetFloat(math.Nextafter(f, to))
		}
	}
}
