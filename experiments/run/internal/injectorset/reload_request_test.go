package injectorset

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

func TestReloadRequest(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	status, asked := 204, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != "POST" || r.URL.RawQuery != "run=r1" || r.Header.Get("Authorization") != "Bearer "+secret || string(body) != "again" {
			t.Errorf("told by %s %s, %v, %q", r.Method, r.URL, r.Header, body)
		}
		asked++
		w.WriteHeader(status)
	}))
	defer server.Close()
	system := &experiments.System{URL: "http://127.0.0.1:1"}
	facts := journey.Facts{Run: "r1", Env: func(string) (string, bool) { return secret, true }}
	r := experiments.Reload{Request: experiments.Request{Method: "POST", Target: server.URL + "/reload?run=${run}", Body: "again",
		Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:TOKEN}"}}}}
	if err := sendReload(t.Context(), system, r, facts); err != nil {
		t.Errorf("sendReload() = %v", err)
	}
	r.Expect.Status = []int{200}
	want := "POST " + server.URL + "/reload?run=${run}: status 204, expected 200"
	if err := sendReload(t.Context(), system, r, facts); err == nil || err.Error() != want {
		t.Errorf("sendReload() = %v, want %q", err, want)
	}
	status = 500
	if err := sendReload(t.Context(), system, r, facts); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("sendReload() = %v", err)
	}
	before := asked
	facts.Env = func(string) (string, bool) { return "", false }
	if err := sendReload(t.Context(), system, r, facts); err == nil || !strings.Contains(err.Error(), "TOKEN") || asked != before {
		t.Errorf("sendReload() without its secret = %v", err)
	}
}

// A host outside of staging is told nothing.
func TestReloadRequestStaysInStaging(t *testing.T) {
	t.Parallel()
	system := &experiments.System{URL: "http://127.0.0.1:1"}
	r := experiments.Reload{Request: experiments.Request{Method: "POST", Target: "http://192.0.2.1/reload"}}
	if err := sendReload(t.Context(), system, r, journey.Facts{}); err == nil || !strings.Contains(err.Error(), "192.0.2.1 is not allowed") {
		t.Errorf("sendReload() = %v", err)
	}
}
