package signing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

func key(t testing.TB) *PrivateKey {
	t.Helper()
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t testing.TB, e *Envelope, keys ...*PrivateKey) *Envelope {
	t.Helper()
	for _, k := range keys {
		if err := e.Sign(k); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func write(t testing.TB, list ...*Envelope) []byte {
	t.Helper()
	text, err := Write(list)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The encoding is that of the specification's own example.
func TestPAE(t *testing.T) {
	t.Parallel()
	if got, want := string(pae("http://example.com/HelloWorld", []byte("hello world"))), "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	ada, bob, eve := key(t), key(t), key(t)
	trusted := []PublicKey{ada.Public(), bob.Public()}
	list, err := Read(write(t, sign(t, Wrap([]byte("{}")), ada, eve, bob)))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	e := list[0]
	if c := e.Verify(trusted); !slices.Equal(c.By, []string{ada.Public().ID(), bob.Public().ID()}) || c.Unknown != 1 || c.Bad != 0 {
		t.Errorf("%+v", c)
	}
	if err := e.Sign(ada); !errors.Is(err, ErrSignedAlready) || len(e.Signatures) != 3 {
		t.Errorf("%v, %d signatures", err, len(e.Signatures))
	}
	if c := e.Verify(nil); c.By != nil || c.Unknown != 3 {
		t.Errorf("%+v", c)
	}
	for name, edit := range map[string]func(*Envelope){
		"payload":       func(e *Envelope) { e.Payload = base64.StdEncoding.EncodeToString([]byte("{ }")) },
		"type":          func(e *Envelope) { e.PayloadType = "text/plain" },
		"of eve":        func(e *Envelope) { e.Signatures[0].KeyID = eve.Public().ID() },
		"of another":    func(e *Envelope) { e.Signatures[0].Sig = e.Signatures[2].Sig },
		"no base64":     func(e *Envelope) { e.Payload = "=" },
		"sig no base64": func(e *Envelope) { e.Signatures[0].Sig = "=" },
	} {
		changed := Envelope{PayloadType: e.PayloadType, Payload: e.Payload, Signatures: slices.Clone(e.Signatures)}
		edit(&changed)
		if c := changed.Verify(trusted); slices.Contains(c.By, ada.Public().ID()) {
			t.Errorf("%s: %+v", name, c)
		}
	}
	unnamed := Envelope{PayloadType: e.PayloadType, Payload: e.Payload, Signatures: slices.Clone(e.Signatures)}
	for i := range unnamed.Signatures {
		unnamed.Signatures[i].KeyID = ""
	}
	if c := unnamed.Verify(trusted); len(c.By) != 2 || c.Unknown != 1 {
		t.Errorf("without ids: %+v", c)
	}
	unnamed.Signatures = slices.Repeat(unnamed.Signatures[:1], 2)
	if c := unnamed.Verify(trusted); len(c.By) != 1 {
		t.Errorf("one key, twice: %+v", c)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	line := strings.TrimSpace(string(write(t, sign(t, Wrap([]byte(`{"a":1}`)), key(t)))))
	many := Wrap([]byte("{}"))
	many.Signatures = slices.Repeat([]Signature{{"", "AAAA"}}, MostSignatures+1)
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"duplicate":           {strings.Replace(line, `{`, `{"payload":"e30=",`, 1), strictjson.ErrDuplicateName},
		"unknown field":       {strings.Replace(line, `{`, `{"a":1,`, 1), strictjson.ErrUnknownField},
		"another case":        {strings.Replace(line, `"payload"`, `"Payload"`, 1), strictjson.ErrUnknownField},
		"another type":        {strings.Replace(line, `in-toto`, `other`, 1), strictjson.ErrMalformed},
		"no signatures":       {`{"payloadType":"application/vnd.in-toto+json","payload":"e30="}`, strictjson.ErrMalformed},
		"payload not padded":  {strings.Replace(line, `"payload":"eyJhIjoxfQ=="`, `"payload":"eyJhIjoxfQ"`, 1), strictjson.ErrMalformed},
		"payload in lines":    {strings.Replace(line, `"payload":"eyJh`, `"payload":"eyJh\n`, 1), strictjson.ErrMalformed},
		"bits without a use":  {strings.Replace(line, `fQ==`, `fR==`, 1), strictjson.ErrMalformed},
		"empty signature":     {`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":""}]}`, strictjson.ErrMalformed},
		"many signatures":     {string(write(t, many)), strictjson.ErrMalformed},
		"many lines":          {strings.Repeat(line+"\n", MostLines+1), strictjson.ErrMalformed},
		"large":               {strings.Repeat("\n", MostBytes+1), strictjson.ErrMalformed},
		"torn":                {line[:len(line)-1], strictjson.ErrMalformed},
		"two on a line":       {line + line, strictjson.ErrMalformed},
		"a list":              {"[" + line + "]", strictjson.ErrMalformed},
		"something after all": {line + "\nx", strictjson.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.text == line {
				t.Fatal("nothing is changed")
			}
			if _, err := Read([]byte(tt.text)); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
	if list, err := Read([]byte("\n" + line + "\r\n\n" + line)); err != nil || len(list) != 2 {
		t.Errorf("%d envelopes, %v; want 2", len(list), err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	k := key(t)
	private, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePrivate(private)
	if err != nil || again.Public().ID() != k.Public().ID() {
		t.Errorf("%v, %v", again, err)
	}
	if p, err := ParsePublic(public); err != nil || p.ID() != k.Public().ID() || len(p.ID()) != 64 {
		t.Errorf("%v, %v", p, err)
	}
	block := func(kind string, v any, marshal func(any) ([]byte, error)) []byte {
		der, err := marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"empty": nil, "public": public, "not PEM": []byte("x"), "two": slices.Concat(private, private), "with junk": append(slices.Clone(private), 'x'),
		"P-384":   block("PRIVATE KEY", p384, x509.MarshalPKCS8PrivateKey),
		"Ed25519": block("PRIVATE KEY", ed, x509.MarshalPKCS8PrivateKey),
		"SEC 1":   block("EC PRIVATE KEY", k.key, func(v any) ([]byte, error) { return x509.MarshalECPrivateKey(v.(*ecdsa.PrivateKey)) }),
		"torn":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}),
	} {
		if _, err := ParsePrivate(file); !errors.Is(err, ErrKey) {
			t.Errorf("private, %s: %v", name, err)
		}
	}
	for name, file := range map[string][]byte{
		"empty": nil, "private": private, "two": slices.Concat(public, public),
		"P-384":   block("PUBLIC KEY", &p384.PublicKey, x509.MarshalPKIXPublicKey),
		"Ed25519": block("PUBLIC KEY", edPublic, x509.MarshalPKIXPublicKey),
	} {
		if _, err := ParsePublic(file); !errors.Is(err, ErrKey) {
			t.Errorf("public, %s: %v", name, err)
		}
	}
}

// OpenSSL makes keys that are read here, reads ours, and agrees on what was signed.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	openssl := required.Program(t, "openssl", "apt install openssl")
	dir := t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), openssl, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
		return out
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file("key.pem"))
	run("pkey", "-in", file("key.pem"), "-pubout", "-out", file("key.pub"))
	text, err := os.ReadFile(file("key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParsePrivate(text)
	if err != nil {
		t.Fatal(err)
	}
	e := sign(t, Wrap([]byte(`{"a":1}`)), k)
	sig, _ := decodeBase64(e.Signatures[0].Sig)
	for name, content := range map[string][]byte{"sig": sig, "pae": pae(PayloadType, []byte(`{"a":1}`))} {
		if err := os.WriteFile(file(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out := run("dgst", "-sha256", "-verify", file("key.pub"), "-signature", file("sig"), file("pae")); !bytes.Contains(out, []byte("Verified OK")) {
		t.Errorf("%s", out)
	}
}

// Nothing that was changed is signed, and nothing makes it panic.
func FuzzVerify(f *testing.F) {
	ada, eve := key(f), key(f)
	body := []byte(`{"a":1}`)
	f.Add(write(f, sign(f, Wrap(body), ada)))
	f.Add(write(f, sign(f, Wrap(body), eve, ada)))
	f.Add(write(f, sign(f, Wrap([]byte("other")), eve)))
	f.Fuzz(func(t *testing.T, file []byte) {
		list, err := Read(file)
		if err != nil {
			return
		}
		for _, e := range list {
			text, err := e.Statement()
			if err != nil {
				t.Fatal(err)
			}
			if c := e.Verify([]PublicKey{ada.Public()}); len(c.By) > 0 && (!bytes.Equal(text, body) || e.PayloadType != PayloadType) {
				t.Fatalf("%s verifies", file)
			}
		}
		again, err := Read(write(t, list...))
		if err != nil {
			t.Fatal(err)
		}
		was, _ := json.Marshal(list)
		is, _ := json.Marshal(again)
		if !bytes.Equal(was, is) {
			t.Fatalf("%s becomes %s", was, is)
		}
	})
}

func FuzzKeys(f *testing.F) {
	k := key(f)
	for _, text := range []func() ([]byte, error){k.PEM, k.Public().PEM} {
		file, err := text()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := ParsePrivate(file); err != nil && !errors.Is(err, ErrKey) {
			t.Fatal(err)
		}
		if _, err := ParsePublic(file); err != nil && !errors.Is(err, ErrKey) {
			t.Fatal(err)
		}
	})
}
