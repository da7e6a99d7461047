package checkout

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/jackc/pgx/v5"
)

// ErrNotInstalled is the class of errors about a server that is not on this machine.
var ErrNotInstalled = errors.New("is not installed")

// A LocalServer is a Redis or a PostgreSQL that this process started on a free port,
// from a program in PATH or in the places of Debian's packages. Its data is in a
// temporary directory, which Close removes. The server stops when this process ends,
// even if it is killed.
type LocalServer struct {
	URL string // with user and password

	cmd   *exec.Cmd
	alive io.Closer     // the server stops when this is closed
	log   *os.File      // of the server
	ended chan struct{} // closed when the process is gone
	dir   string
	ports *loopback.Ports // its one, kept until it is closed
}

const (
	readyTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// StartRedis starts a redis-server that writes nothing to disk.
func StartRedis(ctx context.Context) (*LocalServer, error) { return StartRedisWith(ctx) }

// StartRedisWith is StartRedis with more arguments for redis-server.
func StartRedisWith(ctx context.Context, more ...string) (*LocalServer, error) {
	binary, err := redisBinary()
	if err != nil {
		return nil, err
	}
	s, err := newLocalServer(nil)
	if err != nil {
		return nil, err
	}
	address, port := s.address()
	s.URL = "redis://" + address
	return s.start(ctx, nil, func(ctx context.Context) error {
		return pingRedis(ctx, redisServer{address: address})
	}, append([]string{binary, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no"}, more...)...)
}

// StartPostgres creates a database cluster and starts a server on it. PostgreSQL
// refuses to run as root, so root starts it as the user postgres or nobody.
func StartPostgres(ctx context.Context) (*LocalServer, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s, err := newLocalServer(as)
	if err != nil {
		return nil, err
	}
	address, port := s.address()
	password := rand.Text()
	s.URL = (&url.URL{Scheme: "postgres", User: url.UserPassword("shop", password), Host: address, Path: "/postgres"}).String()
	data := filepath.Join(s.dir, "data")
	if err := s.initCluster(ctx, filepath.Join(bin, "initdb"), data, password, as); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s.start(ctx, as, func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, s.URL)
		if err != nil {
			return err
		}
		return c.Close(ctx)
	}, filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", port, "-k", "",
		"-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=100")
}

// ServersInstalled returns nil if this machine has both servers, else an error of class
// [ErrNotInstalled] that names what is missing.
func ServersInstalled() error {
	_, errRedis := redisBinary()
	_, errPostgres := postgresBinaries()
	return errors.Join(errRedis, errPostgres)
}

func redisBinary() (string, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", fmt.Errorf("redis-server %w: apt install redis-server, or give the address of one", ErrNotInstalled)
	}
	return path, nil
}

// postgresBinaries returns the directory of initdb and postgres: in PATH, or the newest
// version of Debian's packages.
func postgresBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("PostgreSQL %w: apt install postgresql, or give the URL of one", ErrNotInstalled)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4]) // 0 for a directory that is no version
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// unprivileged returns the user to run a server as if this process is root, else nil.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: []uint32{}}, errors.Join(errUID, errGID)
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no other user for it: %w", errors.Join(errs...))
}

// newLocalServer creates the directory of a server, which belongs to the user as, and
// its log file.
func newLocalServer(as *syscall.Credential) (*LocalServer, error) {
	dir, err := os.MkdirTemp("", "blastgauge-server-")
	if err != nil {
		return nil, err
	}
	s := &LocalServer{dir: dir, ended: make(chan struct{})}
	s.ports, err = loopback.Reserve(1)
	if err == nil {
		s.log, err = os.Create(filepath.Join(dir, "log"))
	}
	if err == nil && as != nil {
		err = os.Chown(dir, int(as.Uid), int(as.Gid))
	}
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// address returns where the server listens, and its port alone.
func (s *LocalServer) address() (address, port string) {
	address = s.ports.Addresses()[0]
	return address, address[strings.LastIndexByte(address, ':')+1:]
}

func (s *LocalServer) remove() error {
	if s.log != nil {
		_ = s.log.Close() // the file is removed in any case
	}
	err := os.RemoveAll(s.dir)
	if s.ports != nil {
		err = errors.Join(err, s.ports.Close())
	}
	return err
}

func (s *LocalServer) initCluster(ctx context.Context, initdb, data, password string, as *syscall.Credential) error {
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return err
	}
	if as != nil {
		if err := os.Chown(secret, int(as.Uid), int(as.Gid)); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, initdb, "-D", data, "-U", "shop", "--pwfile="+secret,
		"--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return os.Remove(secret)
}

// supervisor is a shell script that runs a server and stops it when its own standard
// input ends: when Close closes that, and when this process is killed.
const supervisor = `exec 3<&0
"$@" </dev/null &
server=$!
(cat <&3; kill -INT $server) >/dev/null 2>&1 &
wait $server`

// start runs a server and waits until ping succeeds.
func (s *LocalServer) start(ctx context.Context, as *syscall.Credential, ping func(context.Context) error, args ...string) (*LocalServer, error) {
	s.cmd = exec.Command("/bin/sh", append([]string{"-c", supervisor, "sh"}, args...)...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true} // keeps Ctrl-C from the server: its callers must end first
	stdin, err := s.cmd.StdinPipe()
	if err == nil {
		s.alive = stdin
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // it ends by a signal
	}()
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := ping(ctx)
		if err == nil {
			return s, nil
		}
		select {
		case <-s.ended:
			output, _ := os.ReadFile(s.log.Name()) // without it, the error still says that the server ended
			return nil, errors.Join(fmt.Errorf("%s ended at once:\n%s", filepath.Base(args[0]), output), s.Close())
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s is not ready: %w", filepath.Base(args[0]), err), s.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Close stops the server and removes its data.
func (s *LocalServer) Close() error {
	_ = s.alive.Close() // fails if the server has ended already
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // fails if it ended just now
		<-s.ended
	}
	return s.remove()
}
