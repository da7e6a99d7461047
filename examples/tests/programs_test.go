// Package tests_test runs the tests of these directories, each in its own language, with a
// standing proxy, and looks whether they can fail.
package tests_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/run/standing"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
)

// need gives what this machine may not have, or leaves the test out. BLASTGAUGE_REQUIRE=all
// says that nothing may be left out.
func need(t *testing.T, err error, what string) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("BLASTGAUGE_REQUIRE") == "all" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s: %v", what, err)
}

// A language is one of the directories.
type language struct {
	dir, file string
	// command finds what runs the file; it needs the modules that the file names.
	command func(t *testing.T) []string
	passed  string // what is said where all three tests pass
}

func languages() []language {
	return []language{
		{"node", "faults.test.js", nodeCommand, "# pass 3\n# fail 0\n"},
		{"python", "test_faults.py", pythonCommand, "Ran 3 tests"},
		{"ruby", "faults_test.rb", rubyCommand, "3 runs, "},
	}
}

func nodeCommand(t *testing.T) []string {
	node, err := exec.LookPath("node")
	need(t, err, "no node here: nodejs.org has it")
	for _, module := range []string{"toxiproxy-node-client", "redis", "pg"} {
		_, err := os.Stat(filepath.Join(os.Getenv("BLASTGAUGE_NODE_MODULES"), module))
		need(t, err, "npm install toxiproxy-node-client redis pg somewhere, and name its node_modules in BLASTGAUGE_NODE_MODULES")
	}
	return []string{node, "--test", "--test-reporter=tap"}
}

// pythonCommand takes the first Python that has the modules: that of the system has those
// that its packages bring.
func pythonCommand(t *testing.T) []string {
	err := exec.ErrNotFound
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if err = exec.CommandContext(t.Context(), python, "-c", "import psycopg, redis").Run(); err == nil {
			return []string{python}
		}
	}
	need(t, err, "no Python with psycopg and redis here: apt install python3-psycopg python3-redis")
	return nil
}

func rubyCommand(t *testing.T) []string {
	ruby, err := exec.LookPath("ruby")
	need(t, err, "no ruby here: apt install ruby ruby-pg ruby-redis")
	err = exec.CommandContext(t.Context(), ruby, "-e", `require "minitest"; require "pg"; require "redis"`).Run()
	need(t, err, "a gem is missing: apt install ruby-minitest ruby-pg ruby-redis")
	return []string{ruby}
}

// upstreams starts what the tests depend on, and returns where that is.
func upstreams(t *testing.T) []string {
	t.Helper()
	need(t, checkout.ServersInstalled(), "servers are missing")
	payments := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "charged") }))
	t.Cleanup(payments.Close)
	environment := []string{"PAYMENTS_URL=" + payments.URL}
	for name, start := range map[string]func(context.Context) (*checkout.LocalServer, error){"REDIS_URL": checkout.StartRedis, "DATABASE_URL": checkout.StartPostgres} {
		s, err := start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		environment = append(environment, name+"="+s.URL)
	}
	return environment
}

// longest is how long the tests of a language may take on a busy machine.
const longest = 2 * time.Minute

// run runs the tests of a language, and returns all that they say.
func (l language) run(t *testing.T, environment []string) (said string, err error) {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(l.dir, l.file))
	if err != nil {
		t.Fatal(err)
	}
	args := append(l.command(t), file)
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), environment...)
	cmd.Env = append(cmd.Env, "NODE_PATH="+os.Getenv("BLASTGAUGE_NODE_MODULES"), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestProgramsPass: all three tests of each language pass with our proxy.
func TestProgramsPass(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts servers")
	}
	environment := upstreams(t)
	server, err := standing.Start(standing.Options{Host: "127.0.0.1", Port: "0", LogLevel: "error", Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Drain(); err != nil {
			t.Error(err)
		}
	})
	for _, l := range languages() {
		t.Run(l.dir, func(t *testing.T) {
			said, err := l.run(t, append(environment, "TOXIPROXY_URL="+server.URL()))
			if err != nil || !strings.Contains(said, l.passed) || strings.Contains(said, "skipped=") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
	answer, err := http.Get(server.URL() + "/proxies") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if left, err := io.ReadAll(answer.Body); err != nil || strings.TrimSpace(string(left)) != "{}" {
		t.Errorf("proxies are left: %s, %v", left, err)
	}
}

// TestProgramsCanFail: an unchanged Toxiproxy has none of these toxics, and no test passes
// with it.
func TestProgramsCanFail(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts servers")
	}
	environment := upstreams(t)
	s, err := stock.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	failed := map[string]string{"node": "# pass 0\n# fail 3\n", "python": "FAILED (errors=3)", "ruby": "3 runs, 0 assertions, 0 failures, 3 errors"}
	for _, l := range languages() {
		t.Run(l.dir, func(t *testing.T) {
			said, err := l.run(t, append(environment, "TOXIPROXY_URL="+s.URL()))
			if _, ended := errors.AsType[*exec.ExitError](err); !ended || !strings.Contains(said, failed[l.dir]) {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

// TestPagesShowTheirPrograms: each line of code in a page is one of the program beside it,
// in its order.
func TestPagesShowTheirPrograms(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		page, err := os.ReadFile(filepath.Join(l.dir, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		program, err := os.ReadFile(filepath.Join(l.dir, l.file))
		if err != nil {
			t.Fatal(err)
		}
		blocks := bytes.Split(page, []byte("```"))
		shown := 0
		for i := 1; i < len(blocks); i += 2 {
			name, code, _ := bytes.Cut(blocks[i], []byte("\n"))
			if string(name) == "sh" {
				continue
			}
			shown++
			if !bytes.Contains(program, code) {
				t.Errorf("%s: the program has no\n%s", l.dir, code)
			}
		}
		if shown < 3 {
			t.Errorf("%s shows %d tests", l.dir, shown)
		}
	}
}
