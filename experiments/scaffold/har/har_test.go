package har

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

func TestWrongRecordings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want, hint string }{
		"nothing":          {"", "byte 0: the file ends in the middle", "as HAR with content"},
		"a text":           {"Hello", "not JSON", "as HAR with content"},
		"a list":           {"[]", "the file is not an object", "as HAR with content"},
		"another document": {`{"name": "x"}`, "it has no log", "as HAR with content"},
		"log of text":      {`{"log": "x"}`, "log is not an object", "as HAR with content"},
		"entries of text":  {`{"log": {"entries": "x"}}`, "log.entries is not a list", "as HAR with content"},
		"no entries":       {`{"log": {"entries": []}}`, "holds no requests", "as HAR with content"},
		"cut":              {`{"log": {"entries": [{"request": {"method": "G`, "entry 1, byte", "as HAR with content"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("x.har", strings.NewReader(tt.text))
			one, is := errors.AsType[*shape.Error](err)
			if !is || !errors.Is(err, experiments.ErrInvalid) || one.File != "x.har" || !strings.Contains(one.Msg, tt.want) || !strings.Contains(one.Hint, tt.hint) {
				t.Errorf("Read() = %v", err)
			}
		})
	}
}

// ok is an entry of a plain GET.
func ok(url string) string {
	return fmt.Sprintf(`{"request": {"method": "GET", "url": %q}, "response": {"status": 200}}`, url)
}

// What would be left out anyway ends no import, whatever it looks like, and is counted.
func TestWhatIsLeftOutEndsNoImport(t *testing.T) {
	t.Parallel()
	const answered = `"response": {"status": 200, "content": {"mimeType": "text/html"}}`
	at := func(url string) string {
		return fmt.Sprintf(`{"request": {"method": "GET", "url": %q}, %s}`, url, answered)
	}
	for name, tt := range map[string]struct {
		entry string
		want  string // the line that counts it; empty: it is read, and left to the choice of an origin
	}{
		"a macro":                        {at("https://ads.test/%%CACHEBUSTER%%/p"), ""},
		"a broken escape":                {at("https://ads.test/a%u2019b"), ""},
		"a broken port":                  {at("https://px.test:undefined/p"), ""},
		"a broken address":               {at("http://[::1"), ""},
		"a long URL":                     {at("https://ads.test/" + strings.Repeat("a", maxURL)), ""},
		"a large body":                   {`{"request": {"method": "POST", "url": "https://ads.test/", "postData": {"text": "` + strings.Repeat("x", maxSentBody+1) + `"}}, ` + answered + `}`, ""},
		"a broken picture of the shop":   {at("http://shop.test/a%zz.png"), "static files (1)"},
		"a picture in the page":          {at("data:image/svg+xml,%3Csvg%zz"), "not HTTP (1)"},
		"a large picture in the page":    {at("data:image/png;base64," + strings.Repeat("a", maxURL)), "not HTTP (1)"},
		"a blob":                         {at("blob:https://shop.test/1b2c"), "not HTTP (1)"},
		"an extension":                   {at("chrome-extension://abc/x.js"), "not HTTP (1)"},
		"a socket":                       {at("wss://shop.test/live"), "streams and sockets (1)"},
		"no request":                     {`{` + answered + `}`, "entries that hold no request (1)"},
		"a request that is a text":       {`{"request": "GET /", ` + answered + `}`, "entries that hold no request (1)"},
		"no URL":                         {`{"request": {"method": "GET"}, ` + answered + `}`, "entries that hold no request (1)"},
		"a number":                       {`17`, "entries that hold no request (1)"},
		"nothing":                        {`null`, "entries that hold no request (1)"},
		"no response":                    {`{"request": {"method": "GET", "url": "http://shop.test/x"}}`, "aborted or not answered (1)"},
		"a response that is a text":      {`{"request": {"method": "GET", "url": "http://shop.test/x"}, "response": "none"}`, "aborted or not answered (1)"},
		"an aborted request":             {`{"request": {"method": "GET", "url": "http://shop.test/x"}, "response": {"status": 0, "_error": "net::ERR_ABORTED"}}`, "aborted or not answered (1)"},
		"a status below 0":               {`{"request": {"method": "GET", "url": "http://shop.test/x"}, "response": {"status": -1}}`, "aborted or not answered (1)"},
		"a status that is a text":        {`{"request": {"method": "GET", "url": "http://shop.test/x"}, "response": {"status": "500"}}`, "failed when they were recorded (1)"},
		"times that are none":            {`{"startedDateTime": 17, "time": "long", "request": {"method": "GET", "url": "http://ads.test/"}, ` + answered + `}`, ""},
		"a time without a zone":          {`{"startedDateTime": "2026-03-02 10:00", "time": -1, "request": {"method": "GET", "url": "http://ads.test/"}, ` + answered + `}`, ""},
		"a time beyond all numbers":      {`{"time": 1e999, "request": {"method": "GET", "url": "http://ads.test/"}, ` + answered + `}`, ""},
		"no lists where lists should be": {`{"request": {"method": "GET", "url": "http://ads.test/", "headers": {}, "postData": {"params": 1}}, "response": {"status": 200, "headers": null, "cookies": "a", "content": []}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := `{"log": {"entries": [` + tt.entry + "," + at("http://shop.test/") + `]}}`
			rec, err := Read("x.har", strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{tt.want}
			if tt.want == "" {
				want = []string{}
			}
			if got := rec.Left.Lines(); !slices.Equal(got, want) || len(rec.Exchanges) != 2-len(want) {
				t.Errorf("left out %q, and %d requests read; want %q", got, len(rec.Exchanges), want)
			}
		})
	}
}

// A limit is told only of a request that a journey would need.
func TestLimitsAreToldOfTheJourneyAlone(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"a broken escape": "http://shop.test/a%u2019b", "a broken port": "http://shop.test:undefined/", "a long URL": "http://shop.test/" + strings.Repeat("a", maxURL)} {
		rec, err := Read("x.har", strings.NewReader(`{"log": {"entries": [`+ok(url)+`]}}`))
		if err != nil || len(rec.Exchanges) != 1 || rec.Exchanges[0].Wrong == nil || !strings.HasPrefix(rec.Exchanges[0].URL.Host, "shop.test") {
			t.Errorf("%s: %+v, %v; want a request to shop.test with a problem", name, rec, err)
		}
	}
}

// Tools of Windows begin a file with a byte order mark, or write UTF-16.
func TestEncodingsOfAFile(t *testing.T) {
	t.Parallel()
	plain := `{"log": {"entries": [` + ok("http://shop.test/caf\u00e9/ü/😀") + `]}}`
	for name, text := range map[string]string{
		"UTF-8": plain, "UTF-8 with a mark": "\xef\xbb\xbf" + plain,
		"UTF-16 of little ends": utf16Text(plain, false), "UTF-16 of big ends": utf16Text(plain, true),
		"with a mark": "\xff\xfe" + utf16Text(plain, false), "of big ends with a mark": "\xfe\xff" + utf16Text(plain, true),
	} {
		rec, err := Read("x.har", strings.NewReader(text))
		if err != nil || len(rec.Exchanges) != 1 || rec.Exchanges[0].URL.Path != "/café/ü/😀" {
			t.Errorf("%s: %+v, %v", name, rec, err)
		}
	}
	for name, text := range map[string]string{"with a mark": "\xff\xfe\x00\x00{\x00\x00\x00", "without": "{\x00\x00\x00}\x00\x00\x00", "of big ends": "\x00\x00\x00{"} {
		_, err := Read("x.har", strings.NewReader(text))
		if one, is := errors.AsType[*shape.Error](err); !is || one.Msg != "the file is UTF-32 text" {
			t.Errorf("UTF-32 %s: %v", name, err)
		}
	}
}

func utf16Text(text string, big bool) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		if big {
			b = binary.BigEndian.AppendUint16(b, unit)
		} else {
			b = binary.LittleEndian.AppendUint16(b, unit)
		}
	}
	return string(b)
}

// Tools write the same body in different shapes.
func TestBodiesOfRequests(t *testing.T) {
	t.Parallel()
	const multipart = "--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"me.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--B--\r\n"
	fields := []recording.Param{{Name: "note", Value: "hello"}, {Name: "photo", File: "me.png", MIME: "image/png"}}
	quoted := func(s string) string { text, _ := json.Marshal(s); return string(text) }
	for name, tt := range map[string]struct {
		request string
		want    *recording.Body
	}{
		"none":                        {``, nil},
		"nothing of some":             {`, "bodySize": 12`, &recording.Body{Lost: true}},
		"a text that is not there":    {`, "headers": [{"name": "content-length", "value": "12"}], "postData": {"mimeType": "text/plain", "text": ""}`, &recording.Body{MIME: "text/plain", Lost: true}},
		"a text":                      {`, "postData": {"mimeType": "text/plain", "text": "hello"}`, &recording.Body{MIME: "text/plain", Text: "hello"}},
		"a text with a mark":          {`, "postData": {"mimeType": "text/plain", "text": "\ufeffhello"}`, &recording.Body{MIME: "text/plain", Text: "hello"}},
		"base64":                      {`, "postData": {"mimeType": "text/plain", "encoding": "base64", "text": "aGVs\nbG8="}`, &recording.Body{MIME: "text/plain", Text: "hello"}},
		"the type in the header":      {`, "headers": [{"name": "Content-Type", "value": "text/xml"}], "postData": {"text": "<a/>"}`, &recording.Body{MIME: "text/xml", Text: "<a/>"}},
		"fields":                      {`, "postData": {"mimeType": "multipart/form-data", "params": [{"name": "note", "value": "hello"}, {"name": "photo", "fileName": "me.png", "contentType": "image/png"}]}`, &recording.Body{MIME: "multipart/form-data", Params: fields}},
		"multipart":                   {`, "postData": {"mimeType": "multipart/form-data; boundary=B", "text": ` + quoted(multipart) + `}`, &recording.Body{MIME: "multipart/form-data; boundary=B", Params: fields}},
		"multipart of plain lines":    {`, "postData": {"mimeType": "multipart/form-data; boundary=B", "text": ` + quoted(strings.ReplaceAll(multipart, "\r\n", "\n")) + `}`, &recording.Body{MIME: "multipart/form-data; boundary=B", Params: fields}},
		"multipart without its end":   {`, "postData": {"mimeType": "multipart/form-data; boundary=B", "text": ` + quoted(strings.TrimSuffix(multipart, "PNG\r\n--B--\r\n")) + `}`, &recording.Body{MIME: "multipart/form-data; boundary=B", Params: fields}},
		"multipart without its start": {`, "postData": {"mimeType": "multipart/form-data", "text": ` + quoted(multipart) + `}`, &recording.Body{MIME: "multipart/form-data", Params: fields}},
		"multipart that is none":      {`, "postData": {"mimeType": "multipart/form-data; boundary=B", "text": "hello"}`, &recording.Body{MIME: "multipart/form-data; boundary=B", Text: "hello"}},
	} {
		rec, err := Read("x.har", strings.NewReader(`{"log": {"entries": [{"request": {"method": "POST", "url": "http://shop.test/"`+tt.request+`}, "response": {"status": 200}}]}}`))
		if err != nil || len(rec.Exchanges) != 1 {
			t.Errorf("%s: %+v, %v", name, rec, err)
			continue
		}
		if got := rec.Exchanges[0].Body; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: body %+v, want %+v", name, got, tt.want)
		}
	}
}

// The answers of other sites are the first to go where there are too many of them.
func TestAnswersOfOtherSitesGoFirst(t *testing.T) {
	t.Parallel()
	r := &reader{Recording: &recording.Recording{Left: recording.Exclusions{}}, left: 10}
	for i, entry := range []string{
		`{"request": {"method": "GET", "url": "http://shop.test/"}, "response": {"status": 200, "content": {"text": "123456"}}}`,
		`{"request": {"method": "GET", "url": "http://ads.example/"}, "response": {"status": 200, "content": {"text": "123456"}}}`,
		`{"request": {"method": "GET", "url": "http://shop.test/more"}, "response": {"status": 200, "content": {"text": "123456"}}}`,
	} {
		r.addEntry(i+1, []byte(entry))
	}
	shop, other, more := r.Exchanges[0], r.Exchanges[1], r.Exchanges[2]
	if shop.Answer.Lost || !other.Answer.Lost || other.Wrong != nil || more.Wrong == nil {
		t.Errorf("kept %t, %t, %t; want the shop's first answer, and a problem of the one that is too much", !shop.Answer.Lost, !other.Answer.Lost, more.Wrong == nil)
	}
}

// FuzzRead: whatever the file, it is read, or refused as an invalid document.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{ok("http://shop.test/a?b=c#d"), ok("data:,"), `{"request": {"method": "POST", "url": "https://u:p@shop.test:8/%zz", "headers": [{"name": "a", "value": 1}],
		"postData": {"mimeType": "multipart/form-data; boundary=B", "text": "--B\\r\\nContent-Disposition: form-data; name=a\\r\\n\\r\\nb\\r\\n--B--"}}, "response": {"status": 302, "redirectURL": "/", "content": {"encoding": "base64", "text": "aGk="}}}`} {
		text := `{"log": {"entries": [` + seed + `]}}`
		f.Add(text)
		f.Add(utf16Text(text, true))
		f.Add("\xef\xbb\xbf" + text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := Read("f.har", strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		for _, x := range rec.Exchanges {
			if x.URL == nil || x.URL.Host == "" || x.URL.User != nil || x.URL.Fragment != "" {
				t.Errorf("entry %d has the URL %v", x.Entry, x.URL)
			}
		}
	})
}
