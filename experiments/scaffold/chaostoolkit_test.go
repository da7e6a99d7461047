package scaffold

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/chaostoolkit"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// fromChaosToolkit makes documents of an experiment.
func fromChaosToolkit(file string) (*Documents, error) {
	e, err := chaostoolkit.Read(chaostoolkit.Options{File: file, MayDial: func(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "other.test" }})
	if err != nil {
		return nil, err
	}
	return Make(Options{Experiment: e, Journey: e.Journey})
}

func TestChaosToolkitExperimentsBecomeDocuments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.chaostoolkit.*")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".golden") {
			continue
		}
		count++
		d, err := fromChaosToolkit(file)
		if err != nil {
			t.Fatal(err)
		}
		loaded(t, d)
		head, _, _ := strings.Cut(d.Files[0].Text, "\n# What must be true")
		_, head, _ = strings.Cut(head, "# The control API")
		text := head + "--- " + d.Files[1].Name + "\n" + d.Files[1].Text
		for _, n := range d.Notes {
			text += "note: " + n + "\n"
		}
		for _, s := range d.Env {
			text += "set: " + s.Name + ", the " + s.Of + "\n"
		}
		golden(t, strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".json"), ".yaml")+".golden", text)
		if strings.Contains(text, "cGFydG5lci1rZXktMTIzNDU2Nzg5MA") {
			t.Errorf("%s: the documents hold a secret", file)
		}
	}
	if count < 2 {
		t.Errorf("%d experiments", count)
	}
}

// oneAction is an experiment of one probe and one action of the driver.
func oneAction(arguments, beside string) string {
	if beside != "" {
		beside += "\n"
	}
	return beside + `title: one
steady-state-hypothesis:
  title: it works
  probes: [{type: probe, name: front, tolerance: 200, provider: {type: http, url: "http://localhost:8080/"}}]
method:
  - {type: action, name: break, provider: {type: python, module: chaostoxi.toxic.actions, ` + arguments + "}}\n"
}

func writtenTo(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// documentsOf makes documents of the text of an experiment, which load.
func documentsOf(t *testing.T, name, text string) *Documents {
	t.Helper()
	d, err := fromChaosToolkit(writtenTo(t, text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	loaded(t, d)
	return d
}

// TestWhatAToxicBecomes: each action of the driver, and the lines of the document.
func TestWhatAToxicBecomes(t *testing.T) {
	t.Parallel()
	proxy := func(do, arguments string) string {
		return "module: chaostoxi.proxy.actions, func: " + do + ", arguments: " + arguments
	}
	for name, c := range map[string]struct{ action, beside, want string }{
		"latency":            {"func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t, latency: 1500}", "", "  - inject: latency\n    into: p\n    latency: 1.5s\n"},
		"jitter":             {"func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t, latency: 1500, jitter: 20}", "", "    latency: 1.5s\n    jitter: 20ms\n"},
		"bandwidth":          {"func: create_bandwith_degradation_toxic, arguments: {for_proxy: p, toxic_name: t, rate: 100}", "", "  - inject: bandwidth\n    into: p\n    rate: 100KB/s\n"}, //nolint:misspell // as the driver has it
		"slow close":         {"func: create_slow_connection_close_toxic, arguments: {for_proxy: p, toxic_name: t, delay: 250}", "", "  - inject: slow_close\n    into: p\n    delay: 250ms\n"},
		"timeout":            {"func: create_timeout_toxic, arguments: {for_proxy: p, toxic_name: t, timeout: 0}", "", "  - inject: timeout\n    into: p\n"},
		"a long one":         {"func: create_timeout_toxic, arguments: {for_proxy: p, toxic_name: t, timeout: 3000}", "", "    timeout: 3s\n"},
		"slicer":             {"func: create_slicer_toxic, arguments: {for_proxy: p, toxic_name: t, average_size: 64, size_variation: 32, delay: 500}", "", "  - inject: slicer\n    into: p\n    average_size: 64B\n    size_variation: 32B\n    delay: 500us\n"},
		"limiter":            {"func: create_limiter_toxic, arguments: {for_proxy: p, toxic_name: t, bytes_limit: 2048}", "", "  - inject: limit_data\n    into: p\n    bytes: 2.048KB\n"},
		"any":                {"func: create_toxic, arguments: {for_proxy: p, toxic_name: t, toxic_type: reset_peer, attributes: {timeout: 10}}", "", "  - inject: reset_peer\n    into: p\n    timeout: 10ms\n"},
		"a share":            {"func: create_toxic, arguments: {for_proxy: p, toxic_name: t, toxic_type: latency, toxicity: 0.25, stream: upstream, attributes: {latency: 10}}", "", "    latency: 10ms\n    share: 25% # of connections\n    stream: upstream\n"},
		"a number in quotes": {"func: create_toxic, arguments: {for_proxy: p, toxic_name: t, toxic_type: latency, attributes: {latency: \"10\"}}", "", "    latency: 10ms\n"},
		"more than all":      {"func: create_toxic, arguments: {for_proxy: p, toxic_name: t, toxic_type: latency, toxicity: 7, attributes: {latency: 10}}", "", "    latency: 10ms\n# if_refuted"},
		"a default of the environment": {"func: create_latency_toxic, arguments: {for_proxy: \"${proxy}\", toxic_name: t, latency: \"${late}\"}",
			"configuration: {proxy: p, late: {type: env, key: LATE, default: 70}}", "    into: p\n    latency: 70ms\n"},
		"disabled":       {proxy("disable_proxy", "{proxy_name: p}"), "", "  - inject: down\n    into: p\n"},
		"modified":       {proxy("modify_proxy", "{proxy_name: p, enabled: false}"), "", "  - inject: down\n    into: p\n"},
		"of a gateway":   {"func: create_toxic, arguments: {for_proxy: p, toxic_name: t, toxic_type: http_error, toxicity: 0.2, attributes: {status: 503}}", "", "  - inject: http_error\n    into: p\n    status: 503\n    share: 20%"},
		"a name to slug": {"func: create_latency_toxic, arguments: {for_proxy: Orders_DB, toxic_name: t, latency: 1}", "", "    into: orders-db\n"},
	} {
		action := c.action
		if strings.HasPrefix(action, "module:") {
			action = strings.Replace(oneAction(action, c.beside), "module: chaostoxi.toxic.actions, ", "", 1)
		} else {
			action = oneAction(action, c.beside)
		}
		d := documentsOf(t, name, action)
		if !strings.Contains(d.Files[1].Text, c.want) {
			t.Errorf("%s: want\n%s\ngot\n%s", name, c.want, d.Files[1].Text)
		}
	}
}

// TestWhatAProbeBecomes: each form of an HTTP probe and of its tolerance.
func TestWhatAProbeBecomes(t *testing.T) {
	t.Parallel()
	tolerating := func(tolerance string) string {
		return "tolerance: " + tolerance + `, provider: {type: http, url: "http://localhost:8080/a"}`
	}
	for name, c := range map[string]struct{ probe, beside, want string }{
		"a status":       {tolerating("204"), "", "request: GET /a\n        expect: {status: 204}\n"},
		"statuses":       {tolerating("[200, 404]"), "", "expect: {status: [200, 404]}\n"},
		"a range":        {tolerating("{type: range, target: status, range: [200, 201]}"), "", "expect: {status: [200, 201]}\n"},
		"a body's range": {tolerating("{type: range, target: body, range: [1, 2.5]}"), "", "expect: {json: {\"$\": {gte: 1, lte: 2.5}}}\n"},
		"an expression":  {tolerating("{type: regex, target: body, pattern: '^ok$'}"), "", "expect: {body: {matches: \"^ok$\"}}\n"},
		"of statuses":    {tolerating("{type: regex, target: status, pattern: '^20[01]$'}"), "", "expect: {status: [200, 201]}\n"},
		"a path":         {tolerating("{type: jsonpath, target: body, path: $.a.b, expect: [7]}"), "", "expect: {json: {\"$.a.b\": 7}}\n"},
		"a path alone":   {tolerating("{type: jsonpath, target: body, path: $.a}"), "", "expect: {json: {\"$.a\": {exists: true}}}\n"},
		"a variable":     {tolerating("\"${code}\""), "configuration: {code: 202}", "expect: {status: 202}\n"},
		"expected":       {"tolerance: {type: regex, target: body, pattern: x}, provider: {type: http, expected_status: 418, url: 'http://localhost:8080/a'}", "", "expect: {status: 418, body: {matches: x}}\n"},
		"a query":        {"tolerance: 200, provider: {type: http, url: 'http://localhost:8080/a?x=1#top', arguments: {q: a b&c, n: 3}}", "", "request: GET /a?x=1&q=a%20b%26c&n=3\n"},
		"a form":         {"tolerance: 200, provider: {type: http, method: POST, url: 'http://localhost:8080/a', arguments: {q: a, l: [x, z]}}", "", "request: POST /a\n        form: {q: a, l: [x, z]}\n"},
		"a body":         {"tolerance: 200, provider: {type: http, method: PUT, url: 'http://localhost:8080/a', arguments: some text}", "", "request: PUT /a\n        body: \"some text\"\n"},
		"json": {"tolerance: 200, provider: {type: http, method: POST, headers: {content-type: application/json}, url: 'http://localhost:8080/a', arguments: {n: \"${n}\", s: \"${n}!\", t: [true, null]}}", "configuration: {n: 5}",
			"json: {\"n\": 5, s: \"5!\", t: [true, null]}\n"},
		"a text like a name": {"tolerance: 200, provider: {type: http, method: POST, headers: {content-type: application/json}, url: 'http://localhost:8080/a', arguments: {s: five}}", "configuration: {five: 5}", "json: {s: five}\n"},
		"another origin":     {"tolerance: 200, provider: {type: http, url: 'http://other.test:9/b'}", "", "request: \"GET http://other.test:9/b\"\n"},
		"of the environment": {"tolerance: 200, provider: {type: http, url: '${shop}/a/${id}'}", "configuration: {shop: {type: env, key: SHOP}, id: {type: env, key: ID, default: x1}}", "request: \"GET /a/${env:ID:-x1|raw}\"\n"},
		"of nowhere":         {"tolerance: 200, provider: {type: http, url: 'http://localhost:8080/a/${id}'}", "", "request: \"GET /a/${env:STEADY_STATE_ID|raw}\"\n"},
		"a secret": {"tolerance: 200, provider: {type: http, url: 'http://localhost:8080/a', headers: {Authorization: 'Bearer hunter2hunter2'}}", "",
			"headers: {Authorization: \"Bearer ${env:STEADY_STATE_BEARER_TOKEN}\"}\n"},
		"a group of secrets": {"tolerance: 200, secrets: s, provider: {type: http, url: 'http://localhost:8080/a', headers: {X-Pass: '${pass}'}}", "secrets: {s: {pass: {type: env, key: PASS, default: hunter2hunter2}}}",
			"headers: {X-Pass: \"${env:PASS}\"}\n"},
	} {
		text := strings.Replace(oneAction("func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t, latency: 1}", c.beside), `name: front, tolerance: 200, provider: {type: http, url: "http://localhost:8080/"}`, "name: front, "+c.probe, 1)
		if strings.Contains(name, "another") { // the entry is the one that is asked most
			text = strings.Replace(text, "probes: [", `probes: [{type: probe, name: x, tolerance: 200, provider: {type: http, url: "http://localhost:8080/x"}}, {type: probe, name: z, tolerance: 200, provider: {type: http, url: "http://localhost:8080/z"}}, `, 1)
		}
		d := documentsOf(t, name, text)
		if made := whatIsMade(d); !strings.Contains(made, c.want) || strings.Contains(d.Files[0].Text, "hunter2") {
			t.Errorf("%s: want\n%s\ngot\n%s", name, c.want, made)
		}
	}
}

// TestChaosToolkitMistakes are told with their lines, and nothing is made.
func TestChaosToolkitMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"another upstream": {strings.Replace(oneAction("func: modify_proxy, arguments: {proxy_name: p,\n      upstream_address: \"127.0.0.1:9\"}", ""), "toxic.actions", "proxy.actions", 1), 7},
		"no such type":     {oneAction("func: create_toxic, arguments: {for_proxy: p, toxic_name: t, toxic_type: wobble}", ""), 6},
		"no attribute":     {oneAction("func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t}", ""), 6},
		"out of bounds":    {oneAction("func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t,\n      latency: -5}", ""), 7},
		"no proxy":         {oneAction("func: create_latency_toxic, arguments: {toxic_name: t, latency: 1}", ""), 6},
		"not known yet":    {oneAction("func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t,\n      latency: \"${late}\"}", "configuration: {late: {type: env, key: LATE}}"), 8},
		"no fault":         {oneAction("func: delete_toxic, arguments: {for_proxy: p, toxic_name: t}", ""), 6},
		"no provider":      {"title: x\nmethod:\n  - {type: action, name: y}\n", 3},
		"no list":          {"title: x\nmethod: {type: action}\n", 2},
		"no method":        {"title: x\nsteady-state-hypothesis: {title: y}\n", 1},
		"no YAML":          {"title: x\n  method: [\n", 0},
		"OpenAPI":          {"openapi: 3.0.0\nmethod: []\n", 1},
		"ours":             {"version: 1\nexperiment: x\nfaults: []\n", 1},
		"nothing":          {"", 0},
		"UTF-16":           {"\xff\xfet\x00", 1},
	} {
		_, err := fromChaosToolkit(writtenTo(t, c.text))
		list := shape.Errors(err)
		if !errors.Is(err, experiments.ErrInvalid) || len(list) == 0 || c.line > 0 && list[0].Line != c.line {
			t.Errorf("%s: %v, want a mistake in line %d", name, err, c.line)
		}
	}
}

// A method that pauses says when faults begin and end.
func TestPausesAreTimesOfFaults(t *testing.T) {
	t.Parallel()
	act := func(do, arguments, pauses string) string {
		return "  - {type: action, name: a, provider: {type: python, module: chaostoxi.toxic.actions, func: " + do + ", arguments: {for_proxy: p, toxic_name: " + arguments + "}}, pauses: {" + pauses + "}}\n"
	}
	for name, c := range map[string]struct{ method, want string }{
		"short":       {act("create_latency_toxic", "a, latency: 5", "before: 90, after: 2"), "    latency: 5ms\n#"},
		"long":        {act("create_latency_toxic", "a, latency: 5", "after: 45"), "phases: {fault: 45s}"},
		"two":         {act("create_latency_toxic", "a, latency: 5", "after: 15") + act("create_timeout_toxic", "b, timeout: 0", "after: 30"), "    at: 15s\nphases: {fault: 45s}"},
		"one ends":    {act("create_latency_toxic", "a, latency: 5", "after: 15") + act("delete_toxic", "a", "after: 30"), "    for: 15s\nphases: {fault: 45s}"},
		"all ends":    {act("create_latency_toxic", "a, latency: 5", "after: 15") + act("delete_toxic", "a", ""), "    latency: 5ms\nphases: {fault: 15s}"},
		"shares":      {act("create_toxic", "a, toxic_type: latency, toxicity: 0.5, attributes: {latency: 5}", "after: 15") + act("create_timeout_toxic", "b, timeout: 0", "after: 30"), "  - inject: timeout\n    into: p\n    timeout: 0s\nphases: {fault: 45s}"},
		"very long":   {act("create_latency_toxic", "a, latency: 5", "after: 3600"), "phases: {fault: 20m}"},
		"one too far": {act("create_latency_toxic", "a, latency: 5", "after: 3600") + act("create_timeout_toxic", "b, timeout: 0", ""), "  - inject: timeout\n    into: p\n"},
	} {
		text, _, _ := strings.Cut(oneAction("", ""), "  - {type: action")
		d := documentsOf(t, name, text+c.method)
		if !strings.Contains(d.Files[1].Text, c.want) {
			t.Errorf("%s: want\n%s\ngot\n%s", name, c.want, d.Files[1].Text)
		}
	}
}

// The address of the API is taken over where it may be dialled, and said where it may not.
func TestTheToxiproxyOfAChaosToolkitExperiment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		configuration, want string
		notes               int
	}{
		"none":           {"{}", "toxiproxy: http://127.0.0.1:8474\n", 0},
		"a host":         {"{toxiproxy_host: localhost}", "toxiproxy: http://localhost:8474\n", 0},
		"a port":         {"{toxiproxy_host: localhost, toxiproxy_port: 9474}", "toxiproxy: http://localhost:9474\n", 0},
		"a URL":          {"{toxiproxy_url: 'http://localhost:9474/api/'}", "toxiproxy: \"http://localhost:9474/api\"\n", 0},
		"a default":      {"{toxiproxy_url: {type: env, key: T, default: 'http://localhost:1/'}}", "toxiproxy: \"${env:T:-http://localhost:1}\"\n", 0},
		"no default":     {"{toxiproxy_host: {type: env, key: T}}", "toxiproxy: \"http://${env:T}:8474\"\n", 0},
		"another host":   {"{toxiproxy_host: chaos.example.com}", "toxiproxy: http://127.0.0.1:8474\n", 1},
		"no such scheme": {"{toxiproxy_url: 'ftp://localhost'}", "toxiproxy: http://127.0.0.1:8474\n", 1},
	} {
		d := documentsOf(t, name, oneAction("func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t, latency: 1}", "configuration: "+c.configuration))
		if !strings.Contains(d.Files[0].Text, c.want) || len(d.Notes) != c.notes {
			t.Errorf("%s: want %s and %d notes, got %q and\n%s", name, c.want, c.notes, d.Notes, d.Files[0].Text)
		}
	}
}

// Where a Toxiproxy is asked, its proxies are the dependencies: one that it lacks is an error.
func TestAChaosToolkitExperimentNeedsItsProxies(t *testing.T) {
	t.Parallel()
	e, err := chaostoolkit.Read(chaostoolkit.Options{File: writtenTo(t, oneAction("func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t, latency: 1}", ""))})
	if err != nil {
		t.Fatal(err)
	}
	for proxy, fits := range map[string]bool{"p": true, "q": false} {
		d, err := Make(Options{Experiment: e, Toxiproxy: "http://127.0.0.1:8474", Proxies: []Proxy{{Name: proxy, Listen: "127.0.0.1:1", Upstream: "127.0.0.1:2", Enabled: true}}})
		if fits != (err == nil) || !fits && (!errors.Is(err, experiments.ErrInvalid) || !strings.Contains(err.Error(), "f.yaml:6:")) {
			t.Errorf("%s: %v", proxy, err)
		}
		if fits {
			loaded(t, d)
		}
	}
}

// FuzzReadChaosToolkit: whatever the file, it is either refused as an invalid document, or
// makes documents that load.
func FuzzReadChaosToolkit(f *testing.F) {
	files, err := filepath.Glob("testdata/*.chaostoolkit.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, tolerance := range []string{"200", "[1, 2]", "{type: regex, target: body, pattern: x}", "{type: jsonpath, target: body, path: $.a, expect: 1}", "{type: range, target: status, range: [200, 299]}"} {
		f.Add(strings.Replace(oneAction("func: create_latency_toxic, arguments: {for_proxy: p, toxic_name: t, latency: 1}", "configuration: {a: b}"), "tolerance: 200", "tolerance: "+tolerance, 1))
	}
	f.Add("title: x\nsteady-state-hypothesis: {title: y, probes: [{type: http, name: z, tolerance: 200, provider: {type: http, url: http://localhost:1}}]}\nmethod: [{ref: z}]\n")
	f.Add(withMethod(`provider: {type: http, method: POST, url: "http://localhost:8474/proxies/p/toxics", arguments: '{"type":"latency","attributes":{"latency":1}}'}`,
		"provider: {type: process, path: bash, arguments: [-c, \"toxiproxy-cli -h x toxic add -t latency -a latency=1,jitter=2 p\"]}, pauses: {after: 15}",
		`provider: {type: http, method: POST, url: "http://localhost:8474/populate", arguments: [{name: q, listen: ":1", upstream: "x:2", enabled: false}]}`))
	f.Add(fmt.Sprintf("title: \"%s\"\nmethod: [{ref: x}]\n", strings.Repeat("a ", 300)))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := fromChaosToolkit(writtenTo(t, text))
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Fatalf("Read() = %v", err)
			}
			return
		}
		loaded(t, d)
	})
}
