package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

const canary = `Zq"7<é/X+9 &Kw%2FYj`

// forms are ways in which others write a secret.
func forms() map[string]string {
	inJSON, _ := json.Marshal(canary)
	twice, _ := json.Marshal(string(inJSON[1 : len(inJSON)-1]))
	var ascii strings.Builder
	for _, r := range canary {
		fmt.Fprintf(&ascii, `\u%04x`, r)
	}
	return map[string]string{
		"as it is":            canary,
		"in JSON":             string(inJSON[1 : len(inJSON)-1]),
		"in JSON in JSON":     string(twice[1 : len(twice)-1]),
		"in JSON, ASCII only": ascii.String(),
		"in a query":          url.QueryEscape(canary),
		"in a path":           url.PathEscape(canary),
		"in a path, twice":    url.PathEscape(url.PathEscape(canary)),
		"in HTML":             html.EscapeString(canary),
		"as Go quotes it":     strings.Trim(fmt.Sprintf("%+q", canary), `"`),
		"in capitals":         strings.ToUpper(canary),
		"over two lines":      canary[:8] + "\r\n    " + canary[8:],
		"over many lines":     strings.Join(strings.SplitAfter(canary, ""), "\n"),
		"as base64":           base64.StdEncoding.EncodeToString([]byte(canary)),
		"in base64":           base64.StdEncoding.EncodeToString([]byte("xy" + canary)),
		"in base64, wrapped":  strings.Join(strings.SplitAfterN(base64.URLEncoding.EncodeToString([]byte(canary)), "", 20), "\n"),
		"as digits":           hex.EncodeToString([]byte(canary)),
	}
}

func secrets(values ...string) *Secrets {
	s := &Secrets{}
	for _, v := range values {
		s.Hide(v, "#")
	}
	return s
}

// part returns a part of the form, of n bytes or more, that a text shows; "" where it
// shows none.
func part(text, form string, n int) string {
	for i := 0; i+n <= len(form); i++ {
		if strings.Contains(text, form[i:i+n]) {
			return form[i : i+n]
		}
	}
	return ""
}

// Wherever a text is cut, no part of a secret is left.
func TestNoCutLeavesAPartOfASecret(t *testing.T) {
	t.Parallel()
	const most = 50
	s := secrets(canary)
	ways := map[string]func(string, int) string{"Text": s.Text, "Line": s.Line, "Plain": s.Plain, "FirstLine": s.FirstLine,
		"Error": func(text string, most int) string { return s.Error(errors.New(text), most).Error() }}
	for name, form := range forms() {
		for at := range most + len(mark) + 2 {
			for way, show := range ways {
				before := strings.Repeat("_", at)
				got := show(before+form+" after", most)
				if leak := part(got, form, 4); leak != "" {
					t.Errorf("%s, %s at %d: %q shows %q", way, name, at, got, leak)
				}
				if !strings.HasPrefix(got, before[:min(at, most)]) || len(got) > most+len(mark) {
					t.Errorf("%s, %s at %d: %q", way, name, at, got)
				}
			}
		}
	}
}

// A text that was cut before it is shown leaves no part of a secret either.
func TestNoReadLeavesAPartOfASecret(t *testing.T) {
	t.Parallel()
	s := secrets(canary)
	for name, form := range forms() {
		for kept := range len(form) {
			o, err := ReadAll(strings.NewReader("first\n__"+form+"_"), 8+kept)
			if err != nil {
				t.Fatal(err)
			}
			shown := []string{o.Text(s, 1000), o.FirstLine(s, 1000), strings.Join(o.Lines(s, 1000), "\n")}
			derived := strings.Contains(name, "base64") || name == "as digits"
			for _, got := range shown {
				if !derived && kept > 0 && strings.HasPrefix(got, "first\n__"+form[:1]) || derived && part(got, form, 2*minRest) != "" || !strings.HasPrefix(got, "first") {
					t.Errorf("%s, cut after %d bytes: %q", name, kept, got)
				}
			}
		}
	}
}

// The last lines of a text begin behind a secret that was cut.
func TestNoEndShowsAPartOfASecret(t *testing.T) {
	t.Parallel()
	s := secrets(canary)
	for name, form := range forms() {
		for missing := range len(form) {
			got, err := s.lastLines(strings.NewReader(form[missing:]+" and\nmore"), missing > 0, 3, 1000)
			if err != nil || part(got, form, minRest*len(form)/len(canary)+halfEscape) != "" || !strings.HasSuffix(got, "and\nmore") {
				t.Errorf("%s, without %d bytes: %q, %v", name, missing, got, err)
			}
		}
	}
	long := strings.Repeat("x\n", tailWindow/2-5)
	if got, err := s.LastLines(strings.NewReader("<"+canary+long), int64(1+len(canary)+len(long)), 1<<20, 1<<20); err != nil || got != strings.TrimSpace(long) {
		t.Errorf("LastLines() = %.40q, %v", got, err)
	}
	got, err := s.LastLines(strings.NewReader("a\nb\nc "+canary+"\nd\n"), 100, 2, 100)
	if got != "c #\nd" || err != nil {
		t.Errorf("LastLines() = %q, %v", got, err)
	}
	got, err = s.LastLines(strings.NewReader("a\nbbbb\ncccc"), 11, 3, 7)
	if got != "cccc" || err != nil {
		t.Errorf("LastLines() = %q, %v", got, err)
	}
	if got, err = s.LastLines(strings.NewReader("aéé"), 5, 3, 3); got != mark+"é" || err != nil {
		t.Errorf("LastLines() = %q, %v", got, err)
	}
}

// Blocks of a stream hide what one text hides, wherever a block ends.
func TestCopy(t *testing.T) {
	t.Parallel()
	s := secrets(canary)
	for name, form := range forms() {
		for _, line := range []string{"_", "_\n", `\"`, "%%"} {
			text := strings.Repeat(line, 60<<10/len(line)) + "<" + strings.Repeat(form+"><", 8<<10/len(form)) + strings.Repeat(line, 20<<10/len(line)) + "end"
			var out strings.Builder
			if err := s.Copy(&out, iotest.HalfReader(strings.NewReader(text))); err != nil {
				t.Fatal(err)
			}
			want := s.matcher().hide([]byte(text), edges{})
			if got := out.String(); got != want {
				t.Errorf("%s in %q: %d bytes, want %d; %q", name, line, len(got), len(want), part(got, form, 6))
			}
		}
	}
	full := errors.New("full")
	if err := s.Copy(io.Discard, iotest.ErrReader(full)); !errors.Is(err, full) {
		t.Errorf("Copy() = %v, want the reader's error", err)
	}
	if err := s.Copy(failing{full}, strings.NewReader("x")); !errors.Is(err, full) {
		t.Errorf("Copy() = %v, want the writer's error", err)
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

func TestWhatIsHidden(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hidden     []string
		text, want string
	}{
		"nothing to hide":                 {nil, "a b", "a b"},
		"no secret in it":                 {[]string{"hunter2"}, "a %41 \\u0041 &amp; b", "a %41 \\u0041 &amp; b"},
		"two characters keep no secret":   {[]string{"ab"}, "ab", "ab"},
		"three do":                        {[]string{"abc"}, "abc", "#"},
		"a short one in its own case":     {[]string{"abc"}, "ABC abc", "ABC #"},
		"side by side":                    {[]string{"abc", "def"}, "abcdef", "##"},
		"one within another":              {[]string{"abc", "abcdef", "cde"}, "abcdef abc", "# #"},
		"one across another":              {[]string{"abcdef", "defghi"}, "<abcdefghi>", "<#>"},
		"one across itself":               {[]string{"aba"}, "<ababa>", "<#>"},
		"blanks around it":                {[]string{"hunter2\n"}, "<hunter2>", "<#>"},
		"lines of it":                     {[]string{"-----BEGIN\nabcdefgh\nend"}, "abcdefgh", "#"},
		"all lines of it":                 {[]string{"one two\nthree"}, "<one two\r\n\tthree>", "<#>"},
		"its lines joined":                {[]string{"one two\nthree"}, "<one two three>", "<#>"},
		"the line behind it":              {[]string{"hunter2"}, "hunter2\n  next", "#\n  next"},
		"bytes that are no text":          {[]string{"hun\xffter"}, "<hun\xffter> <hun\ufffdter>", "<#> <#>"},
		"bytes between, that are no text": {[]string{"hunter2"}, "hun\xffter2", "hun\ufffdter2"},
		"a surrogate pair":                {[]string{"pass🔑word"}, `pass\ud83d\udd11word`, "#"},
		"half of a pair":                  {[]string{"hunter2"}, `\ud83dhunter2`, `\ud83d#`},
		"what stands around it":           {[]string{"hunter2"}, `{"a":"\"hunter2\""}`, `{"a":"\"#\""}`},
	} {
		if got := secrets(tt.hidden...).Text(tt.text, 1000); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Where one text is made of another, none becomes a secret by it.
func TestNoShapeMakesASecret(t *testing.T) {
	t.Parallel()
	s := secrets("one two")
	if got := s.Line("<one \t\n two>", 100); got != "<#>" {
		t.Errorf("Line() = %q", got)
	}
	if got := s.Plain("<one\u0085two>", 100); got != "<#>" {
		t.Errorf("Plain() = %q", got)
	}
	if got := s.Plain("a\x1b[2Jb\n\xff", 100); got != "a?[2Jb ?" {
		t.Errorf("Plain() = %q", got)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	s := FromEnv([]string{"DSN", "NONE"}, func(name string) (string, bool) {
		return "postgres://shop:pa%2Fss@db.test/shop?sslpassword=other%20one&sslmode=off#x", name == "DSN"
	})
	s.HideURL("http://admin:slash/ed@127.0.0.1")
	s.HideURL("http://admin:quest?ion@127.0.0.1")
	s.HideURL("http://admin:ha#sh@127.0.0.1")
	s.HideURL("no URL: user:password@host")
	for text, want := range map[string]string{
		"pa/ss":                 Hidden,
		"pa%2Fss":               Hidden,
		"<other one>":           "<" + Hidden + ">",
		"sslmode=off":           "sslmode=off",
		"no URL: user:password": "no URL: user:password",
		"slash/ed":              Hidden,
		"quest?ion, ha#sh":      Hidden + ", " + Hidden,
		"postgres://shop:pa%2Fss@db.test/shop?sslpassword=other%20one&sslmode=off#x":      "${env:DSN}",
		"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("shop:pa/ss")): "Authorization: Basic " + Hidden,
	} {
		if got := s.Text(text, 1000); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	other := secrets("mine")
	other.HideAll(s)
	other.HideAll(other)
	other.HideAll(nil)
	if got := other.Text("mine pa/ss", 100); got != "# "+Hidden {
		t.Errorf("Text() = %q", got)
	}
	var none *Secrets
	if got := none.Text("abc", 2); got != "ab"+mark {
		t.Errorf("Text() = %q", got)
	}
}

// An error keeps its class.
func TestErrors(t *testing.T) {
	t.Parallel()
	err := secrets("hunter2").Error(&fs.PathError{Op: "open", Path: "hunter2", Err: os.ErrNotExist}, 100)
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "open #: file does not exist" {
		t.Errorf("Error() = %v", err)
	}
}

// What is shown does not depend on what a secret is: two secrets of one length give
// one text, wherever they stand, however they are escaped, and wherever the text was
// cut or is cut.
func FuzzNothingDependsOnASecret(f *testing.F) {
	for form := range uint8(7) {
		f.Add("before ", "kjkhgfa", " after", form, uint16(200), uint16(20))
		f.Add("\\%&\n", "aabaab", "\n\xff\\", form, uint16(13), uint16(8))
	}
	f.Fuzz(func(t *testing.T, before, secret, after string, form uint8, kept, most uint16) {
		one, other := letters(secret)
		if len(one) < minSecret || len(one) > 1000 || len(before)+len(after) > 1<<14 {
			t.Skip()
		}
		show := func(value string) string {
			s := secrets(value, value[:minSecret])
			text := plain(before) + written(value, form) + plain(after)
			o, err := ReadAll(strings.NewReader(text), int(kept))
			if err != nil {
				t.Fatal(err)
			}
			var all bytes.Buffer
			if err := s.Copy(&all, strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			m := int(most)
			return fmt.Sprintf("%q %q %q %q %q %q %q %q", s.Text(text, m), s.Line(text, m), s.Plain(text, m), s.FirstLine(text, m),
				o.Text(s, m), o.FirstLine(s, m), o.Lines(s, m), all.String())
		}
		if a, b := show(one), show(other); a != b {
			t.Errorf("%s is shown as\n%s, and %s as\n%s", one, a, other, b)
		}
	})
}

// letters makes two secrets of a text, which have no letter in common. None is a digit
// or stands for a character behind a backslash.
func letters(text string) (one, other string) {
	for i := range len(text) {
		one, other = one+"ghijk"[text[i]%5:][:1], other+"lmopq"[text[i]%5:][:1]
	}
	return one, other
}

// plain returns a text without anything that could be of a secret, or an escape of it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return '.'
		}
		return r
	}, text)
}

// written writes a secret in one of several ways.
func written(value string, form uint8) string {
	formats := []string{"%c", `\u%04x`, "%%%02X", "&#x%02x;", `\\u%04x`, "%%25%02x", "%c\n\t"}
	var b strings.Builder
	for _, c := range []byte(value) {
		fmt.Fprintf(&b, formats[int(form)%len(formats)], c)
	}
	return b.String()
}

// Whatever is hidden and shown, a text is short and valid, and whole where nothing of
// it is hidden.
func FuzzText(f *testing.F) {
	f.Add("hunter2", "a hunter2 b", uint16(20))
	f.Add("a\nb\xff", "%61%0a%62\\xff\xff", uint16(3))
	f.Add("&amp", "&am", uint16(1))
	f.Fuzz(func(t *testing.T, secret, text string, most uint16) {
		s := secrets(secret)
		for _, got := range []string{s.Text(text, int(most)), s.Line(text, int(most)), s.Plain(text, int(most)), s.FirstLine(text, int(most))} {
			if len(got) > int(most)+len(mark) || !utf8.ValidString(got) {
				t.Errorf("%q", got)
			}
		}
		if none := (&Secrets{}); utf8.ValidString(text) && len(text) <= int(most) && none.Text(text, int(most)) != text {
			t.Errorf("%q is shown as %q", text, none.Text(text, int(most)))
		}
	})
}
