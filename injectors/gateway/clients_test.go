package gateway_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// The servers' own clients at work, as people use them by hand.

// tool runs a client with something to read, and gives all that it says.
func tool(t *testing.T, stdin string, environment []string, name string, args ...string) (said string, ok bool) {
	t.Helper()
	path := required.Program(t, name, "apt install redis-tools postgresql-client")
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin, cmd.Env = strings.NewReader(stdin), append(os.Environ(), environment...)
	out, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func TestRedisCLI(t *testing.T) {
	t.Parallel()
	r, _ := realRedis(t)
	host, port, err := net.SplitHostPort(r.address)
	if err != nil {
		t.Fatal(err)
	}
	took := regexp.MustCompile(`(?m)^\(\d+\.\d+s\)\n`) // it says of what was slow
	for _, protocol := range []string{"-2", "-3"} {
		cli := func(stdin string, args ...string) string {
			out, _ := tool(t, stdin, nil, "redis-cli", append([]string{"-h", host, "-p", port, protocol, "--no-raw"}, args...)...)
			return took.ReplaceAllString(out, "")
		}
		want := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("RESP%s: %s: %q, want %q", protocol[1:], what, got, want)
			}
		}
		r.Set(nil)
		script := "SET \"a b\" 1\nHSET h x 1\nHGETALL h\nGET \"a b\"\nMULTI\nINCR n\nEXEC\nDEL n h\n"
		pairs := "1) \"x\"\n2) \"1\"\n"
		if protocol == "-3" {
			pairs = "1# \"x\" => \"1\"\n"
		}
		want("without faults", cli(script), "OK\n(integer) 1\n"+pairs+"\"1\"\nOK\nQUEUED\n1) (integer) 1\n(integer) 2\n")
		r.inject("redis_error", `{'error':'READONLY'}`)
		refused := "(error) READONLY You can't write against a read only replica.\n"
		want("READONLY", cli("SET a 1\nGET \"a b\"\nMULTI\nINCR n\nEXEC\n"), refused+"\"1\"\nOK\n"+refused+"(error) EXECABORT Transaction discarded because of previous errors.\n")
		r.inject("redis_empty", `{}`)
		want("empty", cli("GET \"a b\"\nHGETALL h\nDBSIZE\n"), "(nil)\n(empty "+map[string]string{"-2": "array", "-3": "hash"}[protocol]+")\n(integer) 0\n")
		f := r.inject("redis_error", `{'error':'OOM','first':5}`)
		var load strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&load, "*3\r\n$3\r\nSET\r\n$%d\r\nk%d\r\n$1\r\nx\r\n", len(fmt.Sprint("k", i)), i)
		}
		if got := cli(load.String(), "--pipe"); !strings.Contains(got, "errors: 5, replies: 1000") || strings.Count(got, "OOM command not allowed") != 5 {
			t.Errorf("loading in bulk: %q", got)
		}
		if c := f.Counts(); c.Matched != 1000 || c.Affected != 5 {
			t.Errorf("it counted %+v", c)
		}
	}
}

func postgresCLI(t *testing.T, r *pgRig) {
	u, err := url.Parse(r.via)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	psql := func(stdin string, args ...string) (string, bool) {
		environment := []string{"PGPASSWORD=" + password, "PGSSLMODE=prefer", "PGGSSENCMODE=prefer", "LC_ALL=C"}
		return tool(t, stdin, environment, "psql", append([]string{"-X", "-q", "-t", "-A", "-h", u.Hostname(), "-p", u.Port(), "-U", u.User.Username(), "-d", "postgres"}, args...)...)
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	copied := "COPY t FROM STDIN;\n1\t1\n2\t2\n\\.\nSELECT count(*) FROM t;\nCOPY t TO STDOUT;\n"
	got, _ := psql(copied)
	want("without faults", got, "2\n1\t1\n2\t2\n")
	r.inject("postgres_error", `{'sqlstate':'40001','match':{'statement':'update'}}`)
	got, _ = psql("UPDATE t SET v = 9;\nSELECT sum(v) FROM t;\nBEGIN;\nUPDATE t SET v = 9;\nSELECT 1;\nCOMMIT;\nSELECT sum(v) FROM t;\n")
	serial := "ERROR:  could not serialize access due to concurrent update\n"
	want("an update", got, serial+"3\n"+serial+"ERROR:  current transaction is aborted, commands ignored until end of transaction block\n3\n")
	if got, ok := psql("", "-v", "ON_ERROR_STOP=1", "-c", "UPDATE t SET v = 9"); ok || got != serial {
		t.Errorf("it says %q and ends well: %v", got, ok)
	}
	r.inject("postgres_error", `{'sqlstate':'53100','match':{'statement':'copy'}}`)
	got, _ = psql(copied)
	full := "ERROR:  could not extend file \"base/16384/16385\": No space left on device\nHINT:  Check free disk space.\n"
	if !strings.HasPrefix(got, full) || !strings.HasSuffix(got, full) || strings.Count(got, full) != 2 { // between the two it says that the data is no SQL
		t.Errorf("a COPY: %q", got)
	}
	r.inject("postgres_error", `{'sqlstate':'57P01','match':{'statement':'select'}}`)
	if got, ok := psql("", "-c", "SELECT 1"); ok || !strings.Contains(got, "FATAL:  terminating connection due to administrator command") || !strings.Contains(got, "server closed the connection unexpectedly") {
		t.Errorf("a session that ends: %q", got)
	}
	r.inject("postgres_error", `{'sqlstate':'53300'}`)
	if got, ok := psql("", "-c", "SELECT 1"); ok || !strings.Contains(got, "FATAL:  sorry, too many clients already") {
		t.Errorf("a client that is not let in: %q", got)
	}
	r.Set(nil)
	got, _ = psql("SELECT count(*) FROM t;\n")
	want("afterwards", got, "2\n")
}
