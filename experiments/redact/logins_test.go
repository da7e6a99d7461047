package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// passwords are such as end a URL's host early, or are no part of one at all.
func passwords() []string {
	return []string{
		"hidden", "hid@hidden", "hidden:hidden", "1234/hidden", "hidden/x", "/hidden", "hidden#x", "#hidden", "hidden?x", "?hidden", "hidden%", "%hidden", "%40hidden", "%2Fhidden",
		"a hidden", "hidden b", "hid'hidden", "hidden\"hidden", "hidden\\hidden", "[hidden", "hidden]", "h\u00efdden-hidden", "hidden,hidden", "{hidden}", "(hidden)", "hidden=hidden", "hidden&x=hidden",
	}
}

// No piece of a password is shown, whatever it holds and wherever it stands, and what is
// shown is as long as what was written.
func TestLoginsAreHidden(t *testing.T) {
	t.Parallel()
	places := map[string]string{
		"bare": "X", "quoted": `"X" is not host:port`, "an override": "--set url=X: error", "a field": "  url: X", "single": "  url: 'X'", "double": `  url: "X"`,
		"a flow": `  dep: {listen: "127.0.0.1:1", upstream: "X"}`, "a request": `  - {name: a, request: "GET X", expect: {status: 200}}`, "an item": "  - X",
	}
	for _, password := range passwords() {
		for _, login := range []string{"http://app:P@h/", "http://app:P@127.0.0.1:80", "redis://:P@h", "mysql://app:P%40h:1/x", "//app:P@h", "app:P@h:80", ":P@h", "app:P@tcp(h:3306)/x", "http://P@h", "postgres://app:P@a,b/x"} {
			for name, place := range places {
				word := !strings.Contains(login, "//") && strings.Contains(password, " ") && strings.Contains("bare a field an item", name)
				quotes := strings.ContainsAny(password, `"'`) && (name == "single" || name == "quoted" || name == "double")
				if word || quotes && strings.ContainsAny(password, `"'`) && name != "double" {
					continue // nothing says where such a text ends
				}
				text := strings.Replace(place, "X", strings.Replace(login, "P", password, 1), 1)
				shown := Logins(text)
				if strings.Contains(shown, "hidden") {
					t.Errorf("%s: %s shows %s", name, text, shown)
				}
				if utf8.RuneCountInString(shown) != utf8.RuneCountInString(text) {
					t.Errorf("%s: %s has another length than %s", name, shown, text)
				}
			}
		}
	}
}

func TestWrittenSecretsAreHidden(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"host=h password=hidden user=u", `host=h password=hid\ hidden user=u`, "host=h password={hid;hidden} user=u", "Server=h;Pwd={hid;hidden};", "Server=h;Pwd={hid}};hidden};Database=d", "Server=h; Pwd=hid hidden=hidden; Database=d",
		"host=h password=hid;hidden=hidden user=u", "jdbc:sqlserver://h;user=u;password=hid;hidden", "password='hid'hidden", "password='hid' hidden", "password=hid'hidden hidden", "https://h/?password=hid&hidden", "https://h/?password=hid hidden", "h:1,password=hid,hidden,ssl=true",
		"dsn: 'host=h password=hid''hidden, hidden'", `{"dsn":"host=h password=hid\", hidden"}`, `"{\"dsn\":\"host=h password=hid,hidden\"}"`, "host=h password =\thidden,hidden", "host=h\npassword=\nhidden)hidden", "password=${env:X}hidden", "password=${env:X} password={hidden",
		"host=h password = 'hid den hidden'", `password='hid\' hidden'`, "password='hid'' hidden'", "sslpassword=hidden", "PGPASSWORD=hidden x", "postgres://h/x?password=hidden&a=b",
		"https://h/?a=b&access_token=hidden", "--set url=host=h password=hidden", `"host=h password=\"hid hidden\""`, "jdbc:mysql://h/x?user=u&password=hidden", "Server=h;Pwd=hidden;",
	} {
		if shown := Logins(text); strings.Contains(shown, "hidden") || len(shown) != len(text) {
			t.Errorf("%s shows %s", text, shown)
		}
	}
}

// No piece of a password is shown that stands behind a key without quotes or escapes.
func TestPasswordsBehindKeysAreHidden(t *testing.T) {
	t.Parallel()
	places := []string{"X", `"X" is not host:port`, "--set url=X", "  url: X", "  url: 'X'", `  url: "X"`, `  dep: {listen: "127.0.0.1:1", upstream: "X"}`, `  dep: {listen: "127.0.0.1:1", upstream: X}`, "  - X", `{"dsn":"X","a":1}`}
	for _, password := range passwords() {
		for _, dsn := range []string{
			"host=h password=<> user=u", "host=h password=<>", "password=<> host=h", "host=h user=u sslpassword = <> dbname=d", "Server=h;Pwd=<>;Database=d", "Server=h; Pwd=<>", "Pwd={<>};Server=h",
			"postgres://h/d?password=<>", "postgres://h/d?a=b&password=<>&c=d", "jdbc:sqlserver://h:1;user=u;password=<>;encrypt=true", "h:6379,password=<>,ssl=true", "host=h password=${env:X}<> user=u",
		} {
			for _, place := range places {
				text := strings.Replace(place, "X", strings.Replace(dsn, "<>", password, 1), 1)
				shown := Logins(text)
				if strings.Contains(shown, "hidden") || utf8.RuneCountInString(shown) != utf8.RuneCountInString(text) {
					t.Errorf("%s shows %s", text, shown)
				}
			}
		}
	}
}

// What stands around a secret is shown, so that a person finds the place.
func TestAroundLogins(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"host=h password=hid,den user=u":              "host=h password=******* user=u",
		`"host=h password=hid,den", "b"`:              `"host=h password=*******", "b"`,
		"Server=h;Pwd={hid;den};Database=d":           "Server=h;Pwd=*********;Database=d",
		"host=h password='hid den' user=u":            "host=h password=********* user=u",
		"{request: GET /?token=hid, rate: 1/s}":       "{request: GET /?token=**** rate: 1/s}",
		`{"url":"app:hid den@h","email":"jane@h.x"}`:  `{"url":"***********@h","email":"jane@h.x"}`,
		`"{\"url\":\"app:hid den@h\",\"a\":\"b@c\"}"`: `"{\"url\":\"***********@h\",\"a\":\"b@c\"}"`,
		"url: http://127.0.0.1:80 # was http://u:p@h": "url: http://127.0.0.1:80 # was http://***@h",
		"url: http://u:1234 # x@h":                    "url: http://**********@h",
		"--set url=http://127.0.0.1:1234 # x@h":       "--set url=http://******************@h",
	} {
		if shown := Logins(text); shown != want {
			t.Errorf("%s shows %s, want %s", text, shown, want)
		}
	}
}

// What is no login is shown.
func TestLoginsLeaveTheRest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"url: http://127.0.0.1:8080/a?b=c", "email: me@shop.test", `json: {email: "me@shop.test"}`, "request: GET /users/me@shop.test", "dsn: ${env:DSN}",
		"toxiproxy: http://127.0.0.1:8474 # ours", "expect: {status: 200}", "at 11:30", "token: ${env:TOKEN}",
		`{"email":"jane@shop.test","card":"4242"}`, `'{"a":1,"email":"jane@shop.test"}'`, `"{\"email\":\"jane@shop.test\"}"`, `{'email':'jane@shop.test'}`, `{"to":["a@b"],"cc":"c@d"}`, `"mailto:ops@shop.test"`,
		"url: http://127.0.0.1:8080 # ask ops@shop.test", "  - url: http://shop.test:8080/   # ask ops@shop.test", "request: GET http://[::1]:80 # ops@shop.test", "dsn: host=h password=${env:P} user=u", `"host=h password=${env:P}"`, "{a: token=${env:T}, b: c}", "h/?token=${env:T}&a=b c",
	} {
		if shown := Logins(text); shown != text || HasLogin(text) {
			t.Errorf("%s shows %s", text, shown)
		}
	}
	if got := Logins("http://app:${env:PASSWORD}@h"); got != "http://****${env:PASSWORD}@h" {
		t.Error(got)
	}
}

// Whatever a text is, what is shown of it is as long and has its lines.
func FuzzLogins(f *testing.F) {
	for _, text := range []string{`{"a":"b@c","d":":e@f"}`, `password='a\' b' token={c}} d;`, "pwd=${env:X},${", `"\"token=\"a\"" url: http://1.2:3 # a@b`, "token=\n'secret=\\", "mailto:\u00e9@h :\u00e9@h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shown := Logins(text)
		if utf8.ValidString(text) && utf8.RuneCountInString(shown) != utf8.RuneCountInString(text) {
			t.Errorf("%q is shown as %q", text, shown)
		}
		if strings.Count(shown, "\n") != strings.Count(text, "\n") {
			t.Errorf("%q has other lines than %q", shown, text)
		}
	})
}
