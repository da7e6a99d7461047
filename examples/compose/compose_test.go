// Package compose has no code: it is an example of blastgauge beside a system in containers,
// and a test that its files are right and that what they start works.
package compose

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// load reads compose.yaml as docker compose does, with all profiles.
func load(t *testing.T) *types.Project {
	t.Helper()
	o, err := cli.NewProjectOptions([]string{"compose.yaml"}, cli.WithProfiles([]string{"*"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := o.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func documents(t *testing.T) (*experiments.System, []*experiments.Experiment) {
	t.Helper()
	files, err := experiments.DefaultExperiments(experiments.SystemFile)
	if err != nil {
		t.Fatal(err)
	}
	system, list, err := experiments.Load(experiments.SystemFile, files)
	if err != nil {
		t.Fatal(experiments.Explain(err))
	}
	if err := errors.Join(system.CheckHosts(list...), system.CheckEnvironment()); err != nil {
		t.Error(err)
	}
	return system, list
}

// Every service may write its volumes alone, has no capabilities, and an image with a
// version; nothing but the storefronts' pages is published, and those on this machine alone.
func TestServicesAreRestricted(t *testing.T) {
	t.Parallel()
	version := regexp.MustCompile(`:[0-9]+(\.[0-9]+)+$`)
	for name, s := range load(t).Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) || s.Privileged {
			t.Errorf("%s is not restricted", name)
		}
		if !version.MatchString(s.Image) {
			t.Errorf("%s: the image %s has no version", name, s.Image)
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" || !strings.HasPrefix(name, "storefront") {
				t.Errorf("%s publishes %s at %q", name, p.Published, p.HostIP)
			}
		}
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// exposes reports whether a service has a port at which others reach it.
func exposes(s types.ServiceConfig, port string) bool {
	return slices.Contains(s.Expose, port) || slices.ContainsFunc(s.Ports, func(p types.ServicePortConfig) bool { return fmt.Sprint(p.Target) == port })
}

// Hosts and ports of the system file and of the commands are those of services.
func TestNamesAgree(t *testing.T) {
	t.Parallel()
	project := load(t)
	system, _ := documents(t)
	named := []string{system.URL, system.ControlURL, system.Toxiproxy}
	for _, d := range system.Dependencies {
		_, port, err := net.SplitHostPort(d.Listen)
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, d.Upstream, "tcp://proxy:"+port)
	}
	for _, s := range project.Services {
		for _, argument := range s.Command {
			if _, address, ok := strings.Cut(argument, "="); ok && !strings.HasPrefix(address, ":") {
				named = append(named, "tcp://"+address)
			}
		}
	}
	for _, text := range named {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := project.Services[u.Hostname()]; !ok || !exposes(s, u.Port()) {
			t.Errorf("%s: no service has that name and port", text)
		}
	}
	first, second := project.Services["storefront"], project.Services["storefront-control"]
	if first.Image != second.Image || strings.Contains(strings.Join(second.Command, " "), "proxy") || !strings.Contains(strings.Join(first.Command, " "), "payments=proxy:18083") {
		t.Errorf("the routes are %q and %q", first.Command, second.Command)
	}
}

// A stage is the services of compose.yaml as processes of this machine: every host and
// port has a free loopback address in its place.
type stage struct {
	t        *testing.T
	dir      string
	project  *types.Project
	programs map[string]string // by image
	free     []string          // addresses that are kept for this test
	at       map[string]string // those that are taken, by host:port of a service
}

// place puts addresses of this machine into a text of a service.
func (s *stage) place(service, text string) string {
	return regexp.MustCompile(`(^|[^\w.-])(0\.0\.0\.0|[a-z][a-z-]*)?:(\d{4,5})\b`).ReplaceAllStringFunc(text, func(found string) string {
		part := regexp.MustCompile(`^(.*?)(0\.0\.0\.0|[a-z][a-z-]*)?:(\d+)$`).FindStringSubmatch(found)
		host := part[2]
		if host == "" || host == "0.0.0.0" {
			host = service
		}
		key := host + ":" + part[3]
		if s.at[key] == "" {
			s.at[key], s.free = s.free[0], s.free[1:]
		}
		return part[1] + s.at[key]
	})
}

// command is what a service runs, with other arguments in place of its own where they are
// given.
func (s *stage) command(ctx context.Context, service string, more ...string) *exec.Cmd {
	c := s.project.Services[service]
	var args []string
	for _, a := range c.Command {
		args = append(args, s.place(service, a))
	}
	if i := slices.Index(args, "--port"); i >= 0 { // and the host before it
		host, port, err := net.SplitHostPort(s.place(service, ":8474"))
		if err != nil {
			s.t.Fatal(err)
		}
		args[i+1], args[i-1] = port, host
	}
	cmd := exec.CommandContext(ctx, s.programs[c.Image], append(args, more...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "XDG_STATE_HOME="+s.dir)
	for name, value := range c.Environment {
		cmd.Env = append(cmd.Env, name+"="+*value)
	}
	return cmd
}

// start starts a service and returns when it says that it is ready.
func (s *stage) start(service string) {
	s.t.Helper()
	cmd := s.command(context.Background(), service) // it ends in good order below
	cmd.Stderr = s.t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		continue
	}
	s.t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			s.t.Errorf("%s: %v", service, err)
		}
	})
	if lines.Text() != "ready" {
		s.t.Fatalf("%s ended", service)
	}
}

// build builds a program of a module.
func build(t *testing.T, module, room string) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), filepath.Base(room))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, room)
	cmd.Dir = module
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return program
}

// The processes of compose.yaml work together: journeys take both routes, the fault meets
// those of the first, and is gone in the end.
func TestTheProcesses(t *testing.T) {
	t.Parallel()
	ports, err := loopback.Reserve(20)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ports.Close() }()
	s := &stage{t: t, dir: t.TempDir(), project: load(t), free: ports.Addresses(), at: map[string]string{}, programs: map[string]string{
		"blastgauge:1.0.0":              build(t, "../..", "./cmd/blastgauge"),
		"blastgauge-example/shop:1.0.0": build(t, ".", "./shop"),
	}}
	if err := os.CopyFS(filepath.Join(s.dir, "experiments"), os.DirFS("experiments")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(experiments.SystemFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, experiments.SystemFile), []byte(s.place("proxy", string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"backends", "proxy", "storefront", "storefront-control"} {
		s.start(service)
	}
	for _, service := range []string{"storefront", "storefront-control"} {
		check := exec.CommandContext(t.Context(), s.programs["blastgauge-example/shop:1.0.0"], "healthy", "http://"+s.at[service+":8080"]+"/health")
		if said, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s is not healthy: %v\n%s", service, err, said)
		}
	}
	run := s.command(t.Context(), "blastgauge", "--set", "journeys.checkout.rate=20/s", "--set", "defaults.limits.baseline=100%",
		"--phases", "warmup=100ms,baseline=1s,fault=3s,recovery=100ms", "--out", filepath.Join(s.dir, "run"), "payments-slow")
	run.Cancel, run.WaitDelay = func() error { return run.Process.Signal(syscall.SIGTERM) }, 30*time.Second
	said, err := run.CombinedOutput()
	// What so short a run decides is the machine's business; that it measured is not.
	if code := run.ProcessState.ExitCode(); !slices.Contains([]int{0, 3, 4, 5}, code) {
		t.Fatalf("exit code %d, %v\n%s", code, err, said)
	}
	found, err := result.Load(filepath.Join(s.dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found.Experiments {
		if len(e.Faults) != 1 || !e.Faults[0].RemovalVerified || e.Faults[0].Exercised.Grade != result.GradeCounted || e.BlastRadius == nil {
			t.Errorf("%s: %+v\n%s", e.ID, e, said)
		}
	}
	if len(found.Experiments) != 1 {
		t.Errorf("%d experiments\n%s", len(found.Experiments), said)
	}
}
