package generator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/supervise"
)

// This program is every process of these tests.
const (
	supervisorRole = "supervisor"
	runRole        = "run"      // has a program send until it is killed
	steadyRole     = "steady"   // sends what it is told to
	dyingRole      = "dying"    // sends a little, says why, and ends
	silentRole     = "silent"   // sends a little, and no more
	muteRole       = "mute"     // sends nothing
	stubbornRole   = "stubborn" // has a child, and ends for no signal
	childRole      = "child"
	wrapperRole    = "wrapper" // has a child that sends, and ends for a signal
	lastingRole    = "lasting" // sends what it is told to, and tells of one more journey
	strayRole      = "stray"   // has children that leave its group
	politeRole     = "polite"  // ends when it is told to, and says so
	wrongRole      = "wrong"   // writes what is no line
	bannerRole     = "banner"  // greets on its standard output, and sends nothing
	floodRole      = "flood"   // writes lines as fast as it can
)

func TestMain(m *testing.M) {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-test.") {
		os.Exit(m.Run())
	}
	switch role := os.Args[1]; role {
	case supervisorRole:
		exitOn(supervise.Supervise(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	case runRole:
		g, err := New(options(os.Args[2], os.Args[3:]...))
		exitOn(err)
		g.Run(context.Background(), func(journal.Observation) {})
	case childRole:
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		stay(os.Args[2], "child")
	case politeRole:
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		go stay(os.Args[2], "child")
		<-told
		fmt.Fprintln(os.Stderr, "told to end")
	default:
		playProgram(role, os.Args[2:])
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// stay tells a test who this process is and lives until the test closes the connection.
func stay(address, name string) {
	conn, err := net.Dial("tcp", address)
	exitOn(err)
	_, err = fmt.Fprintln(conn, name)
	exitOn(err)
	io.Copy(io.Discard, conn)
}

// playProgram is a program that sends journeys, or should.
func playProgram(role string, args []string) {
	var t told
	exitOn(json.Unmarshal([]byte(os.Getenv("BLASTGAUGE_TRAFFIC")), &t))
	switch role {
	case steadyRole:
		playSteady(t)
	case dyingRole:
		fmt.Fprintln(os.Stderr, "loading, with the password hunter2")
		say(os.Stdout, t, 20, time.Now())
		fmt.Fprintln(os.Stderr, "out of memory")
		os.Exit(3)
	case silentRole:
		say(os.Stdout, t, 5, time.Now())
		select {}
	case muteRole:
		select {}
	case stubbornRole:
		signal.Ignore(syscall.SIGTERM)
		exitOn(exec.Command(os.Args[0], childRole, args[0]).Start())
		go stay(args[0], "parent")
		playSteady(told{Arms: t.Arms, Journeys: t.Journeys, Epoch: t.Epoch, Stop: filepath.Join(os.TempDir(), "never")})
	case wrapperRole:
		exitOn(child(nil, lastingRole).Run())
	case lastingRole:
		signal.Ignore(syscall.SIGTERM)
		playSteady(t)
		last := time.Now().Add(-time.Millisecond)
		time.Sleep(200 * time.Millisecond)
		exitOn(writeAll(os.Stdout, []byte(strings.Replace(lineAt(t, "fault", last), "0.001", "0.2", 1))))
	case strayRole:
		away := &syscall.SysProcAttr{Setsid: true}
		exitOn(child(away, args[1], args[0]).Start())
		go stay(args[0], "parent")
		playSteady(told{Arms: t.Arms, Journeys: t.Journeys, Epoch: t.Epoch, Stop: filepath.Join(os.TempDir(), "never")})
	case wrongRole:
		playWrong(t)
	case bannerRole:
		exitOn(writeAll(os.Stdout, []byte("welcome, hunter2\n")))
		select {}
	case floodRole:
		text := lineAt(t, t.Arms[0].Arm, time.Now())
		exitOn(writeAll(os.Stdout, bytes.Repeat([]byte(text), floodLines)))
		fmt.Fprintln(os.Stderr, "written")
		select {}
	}
}

// child is this program in another role, which writes where this one does.
func child(as *syscall.SysProcAttr, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.SysProcAttr, c.Stdout, c.Stderr = as, os.Stdout, os.Stderr
	return c
}

func writeAll(to io.Writer, text []byte) error {
	_, err := to.Write(text)
	return err
}

const floodLines = 20_000

// playSteady sends every 20 ms through each arm until it is told to stop: half of the lines
// to its standard output, the others to the pipe by its name.
func playSteady(t told) {
	pipe := os.Stdout
	if t.Lines != "" {
		var err error
		pipe, err = os.OpenFile(t.Lines, os.O_WRONLY, 0)
		exitOn(err)
	}
	begun := time.Now()
	for n := 0; ; n++ {
		due := begun.Add(time.Duration(n) * 20 * time.Millisecond)
		time.Sleep(time.Until(due))
		if _, err := os.Stat(t.Stop); err == nil {
			return
		}
		for i, a := range t.Arms {
			to := os.Stdout
			if (n+i)%2 == 0 {
				to = pipe
			}
			exitOn(writeAll(to, []byte(lineAt(t, a.Arm, due))))
		}
	}
}

func say(to io.Writer, t told, n int, at time.Time) {
	for range n {
		exitOn(writeAll(to, []byte(lineAt(t, t.Arms[0].Arm, at))))
	}
}

func lineAt(t told, arm string, at time.Time) string {
	start := float64(at.UnixMicro())/1e6 - t.Epoch
	return fmt.Sprintf(`{"journey":"%s","arm":"%s","start":%.6f,"took":0.001,"outcome":"ok"}`+"\n", t.Journeys[0].Journey, arm, start)
}

// playWrong writes lines of each kind that is none of the experiment, blank ones, one that
// is too long, and one that is right.
func playWrong(t told) {
	now := time.Now()
	right := lineAt(t, "fault", now)
	traced := strings.Replace(right, "{", `{"trace":"4bf92f35",`, 1)
	for _, text := range []string{
		"starting up, token hunter2\n", "\n", "  \n",
		strings.Replace(right, "checkout", "chekout", 1), strings.Replace(right, `"fault"`, `"third"`, 1), strings.Replace(right, `"ok"`, `"fine"`, 1),
		lineAt(t, "fault", now.Add(-time.Hour)), lineAt(t, "fault", now.Add(time.Hour)),
		`{"detail":"` + strings.Repeat("x", MaxLine) + `"}` + "\n",
		strings.Repeat(`{"journey":"chekout","start":0,"outcome":"ok","took":1,"arm":"fault"}`+"\n", 50),
		right, traced, traced,
	} {
		exitOn(writeAll(os.Stdout, []byte(text)))
	}
	select {}
}

// options are those of an experiment with two arms whose program plays a role.
func options(role string, args ...string) Options {
	program, err := os.Executable()
	exitOn(err)
	e := plan.Experiment{
		ID: "payments-slow", Control: plan.Concurrent,
		Journeys: []plan.Journey{{Journey: experiments.Journey{Name: "checkout", Rate: 100, SlowAfter: 200 * time.Millisecond, Timeout: 300 * time.Millisecond, Steps: []experiments.Step{{Name: "pay"}}}}},
	}
	s := experiments.System{URL: "http://shop.test", ControlURL: "http://control.test", Traffic: &experiments.Traffic{Command: append([]string{program, role}, args...)}}
	return Options{
		Plan: &plan.Plan{Run: "r", System: s, Experiments: []plan.Experiment{e}}, Epoch: time.Now(), Supervisor: []string{program, supervisorRole},
		Environ: os.Environ(), Secrets: redact.FromEnv([]string{"PASSWORD"}, func(string) (string, bool) { return "hunter2", true }),
	}
}

// A sending is a program that sends for a test.
type sending struct {
	*Generator
	log  bytes.Buffer
	done chan struct{} // closed when Run has returned

	mu   sync.Mutex
	seen []journal.Observation
	hold chan struct{} // nil: nothing holds up who observes
}

// start starts a program. Whatever happens, it is gone when the test is over.
func start(t *testing.T, change func(*sending), role string, args ...string) *sending {
	t.Helper()
	s := &sending{done: make(chan struct{})}
	o := options(role, args...)
	o.Log = &s.log
	var err error
	if s.Generator, err = New(o); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		<-s.done
	})
	go func() {
		defer close(s.done)
		s.Run(ctx, s.observe)
	}()
	return s
}

func (s *sending) observe(o journal.Observation) {
	if s.hold != nil {
		<-s.hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, o)
}

func (s *sending) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// wait waits until something is so.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in a minute: not %s", what)
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Every journey is seen once, and an audit says that all of the plan were.
func TestAProgramSendsTheJourneys(t *testing.T) {
	t.Parallel()
	s := start(t, nil, steadyRole)
	wait(t, "the first line", func() bool { return s.count() > 0 })
	for _, p := range []journal.Phase{journal.Baseline, journal.Fault, journal.Recovery} {
		s.StartPhase(p)
		n := s.count()
		wait(t, "forty lines more", func() bool { return s.count() > n+40 })
	}
	s.Stop()
	s.Stop() // may be called again
	<-s.done
	a := s.Audit()
	if a.Ended != "" || len(a.Bad) > 0 || len(a.Journeys) != 6 || a.Lines != s.count() {
		t.Fatalf("%+v of %d", a, s.count())
	}
	for _, c := range a.Journeys {
		if c.Seen < c.Planned-2 || c.Seen > c.Planned+2 || c.Planned < 18 {
			t.Errorf("%+v", c)
		}
	}
	if isClosed(s.Ended()) {
		t.Error("it counts as ended before it was told to stop")
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", s.dir, err)
	}
}

// A program that dies is known at once, with its last words, which hold no secret.
func TestAProgramThatDies(t *testing.T) {
	t.Parallel()
	s := start(t, nil, dyingRole)
	<-s.Ended()
	s.Stop()
	<-s.done
	a := s.Audit()
	if a.Lines != 20 || !strings.Contains(a.Ended, "exit status 3") || !strings.Contains(a.Ended, "out of memory") || strings.Contains(a.Ended+s.log.String(), "hunter2") {
		t.Errorf("%+v; log %q", a, s.log.String())
	}
	if !strings.Contains(s.log.String(), "loading") {
		t.Errorf("the log is %q", s.log.String())
	}
}

// A program that falls silent is no use any more, and does not outlive that.
func TestAProgramThatFallsSilent(t *testing.T) {
	t.Parallel()
	s := start(t, func(s *sending) { s.patience = 300 * time.Millisecond }, silentRole)
	<-s.Ended()
	s.Stop()
	<-s.done
	<-s.Started()
	if a := s.Audit(); !strings.Contains(a.Ended, "no line for 300ms") {
		t.Errorf("%+v", a)
	}
}

// A program has its time to begin, and no more.
func TestAProgramThatDoesNotBegin(t *testing.T) {
	t.Parallel()
	s := start(t, func(s *sending) { s.patience, s.beginning = time.Millisecond, 600*time.Millisecond }, muteRole)
	<-s.Ended()
	s.Stop()
	<-s.done
	if a := s.Audit(); !strings.Contains(a.Ended, "no line within 600ms of its start") {
		t.Errorf("%+v", a)
	}
	select {
	case <-s.Started():
		t.Error("it has begun")
	default:
	}
}

// Silence is no shorter than the longest that all journeys may hang.
func TestPatience(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]time.Duration{100: 13 * time.Second, 1: 20 * time.Second} {
		g := &Generator{experiment: &plan.Experiment{Journeys: []plan.Journey{{Journey: experiments.Journey{Rate: rate, Timeout: 8 * time.Second}}}}}
		if got := g.mostSilence(); got != want {
			t.Errorf("at %g/s: %s, want %s", rate, got, want)
		}
	}
}

// meet listens for the parent and the child. The functions that it returns wait until both
// live, and until both are gone.
func meet(t *testing.T) (address string, live, gone func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	var met sync.WaitGroup
	met.Go(func() {
		for range 2 {
			if c, err := l.Accept(); err == nil {
				conns = append(conns, c)
			}
		}
	})
	t.Cleanup(func() { // what a test that failed has left ends with its connection
		l.Close()
		met.Wait()
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String(), met.Wait, func() {
		t.Helper()
		met.Wait()
		for _, c := range conns {
			c.SetReadDeadline(time.Now().Add(time.Minute))
			if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Fatalf("somebody lives: %v", err)
			}
		}
	}
}

// A program that does not stop is killed with all that it has started, and what it starts
// meanwhile does not count.
func TestAProgramThatDoesNotStop(t *testing.T) {
	t.Parallel()
	address, live, gone := meet(t)
	s := start(t, nil, stubbornRole, address)
	live()
	wait(t, "the first line", func() bool { return s.count() > 0 })
	s.StartPhase(journal.Recovery)
	stopped := s.since()
	s.Stop()
	<-s.done
	gone()
	if took := s.since() - stopped; took < 1300*time.Millisecond {
		t.Errorf("it had only %s to end its journeys", took)
	}
	a := s.Audit()
	if len(a.Bad) != 1 || a.Bad[0].Kind != AfterStop || a.Ended != "" {
		t.Errorf("%+v", a)
	}
	for _, o := range s.seen {
		if o.Intended > stopped+stopWithin+10*time.Millisecond {
			t.Errorf("a journey that started %s after the stop is observed", o.Intended-stopped)
		}
	}
}

// A shell that starts the program ends at once when it is told to. What it has started has
// its time all the same.
func TestAProgramOutlastsItsWrapper(t *testing.T) {
	t.Parallel()
	needAdoption(t)
	s := start(t, nil, wrapperRole)
	wait(t, "the first line", func() bool { return s.count() > 0 })
	s.Stop()
	<-s.done
	if last := s.seen[len(s.seen)-1]; last.Took != 200*time.Millisecond {
		t.Errorf("the last journey that was under way is not told of: %+v", last)
	}
	if a := s.Audit(); len(a.Bad) > 0 || a.Ended != "" {
		t.Errorf("%+v", a)
	}
}

func needAdoption(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("this system does not say who is left of a program")
	}
}

// Who has left the group of the program, as timeout(1) does in a script, is told to stop,
// and is killed as well.
func TestAProgramThatLeavesItsGroup(t *testing.T) {
	t.Parallel()
	needAdoption(t)
	for role, says := range map[string]string{politeRole: "told to end", childRole: ""} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			address, live, gone := meet(t)
			s := start(t, nil, strayRole, address, role)
			live()
			s.Stop()
			<-s.done
			gone()
			if !strings.Contains(s.log.String(), says) {
				t.Errorf("it was not told to end: %q", s.log.String())
			}
		})
	}
}

// When the run has no time left, neither has the program.
func TestAnAbandonedProgramIsKilled(t *testing.T) {
	t.Parallel()
	address, live, gone := meet(t)
	g, err := New(options(stubbornRole, address))
	if err != nil {
		t.Fatal(err)
	}
	ctx, abandon := context.WithCancel(t.Context())
	first := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.Run(ctx, func(journal.Observation) {
			select {
			case first <- struct{}{}:
			default:
			}
		})
	}()
	<-first
	live()
	abandon()
	<-done
	gone()
}

// Nothing outlives a run that is killed.
func TestARunThatIsKilledTakesItsProgramAlong(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{stubbornRole, strayRole} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			if role == strayRole {
				needAdoption(t)
			}
			address, live, gone := meet(t)
			c := exec.Command(program, runRole, role, address, childRole)
			c.Env = append(os.Environ(), "TMPDIR="+t.TempDir()) // where its pipe is left
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			live()
			c.Process.Kill()
			c.Wait()
			gone()
		})
	}
}

// Lines that are none of the experiment are counted by what is wrong with them, with the
// first few of each.
func TestLinesThatAreNoneOfTheExperiment(t *testing.T) {
	t.Parallel()
	s := start(t, nil, wrongRole)
	wait(t, "the right lines", func() bool { return s.count() > 1 })
	if !isClosed(s.Ended()) {
		t.Error("the first of them does not end the experiment")
	}
	s.Stop()
	<-s.done
	a := s.Audit()
	if !strings.Contains(a.Ended, "("+Malformed+")") || !strings.Contains(a.Ended, "starting up") || strings.Contains(a.Ended, "hunter2") {
		t.Errorf("it ended for %q", a.Ended)
	}
	got := map[string]int{}
	for _, b := range a.Bad {
		got[b.Kind] = b.Count
		if len(b.First) != min(b.Count, journal.MaxBadFirst) || slices.ContainsFunc(b.First, func(s string) bool { return s == "" || len(s) > journal.MaxBadText+3 || strings.Contains(s, "hunter2") }) {
			t.Errorf("%+v", b)
		}
	}
	want := map[string]int{Malformed: 1, UnknownJourney: 51, UnknownArm: 1, UnknownOutcome: 1, BeforeRun: 1, Future: 1, TooLong: 1, ToldTwice: 1}
	if fmt.Sprint(got) != fmt.Sprint(want) || a.Lines != 60 || s.count() != 2 {
		t.Errorf("%v of %d lines, %d journeys; want %v", got, a.Lines, s.count(), want)
	}
}

// What is no line of a journey is no sign of life: nothing has begun.
func TestABannerIsNoJourney(t *testing.T) {
	t.Parallel()
	s := start(t, nil, bannerRole)
	<-s.Ended()
	s.Stop()
	<-s.done
	if a := s.Audit(); isClosed(s.Started()) || s.heard.Load() != int64(s.vocabulary.began) || len(a.Bad) != 1 || strings.Contains(a.Ended+a.Bad[0].First[0], "hunter2") {
		t.Errorf("it has begun: %v, heard at %s; %+v", isClosed(s.Started()), time.Duration(s.heard.Load()), a)
	}
}

// While nobody takes what it writes, a program waits: nothing is kept beyond the pipe.
func TestAProgramWaitsForItsReader(t *testing.T) {
	t.Parallel()
	s := start(t, func(s *sending) { s.hold = make(chan struct{}) }, floodRole)
	s.hold <- struct{}{}
	time.Sleep(200 * time.Millisecond) // ample for all lines, if it did not wait
	if strings.Contains(s.Generator.log.lastWords(), "written") {
		t.Error("it has written everything, and nobody has read it")
	}
	close(s.hold)
	wait(t, "all lines", func() bool { return s.count() == floodLines })
}

func TestAProgramThatIsNotThere(t *testing.T) {
	t.Parallel()
	o := options(steadyRole)
	o.Plan.System.File = filepath.Join(t.TempDir(), "blastgauge.yaml")
	for _, program := range []string{"./none.sh", "no-such-program-anywhere"} {
		o.Plan.System.Traffic = &experiments.Traffic{Command: []string{program}}
		if err := Find(&o.Plan.System); err == nil || !strings.Contains(err.Error(), "traffic.command") {
			t.Errorf("%s: %v", program, err)
		}
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "traffic.command") {
			t.Errorf("%s is started: %v", program, err)
		}
	}
	script := filepath.Join(filepath.Dir(o.Plan.System.File), "none.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	o.Plan.System.Traffic.Command = []string{"./none.sh"}
	if err := Find(&o.Plan.System); err != nil {
		t.Errorf("beside the document: %v", err)
	}
}

// Journeys that hang are known before their end: those of the plan that nobody has told of.
func TestJourneysInFlight(t *testing.T) {
	t.Parallel()
	j := plan.Journey{Journey: experiments.Journey{SlowAfter: 2 * time.Second, Timeout: 8 * time.Second}}
	p := newPending(20, j)
	if got := p.starts(10*time.Second, 0); got != nil {
		t.Errorf("%v before the first line", got)
	}
	for at := 10 * time.Second; at < 20*time.Second; at += 50 * time.Millisecond {
		p.add(at, 1, 0)
	}
	if got := p.starts(20*time.Second, 0); len(got) != 0 {
		t.Errorf("all have ended, and %v are in flight", got)
	}
	got := p.starts(23*time.Second, 0)
	if len(got) != 60 || slices.ContainsFunc(got, func(at time.Duration) bool { return at < 20*time.Second || at > 23*time.Second }) {
		t.Errorf("%d hang since 20 s: %v", len(got), got)
	}
	if got := p.starts(23*time.Second, 21*time.Second); len(got) != 20 {
		t.Errorf("%d hang that were to start before the stop", len(got))
	}
	for at := 20 * time.Second; at < 30*time.Second; at += time.Second { // in lines of many
		p.add(at, 20, time.Second)
	}
	if got := p.starts(30*time.Second, 0); len(got) > 4 {
		t.Errorf("%d are in flight that lines of many told of", len(got))
	}
	if got := p.starts(60*time.Second, 0); len(got) > 13*20 {
		t.Errorf("%d are in flight, and %d can be", len(got), 13*20)
	}
}

// A program that waits for the system and makes up for it later is behind for a while, however
// many it sends in all. One that sends by its clock never is.
func TestAProgramThatMakesUpForWaitingWasBehind(t *testing.T) {
	t.Parallel()
	even, late, lost := slices.Repeat([]int{5}, 40), slices.Repeat([]int{5}, 40), slices.Repeat([]int{5}, 20)
	copy(late[10:], make([]int, 12))
	late[22] += 60
	for _, tt := range []struct {
		started []int
		least   int
		most    int
	}{{even, 0, 5}, {late, 60, 65}, {lost, 100, 105}, {slices.Repeat([]int{0, 0, 0, 20}, 10), 15, 20}} {
		if got := behind(tt.started, 5, 40); got < tt.least || got > tt.most {
			t.Errorf("%v was behind by %d, want %d to %d", tt.started, got, tt.least, tt.most)
		}
	}
	tally := newTally(&plan.Experiment{Control: plan.Baseline, Journeys: []plan.Journey{{Journey: experiments.Journey{Name: "checkout", Rate: 20}}}}, nil)
	tally.startPhase(journal.Fault, 10*time.Second)
	for n := range 200 {
		at := 10*time.Second + time.Duration(n)*50*time.Millisecond
		if at > 12*time.Second && at < 15*time.Second {
			at = 15 * time.Second // when the system answered again
		}
		tally.add(&journal.Observation{Intended: at})
	}
	tally.startPhase("", 20*time.Second)
	if c := tally.audit().Journeys[0]; c.Seen != c.Planned || c.Behind < 55 || c.Behind > 65 {
		t.Errorf("%+v, want 60 behind and none missing", c)
	}
}

// What is sent beside the plan hides nothing that hangs later.
func TestMoreThanPlannedHidesNothing(t *testing.T) {
	t.Parallel()
	p := newPending(20, plan.Journey{Journey: experiments.Journey{Timeout: 8 * time.Second}})
	for at := 10 * time.Second; at < 20*time.Second; at += 5 * time.Millisecond {
		p.add(at, 1, 0)
	}
	if got := p.starts(23*time.Second, 0); len(got) < 50 {
		t.Errorf("%d hang of 60", len(got))
	}
}

// How many lines a program can say in a second.
func BenchmarkLines(b *testing.B) {
	for b.Loop() {
		g, err := New(options(floodRole))
		if err != nil {
			b.Fatal(err)
		}
		ctx, end := context.WithCancel(b.Context())
		n := 0
		g.Run(ctx, func(journal.Observation) {
			if n++; n == floodLines {
				end()
			}
		})
		if n != floodLines {
			b.Fatalf("%d lines", n)
		}
		end()
	}
	b.ReportMetric(float64(floodLines*b.N)/b.Elapsed().Seconds(), "lines/s")
}
