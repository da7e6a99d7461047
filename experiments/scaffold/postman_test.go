package scaffold

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/postman"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// fromPostman makes a journey of a collection, and of an environment where there is one.
func fromPostman(collection, environment string, o postman.Options) (*draft.Journey, error) {
	o.File, o.EnvironmentFile = "shop.json", "staging.json"
	if environment != "" {
		o.Environment = strings.NewReader(environment)
	}
	return postman.Journey(strings.NewReader(collection), o)
}

func TestACollectionBecomesAJourney(t *testing.T) {
	t.Parallel()
	collection, err := os.ReadFile("testdata/shop.postman_collection.json")
	if err != nil {
		t.Fatal(err)
	}
	environment, err := os.ReadFile("testdata/staging.postman_environment.json")
	if err != nil {
		t.Fatal(err)
	}
	j, err := fromPostman(string(collection), string(environment), postman.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Make(Options{Journey: j})
	if err != nil {
		t.Fatal(err)
	}
	loaded(t, d)
	golden(t, "shop.postman.golden", whatIsMade(d))
	for _, secret := range []string{"correct horse", "4111111111111111", "abcdef0123456789", "AKIAIOSFODNN7EXAMPLE"} {
		if strings.Contains(d.Files[0].Text, secret) {
			t.Errorf("the documents hold the secret %q", secret)
		}
	}
}

// whatIsMade is what a journey adds to the documents, and what is said about it.
func whatIsMade(d *Documents) string {
	_, text, _ := strings.Cut(d.Files[0].Text, journeysHead)
	text, _, _ = strings.Cut(text, "\n# What must be true")
	for _, n := range d.Notes {
		text += "note: " + n + "\n"
	}
	for _, s := range d.Env {
		text += "set: " + s.Name + ", the " + s.Of + "\n"
	}
	return text
}

// unwrapped joins the lines of each comment.
func unwrapped(text string) string { return strings.ReplaceAll(text, "\n      # ", " ") }

// oneRequest is a collection of one request, and of what is beside it.
func oneRequest(request, beside string) string {
	if beside != "" {
		beside = "," + beside
	}
	return `{"info": {"name": "shop", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
		"variable": [{"key": "base", "value": "http://shop.test"}, {"key": "n", "value": 7}, {"key": "amp", "value": "a&b c"}, {"key": "json", "value": "{\"a\": [1]}"}, {"key": "loop", "value": "{{loop}}"}],
		"item": [{"name": "one", "request": ` + request + beside + `}]}`
}

// TestWhatARequestBecomes: each shape of a request in Postman's schema, and the lines of
// the document.
func TestWhatARequestBecomes(t *testing.T) {
	t.Parallel()
	test := func(lines ...string) string {
		text, _ := json.Marshal(lines)
		return `"event": [{"listen": "test", "script": {"exec": ` + string(text) + `}}]`
	}
	for name, c := range map[string]struct{ request, beside, want string }{
		"a text alone":        {`"{{base}}/a?x=1#top"`, "", "request: GET /a?x=1\n"},
		"no scheme":           {`{"url": "shop.test:8080/a"}`, "", "request: GET /a\n"},
		"a path variable":     {`{"url": {"raw": "x", "host": "{{base}}", "path": ["carts", ":id", "{{n}}"], "variable": [{"key": "id", "value": "c 1"}]}}`, "", "request: GET /carts/c%201/7\n"},
		"one without value":   {`{"url": "{{base}}/carts/:id"}`, "", "request: GET /carts/${env:SHOP_ID}\n"},
		"path segments typed": {`{"url": {"protocol": "https", "host": ["shop", "test"], "port": "8443", "path": [{"type": "string", "value": "a"}]}}`, "", "request: GET /a\n"},
		"query":               {`{"url": {"raw": "{{base}}/", "query": [{"key": "q", "value": "{{amp}}"}, {"key": "off", "value": "1", "disabled": true}, {"key": "flag", "value": null}]}}`, "", `request: GET /?q=a%26b%20c&flag=`},
		"a base without value": {
			`{"url": "{{nowhere}}/a/{{n}}"}`, "", "request: GET /a/7\n"},
		"headers": {`{"url": "{{base}}/", "header": [{"key": "x-a", "value": "{{n}}"}, {"key": "X-Off", "value": "1", "disabled": true}, {"key": "Content-Length", "value": "3"}]}`, "", "headers: {X-A: \"7\"}\n"},
		"headers as a text": {
			`{"url": "{{base}}/", "header": "X-A: 1\nX-B: two\n"}`, "", "headers: {X-A: \"1\", X-B: two}\n"},
		"json": {`{"method": "post", "url": "{{base}}/", "body": {"mode": "raw", "raw": "{\"k\": {{n}}, \"s\": \"{{n}}\", \"o\": {{json}}, /* c */ \"t\": \"// no comment\"}", "options": {"raw": {"language": "json"}}}}`, "",
			"request: POST /\n        json: {k: 7, s: \"7\", o: {a: [1]}, t: \"// no comment\"}\n"},
		"json by its header": {`{"method": "PUT", "url": "{{base}}/", "header": [{"key": "Content-Type", "value": "application/json; charset=utf-8"}], "body": {"mode": "raw", "raw": "[true, null]"}}`, "",
			"json: [true, null]\n"},
		"json that is none": {`{"method": "PUT", "url": "{{base}}/", "body": {"mode": "raw", "raw": "{\"a\": 1,}", "options": {"raw": {"language": "json"}}}}`, "",
			"headers: {Content-Type: application/json}\n        body: '{\"a\": 1,}'\n"},
		"xml": {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "raw", "raw": "<a>{{n}}</a>", "options": {"raw": {"language": "xml"}}}}`, "",
			"headers: {Content-Type: application/xml}\n        body: \"<a>7</a>\"\n"},
		"a form":        {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "{{amp}}"}, {"key": "b", "value": "2", "disabled": true}]}}`, "", "form: {a: \"a&b c\"}\n"},
		"a field twice": {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1"}, {"key": "a", "value": "{{$guid}}"}]}}`, "", "form: {a: [\"1\", \"${uuid}\"]}\n"},
		"multipart": {`{"method": "POST", "url": "{{base}}/", "header": [{"key": "Content-Type", "value": "multipart/form-data"}], "body": {"mode": "formdata", "formdata": [{"key": "a", "value": "{{n}}", "type": "text"}, {"key": "photo", "type": "file", "src": "/home/ada/lamp.png", "contentType": "image/png"}]}}`, "",
			"multipart: {a: \"7\"}\n"},
		"a file of it":          {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "formdata", "formdata": [{"key": "photo", "type": "file", "src": ["/home/ada/lamp.png"], "contentType": "image/png"}]}}`, "", "add photo: {file: lamp.png, type: image/png} to multipart\n"},
		"a form that redirects": {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1"}]}}`, "", "follow: 5"},
		"told to follow":        {`"{{base}}/"`, `"protocolProfileBehavior": {"followRedirects": true}`, "follow: 5"},
		"a redirect expected":   {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1"}]}}`, test("pm.response.to.have.status(303)"), "expect: {status: 303}\n"},
		"a pruned body":         {`{"method": "GET", "url": "{{base}}/", "body": {"mode": "raw", "raw": "x"}}`, "", "request: GET /\n"},
		"a kept body":           {`{"method": "GET", "url": "{{base}}/", "body": {"mode": "raw", "raw": "x"}}`, `"protocolProfileBehavior": {"disableBodyPruning": true}`, "body: x\n"},
		"graphql":               {`{"method": "POST", "url": "{{base}}/g", "body": {"mode": "graphql", "graphql": {"query": "{ a }", "variables": {"k": 1}}}}`, "", "json: {query: \"{ a }\", variables: {k: 1}}\n        expect: {json: {\"$.errors\": {absent: true}}}\n"},
		"bearer":                {`{"url": "{{base}}/", "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "hunter2hunter2"}]}}`, "", "headers: {Authorization: \"Bearer ${env:SHOP_BEARER_TOKEN}\"}\n"},
		"basic":                 {`{"url": "{{base}}/", "auth": {"type": "basic", "basic": [{"key": "username", "value": "ada"}, {"key": "password", "value": "hunter2hunter2"}]}}`, "", "headers: {Authorization: \"Basic ${env:SHOP_BASIC_CREDENTIALS}\"}\n"},
		"a key in the query": {
			`{"url": "{{base}}/?a=1", "auth": {"type": "apikey", "apikey": [{"key": "key", "value": "k"}, {"key": "value", "value": "hunter2hunter2"}, {"key": "in", "value": "query"}]}}`, "", "request: GET /?a=1&k=${env:SHOP_K}\n"},
		"oauth2":          {`{"url": "{{base}}/", "auth": {"type": "oauth2", "oauth2": [{"key": "accessToken", "value": "hunter2hunter2"}]}}`, "", "headers: {Authorization: \"Bearer ${env:SHOP_ACCESS_TOKEN}\"}\n"},
		"digest is said":  {`{"url": "{{base}}/", "auth": {"type": "digest", "digest": []}}`, "", "(digest) is computed for each request"},
		"a secret header": {`{"url": "{{base}}/", "header": [{"key": "Authorization", "value": "Token hunter2hunter2"}]}`, "", "headers: {Authorization: \"Token ${env:SHOP_TOKEN_TOKEN}\"}\n"},
		"guid":            {`{"url": "{{base}}/", "header": [{"key": "X-Id", "value": "{{$guid}}"}]}`, "", "headers: {X-Id: \"${uuid}\"}\n"},
		"dollars":         {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "raw", "raw": "${x} ${{$guid}}", "options": {"raw": {"language": "text"}}}}`, "", "body: \"$${x} ${random $|$}${uuid}\"\n"},
		"a cycle":         {`{"url": "{{base}}/{{loop}}"}`, "", "request: GET /${env:SHOP_LOOP}\n"},
		"status":          {`"{{base}}/"`, test("pm.response.to.have.status(201)"), "expect: {status: 201}\n"},
		"one of":          {`"{{base}}/"`, test("pm.expect(pm.response.code).to.be.oneOf([200, 404])"), "expect: {status: [200, 404]}\n"},
		"an example":      {`"{{base}}/"`, `"response": [{"code": 404}, {"code": 202, "header": [{"key": "content-type", "value": "application/json"}]}]`, "expect: {status: 202, headers: {Content-Type: {matches: json}}}\n"},
		"a range":         {`"{{base}}/"`, test("const j = pm.response.json();", "pm.expect(j.n).to.be.above(1);", "pm.expect(j.n).to.be.below(9);"), "expect: {json: {\"$.n\": {gt: 1, lt: 9}}}\n"},
		"an object":       {`"{{base}}/"`, test("pm.expect(pm.response.json().a).to.eql({b: [1, 'x']})"), "expect: {json: {\"$.a\": {eq: {b: [1, x]}}}}\n"},
		"texts":           {`"{{base}}/"`, test("pm.expect(pm.response.text()).to.include('a')", "pm.expect(pm.response.text()).to.include('b')"), "expect: {body: {contains: [a, b]}}\n"},
		"a header kept":   {`"{{base}}/"`, test("pm.environment.set('seq', pm.response.headers.get('X-Seq'))"), "capture:\n          the_seq: {header: X-Seq}\n"},
		"time":            {`"{{base}}/"`, test("pm.expect(pm.response.responseTime).to.be.below(250)"), "slow_after: 250ms\n"},
		"a script is left": {`"{{base}}/"`, test("postman.setNextRequest('secret words')"),
			"# Not taken over, 1 of the script after the request: postman.setNextRequest(\"…\")\n"},
	} {
		j, err := fromPostman(oneRequest(c.request, c.beside), "", postman.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		loaded(t, d)
		text := whatIsMade(d)
		if strings.Contains(c.want, "303") && strings.Contains(text, "follow: 5 #") {
			t.Errorf("%s: it is followed:\n%s", name, text)
		}
		if !strings.Contains(text, c.want) && !strings.Contains(unwrapped(text), c.want) || strings.Contains(text, "hunter2") || strings.Contains(text, "secret words") {
			t.Errorf("%s: want\n%s\ngot\n%s", name, c.want, text)
		}
	}
}

// TestAValueThatAScriptKeepsIsKept: what a script draws and several requests use is the
// same in all of them, or every comparison would find harm.
func TestAValueThatAScriptKeepsIsKept(t *testing.T) {
	t.Parallel()
	j, err := fromPostman(`{"info": {"name": "shop"}, "item": [
		{"name": "make", "request": {"method": "POST", "url": "http://shop.test/", "body": {"mode": "raw", "raw": "{\"name\": \"{{name}}\", \"mail\": \"{{mail}}\", \"ref\": \"{{ref}}\", \"once\": \"{{once}}\"}", "options": {"raw": {"language": "json"}}}},
		 "event": [{"listen": "prerequest", "script": {"exec": ["const n = pm.variables.replaceIn('{{$randomFirstName}}'); pm.environment.set('name', n)", "pm.environment.set('mail', pm.variables.replaceIn('{{$randomEmail}}'))", "pm.environment.set('ref', pm.variables.replaceIn('{{$guid}}'))", "pm.environment.set('once', pm.variables.replaceIn('{{$guid}}'))"]}}]},
		{"name": "look", "request": "http://shop.test/{{ref}}",
		 "event": [{"listen": "test", "script": {"exec": ["pm.expect(pm.response.json().name).to.eql(pm.environment.get('name'))", "pm.expect(pm.response.json().mail).to.eql(pm.environment.get(\"mail\"))"]}}]}]}`, "", postman.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Make(Options{Journey: j})
	if err != nil {
		t.Fatal(err)
	}
	loaded(t, d)
	for _, want := range []string{`name: Ada`, `mail: "user-${arm}-${seq}@example.com"`, `ref: "${run}-${arm}-${seq}"`, `once: "${uuid}"`,
		"GET /${run}-${arm}-${seq}", `"$.name": Ada`, `"$.mail": "user-${arm}-${seq}@example.com"`} {
		if !strings.Contains(d.Files[0].Text, want) {
			t.Errorf("there is no %s:\n%s", want, whatIsMade(d))
		}
	}
}

// TestFilesThatAreNoCollection are named, with what to do.
func TestFilesThatAreNoCollection(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:               "no Postman collection",
		`[]`:             "no Postman collection",
		"{\n\"info\": {": "no Postman collection",
		`{"id": "1", "name": "old", "order": [], "requests": []}`:                                                               "version 1",
		`{"info": {"name": "x", "schema": "https://schema.getpostman.com/json/collection/v2.0.0/collection.json"}, "item": []}`: "version 2.0",
		`{"info": {"name": "x", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "item": []}`: "no requests",
		`{"info": {"name": "x"}, "item": [{"name": "f", "item": []}]}`:                                                          "no requests",
		`{"info": {"name": "x"}, "item": [{"name": "f", "request": {"url": "ws://shop.test/"}}]}`:                               "not HTTP",
		`{"info": {"name": "x"}, "item": 3}`:                                                                                    "item",
		`{"values": [], "_postman_variable_scope": "environment"}`:                                                              "environment",
		`{"collections": []}`:      "dump",
		`{"log": {"entries": []}}`: "HAR",
		`{"openapi": "3.0.0"}`:     "OpenAPI",
		"\xff\xfe{\x00}\x00":       "UTF-16",
	} {
		_, err := fromPostman(text, "", postman.Options{})
		found, ok := errors.AsType[*shape.Error](err)
		if !ok || !strings.Contains(found.Msg, want) || found.File != "shop.json" {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
	if _, err := fromPostman("\xef\xbb\xbf"+oneRequest(`"http://shop.test/"`, ""), `{"info": {}}`, postman.Options{}); !errors.Is(err, experiments.ErrInvalid) {
		t.Errorf("a collection as environment: %v", err)
	}
	if _, err := fromPostman(oneRequest(`"http://shop.test/"`, ""), "", postman.Options{Folder: "nowhere"}); !errors.Is(err, experiments.ErrInvalid) {
		t.Errorf("an unknown folder: %v", err)
	}
}

// TestHostileCollections are refused, or make documents that load.
func TestHostileCollections(t *testing.T) {
	t.Parallel()
	request := `{"method": "POST", "url": "http://shop.test/{{v0}}", "header": [{"key": "X", "value": "{{v0}}"}], "body": {"mode": "raw", "raw": "{{v0}}"}}`
	bomb := []string{}
	for i := range 40 {
		bomb = append(bomb, fmt.Sprintf(`{"key": "v%d", "value": "{{v%d}}{{v%d}}{{v%d}}"}`, i, i+1, i+1, i+1))
	}
	folders := func(n int) string {
		return `{"info": {"name": "x"}, "item": [` + strings.Repeat(`{"name": "f", "item": [`, n) + `{"name": "r", "request": "http://shop.test/"}` + strings.Repeat(`]}`, n) + `]}`
	}
	name := "a: b\n  - name: c # d\t\x00\u2028\u202e'\"}\\"
	quoted, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	for what, collection := range map[string]string{
		"a bomb":    `{"info": {"name": "x"}, "variable": [` + strings.Join(bomb, ",") + `], "item": [{"name": "r", "request": ` + request + `}]}`,
		"folders":   folders(30),
		"deep":      folders(200),
		"very deep": strings.Repeat("[", 200_000),
		"names": fmt.Sprintf(`{"info": {"name": %[1]s}, "item": [{"name": %[1]s, "item": [{"name": %[1]s, "event": [{"listen": "test", "script": {"exec": [%[1]s]}}],
			"request": {"url": {"raw": %[1]s, "host": "shop.test", "path": [%[1]s], "query": [{"key": %[1]s, "value": %[1]s}]}, "method": "POST", "header": [{"key": %[1]s, "value": %[1]s}, {"key": "X", "value": %[1]s}],
			"body": {"mode": "urlencoded", "urlencoded": [{"key": %[1]s, "value": %[1]s}, {"key": "{{%[2]s}}", "value": "{{%[2]s}}"}]}}}]}]}`, quoted, `x: ${y}`),
		"twice": `{"info": {"name": "x"}, "info": {"name": "y"}, "item": [], "item": [{"name": "r", "name": "q", "request": "http://shop.test/", "request": {"method": "POST", "url": "http://shop.test/", "body": {"mode": "raw", "raw": "{\"a\": 1, \"a\": 2}"}}}]}`,
	} {
		j, err := fromPostman(collection, "", postman.Options{})
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		s, _ := loaded(t, d)
		if len(s.Journeys) != 1 || len(s.Journeys[0].Steps) != 1 || len(d.Files[0].Text) > 1<<20 {
			t.Errorf("%s: %d journeys, %d bytes", what, len(s.Journeys), len(d.Files[0].Text))
		}
	}
}

// FuzzReadCollection: whatever the files, they are either refused as invalid documents,
// or make documents that load and hold no secret of theirs.
func FuzzReadCollection(f *testing.F) {
	collection, err := os.ReadFile("testdata/shop.postman_collection.json")
	if err != nil {
		f.Fatal(err)
	}
	environment, err := os.ReadFile("testdata/staging.postman_environment.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(collection), string(environment))
	var parts struct {
		Item []struct{ Item []json.RawMessage }
	}
	if err := json.Unmarshal(collection, &parts); err != nil {
		f.Fatal(err)
	}
	for _, folder := range parts.Item {
		for _, one := range folder.Item { // small seeds are changed sooner
			f.Add(`{"info": {"name": "x"}, "variable": [{"key": "base", "value": "http://shop.test"}], "item": [`+string(one)+`]}`, "")
		}
	}
	f.Fuzz(func(t *testing.T, collection, environment string) {
		j, err := fromPostman(collection, environment, postman.Options{MayDial: func(host string) bool { return host == "other.test" }})
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Fatalf("Journey() = %v", err)
			}
			return
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Fatal(err)
		}
		loaded(t, d)
		for _, secret := range j.Secrets.Order {
			if len(secret) >= 12 && strings.Contains(journeyText(d), secret) {
				t.Fatalf("the documents hold the secret %q:\n%s", secret, journeyText(d))
			}
		}
	})
}

// A form that leads on is asked for what only the right page says, though others follow.
func TestALoginAsksForItsPage(t *testing.T) {
	t.Parallel()
	login := `{"method": "POST", "url": "{{base}}/login", "body": {"mode": "urlencoded", "urlencoded": [{"key": "email", "value": "a@shop.test"}]}}}, {"name": "cart", "request": "{{base}}/cart"`
	for asked, event := range map[bool]string{
		true:  "",
		false: `, "event": [{"listen": "test", "script": {"exec": ["pm.expect(pm.response.text()).to.include('Hello')"]}}]`,
	} {
		collection := oneRequest(strings.Replace(login, `}}}, {`, `}}`+event+`}, {`, 1), "")
		j, err := fromPostman(collection, "", postman.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Fatal(err)
		}
		loaded(t, d)
		const comment = "# What does only the right page say?"
		before, _, _ := strings.Cut(whatIsMade(d), "- name: one")
		if strings.Contains(before, comment) != asked {
			t.Errorf("asked %v, want %v:\n%s", !asked, asked, whatIsMade(d))
		}
	}
}
