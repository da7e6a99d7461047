package check

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

const password = "s3cret of the database"

// program returns the path of a program, in PATH or where Debian installs servers.
func program(t *testing.T, name, hint string) string {
	t.Helper()
	return required.Program(t, name, hint, "/usr/sbin/"+name, "/usr/lib/postgresql/*/bin/"+name)
}

// A host is a folder and a user for a database server, which refuses to run as
// root.
type host struct {
	*testing.T
	dir string
	as  *syscall.Credential
}

func newHost(t *testing.T, users ...string) host {
	t.Helper()
	dir, err := os.MkdirTemp("", "check")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := host{T: t, dir: dir}
	if os.Getuid() != 0 {
		return h
	}
	for _, name := range append(users, "nobody") {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		h.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: true}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		return h
	}
	required.Missing(t, "no user here of whom a server may be: %s or nobody", strings.Join(users, ", "))
	return h
}

func (h host) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+h.dir) // a MariaDB that starts removes what others have in a folder of all
	cmd.Dir, cmd.SysProcAttr = h.dir, &syscall.SysProcAttr{Credential: h.as, Setpgid: true}
	return cmd
}

func (h host) write(name, text string) string {
	h.Helper()
	file := filepath.Join(h.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		h.Fatal(err)
	}
	return file
}

func (h host) prepare(name string, args ...string) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), 2*time.Minute)
	defer cancel()
	if out, err := h.command(ctx, name, args...).CombinedOutput(); err != nil {
		h.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// serve runs a server until the test ends, and waits until ready succeeds.
func (h host) serve(ready func() error, name string, args ...string) {
	h.Helper()
	var log bytes.Buffer
	cmd := h.command(context.Background(), name, args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &log, &log, time.Second
	if err := cmd.Start(); err != nil {
		h.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	h.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-ended:
			h.Fatalf("%s ended: %v\n%s", name, err, &log)
		default:
		}
		if time.Now().After(deadline) {
			h.Fatalf("%s does not serve: %v", name, err)
		}
	}
}

// freeAddress returns an address that the test keeps: a server that starts later still
// finds it free.
func freeAddress(t *testing.T) (address, port string) {
	t.Helper()
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { free.Close() })
	address = free.Addresses()[0]
	_, port, _ = net.SplitHostPort(address)
	return address, port
}

// postgres starts a PostgreSQL for the test and returns its address.
func postgres(t *testing.T, ready func(address string) error) string {
	t.Helper()
	server, initdb := program(t, "postgres", "apt install postgresql"), program(t, "initdb", "apt install postgresql")
	h := newHost(t, "postgres")
	address, port := freeAddress(t)
	data, secret := filepath.Join(h.dir, "data"), h.write("secret", password)
	h.prepare(initdb, "-D", data, "-U", "shop", "-A", "scram-sha-256", "--pwfile="+secret, "--no-sync", "--locale=C", "-E", "UTF8")
	h.serve(func() error { return ready(address) }, server, "-D", data, "-p", port, "-c", "fsync=off",
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "log_min_messages=panic")
	return address
}

// mariadb starts a MariaDB for the test, which speaks MySQL's protocol, and returns
// its address.
func mariadb(t *testing.T, ready func(address string) error) string {
	t.Helper()
	server, install := program(t, "mariadbd", "apt install mariadb-server"), program(t, "mariadb-install-db", "apt install mariadb-server")
	h := newHost(t, "mysql")
	address, port := freeAddress(t)
	data := filepath.Join(h.dir, "data")
	h.prepare(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	first := h.write("first.sql", "CREATE DATABASE IF NOT EXISTS shop;\nCREATE USER IF NOT EXISTS shop@'%' IDENTIFIED BY '"+password+"';\nGRANT ALL ON shop.* TO shop@'%';\n")
	h.serve(func() error { return ready(address) }, server, "--no-defaults", "--datadir="+data, "--port="+port,
		"--bind-address=127.0.0.1", "--socket="+filepath.Join(h.dir, "s"), "--init-file="+first, "--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--pid-file="+filepath.Join(h.dir, "pid"))
	return address
}
