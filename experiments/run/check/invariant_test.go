package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

func check(target string, op experiments.Op, value any) experiments.Expect {
	return experiments.Expect{JSON: []experiments.Check{{Target: target, Op: op, Value: value}}}
}

func TestInvariant(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	status, body := 200, ""
	var seen *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	num := func(s string) json.Number { return json.Number(s) }
	tests := map[string]struct {
		status int
		body   string
		expect experiments.Expect
		want   journal.CheckResult
	}{
		"holds":             {200, `{"count": 0}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Holds: true}},
		"counted":           {200, `{"count": 2, "keys": ["o1", 7, null]}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Violations: 2, Detail: "$.count is 2, expected 0", Keys: []string{"o1", "7", "null"}}},
		"too few":           {200, `{"count": 7.5}`, check("$.count", experiments.Gte, num("10")), journal.CheckResult{Violations: 2.5, Detail: "$.count is 7.5, expected at least 10"}},
		"too many":          {200, `{"count": 7}`, check("$.count", experiments.Lte, num("5")), journal.CheckResult{Violations: 2, Detail: "$.count is 7, expected at most 5"}},
		"at the border":     {200, `{"count": 5}`, check("$.count", experiments.Lt, num("5")), journal.CheckResult{Violations: 1, Detail: "$.count is 5, expected less than 5"}},
		"not a number":      {200, `{"count": "2"}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Violations: 1, Detail: `$.count is "2", expected 0`}},
		"absent":            {200, `{}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Violations: 1, Detail: "$.count is absent, expected 0"}},
		"text":              {200, `{"state": "torn"}`, check("$.state", experiments.Ne, "torn"), journal.CheckResult{Violations: 1, Detail: `$.state is "torn", expected anything but "torn"`}},
		"beyond any number": {200, `{"count": 1e999}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Violations: 1, Detail: "$.count is 1e999, expected 0"}},
		"body":              {200, `"dup"`, experiments.Expect{Body: []experiments.Check{{Op: experiments.Lacks, Value: "dup"}}}, journal.CheckResult{Violations: 1, Detail: `the body contains "dup"`}},
		"bad status":        {500, `{"count": 0}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Error: "status 500, expected 200 to 299"}},
		"no JSON":           {200, `<html>`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Violations: 1, Detail: "the body is not JSON: invalid character '<' looking for beginning of value"}},
		"with a mark":       {200, "\ufeff" + `{"count": 2, "keys": ["o1"]}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Violations: 2, Detail: "$.count is 2, expected 0", Keys: []string{"o1"}}},
		"in UTF-16":         {200, "\xff\xfe{\x00}\x00", check("$.count", experiments.Absent, nil), journal.CheckResult{Holds: true}},
		"twenty keys":       {200, `{"count": 30, "keys": [` + strings.Repeat(`"`+secret+`",`, 29) + `"k"]}`, check("$.count", experiments.Eq, num("0")), journal.CheckResult{Violations: 30, Detail: "$.count is 30, expected 0", Keys: slices.Repeat([]string{"${env:TOKEN}"}, 20)}},
	}
	system := &experiments.System{URL: "http://127.0.0.1:1", File: "blastgauge.yaml"}
	facts := journey.Facts{Run: "r1", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Env: func(string) (string, bool) { return secret, true }}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body = tt.status, tt.body
			inv := experiments.Invariant{Name: "once", Expect: tt.expect, Keys: "$.keys[*]",
				Request: experiments.Request{Method: "GET", Target: server.URL + "/ledger?since=${started}", Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:TOKEN}"}}}}
			got := Invariant(t.Context(), system, inv, facts, nil)
			tt.want.Invariant = "once"
			tt.want.All = allKeys(t, got)
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tt.want) {
				t.Errorf("Invariant() = %+v\nwant %+v", got, tt.want)
			}
			if seen.URL.Query().Get("since") != "2026-01-02T03:04:05Z" || seen.Header.Get("Blastgauge-Run") != "r1" || seen.Header.Get("Authorization") != "Bearer "+secret {
				t.Errorf("asked %s with %v", seen.URL, seen.Header)
			}
		})
	}
}

func TestInvariantThatCannotBeChecked(t *testing.T) {
	t.Parallel()
	system := &experiments.System{URL: "http://127.0.0.1:1"}
	tests := map[string]struct {
		inv  experiments.Invariant
		want string
	}{
		"forbidden host": {experiments.Invariant{Request: experiments.Request{Target: "http://192.0.2.1/"}}, "192.0.2.1 is not allowed"},
		"nobody there":   {experiments.Invariant{Request: experiments.Request{Target: "http://" + closed + "/"}}, "refused"},
		"no environment": {experiments.Invariant{Request: experiments.Request{Target: "http://127.0.0.1/${env:NONE}"}}, "${env:NONE}"},
		"wrong keys":     {experiments.Invariant{Keys: "x"}, "keys: a JSONPath starts with $"},
	}
	for name, tt := range tests {
		if r := Invariant(t.Context(), system, tt.inv, journey.Facts{}, nil); r.Holds || !strings.Contains(r.Error, tt.want) {
			t.Errorf("%s: %+v, want the error %q", name, r, tt.want)
		}
	}
}

// The first answer violates the invariant, the second does not.
func TestInvariantSettles(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"count": %d}`, max(0, 2-asked.Add(1)))
	}))
	defer server.Close()
	inv := experiments.Invariant{Within: 10 * time.Second, Request: experiments.Request{Target: server.URL}, Expect: check("$.count", experiments.Eq, json.Number("0"))}
	if r := Invariant(t.Context(), &experiments.System{URL: server.URL}, inv, journey.Facts{}, nil); !r.Holds || asked.Load() != 2 {
		t.Errorf("%+v after %d questions, want that it holds after 2", r, asked.Load())
	}
}

func TestCheckUntilHolds(t *testing.T) {
	t.Parallel()
	holds, violated, silent := journal.CheckResult{Holds: true}, journal.CheckResult{Violations: 1}, journal.CheckResult{Holds: true, Error: "no answer"}
	tests := map[string]struct {
		within  time.Duration
		answers []journal.CheckResult // the last one again and again
		want    journal.CheckResult
		asked   int
		took    time.Duration
	}{
		"at once":         {time.Second, []journal.CheckResult{holds}, holds, 1, 0},
		"no time given":   {0, []journal.CheckResult{violated}, violated, 1, 0},
		"later":           {time.Second, []journal.CheckResult{violated, silent, holds}, holds, 3, 400 * time.Millisecond},
		"never":           {time.Second, []journal.CheckResult{violated}, violated, 6, time.Second},
		"between looks":   {500 * time.Millisecond, []journal.CheckResult{violated, violated, violated, holds}, holds, 4, 500 * time.Millisecond},
		"cannot be asked": {time.Second, []journal.CheckResult{violated, silent}, silent, 6, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked, begun := 0, time.Now()
				got := checkUntilHolds(t.Context(), tt.within, func(context.Context) journal.CheckResult {
					asked++
					return tt.answers[min(asked, len(tt.answers))-1]
				})
				if took := time.Since(begun); fmt.Sprint(got) != fmt.Sprint(tt.want) || asked != tt.asked || took != tt.took {
					t.Errorf("%+v after %d questions and %v, want %+v after %d and %v", got, asked, took, tt.want, tt.asked, tt.took)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		begun := time.Now()
		time.AfterFunc(time.Second, func() { cancel(errors.New("enough")) })
		checkUntilHolds(ctx, time.Hour, func(context.Context) journal.CheckResult { return violated })
		if took := time.Since(begun); took != time.Second {
			t.Errorf("settled for %v after its context ended at 1s", took)
		}
	})
}
