package experiments

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// uploading is the document of a system whose only step sends a body.
func uploading(t *testing.T, body string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), SystemFile)
	text := fmt.Sprintf("version: 1\nsystem: shop\nenvironment: staging\ntoxiproxy: embedded\nurl: http://127.0.0.1:1\ndependencies: {a: {listen: 127.0.0.1:2, upstream: 127.0.0.1:3}}\n"+
		"journeys:\n  j:\n    rate: 1/s\n    steps:\n      - name: s\n        request: POST /a\n        %s\n", body)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A file is read when its document is: what the requests send is decided then. Its bytes
// are in no text that is made of the document, and its digest is.
func TestFilesOfRequests(t *testing.T) {
	t.Parallel()
	content := []byte("\x89PNG secret \x00\xff")
	for name, tt := range map[string]struct {
		body, path string
		kind       string
		of         func(Request) *File
	}{
		"a body":             {"body: {file: up/photo.PNG}", "up/photo.PNG", "image/png", func(r Request) *File { return r.File }},
		"a part":             {"multipart: {a: b, p: {file: photo.jpg}}", "photo.jpg", "image/jpeg", func(r Request) *File { return r.Multipart[1].File }},
		"one of a list":      {"multipart: {p: [a, {file: page.html, name: n}]}", "page.html", "text/html", func(r Request) *File { return r.Multipart[1].File }},
		"alone in a list":    {"multipart: {p: [{file: photo.png}]}", "photo.png", "image/png", func(r Request) *File { return r.Multipart[0].File }},
		"of a type":          {"multipart: {p: {type: image/x-own, file: photo.png}}", "photo.png", "image/x-own", func(r Request) *File { return r.Multipart[0].File }},
		"of no known type":   {"body: {file: data.nobody-knows}", "data.nobody-knows", "application/octet-stream", func(r Request) *File { return r.File }},
		"by a variable":      {"body: {file: \"${env:NAME}.png\"}", "photo.png", "image/png", func(r Request) *File { return r.File }},
		"with type and name": {"multipart: {p: {file: photo.png, name: shown, type: text/plain}}", "photo.png", "text/plain", func(r Request) *File { return r.Multipart[0].File }},
	} {
		t.Run(name, func(t *testing.T) {
			document := uploading(t, tt.body)
			file := filepath.Join(filepath.Dir(document), filepath.FromSlash(tt.path))
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			load := func(content []byte) (Request, []byte) {
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
				s, _, err := Outside{Getenv: func(string) (string, bool) { return "photo", true }}.Load(document, nil)
				if err != nil {
					t.Fatal(Explain(err))
				}
				text, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				return s.Journeys[0].Steps[0].Request, text
			}
			r, text := load(content)
			f := tt.of(r)
			got, read := f.Content()
			if !read || !bytes.Equal(got, content) || f.Size != len(content) || f.Type != tt.kind || f.Path != tt.path {
				t.Errorf("the file is %+v, %q, want type %s", f, got, tt.kind)
			}
			if bytes.Contains(text, []byte("secret")) {
				t.Errorf("%s shows what the file holds", text)
			}
			if want := fmt.Sprintf("<%d bytes of %s>", len(content), filepath.Base(tt.path)); f.Shown() != want {
				t.Errorf("shown as %s, want %s", f.Shown(), want)
			}
			if _, other := load(append(content, 'x')); bytes.Equal(text, other) {
				t.Error("another file is the same journey")
			}
			if _, same := load(content); !bytes.Equal(text, same) {
				t.Error("the same file is another journey")
			}
			var back Request
			text, _ = json.Marshal(r)
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			if _, read := tt.of(back).Content(); read {
				t.Error("a file has content that nobody read")
			}
		})
	}
}

func TestFilesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		make func(file string) error
		says string
	}{
		"missing":     {func(string) error { return nil }, "does not exist"},
		"a directory": {func(file string) error { return os.Mkdir(file, 0o700) }, "a directory"},
		"a pipe":      {func(file string) error { return syscall.Mkfifo(file, 0o600) }, "a named pipe"},
		"too large":   {func(file string) error { return os.WriteFile(file, make([]byte, maxUpload+1), 0o600) }, "larger than 8 MiB"},
	} {
		for _, body := range []string{"body: {file: f.bin}", "multipart: {a: {file: f.bin}}"} {
			document := uploading(t, body)
			if err := tt.make(filepath.Join(filepath.Dir(document), "f.bin")); err != nil {
				t.Fatal(err)
			}
			_, _, err := Load(document, nil)
			list := shape.Errors(err)
			if len(list) != 1 || list[0].Line != 13 || list[0].Col != strings.Index(body, "f.bin")+9 || !strings.Contains(list[0].Msg, tt.says) {
				t.Errorf("%s: %v, want a mistake in line 13", name, err)
			}
		}
	}
	document := uploading(t, "body: {file: f.bin}")
	if err := os.WriteFile(filepath.Join(filepath.Dir(document), "f.bin"), make([]byte, maxUpload), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(document, nil); err != nil {
		t.Errorf("a file of 8 MiB: %v", err)
	}
}

// A file that is missing is told alike, whichever key names it: with where it was looked for,
// and with what is there under a name like it.
func TestMissingFilesAreToldAlike(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ there, wrote, hint string }{
		"one letter less":   {"users.csv", "user.csv", `did you mean "users.csv"?`},
		"another case":      {"Users.CSV", "users.csv", `did you mean "Users.CSV"?`},
		"in a folder":       {"up/users.csv", "up/user.csv", `did you mean "up/users.csv"?`},
		"nothing like it":   {"photo.png", "user.csv", ""},
		"a folder":          {"user.csv.d/x", "user.csv", ""},
		"no folder of that": {"users.csv", "down/user.csv", ""},
	} {
		for _, key := range []string{"body: {file: %s}", "multipart: {a: {file: %s}}", "data"} {
			body := fmt.Sprintf(strings.Replace(key, "data", `form: {a: b}`+"\n    data: %s", 1), tt.wrote)
			document := uploading(t, body)
			dir := filepath.Dir(document)
			there := filepath.Join(dir, filepath.FromSlash(tt.there))
			if err := errors.Join(os.MkdirAll(filepath.Dir(there), 0o700), os.WriteFile(there, []byte("a\nb\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
			_, _, err := Load(document, nil)
			list := shape.Errors(err)
			where := filepath.Dir(filepath.Join(dir, filepath.FromSlash(tt.wrote)))
			if len(list) != 1 || list[0].Msg != tt.wrote+": the file does not exist in "+where || list[0].Hint != tt.hint {
				t.Errorf("%s, %s: %v, want the hint %q", name, key, Explain(err), tt.hint)
			}
		}
	}
}

// Curl's spelling of a file would be sent as a text, which most systems take.
func TestFilesAreNotWrittenAsCurlWritesThem(t *testing.T) {
	t.Parallel()
	for body, hint := range map[string]string{
		`multipart: {p: "@photo.png"}`:                    "write {file: photo.png}",
		`multipart: {p: [a, "@up/my photo.PNG"]}`:         "write {file: up/my photo.PNG}",
		`multipart: {p: "@photo.png;type=image/png"}`:     "write {file: photo.png}",
		`body: "@order.json"`:                             "write {file: order.json}",
		`form: {p: "@photo.png"}`:                         "write multipart: {p: {file: photo.png}}",
		`multipart: {p: "@ann"}`:                          "",
		`multipart: {p: "@ann.lee"}`:                      "",
		`multipart: {p: "see @photo.png"}`:                "",
		`multipart: {p: "@photo.png, @b.png are my two"}`: "",
		`body: "@"`: "",
	} {
		_, _, err := Load(uploading(t, body), nil)
		list := shape.Errors(err)
		if hint == "" && err != nil || hint != "" && (len(list) != 1 || list[0].Hint != hint || list[0].Line != 13) {
			t.Errorf("%s: %v, want %q", body, Explain(err), hint)
		}
	}
}

// A list sends its field once for each value, in the order of the document.
func TestFieldsWithAListAreSentForEach(t *testing.T) {
	t.Parallel()
	s, _, err := Load(uploading(t, "form: {b: [2, 1], a: x, c: [true]}"), nil)
	if err != nil {
		t.Fatal(Explain(err))
	}
	want := []Field{{"b", "2"}, {"b", "1"}, {"a", "x"}, {"c", "true"}}
	if got := s.Journeys[0].Steps[0].Request.Form; !slices.Equal(got, want) {
		t.Errorf("the form is %v, want %v", got, want)
	}
}
