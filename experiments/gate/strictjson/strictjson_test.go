package strictjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

type document struct {
	Name  string            `json:"name"`
	At    time.Time         `json:"at"`
	Parts []part            `json:"parts"`
	Free  any               `json:"free"`
	Words map[string]string `json:"words"`
	Next  *document         `json:"next"`
}

type part struct {
	N int `json:"n"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"whole":                        {`{"name":"a","at":"2026-11-01T03:00:00Z","parts":[{"n":1}],"free":{"x":[1]},"words":{"Any":"b"},"next":{"name":"c"}}`, nil},
		"white space":                  {" {\"name\" : \"a\"}\n", nil},
		"duplicate":                    {`{"name":"a","name":"b"}`, ErrDuplicateName},
		"duplicate, escaped":           {`{"name":"a","n\u0061me":"b"}`, ErrDuplicateName},
		"duplicate in what is free":    {`{"free":{"x":{"y":1,"y":1}}}`, ErrDuplicateName},
		"unknown":                      {`{"nome":"a"}`, ErrUnknownField},
		"unknown in a list":            {`{"parts":[{"n":1},{"m":1}]}`, ErrUnknownField},
		"unknown behind a pointer":     {`{"next":{"next":{"m":1}}}`, ErrUnknownField},
		"in other letters":             {`{"Name":"a"}`, ErrUnknownField},
		"in letters that fold":         {`{"part\u017f":[]}`, ErrUnknownField},
		"of another type":              {`{"name":1}`, ErrMalformed},
		"an object in place of a text": {`{"name":{"a":1}}`, ErrMalformed},
		"no integer":                   {`{"parts":[{"n":1.5}]}`, ErrMalformed},
		"no time":                      {`{"at":"now"}`, ErrMalformed},
		"torn":                         {`{"name":"a"`, ErrMalformed},
		"empty":                        {``, ErrMalformed},
		"followed":                     {`{"name":"a"}{}`, ErrMalformed},
		"not UTF-8":                    {"{\"name\":\"\xff\"}", ErrMalformed},
		"no name":                      {`{1:2}`, ErrMalformed},
		"as deep as can be":            {`{"free":` + strings.Repeat("[", MostDepth-1) + strings.Repeat("]", MostDepth-1) + `}`, nil},
		"too deep":                     {`{"free":` + strings.Repeat("[", MostDepth) + strings.Repeat("]", MostDepth) + `}`, ErrMalformed},
		"endlessly deep":               {strings.Repeat("[", 1_000_000), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := Decode([]byte(tt.text), &document{}); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// What is decoded can be written, and read again; an error has a class.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{"name":"a","at":"2026-11-01T03:00:00Z"}`, `{"name":"a","name":"b"}`, `{"Name":"a"}`, `{"free":[[[1e9]]]}`, `{"next":{"next":null}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d document
		err := Decode(text, &d)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrDuplicateName) && !errors.Is(err, ErrUnknownField) {
				t.Fatalf("an error of no class: %v", err)
			}
			return
		}
		again, err := json.Marshal(d)
		if err == nil {
			err = Decode(again, &document{})
		}
		if err != nil {
			t.Fatalf("%q becomes %q: %v", text, again, err)
		}
	})
}
