package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// told is what a webhook was told.
type told struct {
	mu     sync.Mutex
	events []string
	bodies []string
}

func (t *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Event string `json:"event"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events, t.bodies = append(t.events, m.Event), append(t.bodies, string(body))
}

// notifying is a bench whose runs tell a webhook, and what that was told. One more receiver
// never answers.
func notifying(t *testing.T) (*bench, *told) {
	t.Helper()
	b, hook := newBench(t, systemtest.Options{}), &told{}
	server := httptest.NewServer(hook)
	t.Cleanup(server.Close)
	silent := make(chan struct{})
	deaf := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	t.Cleanup(deaf.Close)
	t.Cleanup(func() { close(silent) })
	b.plan.System.Notify = []experiments.Receiver{
		{Kind: experiments.Slack, URL: "${env:SLACK}", On: experiments.Notices()},
		{Kind: experiments.Webhook, URL: "${env:HOOK}", On: experiments.Notices()},
	}
	b.options.Getenv = func(name string) (string, bool) {
		if name == "HOOK" {
			return server.URL + "/" + notifySecret, true
		}
		if name == "SLACK" {
			return deaf.URL + "/" + notifySecret, true
		}
		return os.LookupEnv(name)
	}
	return b, hook
}

// notifySecret is a part of every address.
const notifySecret = "sekrit-4711-0815"

// wantNoSecret wants nothing that a run keeps to have the secret.
func wantNoSecret(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(file)
		if bytes.Contains(text, []byte(notifySecret)) {
			t.Errorf("%s has a secret", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Others are told what a run does. One who does not answer holds up nothing but the end, by
// two seconds, and is named in one warning.
func TestOthersAreTold(t *testing.T) {
	t.Parallel()
	b, hook := notifying(t)
	var log bytes.Buffer
	b.options.Log = &log
	out := b.run(t.Context(), t)
	want := []string{"started", "fault", "removed", "verdict", "ended"}
	hook.mu.Lock()
	defer hook.mu.Unlock()
	if !slices.Equal(hook.events, want) {
		t.Errorf("the webhook was told of %q, want %q", hook.events, want)
	}
	if last := hook.bodies[len(hook.bodies)-1]; out.Result.Run.ExitCode != result.ExitRefuted || !strings.Contains(last, `"exit_code":3`) || !strings.Contains(last, `"refuted":1`) {
		t.Errorf("exit %d, and told was %s", out.Result.Run.ExitCode, last)
	}
	if text := log.String(); strings.Count(text, "slack (SLACK)") != 1 || strings.Contains(text, "webhook (HOOK)") || strings.Contains(text, notifySecret) {
		t.Errorf("the log says %s", text)
	}
	wantNoSecret(t, out.Dir)
	b.wantClean(t)
}

// Who stops a run, and why, is told.
func TestOthersAreToldOfAStop(t *testing.T) {
	t.Parallel()
	b, hook := notifying(t)
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	b.options.Control = func(_ *plan.Plan, c *run.Control) {
		if err := c.Note("ann", "we begin", true); err != nil {
			t.Error(err)
		}
		time.AfterFunc(time.Second, func() { stop(&engine.Interrupt{Signal: "INT", By: "ann", Why: "incident 4711"}) })
	}
	out := b.run(ctx, t)
	hook.mu.Lock()
	defer hook.mu.Unlock()
	for _, event := range []string{"note", "started", "stopped", "ended"} {
		if !slices.Contains(hook.events, event) {
			t.Errorf("the webhook was told of %q, and not of %s", hook.events, event)
		}
	}
	i := slices.Index(hook.events, "stopped")
	if i >= 0 && !strings.Contains(hook.bodies[i], `"stopped":{"by":"ann","why":"incident 4711"}`) {
		t.Errorf("the stop was told as %s", hook.bodies[i])
	}
	if out.Result.Run.ExitCode != result.ExitINT {
		t.Errorf("exit %d", out.Result.Run.ExitCode)
	}
}

// Without its address nobody can be told, and then nothing is injected.
func TestReceiversAreKnownBeforeARun(t *testing.T) {
	t.Parallel()
	b, hook := notifying(t)
	b.options.Getenv = func(string) (string, bool) { return "", false }
	out, err := run.Run(t.Context(), b.plan, b.options)
	if out != nil || run.ExitCode(err) != result.ExitUsage || len(hook.events) > 0 {
		t.Errorf("Run: %v, %v", out, err)
	}
	if _, err := os.Stat(b.options.Dir); err == nil {
		t.Error("there is a run")
	}
}
