package scaffold

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A harEntry is an entry of a HAR file.
type harEntry struct {
	method, path   string
	headers        map[string]string
	mime, body     string // what is sent
	answerMIME     string
	answer         string
	status         int
	setCookie      string
	location       string
	started, lasts float64 // seconds, milliseconds
}

func (e harEntry) write() map[string]any {
	pairs := func(m map[string]string) []any {
		list := []any{}
		for name, value := range m {
			if value != "" {
				list = append(list, map[string]any{"name": name, "value": value})
			}
		}
		return list
	}
	request := map[string]any{"method": e.method, "url": "http://shop.test" + e.path, "headers": pairs(e.headers)}
	if e.body != "" {
		request["postData"] = map[string]any{"mimeType": e.mime, "text": e.body}
	}
	if e.status == 0 {
		e.status = 200
	}
	return map[string]any{"startedDateTime": fmt.Sprintf("2026-03-02T10:00:%06.3fZ", e.started), "time": e.lasts, "request": request,
		"response": map[string]any{"status": e.status, "headers": pairs(map[string]string{"Set-Cookie": e.setCookie, "Location": e.location}),
			"content": map[string]any{"mimeType": e.answerMIME, "size": len(e.answer), "text": e.answer}}}
}

// drafted makes documents of a HAR file of some entries, and wants them to load.
func drafted(t *testing.T, entries ...harEntry) *Documents {
	t.Helper()
	list := []any{}
	for _, e := range entries {
		list = append(list, e.write())
	}
	text, err := json.Marshal(map[string]any{"log": map[string]any{"entries": list}})
	if err != nil {
		t.Fatal(err)
	}
	j, err := fromHAR("visit.har", strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Make(Options{Journey: j})
	if err != nil {
		t.Fatal(err)
	}
	loaded(t, d)
	return d
}

// In whatever shape a browser or a script sends a login, its token is taken from the page
// and its password is not written.
func TestEveryShapeOfABody(t *testing.T) {
	t.Parallel()
	const token, password, card = "q8Zr0vTnUe3LwYb1KxMsPd5Hc7GjFa9R", "Hunter2secret", "4111 1111 1111 1111"
	part := func(name, value string) string {
		return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	const inJSON = `{"authenticity_token": "` + token + `", "user": {"password": "` + password + `"}}`
	for name, tt := range map[string]struct{ mime, body, missing string }{
		"a form":                      {"application/x-www-form-urlencoded", "authenticity_token=" + token + "&password=" + password, ""},
		"a form with its charset":     {"application/x-www-form-urlencoded; charset=UTF-8", "authenticity_token=" + token + "&password=" + password, ""},
		"a name twice":                {"application/x-www-form-urlencoded", "authenticity_token=" + token + "&user%5Bpassword%5D=" + password + "&remember=0&remember=1", ""},
		"a secret twice":              {"application/x-www-form-urlencoded", "authenticity_token=" + token + "&password=" + password + "&password=" + password, ""},
		"a broken escape":             {"application/x-www-form-urlencoded", "authenticity_token=" + token + "&password=" + password + "&note=100%u2019&x=%", ""},
		"empty pairs":                 {"application/x-www-form-urlencoded", "&authenticity_token=" + token + "&&password=" + password + "&", ""},
		"JSON in a field of a form":   {"application/x-www-form-urlencoded", "authenticity_token=" + token + "&data=%7B%22password%22%3A%22" + password + "%22%7D", ""},
		"JSON that is called a form":  {"application/x-www-form-urlencoded", inJSON, ""},
		"JSON":                        {"application/json", inJSON, ""},
		"JSON as text":                {"text/plain;charset=UTF-8", inJSON, ""},
		"JSON without a type":         {"", inJSON, ""},
		"JSON of an API":              {"application/vnd.api+json", inJSON, ""},
		"JSON in JSON":                {"application/json", `{"authenticity_token": "` + token + `", "payload": "{\"password\": \"` + password + `\"}"}`, ""},
		"lines of JSON":               {"application/x-ndjson", `{"authenticity_token": "` + token + `"}` + "\n" + `{"password": "` + password + `"}`, ""},
		"JSON with a member twice":    {"application/json", `{"authenticity_token": "` + token + `", "a": 1, "a": 2, "password": "` + password + `"}`, ""},
		"cut JSON":                    {"application/json", `{"authenticity_token": "` + token + `", "password": "` + password + `", "note": "`, ""},
		"multipart":                   {"multipart/form-data; boundary=B", part("authenticity_token", token) + part("user[password]", password) + "--B--\r\n", ""},
		"multipart with a file":       {"multipart/form-data; boundary=B", part("authenticity_token", token) + part(`photo"; filename="me.png`, "\x89PNG") + part("password", password) + "--B--\r\n", "me.png"},
		"multipart with a name twice": {"multipart/form-data; boundary=B", part("authenticity_token", token) + part("a", "1") + part("a", "2") + part("password", password) + "--B--\r\n", ""},
		"XML":                         {"text/xml", "<?xml version=\"1.0\"?><login><authenticity_token>" + token + "</authenticity_token><password>" + password + "</password></login>", ""},
		"XML with attributes":         {"application/xml", `<login authenticity_token="` + token + `" password='` + password + `'/>`, ""},
		"SOAP":                        {"application/soap+xml", `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><wsse:Password Type="text">` + password + "</wsse:Password><t:authenticity_token>" + token + "</t:authenticity_token></s:Body></s:Envelope>", ""},
		"XML with CDATA":              {"text/xml", "<login><authenticity_token>" + token + "</authenticity_token><password><![CDATA[" + password + "]]></password></login>", ""},
		"pairs in a text":             {"text/plain", "authenticity_token=" + token + "\npassword=" + password + "\n", ""},
		"lines in a text":             {"text/plain", "authenticity_token: " + token + "\npassword: " + password + "\n", ""},
		"a card in a text":            {"text/plain", token + " pays with " + card, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := drafted(t,
				harEntry{method: "GET", path: "/login", answerMIME: "text/html", answer: `<form><input type="hidden" name="authenticity_token" value="` + token + `"/></form>`},
				harEntry{method: "POST", path: "/login", mime: tt.mime, body: tt.body, status: 303, location: "/", started: 1})
			text := journeyText(d)
			for _, secret := range []string{token, password, card} {
				if strings.Contains(text, secret) {
					t.Errorf("the documents hold %s:\n%s", secret, text)
				}
			}
			if !strings.Contains(text, "${authenticity_token}") && !strings.Contains(text, "${value}") || !strings.Contains(text, "${env:VISIT_") {
				t.Errorf("the token is not captured, or the password is no variable:\n%s", text)
			}
			if notes := strings.Join(d.Notes, "\n"); strings.Contains(notes, "me.png") != (tt.missing != "") || !strings.Contains(text, tt.missing) {
				t.Errorf("notes %q, want %q to be said to be missing:\n%s", notes, tt.missing, text)
			}
		})
	}
}

// What the recording does not hold, or no document can hold, is said.
func TestBodiesThatAreMissing(t *testing.T) {
	t.Parallel()
	lost := func(kind string) harEntry {
		sent := map[string]string{"Content-Length": "17"}
		if kind != "" {
			sent["Content-Type"] = kind
		}
		return harEntry{method: "POST", path: "/upload", headers: sent}
	}
	for name, tt := range map[string]struct {
		entry harEntry
		want  string
	}{
		"a long header":  {harEntry{method: "GET", path: "/a", headers: map[string]string{"X-State": strings.Repeat("x", 5000)}, answerMIME: "text/html", answer: "<p>a</p>"}, "The header X-State is longer than 4 KiB"},
		"control":        {harEntry{method: "GET", path: "/a", headers: map[string]string{"X-State": "a\x01b"}, answerMIME: "text/html", answer: "<p>a</p>"}, "The header X-State is longer than 4 KiB"},
		"lost":           {lost("image/png"), "does not hold the body that was sent (image/png): add it as body, or as body: {file: NAME}"},
		"lost JSON":      {lost("application/json; charset=utf-8"), "(application/json): add it as json."},
		"lost form":      {lost("application/x-www-form-urlencoded"), "(application/x-www-form-urlencoded): add it as form."},
		"lost multipart": {lost("multipart/form-data; boundary=x"), "(multipart/form-data): add it as multipart, a file of it as {file: NAME}"},
		"lost, untyped":  {lost(""), "(of an unknown type): add it as json, form, multipart or body."},
		"binary":         {harEntry{method: "PUT", path: "/upload", mime: "application/octet-stream", body: "a\x00b"}, "What was sent is no text (application/octet-stream)"},
	} {
		d := drafted(t, tt.entry)
		comments := strings.Join(strings.Fields(strings.ReplaceAll(journeyText(d), "#", "")), " ") // without their line breaks
		if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, tt.want) || !strings.Contains(comments, tt.want) {
			t.Errorf("%s: notes %q, want %q there and beside the step:\n%s", name, notes, tt.want, journeyText(d))
		}
	}
}

// A type that no header can hold does not make documents that do not load.
func TestATypeOfControlCharacters(t *testing.T) {
	t.Parallel()
	d := drafted(t, harEntry{method: "POST", path: "/a", mime: "text/plain\x01", body: "a"})
	if text := journeyText(d); !strings.Contains(text, "body: a") || strings.Contains(text, "Content-Type") {
		t.Errorf("the body is wanted, without its type:\n%s", text)
	}
}

// A value that is a secret at one place is the same variable at every other.
func TestASecretIsOneVariable(t *testing.T) {
	t.Parallel()
	const key = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	d := drafted(t,
		harEntry{method: "GET", path: "/account", headers: map[string]string{"Authorization": "Bearer " + key}, answerMIME: "text/html", answer: "<p>you</p>"},
		harEntry{method: "POST", path: "/carts", headers: map[string]string{"X-Api-Key": key}, mime: "application/json", body: `{"key": "` + key + `", "note": "for ` + key + `", "again": "false"}`, started: 1},
		harEntry{method: "GET", path: "/keys/" + key + "?key=" + key, answerMIME: "text/html", answer: "<p>it</p>", started: 2})
	text := journeyText(d)
	if len(d.Env) != 1 || strings.Contains(text, key) || strings.Contains(text, "${uuid}") || strings.Count(text, "${env:"+d.Env[0].Name+"}") != 6 {
		t.Errorf("variables %v, want one at six places:\n%s", d.Env, text)
	}
}

// Who logged in before the recording began is logged in by a variable.
func TestALoginBeforeTheRecording(t *testing.T) {
	t.Parallel()
	const session, other = "k3jh4k5jh4k5jh43", "9f8e7d6c5b4a3f2e"
	d := drafted(t,
		harEntry{method: "GET", path: "/account", headers: map[string]string{"Cookie": "theme=dark; sid=" + session + "; visit=" + other + "; auth_token=" + other}, answerMIME: "text/html", answer: "<p>you</p>"},
		harEntry{method: "POST", path: "/carts", headers: map[string]string{"Cookie": "sid=" + session + "; cart_session=" + other, "X-Session": session}, mime: "application/json", body: `{"sku": "A-1"}`,
			setCookie: "cart_session=" + other, started: 1})
	text := d.Files[0].Text
	if strings.Contains(text, session) || strings.Contains(text, other) || len(d.Env) != 2 {
		t.Errorf("variables %v, want two, and no cookie in:\n%s", d.Env, text)
	}
	for _, want := range []string{`    headers: {Cookie: "sid=${env:VISIT_SID}; auth_token=${env:VISIT_AUTH_TOKEN}"}`, `X-Session: "${env:VISIT_SID}"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %s:\n%s", want, text)
		}
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "theme, visit;") || strings.Contains(notes, "sid") {
		t.Errorf("notes %q, want the cookies that are no credentials", notes)
	}
}
