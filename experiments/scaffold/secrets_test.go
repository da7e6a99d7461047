package scaffold

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/scaffold/openapi"
	"github.com/blastgauge/blastgauge/experiments/scaffold/postman"
)

// Some values that no document may hold: of a person, and of a server.
const (
	entered = "hunter2two"
	issued  = "q8Zr0vTnUe3LwYb1KxMsPd5Hc7Gj0006"
)

// A secret is told from what stands around it, beside it or in it, if its own name does
// not tell it.
func TestSecretsByTheirSurroundings(t *testing.T) {
	t.Parallel()
	post := func(mime, body string) harEntry { return harEntry{method: "POST", path: "/a", mime: mime, body: body} }
	get := func(path string) harEntry { return harEntry{method: "GET", path: path} }
	for name, tt := range map[string]struct {
		sent harEntry
		want string
	}{
		"JSON in JSON in JSON":        {post("application/json", `{"a": "{\"b\": \"{\\\"password\\\": \\\"`+entered+`\\\", \\\"x\\\": 1}\"}"}`), `json: {a: '{"b": "{\"password\": \"${env:VISIT_PASSWORD}\", \"x\": 1}"}'}`},
		"a name and a value":          {post("application/json", `[{"name": "password", "value": "`+entered+`"}]`), `value: "${env:VISIT_PASSWORD}"`},
		"a value and a name":          {post("application/json", `[{"value": "`+entered+`", "name": "password"}]`), `value: "${env:VISIT_PASSWORD}"`},
		"the value of a password":     {post("application/json", `{"password": {"value": "`+entered+`"}}`), `value: "${env:VISIT_PASSWORD}"`},
		"credentials":                 {post("application/json", `{"credentials": {"user": "jane", "code": "`+entered+`"}}`), `{user: jane, code: "${env:VISIT_CREDENTIALS}"}`},
		"an argument of GraphQL":      {post("application/json", `{"query": "mutation($p: String!){login(password: $p){token}}", "variables": {"p": "`+entered+`"}}`), `{p: "${env:VISIT_PASSWORD}"}`},
		"GraphQL without variables":   {post("application/json", `{"query": "mutation{login(password:\"`+entered+`\", n: 1){token}}"}`), `password:"${env:VISIT_PASSWORD}", n: 1`},
		"an attribute's name":         {post("text/xml", `<l><a name="password">`+entered+`</a></l>`), `<a name="password">${env:VISIT_PASSWORD}</a>`},
		"XML-RPC":                     {post("text/xml", `<m><name>password</name><value>`+entered+`</value></m>`), `<value>${env:VISIT_PASSWORD}</value>`},
		"JSON in base64":              {post("application/json", `{"blob": "eyJwYXNzd29yZCI6ICJodW50ZXIydHdvIn0="}`), `{blob: "${env:VISIT_BLOB}"}`},
		"an address in an address":    {get("/a?next=" + url.QueryEscape("/in?password="+entered+"&x=a b") + "&y=1"), `GET /a?next=%2Fin%3Fpassword%3D${env:VISIT_PASSWORD}%26x%3Da%20b&y=1`},
		"JSON in a query":             {get("/a?variables=" + url.QueryEscape(`{"password": "`+entered+`"}`)), `GET /a?variables=%7B%22password%22%3A%20%22${env:VISIT_PASSWORD}%22%7D`},
		"a path that a mail holds":    {get("/magic-link/" + issued), "GET /magic-link/${env:VISIT_MAGIC_LINK}"},
		"a header for a key":          {harEntry{method: "GET", path: "/a", headers: map[string]string{"X-Functions-Key": issued}}, `X-Functions-Key: "${env:VISIT_FUNCTIONS_KEY}"`},
		"another language":            {post("application/json", `{"passwort": "`+entered+`", "mot_de_passe": "`+entered+`x"}`), `{passwort: "${env:VISIT_PASSWORT}", mot_de_passe: "${env:VISIT_MOT_DE_PASSE}"}`},
		"a product of the name":       {post("application/json", `{"name": "Blue mug", "value": "4102"}`), `{name: Blue mug, value: "4102"}`},
		"common values of a password": {post("application/json", `{"password": {"value": false, "text": "US"}}`), `{password: {value: false, text: US}}`},
		"a key to sort by":            {get("/a?sort_key=created2026descending"), "GET /a?sort_key=created2026descending"},
		"an address without a secret": {get("/a?next=%2Fin%3Fview%3Dlist"), "GET /a?next=%2Fin%3Fview%3Dlist"},
		"a number in base64":          {post("application/json", `{"blob": "eyJwYWdlIjogMTIzNDU2Nzg5fQ=="}`), `{blob: eyJwYWdlIjogMTIzNDU2Nzg5fQ==}`},
	} {
		text := strings.ReplaceAll(journeyText(drafted(t, tt.sent)), `"Blue mug"`, "Blue mug")
		if !strings.Contains(text, tt.want) && !strings.Contains(strings.ReplaceAll(text, `"`, ""), strings.ReplaceAll(tt.want, `"`, "")) || strings.Contains(text, entered) || strings.Contains(text, issued) {
			t.Errorf("%s: want %s, and no secret:\n%s", name, tt.want, text)
		}
	}
}

// A secret that is known is hidden in a text that encodes it, too.
func TestAKnownSecretInBase64(t *testing.T) {
	t.Parallel()
	d := drafted(t, harEntry{method: "POST", path: "/in", mime: "application/json", body: `{"password": "` + entered + `"}`},
		harEntry{method: "GET", path: "/a", headers: map[string]string{"X-Note": "amFuZTpodW50ZXIydHdv"}, started: 1})
	if text := journeyText(d); strings.Contains(text, "amFuZ") || !strings.Contains(text, `X-Note: "${env:VISIT_X_NOTE}"`) && !strings.Contains(text, `X-Note: "${env:VISIT_NOTE}"`) {
		t.Errorf("the documents hold a password in base64:\n%s", text)
	}
}

// What a test expects of an answer, and what stands in a text, is no less a secret.
func TestSecretsOfCollections(t *testing.T) {
	t.Parallel()
	test := func(line string) string {
		text, _ := json.Marshal([]string{line})
		return `"event": [{"listen": "test", "script": {"exec": ` + string(text) + `}}]`
	}
	for name, tt := range map[string]struct{ request, beside string }{
		"a token that a test expects":    {`"{{base}}/"`, test(`pm.expect(pm.response.json().token).to.eql("` + issued + `");`)},
		"a password that a test expects": {`"{{base}}/"`, test(`pm.expect(pm.response.json().user.password).to.eql("` + entered + `");`)},
		"a header that a test expects":   {`"{{base}}/"`, test(`pm.response.to.have.header("X-Api-Key", "` + issued + `");`)},
		"a text that a test looks for":   {`"{{base}}/"`, test(`pm.expect(pm.response.text()).to.include("sk_live_` + issued + `");`)},
		"an expression":                  {`"{{base}}/"`, test(`pm.expect(pm.response.json().token).to.match(/^` + issued + `$/);`)},
		"XML beside a variable":          {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "raw", "raw": "<l><u>{{base}}</u><password>` + entered + `</password></l>", "options": {"raw": {"language": "xml"}}}}`, ""},
		"GraphQL":                        {`{"method": "POST", "url": "{{base}}/", "body": {"mode": "graphql", "graphql": {"query": "mutation{login(password:\"` + entered + `\"){id}}", "variables": ""}}}`, ""},
	} {
		j, err := fromPostman(oneRequest(tt.request, tt.beside), "", postman.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		loaded(t, d)
		if text := d.Files[0].Text; strings.Contains(text, entered) || strings.Contains(text, issued) {
			t.Errorf("%s: the documents hold a secret:\n%s", name, text)
		}
	}
}

// Examples of a document may be secrets of somebody.
func TestSecretsOfOpenAPI(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a format":     `application/json: {schema: {type: object, required: [v], properties: {v: {type: string, format: password, example: ` + entered + `}}}}`,
		"JSON in JSON": `application/json: {example: {v: '{"password": "` + entered + `"}'}}`,
		"XML":          `text/xml: {example: "<password>` + entered + `</password>"}`,
	} {
		d, err := fromOpenAPI(t, openapi.Options{}, openAPIHead+"paths: {/a: {post: {requestBody: {required: true, content: {"+content+"}}, responses: {\"201\": {description: x}}}}}\n")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		loaded(t, d)
		if text := d.Files[0].Text; strings.Contains(text, entered) || len(d.Env) != 1 {
			t.Errorf("%s: variables %v, want one, and no secret:\n%s", name, d.Env, text)
		}
	}
}
