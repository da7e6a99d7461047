package verdicts

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// payload is what Flagger sends.
func payload(t *testing.T, checksum string, metadata map[string]string) string {
	t.Helper()
	text, err := json.Marshal(canary{"shop", "production", "Progressing", checksum, metadata})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFlagger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, bad := sha(), statement.DigestOf([]byte("bad")).String()
	named := func(name, content string) []statement.Subject {
		return []statement.Subject{{Name: name, Digest: statement.DigestOf([]byte(content))}}
	}
	w.statement.Subjects = append(w.statement.Subjects, named("production/shop/85d557f47b", string(candidate()))...)
	w.write("good.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	w.statement.Subjects = named("production/shop/6d5f8c9b7", "bad")
	w.write("bad.intoto.jsonl", w.lines(measured("r2", 0, result.Refuted), w.ada))
	// A stranger calls what passes by the name of another canary.
	w.statement.Subjects = named("production/shop/5c5c5c5c5c", string(candidate()))
	w.write("stranger.intoto.jsonl", w.lines(measured("r3", 0, result.Held), w.eve))
	// Two changes have one name, and one of them failed.
	w.statement.Subjects = append(named("production/shop/7f7f7f7f7f", string(candidate())), named("production/shop/7f7f7f7f7f", "bad")...)
	w.write("both.intoto.jsonl", w.lines(measured("r0", -time.Hour, result.Held), w.ada))
	// A config is kept below a path that is the name of another canary.
	w.statement.Subjects = named("production/shop/8a8a8a8a8a", string(candidate()))
	w.statement.Change = &statement.Change{To: statement.DigestOf(candidate())}
	w.write("path.intoto.jsonl", w.lines(measured("r4", 0, result.Held), w.ada))
	h := w.handler()
	for name, tt := range map[string]struct {
		checksum string
		metadata map[string]string
		want     int
		says     string
	}{
		"a digest that passes":      {"0", map[string]string{"digest": good}, 200, ""},
		"a digest that failed":      {"0", map[string]string{"digest": bad}, 403, "verdict"},
		"a digest of nothing known": {"85d557f47b", map[string]string{"digest": statement.DigestOf(nil).String()}, 403, "no_statement"},
		"a commit":                  {"0", map[string]string{"digest": "gitCommit:" + commit()}, 403, "superseded"}, // of all of them
		"an empty digest":           {"85d557f47b", map[string]string{"digest": ""}, 400, "metadata.digest"},
		"no digest":                 {"85d557f47b", map[string]string{"digest": "sha256:xyz"}, 400, "metadata.digest"},
		"a checksum that passes":    {"85d557f47b", nil, 200, ""},
		"other metadata":            {"85d557f47b", map[string]string{"cmd": "x"}, 200, ""},
		"a checksum that failed":    {"6d5f8c9b7", nil, 403, "verdict"},
		"a checksum not known":      {"aaaaaaaaaa", nil, 403, "production/shop/aaaaaaaaaa"},
		"a stranger's name":         {"5c5c5c5c5c", nil, 403, "production/shop/5c5c5c5c5c"},
		"the path of a config":      {"8a8a8a8a8a", nil, 403, "production/shop/8a8a8a8a8a"},
		"several of one name":       {"7f7f7f7f7f", nil, 403, "verdict"},
		"no checksum":               {"", nil, 400, "checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := get(h, "POST", "/flagger", payload(t, tt.checksum, tt.metadata))
			if got.Code != tt.want || !strings.Contains(got.Body.String(), tt.says) {
				t.Errorf("%d %s, want %d %q", got.Code, got.Body, tt.want, tt.says)
			}
			if got.Code != 200 && (strings.Count(got.Body.String(), "\n") != 1 || got.Body.Len() > maxShown+10) {
				t.Errorf("%q is no line of an event", got.Body)
			}
		})
	}
}

// What nobody may ask is refused, by its own status.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	h := w.handler()
	digest := `{"metadata":{"digest":"` + sha() + `"}}`
	for name, tt := range map[string]struct {
		method, path, body string
		want               int
	}{
		"head":              {"HEAD", "/verdicts/" + sha(), "", 200},
		"put":               {"PUT", "/verdicts/" + sha(), "", 405},
		"post a verdict":    {"POST", "/verdicts/" + sha(), digest, 405},
		"get the hook":      {"GET", "/flagger", "", 405},
		"delete":            {"DELETE", "/healthz", "", 405},
		"no path":           {"GET", "/", "", 404},
		"a file":            {"GET", "/verdicts/a.intoto.jsonl", "", 400},
		"traversal":         {"GET", "/verdicts/..%2f..%2fetc%2fpasswd", "", 400},
		"nothing":           {"GET", "/verdicts/", "", 404},
		"no kind":           {"GET", "/verdicts/" + strings.Repeat("0", 64), "", 400},
		"short":             {"GET", "/verdicts/sha256:00", "", 400},
		"capitals":          {"GET", "/verdicts/sha256:" + strings.Repeat("A", 64), "", 400},
		"other kind":        {"GET", "/verdicts/sha512:" + strings.Repeat("0", 64), "", 400},
		"no payload":        {"POST", "/flagger", "{", 400},
		"a list":            {"POST", "/flagger", "[]", 400},
		"a name twice":      {"POST", "/flagger", `{"metadata":{"digest":"x","digest":"` + sha() + `"}}`, 400},
		"in capitals":       {"POST", "/flagger", `{"METADATA":{"digest":"` + sha() + `"}}`, 400},
		"and in capitals":   {"POST", "/flagger", `{"metadata":{"digest":"` + statement.DigestOf(nil).String() + `"},"METADATA":{"digest":"` + sha() + `"}}`, 403},
		"two payloads":      {"POST", "/flagger", digest + digest, 400},
		"more than allowed": {"POST", "/flagger", `{"name":"` + strings.Repeat("x", maxBody) + `"}`, 413},
		"deep":              {"POST", "/flagger", `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, 400},
		"later fields":      {"POST", "/flagger", `{"weight":5,` + digest[1:], 200},
	} {
		if got := get(h, tt.method, tt.path, tt.body); got.Code != tt.want {
			t.Errorf("%s: %d %s, want %d", name, got.Code, got.Body, tt.want)
		}
	}
	// Before the rollout is confirmed, Flagger has the checksum of the revision before.
	for _, phase := range []string{"Initialized", "Waiting", "Succeeded", "Failed", ""} {
		body := `{"name":"shop","namespace":"production","phase":"` + phase + `","checksum":"85d557f47b"}`
		if got := get(h, "POST", "/flagger", body); got.Code != http.StatusBadRequest {
			t.Errorf("a checksum in the phase %q: %d %s", phase, got.Code, got.Body)
		}
	}
	r := newRequest(t, "/flagger", digest)
	r.Header.Set("Content-Type", "text/plain") // as a page of others could send it
	if code := serve(h, r); code != http.StatusUnsupportedMediaType {
		t.Errorf("a payload of text: %d", code)
	}
}

// Nothing that is sent lets pass what has not passed.
func FuzzFlagger(f *testing.F) {
	w := newWorld(f)
	w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	w.statement.Subjects = []statement.Subject{{Name: "production/shop/85d557f47b", Digest: statement.DigestOf([]byte("bad"))}}
	w.write("b.intoto.jsonl", w.lines(measured("r0", 0, result.Refuted), w.ada))
	h := w.handler()
	f.Add(`{"name":"shop","namespace":"production","phase":"Progressing","checksum":"85d557f47b","metadata":{"digest":"` + sha() + `"}}`)
	f.Add(`{"name":"shop","namespace":"production","phase":"Progressing","checksum":"85d557f47b"}`)
	f.Add(`{"metadata":{"Digest":"sha256:"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		got := get(h, "POST", "/flagger", body)
		if got.Code == 200 && !strings.Contains(body, strings.TrimPrefix(sha(), "sha256:")) && !strings.Contains(body, `\u`) {
			t.Errorf("%q passes", body)
		}
		if got.Code >= 500 {
			t.Errorf("%q: %d %s", body, got.Code, got.Body)
		}
	})
}
