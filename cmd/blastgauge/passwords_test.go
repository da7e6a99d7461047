package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No piece of a password of a DSN or a URL is shown, wherever on the command line or in a
// document it stands, and none is taken for a host.
func TestNoCommandShowsAPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	system := filepath.Join(dir, "blastgauge.yaml")
	const document = `version: 1
system: t
environment: test
toxiproxy: http://127.0.0.1:1
url: http://127.0.0.1:2
dependencies:
  dep: {listen: "127.0.0.1:3", upstream: "http://127.0.0.1:4"}
journeys:
  j:
    rate: 20/s
    steps:
      - {name: s, request: GET /}
invariants:
  - {name: i, request: "GET http://127.0.0.1:5/", expect: {status: 200}}
defaults:
  guardrails:
    - probe: {name: g, request: "GET http://127.0.0.1:6/"}
`
	write := func(text string) {
		if err := os.WriteFile(system, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(args ...string) {
		t.Helper()
		code, out, err := invoke(t, args...)
		if strings.Contains(out+err, "secr") || strings.Contains(out+err, "4321") {
			t.Errorf("%q: exit %d\n%s%s", args, code, out, err)
		}
	}
	fields := map[string]string{ // each with the value that it has
		"toxiproxy": "http://127.0.0.1:1", "url": "http://127.0.0.1:2", "dependencies.dep.listen": `"127.0.0.1:3"`, "dependencies.dep.upstream": `"http://127.0.0.1:4"`,
		"journeys.j.steps[0].request": "GET /}", "invariants[0].request": `"GET http://127.0.0.1:5/"`, "defaults.guardrails[0].probe.request": `"GET http://127.0.0.1:6/"`,
		"system": "system: t\n", "host": "", "journeys.j.rate": "20/s",
	}
	for _, login := range []string{
		"http://u:4321/x@127.0.0.1:1", "http://u:secr/x@127.0.0.1:1", "http://u:secr#x@127.0.0.1:1", "http://u:secr?x@127.0.0.1:1/", "http://:secr@127.0.0.1:1", "http://u:secr@secr@127.0.0.1:1", "http://u:se%ZZsecr@127.0.0.1:1", "http://u:a secr@127.0.0.1:1", "redis://:secr@127.0.0.1:1", "redis://u:secr%40127.0.0.1:1",
		"mysql://127.0.0.1:1/x?password=secr", "host=127.0.0.1 password=secr", "host=127.0.0.1 sslpassword='a secr'", "u:secr@tcp(h:3306)/x", ":secr@127.0.0.1:1",
		"host=h password=x,4321", "host=h password=x&4321 user=u", "host=h password=x)secr", `host=h password=x\ secr`, "host=h password=x;secr", "host=h password=x'secr", "host=h password={x;secr}", "Server=h;Pwd={x;secr};", "Server=h;Pwd=x}secr;Database=d", "postgres://h/d?password=x,secr&4321", "h:1,password=x]secr",
	} {
		for field, value := range fields {
			set := login
			if strings.HasSuffix(field, "request") {
				set = "GET " + login
			}
			write(document)
			shows("validate", "-f", system, "--set", field+"="+set)
			if value == "" || !strings.Contains(document, value) {
				continue
			}
			instead := `"` + set + `"` + strings.TrimLeft(value, "GET /0123456789s\"htp:.")
			write(strings.Replace(document, value, instead, 1))
			shows("validate", "-f", system)
		}
		write(document)
		shows("recover", "--toxiproxy", login)
		shows("stop", "--status", "--toxiproxy", login)
		shows("init", "--toxiproxy", login, "--dir", filepath.Join(dir, "new"))
		shows("proxy", "-host", login)
		shows("demo", "--redis", login)
		shows("demo", "--postgres", login)
	}
}
