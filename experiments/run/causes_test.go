package run_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// planted are secrets by where a journey or a shop has them. None but the first is in
// the environment.
func planted() map[string]string {
	return map[string]string{
		"env": "cnry-env-9f31c7", "header": "cnry-header-51ab02", "cookie": "cnry-cookie-77de19", "form": "cnry-form-08bc4e", "key": "cnry-key-c4d0aa",
		"query": "cnry-query-2e6f90", "answer": "cnry-answer-b18e55", "location": "cnry-location-44e1d0", "error": "cnry-error-6a07f3", "card": "4111 1111 1111 1111",
	}
}

// talkativeShop takes payments, and tells everything that it knows where the backend
// does not answer.
func talkativeShop(backend string) http.Handler {
	client, secrets := systemtest.Client(time.Minute), planted() // a busy machine is no harm
	var n atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "session="+secrets["cookie"]+"; Path=/")
		next := "/pay"
		if n.Add(1)%2 == 0 && !systemtest.Answers(client, backend) {
			next = "http://shop:" + secrets["error"] + "@127.0.0.1:1/pay"
		}
		fmt.Fprintf(w, `{"next": %q, "access_token": %q}`, next, secrets["key"])
	})
	mux.HandleFunc("/pay", func(w http.ResponseWriter, r *http.Request) {
		if systemtest.Answers(client, backend) {
			return
		}
		sent, _ := io.ReadAll(r.Body)
		said := map[string]any{"said": fmt.Sprintln(r.URL, r.Header, string(sent), "for", secrets["key"]), "debug": map[string]string{"client_secret": secrets["answer"]}, "card": secrets["card"]}
		w.Header().Set("Location", "/login?back="+url.QueryEscape("/pay?token="+secrets["location"]))
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusBadGateway)
		text, _ := json.Marshal(said)
		// The long body first, and then a short one of which everything is shown.
		if n.Load()%3 != 0 {
			text = fmt.Appendf(nil, `{"client_secret":%q,"sent":%q,"card":%q,"cookie":%q}`, secrets["answer"], sent, secrets["card"], r.Header.Get("Cookie"))
		}
		_, _ = w.Write(text)
	})
	return mux
}

// What harmed journeys were answered is kept, and nothing that is secret by where it
// stood is in any file of the run.
func TestExamplesHoldNoSecret(t *testing.T) {
	t.Parallel()
	for name, extra := range map[string]string{"examples": "", "numbers alone": "examples: none\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := systemtest.Start(t.TempDir(), systemtest.Options{Entry: talkativeShop, OfSystem: extra})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // the end of the test
			payWithSecrets(t, s)
			out, err := perform(t, s, run.Options{NoPreflight: true, Getenv: func(string) (string, bool) { return planted()["env"], true }})
			if err != nil {
				t.Fatal(err)
			}
			e := out.Result.Experiments[0]
			if len(e.Journeys) == 0 {
				t.Fatalf("%s: %q, %v", e.Verdict, e.Reasons, out.Err)
			}
			j := e.Journeys[0]
			classes := map[string]result.Cause{}
			sum := 0
			for _, c := range j.Causes {
				classes[c.Class+" "+c.Key] = c
				sum += c.Fault.Fault
			}
			if sum != j.Arms.Fault.Harmed() || sum == 0 {
				t.Errorf("%d causes of %d harmed journeys", sum, j.Arms.Fault.Harmed())
			}
			gateway := classes["status 502"]
			if gateway.Fault.Fault == 0 || gateway.Step != "pay" || len(j.Causes) < 2 {
				t.Fatalf("%+v", j.Causes)
			}
			if extra == "" {
				wantExamples(t, gateway)
			}
			for _, c := range j.Causes {
				if extra != "" && len(c.Examples) > 0 {
					t.Errorf("an example of %s %s is kept: %+v", c.Class, c.Key, c.Examples)
				}
			}
			out.Result.Documents = nil // they hold what a person wrote into them
			text, err := json.Marshal(out.Result)
			if err == nil {
				err = os.WriteFile(filepath.Join(s.Dir, "run", result.File), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			searchFiles(t, filepath.Join(s.Dir, "run"), extra == "")
		})
	}
}

// payWithSecrets writes a journey that sends secrets of every kind.
func payWithSecrets(t *testing.T, s *systemtest.System) {
	t.Helper()
	secrets, file := planted(), filepath.Join(s.Dir, systemtest.SystemFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const step = "{name: visit, request: GET /}"
	steps := fmt.Sprintf(`
      {name: login, request: POST /login, form: {user: ann, password: %q}, headers: {Authorization: "Bearer ${env:CANARY}"}, capture: {next: "$.next", key: "$.access_token"}},
      {name: pay, request: "POST ${next}?api_key=%s", form: {user: ann, password: %[1]q, e: "${env:CANARY}"}, headers: {X-Auth-Token: %[3]q}}`, secrets["form"], secrets["query"], secrets["header"])
	if !bytes.Contains(text, []byte(step)) {
		t.Fatalf("no step %s in\n%s", step, text)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(step), []byte(steps), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantExamples(t *testing.T, c result.Cause) {
	t.Helper()
	if len(c.Examples) == 0 || len(c.Examples) > journal.MaxExamples {
		t.Fatalf("%d examples", len(c.Examples))
	}
	for _, x := range c.Examples {
		if x.Phase != "fault" || x.Status != 502 || x.RetryAfter != "120" || x.ContentType != "application/json" || !strings.HasPrefix(x.Location, "/login?back=") ||
			!strings.Contains(x.Body, "***") || x.Expected != "200 to 299" || x.Found != "502" {
			t.Errorf("%+v", x)
		}
	}
}

// searchFiles looks for what was planted. The plan in the journal has the documents,
// and with them what a person wrote into them.
func searchFiles(t *testing.T, dir string, examples bool) {
	t.Helper()
	files, bodies := 0, 0
	written := map[string]bool{"form": true, "query": true, "header": true}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for line := range bytes.Lines(text) {
			bodies += bytes.Count(line, []byte("client_secret"))
			for where, secret := range planted() {
				document := written[where] && bytes.Contains(line, []byte(`"kind":"run_started"`))
				if i := bytes.Index(line, []byte(secret[:len(secret)-5])); i >= 0 && !document {
					t.Errorf("the %s is in %s: ...%.200s", where, path, line[max(0, i-100):])
				}
			}
		}
		return nil
	})
	if err != nil || files < 3 || (bodies > 0) != examples {
		t.Errorf("%d files with %d bodies, %v", files, bodies, err)
	}
}
