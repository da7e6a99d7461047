package proxy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// What clients of Toxiproxy say is answered as Toxiproxy answers it. Each test does the
// same to both servers, one after the other, and compares what comes.

// A clientCall is a request as a client of Toxiproxy writes it.
type clientCall struct{ method, path, body string }

// twoServers returns the API of a server of ours and of an unchanged Toxiproxy.
func twoServers(t *testing.T) map[string]string {
	t.Helper()
	s, err := stock.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return map[string]string{"ours": serve(t, proxy.Options{}).URL(), "stock": s.URL()}
}

// The calls of the clients in Ruby, Node, Python, PHP, Java and Rust: keys that come as
// null, a proxy sent back as a whole with its toxics, toxicity alone, one attribute of two,
// bodies of calls that need none.
func TestCallsOfClients(t *testing.T) {
	t.Parallel()
	const made = `{"upstream":"127.0.0.1:9","name":"x","listen":"127.0.0.1:0"`
	for client, calls := range map[string][]clientCall{
		"ruby": {
			{"POST", "/proxies", made + `,"enabled":null}`},
			{"PATCH", "/proxies/x", `{"enabled":false}`},
			{"PATCH", "/proxies/x", `{"enabled":true}`},
			{"POST", "/proxies/x/toxics", `{"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1.0,"attributes":{"latency":100}}`},
			{"POST", "/proxies/x/toxics", `{"name":"none","type":"latency","stream":"downstream","toxicity":1.0,"attributes":{}}`},
			{"GET", "/proxies/x/toxics", ""},
			{"POST", "/populate", `[` + made + `},{"upstream":"127.0.0.1:8","name":"y","listen":"127.0.0.1:0"}]`},
			{"POST", "/reset", ""},
		},
		"node": {
			{"POST", "/proxies", `{"listen":"127.0.0.1:0","name":"x","upstream":"127.0.0.1:9"}`},
			{"POST", "/proxies/x", `{"enabled":false,"listen":"127.0.0.1:0","upstream":"127.0.0.1:8"}`},
			{"POST", "/proxies/x/toxics", `{"attributes":{"rate":1000},"name":"b","stream":"upstream","toxicity":0.5,"type":"bandwidth"}`},
			{"POST", "/proxies/x/toxics/b", `{"attributes":{"rate":2000},"name":"b","stream":"upstream","toxicity":1,"type":"bandwidth"}`},
			{"GET", "/proxies/x/toxics/b", ""},
			{"DELETE", "/proxies/x/toxics/b", ""},
		},
		"python": {
			{"POST", "/proxies", made + `,"enabled":true}`},
			{"POST", "/proxies", made + `}`},
			{"POST", "/proxies/x/toxics", `{"name":"l","type":"limit_data","stream":"downstream","toxicity":1.0,"attributes":{"bytes":10}}`},
			{"POST", "/proxies/x/toxics", `{"name":"bad","type":"latency","stream":"sideways","toxicity":1.0,"attributes":{}}`},
			{"POST", "/proxies/x", `{"enabled":false}`},
			{"DELETE", "/proxies/none", ""},
		},
		"php": {
			{"POST", "/proxies", `{"name":"x","upstream":"127.0.0.1:9","listen":null}`},
			{"POST", "/proxies/x", `{"name":"x","upstream":"127.0.0.1:8","enabled":true,"listen":"127.0.0.1:0"}`},
			{"POST", "/proxies/x/toxics", `{"name":"s","stream":"upstream","type":"slow_close","attributes":{"delay":1},"toxicity":1}`},
			{"POST", "/proxies/x/toxics", `{"name":"s","stream":"upstream","type":"slow_close","attributes":{"delay":"soon"},"toxicity":1}`},
			{"POST", "/proxies/x/toxics/s", `{"name":"s","stream":"upstream","type":"slow_close","attributes":{"delay":2},"toxicity":0.5}`},
			{"GET", "/proxies/none", ""},
		},
		"java": {
			{"POST", "/proxies", made + `,"enabled":true}`},
			{"POST", "/proxies/x", `{"upstream":"127.0.0.1:8"}`},
			{"POST", "/proxies/x/toxics", `{"name":"r","stream":"downstream","toxicity":1.0,"type":"reset_peer","attributes":{"timeout":1}}`},
			{"POST", "/proxies/x/toxics/r", `{"toxicity":0.5}`},
			{"POST", "/proxies/x/toxics", `{"name":"z","stream":"upstream","toxicity":1.0,"type":"slicer","attributes":{"average_size":10,"size_variation":5,"delay":1}}`},
			{"POST", "/proxies/x/toxics/z", `{"attributes":{"delay":7}}`},
			{"GET", "/proxies/x/toxics", ""},
		},
		"rust": {
			{"POST", "/populate", `[{"name":"x","listen":"127.0.0.1:0","upstream":"127.0.0.1:9","enabled":true,"toxics":[]}]`},
			{"POST", "/proxies/x/toxics", `{"name":"latency_upstream","type":"latency","stream":"upstream","toxicity":1.0,"attributes":{"latency":100,"jitter":0}}`},
			{"POST", "/proxies/x", `{"enabled":false}`},
			{"DELETE", "/proxies/x/toxics/latency_upstream", ""},
			{"GET", "/proxies/x", ""},
			{"DELETE", "/proxies/x", ""},
		},
	} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			compareCalls(t, calls)
		})
	}
}

// A name that is taken is said before what is wrong with the attributes: a client that
// makes sure of a toxic asks for 409.
func TestATakenNameComesFirst(t *testing.T) {
	t.Parallel()
	calls := []clientCall{
		{"POST", "/proxies", `{"name":"x","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"}`},
		{"POST", "/proxies/x/toxics", `{"type":"latency"}`},
	}
	for _, toxic := range []string{
		`{"type":"latency","attributes":{"latency":1.5}}`,
		`{"type":"latency","attributes":{"latency":"1"}}`,
		`{"name":"latency_downstream","type":"bandwidth","attributes":{"rate":0}}`,
		`{"name":"latency_downstream","type":"slicer"}`,
		`{"name":"latency_downstream","type":"none_such"}`,
		`{"name":"latency_downstream","type":"latency","stream":"sideways"}`,
	} {
		calls = append(calls, clientCall{"POST", "/proxies/x/toxics", toxic})
	}
	compareCalls(t, calls)
}

// Every kind of toxic can be made, read, changed in part, listed and removed, in both
// directions, with each toxicity that a client may leave out or give.
func TestEveryToxicOfClients(t *testing.T) {
	t.Parallel()
	for kind, attributes := range map[string]string{
		"latency": `{"latency":100,"jitter":5}`, "bandwidth": `{"rate":10}`, "slow_close": `{"delay":10}`, "timeout": `{"timeout":10}`,
		"reset_peer": `{"timeout":10}`, "slicer": `{"average_size":10,"size_variation":5,"delay":10}`, "limit_data": `{"bytes":100}`, "noop": `{}`,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			calls := []clientCall{{"POST", "/proxies", `{"name":"x","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"}`}}
			for _, rest := range []string{"", `,"stream":"upstream"`, `,"stream":"downstream","toxicity":0`, `,"name":"q","toxicity":0.25`, `,"name":"n","toxicity":null,"stream":null`} {
				calls = append(calls, clientCall{"POST", "/proxies/x/toxics", fmt.Sprintf(`{"type":%q,"attributes":%s%s}`, kind, attributes, rest)})
			}
			calls = append(calls,
				clientCall{"POST", "/proxies/x/toxics/q", `{"attributes":` + attributes + `}`},
				clientCall{"PATCH", "/proxies/x/toxics/q", `{"toxicity":1}`},
				clientCall{"POST", "/proxies/x/toxics/q", `{"attributes":null}`},
				clientCall{"GET", "/proxies/x/toxics/q", ""},
				clientCall{"DELETE", "/proxies/x/toxics/n", ""},
				clientCall{"DELETE", "/proxies/x/toxics/n", ""},
				clientCall{"GET", "/proxies/x/toxics", ""},
				clientCall{"POST", "/reset", `{}`},
				clientCall{"GET", "/proxies", ""},
			)
			compareCalls(t, calls)
		})
	}
}

// compareCalls makes calls to both servers and expects equal answers but for what only
// ours tells, and ports that the kernel chose.
func compareCalls(t *testing.T, calls []clientCall) {
	t.Helper()
	answers := map[string][]string{}
	for name, api := range twoServers(t) {
		for _, c := range calls {
			a := ask(t, c.method, api+c.path, c.body)
			text, err := io.ReadAll(a.Body)
			if err != nil {
				t.Fatal(err)
			}
			answers[name] = append(answers[name], fmt.Sprint(a.StatusCode, " ", comparable(t, text)))
		}
	}
	for i, c := range calls {
		if ours, theirs := answers["ours"][i], answers["stock"][i]; ours != theirs {
			t.Errorf("%s %s %s:\nours  %s\nstock %s", c.method, c.path, c.body, ours, theirs)
		}
	}
}

// comparable returns a JSON text without what one server alone tells, its keys sorted.
func comparable(t *testing.T, text []byte) string {
	t.Helper()
	if len(text) == 0 {
		return ""
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("no JSON: %s", text)
	}
	dropKeys(value, "blastgauge", "Logger")
	sorted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return ports().ReplaceAllString(string(sorted), "$1:PORT")
}

func dropKeys(value any, keys ...string) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range keys {
			delete(value, key)
		}
		for _, inner := range value {
			dropKeys(inner, keys...)
		}
	case []any:
		for _, inner := range value {
			dropKeys(inner, keys...)
		}
	}
}

// ports matches a loopback or any address with a port that the kernel may have chosen.
func ports() *regexp.Regexp { return regexp.MustCompile(`(127\.0\.0\.1|\[::\]):\d{4,5}`) }

// toxiproxyCLI installs the unchanged toxiproxy-cli of the version that our module names.
// What it needs beyond that module is not in our go.sum, so it is no part of our build.
func toxiproxyCLI(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds toxiproxy-cli")
	}
	const module = "github.com/Shopify/toxiproxy/v2"
	version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", module+"/cmd/cli@"+strings.TrimSpace(string(version)))
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		required.Missing(t, "toxiproxy-cli cannot be built here: %v: %s", err, out)
	}
	return filepath.Join(dir, "cli")
}

// The command line of Toxiproxy prints the same lines and exits alike against both
// servers: each command by each of its names, with every flag, right and wrong.
func TestToxiproxyCLI(t *testing.T) {
	t.Parallel()
	cli := toxiproxyCLI(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := listener.Addr().String()
	t.Cleanup(func() { listener.Close() })
	commands := cliCommands(taken)
	said := map[string][]string{}
	for name, api := range twoServers(t) {
		for _, args := range commands {
			cmd := exec.CommandContext(t.Context(), cli, args...)
			cmd.Env = append(os.Environ(), "TOXIPROXY_URL="+api)
			out, err := cmd.CombinedOutput()
			if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
				t.Fatal(err)
			}
			said[name] = append(said[name], fmt.Sprint(cmd.ProcessState.ExitCode(), " ", ports().ReplaceAllString(string(out), "$1:PORT")))
		}
	}
	for i, args := range commands {
		if ours, theirs := said["ours"][i], said["stock"][i]; ours != theirs {
			t.Errorf("toxiproxy-cli %q:\nours  %s\nstock %s", args, ours, theirs)
		}
	}
}

func cliCommands(taken string) [][]string {
	const name = "a proxy"
	commands := [][]string{
		{"list"}, {"create", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:9", name}, {"list"}, {"l"}, {"li"}, {"ls"},
		{"c", "-l", taken, "-u", "127.0.0.1:9", "b"}, {"new", "-l", "bad", "-u", "127.0.0.1:9", "b"}, {"create", "-l", "127.0.0.1:0", "-u", "127.0.0.1:9", name},
		{"create"}, {"create", "b"}, {"create", "-u", "127.0.0.1:9", "b"}, {"create", "-l", "127.0.0.1:0", "b"},
		{"inspect", name}, {"i", name}, {"ins", name}, {"inspect"}, {"inspect", "none"},
	}
	for kind, attributes := range map[string]string{
		"latency": "latency=100 jitter=5", "bandwidth": "rate=10", "slow_close": "delay=10", "timeout": "timeout=10", "reset_peer": "timeout=10",
		"slicer": "average_size=10 size_variation=5 delay=10", "limit_data": "bytes=100", "noop": "",
	} {
		flags := []string{}
		for a := range strings.FieldsSeq(attributes) {
			flags = append(flags, "-a", a)
		}
		with := func(before ...string) []string { return append(append(before, flags...), name) }
		commands = append(commands,
			with("toxic", "add", "-t", kind), with("toxic", "add", "-t", kind), with("t", "a", "--type", kind, "--upstream", "--tox", "0"),
			with("toxic", "add", "-t", kind, "-n", "n", "--toxicity", "0.25", "-d"), []string{"inspect", name},
			with("toxic", "update", "-n", "n"), with("t", "u", "--toxicName", "n", "--toxicity", "1"), []string{"inspect", name}, []string{"list"},
			[]string{"toxic", "remove", "-n", "n", name}, []string{"t", "r", "-n", kind + "_upstream", name}, []string{"toxic", "delete", "-n", kind + "_downstream", name},
			[]string{"t", "d", "-n", "n", name}, []string{"inspect", name},
		)
	}
	return append(commands, [][]string{
		{"toxic", "add", "-t", "latency", name},
		{"toxic", "add", "-t", "latency", "-a", "latency=1.5", name},
		{"toxic", "add", "-t", "none_such", name},
		{"toxic", "add", name},
		{"toxic", "add", "-t", "latency"},
		{"toxic", "add", "-t", "latency", "none"},
		{"toxic", "add", "-t", "latency", "-u", "-d", name},
		{"toxic", "add", "-t", "latency", "--toxicity", "x", name},
		{"toxic", "update", "-n", "none", "-a", "latency=1", name},
		{"toxic", "update", "-n", "n", "none"},
		{"toxic", "update", name},
		{"toxic", "remove", "-n", "none", name},
		{"toxic", "remove", name},
		{"toxic", "remove", "-n", "n", "none"},
		{"toggle", name}, {"list"}, {"inspect", name},
		{"tog", name}, {"list"}, {"toggle"}, {"toggle", "none"},
		{"d", "none"}, {"delete"}, {"delete", name}, {"delete", name}, {"list"},
	}...)
}

// The client of Node from its registry does the same on both servers.
func TestNodeClient(t *testing.T) {
	t.Parallel()
	modules := os.Getenv("BLASTGAUGE_NODE_MODULES")
	client := filepath.Join(modules, "toxiproxy-node-client")
	if _, err := os.Stat(client); err != nil {
		required.Missing(t, "npm install toxiproxy-node-client somewhere, and name its node_modules in BLASTGAUGE_NODE_MODULES: %v", err)
	}
	node := required.Program(t, "node", "nodejs.org has it")
	said := map[string]string{}
	for name, api := range twoServers(t) {
		out, err := exec.CommandContext(t.Context(), node, "-e", nodeCalls, client, api).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		said[name] = ports().ReplaceAllString(string(out), "$1:PORT")
	}
	if said["ours"] != said["stock"] || strings.Count(said["ours"], "\n") < 60 {
		t.Errorf("ours:\n%s\nstock:\n%s", said["ours"], said["stock"])
	}
}

// nodeCalls uses the client of Node as its readers do, and prints all that comes of it.
const nodeCalls = `
const { Toxiproxy } = require(process.argv[1]);
const api = new Toxiproxy(process.argv[2]);
const say = (...a) => console.log(JSON.stringify(a));
const fails = async (what, f) => { try { await f(); say(what, "worked"); } catch (e) { say(what, e.message); } };
(async () => {
  say(typeof JSON.parse(await api.getVersion()).version); // the stock one is built here without a number
  const body = { name: "x", listen: "127.0.0.1:0", upstream: "127.0.0.1:9" };
  const p = await api.createProxy(body);
  say(p.toJson());
  await fails("twice", () => api.createProxy(body));
  await fails("no such proxy", () => api.get("none"));
  const kinds = { latency: { latency: 100, jitter: 5 }, bandwidth: { rate: 10 }, slow_close: { delay: 10 }, timeout: { timeout: 10 },
    reset_peer: { timeout: 10 }, slicer: { average_size: 10, size_variation: 5, delay: 10 }, limit_data: { bytes: 100 } };
  for (const [type, attributes] of Object.entries(kinds)) {
    for (const stream of ["upstream", "downstream"]) {
      const body = { attributes, name: "t_" + stream, stream, toxicity: 0.5, type };
      const toxic = await p.addToxic(body);
      say(toxic.toJson());
      await fails("twice", () => p.addToxic(body));
      say((await toxic.update({ ...body, toxicity: 1 })).toJson(), (await p.getToxic(toxic.name)).toJson());
      await toxic.remove();
      await fails("removed", () => p.getToxic(toxic.name));
    }
  }
  say((await p.update({ enabled: false, listen: p.listen, upstream: "127.0.0.1:8" })).toJson());
  await p.addToxic({ attributes: { latency: 1 }, name: "l", stream: "upstream", toxicity: 1, type: "latency" });
  await api.reset();
  await fails("reset", () => p.getToxic("l"));
  say(Object.keys(await api.populate([body, { ...body, name: "y" }])), (await api.get("x")).toJson());
  await (await api.get("y")).remove();
  say(Object.values(await api.getAll()).map(p => p.toJson()));
})().catch(e => { console.error(e); process.exit(1); });
`
