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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/run/standing"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
)

// A program is a file of tests in one of the directories.
type program struct {
	dir, file string
	// command finds what runs the file; it needs the modules that the file names.
	command func(t *testing.T) []string
	passed  string // what is said where all three tests pass
	failed  string // and where none does
}

func programs() []program {
	const (
		pythonPassed, pythonFailed = "Ran 3 tests", "FAILED (errors=3)"
		rubyPassed, rubyFailed     = "3 runs, ", "3 runs, 0 assertions, 0 failures, 3 errors"
	)
	return []program{
		{"node", "faults.test.js", nodeCommand, "# pass 3\n# fail 0\n", "# pass 0\n# fail 3\n"},
		{"python", "test_faults.py", pythonCommand, pythonPassed, pythonFailed},
		{"python", "test_client.py", pythonClientCommand, pythonPassed, pythonFailed},
		{"ruby", "faults_test.rb", rubyCommand, rubyPassed, rubyFailed},
		{"ruby", "gem_test.rb", gemCommand, rubyPassed, rubyFailed},
	}
}

func nodeCommand(t *testing.T) []string {
	node := required.Program(t, "node", "nodejs.org has it")
	for _, module := range []string{"toxiproxy-node-client", "redis", "pg"} {
		if _, err := os.Stat(filepath.Join(os.Getenv("BLASTGAUGE_NODE_MODULES"), module)); err != nil {
			required.Missing(t, "npm install toxiproxy-node-client redis pg somewhere, and name its node_modules in BLASTGAUGE_NODE_MODULES: %v", err)
		}
	}
	return []string{node, "--test", "--test-reporter=tap"}
}

func pythonCommand(t *testing.T) []string {
	command, err := python(t, "psycopg, redis")
	if err != nil {
		required.Missing(t, "no Python with psycopg and redis here: apt install python3-psycopg python3-redis: %v", err)
	}
	return command
}

// python finds the first Python that has the modules: that of the system has those that
// its packages bring.
func python(t *testing.T, modules string) (command []string, err error) {
	err = exec.ErrNotFound
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if err = exec.CommandContext(t.Context(), python, "-c", "import "+modules).Run(); err == nil {
			return []string{python}, nil
		}
	}
	return nil, err
}

// Debian has no package of these two clients, so that nobody can be made to have them:
// without them their programs are left out, also where BLASTGAUGE_REQUIRE says all.

func pythonClientCommand(t *testing.T) []string {
	command, err := python(t, "psycopg, redis, requests, toxiproxy")
	if err != nil {
		t.Skip("no toxiproxy-python here: pip install toxiproxy-python psycopg redis")
	}
	return command
}

func gemCommand(t *testing.T) []string {
	command := rubyCommand(t)
	if exec.CommandContext(t.Context(), command[0], "-e", `require "toxiproxy"`).Run() != nil {
		t.Skip("no gem toxiproxy here: gem install toxiproxy")
	}
	return command
}

func rubyCommand(t *testing.T) []string {
	ruby := required.Program(t, "ruby", "apt install ruby ruby-pg ruby-redis")
	if err := exec.CommandContext(t.Context(), ruby, "-e", `require "minitest"; require "pg"; require "redis"`).Run(); err != nil {
		required.Missing(t, "a gem is missing: apt install ruby-minitest ruby-pg ruby-redis: %v", err)
	}
	return []string{ruby}
}

// upstreams starts what the tests depend on, and returns where that is.
func upstreams(t *testing.T) []string {
	t.Helper()
	required.NoError(t, checkout.ServersInstalled(), checkout.ErrNotInstalled)
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

// longest is how long a program may take on a busy machine.
const longest = 2 * time.Minute

// run runs a program, and returns all that it says.
func (p program) run(t *testing.T, environment []string) (said string, err error) {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(p.dir, p.file))
	if err != nil {
		t.Fatal(err)
	}
	args := append(p.command(t), file)
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

func (p program) passes(t *testing.T, environment []string) {
	t.Helper()
	said, err := p.run(t, environment)
	if err != nil || !strings.Contains(said, p.passed) || strings.Contains(said, "skipped=") {
		t.Errorf("with our proxy: %v\n%s", err, said)
	}
}

func (p program) fails(t *testing.T, environment []string) {
	t.Helper()
	said, err := p.run(t, environment)
	if _, ended := errors.AsType[*exec.ExitError](err); !ended || !strings.Contains(said, p.failed) {
		t.Errorf("with an unchanged Toxiproxy: %v\n%s", err, said)
	}
}

// TestPrograms: all three tests of each program pass with our proxy, and leave nothing
// behind. None passes with an unchanged Toxiproxy, which has none of the toxics.
func TestPrograms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts servers")
	}
	environment := slices.Clip(upstreams(t)) // each program adds its own
	ours, err := standing.Start(standing.Options{Host: "127.0.0.1", Port: "0", LogLevel: "error", Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ours.Drain(); err != nil {
			t.Error(err)
		}
	})
	unchanged, err := stock.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unchanged.Close() })
	t.Run("all", func(t *testing.T) { // ends when all have
		for _, p := range programs() {
			t.Run(p.dir+"/"+p.file, func(t *testing.T) {
				t.Parallel()
				p.passes(t, append(environment, "TOXIPROXY_URL="+ours.URL()))
				p.fails(t, append(environment, "TOXIPROXY_URL="+unchanged.URL()))
			})
		}
	})
	if left := proxiesOf(t, ours.URL()); left != "{}" {
		t.Errorf("proxies are left: %s", left)
	}
}

// proxiesOf returns the proxies of a server, as its API has them.
func proxiesOf(t *testing.T, api string) string {
	t.Helper()
	answer, err := http.Get(api + "/proxies") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	list, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(list))
}

// TestPagesShowTheirPrograms: each piece of code in a page is a part of a program beside it.
func TestPagesShowTheirPrograms(t *testing.T) {
	t.Parallel()
	beside := map[string][]byte{} // directories, and their programs
	for _, p := range programs() {
		text, err := os.ReadFile(filepath.Join(p.dir, p.file))
		if err != nil {
			t.Fatal(err)
		}
		beside[p.dir] = append(beside[p.dir], text...)
	}
	for dir, text := range beside {
		page, err := os.ReadFile(filepath.Join(dir, "README.md"))
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
			if !bytes.Contains(text, code) {
				t.Errorf("%s: no program has\n%s", dir, code)
			}
		}
		if shown < 3 {
			t.Errorf("%s shows %d tests", dir, shown)
		}
	}
}
