package scaffold

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/openapi"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

func TestAnOpenAPIDocumentBecomesAJourney(t *testing.T) {
	t.Parallel()
	for file, name := range map[string]string{"demo.openapi.yaml": "demo.openapi.golden", "booking.openapi.json": "booking.openapi.golden"} {
		j, err := openapi.Journey(openapi.Options{File: filepath.Join("testdata", file)})
		if err != nil {
			t.Fatal(err)
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Fatal(err)
		}
		loaded(t, d)
		golden(t, name, whatIsMade(d))
		if strings.Contains(d.Files[0].Text, "4111111111111111") {
			t.Errorf("%s: the documents hold a card", file)
		}
	}
}

// fromOpenAPI writes files into a folder, and makes documents of the first.
func fromOpenAPI(t testing.TB, o openapi.Options, files ...string) (*Documents, error) {
	t.Helper()
	dir := t.TempDir()
	for i, text := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d.yaml", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.File = filepath.Join(dir, "f0.yaml")
	j, err := openapi.Journey(o)
	if err != nil {
		return nil, err
	}
	return Make(Options{Journey: j})
}

const openAPIHead = "openapi: 3.0.0\ninfo: {title: shop, version: \"1\"}\n"

// TestWhatAnOperationBecomes: each form of the specification, and the lines of the
// document.
func TestWhatAnOperationBecomes(t *testing.T) {
	t.Parallel()
	body := func(schema string) string {
		return "paths: {/a: {post: {requestBody: {content: {application/json: {schema: " + schema + "}}}, responses: {\"201\": {description: x}}}}}\n"
	}
	secured := func(scheme string) string {
		return "paths: {/a: {get: {responses: {default: {description: x}}}}}\nsecurity: [{s: []}]\ncomponents: {securitySchemes: {s: " + scheme + "}}\n"
	}
	for name, c := range map[string]struct {
		text       string
		operations []string
		want       string
	}{
		"types":        {body("{type: object, required: [a, b, c, d], properties: {a: {type: string}, b: {type: integer, minimum: 5}, c: {type: boolean}, d: {type: array, items: {type: number}}}}"), nil, "json: {a: example, b: 5, c: true, d: [1]}\n"},
		"given":        {body("{type: object, required: [a, b, c], properties: {a: {type: string, example: lamp}, b: {type: string, enum: [x, z]}, c: {type: integer, default: 7}}}"), nil, "json: {a: lamp, b: x, c: 7}\n"},
		"formats":      {body("{type: object, required: [a, b, password], properties: {a: {type: string, format: uuid}, b: {type: string, format: date}, password: {type: string}}}"), nil, `json: {a: "${uuid}", b: "2030-01-15", password: "${env:SHOP_PASSWORD}"}`},
		"bounds":       {body("{type: object, required: [a, b, c], properties: {a: {type: string, minLength: 9}, b: {type: string, maxLength: 2}, c: {type: string, pattern: '^(x|y)[0-9]{3}$'}}}"), nil, "json: {a: examplexx, b: ex, c: x111}\n"},
		"nothing more": {body("{type: object, required: [a], properties: {a: {type: string}, b: {type: string}}}"), nil, "json: {a: example}\n"},
		"read only":    {body("{type: object, properties: {a: {type: string, readOnly: true}, b: {type: string}}}"), nil, "json: {b: example}\n"},
		"one of":       {body("{oneOf: [{type: object, required: [a], properties: {a: {type: string}}}, {type: string}]}"), nil, "json: {a: example}\n"},
		"itself":       {body("{$ref: '#/components/schemas/T'}") + "components: {schemas: {T: {type: object, required: [t, a], properties: {a: {type: string}, t: {$ref: '#/components/schemas/T'}}}}}\n", nil, "request: POST /a\n"},
		"an example":   {"paths: {/a: {put: {requestBody: {content: {application/json: {examples: {z: {value: {a: 2}}, b: {value: {a: 1}}}}}}, responses: {\"204\": {description: x}}}}}\n", nil, "json: {a: 1}\n        expect: {status: 204}\n"},
		"text":         {"paths: {/a: {put: {requestBody: {required: true, content: {application/xml: {example: <a/>}}}, responses: {}}}}\n", nil, "headers: {Content-Type: application/xml}\n        body: \"<a/>\"\n"},
		"no text":      {"paths: {/a: {put: {requestBody: {required: true, content: {application/xml: {}}}, responses: {}}}, /b: {get: {responses: {}}}}\n", nil, "# Left out: PUT /a: its body is application/xml, of which there is no example.\n"},
		"a query":      {"paths: {/a: {get: {parameters: [{name: q, in: query, required: true, schema: {type: string}, example: a b&c}, {name: r, in: query, schema: {type: string}}, {name: X-Key, in: header, required: true, schema: {type: integer}}], responses: {}}}}\n", nil, "request: GET /a?q=a%20b%26c\n        headers: {X-Key: \"1\"}\n"},
		"a server":     {"servers: [{url: 'https://{s}.test/v1/', variables: {s: {default: shop}}}]\npaths: {/a: {get: {responses: {}}}}\n", nil, "request: GET /v1/a\n"},
		"a path given": {"paths: {'/a/{id}': {get: {parameters: [{name: id, in: path, required: true, schema: {type: string}, example: x/1}], responses: {}}}}\n", nil, "request: GET /a/x%2F1\n"},
		"bearer":       {secured("{type: http, scheme: bearer}"), nil, "headers: {Authorization: \"Bearer ${env:SHOP_BEARER_TOKEN}\"}\n"},
		"basic":        {secured("{type: http, scheme: basic}"), nil, "headers: {Authorization: \"Basic ${env:SHOP_BASIC_CREDENTIALS}\"}\n"},
		"a key":        {secured("{type: apiKey, in: header, name: x-api-key}"), nil, "headers: {X-Api-Key: \"${env:SHOP_API_KEY}\"}\n"},
		"a query key":  {secured("{type: apiKey, in: query, name: key}"), nil, "request: GET /a?key=${env:SHOP_KEY}\n"},
		"a cookie":     {secured("{type: apiKey, in: cookie, name: sid}"), nil, "headers: {Cookie: \"sid=${env:SHOP_SID}\"}\n"},
		"oauth2":       {secured("{type: oauth2, flows: {}}"), nil, "headers: {Authorization: \"Bearer ${env:SHOP_BEARER_TOKEN}\"}\n"},
		"digest":       {secured("{type: http, scheme: digest}"), nil, "# Its security (http digest) is not known; it is sent without.\n"},
		"named": {"paths: {'/a/{id}': {delete: {operationId: drop, responses: {}}}, /a: {get: {responses: {}}}}\n", []string{"get  /a", "drop"},
			"request: GET /a\n      # What does only the right page say? A shop may answer its failures with 200:\n      # expect: {body: {contains: Thank you}}\n      - name: drop\n        request: DELETE /a/${env:SHOP_ID}\n"},
		"multipart": {"paths: {/a: {post: {requestBody: {content: {multipart/form-data: {schema: {type: object, properties: {photo: {type: string, format: binary}, sku: {type: string, example: A-1}}}}}}, responses: {}}}}\n", nil,
			"Its field photo is a file: put one beside this document, and add photo: {file: NAME} to multipart.\n"},
		"two answers": {"paths: {/a: {post: {responses: {\"200\": {description: x}, \"202\": {description: x}, \"400\": {description: x}}}}}\n", nil, "expect: {status: [200, 202]}\n"},
	} {
		d, err := fromOpenAPI(t, openapi.Options{Operations: c.operations}, openAPIHead+c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		loaded(t, d)
		if text := whatIsMade(d); !strings.Contains(text, c.want) && !strings.Contains(unwrapped(text), c.want) {
			t.Errorf("%s: want\n%s\ngot\n%s", name, c.want, text)
		}
	}
}

// TestFilesThatAreNoOpenAPI are named, with what to do.
func TestFilesThatAreNoOpenAPI(t *testing.T) {
	t.Parallel()
	var bomb strings.Builder
	bomb.WriteString("a: &a [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&bomb, "%c: &%c [%s]\n", 'b'+i, 'b'+i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", 'a'+i), 10), ", "))
	}
	for text, want := range map[string]string{
		"":                             "empty",
		"swagger: \"2.0\"\ninfo: {}\n": "Swagger",
		`{"swagger": "2.0"}`:           "Swagger",
		"openapi: 4.0.0\n":             "not known",
		"openapi: 3.2.0\n":             "not known",
		"a: b\n":                       "no version",
		"a: b\n a: c\n":                "no OpenAPI document",
		`{"info": {}, "item": []}`:     "Postman",
		`{"log": {}}`:                  "HAR",
		"\xff\xfea\x00":                "UTF-16",
		openAPIHead + "paths: {}\n":    "no operations",
		openAPIHead + "paths: {/a: {get: {responses: {\"200\": {$ref: 'https://other.test/r.yaml'}}}}}\n": "nothing is fetched",
		openAPIHead + "paths: {/a: {get: {responses: {\"200\": {$ref: '../r.yaml'}}}}}\n":                 "outside",
		openAPIHead + "paths: {/a: {get: {responses: {\"200\": {$ref: '/etc/hostname'}}}}}\n":             "outside",
		openAPIHead + "paths: {/a: {get: {responses: {\"200\": {$ref: 'file:///etc/hostname'}}}}}\n":      "nothing is fetched",
		openAPIHead + "paths: {/a: {get: {responses: {\"200\": {$ref: 'none.yaml'}}}}}\n":                 "the file does not exist",
		openAPIHead + "paths: {/a: {delete: {responses: {}}}}\n":                                          "no operation is left",
		openAPIHead + "x: " + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "\npaths: {}\n":       "too many",
		`{"openapi": "3.0.0", "x": ` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`:          "too many",
		openAPIHead + bomb.String() + "paths: {}\n":                                                       "too many",
	} {
		_, err := fromOpenAPI(t, openapi.Options{}, text)
		found, ok := errors.AsType[*shape.Error](err)
		if !ok || !strings.Contains(found.Msg, want) || !strings.HasSuffix(found.File, "f0.yaml") {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
}

// TestOnlyTheFolderIsRead: a file beside the document is, a link out of the folder is
// not, and neither is what is no file.
func TestOnlyTheFolderIsRead(t *testing.T) {
	t.Parallel()
	refers := openAPIHead + "paths: {/a: {get: {operationId: a, responses: {\"203\": {$ref: 'f1.yaml#/r'}}}}}\n"
	d, err := fromOpenAPI(t, openapi.Options{}, refers, "r: {description: x}\n")
	if err != nil || !strings.Contains(d.Files[0].Text, "expect: {status: 203}") {
		t.Errorf("a file of the folder: %v", err)
	}
	outside, dir := t.TempDir(), t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(outside, "secret.yaml"), []byte("r: {description: x}\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "f0.yaml"), []byte(refers), 0o600),
		os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(dir, "f1.yaml"))); err != nil {
		t.Skip(err)
	}
	if _, err := openapi.Journey(openapi.Options{File: filepath.Join(dir, "f0.yaml")}); !errors.Is(err, experiments.ErrInvalid) || !strings.Contains(err.Error(), "outside") {
		t.Errorf("a link out of the folder: %v", err)
	}
	if _, err := openapi.Journey(openapi.Options{File: dir}); !errors.Is(err, experiments.ErrInvalid) {
		t.Errorf("a folder: %v", err)
	}
}

// FuzzReadOpenAPI: whatever the file, it is either refused as an invalid document, or
// makes documents that load.
func FuzzReadOpenAPI(f *testing.F) {
	for _, file := range []string{"demo.openapi.yaml", "booking.openapi.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(openAPIHead + "paths: {'/a/{b}': {get: {parameters: [{name: b, in: path, example: \"${x}: #\"}], responses: {}}, post: {requestBody: {content: {a/b: {example: \"\\0 ${\"}}}, responses: {}}}}\n")
	f.Add(openAPIHead + "paths: {/a: {post: {requestBody: {content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/A'}]}}}}, responses: {}}}}\ncomponents: {schemas: {A: {anyOf: [{$ref: '#/components/schemas/A'}]}}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := fromOpenAPI(t, openapi.Options{}, text)
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Fatalf("Journey() = %v", err)
			}
			return
		}
		loaded(t, d)
	})
}
