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
		"host=h password=hidden user=u", "host=h password = 'hid den hidden'", `password='hid\' hidden'`, "password='hid'' hidden'", "sslpassword=hidden", "PGPASSWORD=hidden x", "postgres://h/x?password=hidden&a=b",
		"https://h/?a=b&access_token=hidden", "--set url=host=h password=hidden", `"host=h password=\"hid hidden\""`, "jdbc:mysql://h/x?user=u&password=hidden", "Server=h;Pwd=hidden;",
	} {
		if shown := Logins(text); strings.Contains(shown, "hidden") || len(shown) != len(text) {
			t.Errorf("%s shows %s", text, shown)
		}
	}
}

// What is no login is shown.
func TestLoginsLeaveTheRest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"url: http://127.0.0.1:8080/a?b=c", "email: me@shop.test", `json: {email: "me@shop.test"}`, "request: GET /users/me@shop.test", "dsn: ${env:DSN}",
		"toxiproxy: http://127.0.0.1:8474 # ours", "expect: {status: 200}", "at 11:30", "token: ${env:TOKEN}",
	} {
		if shown := Logins(text); shown != text || HasLogin(text) {
			t.Errorf("%s shows %s", text, shown)
		}
	}
	if got := Logins("http://app:${env:PASSWORD}@h"); got != "http://****${env:PASSWORD}@h" {
		t.Error(got)
	}
}
