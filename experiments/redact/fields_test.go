package redact

import (
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// notations are ways in which an answer writes a field; N stands for its name, V for its
// value.
func notations() map[string]string {
	return map[string]string{
		"a part of a form":       "--b\r\nContent-Disposition: form-data; name=\"N\"\r\n\r\nV more\r\n--b--\r\n",
		"a part with a type":     "--b\ncontent-disposition: form-data; name=\"N\"; filename=\"a\"\nContent-Type: text/plain\n\nmore\nV\n--b\n",
		"the end of a part":      "--b\r\nContent-Disposition: form-data; name=\"N\"\r\n\r\nV",
		"JSON":                   `{"id":1,"N":"V","ok":true}`,
		"JSON with blanks":       "{\n  \"N\" : \"V\",\n  \"ok\": true\n}",
		"JSON, a list":           `{"N":["x","V"],"ok":true}`,
		"JSON, an object":        `{"N":{"a":{"b":"V"}},"ok":true}`,
		"JSON in JSON":           `{"body":"{\"N\":\"V\",\"ok\":true}"}`,
		"JSON in JSON in JSON":   `{"body":"{\"b\":\"{\\\"N\\\":\\\"V\\\"}\"}"}`,
		"JSON, cut":              `{"id":1,"N":"V`,
		"a pair in JSON":         `{"name":"N","value":"V"}`,
		"a pair, value first":    `{"value": "V", "name": "N"}`,
		"Python":                 `{'id': 1, 'N': 'V'}`,
		"Ruby":                   `{:id=>1, "N"=>"V"}`,
		"a form":                 `a=b&N=V&c=d`,
		"a query":                `https://shop.test/back?N=V&a=b`,
		"a query in a query":     `/login?next=%2Fback%3FN%3DV%26a%3Db`,
		"a query in HTML":        `<a href="/back?a=b&amp;N=V&amp;c=d">`,
		"a cookie":               `theme=dark; N=V; Path=/`,
		"a header":               "HTTP/1.1 502 Bad Gateway\r\nN: V\r\nDate: x",
		"a header with quotes":   "N: Digest username=\"x\", response=\"V\"\r\nDate: x",
		"a header of curl":       "> N: V\n> Accept: */*",
		"a header in JSON":       `{"log":"GET / N: V"}`,
		"an XML element":         `<order><N>V</N><id>1</id></order>`,
		"an element, with names": `<s:order><s:N type="text">V</s:N></s:order>`,
		"an input":               `<input type="hidden" name="N" value="V"><p>more</p>`,
		"an input, value first":  `<input value='V' name='N'/>`,
		"an input, no quotes":    `<input name=N value=V>`,
		"a meta element":         `<meta name="N" content="V">`,
		"YAML":                   "id: 1\nN: V\n",
		"an assignment":          `N = "V"`,
		"a scheme":               `upstream said: Bearer V`,
	}
}

// Values of fields whose names say so are hidden in every notation, and what stands
// beside them is shown.
func TestFieldsAreHiddenByTheirNames(t *testing.T) {
	t.Parallel()
	const value = "Zq7xYjK3vW9"
	s := &Secrets{}
	for notation, text := range notations() {
		for _, name := range []string{"password", "access_token", "X-Api-Key", "Authorization", "sessionId"} {
			raw := strings.NewReplacer("N", name, "V", value).Replace(text)
			shown := s.Excerpt([]byte(raw), 300)
			if p := part(shown, value, 4); p != "" || !strings.Contains(shown, Hidden) {
				t.Errorf("%s, %s: %q shows %q", notation, name, shown, p)
			}
		}
		raw := strings.NewReplacer("N", "reason", "V", value).Replace(text)
		if shown := s.Excerpt([]byte(raw), 300); notation != "a scheme" && shown != raw {
			t.Errorf("%s: %q became %q", notation, raw, shown)
		}
	}
}

func TestNamesOfSecrets(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"password": true, "Password": true, "userPassword": true, "user[password]": true, "password_confirmation": true, "newPassword2": true, "passwords": true,
		"accesstoken": true, "refresh-token": true, "id_token": true, "JSESSIONID": true, "PHPSESSID": true, "connect.sid": true, "ASP.NET_SessionId": true,
		"apiKey": true, "APIKey": true, "x-api-key": true, "private_key": true, "client_secret": true, "Set-Cookie": true, "Proxy-Authorization": true,
		"cvc": true, "card_number": true, "cardNumber": true, "otp": true, "csrfmiddlewaretoken": true, "XSRF-TOKEN": true,
		"key": false, "sort_key": false, "code": false, "status": false, "message": false, "compass": false, "spin": false, "company": false, "residual": false,
		"": false, "_": false, "id": false, "charged": false, "Retry-After": false, "order_id": false, "author": false,
	} {
		if got := SecretName(name); got != want {
			t.Errorf("SecretName(%q) = %v", name, got)
		}
	}
	for path, want := range map[string]bool{"$.charged": false, "$.user.password": true, "$['api-key'][0]": true, "$.tokens[*].id": true, "header X-Auth-Token": true, "$..id": false} {
		if got := SecretPath(path); got != want {
			t.Errorf("SecretPath(%q) = %v", path, got)
		}
	}
}

func TestSelfEvidentSecretsAreHidden(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"
	for raw, want := range map[string]string{
		"dial postgres://shop:s3cr3t@10.0.0.1/db":                "dial postgres://shop:***@10.0.0.1/db",
		"see http://127.0.0.1:8080/a@b":                          "see http://127.0.0.1:8080/a@b",
		"not for " + jwt:                                         "not for ***",
		"key sk_live_4eC39HqLyjWDarjtT1 is old":                  "key *** is old",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA":    "-----BEGIN RSA PRIVATE KEY-----***-----END RSA",
		`{"token":null,"password":true,"pin":1234}`:              `{"token":null,"password":true,"pin":***}`,
		`{"error":"invalid token","field":"password"}`:           `{"error":"invalid token","field":"password"}`,
		"card 4111 1111 1111 1111 declined":                      "card *** declined",
		"card 4111-1111-1111-1111-12 declined":                   "card ***-12 declined",
		`{"n":"4111111111111111"}`:                               `{"n":"***"}`,
		"pan=4111+1111+1111+1111&x=1":                            "pan=***&x=1",
		"/pay?c=4111%201111%201111%201111":                       "/pay?c=***",
		"3782 822463 10005":                                      "***",
		"4111\u00a01111\u00a01111\u00a01111":                     "***",
		"order 4111111111111112, at 1732829220123, ratio 0.3047": "order 4111111111111112, at 1732829220123, ratio 0.3047",
		"1.4111111111111111":                                     "1.4111111111111111",
		"41111111111111110000":                                   "41111111111111110000",
	} {
		if got := (*Secrets)(nil).Excerpt([]byte(raw), 300); got != want {
			t.Errorf("%q became %q, want %q", raw, got, want)
		}
	}
}

// An excerpt ends neither inside a mask nor inside a character, and what is hidden is hidden wherever the end is.
func TestExcerptsEndBetweenCharactersAndMasks(t *testing.T) {
	t.Parallel()
	const value, most = "Zq7xYjK3vW9", 40
	s := secrets("hunter22")
	for at := range 60 {
		before := strings.Repeat("é", at/2) + strings.Repeat("-", at%2)
		for _, text := range []string{`"token":"` + value + `","a":"é€😀"`, "hunter22 é€😀", "4111 1111 1111 1111 é€😀"} {
			for _, long := range []string{"", strings.Repeat("é", 5000)} {
				shown := s.Excerpt([]byte(before+text+long), most)
				body := strings.TrimSuffix(shown, mark)
				if len(body) > most+len(Hidden) || !utf8.ValidString(shown) || strings.Contains(shown, "\ufffd") {
					t.Fatalf("%q", shown)
				}
				if part(shown, value, 2) != "" || part(shown, "hunter22", 2) != "" || part(shown, "4111", 2) != "" {
					t.Errorf("%q shows a part of a secret", shown)
				}
				if stars := strings.Count(shown, "*"); stars != 0 && stars != len(Hidden) {
					t.Errorf("%q shows a part of a mask", shown)
				}
			}
		}
	}
	// Where much is hidden, the end of what was looked at comes into view.
	for at := 4050; at < 4120; at++ {
		text := `{"token":"` + strings.Repeat("x", at) + `","n":"4111 1111 1111 1111","b":"hunter22","c":"` + strings.Repeat("é", 3000)
		shown := s.Excerpt([]byte(text), most)
		if part(shown, "hunter22", 2) != "" || part(shown, "4111 1111", 6) != "" || strings.Contains(shown, "\ufffd") {
			t.Errorf("%d: %q", at, shown)
		}
	}
}

// However a secret is written, and whatever stands around it, nothing of it is shown.
func FuzzExcerpt(f *testing.F) {
	names := []string{"password", "X-Api-Key", "access_token", "session[id]", "cvv"}
	list := slices.Sorted(maps.Values(notations()))
	f.Add("before ", "after", uint8(0), uint8(0), uint8(0), uint16(300))
	f.Add(`{"a":"`, `"}`, uint8(3), uint8(1), uint8(1), uint16(10))
	f.Add("\xff\x80%", "&#", uint8(5), uint8(2), uint8(2), uint16(0))
	const value = "Zq7xYjK3vW9"
	f.Fuzz(func(t *testing.T, before, after string, notation, name, form uint8, most uint16) {
		raw := strings.NewReplacer("N", names[int(name)%len(names)], "V", value).Replace(list[int(notation)%len(list)])
		switch form % 4 {
		case 1:
			raw = url.QueryEscape(raw)
		case 2:
			text, _ := json.Marshal(raw)
			raw = string(text)
		case 3:
			raw = html.EscapeString(raw)
		}
		// What stands around it must not change what it is.
		before = strings.Map(func(r rune) rune {
			if r == utf8.RuneError || r < ' ' || strings.ContainsRune("\\%&'\"`<>{}=:", r) {
				return '_'
			}
			return r
		}, before)
		shown := (&Secrets{}).Excerpt([]byte(before+" "+raw+after), int(most))
		if !utf8.ValidString(shown) || len(shown) > int(most)+len(Hidden)+len(mark) {
			t.Fatalf("%d bytes of %d, %q", len(shown), most, shown)
		}
		if form%4 != 3 && part(shown, value, 4) != "" {
			t.Errorf("%q shows a part of %q", shown, raw)
		}
	})
}

// Anything may come: nothing panics, and what is shown is text of the right length.
func FuzzExcerptOfAnything(f *testing.F) {
	f.Add([]byte(`{"password":"x`), uint16(20))
	f.Add([]byte("password=\xf0\x9f"), uint16(3))
	f.Add([]byte("://:@4111 1111 1111 1111<token"), uint16(9))
	f.Add([]byte(`<input name=token value=`), uint16(90))
	s := secrets(canary)
	f.Fuzz(func(t *testing.T, raw []byte, most uint16) {
		shown := s.Excerpt(raw, int(most))
		if !utf8.ValidString(shown) || len(shown) > int(most)+len(Hidden)+len(mark) {
			t.Fatalf("%q of %q", shown, raw)
		}
	})
}
