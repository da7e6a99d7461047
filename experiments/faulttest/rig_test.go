package faulttest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// soon is how long anything may take in a test: far more than it takes.
const soon = time.Minute

// A tester stands in for the test of somebody else: it keeps what goes wrong.
type tester struct {
	testing.TB // of the real test: whatever is not below

	mu       sync.Mutex
	problems []string
	cleanups []func()
}

func (t *tester) Helper()                       {}
func (t *tester) Name() string                  { return "TestOfSomebody" }
func (t *tester) Context() context.Context      { return context.Background() }
func (t *tester) Log(_ ...any)                  {}
func (t *tester) Cleanup(f func())              { t.cleanups = append(t.cleanups, f) }
func (t *tester) Fatal(args ...any)             { t.Fatalf("%s", fmt.Sprint(args...)) }
func (t *tester) Skip(args ...any)              { t.Skipf("%s", fmt.Sprint(args...)) }
func (t *tester) Skipf(format string, a ...any) { t.Errorf("skipped: "+format, a...); runtime.Goexit() }

func (t *tester) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}

func (t *tester) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// during runs a test of somebody to its end, and returns what went wrong.
func during(t *testing.T, test func(t testing.TB)) string {
	t.Helper()
	somebody := &tester{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for len(somebody.cleanups) > 0 {
				last := len(somebody.cleanups) - 1
				f := somebody.cleanups[last]
				somebody.cleanups = somebody.cleanups[:last]
				f()
			}
		}()
		test(somebody)
	}()
	<-done
	return strings.Join(somebody.problems, "\n")
}

// wantProblem checks that a test of somebody failed, and what it was told.
func wantProblem(t *testing.T, got string, parts ...string) {
	t.Helper()
	if got == "" {
		t.Errorf("nothing went wrong, want %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("told %q, want %q", got, part)
		}
	}
}

// shop is a dependency that answers everything with "sold".
func shop(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "sold") }))
	t.Cleanup(s.Close)
	return s.URL
}

// client has connections of its own.
func client(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: soon}
}

// get asks for a page, and returns its status and text; 0 where no answer came.
func get(t testing.TB, c *http.Client, url string) (status int, text string) {
	t.Helper()
	answer, err := c.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}
