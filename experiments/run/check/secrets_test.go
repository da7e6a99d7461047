package check

import (
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// canary has no character in common with what stands around it, and is known by any
// four of its characters.
const canary = "Zq7-Xk9+Vw3/Jy5=Qj"

// around are the places of the canary, in bytes before it, for which a bound of n bytes
// is before, inside and behind it.
func around(n int) (places []int) {
	for at := max(0, n-len(canary)-6); at <= n+6; at++ {
		places = append(places, at)
	}
	return places
}

func padding(n int) string { return strings.Repeat("_", n) }

// wantNoPart fails where a result tells a part of the canary, or tells nothing.
func wantNoPart(t *testing.T, what string, r journal.CheckResult) {
	t.Helper()
	text := fmt.Sprintf("%+v", r)
	for i := 0; i+4 <= len(canary); i++ {
		if strings.Contains(text, canary[i:i+4]) {
			t.Errorf("%s: %q is told: %s", what, canary[i:i+4], text)
			return
		}
	}
	if r.Error == "" && len(r.Keys) == 0 && r.Detail == "" {
		t.Errorf("%s: nothing is told: %s", what, text)
	}
}

func secretFacts() journey.Facts {
	return journey.Facts{Run: "r1", Started: started, Env: func(name string) (string, bool) { return canary, name == "TOKEN" }}
}

// Wherever the output of a command is cut, for a key, for an error or because it is too
// long to be kept, no part of a secret is left.
func TestCommandsTellNoPartOfASecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ask := func(script, output string) journal.CheckResult {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "output"), []byte(output), 0o600); err != nil {
			t.Fatal(err)
		}
		inv := experiments.Invariant{Command: []string{"sh", "-c", script, "${env:TOKEN}"}}
		return Invariant(t.Context(), &experiments.System{File: filepath.Join(dir, "blastgauge.yaml")}, inv, secretFacts(), journey.NewMemory())
	}
	const keys, failure = "cat output; exit 1", "cat output >&2; exit 2"
	for places := range slices.Chunk(around(maxText), maxKeys) {
		var lines strings.Builder
		for _, at := range places {
			lines.WriteString(padding(at) + canary + " is wrong\n")
			wantNoPart(t, fmt.Sprint("stderr at ", at), ask(failure, padding(at)+canary+" is wrong\n"))
		}
		r := ask(keys, lines.String())
		wantNoPart(t, fmt.Sprint("keys at ", places), r)
		if len(r.Keys) != len(places) {
			t.Errorf("%d keys of %d", len(r.Keys), len(places))
		}
	}
	for _, at := range around(maxOutput) {
		long := strings.Repeat(padding(8191)+"\n", at/8192-1)
		last := at - len(long)
		r := ask(keys, long+padding(last-9)+"\nthe last"+canary+" is wrong\n")
		wantNoPart(t, fmt.Sprint("output at ", at), r)
		if k := r.Keys[len(r.Keys)-1]; !strings.HasPrefix(k, "th") {
			t.Errorf("output at %d: the last key is %q", at, k)
		}
		wantNoPart(t, fmt.Sprint("errors at ", at), ask(failure, strings.Repeat("\n", at)+canary+" is wrong\n"))
	}
	wantNoPart(t, "a program of that name", Invariant(t.Context(), &experiments.System{}, experiments.Invariant{Command: []string{padding(maxText-5) + "${env:TOKEN}"}}, secretFacts(), journey.NewMemory()))
}

// Neither do the rows of a query.
func TestRowsTellNoPartOfASecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE places (at int)"); err != nil {
		t.Fatal(err)
	}
	for _, at := range around(maxText) {
		if _, err := db.Exec("INSERT INTO places VALUES (?)", at); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	facts := secretFacts()
	facts.Env = func(name string) (string, bool) {
		return map[string]string{"TOKEN": canary, "DSN": "sqlite:shop.db"}[name], true
	}
	for _, column := range []string{"%s", "CAST(%s || x'ff' AS BLOB)"} { // text, and bytes that are none
		for first := 0; first < len(around(maxText)); first += maxKeys {
			inv := experiments.Invariant{DSN: "${env:DSN}", SQL: fmt.Sprintf("SELECT "+column+" FROM places ORDER BY at LIMIT %d OFFSET %d",
				"substr(replace(hex(zeroblob(200)), '0', '_'), 1, at) || ${env:TOKEN} || ' is wrong'", maxKeys, first)}
			r := Invariant(t.Context(), &experiments.System{File: filepath.Join(dir, "blastgauge.yaml")}, inv, facts, journey.NewMemory())
			wantNoPart(t, column, r)
			if len(r.Keys) == 0 || !strings.HasPrefix(r.Keys[0], "__") && !strings.HasPrefix(r.Keys[0], "5f5f") {
				t.Errorf("%s: %+v", column, r)
			}
			for _, k := range r.Keys {
				if digits := fmt.Sprintf("%x", canary); strings.Contains(k, digits[:8]) || strings.Contains(k, digits[len(digits)-8:]) {
					t.Errorf("%s: the key %s tells the secret's digits", column, k)
				}
			}
		}
	}
}

// Neither do the errors of a database, which may repeat what it was asked.
func TestDriversTellNoPartOfASecret(t *testing.T) {
	t.Parallel()
	var message atomic.Value
	address := refusingPostgres(t, &message)
	facts := secretFacts()
	facts.Env = func(string) (string, bool) {
		return "postgres://shop:" + url.QueryEscape(canary) + "@" + address + "/shop?sslmode=disable", true
	}
	for _, at := range around(maxText) {
		at = max(0, at-len("cannot connect: server error: FATAL: "))
		message.Store(padding(at) + canary + " is wrong")
		r := Invariant(t.Context(), &experiments.System{}, experiments.Invariant{DSN: "${env:DSN}", SQL: "SELECT 1"}, facts, journey.NewMemory())
		wantNoPart(t, fmt.Sprint("error at ", at), r)
		if !strings.Contains(r.Error, padding(min(at, 100))) {
			t.Errorf("error at %d: %s", at, r.Error)
		}
	}
}

// refusingPostgres is a server that refuses every connection, each with a message.
func refusingPostgres(t *testing.T, message *atomic.Value) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var size [4]byte
			if _, err := io.ReadFull(c, size[:]); err == nil {
				_, _ = io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(size[:]))-4)
			}
			fields := "SFATAL\x00VFATAL\x00C28000\x00M" + message.Load().(string) + "\x00\x00"
			_, _ = c.Write(append(binary.BigEndian.AppendUint32([]byte("E"), uint32(4+len(fields))), fields...))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// Neither do the answers to a request: their values, their keys, and what is no HTTP.
func TestAnswersTellNoPartOfASecret(t *testing.T) {
	t.Parallel()
	var at int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		text := padding(at) + token + " is wrong"
		switch r.URL.Path {
		case "/json":
			_ = json.NewEncoder(w).Encode(map[string]any{"text": text, "keys": []any{text, map[string]any{"a": text}}, text: 1})
		case "/header":
			w.Header().Set("X-Text", text)
		case "/broken":
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+text+padding(500)+"\r\nContent-Length: x\r\n\r\n")
			_ = c.Close()
		}
	}))
	defer server.Close()
	places := slices.Concat(around(0), around(100), around(maxText), around(400), around(500))
	asks := map[string]experiments.Expect{
		"/json":       check("$.text", experiments.Eq, "other"),
		"/json?all":   check("$", experiments.Eq, "other"),
		"/json?echo":  check("$.nothing", experiments.Eq, "${env:TOKEN}"),
		"/header":     {Header: []experiments.Check{{Target: "X-Text", Op: experiments.Eq, Value: "other"}}},
		"/json?body":  {Body: []experiments.Check{{Op: experiments.Lacks, Value: "${env:TOKEN}"}}},
		"/broken":     {},
		"/json?match": check("$.text", experiments.Matches, "^other"),
	}
	for path, expect := range asks {
		for _, at = range places {
			inv := experiments.Invariant{Keys: "$.keys[*]", Expect: expect,
				Request: experiments.Request{Target: server.URL + path, Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:TOKEN}"}}}}
			r := Invariant(t.Context(), &experiments.System{URL: server.URL}, inv, secretFacts(), journey.NewMemory())
			wantNoPart(t, fmt.Sprint(path, " at ", at), r)
			if strings.HasPrefix(path, "/json") && len(r.Keys) != 2 {
				t.Errorf("%s at %d: %+v", path, at, r)
			}
		}
	}
	facts := secretFacts()
	facts.Env = func(string) (string, bool) { return strings.ReplaceAll(canary, "/", "-"), true } // else it would not be a host
	for _, n := range around(60) {
		inv := experiments.Invariant{Request: experiments.Request{Target: "http://" + padding(n) + "${env:TOKEN}/x"}}
		wantNoPart(t, fmt.Sprint("a host at ", n), Invariant(t.Context(), &experiments.System{URL: server.URL}, inv, facts, journey.NewMemory()))
	}
}

// An invariant tells no secret of any other document either.
func TestSecretsOfOthersAreHidden(t *testing.T) {
	t.Parallel()
	facts := journey.Facts{Secrets: redact.FromEnv([]string{"OTHER"}, func(string) (string, bool) { return canary, true })}
	r := Invariant(t.Context(), &experiments.System{}, experiments.Invariant{Command: []string{"sh", "-c", "echo " + canary + "; exit 1"}}, facts, journey.NewMemory())
	if len(r.Keys) != 1 || r.Keys[0] != "$"+"{env:OTHER}" {
		t.Errorf("%+v", r)
	}
}
