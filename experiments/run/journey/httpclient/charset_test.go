package httpclient

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

func answerOf(contentType, body string) *Response {
	return &Response{Status: 200, Headers: []experiments.Field{{Name: "content-type", Value: contentType}}, Body: []byte(body)}
}

func inUTF16(text string, big bool) string {
	var b strings.Builder
	for _, c := range text {
		high, low := byte(c>>8), byte(c)
		if big {
			b.Write([]byte{high, low})
		} else {
			b.Write([]byte{low, high})
		}
	}
	return b.String()
}

func inUTF32(text string, big bool) string {
	var b strings.Builder
	for _, c := range text {
		four := []byte{0, byte(c >> 16), byte(c >> 8), byte(c)}
		if !big {
			four = []byte{byte(c), byte(c >> 8), byte(c >> 16), 0}
		}
		b.Write(four)
	}
	return b.String()
}

// What a body says is known by the charset that is declared, and stays as it is where
// none is.
func TestCharsets(t *testing.T) {
	t.Parallel()
	const json, html, xml = "application/json", "text/html", "application/xml"
	page := func(head, body string) string {
		return "<!doctype html><html><head>" + head + "</head><body>" + body + "</body></html>"
	}
	tests := map[string]struct{ contentType, body, want string }{
		"UTF-8":                              {json, `{"a":"é"}`, `{"a":"é"}`},
		"nothing":                            {"", "", ""},
		"a mark alone":                       {"", "\xef\xbb\xbf", ""},
		"a mark":                             {json, "\xef\xbb\xbf{}", "{}"},
		"a mark without a type":              {"", "\xef\xbb\xbf{}", "{}"},
		"a mark is stronger":                 {json + "; charset=iso-8859-1", "\xef\xbb\xbf\"é\"", `"é"`},
		"one mark only":                      {json, "\xef\xbb\xbf\xef\xbb\xbf{}", "\ufeff{}"},
		"half a mark":                        {"text/plain", "\xef\xbb", "\xef\xbb"},
		"UTF-16, little":                     {json, "\xff\xfe" + inUTF16(`{"a":"é€"}`, false), `{"a":"é€"}`},
		"UTF-16, big":                        {json, "\xfe\xff" + inUTF16(`{"a":"é€"}`, true), `{"a":"é€"}`},
		"UTF-32, little":                     {json, "\xff\xfe\x00\x00" + inUTF32(`{"a":"é😀"}`, false), `{"a":"é😀"}`},
		"UTF-32, big":                        {json, "\x00\x00\xfe\xff" + inUTF32(`{"a":"é😀"}`, true), `{"a":"é😀"}`},
		"UTF-16, declared":                   {json + "; charset=utf-16le", inUTF16(`{"a":"x"}`, false), `{"a":"x"}`},
		"UTF-16BE, declared":                 {"text/plain; charset=UTF-16BE", inUTF16("é", true), "é"},
		"UTF-16, half a character":           {"text/plain", "\xff\xfea", "\ufffd"},
		"UTF-32, half a character":           {"text/plain", "\x00\x00\xfe\xff\x00\x00\x00a\x00", "a\ufffd"},
		"UTF-32, declared":                   {"text/plain; charset=utf-32", inUTF32("é", true), "é"},
		"zero bytes are no mark":             {"text/plain", "\x00\x00x", "\x00\x00x"},
		"an image is no text":                {"image/x-own", "\xff\xfe\x00\x01", "\xff\xfe\x00\x01"},
		"a sound is no text":                 {"audio/mpeg", "\xfe\xff\x00\x01", "\xfe\xff\x00\x01"},
		"a drawing is":                       {"image/svg+xml", "\xff\xfe" + inUTF16("<svg/>", false), "<svg/>"},
		"Latin-1":                            {"text/plain; charset=ISO-8859-1", "Z\xfcrich", "Zürich"},
		"Latin-1, as browsers take it":       {"text/plain; charset=latin1", "\x80", "€"},
		"Latin-9":                            {"text/plain; charset=iso-8859-15", "\xa4", "€"},
		"in quotes":                          {`text/plain; a=b; CharSet = "windows-1251"`, "\xcf\xf0\xe8", "При"},
		"Shift_JIS":                          {"text/html; charset=Shift_JIS", "\x93\xfa\x96\x7b", "日本"},
		"EUC-JP":                             {"text/html; charset=euc-jp", "\xc6\xfc\xcb\xdc", "日本"},
		"ISO-2022-JP":                        {"text/plain; charset=iso-2022-jp", "\x1b$BF|K\\\x1b(B", "日本"},
		"ISO-2022-JP in JSON":                {json + "; charset=iso-2022-jp", "\"\x1b$BF|K\\\x1b(B\"", `"日本"`},
		"GBK":                                {"text/plain; charset=gb2312", "\xd6\xd0", "中"},
		"Big5":                               {"text/plain; charset=big5", "\xa4\xa4", "中"},
		"EUC-KR":                             {"text/plain; charset=euc-kr", "\xc7\xd1", "한"},
		"KOI8-R":                             {"text/plain; charset=koi8-r", "\xf0", "П"},
		"not known":                          {"text/plain; charset=x-own", "Z\xfcrich", "Z\xfcrich"},
		"refused by browsers":                {"text/plain; charset=iso-2022-kr", "Z\xfcrich", "Z\xfcrich"},
		"not declared":                       {"text/plain", "Z\xfcrich", "Z\xfcrich"},
		"declared UTF-8 that is not":         {"text/plain; charset=utf-8", "Z\xfcrich", "Z\xfcrich"},
		"an empty name":                      {"text/plain; charset=", "Z\xfcrich", "Z\xfcrich"},
		"JSON is UTF-8 whatever is declared": {json + ";charset=ISO-8859-1", `"Zürich"`, `"Zürich"`},
		"JSON that is not":                   {json + ";charset=ISO-8859-1", "\"Z\xfcrich\"", `"Zürich"`},
		"problem details":                    {"application/problem+json;charset=ISO-8859-1", "\"Zürich\"", `"Zürich"`},
		"text is what is declared":           {"text/plain; charset=ISO-8859-1", "ü", "Ã¼"},
		"a page's meta":                      {html, page(`<meta charset="iso-8859-1">`, "Z\xfcrich"), page(`<meta charset="iso-8859-1">`, "Zürich")},
		"a page's old meta":                  {html + ";x", page(`<meta http-equiv=Content-Type content="text/html; charset=windows-1252">`, "\x80"), page(`<meta http-equiv=Content-Type content="text/html; charset=windows-1252">`, "€")},
		"a page's meta of UTF-8":             {html, page(`<meta charset=utf-8>`, "Z\xfcrich"), page(`<meta charset=utf-8>`, "Z\xfcrich")},
		"a page's meta that cannot be":       {html, page(`<meta charset=utf-16>`, "Zürich"), page(`<meta charset=utf-16>`, "Zürich")},
		"a page's meta and a header":         {html + "; charset=utf-8", page(`<meta charset=latin1>`, "Zürich"), page(`<meta charset=latin1>`, "Zürich")},
		"a page without":                     {html, page("", "Z\xfcrich"), page("", "Z\xfcrich")},
		"a page in UTF-8 without":            {html, page("", "Zürich"), page("", "Zürich")},
		"a page's title before its meta":     {html, page("<title>Z\xfcrich</title><meta charset=latin1>", ""), page("<title>Zürich</title><meta charset=latin1>", "")},
		"a meta that comes too late":         {html, page(strings.Repeat(" ", 1100)+"<meta charset=latin1>", "\xfc"), page(strings.Repeat(" ", 1100)+"<meta charset=latin1>", "\xfc")},
		"a meta in plain text":               {"text/plain", "<meta charset=latin1>\xfc", "<meta charset=latin1>\xfc"},
		"XML":                                {xml, "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>", "<?xml version='1.0' encoding='ISO-8859-1'?><a>ü</a>"},
		"SOAP":                               {"application/soap+xml", `<?xml version="1.0" encoding="windows-1252" standalone="no"?><a>` + "\x80</a>", `<?xml version="1.0" encoding="windows-1252" standalone="no"?><a>€</a>`},
		"XML that cannot be":                 {xml, "<?xml version='1.0' encoding='UTF-16'?><a>ü</a>", "<?xml version='1.0' encoding='UTF-16'?><a>ü</a>"},
		"XML that says nothing":              {"text/xml", "<?xml version='1.0'?><a>\xfc</a>", "<?xml version='1.0'?><a>\xfc</a>"},
		"XHTML":                              {"application/xhtml+xml", "<?xml version='1.0' encoding='ISO-8859-1'?><html>\xfc</html>", "<?xml version='1.0' encoding='ISO-8859-1'?><html>ü</html>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := answerOf(tt.contentType, tt.body)
			for range 2 {
				if got, err := r.Text(jsonpath.Unbounded{}); err != nil || string(got) != tt.want {
					t.Errorf("%q, %v; want %q", got, err, tt.want)
				}
			}
			if string(r.Body) != tt.body {
				t.Errorf("the body became %q", r.Body)
			}
		})
	}
}

// The text of one answer is not that of the next.
func TestTextsEndWithTheirAnswers(t *testing.T) {
	t.Parallel()
	c := newClient(t, Options{Base: "http://127.0.0.1:1"})
	resp, bounds := &Response{}, &counted{}
	for _, body := range []string{"Z\xfcrich", "K\xf6ln", "Bern"} {
		wire := ok200 + "Content-Type: text/plain; charset=latin1\r\nConnection: close\r\n\r\n" + body
		if _, err := c.exchange(newConn(answered{strings.NewReader(wire)}), c.site.Entry(), &Request{Method: "GET", Bounds: bounds}, resp); err != nil {
			t.Fatal(err)
		}
		if got, err := resp.Text(bounds); err != nil || string(got) != TextOfHeader(body) {
			t.Errorf("%q, %v", got, err)
		}
	}
	if resp.Forget(); resp.Kept() > keptBuffer {
		t.Errorf("%d bytes are kept", resp.Kept())
	}
}

// What a text takes beside its body is held, and a text has an end.
func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	bounds := &counted{}
	r := answerOf("text/plain; charset=windows-1252", strings.Repeat("\x80", 1<<20))
	if got, err := r.Text(bounds); err != nil || len(got) != 3<<20 || bounds.held < 3<<20 || bounds.most > 9<<20 {
		t.Errorf("%d bytes, %v; %d are held, %d were", len(got), err, bounds.held, bounds.most)
	}
	r = answerOf("text/plain; charset=windows-1252", strings.Repeat("\x80", maxBody))
	if got, err := r.Text(bounds); err != nil || len(got) != maxText {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestTextsOfHeaders(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"": "", "Bern": "Bern", "Zürich": "Zürich", "Z\xfcrich": "Zürich", "\x80": "\u0080"} {
		if got := TextOfHeader(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

// Whatever charset is declared, a text is bounded, and is UTF-8 where something was
// decoded.
func FuzzText(f *testing.F) {
	for _, contentType := range []string{"application/json", "text/html", "text/xml", "text/plain; charset=shift_jis", "text/html; charset=gb18030", "a/b; charset=utf-32"} {
		for _, body := range []string{"\xef\xbb\xbf{}", "\xff\xfea\x00", "<meta charset=big5>\xa4\xa4", "<?xml version='1.0' encoding='koi8-r'?>\xf0", "\x00\x00\xfe\xff\x00\x00\x00a"} {
			f.Add(contentType, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := answerOf(contentType, string(body))
		bounds := &counted{}
		got, err := r.Text(bounds)
		if err != nil || len(got) > max(len(body), 3*len(body)+8) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(body), err)
		}
		if bounds.held > 0 && !utf8.Valid(got) {
			t.Errorf("%q was decoded to %q", body, got)
		}
		if string(r.Body) != string(body) {
			t.Errorf("the body became %q", r.Body)
		}
	})
}
