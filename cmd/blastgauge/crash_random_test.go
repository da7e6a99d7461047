package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/waiting"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// The crash matrix brings death at events and in calls. This is death at any moment, to
// the run, to its guard, or to both, and to a run directory before that:
//
//	go run ./cmd/measure crash-random -count 200 -seed 7
//
// Nothing may be left, or recover has to say so with exit code 7 and what to do by hand.

// Who dies, and how. What is stopped first goes on later, or is killed then.
const (
	runAlone     = "the run"
	guardFirst   = "its guard, then the run"
	bothAtOnce   = "both at once"
	runStopped   = "the run, stopped before"
	guardStopped = "the run, its guard stopped"
)

// What was done to the run directory before.
const (
	untouched   = "untouched"
	dirRemoved  = "removed"
	dirMoved    = "moved"
	undoRemoved = "without undo"
	damaged     = "its journal damaged"
)

func ways() []string {
	return []string{runAlone, guardFirst, bothAtOnce, runStopped, guardStopped}
}

func sabotages() []string { return []string{untouched, dirRemoved, dirMoved, undoRemoved, damaged} }

// crashFlap is a file that has the bad version and the good one in turn.
const crashFlap = "{inject: config_file, into: settings, file: FILE, scale: {path: /price/factor, by: 100}, flap: 100ms}"

func randomFaults() []crashFault {
	return []crashFault{
		{name: "latency, down and a file", faults: "{inject: latency, into: shop, latency: 20ms}, {inject: down, into: other}, " + crashFile, servers: "stock ours", phase: "500ms"},
		{name: "a file that flaps", faults: "{inject: timeout, into: other}, " + crashFlap, servers: "stock ours", phase: "500ms"},
		{name: "a command", faults: "{inject: timeout, into: other}, " + crashCommand, servers: "stock ours", phase: "500ms"},
		{name: "in turn", faults: "{inject: latency, into: shop, latency: 20ms, for: 150ms}, {inject: down, into: other, at: 100ms, for: 100ms}", servers: "stock ours", phase: "500ms"},
	}
}

// A randomCrash is one case. Everything about it follows from the seed and its number,
// but for what the machine does.
type randomCrash struct {
	victim
	number   int
	way      string
	sabotage string
	after    time.Duration // from the start of the run, or from its first intent
	intent   bool          // after the first intent
	pause    time.Duration // between the two steps of a killing
	goesOn   bool          // what was stopped goes on, instead of being killed
	at       uint64        // decides where the journal is damaged
}

func (r randomCrash) String() string {
	since := "start"
	if r.intent {
		since = "first intent"
	}
	return fmt.Sprintf("number %d: %s, %s; %s, its directory %s; %s after the %s, then %s, goes on: %v",
		r.number, r.server, r.fault.name, r.way, r.sabotage, r.after, since, r.pause, r.goesOn)
}

func newRandomCrash(seed uint64, number int) randomCrash {
	random := rand.New(rand.NewPCG(seed, uint64(number)))
	millis := func(most int) time.Duration { return time.Duration(random.IntN(most)) * time.Millisecond }
	faults := randomFaults()
	f := faults[random.IntN(len(faults))]
	servers := strings.Fields(f.servers)
	r := randomCrash{number: number, victim: victim{server: servers[random.IntN(len(servers))], fault: f, death: "RANDOM"}}
	r.way, r.sabotage = ways()[number%len(ways())], sabotages()[number/len(ways())%len(sabotages())]
	if r.after, r.intent = millis(1200), random.IntN(8) > 0; r.intent {
		r.after = millis(550)
	}
	r.pause, r.goesOn, r.at = millis(50), random.IntN(2) == 0, random.Uint64()
	if r.way == runStopped {
		r.pause = millis(5000) // it is fenced off after three seconds
	}
	return r
}

// wantedRandom returns how many cases are wanted, and their seed.
func wantedRandom() (count int, seed uint64) {
	count, seed = len(ways())*len(sabotages())/oneIn, 1
	if n, err := strconv.Atoi(os.Getenv("BLASTGAUGE_CRASH_RANDOM")); err == nil {
		count = n
	}
	if n, err := strconv.ParseUint(os.Getenv("BLASTGAUGE_CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	return count, seed
}

func TestCrashAtRandomMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("kills runs")
	}
	t.Parallel() // mostly waiting
	dependency := crashDependency()
	defer dependency.Close()
	count, seed := wantedRandom()
	numbers := make([]int, len(ways())*len(sabotages()))
	for i := range numbers {
		numbers[i] = i
	}
	if count < len(numbers) { // any of them
		random := rand.New(rand.NewPCG(seed, seed))
		random.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	}
	began := time.Now()
	losses := &losses{took: map[string][]time.Duration{}, count: map[string]int{}}
	slots := make(chan struct{}, waiting.AtOnce) // each mostly waits
	var running sync.WaitGroup
	for i := range count {
		number := i
		if i < len(numbers) {
			number = numbers[i]
		}
		r := newRandomCrash(seed, number)
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			c, err := newCrashCase(t.TempDir(), r.victim, dependency.URL)
			if err == nil {
				err = errors.Join(c.dieAtRandom(r, losses), c.close())
			}
			if err != nil {
				t.Errorf("seed %d, %s: %v", seed, r, err)
			}
		})
	}
	running.Wait()
	t.Logf("%d cases in %s\n%s", count, time.Since(began).Round(time.Second), losses)
}

// dieAtRandom kills and looks at what is left.
func (c *crashCase) dieAtRandom(r randomCrash, l *losses) error {
	var death time.Time
	var guard int
	var dirty bool
	c.run(func() {
		if !r.intent || c.awaitIntent() {
			time.Sleep(r.after)
			proxies, err := c.faulted()
			dirty = err != nil || !tidy(proxies) || c.whole() != nil
			guard, death = c.kill(r)
		} else {
			c.process.Kill()
		}
	})
	defer c.endGuard(guard)
	l.note(r, dirty)
	if death.IsZero() {
		return fmt.Errorf("it injected nothing: %s", c.stderr.String())
	}
	guarded := guard > 0 && (r.way == runAlone || r.way == runStopped)
	took, err := c.cleanWithin(death, guarded)
	switch {
	case err == nil && guarded && dirty:
		l.add("by its guard", r, took)
	case errors.Is(err, errNotClean):
		told, err := c.recoverAll(r)
		if err != nil {
			return err
		}
		if told {
			l.add("not, as exit 7 tells", r, time.Since(death))
			return nil
		}
		l.add("by recover", r, time.Since(death))
	case err != nil:
		return err
	}
	return c.staysClean(guard, r)
}

// kill brings death, and returns the process id of the guard and the time.
func (c *crashCase) kill(r randomCrash) (guard int, death time.Time) {
	guard = guardOf(c.process.Pid)
	c.sabotage(r)
	signalGuard := func(s syscall.Signal) {
		if guard > 0 {
			syscall.Kill(guard, s)
		}
	}
	switch r.way {
	case guardFirst:
		signalGuard(syscall.SIGKILL)
		time.Sleep(r.pause)
	case bothAtOnce:
		go signalGuard(syscall.SIGKILL)
	case runStopped:
		c.process.Signal(syscall.SIGSTOP)
		time.Sleep(r.pause)
		if r.goesOn { // it ends by itself
			death = time.Now()
			c.process.Signal(syscall.SIGCONT)
			return guard, death
		}
	case guardStopped:
		signalGuard(syscall.SIGSTOP)
		time.Sleep(20*time.Millisecond + r.pause) // a guard that is stopped in the middle of its work holds up everybody
	}
	death = time.Now()
	c.process.Kill()
	return guard, death
}

// awaitIntent waits until the run is about to inject, and reports whether it is.
func (c *crashCase) awaitIntent() bool {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(c.out, journal.EventsFile))
		if err == nil && strings.Contains(string(text), string(journal.FaultIntended)) {
			return true
		}
	}
	return false
}

// sabotage does something to the run directory. Where the run has none yet, nothing is.
func (c *crashCase) sabotage(r randomCrash) {
	switch r.sabotage {
	case dirRemoved:
		os.RemoveAll(c.out)
	case dirMoved:
		os.Rename(c.out, c.out+".moved")
	case undoRemoved:
		os.RemoveAll(filepath.Join(c.out, configfile.UndoDir))
	case damaged:
		file, err := os.OpenFile(filepath.Join(c.out, journal.EventsFile), os.O_RDWR, 0)
		if err != nil {
			return
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.Size() > 0 {
			file.WriteAt([]byte("X"), int64(r.at%uint64(info.Size())))
		}
	}
}

// cleanWithin waits for the guard, if there is one. The error is [errNotClean] where it
// has not done its work in time.
func (c *crashCase) cleanWithin(death time.Time, guarded bool) (time.Duration, error) {
	limit := time.Duration(0)
	if guarded {
		limit = 8 * time.Second // less than a lease takes to lapse
	}
	for {
		proxies, err := c.faulted()
		if err != nil {
			return 0, err
		}
		took := time.Since(death)
		if tidy(proxies) && c.whole() == nil {
			return took, nil
		}
		if took > limit {
			return took, errNotClean
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// faulted returns the proxies without the lock. A run that dies before it is listed leaves
// its lock or its lease, which lapses.
func (c *crashCase) faulted() (map[string]proxyState, error) {
	proxies, _, err := c.look()
	delete(proxies, toxiproxy.LockProxy)
	return proxies, err
}

// recoverAll cleans up as a person would, and reports whether that person was told
// that something is left.
func (c *crashCase) recoverAll(r randomCrash) (told bool, err error) {
	code, out := c.command("recover")
	proxies, err := c.faulted()
	if err != nil {
		return false, err
	}
	broken := c.whole()
	switch {
	case code == result.ExitNotRemoved && r.sabotage == untouched:
		return false, fmt.Errorf("recover: exit code %d: %s", code, out)
	case code == result.ExitNotRemoved:
		if broken != nil && !strings.Contains(out, c.config()) {
			return false, fmt.Errorf("%w, and nothing says what to do: %s", broken, out)
		}
		if !tidy(proxies) && !strings.Contains(out, "curl") && !strings.Contains(out, "recover --toxiproxy") {
			return false, fmt.Errorf("left: %+v, and nothing says what to do: %s", proxies, out)
		}
		return true, nil
	case code != 0:
		return false, fmt.Errorf("recover: exit code %d: %s", code, out)
	case !tidy(proxies) || broken != nil:
		return false, fmt.Errorf("recover ends with 0, and these are left: %+v, %w: %s", proxies, cmp.Or(broken, errNotClean), out)
	}
	return false, nil
}

// staysClean lets the guard and everything that is on its way do what they will do, and
// wants everything clean then, and nobody to think otherwise.
func (c *crashCase) staysClean(guard int, r randomCrash) error {
	if r.way == guardStopped && guard > 0 {
		syscall.Kill(guard, syscall.SIGCONT)
	}
	for deadline := time.Now().Add(arrivesIn + 20*time.Second); c.isGuard(guard); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(filepath.Join(c.out, cleanup.LogFile))
			return fmt.Errorf("the guard does not end: %q", said)
		}
	}
	proxies, err := c.faulted()
	if err == nil && !tidy(proxies) {
		err = fmt.Errorf("not clean when all is quiet: %+v", proxies)
	}
	if err := errors.Join(err, c.whole()); err != nil {
		return err
	}
	if code, out := c.command("recover"); code != 0 {
		return fmt.Errorf("clean, and yet recover has exit code %d: %s", code, out)
	}
	return c.unlisted()
}

// isGuard reports whether a process is the guard of this run.
func (c *crashCase) isGuard(pid int) bool {
	if pid == 0 {
		return false
	}
	out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), c.out)
}

func (c *crashCase) endGuard(pid int) {
	if c.isGuard(pid) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// losses are how long it took until everything was clean, by who removed it. Only cases
// in which there was something to remove tell anything.
type losses struct {
	mu    sync.Mutex
	took  map[string][]time.Duration
	count map[string]int
}

// note counts the cases that found a fault in force.
func (l *losses) note(r randomCrash, dirty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count["cases"]++; dirty {
		l.count["in force"]++
		l.count["in force, "+r.sabotage]++
	}
}

func (l *losses) add(how string, r randomCrash, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, which := range []string{how + ", all", how + ", " + r.way, how + ", directory " + r.sabotage} {
		l.took[which] = append(l.took[which], took)
		slices.Sort(l.took[which])
	}
}

func (l *losses) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n", l.count)
	for _, how := range slices.Sorted(maps.Keys(l.took)) {
		list := l.took[how]
		fmt.Fprintf(&b, "%-45s %3d cases, clean after a median of %s, at worst %s\n",
			how, len(list), list[len(list)/2].Round(time.Millisecond), list[len(list)-1].Round(time.Millisecond))
	}
	return b.String()
}
