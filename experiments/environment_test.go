package experiments

import (
	"errors"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

const envSystem = `version: 1
system: shop
environment: ${env:PLACE:-staging}
allow_hosts: ["${env:SHOP_HOST}"]
toxiproxy: http://${env:TOXI:-127.0.0.1:8474}
url: https://${env:SHOP_HOST}
control_url: ${env:CONTROL:-http://127.0.0.1:8081}
dependencies:
  payments: {listen: "${env:LISTEN:-127.0.0.1:18083}", upstream: "http://${env:PAYMENTS}"}
journeys:
  checkout:
    rate: ${env:RATE:-40/s}
    steps: [{name: look, request: GET /, headers: {Authorization: "Bearer ${env:TOKEN}"}}]
`

func getenvOf(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
}

func loadEnv(t *testing.T, text string, values map[string]string, set ...string) (*System, error) {
	t.Helper()
	s, _, err := Outside{Getenv: getenvOf(values), Set: set}.load(shape.Source{File: "blastgauge.yaml", Text: []byte(text)}, nil)
	return s, err
}

func TestAddressesFromTheEnvironment(t *testing.T) {
	t.Parallel()
	values := map[string]string{"SHOP_HOST": "shop.staging.example", "PAYMENTS": "127.0.0.1:8083", "RATE": "", "CONTROL": "http://127.0.0.1:9"}
	s, err := loadEnv(t, envSystem, values)
	if err != nil {
		t.Fatal(Explain(err))
	}
	for got, want := range map[string]string{
		s.Environment: "staging", s.AllowHosts[0]: "shop.staging.example", s.Toxiproxy: "http://127.0.0.1:8474",
		s.URL: "https://shop.staging.example", s.ControlURL: "http://127.0.0.1:9",
		s.Dependencies[0].Listen: "127.0.0.1:18083", s.Dependencies[0].Upstream: "http://127.0.0.1:8083",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if s.Journeys[0].Rate != 40 || !strings.Contains(s.Text, "${env:SHOP_HOST}") || strings.Contains(s.Text, "shop.staging") {
		t.Errorf("rate %v, document %s", s.Journeys[0].Rate, s.Text)
	}
	if got := s.Journeys[0].Steps[0].Request.Headers[0].Value; got != "Bearer ${env:TOKEN}" {
		t.Errorf("a variable of a request is read when it is sent, got %q", got)
	}
	if err := CheckAddresses(s); err != nil {
		t.Errorf("CheckAddresses() = %v", err)
	}
	if err := CheckVariables(getenvOf(values), s); len(shape.Errors(err)) != 1 || !strings.Contains(err.Error(), "TOKEN") {
		t.Errorf("CheckVariables() = %v, want TOKEN alone", err)
	}
}

// What is not set is no mistake of the document: it is told with its place.
func TestAddressesThatAreNotSet(t *testing.T) {
	t.Parallel()
	s, err := loadEnv(t, envSystem, nil)
	if err != nil {
		t.Fatal(Explain(err))
	}
	list := shape.Errors(CheckAddresses(s))
	var places []int
	for _, e := range list {
		places = append(places, e.Line)
	}
	if len(list) != 3 || places[0] != 4 || places[1] != 6 || places[2] != 9 {
		t.Errorf("CheckAddresses() = %v, want lines 4, 6 and 9", list)
	}
	if s.HostsKnown() || s.CheckHosts() != nil || s.CheckEnvironment() != nil {
		t.Error("a host that is not known is not refused")
	}
	if err := CheckVariables(getenvOf(nil), s); len(shape.Errors(err)) != 4 {
		t.Errorf("CheckVariables() = %v, want four at once", err)
	}
}

// A host or an environment that a variable names is refused as if it were written.
func TestTheEnvironmentLiftsNoRule(t *testing.T) {
	t.Parallel()
	values := map[string]string{"SHOP_HOST": "shop.staging.example", "PAYMENTS": "pay.example:80", "PLACE": "prod-eu"}
	s, err := loadEnv(t, envSystem, values)
	if err != nil {
		t.Fatal(Explain(err))
	}
	if err := s.CheckHosts(); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "pay.example") {
		t.Errorf("CheckHosts() = %v", err)
	}
	if err := s.CheckEnvironment(); !errors.Is(err, ErrRefused) {
		t.Errorf("CheckEnvironment() = %v", err)
	}
}

// The wrong variable may hold a secret: no message shows a part of it.
func TestMistakesDoNotShowTheEnvironment(t *testing.T) {
	t.Parallel()
	const secret = "sk_Zq7Xk9Vw3:Pl0Rt5@Nn8Mm2/Yy4"
	for _, field := range []string{"toxiproxy", "url", "control_url", "host"} {
		for _, value := range []string{secret, "http://" + secret, "ftp://" + secret, secret + " " + secret} {
			text := strings.Replace(envSystem, "control_url: ${env:CONTROL:-http://127.0.0.1:8081}\n", "", 1)
			text = strings.Replace(text, "url: https://${env:SHOP_HOST}", "url: http://127.0.0.1:1", 1)
			text = strings.Replace(text, "toxiproxy: http://${env:TOXI:-127.0.0.1:8474}", "toxiproxy: embedded", 1)
			text = strings.Replace(text, field+": ", "x-"+field+": ", 1)
			text = strings.Replace(text, "x-"+field+": ", field+": ${env:WRONG} #", 1)
			if !strings.Contains(text, field+": ${env:WRONG}") {
				text += field + ": ${env:WRONG}\n"
			}
			_, err := loadEnv(t, text, map[string]string{"WRONG": value, "SHOP_HOST": "a.test", "PAYMENTS": "127.0.0.1:1"})
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", field, err)
				continue
			}
			said := Explain(err) + err.Error()
			for i := 0; i+4 <= len(secret); i++ {
				if piece := secret[i : i+4]; strings.Contains(said, piece) {
					t.Errorf("%s: %q is in %s", field, piece, said)
					break
				}
			}
		}
	}
}

func TestDefaultsOfVariables(t *testing.T) {
	t.Parallel()
	parsed, err := ParseTemplate("${env:HOST:-http://127.0.0.1:1}/x${env:EMPTY:-}")
	if err != nil {
		t.Fatal(err)
	}
	if p := parsed.Parts[0]; p.Arg != "HOST" || !p.HasDefault || p.Default != "http://127.0.0.1:1" {
		t.Errorf("parts = %+v", parsed.Parts)
	}
	for _, tt := range []struct {
		value string
		set   bool
		want  string
	}{{"", false, "http://127.0.0.1:1"}, {"", true, "http://127.0.0.1:1"}, {"x", true, "x"}} {
		if got, ok := parsed.Parts[0].OrDefault(tt.value, tt.set); got != tt.want || !ok {
			t.Errorf("OrDefault(%q, %t) = %q, %t", tt.value, tt.set, got, ok)
		}
	}
	if _, ok := (Part{Name: "env", Arg: "X"}).OrDefault("", false); ok {
		t.Error("a variable without a default and a value has none")
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	values := map[string]string{"SHOP_HOST": "a.test", "PAYMENTS": "127.0.0.1:1", "OTHER": "127.0.0.1:7"}
	s, err := loadEnv(t, envSystem, values,
		"url=http://127.0.0.1:9/x", "journeys.checkout.rate=5/min", "journeys.checkout.rate=6/min", "allow_hosts=[x.example, '*.y.example']",
		"defaults.phases.fault=90s", "defaults.limits.journeys.checkout.blast_radius=3%", "tls.server_name=*.a.test",
		"journeys.checkout.steps[look].request=GET /b", "journeys.checkout.steps[0].headers.X-One=1",
		"journeys.checkout.steps[look].expect.json[$.a[?@.b == 1].c]=2", "dependencies.payments.upstream=http://${env:OTHER}")
	if err != nil {
		t.Fatal(Explain(err))
	}
	step := s.Journeys[0].Steps[0]
	if s.URL != "http://127.0.0.1:9/x" || s.Journeys[0].Rate != 0.1 || len(s.AllowHosts) != 2 || s.AllowHosts[1] != "*.y.example" ||
		s.Defaults.Phases.Fault.Seconds() != 90 || s.Defaults.Limits.Journeys["checkout"] != 0.03 || s.TLS == nil || s.TLS.ServerName != "*.a.test" ||
		step.Request.Target != "/b" || len(step.Request.Headers) != 2 || step.Expect.JSON[0].Target != "$.a[?@.b == 1].c" || s.Dependencies[0].Upstream != "http://127.0.0.1:7" {
		t.Errorf("system = %+v, step = %+v", s, step)
	}
	if s.Text != envSystem {
		t.Error("the document is embedded as it is written")
	}
}

// A path that leads nowhere and a value that is wrong are errors as in the document.
func TestSetIsStrict(t *testing.T) {
	t.Parallel()
	values := map[string]string{"SHOP_HOST": "a.test", "PAYMENTS": "127.0.0.1:1"}
	for set, want := range map[string]string{
		"urll=http://127.0.0.1:9":                    `did you mean "url"?`,
		"journeys.chekout.rate=5/s":                  `did you mean "checkout"?`,
		"dependencies.paymens.listen=":               `did you mean "payments"?`,
		"journeys.checkout.rat=5/s":                  `did you mean "rate"?`,
		"journeys.checkout.rate=5":                   "5 has no unit",
		"journeys.checkout.rate.x=5":                 "journeys.checkout.rate is a single value",
		"journeys.checkout.steps[3].request=x":       "no item 3 in journeys.checkout.steps",
		"journeys.checkout.steps[lok].request=x":     `did you mean "look"?`,
		"journeys.checkout.steps.0.request=x":        "journeys.checkout.steps[0]",
		"defaults.phases.falt=9s":                    `did you mean "fault"?`,
		"defaults.limits.journeys.c.blast_radius=3%": `no journey is named "c"`,
		"url=[a":            "the value is not YAML",
		"url":               "write PATH=VALUE",
		"=x":                "write PATH=VALUE",
		".url=x":            "is not the path of a field",
		"url.=x":            "is not the path of a field",
		"journeys[=x":       "is not the path of a field",
		"environment=":      "must not be empty",
		"url=http://a:b@c/": "credentials do not belong in a URL",
	} {
		_, err := loadEnv(t, envSystem, values, set)
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", set, err)
			continue
		}
		if said := Explain(err) + err.Error(); !strings.Contains(said, want) || !strings.Contains(said, "--set") {
			t.Errorf("%s: %s, want %q", set, said, want)
		}
	}
}

// A variable that is not set is told where it stands: in a flag, or in the document.
func TestWhereAVariableIsMissing(t *testing.T) {
	t.Parallel()
	values := map[string]string{"SHOP_HOST": "a.test", "PAYMENTS": "127.0.0.1:1", "TOKEN": "x"}
	const flag = "--set "
	for set, want := range map[string]string{
		"url=http://127.0.0.1:${env:NOPE}":                    flag,
		"journeys.checkout.rate=${env:NOPE}":                  flag,
		"allow_hosts=[a.test, \"${env:NOPE}\"]":               flag,
		"journeys.checkout.steps[look].headers.X=${env:NOPE}": flag,
		"toxiproxy=http://127.0.0.1:1":                        "",
	} {
		s, err := loadEnv(t, envSystem, values, set)
		if err != nil {
			t.Fatal(Explain(err))
		}
		err = CheckVariables(getenvOf(values), s)
		if list := shape.Errors(err); want == "" && err != nil || want != "" && (len(list) != 1 || list[0].File != flag+set || list[0].Line != 0) {
			t.Errorf("%s: %s", set, Explain(err))
		}
	}
	delete(values, "PAYMENTS")
	s, err := loadEnv(t, envSystem, values, "url=http://127.0.0.1:1")
	if err != nil {
		t.Fatal(Explain(err))
	}
	if list := shape.Errors(CheckVariables(getenvOf(values), s)); len(list) != 1 || list[0].File != "blastgauge.yaml" || list[0].Line != 9 {
		t.Errorf("%+v", list)
	}
}

// What a variable holds is put in as it is: with a variable in it, it would mean one thing
// to validate and another to a run.
func TestTheEnvironmentHoldsNoVariables(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"${x}:80", "127.0.0.${x}:80", "a.test:80${", "${env:SHOP_HOST}:1"} {
		_, err := loadEnv(t, envSystem, map[string]string{"SHOP_HOST": "a.test", "PAYMENTS": value})
		if list := shape.Errors(err); !errors.Is(err, ErrInvalid) || len(list) != 1 || list[0].Line != 9 || strings.Contains(Explain(err), value) {
			t.Errorf("%q: %s", value, Explain(err))
		}
	}
}

// What is meant by a variable of another language is told as this one writes it.
func TestVariablesOfOtherLanguages(t *testing.T) {
	t.Parallel()
	for wrote, want := range map[string]string{
		"env:NOPE-X:-a": "${env:NOPE_X:-a}", "NOPE-X-Y:-a": "${env:NOPE_X_Y:-a}", "NOPE-x": "${env:NOPE:-x}", "NOPE:-x": "${env:NOPE:-x}",
		"NOPE:-x:-y": "${env:NOPE:-x:-y}", "NOPE": "${env:NOPE}", "NOPE-a b:-c": "", "env.NOPE": "${env:NOPE}",
	} {
		if got := asEnvironment(wrote); got != want {
			t.Errorf("asEnvironment(%s) = %s, want %s", wrote, got, want)
		}
	}
}

// An override inside an alias changes this use of it alone.
func TestSetInsideAnAlias(t *testing.T) {
	t.Parallel()
	text := strings.Replace(envSystem, "journeys:\n  checkout:\n", "journeys:\n  checkout: &c\n", 1) + "  other: *c\n"
	values := map[string]string{"SHOP_HOST": "a.test", "PAYMENTS": "127.0.0.1:1"}
	s, err := loadEnv(t, text, values, "journeys.other.rate=7/s")
	if err != nil {
		t.Fatal(Explain(err))
	}
	if s.Journeys[0].Rate != 40 || s.Journeys[1].Rate != 7 {
		t.Errorf("rates %v and %v", s.Journeys[0].Rate, s.Journeys[1].Rate)
	}
}

func TestProxiesTo(t *testing.T) {
	t.Parallel()
	s := &System{Dependencies: []Dependency{
		{Name: "edge", Listen: "0.0.0.0:1", Upstream: "http://localhost:2"},
		{Name: "shop", Listen: "127.0.0.1:2", Upstream: "127.0.0.1:3"},
		{Name: "named", Proxy: "x"},
	}}
	if way := s.ProxiesTo("127.0.0.1:1"); len(way) != 2 || way[0].Name != "edge" || way[1].Name != "shop" {
		t.Errorf("ProxiesTo() = %+v", way)
	}
	if way := s.ProxiesTo("127.0.0.1:3"); len(way) != 0 {
		t.Errorf("ProxiesTo() = %+v", way)
	}
	s.Dependencies[1].Upstream = "127.0.0.1:1"
	if way := s.ProxiesTo("localhost:2"); len(way) != 2 {
		t.Errorf("a circle: %+v", way)
	}
	for _, tt := range []struct {
		listen, address string
		same            bool
	}{
		{":80", "http://127.0.0.1", true}, {"[::1]:443", "https://localhost/x", true}, {"0.0.0.0:80", "http://shop.test", false},
		{"shop.test:80", "http://SHOP.test", true}, {"127.0.0.1:80", "http://127.0.0.1:81", false}, {"${env:A}", "${env:A}", false}, {"", "", false}, {"127.0.0.2:80", "http://127.0.0.1", false}, {":80", "http://127.0.0.2", true}, {"localhost:80", "127.0.0.1:80", true},
	} {
		if got := SameEndpoint(tt.listen, tt.address); got != tt.same {
			t.Errorf("SameEndpoint(%q, %q) = %t", tt.listen, tt.address, got)
		}
	}
}
