package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// containerRoot is the variable that makes the test's own binary become the first process
// of a container with this root.
const containerRoot = "BLASTGAUGE_TEST_CONTAINER"

func TestMain(m *testing.M) {
	if root := os.Getenv(containerRoot); root != "" {
		err := enter(root, os.Args[1:])
		_, _ = os.Stderr.WriteString("container: " + err.Error() + "\n")
		os.Exit(125)
	}
	os.Exit(m.Run())
}

// enter does what a container engine does where the root is to be read-only: it mounts
// /proc, and volumes on /tmp and on the user's home, leaves every other file of this
// machine behind, gives up its rights, and becomes the program.
func enter(root string, args []string) error {
	at := func(name string) string { return filepath.Join(root, name) }
	err := errors.Join(
		syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount(root, root, "", syscall.MS_BIND, ""),
		syscall.Mount("proc", at("proc"), "proc", 0, ""),
		syscall.Mount("tmpfs", at("tmp"), "tmpfs", 0, "mode=1777"),
		syscall.Mount(at("volume"), at(home), "", syscall.MS_BIND, ""),
		syscall.Mount("", root, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""),
		syscall.Chroot(root),
		syscall.Chdir(home),
	)
	if os.Getuid() == 0 {
		err = errors.Join(err, syscall.Setgroups(nil), syscall.Setgid(user), syscall.Setuid(user))
	}
	if err != nil {
		return err
	}
	return syscall.Exec(programPath, append([]string{programPath}, args...), []string{"HOME=" + home, "PATH=" + filepath.Dir(programPath)})
}

// container starts the program as the first process of namespaces of its own. Who is not
// root is the image's user in a user namespace.
func container(ctx context.Context, root string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Env = []string{containerRoot + "=" + root}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		const sysChroot, sysAdmin = 18, 21 // capabilities, which are gone with the change of root and program
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{sysChroot, sysAdmin}
	}
	return cmd
}

// needContainers needs a machine that lets people make namespaces.
func needContainers(t *testing.T, root string) {
	t.Helper()
	said, err := container(t.Context(), root, "version").CombinedOutput()
	if err != nil {
		required.Missing(t, "this machine cannot make a container: %v\n%s", err, said)
	}
}

// unpackRoot returns the root of the image of this machine's platform, with what every
// engine adds: places to mount at, and /etc/hosts.
func unpackRoot(t *testing.T, certificates string) (root string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "image.tar")
	if err := image(t.Context(), []string{"-o", out, "-platforms", "linux/" + runtime.GOARCH, "-certificates", certificates}, io.Discard); err != nil {
		t.Fatal(err)
	}
	list := unpack(t, out)
	top, err := list.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	one, err := list.Image(top.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := one.Layers()
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(t.TempDir(), "root")
	for _, l := range layers {
		extract(t, gunzip(t, l), root)
	}
	volume := filepath.Join(root, "volume")
	if err := errors.Join(os.Mkdir(filepath.Join(root, "proc"), 0o755), os.Mkdir(volume, 0o700), os.Chmod(root, 0o755),
		os.WriteFile(filepath.Join(root, "etc", "hosts"), []byte("127.0.0.1 localhost\n::1 localhost\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(volume, user, user); err != nil {
			t.Fatal(err)
		}
	}
	for dir := filepath.Dir(root); dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) { // of t.TempDir, which are closed to others
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// The image has all that the program needs: it runs the demo with nothing but its own
// files, a read-only root, no rights and two volumes; and it trusts the certificates
// that the image was given.
func TestTheImageRunsTheDemo(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	root := unpackRoot(t, written(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	needContainers(t, root)
	t.Run("demo", func(t *testing.T) {
		args := []string{"demo", "--rate", "10", "--out", home + "/run", "recommendations-down"}
		for _, set := range []string{"defaults.limits.baseline=100%", "defaults.phases.warmup=100ms", "defaults.phases.baseline=500ms", "defaults.phases.fault=2s", "defaults.phases.recovery=100ms"} {
			args = append(args, "--set", set)
		}
		said, err := container(t.Context(), root, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		for _, build := range []string{"naive", "hardened"} {
			checkRun(t, filepath.Join(root, "volume", "run", build))
		}
	})
	t.Run("certificates", func(t *testing.T) {
		document := `{version: 1, system: shop, environment: staging, toxiproxy: "http://127.0.0.1:8474", url: "` + server.URL + `",
  dependencies: {payments: {proxy: payments}}, journeys: {look: {rate: 1/s, steps: [{name: look, request: GET /}]}}}`
		name := filepath.Join(root, "volume", "blastgauge.yaml")
		if err := os.WriteFile(name, []byte(document), 0o644); err != nil {
			t.Fatal(err)
		}
		if said, err := container(t.Context(), root, "try", "look").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
	})
	t.Run("SIGTERM", func(t *testing.T) { checkTerm(t, root) })
}

func checkRun(t *testing.T, dir string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || len(page) == 0 {
		t.Error(err)
	}
	found, err := result.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found.Experiments {
		if len(e.Faults) != 1 || !e.Faults[0].RemovalVerified {
			t.Errorf("%s: %+v", e.ID, e.Faults)
		}
	}
	if len(found.Experiments) != 1 {
		t.Errorf("%d experiments", len(found.Experiments))
	}
}

// checkTerm ends a proxy server as an engine does. The kernel gives a first process no
// signal that it does not handle.
func checkTerm(t *testing.T, root string) {
	t.Helper()
	cmd := container(t.Context(), root, "proxy", "--port", "0")
	cmd.Stderr = t.Output()
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for seen, buffer := (bytes.Buffer{}), make([]byte, 512); !strings.Contains(seen.String(), "ready"); {
		n, err := said.Read(buffer)
		seen.Write(buffer[:n])
		if err != nil {
			t.Fatalf("%v after %s", err, seen.String())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
