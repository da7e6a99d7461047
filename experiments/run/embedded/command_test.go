package embedded

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/run/supervise"
)

// This program is every process of these tests.
const (
	supervisorRole = "supervisor" // with the shorter grace of a test
	runRole        = "run"        // starts a command and dies as it is told to
	parentRole     = "parent"     // a command with a child
	leaderRole     = "leader"     // one that leaves the group, as timeout(1) does
	childRole      = "child"      // a process that ignores what can be ignored
)

func TestMain(m *testing.M) {
	if len(os.Args) < 3 || strings.HasPrefix(os.Args[1], "-test.") {
		os.Exit(m.Run())
	}
	role, args := os.Args[1], os.Args[2:]
	switch role {
	case supervisorRole:
		shorter := strings.NewReader(`{"grace":100000000}`) // than what the run says
		exitOn(supervise.Supervise(args, io.MultiReader(os.Stdin, shorter), os.Stdout, os.Stderr))
	case runRole:
		playRun(args)
	case parentRole:
		playParent(args[0])
	case leaderRole:
		exitOn(syscall.Setpgid(0, 0))
		playParent(args[0])
	case childRole:
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		await(args[0], "child")
	default:
		os.Exit(1)
	}
}

func noSecrets() *redact.Secrets { return redact.FromEnv(nil, os.LookupEnv) }

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// ourselves returns the command line of this program in a role.
func ourselves(role string, args ...string) []string {
	program, err := os.Executable()
	exitOn(err)
	return append([]string{program, role}, args...)
}

// playRun starts a command and dies as its standard input says.
func playRun(args []string) {
	c, err := startCommand(ourselves(supervisorRole), args, noSecrets())
	exitOn(err)
	fmt.Println(c.process.Pid())
	word, err := bufio.NewReader(os.Stdin).ReadString('\n')
	exitOn(err)
	switch word {
	case "panic\n":
		panic("as it was told to")
	case "exit\n":
		os.Exit(3)
	case "stop\n":
		exitOn(c.stop())
	}
}

// playParent starts a child, says who it is, and lives until it is told to end.
func playParent(address string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	child := ourselves(childRole, address)
	exitOn(exec.Command(child[0], child[1:]...).Start())
	go await(address, "parent")
	<-signals
	os.Exit(7)
}

// await tells a test who this process is and lives until the test closes the
// connection.
func await(address, name string) {
	conn, err := net.Dial("tcp", address)
	exitOn(err)
	_, err = fmt.Fprintln(conn, name, os.Getpid())
	exitOn(err)
	io.Copy(io.Discard, conn)
}

// A family is a command and its child, as connections that end with them.
type family struct {
	listener net.Listener
	members  map[string]net.Conn
	pids     map[string]int
}

func newFamily(t *testing.T) *family {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &family{l, map[string]net.Conn{}, map[string]int{}}
	t.Cleanup(func() { // what a test that failed has left ends with its connection
		l.Close()
		for _, c := range f.members {
			c.Close()
		}
	})
	return f
}

func (f *family) address() string { return f.listener.Addr().String() }

// meet waits until both processes live.
func (f *family) meet(t *testing.T) {
	t.Helper()
	f.listener.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	for len(f.members) < 2 {
		conn, err := f.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var name string
		var pid int
		if _, err := fmt.Fscanln(conn, &name, &pid); err != nil {
			t.Fatal(err)
		}
		f.members[name], f.pids[name] = conn, pid
	}
}

// gone waits until a process has ended.
func (f *family) gone(t *testing.T, name string) {
	t.Helper()
	conn := f.members[name]
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatalf("the %s lives: %v", name, err)
	}
}

// A doomed run is a run that a test lets die.
type doomed struct {
	cmd        *exec.Cmd
	stdin      io.Writer
	supervisor int
}

func startRun(t *testing.T, command ...string) *doomed {
	t.Helper()
	args := ourselves(runRole, command...)
	d := &doomed{cmd: exec.Command(args[0], args[1:]...)}
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := d.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.cmd.Process.Kill()
		d.cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if d.supervisor, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	d.stdin = stdin
	return d
}

func (d *doomed) tell(t *testing.T, word string) {
	t.Helper()
	if _, err := fmt.Fprintln(d.stdin, word); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// hangUp is the signal of a terminal that closes. Below nohup processes ignore that one,
// so that another one has to do.
func hangUp() syscall.Signal {
	if signal.Ignored(syscall.SIGHUP) {
		return syscall.SIGTERM
	}
	return syscall.SIGHUP
}

// The command and what it started end with the run, however that dies, also where they
// left the group and do not listen to polite signals.
func TestTheCommandEndsWithItsRun(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(*testing.T, *doomed, *family){
		"killed":             func(t *testing.T, d *doomed, _ *family) { send(t, d.cmd.Process.Pid, syscall.SIGKILL) },
		"killed with group":  func(t *testing.T, d *doomed, _ *family) { send(t, -d.cmd.Process.Pid, syscall.SIGKILL) },
		"hung up with group": func(t *testing.T, d *doomed, _ *family) { send(t, -d.cmd.Process.Pid, hangUp()) },
		"panic":              func(t *testing.T, d *doomed, _ *family) { d.tell(t, "panic") },
		"exit":               func(t *testing.T, d *doomed, _ *family) { d.tell(t, "exit") },
		"stopped":            func(t *testing.T, d *doomed, _ *family) { d.tell(t, "stop") },
		"command ended first": func(t *testing.T, d *doomed, f *family) {
			send(t, f.pids["parent"], syscall.SIGKILL)
			f.gone(t, "parent")
			send(t, d.cmd.Process.Pid, syscall.SIGKILL)
		},
	} {
		for _, role := range []string{parentRole, leaderRole} {
			if role == leaderRole && runtime.GOOS != "linux" {
				continue // its group cannot be named safely
			}
			t.Run(name+" "+role, func(t *testing.T) {
				t.Parallel()
				f := newFamily(t)
				d := startRun(t, ourselves(role, f.address())...)
				f.meet(t)
				die(t, d, f)
				f.gone(t, "parent")
				f.gone(t, "child")
			})
		}
	}
}

// A supervisor that is killed takes nobody's end along: the run sees to it.
func TestTheSupervisorIsKilled(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	c, err := startCommand(ourselves(supervisorRole), ourselves(parentRole, f.address()), noSecrets())
	if err != nil {
		t.Fatal(err)
	}
	f.meet(t)
	send(t, c.process.Pid(), syscall.SIGKILL)
	f.gone(t, "parent")
	f.gone(t, "child")
	<-c.process.Ended()
	if err := c.stop(); err == nil || !strings.Contains(c.process.End(), "supervisor") {
		t.Errorf("stop() = %v", err)
	}
}

// Where the supervisor is killed and the run cannot see to it any more, the kernel
// kills the command itself. What it has started goes on.
func TestTheSupervisorIsKilledAndThenItsRun(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("this system does not kill a process with its parent")
	}
	f := newFamily(t)
	d := startRun(t, ourselves(parentRole, f.address())...)
	f.meet(t)
	send(t, d.cmd.Process.Pid, syscall.SIGSTOP)
	send(t, d.supervisor, syscall.SIGKILL)
	send(t, d.cmd.Process.Pid, syscall.SIGKILL)
	f.gone(t, "parent")
}

// A command that ends by itself is reported as it ended, and its children end with the
// run.
func TestTheCommandEndsFirst(t *testing.T) {
	t.Parallel()
	f := newFamily(t)
	c, err := startCommand(ourselves(supervisorRole), ourselves(parentRole, f.address()), noSecrets())
	if err != nil {
		t.Fatal(err)
	}
	f.meet(t)
	send(t, f.pids["parent"], syscall.SIGTERM)
	<-c.process.Ended()
	if c.process.End() != "exit status 7" {
		t.Errorf("it ended with %q", c.process.End())
	}
	if err := c.stop(); err == nil {
		t.Error("stop() does not say that it ended too early")
	}
	f.gone(t, "child")
}

func TestACommandThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	_, err := startCommand(ourselves(supervisorRole), []string{filepath.Join(t.TempDir(), "none")}, noSecrets())
	if _, ok := errors.AsType[*usage.Error](err); !ok {
		t.Errorf("startCommand() = %v", err)
	}
	if _, err := startCommand(ourselves("no-role"), []string{"true"}, noSecrets()); err == nil {
		t.Error("a program that is no supervisor was taken for one")
	}
	if _, err := startCommand(nil, []string{"true"}, noSecrets()); err == nil {
		t.Error("a command was started without a supervisor")
	}
}

// A process that is not the leader of its group would end others.
func TestSuperviseNeedsAGroup(t *testing.T) {
	t.Parallel()
	args := ourselves(supervisorRole, "true")
	cmd := exec.Command(args[0], args[1:]...) // in the group of this test
	if out, err := cmd.CombinedOutput(); err == nil || syscall.Getpgrp() == cmd.Process.Pid {
		t.Errorf("it ran: %s", out)
	}
}

// What the command wrote is kept in the run's directory, and a link that stands there
// already is not followed.
func TestKeepLog(t *testing.T) {
	t.Parallel()
	c, err := startCommand(ourselves(supervisorRole), []string{"/bin/sh", "-c", "echo out; echo err >&2"}, noSecrets())
	if err != nil {
		t.Fatal(err)
	}
	defer c.log.Close()
	<-c.process.Ended()
	c.finish()
	dir := t.TempDir()
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("safe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(dir, LogFile)); err != nil {
		t.Fatal(err)
	}
	if err := c.keepLog(dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{victim: "safe", filepath.Join(dir, LogFile): "out\nerr\n"} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", file, got, err)
		}
	}
}
