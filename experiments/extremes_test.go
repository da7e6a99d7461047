package experiments

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestTooLargeAFileIsNotRead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(file, bytes.Repeat([]byte("a: b\n"), 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := Load(file, nil)
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "large.yaml: error: the file is larger than 1 MiB") {
		t.Fatalf("Load() = %v", err)
	}
}

// hostile are documents of at most size bytes that are slow to read where something
// grows faster than the text.
func hostile(size int) map[string]string {
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	numbered := func(pattern string) string { return numbered(pattern, 60_000, size) }
	const head = "version: 1\nsystem: s\n"
	return map[string]string{
		"unknown keys":       fill("k: 1\n"),
		"different keys":     head + "allow_hosts: {" + numbered("k%: 1, ") + "}",
		"one line":           head + "journeys: {j: {steps: [" + fill("{name: A}, ") + "]}}",
		"many journeys":      head + "journeys: {" + numbered("j%: {rate: x}, ") + "}",
		"many headers":       head + "journeys: {j: {steps: [{headers: {" + numbered("h%: \"${v%}\", ") + "}}]}}",
		"long key":           head + "journeys: {j: {steps: [{json: {" + strings.Repeat("k", size) + ": {" + numbered("k%: 1, ") + "}}}]}}",
		"dollars":            head + "environment: \"" + fill("$") + "\"",
		"variables":          head + "journeys: {j: {steps: [{body: \"" + fill("${a}") + "\"}]}}",
		"unclosed quote":     head + "environment: \"" + fill("a\n"),
		"unclosed flow":      head + "journeys: [" + fill("a,\n"),
		"open brackets":      fill("["),
		"open braces":        fill("{a: "),
		"indents":            fill("- "),
		"comments":           fill("# a\n") + head,
		"comments in a list": "a:\n" + fill("# a\n- b\n"),
		"anchors":            head + "allow_hosts: [" + numbered("&a% x, *a%, ") + "]",
		"limits":             head + "journeys: {j: {rate: 1/s, steps: []}}\ndefaults: {limits: {journeys: {" + numbered("k%: {blast_radius: 1%}, ") + "}}}",
		"deep path":          head + "journeys: {j: {steps: [{capture: {a: \"$[?" + fill("(") + "\"}}]}}",
		"regex":              head + "journeys: {j: {steps: [{expect: {body: {matches: \"" + fill("(a") + "\"}}}]}}",
		"same mistakes":      head + "invariants: [" + fill("5, ") + "]",
	}
}

// numbered repeats a pattern at most n times with % replaced by 0, 1, 2 and so on. It
// ends beyond size bytes.
func numbered(pattern string, n, size int) string {
	var b strings.Builder
	for i := 0; i < n && b.Len() < size; i++ {
		b.WriteString(strings.ReplaceAll(pattern, "%", strconv.FormatInt(int64(i), 36)))
	}
	return b.String()
}

// What grows with the square of the text takes minutes, so the processor time for a text
// four times as long is compared with that for the shorter one. Other work of the machine
// does not count, but it empties caches: the best of some rounds counts.
func TestHostileDocumentsAreRefusedQuickly(t *testing.T) {
	t.Parallel()
	const size, times, tolerated, rounds = shape.MaxBytes / 16, 4, 10, 8
	short := hostile(size)
	for name, long := range hostile(times * size) {
		t.Run(name, func(t *testing.T) {
			if len(long) > shape.MaxBytes {
				t.Fatalf("%d bytes: the limit answers, not the loader", len(long))
			}
			least, most := time.Hour, time.Hour
			for range rounds {
				least, most = min(least, refusal(t, short[name])), min(most, refusal(t, long))
				if most < max(tolerated*least, 20*time.Millisecond) {
					return
				}
			}
			t.Errorf("it took %s, and %s for a text %d times as long", least, most, times)
		})
	}
}

// refusal is the processor time until a document that is refused is explained.
func refusal(t *testing.T, text string) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := processorTime()
	_, _, err := Outside{}.load(shape.Source{File: "s.yaml", Text: []byte(text)}, nil)
	if !errors.Is(err, ErrInvalid) {
		t.Fatalf("load() = %v", err)
	}
	explained := Explain(err)
	took := processorTime() - start
	if len(explained) > 200_000 {
		t.Errorf("%d bytes of explanation", len(explained))
	}
	return took
}

func TestManyMistakesAreCounted(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("k", 1) + ": 1\n" + numbered("k%: 1\n", 300, shape.MaxBytes))
	_, _, err := Outside{}.load(shape.Source{File: "s.yaml", Text: text}, nil)
	if got := len(shape.Errors(err)); got != shape.MaxErrors {
		t.Errorf("%d errors are kept", got)
	}
	if explained := Explain(err); !strings.Contains(explained, "more errors in s.yaml") || !strings.Contains(explained, "\n3") {
		t.Errorf("Explain() ends with %q", explained[max(0, len(explained)-200):])
	}
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	inner, err := filepath.Glob("testdata/*/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, inner...) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	base, err := os.ReadFile(system)
	if err != nil {
		f.Fatal(err)
	}
	schemas := map[Kind]*jsonschema.Schema{SystemKind: compiled(f, SystemKind), ExperimentKind: compiled(f, ExperimentKind)}
	f.Fuzz(func(t *testing.T, text []byte) {
		doc := shape.Source{File: "f.yaml", Text: text}
		s, _, err := Outside{}.load(doc, nil)
		if err == nil {
			accepted(t, schemas[SystemKind], text)
			if again, _, err := (Outside{}).load(shape.Source{File: "f.yaml", Text: []byte(s.Text)}, nil); err != nil || !reflect.DeepEqual(s, again) {
				t.Fatalf("accepted once, then %v", err)
			}
		} else {
			refused(t, err)
		}
		_, list, err := Outside{}.load(shape.Source{File: system, Text: base}, []shape.Source{doc})
		if err == nil {
			accepted(t, schemas[ExperimentKind], text)
			if list[0].ID == "" || len(list[0].Faults) == 0 {
				t.Fatalf("accepted: %+v", list[0])
			}
		} else {
			refused(t, err)
		}
	})
}

// accepted checks that the schema takes what the loader takes.
func accepted(t *testing.T, schema *jsonschema.Schema, text []byte) {
	t.Helper()
	doc, ok := asJSON(text)
	if !ok {
		t.Fatal("accepted, but not a document")
	}
	if err := schema.Validate(doc); err != nil {
		t.Fatalf("the loader accepts what the schema refuses: %v", err)
	}
}

func refused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrInvalid) || len(shape.Errors(err)) == 0 || !strings.HasSuffix(Explain(err), ". Nothing was injected.\n") {
		t.Fatalf("load() = %v", err)
	}
	for _, e := range shape.Errors(err) {
		if e.Msg == "" || e.File == "" || e.Line < 0 || e.Col < 0 {
			t.Fatalf("load() = %#v", e)
		}
	}
}
