package change_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/change"
)

// now is the moment that the tests' dates are compared with.
func now() time.Time { return time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC) }

// near writes neighbors, one a line: how far, what became of the value, by what.
func near(list []change.Neighbor) []string {
	var lines []string
	for _, n := range list {
		lines = append(lines, fmt.Sprintf("%.2f %s %s %s", n.Distance, n.Pointer, n.Value, n.Operator))
	}
	return lines
}

func neighbors(t *testing.T, served, candidate, name string) []change.Neighbor {
	t.Helper()
	list, _ := diff(t, served, candidate, name).Neighbors(change.Options{Seed: 1, At: now()})
	return list
}

// "Retries 3 → 30 is harmless; 300 is not" is what people ask.
func TestNeighborsOfANumber(t *testing.T) {
	t.Parallel()
	want := []string{
		"0.28 /retries 57 extreme", "1.00 /retries 300 scale", "2.00 /retries 3000 scale", "2.00 /retries -30 scale", "2.00 /retries 0 extreme",
		"2.00 /retries  drop", "2.00 /retries null drop", `2.00 /retries "30" retype`, "2.00 /retries  rename", "2.00 /retries 3 duplicate",
		"7.85 /retries 2147483647 extreme", "17.49 /retries 9223372036854775807 extreme",
	}
	list, skipped := diff(t, `{"retries": 3}`, `{"retries": 30}`, "a.json").Neighbors(change.Options{})
	if got := near(list); !slices.Equal(got, want) {
		t.Errorf("Neighbors() are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(skipped) != 1 || skipped[0].Operator != "scale" || skipped[0].Code != change.Same {
		t.Errorf("skipped are %+v, want the one that is served now", skipped)
	}
	if n := list[1]; string(n.Parameters) != `{"by":10,"path":"/retries"}` || string(n.From) != "30" || string(n.Body) != `{"retries": 300}` || n.What == "" || !n.Parses {
		t.Errorf("300 is %+v", n)
	}
}

// Each kind of value gets what may happen to it, and nothing else.
func TestNeighborsFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, served, candidate string
		want, not               []string
	}{
		"a number that falls": {"a.json", `{"n": 30}`, `{"n": 10}`, []string{"0.30 /n 5 scale", "0.52 /n 3 extreme", "1.00 /n 1 scale", "1.00 /n 100 scale"}, []string{"/n -10 extreme"}},
		"a small step":        {"a.json", `{"n": 0.16}`, `{"n": 0.19}`, []string{"0.06 /n 0.22 extreme", "0.30 /n 0.38 scale", "0.72 /n 1 extreme"}, []string{"/n 0.23", "2147483647"}},
		"below zero":          {"a.json", `{"n": -3}`, `{"n": -30}`, []string{"0.28 /n -57 extreme", "1.00 /n -300 scale", "2.00 /n 30 scale"}, nil},
		"through zero":        {"a.json", `{"n": -1}`, `{"n": 1}`, []string{"0.48 /n 3 extreme"}, nil},
		"zero":                {"a.json", `{"n": 5}`, `{"n": 0}`, []string{"1.00 /n 1 extreme"}, []string{" 0 ", "-5", "scale"}},
		"an exponent":         {"a.json", `{"n": 1e3}`, `{"n": 2e3}`, []string{"1.00 /n 2e+04 scale"}, []string{"/n 3"}},
		"a new number":        {"a.json", `{}`, `{"n": 5}`, []string{"0.30 /n 10 scale", "1.00 /n 50 scale"}, []string{"duplicate", "drop null"}},
		"a time":              {"a.json", `{"timeout_ms": 100}`, `{"timeout_ms": 500}`, []string{"0.70 /timeout_ms 2500 extreme", "3.00 /timeout_ms 500000 scale"}, nil},
		"a text with a unit":  {"a.json", `{"t": "3s"}`, `{"t": "30s"}`, []string{`0.28 /t "57s" scale`, `1.00 /t "300s" scale`, `1.78 /t "30m" scale`, `3.00 /t "30ms" scale`}, []string{"widen", "endpoints", "expire"}},
		"a size":              {"a.json", `{"t": "256Mi"}`, `{"t": "512Mi"}`, []string{`3.00 /t "512Gi" scale`, `3.00 /t "512Ki" scale`}, nil},
		"a flag":              {"a.json", `{"f": "x", "g": 1}`, `{"f": true, "g": 2}`, []string{"1.00 /f false flip", `2.00 /f "true" retype`}, nil},
		"a flag, back":        {"a.json", `{"f": false, "g": 1}`, `{"f": true, "g": 2}`, []string{"2.00 /f false duplicate"}, []string{"flip"}},
		"a share":             {"a.json", `{"rollout_percent": 5}`, `{"rollout_percent": 10}`, []string{"1.00 /rollout_percent 100 "}, nil},
		"a word":              {"a.yaml", "f: 'off'\ng: 1\n", "f: 'on'\ng: 2\n", []string{`2.00 /f "on" retype`}, nil},
		"a text":              {"a.json", `{"currency": "EUR"}`, `{"currency": "USD"}`, []string{`2.00 /currency "" blank`, "2.00 /currency null drop", `2.00 /currency ["USD"] retype`}, []string{"widen", "scale", "expire", "endpoints", "flip"}},
		"a date to come":      {"a.json", `{"until": "2030-01-01"}`, `{"until": "2031-01-01"}`, []string{`1.00 /until "2030-06-14" expire`}, nil},
		"a date gone by":      {"a.json", `{"at": "2030-01-01T00:00:00Z"}`, `{"at": "2030-02-01T00:00:00Z"}`, []string{`1.00 /at "2030-06-16T12:00:00Z" expire`}, nil},
		"a date as a number":  {"a.json", `{"expires_at": 1900000000}`, `{"expires_at": 2000000000}`, []string{`1.00 /expires_at 1907668800 expire`}, nil},
		"an address":          {"a.json", `{"u": "https://a.example/x"}`, `{"u": "https://b.example/x"}`, []string{`2.00 /u "https://192.0.2.1/x" endpoints`, `2.00 /u "https://127.0.0.1:1/x" endpoints`}, nil},
		"addresses": {"a.json", `{"h": ["a:1"]}`, `{"h": ["a:1", "b:2", "c:3"]}`,
			[]string{`1.00 /h ["a:1","b:2"] rename`, `1.00 /h ["a:1","b:2","c:3","c:3"] rename`, `2.00 /h [] blank`, `2.00 /h ["192.0.2.1:1","192.0.2.1:2","192.0.2.1:3"] endpoints`, `2.00 /h/1  drop`, `2.00 /h/2 "127.0.0.1:1" endpoints`}, []string{"/h/0"}},
		"a selector":    {"a.json", `{"match": "a"}`, `{"match": "b"}`, []string{`2.00 /match "*" widen`}, nil},
		"a network":     {"a.json", `{"n": "10.0.0.0/8"}`, `{"n": "10.1.0.0/16"}`, []string{`2.00 /n "0.0.0.0/0" widen`}, nil},
		"a credential":  {"a.json", `{"token": "abc"}`, `{"token": "abd"}`, []string{"/token \""}, nil},
		"a pair":        {"a.json", `{"min": 1, "max": 9}`, `{"min": 2, "max": 9}`, []string{"2.00 /min 9 unpair"}, nil},
		"the upper one": {"a.json", `{"min": 1, "max": 9}`, `{"min": 1, "max": 8}`, []string{"2.00 /max 1 unpair"}, nil},
		"an object":     {"a.json", `{"a": 1}`, `{"a": 1, "o": {"n": 5, "l": [1]}}`, []string{"2.00 /o {} blank", "2.00 /o  rename", "0.30 /o/n 10 scale", "1.00 /o/l [] rename", "0.30 /o/l/0 2 scale"}, []string{"2.00 /o  drop", "/a"}},
		"nothing there": {"a.json", `{"a": 1, "b": 1}`, `{"b": 1}`, nil, []string{"/"}},
		"null":          {"a.json", `{"a": 1, "b": 1}`, `{"a": null, "b": 1}`, []string{"2.00 /a  drop"}, []string{"retype", "blank"}},
		"YAML":          {"a.yaml", "a: 3 # kept\n", "a: 30 # kept\n", []string{"1.00 /a 300 scale", "2.00 /a null blank"}, []string{"null drop"}},
		"an anchor":     {"a.yaml", "b: &b {r: 3}\np: *b\n", "b: &b {r: 30}\np: *b\n", []string{"1.00 /b/r 300 scale"}, []string{"/p"}},
		"documents":     {"a.yaml", "a: 1\nb: 1\n---\na: 1\n", "a: 2\nb: 2\n---\na: 1\n", []string{"0.30 /b 4 scale"}, []string{"/a"}},
		"a list as all": {"a.json", `[1]`, `[1, 2]`, []string{"2.00  [1,2,1,2] duplicate", "0.30 /1 4 scale"}, []string{"/0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(near(neighbors(t, tt.served, tt.candidate, tt.file)), "\n")
			for _, w := range tt.want {
				if !strings.Contains(got, w) {
					t.Errorf("%q is missing of\n%s", w, got)
				}
			}
			for _, w := range tt.not {
				if strings.Contains(got, w) {
					t.Errorf("%q should not be among\n%s", w, got)
				}
			}
		})
	}
}

// checked returns the neighbors of a change, after it has checked what holds of all.
func checked(t *testing.T, d *change.Difference, served, candidate, name string, o change.Options) ([]change.Neighbor, []change.Skipped) {
	t.Helper()
	list, skipped := d.Neighbors(o)
	most := change.MostNeighbors
	if o.Most > 0 && o.Most < most {
		most = o.Most
	}
	if len(list) > most {
		t.Fatalf("%d neighbors", len(list))
	}
	seen := map[string]bool{candidate: true, served: true}
	last := 0.0
	for _, n := range list {
		switch {
		case seen[string(n.Body)]:
			t.Fatalf("%+v: these bytes are the candidate's, those that are served or another neighbor's: %q", n, n.Body)
		case n.Distance < last || n.Distance <= 0:
			t.Fatalf("%+v comes after one of distance %v", n, last)
		case !json.Valid(n.From) || !json.Valid(n.Parameters) || n.Value != nil && !json.Valid(n.Value):
			t.Fatalf("%+v: not JSON", n)
		case n.What == "" || n.Operator == "":
			t.Fatalf("%+v: no words", n)
		}
		seen[string(n.Body)] = true
		last = n.Distance
	}
	for _, s := range skipped {
		if s.Why == "" || !slices.Contains([]string{change.Unfit, change.Same, change.TooMany}, s.Code) {
			t.Fatalf("skipped is %+v", s)
		}
	}
	again, skippedAgain := diff(t, served, candidate, name).Neighbors(o)
	if !reflect.DeepEqual(list, again) || !reflect.DeepEqual(skipped, skippedAgain) {
		t.Fatal("the same change with the same seed has other neighbors")
	}
	return list, skipped
}

// A neighbor is the candidate but for its own place.
func TestNeighborsStayInTheChange(t *testing.T) {
	t.Parallel()
	const served = `{"a": 1, "t": "3s", "l": ["x:1"], "o": {"n": 1, "m": 2}, "same": {"n": 5}}`
	const candidate = `{"a": 2, "t": "5s", "l": ["x:1", "y:2"], "o": {"n": 3, "m": 2, "f": true}, "same": {"n": 5}}`
	d := diff(t, served, candidate, "a.json")
	list, _ := checked(t, d, served, candidate, "a.json", change.Options{Seed: 1, At: now()})
	for _, n := range list {
		for _, p := range diff(t, candidate, string(n.Body), "a.json").Pointers() {
			parent := n.Pointer[:strings.LastIndexByte(n.Pointer, '/')]
			if !strings.HasPrefix(p, n.Pointer) && !strings.HasPrefix(n.Pointer, p) && !strings.HasPrefix(p, parent+"/") || strings.HasPrefix(p, "/same") || p == "/o/m" {
				t.Errorf("%s at %s changes %s: %s", n.Operator, n.Pointer, p, n.Body)
			}
		}
	}
}

// When there are more than enough, every value has its turn, and the seed decides whose is
// first.
func TestNeighborsAreBounded(t *testing.T) {
	t.Parallel()
	many := func(v int) string {
		var b strings.Builder
		for i := range 100 {
			fmt.Fprintf(&b, "k%02d: %d\n", i, v)
		}
		return b.String()
	}
	served, candidate := many(3), many(30)
	d := diff(t, served, candidate, "a.yaml")
	list, skipped := checked(t, d, served, candidate, "a.yaml", change.Options{Seed: 1})
	places := map[string]bool{}
	for _, n := range list {
		places[n.Pointer] = true
	}
	if len(list) != change.MostNeighbors || len(places) != change.MostNeighbors {
		t.Errorf("%d neighbors at %d places", len(list), len(places))
	}
	for _, s := range skipped {
		if s.Code != change.TooMany {
			t.Errorf("skipped is %+v", s)
		}
	}
	if other, _ := d.Neighbors(change.Options{Seed: 2}); slices.Equal(near(list), near(other)) {
		t.Error("another seed chooses the same")
	}
	if few, _ := checked(t, d, served, candidate, "a.yaml", change.Options{Most: 3}); len(few) != 3 {
		t.Errorf("%d neighbors in place of 3", len(few))
	}
	few, _ := diff(t, `{"a": 1, "b": 1}`, `{"a": 2, "b": 3}`, "a.json").Neighbors(change.Options{Most: 4})
	if got := near(few); len(got) != 4 || !strings.HasPrefix(got[0], "0.") || few[0].Pointer == few[1].Pointer {
		t.Errorf("the nearest of each are %v", got)
	}
}

// Without a difference or without values there is nothing near; it is said why.
func TestNoNeighbors(t *testing.T) {
	t.Parallel()
	if list, skipped := diff(t, `{"a": 1}`, `{ "a": 1 }`, "a.json").Neighbors(change.Options{}); len(list)+len(skipped) > 0 {
		t.Errorf("of no change: %v, %v", list, skipped)
	}
	list, skipped := diff(t, "a=1\n", "a=2\n", "a.ini").Neighbors(change.Options{})
	if len(list) > 0 || len(skipped) != 1 || skipped[0].Code != change.Unfit || skipped[0].Why == "" {
		t.Errorf("of a text: %v, %v", list, skipped)
	}
	// What is served is broken; what is new is all of the candidate.
	if list := neighbors(t, "{", `{"a": 1}`, "a.json"); len(list) == 0 {
		t.Error("the candidate has values, but no neighbors")
	}
	if list := near(neighbors(t, `{"until": "2031-01-01"}`, `{"until": "2032-01-01"}`, "a.json")); !strings.Contains(strings.Join(list, "\n"), "expire") {
		t.Errorf("with a moment: %v", list)
	}
	late, _ := diff(t, `{"until": "2031-01-01"}`, `{"until": "2032-01-01"}`, "a.json").Neighbors(change.Options{})
	if got := strings.Join(near(late), "\n"); strings.Contains(got, "expire") {
		t.Errorf("without a moment: %v", got)
	}
}
