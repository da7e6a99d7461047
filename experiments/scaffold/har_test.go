package scaffold

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

func TestWrongRecordings(t *testing.T) {
	t.Parallel()
	entry := func(inside string) string { return `{"log": {"entries": [` + inside + `]}}` }
	for name, tt := range map[string]struct{ text, want, hint string }{
		"nothing":           {"", "byte 0: the file ends in the middle", "as HAR with content"},
		"a text":            {"Hello", "not JSON", "as HAR with content"},
		"a list":            {"[]", "the file is not an object", "as HAR with content"},
		"another document":  {`{"name": "x"}`, "it has no log", "as HAR with content"},
		"log of text":       {`{"log": "x"}`, "log is not an object", "as HAR with content"},
		"entries of text":   {`{"log": {"entries": "x"}}`, "log.entries is not a list", "as HAR with content"},
		"no entries":        {`{"log": {"entries": []}}`, "holds no requests", "as HAR with content"},
		"cut":               {`{"log": {"entries": [{"request": {"method": "G`, "entry 1, byte", "as HAR with content"},
		"no request":        {entry(`{"response": {}}`), "entry 1: a request and a response are needed", "as HAR with content"},
		"no response":       {entry(ok("http://a.test/") + `, {"request": {"url": "http://a.test/"}}`), "entry 2: a request and a response", "as HAR with content"},
		"status of text":    {entry(`{"request": {}, "response": {"status": "200"}}`), "entry 1, byte", "as HAR with content"},
		"not a URL":         {entry(`{"request": {"url": "http://[::1"}, "response": {}}`), "entry 1: request.url is not a URL", "a URL such as"},
		"long URL":          {entry(ok("http://a.test/" + strings.Repeat("a", maxURL))), "entry 1: a URL of", ""},
		"only static files": {entry(ok("http://a.test/a.css")), "no request is left for a journey: static files (1)", "visit of the shop"},
		"large upload": {entry(`{"request": {"method": "POST", "url": "http://a.test/", "postData": {"text": "` + strings.Repeat("x", maxSentBody+1) + `"}}, "response": {"status": 200}}`),
			"entry 1: the request's body has", "uploads nothing"},
		"too many steps": {entry(manyEntries(maxSteps + 1)), "201 requests to http://a.test, a journey has at most 200 steps", "record only the journey"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadRecording("x.har", strings.NewReader(tt.text), "")
			one, is := errors.AsType[*shape.Error](err)
			if !is || !errors.Is(err, experiments.ErrInvalid) || one.File != "x.har" || !strings.Contains(one.Msg, tt.want) || !strings.Contains(one.Hint, tt.hint) {
				t.Errorf("ReadRecording() = %v", err)
			}
		})
	}
}

// ok is an entry of a plain GET.
func ok(url string) string {
	return fmt.Sprintf(`{"request": {"method": "GET", "url": %q}, "response": {"status": 200}}`, url)
}

func manyEntries(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = ok(fmt.Sprintf("http://a.test/p%d", i))
	}
	return strings.Join(list, ",")
}

func TestOriginIsChosenOrGiven(t *testing.T) {
	t.Parallel()
	har := `{"log": {"entries": [` + strings.Join([]string{
		`{"request": {"method": "GET", "url": "https://www.shop.test/"}, "response": {"status": 200, "content": {"mimeType": "text/html"}}}`,
		ok("https://api.shop.test/a"), ok("https://api.shop.test:443/b"), ok("https://other.example/1"), ok("https://other.example/2"), ok("https://other.example/3"),
	}, ",") + `]}}`
	for given, want := range map[string]string{"": "https://api.shop.test", "https://WWW.shop.test/": "https://www.shop.test", "https://other.example": "https://other.example"} {
		rec, err := ReadRecording("x.har", strings.NewReader(har), given)
		if err != nil || rec.Origin != want {
			t.Errorf("origin %q: %+v, %v, want %s", given, rec, err, want)
		}
	}
	for _, wrong := range []string{"shop.test", "ftp://shop.test", "https://shop.test/a", "https://none.test", "::"} {
		if _, err := ReadRecording("x.har", strings.NewReader(har), wrong); !errors.Is(err, experiments.ErrInvalid) {
			t.Errorf("origin %q: %v", wrong, err)
		}
	}
}

func TestSameSite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host, page string
		want       bool
	}{
		{"shop.test", "shop.test", true}, {"api.shop.test", "shop.test", true}, {"api.shop.test", "www.shop.test", true},
		{"SHOP.test", "www.shop.test", true}, {"shop.test.evil", "shop.test", false}, {"evilshop.test", "shop.test", false},
		{"other.co.uk", "shop.co.uk", false}, {"api.shop.co.uk", "shop.co.uk", true},
		{"127.0.0.1", "127.0.0.1", true}, {"1.127.0.0.1", "127.0.0.1", false}, {"localhost", "localhost", true}, {"a.localhost", "localhost", false},
	} {
		if got := sameSite(tt.host, tt.page); got != tt.want {
			t.Errorf("sameSite(%s, %s) = %t", tt.host, tt.page, got)
		}
	}
}

// FuzzReadRecording: whatever the file, it is either refused as an invalid
// document, or makes documents that load and hold no password.
func FuzzReadRecording(f *testing.F) {
	files, err := filepath.Glob("testdata/*.har")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
		var har struct {
			Log struct{ Entries []json.RawMessage }
		}
		if err := json.Unmarshal(text, &har); err != nil {
			f.Fatal(err)
		}
		for e := range slices.Chunk(har.Log.Entries, 4) { // small seeds are changed sooner
			small, err := json.Marshal(map[string]any{"log": map[string]any{"entries": e}})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(small))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := ReadRecording("f.har", strings.NewReader(text), "")
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Fatalf("ReadRecording() = %v", err)
			}
			return
		}
		d, err := Make(Options{Recording: rec})
		if err != nil {
			t.Fatal(err)
		}
		loaded(t, d)
		for _, secret := range rec.secrets.order {
			if len(secret) >= 12 && strings.Contains(journeyText(d), secret) && !strings.Contains(systemHead+systemTail+rec.Origin, secret) {
				t.Fatalf("the documents hold the secret %q:\n%s", secret, journeyText(d))
			}
		}
	})
}

// journeyText returns the text that the recording added to the document.
func journeyText(d *Documents) string {
	_, text, _ := strings.Cut(d.Files[0].Text, "\n    steps:\n")
	text, _, _ = strings.Cut(text, "\n# What must be true")
	return text
}
