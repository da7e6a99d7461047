package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/site"
)

// A part is one of a multipart form, as a server reads it.
type part struct{ name, file, kind, content string }

// readParts reads a multipart form.
func readParts(contentType string, body io.Reader) (list []part, err error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, err
	}
	for r := multipart.NewReader(body, parameters["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		list = append(list, part{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(content)})
	}
}

// upload sends a request over a connection, twice, and returns what the server saw.
func upload(t *testing.T, r experiments.Request) (kind string, body []byte, told Exchange) {
	t.Helper()
	var bodies [][]byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(body)) || len(r.Header["Content-Type"]) > 1 {
			w.WriteHeader(http.StatusBadRequest)
		}
		bodies, kind = append(bodies, body), r.Header.Get("Content-Type")
	}))
	defer server.Close()
	client := newClient(t, httpclient.Options{Base: server.URL})
	at, err := site.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // each compiles anew, as another run does
		r.Method, r.Target = "POST", "/"
		script, err := Compile([]experiments.Step{{Name: "s", Request: r}}, Facts{Run: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		e := NewExecution()
		e.Trace(func(x Exchange) { told = x })
		got := e.Perform(t.Context(), script, Entry{Sender: client, Site: at}, Seed{Number: 1}, Limits{Intended: time.Now(), Timeout: 10 * time.Second})
		if got.Outcome != journal.OK {
			t.Fatalf("%v: %s", got.Outcome, got.Detail)
		}
	}
	if !bytes.Equal(bodies[0], bodies[1]) {
		t.Errorf("a repeated run sends %q, and then %q", bodies[0], bodies[1])
	}
	return kind, bodies[0], told
}

func TestMultipartForms(t *testing.T) {
	t.Parallel()
	png := experiments.NewFile("up/photo.png", []byte("\x89PNG\r\n\x1a\n\x00\xff--\r\n"))
	named := experiments.NewFile("a.bin", nil)
	named.Name, named.Type = "${run} \"q\"\r\n;é.txt", "text/plain; charset=latin1"
	large := experiments.NewFile("large.bin", bytes.Repeat([]byte("0123456789abcdef"), 1<<16))
	text := func(name, value string) experiments.FormPart { return experiments.FormPart{Name: name, Value: value} }
	file := func(name string, f *experiments.File) experiments.FormPart {
		return experiments.FormPart{Name: name, File: f}
	}
	for name, tt := range map[string]struct {
		parts []experiments.FormPart
		want  []part
	}{
		"texts":           {[]experiments.FormPart{text("sku", "A & 1"), text("note", "a"), text("note", "b"), text("empty", "")}, []part{{"sku", "", "", "A & 1"}, {"note", "", "", "a"}, {"note", "", "", "b"}, {"empty", "", "", ""}}},
		"variables":       {[]experiments.FormPart{text("run", "${run}\r\n--${run}"), text("n", "${random 7..7}")}, []part{{"run", "", "", "r1\r\n--r1"}, {"n", "", "", "7"}}},
		"a file":          {[]experiments.FormPart{text("a", "b"), file("p", png), text("c", "d")}, []part{{"a", "", "", "b"}, {"p", "photo.png", "image/png", "\x89PNG\r\n\x1a\n\x00\xff--\r\n"}, {"c", "", "", "d"}}},
		"files in a list": {[]experiments.FormPart{file("p", png), file("p", large)}, []part{{"p", "photo.png", "image/png", "\x89PNG\r\n\x1a\n\x00\xff--\r\n"}, {"p", "large.bin", "application/octet-stream", strings.Repeat("0123456789abcdef", 1<<16)}}},
		"odd names":       {[]experiments.FormPart{text("a\"b\r\n\x0f[]", "c"), file("é", named)}, []part{{"a%22b%0D%0A%0F[]", "", "", "c"}, {"é", "r1 %22q%22%0D%0A;é.txt", "text/plain; charset=latin1", ""}}},
	} {
		kind, body, _ := upload(t, experiments.Request{Multipart: tt.parts})
		got, err := readParts(kind, bytes.NewReader(body))
		if err != nil || !slices.Equal(got, tt.want) || !strings.HasPrefix(kind, "multipart/form-data; boundary=") {
			t.Errorf("%s: %q holds %.300q, %v; want %.300q", name, kind, got, err, tt.want)
		}
	}
}

// Each kind of body says what it is, and a document may say otherwise.
func TestTypesOfBodies(t *testing.T) {
	t.Parallel()
	parts := []experiments.FormPart{{Name: "a", Value: "b"}}
	for name, tt := range map[string]struct {
		request     experiments.Request
		given, want string
	}{
		"json":                {experiments.Request{HasJSON: true}, "", "application/json"},
		"json of a kind":      {experiments.Request{HasJSON: true}, "application/graphql-response+json", "application/graphql-response+json"},
		"form":                {experiments.Request{Form: []experiments.Field{{Name: "a", Value: "b"}}}, "", "application/x-www-form-urlencoded"},
		"text":                {experiments.Request{Body: "a"}, "", "text/plain; charset=utf-8"},
		"xml":                 {experiments.Request{Body: "a"}, "text/xml", "text/xml"},
		"file":                {experiments.Request{File: experiments.NewFile("a.gif", []byte("a"))}, "", "image/gif"},
		"file of a kind":      {experiments.Request{File: experiments.NewFile("a.gif", []byte("a"))}, "image/x-own", "image/x-own"},
		"nothing":             {experiments.Request{}, "", ""},
		"a boundary":          {experiments.Request{Multipart: parts}, `multipart/form-data; boundary="my own"`, `multipart/form-data; boundary="my own"`},
		"another multipart":   {experiments.Request{Multipart: parts}, "multipart/mixed; ", "multipart/mixed; boundary=" + boundaryOf(parts)},
		"no multipart at all": {experiments.Request{Multipart: parts}, "text/plain", "text/plain"},
	} {
		if tt.given != "" {
			tt.request.Headers = []experiments.Field{{Name: "content-type", Value: tt.given}}
		}
		kind, body, _ := upload(t, tt.request)
		if kind != tt.want {
			t.Errorf("%s: %q, want %q", name, kind, tt.want)
		}
		if strings.Contains(kind, "boundary") {
			if got, err := readParts(kind, bytes.NewReader(body)); err != nil || !slices.Equal(got, []part{{"a", "", "", "b"}}) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}

// The bytes of a file are sent as they are, and whoever looks is told how many they are.
func TestFilesAreSentAndNotShown(t *testing.T) {
	t.Parallel()
	content := "\x00binary\r\n${run}\xff"
	f := experiments.NewFile("up/photo.png", []byte(content))
	_, body, told := upload(t, experiments.Request{File: f})
	if string(body) != content || told.Body != "<16 bytes of photo.png>" {
		t.Errorf("sent %q, shown as %q", body, told.Body)
	}
	_, body, told = upload(t, experiments.Request{Multipart: []experiments.FormPart{{Name: "a", Value: "b"}, {Name: "p", File: f}}})
	if !bytes.Contains(body, []byte("\r\n\r\n"+content+"\r\n--")) || strings.Contains(told.Body, "binary") || !strings.Contains(told.Body, "\r\n\r\n<16 bytes of photo.png>\r\n--") || !strings.Contains(told.Body, "\r\n\r\nb\r\n--") {
		t.Errorf("sent %q, shown as %q", body, told.Body)
	}
	var back experiments.Request
	text, err := json.Marshal(experiments.Request{File: f})
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []experiments.Request{back, {Multipart: []experiments.FormPart{{Name: "p", File: back.File}}}} {
		if _, err := Compile([]experiments.Step{{Name: "s", Request: r}}, Facts{}); err == nil || !strings.Contains(err.Error(), "photo.png") {
			t.Errorf("a file without content compiles: %v", err)
		}
	}
}

// An answer that repeats a file is shown as any answer is: what the file names as a secret
// is masked, also where the answer leaves the name out, and the rest is what came.
func TestWhatAnAnswerRepeatsOfAFile(t *testing.T) {
	t.Parallel()
	f := experiments.NewFile("up/users.json", []byte(`{"user": "ada", "password": "t0ps3cret"}`))
	for name, r := range map[string]experiments.Request{
		"a body": {Method: "POST", Target: "/", File: f},
		"a part": {Method: "POST", Target: "/", Multipart: []experiments.FormPart{{Name: "a", Value: "b"}, {Name: "p", File: f}}},
	} {
		var told Exchange
		script, err := Compile([]experiments.Step{{Name: "s", Request: r}}, Facts{})
		if err != nil {
			t.Fatal(err)
		}
		e := NewExecution()
		e.Trace(func(x Exchange) { told = x })
		echo := sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
			resp.Status, resp.Headers, resp.Body = http.StatusForbidden, nil, []byte("ada may not log in with t0ps3cret")
			return nil
		})
		got := e.Perform(t.Context(), script, Entry{Sender: echo, Site: shopSite, Wanted: always}, Seed{}, Limits{Intended: time.Now(), Timeout: 10 * time.Second})
		const want = "ada may not log in with ***"
		if got.Example == nil || got.Example.Body != want || told.Content != want || strings.Contains(told.Body, "ada") {
			t.Errorf("%s: %+v, told %q after %q", name, got.Example, told.Content, told.Body)
		}
	}
}

// A part is one part, also where a file or what the system has sent back holds the
// boundary.
func TestTheBoundaryIsInNoPart(t *testing.T) {
	t.Parallel()
	parts := []experiments.FormPart{{Name: "x", Value: "${x}"}, {Name: "y", Value: "${uuid}"}}
	boundary := boundaryOf(parts)
	value := "\r\n--" + boundary + "\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\n1\r\n--" + boundary + "-2"
	text, _ := json.Marshal(value)
	got := sentWith(t, string(text), experiments.Request{Multipart: parts})
	list, err := readParts(got.Headers[0].Value, bytes.NewReader(got.Body))
	if err != nil || len(list) != 2 || list[0].content != value || list[1].name != "y" {
		t.Errorf("%q holds %q, %v", got.Body, list, err)
	}
	for range 3 {
		f := experiments.NewFile("a", nil)
		file := []experiments.FormPart{{Name: "f", File: f}}
		*f = *experiments.NewFile("a", []byte("\r\n--"+boundaryOf(file)))
		kind, body, _ := upload(t, experiments.Request{Multipart: file})
		if list, err := readParts(kind, bytes.NewReader(body)); err != nil || len(list) != 1 {
			t.Errorf("%q, %v", list, err)
		}
	}
}

// Whatever values and names are, a form has the parts that the document gives it.
func FuzzMultipart(f *testing.F) {
	for _, s := range []string{"", "a", "\x0f", "\r\n--", "--", "\"; name=\"b", "\r\n\r\n", "é\xff", "a%22b", "\\"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, value, name string) {
		text, _ := json.Marshal(value)
		_ = json.Unmarshal(text, &value) // what is no UTF-8 is no JSON
		file := experiments.NewFile("f", []byte(value))
		file.Name = "${x}"
		got := sentWith(t, string(text), experiments.Request{Multipart: []experiments.FormPart{{Name: name, Value: "<${x}>"}, {Name: "f", File: file}, {Name: "last", Value: "1"}}})
		whole, err := io.ReadAll(bytes.NewReader(withFiles(&got)))
		if err != nil {
			t.Fatal(err)
		}
		list, err := readParts(got.Headers[0].Value, bytes.NewReader(whole))
		if err != nil || len(list) != 3 || list[0].content != "<"+value+">" || list[1].content != value || list[2].name != "last" || list[2].content != "1" {
			t.Errorf("%q: %q, %v", value, list, err)
		}
	})
}

// withFiles returns the whole body of a request.
func withFiles(r *httpclient.Request) []byte {
	var whole []byte
	at := 0
	for _, f := range r.Files {
		whole = append(append(whole, r.Body[at:f.At]...), f.Content...)
		at = f.At
	}
	return append(whole, r.Body[at:]...)
}
