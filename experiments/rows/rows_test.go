package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	n := func(s string) json.Number { return json.Number(s) }
	for name, tt := range map[string]struct {
		file, text string
		columns    []string
		rows       [][]any
	}{
		"plain":            {"u.csv", "email,pin\na@x.test,1\nb@x.test,2\n", []string{"email", "pin"}, [][]any{{"a@x.test", "1"}, {"b@x.test", "2"}}},
		"no newline, CRLF": {"u.csv", "email,pin\r\na,1\r\nb,2", []string{"email", "pin"}, [][]any{{"a", "1"}, {"b", "2"}}},
		"byte order mark":  {"u.csv", "\ufeffemail\na\n", []string{"email"}, [][]any{{"a"}}},
		"quotes":           {"u.csv", "name,note\n\"a, b\",\"say \"\"hi\"\"\nthere\"\n", []string{"name", "note"}, [][]any{{"a, b", "say \"hi\"\nthere"}}},
		"blank lines":      {"U.CSV", "email\n\na\n\n", []string{"email"}, [][]any{{"a"}}},
		"empty values":     {"u.csv", "a,b\n,\n", []string{"a", "b"}, [][]any{{"", ""}}},
		"JSON lines": {"u.jsonl", "\ufeff" + `{"b": 1.50, "a": "x"}` + "\r\n\n" + `{"a": "1", "b": null}` + "\n" + `{"a": true, "b": {"c": [2]}}`,
			[]string{"a", "b"}, [][]any{{"x", n("1.50")}, {"1", nil}, {true, map[string]any{"c": []any{n("2")}}}}},
		"escapes": {"u.ndjson", `{"a": "\u00e4\n"}`, []string{"a"}, [][]any{{"ä\n"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, err := Parse(tt.file, []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(table.Columns(), tt.columns) || table.Len() != len(tt.rows) {
				t.Fatalf("columns %q and %d rows, want %q and %d", table.Columns(), table.Len(), tt.columns, len(tt.rows))
			}
			for i, row := range tt.rows {
				for k, want := range row {
					if got := table.Value(i, k); !reflect.DeepEqual(got, want) {
						t.Errorf("row %d, %s: %#v, want %#v", i, tt.columns[k], got, want)
					}
				}
			}
		})
	}
}

// columns are the names of so many columns, and names an object that has them.
func columns(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("c%d", i)
	}
	return strings.Join(list, ",")
}

func names(n int) string {
	return `{"` + strings.ReplaceAll(columns(n), ",", `":"","`) + `":""}` + "\n"
}

// What is as large as it may be is read.
func TestParseTakesTheLargest(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("b", MaxRecord-len(`{"a": ""}`))
	for name, tt := range map[string]struct {
		file, text string
		rows       int
	}{
		"columns":     {"u.csv", columns(MaxColumns) + "\n" + strings.Repeat(",", MaxColumns-1) + "\n", 1},
		"names":       {"u.jsonl", names(MaxColumns), 1},
		"a row":       {"u.csv", "a\r\n" + strings.Repeat("b", MaxRecord) + "\r\n" + strings.Repeat("c", MaxRecord), 2},
		"a line":      {"u.jsonl", `{"a": "` + long + `"}` + "\r\n" + `{"a": "` + long + `"}`, 2},
		"empty lines": {"u.csv", "a\nb" + strings.Repeat("\n", MaxRecord+3) + "c", 2},
		"CR alone":    {"u.csv", "a\n\r\r\n\r\nb", 2}, // a value of a line break, and an empty line
		"many rows":   {"u.csv", "a\n" + strings.Repeat("\"1\n2\"\n", MaxRecord/5), MaxRecord / 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, err := Parse(tt.file, []byte(tt.text))
			if err != nil || table.Len() != tt.rows {
				t.Fatalf("Parse() = %v", err)
			}
			if last := table.Value(tt.rows-1, 0); tt.file == "u.csv" && !strings.HasSuffix(tt.text, last.(string)) && len(last.(string)) > 3 {
				t.Errorf("the last row is %.20q", last)
			}
		})
	}
}

// What is refused for its size is refused before it takes much memory.
func TestRefusalsTakeLittleMemory(t *testing.T) {
	for file, text := range map[string]string{"u.csv": strings.Repeat(",", 20<<20), "u.jsonl": names(500_000)} {
		raw := []byte(text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(file, raw)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 200<<20 {
			t.Errorf("%s: %d MiB of memory for %d MiB: %v", file, took>>20, len(raw)>>20, err)
		}
	}
}

// Every mistake has the line of the data file and no value of it, which may be a secret.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, text string
		line       int
		hint       string
	}{
		"semicolons":         {"u.csv", "email;password\na;hunter2\n", 1, "write commas: email,password"},
		"tabs":               {"u.csv", "email\tpassword\na\thunter2\n", 1, "write commas: email,password"},
		"too many values":    {"u.csv", "email,password\na,b\nb,hunter2,x\n", 3, "quotes"},
		"too few values":     {"u.csv", "email,password\n\"a\nb\",c\nhunter2\n", 4, "quotes"},
		"a bare quote":       {"u.csv", "email,password\na,hunter\"2\n", 2, `""`},
		"a quote left open":  {"u.csv", "email,password\na,b\nc,\"hunter2\nd,e\n", 3, `""`},
		"no name":            {"u.csv", "email,,c\nhunter2,2,3\n", 1, "names the columns"},
		"a name twice":       {"u.csv", "email,email\nhunter2,b\n", 1, ""},
		"a space":            {"u.csv", "email, password\na, hunter2\n", 1, "without spaces"},
		"a brace":            {"u.csv", "email,a}b\na,hunter2\n", 1, "without {"},
		"a header alone":     {"u.csv", "email,password\n", 0, ""},
		"nothing":            {"u.csv", "", 0, ""},
		"no lines":           {"u.jsonl", "\n\n", 0, ""},
		"UTF-16":             {"u.csv", "\xff\xfee\x00", 0, "UTF-8"},
		"Latin-1":            {"u.csv", "email\na\nhunter2\xe4\n", 3, "UTF-8"},
		"binary":             {"u.csv", "email\nhunter2\x00\n", 2, ""},
		"another format":     {"u.txt", "email\nhunter2\n", 0, ".csv"},
		"a list":             {"u.jsonl", `[{"a": "hunter2"}]`, 1, "jq"},
		"no object":          {"u.jsonl", "{\"a\": \"x\"}\nhunter2\n", 2, "one object a line"},
		"null":               {"u.jsonl", "null\n", 1, "one object a line"},
		"an object cut":      {"u.jsonl", "{\"a\": \"x\"}\n\n{\"a\": \"hunter2\n", 3, "one object a line"},
		"a name is missing":  {"u.jsonl", "{\"a\": \"x\", \"b\": 1}\n{\"a\": \"hunter2\"}\n", 2, "null"},
		"a name more":        {"u.jsonl", "{\"a\": \"x\"}\n{\"a\": \"hunter2\", \"b\": 1}\n", 2, ""},
		"an object of none":  {"u.jsonl", "{}\n", 1, ""},
		"more rows than are": {"u.csv", "a\n" + strings.Repeat("1\n", MaxRows+1), MaxRows + 2, ""},
		"more lines":         {"u.jsonl", strings.Repeat("{\"a\":1}\n", MaxRows+1), MaxRows + 1, ""},
		"columns":            {"u.csv", columns(MaxColumns+1) + "\n", 1, ""},
		"names":              {"u.jsonl", "\n" + names(MaxColumns+1), 2, ""},
		"a line of commas":   {"u.csv", strings.Repeat(",", 20<<20), 1, "quote"},
		"a row of commas":    {"u.csv", "a\nb\n\n" + strings.Repeat(",", MaxRecord+1) + "\n", 4, "quote"},
		"a long row":         {"u.csv", "a\nhunter2" + strings.Repeat("b", MaxRecord) + "\nc\n", 2, "quote"},
		"a quote open long":  {"u.csv", "a\nb\n\"hunter2\n" + strings.Repeat("c\n", MaxRecord), 3, "quote"},
		"a long line":        {"u.jsonl", "{\"a\": \"\"}\n{\"a\": \"hunter2" + strings.Repeat("b", MaxRecord) + "\"}\n", 2, ""},
		"a line of names":    {"u.jsonl", names(500_000), 1, ""},
		"too many cells":     {"u.csv", columns(MaxColumns) + strings.Repeat("\n"+strings.Repeat(",", MaxColumns-1), MaxCells/MaxColumns+1), MaxCells/MaxColumns + 2, "leave out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(tt.file, []byte(tt.text))
			wrong, ok := errors.AsType[*Error](err)
			if !ok || wrong.Line != tt.line || wrong.File != tt.file || !strings.Contains(wrong.Hint, tt.hint) || tt.hint == "" && wrong.Hint != "" {
				t.Fatalf("Parse() = %#v, want line %d and the hint %q", err, tt.line, tt.hint)
			}
			if strings.Contains(wrong.Error()+wrong.Hint, "hunter") {
				t.Errorf("%v (%s) quotes a value", wrong, wrong.Hint)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "users.csv")
	if err := os.WriteFile(good, []byte("email\na\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if table, err := Read(good, "users.csv"); err != nil || table.Len() != 1 {
		t.Errorf("Read() = %v, %v", table, err)
	}
	large := filepath.Join(dir, "large.csv")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, MaxBytes+1)); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{large: "at most 64 MiB", dir: "not a file", filepath.Join(dir, "none.csv"): "does not exist"} {
		if _, err := Read(file, "shown.csv"); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "shown.csv: ") || strings.Contains(err.Error(), dir) {
			t.Errorf("Read(%s) = %v, want %q", filepath.Base(file), err, want)
		}
	}
}

// A change of any value changes the digest.
func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		table, err := Parse("u.csv", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return table.Digest()
	}
	if a, b, c := digest("e\na\n"), digest("e\na\n"), digest("e\nb\n"); a != b || a == c {
		t.Errorf("%s, %s and %s", a, b, c)
	}
}

func TestSecretsOfRows(t *testing.T) {
	t.Parallel()
	table, err := Parse("u.csv", []byte("email,password,api_token,city\na@x.test,pass one,t/1,Bonn\nb@x.test,pass-two,ab,Kiel\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Secrets(1); !slices.Equal(got, []string{"pass-two", "ab"}) {
		t.Errorf("Secrets(1) = %q", got)
	}
	for text, want := range map[string]string{
		"GET /login/pass-two?t=t%2F1&c=Kiel": "GET /login/***?t=***&c=Kiel",
		"GET /pass+one":                      "GET /***",
		"POST /ab/cities/Bonn":               "POST /ab/cities/Bonn", // two bytes are in many paths by chance
		"":                                   "",
	} {
		if got := table.Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}

// However rows are lent and returned, none is lent twice, none of another share is
// lent, and one is refused only where none is free.
func TestPoolNeverLendsTwice(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 7, 64} {
		for shares := 1; shares <= 2; shares++ {
			t.Run(fmt.Sprintf("%d in %d", size, shares), func(t *testing.T) {
				t.Parallel()
				p := NewPool(size, shares)
				state := uint64(size)
				random := func(uint64) uint64 {
					state = state*6364136223846793005 + 1442695040888963407
					return state >> 33
				}
				held := map[int]bool{}
				for range 5000 {
					of := int(random(0)) % shares
					row, ok := p.InTurn(of)
					if random(0)%2 == 0 && ok {
						p.Return(row)
						row, ok = p.AtRandom(of, random)
					}
					free := 0
					for r := of; r < size; r += shares {
						if !held[r] {
							free++
						}
					}
					if ok != (free > 0) || ok && (held[row] || row%shares != of || row >= size) {
						t.Fatalf("row %d (%t) of share %d, with %d free and %v held", row, ok, of, free, held)
					}
					if ok {
						held[row] = true
					}
					for r := range held {
						if random(0)%3 == 0 {
							p.Return(r)
							delete(held, r)
						}
					}
				}
			})
		}
	}
}

func TestPoolLendsInTurn(t *testing.T) {
	t.Parallel()
	p := NewPool(5, 2)
	var got []int
	for range 7 {
		row, ok := p.InTurn(0)
		if !ok {
			t.Fatal("none is free")
		}
		got = append(got, row)
		p.Return(row)
		p.Return(row) // once more is once
	}
	if !slices.Equal(got, []int{0, 2, 4, 0, 2, 4, 0}) {
		t.Errorf("lent %v", got)
	}
	kept, _ := p.InTurn(0)
	p.InTurn(0)
	p.InTurn(0)
	if row, ok := p.InTurn(0); ok {
		t.Errorf("lent %d, and all are", row)
	}
	if row, ok := p.InTurn(1); !ok || row != 1 {
		t.Errorf("share 1 lends %d, %t: it is not free of share 0", row, ok)
	}
	p.Return(kept)
	if row, ok := p.AtRandom(0, func(n uint64) uint64 { return n * 3 }); !ok || row != kept {
		t.Errorf("lent %d, %t, want the only free one, %d", row, ok, kept)
	}
}

// Rows at random are all lent about as often, and alike for one seed.
func TestPoolLendsAtRandom(t *testing.T) {
	t.Parallel()
	lend := func(seed uint64) (list []int) {
		p := NewPool(10, 1)
		for k := range uint64(1000) {
			row, _ := p.AtRandom(0, func(n uint64) uint64 { return (seed + k*16 + n) * 0x9e3779b97f4a7c15 >> 20 })
			list = append(list, row)
			p.Return(row)
		}
		return list
	}
	a := lend(1)
	if !slices.Equal(a, lend(1)) || slices.Equal(a, lend(2)) {
		t.Error("rows at random do not go by the seed")
	}
	counts := map[int]int{}
	for _, row := range a {
		counts[row]++
	}
	for row := range 10 {
		if counts[row] < 60 || counts[row] > 140 {
			t.Errorf("row %d was lent %d times of 1000 among 10", row, counts[row])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("u.csv", []byte("email,pin\na,\"b\"\"c\"\n"))
	f.Add("u.csv", []byte("\ufeffa;b\r\n1;2"))
	f.Add("u.jsonl", []byte(`{"a": "x", "b": [1, {"c": null}]}`))
	f.Add("u.jsonl", []byte("{\"a\": 1e9}\n{\"a\": \"\\ud800\"}"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		table, err := Parse(name, text)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok || table != nil {
				t.Fatalf("Parse() = %v, %v", table, err)
			}
			return
		}
		if table.Len() == 0 || len(table.Columns()) == 0 {
			t.Fatal("a table without rows or columns is no table")
		}
		for row := range table.Len() {
			for column := range table.Columns() {
				table.Value(row, column)
			}
			table.Secrets(row)
		}
		table.Mask(string(text))
	})
}
