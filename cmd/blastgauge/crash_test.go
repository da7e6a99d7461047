package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/waiting"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// The crash matrix kills a run at each event of its journal, in each of these
// ways, with each of these kinds of fault, on either kind of server, and wants
// nothing to be left. Each event is met by KILL and by one of the others in turn;
// go test takes one in some of these cases, and cmd/measure crash takes them all.
//
//	BLASTGAUGE_CRASH=STOP go test ./cmd/blastgauge -run TestCrashMatrix -v
const crasher = "crasher"

// Ways to die. TWICE is a run that is killed after its guard was, THRICE three
// signals that do not let it finish, STOP and FREEZE leave it stopped until it is
// fenced off: then it is killed, or goes on. FULL is no death, but a disk that is
// full from then on, in the middle of the next line.
var deaths = []string{"KILL", "INT", "TERM", "HUP", "QUIT", "PANIC", "TWICE", "THRICE", "STOP", "FREEZE", "FULL"}

// A crashFault is an experiment as far as its faults go.
type crashFault struct {
	name, faults, servers string
	phase                 string // how long they last; empty: 300ms
}

var crashFaults = []crashFault{
	{name: "down", faults: "{inject: down, into: shop}", servers: "stock ours"},
	{name: "two in turn", faults: "{inject: timeout, into: other, for: 200ms}, {inject: limit_data, into: shop, bytes: 100KB, at: 100ms}", servers: "stock ours"},
	{name: "bytes and a file", faults: "{inject: latency, into: shop, latency: 20ms}, " + crashFile, servers: "stock"},
	{name: "a command and bytes", faults: crashCommand + ", {inject: latency, into: shop, latency: 20ms, at: 50ms}", servers: "ours"},
	{name: "bytes, messages and a file", faults: "{inject: latency, into: other, latency: 20ms}, " + crashDocument + ", " + crashFile, servers: "ours"},
}

// crash is run as a process of its own, with a recorder beside the journal that
// brings death when an event has been recorded.
//
//	crasher FILE OUT EVENT DEATH
//
// EVENT is the number of an event, or a kind of which there is one.
func crash() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.LookupEnv}
	os.Exit(a.attend(func(ctx context.Context) int {
		o := runOptions{selection: selection{systemFlags: systemFlags{file: os.Args[1]}}, out: os.Args[2], token: os.Getenv("CRASH_TOKEN"), blind: os.Getenv("CRASH_BLIND") != ""}
		loaded, err := o.plan(context.Background(), os.LookupEnv)
		if err != nil {
			a.explain(err)
			return exit.Code(err)
		}
		at, err := strconv.Atoi(os.Args[3])
		if err != nil {
			at = 0 // it is a kind
		}
		out, err := perform(ctx, a, o, loaded.Plan, func(*plan.Plan) run.View {
			return &reaper{at: at, kind: journal.Kind(os.Args[3]), death: os.Args[4], dir: o.out}
		})
		if out == nil {
			a.explain(err)
			return exit.Code(err)
		}
		if out.Decisive {
			fmt.Fprintf(os.Stderr, "error: %v\n", out.Err)
		}
		return out.Result.Run.ExitCode
	}))
}

// perform runs a plan as the command does, with another view or none, and without its
// reports.
func perform(ctx context.Context, a *app, o runOptions, p *plan.Plan, view func(*plan.Plan) run.View) (*run.Outcome, error) {
	options, err := a.runOptions(o)
	if err != nil {
		return nil, err
	}
	options.View = view
	return run.Run(ctx, p, options)
}

// A reaper is a view that looks on until its time has come.
type reaper struct {
	live.Silent
	at    int
	kind  journal.Kind
	death string
	dir   string

	mu   sync.Mutex
	seen int
}

// Times of the guard process.
const (
	fencedAfter = 3200 * time.Millisecond // without a sign of life
	arrivesIn   = 2 * time.Second         // waited for what a killed run was injecting
)

// killedFile holds the time of death, and heldFile how many events were on a disk when it
// was full: events that no view has been told of yet are on it as well.
const (
	killedFile = "killed"
	heldFile   = "held"
)

func (r *reaper) Record(e journal.Event) {
	r.mu.Lock()
	r.seen++
	due := r.seen == r.at || e.Kind == r.kind
	r.mu.Unlock()
	if !due {
		return
	}
	now := strconv.FormatInt(time.Now().UnixNano(), 10)
	if err := os.WriteFile(filepath.Join(r.dir, killedFile), []byte(now), 0o600); err != nil {
		panic(err)
	}
	self := os.Getpid()
	switch r.death {
	case "PANIC":
		panic("as the test wants")
	case "TWICE":
		guard := guardOf(self)
		if guard == 0 {
			panic("the run has no guard")
		}
		syscall.Kill(guard, syscall.SIGKILL)
		syscall.Kill(self, syscall.SIGKILL)
	case "THRICE":
		for range 3 {
			syscall.Kill(self, syscall.SIGTERM)
			time.Sleep(2 * time.Millisecond) // signals of one kind are not counted
		}
		return
	case "STOP", "FREEZE":
		syscall.Kill(self, syscall.SIGSTOP)
		return
	case "FULL":
		r.fill()
		return
	default:
		syscall.Kill(self, signalNumbers[r.death])
		if r.death != "KILL" && r.death != "QUIT" {
			return
		}
	}
	select {} // nothing happens after death
}

// fill lets no file of this process grow beyond some bytes of the next event.
func (r *reaper) fill() {
	info, err := os.Stat(filepath.Join(r.dir, journal.EventsFile))
	if err != nil {
		panic(err)
	}
	signal.Ignore(syscall.SIGXFSZ) // which is how a process is told
	size := uint64(info.Size()) + 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
		panic(err)
	}
	held := r.lines()
	for again := -1; again != held; { // a line may have been on its way
		again = held
		time.Sleep(5 * time.Millisecond)
		held = r.lines()
	}
	if err := os.WriteFile(filepath.Join(r.dir, heldFile), []byte(strconv.Itoa(held)), 0o600); err != nil {
		panic(err)
	}
}

// lines is how many events the journal holds.
func (r *reaper) lines() int {
	text, err := os.ReadFile(filepath.Join(r.dir, journal.EventsFile))
	if err != nil {
		panic(err)
	}
	return bytes.Count(text, []byte("\n"))
}

// A victim is one case of the matrix.
type victim struct {
	server string
	fault  crashFault
	death  string
	event  int // counted from 1
}

func (v victim) String() string {
	return fmt.Sprintf("%s, %s, event %d, %s", v.server, v.fault.name, v.event, v.death)
}

func TestCrashMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("kills some hundred runs")
	}
	t.Parallel() // mostly waiting
	dependency := crashDependency()
	defer dependency.Close()
	began := time.Now()
	var victims []victim
	for _, f := range crashFaults {
		for server := range strings.FieldsSeq(f.servers) {
			events, calls := survive(t, victim{server, f, "", 0}, dependency.URL)
			victims = append(victims, crashCases(server, f, events)...)
			victims = append(victims, callCases(server, f, calls)...)
		}
	}
	victims = append(thinned(victims), renewalCase()...)
	toll := &toll{cases: map[string][]casualty{}}
	t.Run("cases", func(t *testing.T) {
		slots := make(chan struct{}, waiting.AtOnce) // each mostly waits
		var running sync.WaitGroup
		for _, v := range victims {
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				c, err := newCrashCase(t.TempDir(), v, dependency.URL)
				if err == nil {
					err = errors.Join(c.die(toll), c.close())
				}
				if err != nil {
					t.Errorf("%s: %v", v, err)
				}
			})
		}
		running.Wait()
	})
	if toll.outlived > 1+len(victims)/10 {
		t.Errorf("%d of %d runs ended before they could be killed", toll.outlived, len(victims))
	}
	t.Logf("%d cases in %s\n%s", len(victims), time.Since(began).Round(time.Second), toll)
}

// eachCrash is every event with KILL and one other death, allCrashes the product.
const (
	eachCrash  = "each"
	allCrashes = "all"
)

// wantedCrashes is eachCrash, allCrashes, a text that wanted cases hold, or empty:
// some of eachCrash.
func wantedCrashes() string { return os.Getenv("BLASTGAUGE_CRASH") }

func (v victim) wanted() bool {
	wanted := wantedCrashes()
	return slices.Contains([]string{"", eachCrash, allCrashes}, wanted) || strings.Contains(v.String(), wanted)
}

// thinned leaves cases out that nobody asked for by name.
func thinned(victims []victim) []victim {
	if wantedCrashes() != "" {
		return victims
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	return victims[:len(victims)/oneIn]
}

// crashCases are the cases of one kind of fault whose run has n events.
func crashCases(server string, f crashFault, n int) []victim {
	wanted := wantedCrashes()
	var list []victim
	for event := 1; event <= n; event++ {
		ways := deaths
		if wanted == "" || wanted == eachCrash {
			ways = []string{"KILL", deaths[1+(event+len(f.name)+len(server))%(len(deaths)-1)]}
		}
		for _, death := range ways {
			v := victim{server, f, death, event}
			if v.wanted() {
				list = append(list, v)
			}
		}
	}
	return list
}

// survive runs an experiment to its end and counts its events, and its calls that
// can be fatal.
func survive(t *testing.T, v victim, dependency string) (events, calls int) {
	t.Helper()
	c, err := newCrashCase(t.TempDir(), v, dependency)
	if err != nil {
		t.Fatal(err)
	}
	err = c.run(func() {})
	if text, readErr := os.ReadFile(filepath.Join(c.out, journal.EventsFile)); readErr == nil {
		if err := c.close(); err != nil {
			t.Error(err)
		}
		injected := bytes.Count(text, []byte("fault_injected"))
		if injected != strings.Count(v.fault.faults, "inject:") || !bytes.Contains(text, []byte("run_ended")) {
			t.Fatalf("%s: it has to inject and to end before it can be killed: %v\n%s", v, err, c.stderr.String())
		}
		if told := strings.Count(v.fault.faults, "reload:"); c.between.poisoned != told {
			t.Fatalf("%s: the system got bad config %d times, not %d", v, c.between.poisoned, told)
		}
		return seenEvents(text), c.between.calls
	}
	t.Fatalf("%s: %v\n%s", v, err, c.stderr.String())
	return 0, 0
}

// seenEvents counts the lines of a journal of which a view is told: of harm it is told
// by the journeys.
func seenEvents(text []byte) int {
	return bytes.Count(text, []byte("\n")) - bytes.Count(text, []byte(`"kind":"harm_seen"`))
}

// A crashCase is the world of one victim.
type crashCase struct {
	victim
	dir, out string
	url      string
	between  *between
	stop     func() error
	stderr   bytes.Buffer
	process  *os.Process
}

const crashSystem = `version: 1
system: shop
environment: staging
toxiproxy: %s
url: http://%s
dependencies:
  shop: {proxy: shop}
  other: {proxy: other}
journeys:
  visit: {rate: 20/s, slow_after: 100ms, timeout: 500ms, steps: [{name: look, request: GET /}]}
defaults:
  phases: {warmup: 100ms, baseline: 300ms, fault: %s, recovery: 300ms}
  limits: {blast_radius: 5%%, baseline: 100%%} # a busy machine is slow: its faults are injected all the same
`

const crashExperiment = `version: 1
experiment: e
hypothesis: Nothing is left.
faults: [%s]
`

func newCrashCase(dir string, v victim, dependency string) (*crashCase, error) {
	c := &crashCase{victim: v, dir: dir, out: filepath.Join(dir, "run")}
	if v.server == "ours" {
		s, err := proxy.Start(proxy.Options{Version: "crash"})
		if err != nil {
			return nil, err
		}
		c.url, c.stop = s.URL(), s.Close
	} else {
		url, stop, err := startStock()
		if err != nil {
			return nil, err
		}
		c.url, c.stop = url, stop
	}
	c.between = newBetween(c)
	ports, err := loopback.Reserve(2) // also while a proxy is down
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	server := c.stop
	c.stop = func() error { return errors.Join(server(), ports.Close()) }
	addresses := ports.Addresses()
	c.between.document = "http://" + addresses[0]
	upstream := strings.TrimPrefix(dependency, "http://")
	if v.server == "ours" {
		upstream = dependency
	}
	for i, name := range []string{"shop", "other"} {
		body := fmt.Sprintf(`{"name":%q,"listen":%q,"upstream":%q,"enabled":true}`, name, addresses[i], upstream)
		resp, err := http.Post(c.url+"/proxies", "application/json", strings.NewReader(body))
		if err != nil {
			return nil, errors.Join(err, c.stop())
		}
		var made struct{ Listen, Error string }
		err = json.NewDecoder(resp.Body).Decode(&made)
		resp.Body.Close()
		if err != nil || made.Listen == "" {
			return nil, errors.Join(fmt.Errorf("proxy: %s %s", resp.Status, made.Error), err, c.stop())
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "experiments"), 0o700); err != nil {
		return nil, err
	}
	faults := strings.NewReplacer("FILE", c.config(), "SYSTEM", c.between.URL).Replace(v.fault.faults)
	return c, errors.Join(
		os.Mkdir(filepath.Dir(c.config()), 0o700),
		os.WriteFile(c.config(), []byte(crashConfig), crashFileMod),
		os.WriteFile(filepath.Join(dir, "blastgauge.yaml"), fmt.Appendf(nil, crashSystem, c.between.URL, addresses[0], cmp.Or(v.fault.phase, "300ms")), 0o600),
		os.WriteFile(filepath.Join(dir, "experiments/e.yaml"), fmt.Appendf(nil, crashExperiment, faults), 0o600))
}

func (c *crashCase) close() error {
	c.between.Close()
	return c.stop()
}

// run runs the victim to its end.
func (c *crashCase) run(during func()) error {
	path, err := exec.LookPath(crasher)
	if err != nil {
		return err
	}
	cmd := exec.Command(path, filepath.Join(c.dir, "blastgauge.yaml"), c.out, strconv.Itoa(c.event), c.death)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(c.dir, "state"))
	cmd.Stderr = &c.stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	c.between.meet(cmd.Process)
	c.process = cmd.Process
	during()
	return cmd.Wait()
}

// die kills the victim and looks at what it left.
func (c *crashCase) die(toll *toll) error {
	c.run(c.haunt) // how it ends is not the question
	death, err := c.timeOfDeath()
	if err != nil && c.outlived() {
		toll.outlive()
		return nil
	}
	if err != nil {
		return fmt.Errorf("it was not killed: %w: %s", err, c.stderr.String())
	}
	if c.death == "TWICE" {
		if code, out := c.command("recover"); code != 0 {
			return fmt.Errorf("recover: exit code %d: %s", code, out)
		}
	}
	took, err := c.untilClean(death)
	if err != nil {
		return err
	}
	toll.add(c.victim, took)
	limit := 8 * time.Second // less than a lease takes to lapse; how long it took is in the log
	if c.server != "ours" {
		limit = 25 * time.Second // nothing lapses there
	}
	if c.death == "STOP" || c.death == "FREEZE" {
		limit += fencedAfter
	}
	if took > limit {
		return fmt.Errorf("clean after %s: %s", took, c.stderr.String())
	}
	return errors.Join(c.unlisted(), c.quiet(), c.explained(), c.readable())
}

// outlived reports whether the run ended in good order before the event of its death came.
// The run that was counted may have had one more: where a machine is slow, faults are
// looked at once more.
func (c *crashCase) outlived() bool {
	text, err := os.ReadFile(filepath.Join(c.out, journal.EventsFile))
	return err == nil && bytes.Contains(text, []byte(`"kind":"run_ended"`)) && seenEvents(text) < c.event
}

// quiet waits for the end of the guard, which takes its empty log along, and wants
// everything still clean then: what was on its way has arrived.
func (c *crashCase) quiet() error {
	c.between.landed.Wait()
	for deadline := time.Now().Add(arrivesIn + 30*time.Second); c.death != "TWICE"; time.Sleep(lookEvery) {
		said, err := os.ReadFile(filepath.Join(c.out, cleanup.LogFile))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the guard does not end: %q, %w", said, err)
		}
	}
	proxies, held, err := c.look()
	if err == nil && (!tidy(proxies) || held) {
		err = fmt.Errorf("not clean when all is quiet: %+v, held %v", proxies, held)
	}
	return errors.Join(err, c.whole())
}

func (c *crashCase) timeOfDeath() (time.Time, error) {
	if at := c.between.death(); !at.IsZero() {
		return at, nil
	}
	text, err := os.ReadFile(filepath.Join(c.out, killedFile))
	if err != nil {
		return time.Time{}, err
	}
	nanos, err := strconv.ParseInt(string(text), 10, 64)
	return time.Unix(0, nanos), err
}

// haunt deals with a victim that is stopped: once it is fenced off it is killed,
// or goes on.
func (c *crashCase) haunt() {
	if c.death != "STOP" && c.death != "FREEZE" {
		return
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(c.out, journal.FenceFile)); err == nil {
			break
		}
	}
	if c.death == "STOP" {
		c.process.Kill()
		return
	}
	c.process.Signal(syscall.SIGCONT)
}

// command runs blastgauge in the victim's world.
func (c *crashCase) command(args ...string) (int, string) {
	var out bytes.Buffer
	a := &app{stdout: &out, stderr: &out, getenv: func(name string) (string, bool) {
		if name == "XDG_STATE_HOME" {
			return filepath.Join(c.dir, "state"), true
		}
		return os.LookupEnv(name)
	}}
	return a.execute(context.Background(), args), out.String()
}

var errNotClean = errors.New("faults are left on the server")

// untilClean waits for every proxy enabled and without toxics, for nobody who
// holds the server, and for the config file as it was. The time is from the death.
func (c *crashCase) untilClean(death time.Time) (time.Duration, error) {
	for {
		proxies, held, err := c.look()
		if err != nil {
			return 0, err
		}
		took, broken := time.Since(death), c.whole()
		if tidy(proxies) && !held && broken == nil {
			return took, nil
		}
		if took > 30*time.Second {
			log, _ := os.ReadFile(filepath.Join(c.out, cleanup.LogFile))
			return 0, fmt.Errorf("not clean after %s: %+v, held %v; its guard said %q: %w", took, proxies, held, log, cmp.Or(broken, errNotClean))
		}
		time.Sleep(5 * time.Millisecond) // which is how exactly the time until then is known
	}
}

func (c *crashCase) look() (proxies map[string]proxyState, held bool, err error) {
	if err := fetch(c.url+"/proxies", &proxies); err != nil {
		return nil, false, err
	}
	if c.server != "ours" {
		return proxies, false, nil // there the lock is a proxy
	}
	var leases []any
	err = fetch(c.url+"/blastgauge/leases", &leases)
	return proxies, len(leases) > 0, err
}

func fetch(url string, into any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}

// unlisted waits for the run to be off the list of open ones: the last thing that
// whoever tidied up does.
func (c *crashCase) unlisted() error {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(lookEvery) {
		list, err := journal.OpenRegistry(filepath.Join(c.dir, "state")).All()
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("still listed as open: %+v", list)
		}
	}
}

// explained wants a report of the run that says how it ended.
func (c *crashCase) explained() error {
	code, out := c.command("report", c.out)
	if code != 0 {
		return fmt.Errorf("report: exit code %d: %s", code, out)
	}
	if strings.Contains(out, "NOT REMOVED") {
		return fmt.Errorf("the report says that a fault is left:\n%s", out)
	}
	text, err := os.ReadFile(filepath.Join(c.out, result.File))
	if err != nil {
		return err
	}
	var r struct {
		Run struct{ Outcome, Error string }
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	ended := slices.Contains([]string{"completed", "interrupted", "failed"}, r.Run.Outcome)
	if !ended || r.Run.Outcome == "failed" && r.Run.Error == "" {
		return fmt.Errorf("the report does not say how it ended: %+v", r.Run)
	}
	return nil
}

// readable wants every line of the journal and of the record beside it whole, but
// for the last one.
func (c *crashCase) readable() error {
	for _, name := range []string{journal.EventsFile, journal.UndoFile} {
		events := 0
		file, err := os.Open(filepath.Join(c.out, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, err := range journal.ReadEvents(file) {
			if err != nil {
				file.Close()
				return fmt.Errorf("%s: %w", name, err)
			}
			events++
		}
		file.Close()
		if c.death == "FULL" && name == journal.EventsFile {
			if err := c.full(events); err != nil {
				return err
			}
		}
	}
	return nil
}

// full wants the events that were on the disk when it was full, and none after them. No
// view is told of an event that is not on it.
func (c *crashCase) full(events int) error {
	text, err := os.ReadFile(filepath.Join(c.out, heldFile))
	if err != nil {
		return err
	}
	if held, err := strconv.Atoi(string(text)); err != nil || events != held || held < c.event {
		return fmt.Errorf("%d events on a disk with room for %d, of which the view has seen %d, %w", events, held, c.event, err)
	}
	return nil
}

// A toll is how long it took until everything was clean, by the way to die.
type toll struct {
	mu       sync.Mutex
	cases    map[string][]casualty
	outlived int // cases whose event did not come
}

type casualty struct {
	victim
	took time.Duration
}

func (t *toll) outlive() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.outlived++
}

func (t *toll) add(v victim, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cases[v.death] = append(t.cases[v.death], casualty{v, took})
}

func (t *toll) String() string {
	var b strings.Builder
	for _, death := range slices.Concat(deaths, slices.Sorted(maps.Keys(callDeaths)), []string{renewal}) {
		list := t.cases[death]
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(a, b casualty) int { return cmp.Compare(a.took, b.took) })
		worst := list[len(list)-1]
		fmt.Fprintf(&b, "%-9s %3d cases, clean after a median of %s, at worst %s (%s)\n",
			death, len(list), list[len(list)/2].took.Round(time.Millisecond), worst.took.Round(time.Millisecond), worst.victim)
	}
	return b.String()
}
