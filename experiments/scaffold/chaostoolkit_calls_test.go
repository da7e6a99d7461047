package scaffold

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/chaostoolkit"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// withMethod is an experiment whose method is a list of activities, one a line.
func withMethod(activities ...string) string {
	head, _, _ := strings.Cut(oneAction("", ""), "  - {type: action")
	for _, a := range activities {
		head += "  - {name: x, type: action, " + a + "}\n"
	}
	return head
}

// TestWaysToAskAToxiproxy: methods use the driver under each of its names, requests to the
// API, and toxiproxy-cli. All become faults.
func TestWaysToAskAToxiproxy(t *testing.T) {
	t.Parallel()
	request := func(method, path, arguments string) string {
		return "provider: {type: http, method: " + method + `, url: "http://localhost:8474` + path + `", arguments: ` + arguments + "}"
	}
	command := func(path, arguments string) string {
		return "provider: {type: process, path: " + path + ", arguments: " + arguments + "}"
	}
	driver := func(module, do, arguments string) string {
		return "provider: {type: python, module: " + module + ", func: " + do + ", arguments: " + arguments + "}"
	}
	const latency = "  - inject: latency\n    into: p\n    latency: 700ms\n"
	const down = "  - inject: down\n    into: p\n"
	for name, c := range map[string]struct {
		method []string
		want   string
	}{
		"the driver's first name": {[]string{driver("toxiproxy.proxy.actions", "create_toxic", "{for_proxy: p, toxic_name: t, toxic_type: down}")}, down},
		"its first functions":     {[]string{driver("toxiproxy.toxic.actions", "create_dowsntream_latency_toxic", "{for_proxy: p, toxic_name: t, latency: 700}")}, latency},
		"its package's name":      {[]string{driver("chaostoolkit_toxiproxy.actions", "create_toxic", "{proxy_name: p, toxic_name: t, toxic_type: latency, attributes: {latency: 700}}")}, latency},
		"a disabled one is made":  {[]string{driver("chaostoxi.proxy.actions", "create_proxy", "{proxy_name: p, upstream_host: 127.0.0.1, upstream_port: 1, enabled: false}")}, down},

		"a request":                {[]string{request("POST", "/proxies/p/toxics", "{name: t, type: latency, attributes: {latency: 700}}")}, latency},
		"a request in JSON":        {[]string{request("POST", "/proxies/p/toxics", `'{"name":"t","type":"latency","toxicity":0.5,"stream":"upstream","attributes":{"latency":700,"jitter":null}}'`)}, latency + "    share: 50% # of connections\n    stream: upstream\n"},
		"a request for another":    {[]string{`provider: {type: http, method: POST, url: "http://localhost:9/api/proxies/p/toxics", arguments: {type: latency, attributes: {latency: 700}}}`}, latency},
		"a request to disable":     {[]string{request("POST", "/proxies/p", "{enabled: false}")}, down},
		"a patch":                  {[]string{request("PATCH", "/proxies/p", "{enabled: false}")}, down},
		"the whole proxy":          {[]string{request("POST", "/proxies", "{name: p, listen: 'localhost:1', upstream: 'localhost:2'}"), request("POST", "/proxies/p", "{enabled: false, listen: 'localhost:1', upstream: 'localhost:2'}")}, down},
		"many proxies":             {[]string{request("POST", "/populate", "[{name: p, listen: 'localhost:1', upstream: 'localhost:2', enabled: false}]")}, down},
		"a request that ends":      {[]string{request("POST", "/proxies/p/toxics", "{name: t, type: latency, attributes: {latency: 700}}") + ", pauses: {after: 20}", request("DELETE", "/proxies/p/toxics/t", "{}") + ", pauses: {after: 20}"}, latency + "    for: 20s\nphases: {fault: 40s}"},
		"a request without name":   {[]string{request("POST", "/proxies/p/toxics", "{type: latency, attributes: {latency: 700}}") + ", pauses: {after: 20}", request("DELETE", "/proxies/p/toxics/latency_downstream", "{}") + ", pauses: {after: 20}"}, latency + "    for: 20s\nphases: {fault: 40s}"},
		"a request that resets":    {[]string{request("POST", "/proxies/p", "{enabled: false}") + ", pauses: {after: 20}", request("POST", "/reset", "{}") + ", pauses: {after: 20}"}, down + "    for: 20s\n"},
		"a name with a space":      {[]string{request("POST", "/proxies/Orders%20DB", "{enabled: false}")}, "    into: orders-db\n"},
		"a request of a gateway":   {[]string{request("POST", "/proxies/p/toxics", "{type: http_error, toxicity: 0.2, attributes: {status: 503}}")}, "    status: 503\n    share: 20% # of requests\n"},
		"digits that are a text":   {[]string{request("POST", "/proxies/p/toxics", "{type: postgres_error, attributes: {sqlstate: '40003', when: after, match: {statement: commit}}}")}, "    sqlstate: \"40003\"\n"},
		"a request for a variable": {[]string{`provider: {type: http, method: POST, url: "${toxi_url}/proxies/p", arguments: {enabled: false}}`}, down},

		"a command":              {[]string{command("toxiproxy-cli", "toxic add -t latency -n t -a latency=700 p")}, latency},
		"long options":           {[]string{command("/usr/bin/toxiproxy-cli", "toxic add --type=latency --toxicName t --toxicity 0.25 --attribute latency=700 --upstream p")}, latency + "    share: 25% # of connections\n    stream: upstream\n"},
		"attributes of one":      {[]string{command("toxiproxy-cli", "'-h localhost:9474 t a -t latency -a latency=700,jitter=5 p'")}, latency + "    jitter: 5ms\n"},
		"the name first":         {[]string{command("toxiproxy-cli", "toxic add p -t latency -a latency=700")}, latency},
		"a list":                 {[]string{command("toxiproxy-cli", "[toxic, add, -t, latency, -a, latency=700, p]")}, latency},
		"in a container":         {[]string{command("docker", "exec toxiproxy /toxiproxy-cli toxic add -t latency -a latency=700 p")}, latency},
		"by a shell":             {[]string{command("bash", `-c "toxiproxy-cli toxic add -t latency -a latency=700 p"`)}, latency},
		"toggled":                {[]string{command("toxiproxy-cli", "toggle p")}, down},
		"toggled twice":          {[]string{command("toxiproxy-cli", "toggle p") + ", pauses: {after: 20}", command("toxiproxy-cli", "toggle p") + ", pauses: {after: 20}"}, down + "    for: 20s\n"},
		"a command that removes": {[]string{command("toxiproxy-cli", "toxic add -t latency -a latency=700 p") + ", pauses: {after: 20}", command("toxiproxy-cli", "toxic remove -n latency_downstream p") + ", pauses: {after: 20}"}, latency + "    for: 20s\n"},
		"a command that deletes": {[]string{command("toxiproxy-cli", "toxic add -t latency -a latency=700 p") + ", pauses: {after: 20}", command("toxiproxy-cli", "delete p") + ", pauses: {after: 20}"}, latency + "    for: 20s\n"},
		"a late one":             {[]string{command("toxiproxy-cli", "toxic add -t latency -a latency=700 q") + ", pauses: {after: 20}", command("toxiproxy-cli", "toggle p")}, down + "    at: 20s\nphases: {fault: 30s}"},
	} {
		d := documentsOf(t, name, withMethod(c.method...))
		if !strings.Contains(d.Files[1].Text, c.want) {
			t.Errorf("%s: want\n%s\ngot\n%s", name, c.want, d.Files[1].Text)
		}
	}
}

// TestCallsThatAreNoFaults are left out with their lines, or refused.
func TestCallsThatAreNoFaults(t *testing.T) {
	t.Parallel()
	const fault = "provider: {type: process, path: toxiproxy-cli, arguments: toggle p}"
	for name, activity := range map[string]string{
		"a change":               `provider: {type: http, method: POST, url: "http://localhost:8474/proxies/p/toxics/t", arguments: {attributes: {latency: 1}}}`,
		"a change by command":    "provider: {type: process, path: toxiproxy-cli, arguments: toxic update -n t -a latency=1 p}",
		"no such request":        `provider: {type: http, method: PUT, url: "http://localhost:8474/proxies/p"}`,
		"no such command":        "provider: {type: process, path: toxiproxy-cli, arguments: wobble p}",
		"no such option":         "provider: {type: process, path: toxiproxy-cli, arguments: toggle -q p}",
		"more than one command":  `provider: {type: process, path: bash, arguments: ["-c", "toxiproxy-cli toggle p && rm x"]}`,
		"proxies of the system":  `provider: {type: http, method: POST, url: "http://localhost:8080/proxies/p", arguments: {enabled: false}}`,
		"an address to be known": `provider: {type: http, method: DELETE, url: "${shop}/proxies/p"}`,
		"another program":        "provider: {type: process, path: curl, arguments: 'http://localhost:8474/reset'}",
		"no such function":       "provider: {type: python, module: chaostoxi.proxy.actions, func: wobble}",
	} {
		d := documentsOf(t, name, withMethod(fault, activity))
		if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "f.yaml:7:") || strings.Count(d.Files[1].Text, "- inject:") != 1 {
			t.Errorf("%s: %q\n%s", name, d.Notes, d.Files[1].Text)
		}
	}
	for name, activity := range map[string]string{
		"another upstream": `provider: {type: http, method: POST, url: "http://localhost:8474/proxies/p", arguments: {upstream: "localhost:9"}}`,
		"no proxy":         "provider: {type: process, path: toxiproxy-cli, arguments: toggle}",
		"no type":          "provider: {type: process, path: toxiproxy-cli, arguments: toxic add -a latency=1 p}",
		"no attribute":     "provider: {type: process, path: toxiproxy-cli, arguments: toxic add -t latency p}",
		"no number":        "provider: {type: process, path: toxiproxy-cli, arguments: toxic add -t latency -a latency=soon p}",
		"no such type":     `provider: {type: http, method: POST, url: "http://localhost:8474/proxies/p/toxics", arguments: {type: wobble}}`,
	} {
		_, err := fromChaosToolkit(writtenTo(t, withMethod(fault, activity)))
		if list := shape.Errors(err); !errors.Is(err, experiments.ErrInvalid) || len(list) == 0 || list[0].Line != 7 {
			t.Errorf("%s: %v, want a mistake in line 7", name, err)
		}
	}
}

// The address of a Toxiproxy that only the method names is taken over.
func TestTheToxiproxyOfAMethod(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ activity, want string }{
		"a request": {`provider: {type: http, method: POST, url: "http://localhost:9474/api/proxies/p/toxics", arguments: {type: down}}`, `toxiproxy: "http://localhost:9474/api"`},
		"a command": {"provider: {type: process, path: toxiproxy-cli, arguments: -h localhost:9474 toggle p}", "toxiproxy: http://localhost:9474\n"},
		"no host":   {"provider: {type: process, path: toxiproxy-cli, arguments: toggle p}", "toxiproxy: http://127.0.0.1:8474\n"},
	} {
		d := documentsOf(t, name, withMethod(c.activity))
		if !strings.Contains(d.Files[0].Text, c.want) {
			t.Errorf("%s: want %s, got\n%s", name, c.want, d.Files[0].Text)
		}
	}
}

// No login of an address stands in a document or a note, wherever the address is.
func TestLoginsOfAToxiproxy(t *testing.T) {
	t.Parallel()
	const login = "http://bob:hunter2hunter2@localhost:8474"
	toggle := "provider: {type: process, path: toxiproxy-cli, arguments: toggle p}"
	for name, text := range map[string]string{
		"configuration": "configuration: {toxiproxy_url: \"" + login + "\"}\n" + withMethod(toggle),
		"a default":     "configuration: {toxiproxy_url: {type: env, key: T, default: \"" + login + "\"}}\n" + withMethod(toggle),
		"a command":     withMethod("provider: {type: process, path: toxiproxy-cli, arguments: -h " + login + " toggle p}"),
		"a request":     withMethod(toggle, "provider: {type: http, method: DELETE, url: \""+login+"/proxies/p\"}"),
		"a name":        strings.Replace(withMethod(toggle, "provider: {type: process, path: \"curl "+login+"\"}"), "name: x", "name: \"x "+login+"\"", 1),
	} {
		d := documentsOf(t, name, text)
		said := strings.Join(d.Notes, "\n")
		for _, f := range d.Files {
			said += f.Text
		}
		if strings.Contains(said, "hunter2") || len(d.Notes) == 0 {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// Probes that ask the API are no steps of a journey: a run looks at its proxies by itself.
func TestProbesOfAToxiproxy(t *testing.T) {
	t.Parallel()
	text := strings.Replace(withMethod("provider: {type: process, path: toxiproxy-cli, arguments: toggle p}"), "probes: [",
		`probes: [{type: probe, name: a, tolerance: 200, provider: {type: http, url: "http://localhost:8474/proxies/p"}}, {type: probe, name: b, tolerance: 200, provider: {type: http, url: "http://localhost:8474/version"}}, `, 1)
	e, err := chaostoolkit.Read(chaostoolkit.Options{File: writtenTo(t, text), MayDial: func(string) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	if j := e.Journey; j == nil || len(j.Steps) != 1 || j.Origin != "http://localhost:8080" || len(e.Proxies) != 1 {
		t.Errorf("journey %+v, proxies %v", j, e.Proxies)
	}
}

// The bound of faults is told where it is passed, and not of the document that is made.
func TestMoreFaultsThanAnExperimentHas(t *testing.T) {
	t.Parallel()
	one := "provider: {type: process, path: toxiproxy-cli, arguments: toxic add -t latency -a latency=1 p}"
	_, err := fromChaosToolkit(writtenTo(t, withMethod(slices.Repeat([]string{one}, experiments.MaxFaults+1)...)))
	if list := shape.Errors(err); len(list) != 1 || list[0].Line != 6+experiments.MaxFaults {
		t.Errorf("%v, want a mistake in line %d", err, 6+experiments.MaxFaults)
	}
}

// No probe is lost in silence: a journey has a bound.
func TestMoreProbesThanSteps(t *testing.T) {
	t.Parallel()
	probe := `{type: probe, name: more, tolerance: 200, provider: {type: http, url: "http://localhost:8080/more"}}, `
	const count = 230
	text := strings.Replace(withMethod("provider: {type: process, path: toxiproxy-cli, arguments: toggle p}"), "probes: [", "probes: ["+strings.Repeat(probe, count), 1)
	d := documentsOf(t, "more probes than steps", text)
	steps, left := strings.Count(d.Files[0].Text, "request: GET /"), strings.Count(d.Files[1].Text, "Left out:")
	if steps+left != count+1 || left == 0 {
		t.Errorf("%d steps and %d left out, of %d", steps, left, count+1)
	}
}
