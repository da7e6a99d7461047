package endpoint

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tcp(host string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(host), Port: 8480} }

// Others than this machine ask by its address and its name, and nobody by a name of theirs.
func TestKnows(t *testing.T) {
	t.Parallel()
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	e := Endpoint{Address: "MyHost:0", Hosts: []string{"Verdicts.gate.svc"}}
	for host, want := range map[string]struct{ near, far bool }{
		"127.0.0.1": {true, true}, "localhost:1": {true, true}, "[::1]": {true, true}, "[::1]:1": {true, true},
		"MYHOST:1": {true, true}, "verdicts.gate.svc:1": {true, true}, "10.0.0.7:1": {false, true}, "[fd00::7]:1": {false, true},
		"attacker.test": {}, "verdicts.gate": {}, "x.localhost": {}, "": {}, ":1": {},
		strings.ToUpper(hostname) + ":1": {strings.EqualFold(hostname, "localhost"), true},
	} {
		if near, far := e.Knows(host, tcp("127.0.1.1")), e.Knows(host, tcp("10.0.0.7")); near != want.near || far != want.far {
			t.Errorf("%q: %t from here and %t from elsewhere, want %v", host, near, far, want)
		}
	}
	if (Endpoint{Address: ":0"}).Knows("", tcp("10.0.0.7")) {
		t.Error("a request that names no host is answered")
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for want, e := range map[string]Endpoint{
		"http://127.0.0.1:8480":         {Address: "127.0.0.1:0"},
		"https://[::1]:8480":            {Address: "[::1]:0", Cert: "c", Key: "k"},
		"http://" + hostname + ":8480":  {Address: ":0"},
		"https://" + hostname + ":8480": {Address: "0.0.0.0:0", Cert: "c", Key: "k"},
	} {
		if got := e.URL(tcp("127.0.0.1")); got != want {
			t.Errorf("%v is at %s, want %s", e, got, want)
		}
	}
}

func TestIsExposed(t *testing.T) {
	t.Parallel()
	plain, secured := Endpoint{}, Endpoint{Cert: "c", Key: "k"}
	if plain.IsExposed(tcp("127.0.0.1")) || !plain.IsExposed(tcp("0.0.0.0")) || secured.IsExposed(tcp("0.0.0.0")) {
		t.Error("exposed is what others reach without TLS")
	}
}

// One file without the other is a mistake, and no server without TLS.
func TestTLSNeedsBothFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tls.pem")
	if config, err := (Endpoint{}).TLS(); config != nil || err != nil {
		t.Errorf("%v, %v", config, err)
	}
	for _, e := range []Endpoint{{Cert: file}, {Key: file}, {Cert: file, Key: file}} {
		if config, err := e.TLS(); config != nil || err == nil {
			t.Errorf("%v: %v, %v", e, config, err)
		}
	}
}
