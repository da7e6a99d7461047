package serving

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
)

// files writes a key and other files.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	key, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.PEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"key.pub.pem": string(public), "key.pem": string(private), "blastgauge.yaml": "system: checkout\n", "policy.yaml": "version: 1\nmax_harm: 5%\n", "wrong.yaml": "version: 1\nmax_harms: 5%\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	dir := files(t)
	all := Flags{Experiments: []string{"a", "b"}, MaxHarm: "5%", SecondApproverAbove: "2%", MaxAttempts: 3, Environment: "staging", System: filepath.Join(dir, "blastgauge.yaml"), AcceptBypass: true}
	want := policy.Requirements{
		Experiments: []string{"a", "b"}, MaxHarm: new(0.05), SecondApproverAbove: new(0.02), MaxAttempts: 3, Environment: "staging",
		System: new(statement.DigestOf([]byte("system: checkout\n"))), AcceptBypass: true,
	}
	if got, err := all.requirements(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	document := Flags{Policy: filepath.Join(dir, "policy.yaml")}
	if got, err := document.requirements(); err != nil || !reflect.DeepEqual(got, policy.Requirements{MaxHarm: new(0.05)}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A mistake is found before anything is served, and is one of the command line.
func TestMistakes(t *testing.T) {
	t.Parallel()
	dir := files(t)
	key := filepath.Join(dir, "key.pub.pem")
	for name, f := range map[string]Flags{
		"no directory":         {Keys: []string{key}},
		"no key":               {Dir: dir},
		"a private key":        {Dir: dir, Keys: []string{filepath.Join(dir, "key.pem")}},
		"a key twice":          {Dir: dir, Keys: []string{key, key}},
		"no port":              {Dir: dir, Keys: []string{key}, Listen: "127.0.0.1"},
		"a host with a port":   {Dir: dir, Keys: []string{key}, Hosts: []string{"verdicts:80"}},
		"every host":           {Dir: dir, Keys: []string{key}, Hosts: []string{"*.svc"}},
		"half a certificate":   {Dir: dir, Keys: []string{key}, Cert: "tls.crt"},
		"no such certificate":  {Dir: dir, Keys: []string{key}, Cert: "tls.crt,tls.key"},
		"no share":             {Dir: dir, Keys: []string{key}, MaxHarm: "0.05"},
		"another share":        {Dir: dir, Keys: []string{key}, SecondApproverAbove: "2"},
		"no such system":       {Dir: dir, Keys: []string{key}, System: filepath.Join(dir, "gone.yaml")},
		"policy and flag":      {Dir: dir, Keys: []string{key}, Policy: filepath.Join(dir, "policy.yaml"), MaxHarm: "5%"},
		"policy and bypass":    {Dir: dir, Keys: []string{key}, Policy: filepath.Join(dir, "policy.yaml"), AcceptBypass: true},
		"an empty experiment":  {Dir: dir, Keys: []string{key}, Experiments: []string{"a", ""}},
		"less than no attempt": {Dir: dir, Keys: []string{key}, MaxAttempts: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := f.Check()
			if err == nil {
				_, err = f.Start(t.Logf)
			}
			if _, ok := errors.AsType[usage.Error](err); !ok {
				t.Errorf("%v", err)
			}
		})
	}
	for name, f := range map[string]Flags{
		"a wrong policy":    {Dir: dir, Keys: []string{key}, Policy: filepath.Join(dir, "wrong.yaml"), Listen: "127.0.0.1:0"},
		"no such directory": {Dir: filepath.Join(dir, "gone"), Keys: []string{key}, Listen: "127.0.0.1:0"},
		"no such key":       {Dir: dir, Keys: []string{filepath.Join(dir, "gone.pem")}, Listen: "127.0.0.1:0"},
	} {
		if _, err := f.Start(t.Logf); err == nil {
			t.Errorf("%s: it is served", name)
		}
	}
}
