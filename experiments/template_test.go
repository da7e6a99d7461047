package experiments

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text   string
		want   []Part // From and To are checked by rebuilding the text
		single bool
	}{
		"empty":           {"", nil, false},
		"plain":           {"a $5 bill", []Part{{Literal: "a $5 bill"}}, false},
		"one variable":    {"${cart}", []Part{{Name: "cart"}}, true},
		"in a text":       {"x${a}y", []Part{{Literal: "x"}, {Name: "a"}, {Literal: "y"}}, false},
		"two":             {"${a}${b}", []Part{{Name: "a"}, {Name: "b"}}, false},
		"escaped":         {"$${a}", []Part{{Literal: "${a}"}}, false},
		"escaped, then":   {"$$${a}", []Part{{Literal: "$${a}"}}, false},
		"environment":     {"${env:SHOP_TOKEN}", []Part{{Name: "env", Arg: "SHOP_TOKEN"}}, true},
		"random range":    {"${random 1..100}", []Part{{Name: "random", Arg: "1..100"}}, true},
		"random choice":   {"${random red|deep blue}", []Part{{Name: "random", Arg: "red|deep blue"}}, true},
		"raw":             {"${next|raw}", []Part{{Name: "next", Raw: true}}, true},
		"raw, spaced":     {"${next | raw}", []Part{{Name: "next", Raw: true}}, true},
		"raw, built in":   {"${uuid|raw}", []Part{{Name: "uuid", Raw: true}}, true},
		"raw environment": {"${env:A|raw}", []Part{{Name: "env", Arg: "A", Raw: true}}, true},
		"raw default":     {"${env:A:-a|b|raw}", []Part{{Name: "env", Arg: "A", Default: "a|b", HasDefault: true, Raw: true}}, true},
		"default, bar":    {"${env:A:-a|b}", []Part{{Name: "env", Arg: "A", Default: "a|b", HasDefault: true}}, true},
		"a choice of raw": {"${random a|raw}", []Part{{Name: "random", Arg: "a|raw"}}, true},
		"a column":        {"${data.email}", []Part{{Name: "data.email", Column: "email"}}, true},
		"its own name":    {"${data.E-Mail (work)|raw}", []Part{{Name: "data.E-Mail (work)", Column: "E-Mail (work)", Raw: true}}, true},
		"many characters": {"ü${a}€", []Part{{Literal: "ü"}, {Name: "a"}, {Literal: "€"}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseTemplate(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			rebuilt := ""
			for i := range got.Parts {
				p := &got.Parts[i]
				rebuilt += tt.text[p.From:p.To]
				p.From, p.To = 0, 0
			}
			if !reflect.DeepEqual(got.Parts, tt.want) || rebuilt != tt.text {
				t.Fatalf("ParseTemplate() = %+v (%q), want %+v", got.Parts, rebuilt, tt.want)
			}
			if _, single := got.Single(); single != tt.single {
				t.Errorf("Single() = %t", single)
			}
		})
	}
}

func TestParseTemplateRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]int{ // text to where the mistake starts
		"ab ${":              3,
		"${}":                0,
		"x ${a b}":           2,
		"${a.b}":             0,
		"${env:}":            0,
		"${env:A-B}":         0,
		"${env}":             0,
		"${env A}":           0,
		"${env: A}":          0,
		"${env:A }":          0,
		"${env:\u00a0A}":     0,
		"${env:A\n}":         0,
		"${random}":          0,
		"a ${x|url}":         2,
		"${x|}":              0,
		"${x|raw|raw}":       0,
		"${|raw}":            0,
		"${data.}":           0,
		"${data. |raw}":      0,
		"${env:A |raw}":      0,
		"${env:A| raw}":      0,
		"${ env:A|raw}":      0,
		"${ x|raw}":          0,
		"${env:A|json}":      0,
		"${random 5..1}":     0,
		"${random a}":        0,
		"${ok} ${random 1-}": 6,
		"${random -9223372036854775808..9223372036854775807}": 0,
	}
	for text, from := range tests {
		_, err := ParseTemplate(text)
		if e, ok := errors.AsType[*TemplateError](err); !ok || e.From != from || e.To <= e.From {
			t.Errorf("ParseTemplate(%q) = %#v, want a mistake at %d", text, err, from)
		}
	}
}

// Whoever looks for secrets in a document finds each variable that is filled in.
func TestEnvNamesIn(t *testing.T) {
	t.Parallel()
	got := EnvNamesIn([]byte(`{"a": "${env:B}${env:A|raw}", "b": "${env:C:-x|raw} ${env:A:-\"d\"} ${env:x y} ${A}"}`))
	if want := []string{"A", "B", "C"}; !slices.Equal(got, want) {
		t.Errorf("EnvNamesIn() = %q, want %q", got, want)
	}
}

func TestParseRandom(t *testing.T) {
	t.Parallel()
	if c, err := ParseRandom("-5..5"); err != nil || c.Low != -5 || c.High != 5 || c.Words != nil {
		t.Errorf("ParseRandom() = %+v, %v", c, err)
	}
	if c, err := ParseRandom("a||b"); err != nil || !reflect.DeepEqual(c.Words, []string{"a", "", "b"}) {
		t.Errorf("ParseRandom() = %+v, %v", c, err)
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, seed := range []string{"", "$", "${", "$${a}${b}", "${random 1..2}", "${env:A}x", "${env:A|raw}${b|raw}", "${env:A:-b|raw}", "}{$}", strings.Repeat("$", 99)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTemplate(text)
		if err != nil {
			e, ok := errors.AsType[*TemplateError](err)
			if !ok || e.From < 0 || e.To > len(text) || e.From >= e.To {
				t.Fatalf("ParseTemplate(%q) = %#v", text, err)
			}
			return
		}
		end := 0
		for _, p := range got.Parts {
			if p.From != end || p.To <= p.From || (p.Name == "") == (p.Literal == "") {
				t.Fatalf("ParseTemplate(%q) = %+v", text, got.Parts)
			}
			end = p.To
			if p.Name == "env" && !slices.Contains(EnvNamesIn([]byte(text)), p.Arg) {
				t.Fatalf("EnvNamesIn(%q) misses %s", text, p.Arg)
			}
		}
		if end != len(text) {
			t.Fatalf("ParseTemplate(%q) ends at %d", text, end)
		}
	})
}
