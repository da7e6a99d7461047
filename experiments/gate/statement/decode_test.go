package statement

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
)

// What is refused is refused by its class. The schema refuses it as well, where schema says
// so: canonical bytes and what fields say of one another are beyond it.
func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	s := compiledSchema(t)
	_, whole := written(t, made(t, checkout(), full()))
	for name, tt := range map[string]struct {
		old, is string // a regular expression, and what replaces its first match
		want    error
		schema  bool
	}{
		"white space":              {`^\{`, `{ `, ErrNotCanonical, false},
		"the other order":          {`"estimate":0.012,"high":0.021`, `"high":0.021,"estimate":0.012`, ErrNotCanonical, false},
		"another way to write it":  {`"high":0.021`, `"high":2.1e-2`, ErrNotCanonical, false},
		"an escape":                {`"checkout"`, `"check\u006fut"`, ErrNotCanonical, false},
		"an empty field":           {`"run":"([^"]*)","started"`, `"overrides":null,"run":"x","started"`, ErrNotCanonical, true},
		"a duplicate":              {`"run":"2`, `"run":"x","run":"2`, strictjson.ErrDuplicateName, false},
		"an unknown field":         {`"run":"2`, `"passed":true,"run":"2`, strictjson.ErrUnknownField, true},
		"another case":             {`"verdict":"held"\},"predicateType`, `"Verdict":"held"},"predicateType`, strictjson.ErrUnknownField, true},
		"a list that is null":      {`"reasons":\[[^]]*\]`, `"reasons":null`, strictjson.ErrMalformed, true},
		"no field":                 {`"run":"[^"]*",`, ``, strictjson.ErrMalformed, true},
		"a verdict":                {`"verdict":"held"`, `"verdict":"passed"`, strictjson.ErrMalformed, true},
		"a worse experiment":       {`"verdict":"held"\}\],"finished"`, `"verdict":"refuted"}],"finished"`, strictjson.ErrMalformed, false},
		"a digest":                 {`"sha256":"[0-9a-f]`, `"sha256":"`, strictjson.ErrMalformed, true},
		"a digest in upper case":   {`"sha256":"[0-9a-f]`, `"sha256":"A`, strictjson.ErrMalformed, true},
		"a share":                  {`"high":0.021`, `"high":2000`, strictjson.ErrMalformed, true},
		"bounds":                   {`"high":0.021`, `"high":-1`, strictjson.ErrMalformed, false},
		"a limit":                  {`"limit":0.05`, `"limit":-1`, strictjson.ErrMalformed, true},
		"a count":                  {`"met":600`, `"met":-600`, strictjson.ErrMalformed, true},
		"no count":                 {`"met":600`, `"met":0.5`, strictjson.ErrMalformed, true},
		"a budget that is not it":  {`"budget":\{"high":0.\d+`, `"budget":{"high":0.01`, strictjson.ErrMalformed, false},
		"a pointer":                {`"/retries"`, `"retries"`, strictjson.ErrMalformed, true},
		"a time elsewhere":         {`02:00:00.123Z`, `02:00:00.123+01:00`, strictjson.ErrMalformed, true},
		"a time that is too exact": {`02:00:00.123Z`, `02:00:00.1234Z`, strictjson.ErrMalformed, true},
		"expired before":           {`"valid_until":"2026-11`, `"valid_until":"2026-10`, strictjson.ErrMalformed, false},
		"attempts that do not add": {`"count":1,"first"`, `"count":0,"first"`, strictjson.ErrMalformed, false},
		"a comparison":             {`"exit_code":0,"verdict":"held"\},"environment"`, `"exit_code":3,"verdict":"held"},"environment"`, strictjson.ErrMalformed, false},
		"another comparison":       {`"exit_code":0,"verdict":"held"\},"environment"`, `"exit_code":4,"verdict":"inconclusive"},"environment"`, strictjson.ErrMalformed, true},
		"compared with nothing":    {`"base":\["[^"]*"\]`, `"base":[]`, strictjson.ErrMalformed, true},
		"a bypass of nobody":       {`"by":"bob"`, `"by":""`, strictjson.ErrMalformed, true},
		"a line break in a name":   {`"by":"ada"`, `"by":"a\nda"`, strictjson.ErrMalformed, true},
		"another type":             {`resilience/v0.1`, `resilience/v9`, ErrOther, true},
		"no statement":             {`Statement/v1`, `Statement/v2`, strictjson.ErrMalformed, true},
		"no subject":               {`"subject":\[.*\]\}$`, `"subject":[]}`, strictjson.ErrMalformed, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := regexp.MustCompile(tt.old).FindIndex(whole)
			if at == nil {
				t.Fatalf("%s is not in %s", tt.old, whole)
			}
			if bytes.Equal(whole[at[0]:at[1]], []byte(tt.is)) {
				t.Fatal("nothing is changed")
			}
			text := bytes.Join([][]byte{whole[:at[0]], []byte(tt.is), whole[at[1]:]}, nil)
			if _, _, err := Decode(text); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if err := validate(t, s, text); (err != nil) != tt.schema {
				t.Errorf("the schema says %v", err)
			}
		})
	}
}

func TestDecodeBounds(t *testing.T) {
	t.Parallel()
	if _, _, err := Decode(bytes.Repeat([]byte(" "), MostBytes+1)); !errors.Is(err, strictjson.ErrMalformed) {
		t.Error(err)
	}
	// Those of other tools are not ours to judge, whatever their subjects look like.
	other := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","uri":"x","digest":{"sha512":"00"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{"a":1}}`
	if _, _, err := Decode([]byte(other)); !errors.Is(err, ErrOther) {
		t.Error(err)
	}
}

// Whatever is read is written as the same bytes, and the schema knows it. The fuzzer makes
// what some bytes of a statement are replaced by, as it is slow with whole statements.
func FuzzDecode(f *testing.F) {
	s := compiledSchema(f)
	o := full()
	o.Subjects = subjects()
	p, err := Make(checkout(), o)
	if err != nil {
		f.Fatal(err)
	}
	first, second, err := p.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(true, uint16(0), uint16(0), []byte(""))
	f.Add(false, uint16(0), uint16(0), []byte(""))
	f.Add(false, uint16(0), uint16(65535), []byte(`{"_type":"https://in-toto.io/Statement/v1"}`))
	for _, old := range []string{`0.021`, `"held"`, `600`, `ada`, `Z"`} {
		f.Add(false, uint16(bytes.Index(second, []byte(old))), uint16(len(old)), []byte(old))
	}
	f.Fuzz(func(t *testing.T, one bool, at, cut uint16, with []byte) {
		whole := second
		if one {
			whole = first
		}
		from := min(int(at), len(whole))
		text := bytes.Join([][]byte{whole[:from], with, whole[min(from+int(cut), len(whole)):]}, nil)
		a, b, err := Decode(text)
		switch {
		case err != nil:
			for _, class := range []error{strictjson.ErrMalformed, strictjson.ErrDuplicateName, strictjson.ErrUnknownField, ErrNotCanonical, ErrOther} {
				if errors.Is(err, class) {
					return
				}
			}
			t.Fatalf("an error of no class: %v", err)
		case a != nil:
			again, err := canonical(a)
			if err != nil || !bytes.Equal(again, text) {
				t.Fatalf("%q becomes %q: %v", text, again, err)
			}
		default:
			again, err := canonical(b)
			if err != nil || !bytes.Equal(again, text) {
				t.Fatalf("%q becomes %q: %v", text, again, err)
			}
			if err := validate(t, s, text); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestCanonicalDocument(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, text, want string }{
		"JSON":                  {"a.json", "{\"b\": 1.0, \"a\": [true, null, \"\\u0078\"]}\n", `{"a":[true,null,"x"],"b":1}`},
		"YAML":                  {"a.yaml", "# note\nb: 1.0\na:\n  - true\n  - null\n  - x\n", `{"a":[true,null,"x"],"b":1}`},
		"YAML, with an alias":   {"a.YML", "a: &x {n: 1}\nb: *x\n", `{"a":{"n":1},"b":{"n":1}}`},
		"largest integer":       {"a.json", `{"a":9007199254740992}`, `{"a":9007199254740992}`},
		"a small number":        {"a.json", `{"a":1e-7}`, `{"a":1e-7}`},
		"larger integer":        {"a.json", `{"a":9007199254740993}`, ""},
		"too exact":             {"a.json", `{"a":0.1000000000000000055}`, ""},
		"infinite":              {"a.json", `{"a":1e999}`, ""},
		"underflow":             {"a.json", `{"a":1e-999}`, ""},
		"a name twice":          {"a.json", `{"a":1,"a":2}`, ""},
		"YAML, a name twice":    {"a.yaml", "a: 1\na: 2\n", ""},
		"YAML, merge":           {"a.yaml", "a: &x {n: 1}\nb: {<<: *x}\n", ""},
		"YAML, two documents":   {"a.yaml", "a: 1\n---\na: 2\n", ""},
		"YAML, a time":          {"a.yaml", "a: 2026-11-01\n", ""},
		"YAML, an old bool":     {"a.yaml", "a: yes\n", ""},
		"YAML, quoted":          {"a.yaml", "a: \"yes\"\n", `{"a":"yes"}`},
		"YAML, octal":           {"a.yaml", "a: 010\n", ""},
		"YAML, a tag":           {"a.yaml", "a: !mine {b: 1}\n", ""},
		"YAML, infinite":        {"a.yaml", "a: .inf\n", ""},
		"YAML, a text":          {"a.yaml", "a text\n", ""},
		"YAML, no text name":    {"a.yaml", "1: a\n", ""},
		"YAML, in itself":       {"a.yaml", "a: &x [*x]\n", ""},
		"another file":          {"a.toml", "a = 1\n", ""},
		"JSON, by another name": {"a.conf", "{\"b\": 1.0}\n", `{"b":1}`},
		"YAML, by another name": {"a", "# note\nb:   1.0\n", `{"b":1}`},
		"empty":                 {"a.json", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := CanonicalDocument(tt.file, []byte(tt.text))
			if string(got) != tt.want || (err != nil) != (tt.want == "") || err != nil && !errors.Is(err, ErrNoCanonical) {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
		})
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	if _, err := CanonicalDocument("a.yaml", []byte(bomb.String())); !errors.Is(err, ErrNoCanonical) {
		t.Error(err)
	}
}

// A canonical form is its own, as JSON and as YAML.
func FuzzCanonicalDocument(f *testing.F) {
	for _, text := range []string{`{"b": 1.0, "a": [true, null, "x"]}`, "b: 0x10\na: [yes, 1e3]\n", "a: &x [1]\nb: *x\n"} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, yaml bool) {
		name := map[bool]string{false: "a.json", true: "a.yaml"}[yaml]
		form, err := CanonicalDocument(name, text)
		if err != nil {
			return
		}
		again, err := CanonicalDocument("a.json", form)
		if err != nil || !bytes.Equal(again, form) {
			t.Fatalf("%q becomes %q and then %q: %v", text, form, again, err)
		}
	})
}

func TestParseSubject(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("0a", 32)
	s, err := ParseSubject("registry.example/shop:1@sha256:" + sum)
	if err != nil || s.Name != "registry.example/shop:1" || s.Digest.SHA256 != sum {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := ParseSubject("git@gitCommit:" + sum[:40]); err != nil || s.Digest.GitCommit != sum[:40] {
		t.Errorf("%+v, %v", s, err)
	}
	for _, d := range []Digest{{SHA256: sum}, {GitCommit: sum[:40]}, {GitCommit: sum}} {
		if got, err := ParseDigest(d.String()); err != nil || got != d {
			t.Errorf("%+v, %v; want %+v", got, err, d)
		}
	}
	for _, text := range []string{"", "shop", "git@gitCommit:" + sum[:39], "git@" + sum[:40], "a#canonical@sha256:" + sum, "shop@sha256:", "shop@sha512:" + sum, "@sha256:" + sum, "shop@sha256:" + sum + "0", "shop@sha256:" + strings.ToUpper(sum), "a@b@sha256:" + sum, "a\n@sha256:" + sum} {
		if s, err := ParseSubject(text); err == nil {
			t.Errorf("%q is %+v", text, s)
		}
	}
}
