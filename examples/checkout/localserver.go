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

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// ErrNotInstalled says that this machine has no such server.
var ErrNotInstalled = errors.New("is not installed")

// A LocalServer is a Redis or a PostgreSQL that was started from this machine's
// packages on a free port, with its data in a directory that goes with it. It
// also ends when this process dies, however that is.
type LocalServer struct {
	URL string // with user and password

	cmd   *exec.Cmd
	alive io.Closer     // the server ends when this is closed
	said  *os.File      // what it wrote
	ended chan struct{} // closed when the process is gone
	dir   string
}

const (
	serverReady = 30 * time.Second
	serverEnd   = 10 * time.Second
)

// StartRedis starts a redis-server that keeps nothing.
func StartRedis(ctx context.Context) (*LocalServer, error) { return StartRedisWith(ctx) }

// StartRedisWith is StartRedis with more arguments.
func StartRedisWith(ctx context.Context, more ...string) (*LocalServer, error) {
	binary, err := redisBinary()
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	s, err := newLocalServer(nil)
	if err != nil {
		return nil, err
	}
	s.URL = fmt.Sprintf("redis://127.0.0.1:%d", port)
	return s.start(ctx, nil, func(ctx context.Context) error {
		c := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), MaxRetries: -1, DisableIdentity: true})
		return errors.Join(c.Ping(ctx).Err(), c.Close())
	}, append([]string{binary, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--appendonly", "no"}, more...)...)
}

// StartPostgres makes a database cluster and starts a server on it, as another
// user if this one is root, whom PostgreSQL refuses.
func StartPostgres(ctx context.Context) (*LocalServer, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	as, err := notRoot()
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	s, err := newLocalServer(as)
	if err != nil {
		return nil, err
	}
	password := rand.Text()
	s.URL = (&url.URL{Scheme: "postgres", User: url.UserPassword("shop", password), Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/postgres"}).String()
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
	}, filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", "",
		"-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=100")
}

// ServersInstalled says whether this machine has both servers.
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

// postgresBinaries is the directory of initdb and postgres: in PATH, or the
// newest of Debian's.
func postgresBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("PostgreSQL %w: apt install postgresql, or give the URL of one", ErrNotInstalled)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4]) // a strange name is older than any
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// notRoot is another user to be where this one is root, else nil.
func notRoot() (*syscall.Credential, error) {
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

// newLocalServer makes the directory of a server, which is its owner's, and the
// file that it writes to.
func newLocalServer(as *syscall.Credential) (*LocalServer, error) {
	dir, err := os.MkdirTemp("", "blastgauge-server-")
	if err != nil {
		return nil, err
	}
	s := &LocalServer{dir: dir, ended: make(chan struct{})}
	s.said, err = os.Create(filepath.Join(dir, "log"))
	if err == nil && as != nil {
		err = os.Chown(dir, int(as.Uid), int(as.Gid))
	}
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s *LocalServer) remove() error {
	if s.said != nil {
		_ = s.said.Close() // it is removed
	}
	return os.RemoveAll(s.dir)
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

// keeper runs a server until its own standard input ends: when this process
// says so, and also when it is killed.
const keeper = `exec 3<&0
"$@" </dev/null &
server=$!
(cat <&3; kill -INT $server) >/dev/null 2>&1 &
wait $server`

// start runs a server and waits until asked answers without an error.
func (s *LocalServer) start(ctx context.Context, as *syscall.Credential, asked func(context.Context) error, args ...string) (*LocalServer, error) {
	s.cmd = exec.Command("/bin/sh", append([]string{"-c", keeper, "sh"}, args...)...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.said, s.said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true} // Ctrl-C is for us: callers end first
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
		_ = s.cmd.Wait() // being stopped is how it is meant to end
	}()
	ctx, cancel := context.WithTimeout(ctx, serverReady)
	defer cancel()
	for {
		err := asked(ctx)
		if err == nil {
			return s, nil
		}
		select {
		case <-s.ended:
			said, _ := os.ReadFile(s.said.Name()) // the error is that it ended
			return nil, errors.Join(fmt.Errorf("%s ended at once:\n%s", filepath.Base(args[0]), said), s.Close())
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s is not ready: %w", filepath.Base(args[0]), err), s.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Close ends the server and removes its data.
func (s *LocalServer) Close() error {
	_ = s.alive.Close() // a server that has ended already is no error
	select {
	case <-s.ended:
	case <-time.After(serverEnd):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
	}
	return s.remove()
}
