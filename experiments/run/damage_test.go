package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A wreck is what a run left on a stock server and on disk that died with four faults in
// force: a latency, a timeout, a proxy that is down and a bad config file. One more was
// removed before. It can be made again as often as it is cleaned up.
type wreck struct {
	dir    string // of everything below
	server string // URL of the stock server itself
	plan   *plan.Plan

	blocked atomic.Bool // between the run and the server: most removals fail

	picture
}

// A picture is everything as it was at one moment.
type picture struct {
	files      map[string]savedFile // by path, below the wreck's directory
	proxies    map[string]stockProxy
	faultsLeft map[string]string // what was in force
}

type savedFile struct {
	text []byte // nil: a directory
	mode fs.FileMode
}

type stockProxy struct {
	Upstream string
	Enabled  bool
	Toxics   []json.RawMessage
}

func (w *wreck) runDir() string { return filepath.Join(w.dir, "run") }
func (w *wreck) config() string { return filepath.Join(w.dir, "etc", "settings.json") }

const (
	goodConfig = "{\"price\": {\"factor\": 1}}\n"

	wreckSystem = `version: 1
system: wreck
environment: test
toxiproxy: %s
url: %s
dependencies:
  shop: {proxy: shop}
  other: {proxy: other}
  third: {proxy: third}
journeys:
  visit: {rate: 20/s, slow_after: 1s, timeout: 2s, steps: [{name: look, request: GET /}]}
defaults:
  phases: {warmup: 100ms, baseline: 300ms, fault: 20s, recovery: 100ms}
  limits: {blast_radius: 5%%, baseline: 100%%} # a busy machine is slow: its faults are injected all the same
`
	wreckExperiment = `version: 1
experiment: wreck
hypothesis: Nothing is left.
faults:
  - {inject: latency, into: third, latency: 10ms, for: 50ms}
  - {inject: latency, into: shop, latency: 20ms, at: 60ms}
  - {inject: down, into: other, at: 70ms}
  - {inject: config_file, into: settings, file: %s, scale: {path: /price/factor, by: 100}, at: 80ms}
  - {inject: timeout, into: third, at: 90ms}
`
)

// newWreck performs a run in this process and keeps everything as it is at the moment of
// the last injection: that is what is there after the process was killed.
func newWreck(t *testing.T) *wreck {
	t.Helper()
	server, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(backend.Close)
	w := &wreck{dir: t.TempDir(), server: server.URL()}
	api := httptest.NewServer(w.gate(t))
	t.Cleanup(api.Close)
	names := []string{"shop", "other", "third"}
	for i, listen := range reserve(t, len(names)) {
		if err := systemtest.CreateProxy(w.server, names[i], listen, strings.TrimPrefix(backend.URL, "http://")); err != nil {
			t.Fatal(err)
		}
	}
	w.write(t, api.URL, backend.URL)
	ctx, die := context.WithCancel(t.Context())
	_, err = run.Run(ctx, w.plan, run.Options{
		Dir: w.runDir(), Registry: w.registry(), Getenv: w.getenv,
		View: func(*plan.Plan) run.View { return &photographer{w: w, t: t, die: die} },
	})
	if err != nil || len(w.faultsLeft) != 4 {
		t.Fatalf("left: %v, %v", w.faultsLeft, err)
	}
	return w
}

// gate stands between the run and its server.
func (w *wreck) gate(t *testing.T) http.Handler {
	target, err := url.Parse(w.server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.blocked.Load() && (strings.HasPrefix(r.URL.Path, "/proxies/shop") || strings.HasPrefix(r.URL.Path, "/proxies/other")) {
			http.Error(rw, "Timeout", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(rw, r)
	})
}

// write writes the documents and the config file, and plans the run.
func (w *wreck) write(t *testing.T, api, entry string) {
	t.Helper()
	system, experiment := filepath.Join(w.dir, systemtest.SystemFile), filepath.Join(w.dir, systemtest.ExperimentFile)
	err := errors.Join(
		os.Mkdir(filepath.Dir(w.config()), 0o700),
		os.WriteFile(w.config(), []byte(goodConfig), 0o640),
		os.WriteFile(system, fmt.Appendf(nil, wreckSystem, api, entry), 0o600),
		os.WriteFile(experiment, fmt.Appendf(nil, wreckExperiment, w.config()), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	s, list, err := experiments.Load(system, []string{experiment})
	if err != nil {
		t.Fatal(err)
	}
	if w.plan, err = plan.Make(s, list, plan.Options{Run: plan.NewRun(time.Now()), Seed: 1, Version: "test", Phases: plan.NoOverride()}); err != nil {
		t.Fatal(err)
	}
}

func (w *wreck) registry() journal.Registry {
	return journal.OpenRegistry(filepath.Join(w.dir, "state"))
}

func (*wreck) getenv(string) (string, bool) { return "", false }

// A photographer is a view that keeps everything once the last fault is in force, and
// then lets the run end.
type photographer struct {
	w   *wreck
	t   *testing.T
	die context.CancelFunc

	mu sync.Mutex
	n  int
}

func (p *photographer) Observe(journal.Observation) {}
func (p *photographer) Close()                      {}

func (p *photographer) Record(e journal.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Kind != journal.FaultInjected {
		return
	}
	if p.n++; p.n == 5 {
		p.w.keep(p.t)
		p.die()
	}
}

// keep keeps the files and the server as they are.
func (w *wreck) keep(t *testing.T) {
	files := map[string]savedFile{}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := savedFile{mode: info.Mode()}
		switch {
		case d.Type().IsRegular():
			if f.text, err = os.ReadFile(path); f.text == nil {
				f.text = []byte{}
			}
		case !d.IsDir():
			err = fmt.Errorf("%s is neither a file nor a directory", path)
		}
		files[path] = f
		return err
	})
	if err == nil {
		w.proxies = nil
		err = fetchJSON(w.server+"/proxies", &w.proxies)
	}
	if err != nil {
		t.Error(err)
		return
	}
	w.files, w.faultsLeft = files, w.left(t)
}

func fetchJSON(url string, into any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}

// again makes the wreck again.
func (w *wreck) again() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(w.dir, e.Name())))
	}
	paths := make([]string, 0, len(w.files))
	for path := range w.files {
		paths = append(paths, path)
	}
	slices.Sort(paths) // a directory before what is in it
	for _, path := range paths {
		f := w.files[path]
		switch {
		case path == w.dir:
		case f.text == nil:
			err = errors.Join(err, os.Mkdir(path, f.mode.Perm()))
		default:
			err = errors.Join(err, os.WriteFile(path, f.text, f.mode.Perm()), os.Chmod(path, f.mode.Perm()))
		}
	}
	return errors.Join(err, w.faultAgain())
}

// faultAgain puts the faults on the server again.
func (w *wreck) faultAgain() error {
	var errs []error
	post := func(path, body string, more ...int) {
		resp, err := http.Post(w.server+path, "application/json", strings.NewReader(body))
		if err == nil {
			if resp.StatusCode > 299 && !slices.Contains(more, resp.StatusCode) {
				err = fmt.Errorf("POST %s: %s", path, resp.Status)
			}
			resp.Body.Close()
		}
		errs = append(errs, err)
	}
	for name, p := range w.proxies {
		if name == toxiproxy.LockProxy { // it lapses while the wrecks are being cleaned up
			post("/proxies", fmt.Sprintf(`{"name": %q, "listen": "127.0.0.1:0", "upstream": %q, "enabled": false}`, name, p.Upstream), http.StatusConflict)
			continue
		}
		post("/proxies/"+name, fmt.Sprintf(`{"enabled": %v}`, p.Enabled))
		for _, toxic := range p.Toxics {
			post("/proxies/"+name+"/toxics", string(toxic), http.StatusConflict)
		}
	}
	return errors.Join(errs...)
}

// attemptFirst makes a wreck of one that was cleaned up in part: it has an undo.ndjson
// in which one removal is proven and the others failed. A busy machine needs longer.
func (w *wreck) attemptFirst(t *testing.T) {
	t.Helper()
	fresh := w.picture
	for _, limit := range []time.Duration{2 * time.Second, 20 * time.Second} {
		w.picture = fresh
		if w.attempt(t, limit) {
			return
		}
	}
	t.Fatalf("left: %v", w.faultsLeft)
}

func (w *wreck) attempt(t *testing.T, limit time.Duration) bool {
	t.Helper()
	if err := w.again(); err != nil {
		t.Fatal(err)
	}
	bad := w.files[w.config()]
	if err := os.WriteFile(w.config(), []byte("{}"), 0); err != nil { // nobody knows this version
		t.Fatal(err)
	}
	w.blocked.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	err := cleanup.Run(ctx, w.runDir(), w.options(io.Discard))
	w.blocked.Store(false)
	if run.ExitCode(err) != result.ExitNotRemoved {
		t.Fatalf("the first attempt = %v", err)
	}
	if err := os.WriteFile(w.config(), bad.text, bad.mode.Perm()); err != nil {
		t.Fatal(err)
	}
	w.keep(t)
	text := string(w.files[filepath.Join(w.runDir(), journal.UndoFile)].text)
	return len(w.faultsLeft) == 3 && strings.Count(text, `"verified":true`) == 1 && strings.Contains(text, `"error"`)
}

func (w *wreck) options(log io.Writer) cleanup.Options {
	return cleanup.Options{Registry: w.registry(), Getenv: w.getenv, Log: log}
}

// left is what is still in force. The value says how a person would find it named.
func (w *wreck) left(t *testing.T) map[string]string {
	t.Helper()
	left := map[string]string{}
	var proxies map[string]struct {
		Enabled bool
		Toxics  []struct{ Name string }
	}
	if err := fetchJSON(w.server+"/proxies", &proxies); err != nil {
		t.Fatal(err)
	}
	for name, p := range proxies {
		for _, toxic := range p.Toxics {
			left["toxic "+toxic.Name] = "/toxics/" + toxic.Name
		}
		if !p.Enabled && name != toxiproxy.LockProxy {
			left["disabled "+name] = "/proxies/" + name
		}
	}
	if text, err := os.ReadFile(w.config()); err != nil || string(text) != goodConfig {
		left["file"] = w.config()
	}
	return left
}

// A damage is done to one file of a run directory.
type damage struct {
	file string
	kind string
	at   int // offset in bytes
}

func (d damage) String() string { return fmt.Sprintf("%s: %s at %d", d.file, d.kind, d.at) }

func damageKinds() []string { return []string{"X", "NULs", "cut", "newline", "flip"} }

func (d damage) apply(text []byte) []byte {
	text = bytes.Clone(text)
	switch d.kind {
	case "X":
		text[d.at] = 'X'
	case "NULs":
		for i := d.at; i < min(d.at+512, len(text)); i++ {
			text[i] = 0
		}
	case "cut":
		text = text[:d.at]
	case "newline":
		text = slices.Insert(text, d.at, '\n')
	case "flip": // most of these are still JSON
		text[d.at] ^= 1
	}
	return text
}

// damages are of every kind, at positions in every line of a file.
func damages(file string, text []byte, random *rand.Rand) []damage {
	var list []damage
	for start := 0; start < len(text); {
		end := start + bytes.IndexByte(text[start:], '\n')
		positions := []int{[]int{start, end}[random.IntN(2)]}
		for range 1 + (end-start)/1000 {
			positions = append(positions, start+random.IntN(end-start))
		}
		for _, at := range positions {
			list = append(list, damage{file, damageKinds()[random.IntN(len(damageKinds()))], at})
		}
		start = end + 1
	}
	return list
}

// A scene is the state in which a damaged run directory is found.
type scene struct {
	name   string
	entry  entryState
	noUndo bool // the originals of files are gone from it
	all    bool // nobody names the directory
	trust  bool // a person trusts it
}

// An entryState is what became of the run's place in the list of open runs.
type entryState int

const (
	listed entryState = iota
	unlisted
	unreadable
)

func scenes() []scene {
	return []scene{
		{name: "listed", all: true},
		{name: "listed, without undo", noUndo: true},
		{name: "unlisted", entry: unlisted},
		{name: "unlisted, below the working directory", entry: unlisted, all: true},
		{name: "trusted", entry: unlisted, trust: true},
		{name: "trusted, without undo", entry: unlisted, trust: true, noUndo: true},
		{name: "its entry damaged", entry: unreadable, all: true},
	}
}

// cleanUp cleans up as recover does.
func (sc scene) cleanUp(ctx context.Context, w *wreck, log io.Writer) error {
	o := w.options(log)
	if sc.trust {
		o.Trust = &cleanup.Trust{}
	}
	if sc.all {
		return cleanup.All(ctx, []string{w.runDir()}, o)
	}
	return cleanup.Run(ctx, w.runDir(), o)
}

// arrange brings a wreck into the state of a scene.
func (sc scene) arrange(w *wreck, d damage) error {
	err := w.again()
	path := filepath.Join(w.runDir(), d.file)
	err = errors.Join(err, os.WriteFile(path, d.apply(w.files[path].text), 0o600))
	if sc.noUndo {
		err = errors.Join(err, os.RemoveAll(filepath.Join(w.runDir(), configfile.UndoDir)))
	}
	switch sc.entry {
	case unlisted:
		err = errors.Join(err, w.registry().Remove(w.plan.Run))
	case unreadable:
		entry := filepath.Join(w.dir, "state", "blastgauge", "runs", w.plan.Run+".json")
		text := w.files[entry].text
		err = errors.Join(err, os.WriteFile(entry, damage{"", d.kind, d.at % len(text)}.apply(text), 0o600))
	}
	return err
}

// A damaged journal is never good news: as long as anything is left, nobody is told that
// all is well, and who is told that something may be left is told what to do. The list
// of open runs holds enough to clean up whatever is damaged.
func TestNoDamageHidesAFault(t *testing.T) {
	t.Parallel()
	const worlds = 8
	var cases atomic.Int64
	var counts tally
	var group sync.WaitGroup
	for i := range worlds {
		w := newWreck(t)
		if i%2 == 1 {
			w.attemptFirst(t)
		}
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 19))
			for _, name := range []string{journal.EventsFile, journal.UndoFile} {
				text := w.files[filepath.Join(w.runDir(), name)].text
				for n, d := range damages(name, text, random) {
					if testing.Short() && n%10 != i {
						continue
					}
					sc := scenes()[(n+i)%len(scenes())]
					cases.Add(1)
					counts.add(sc.name, w.judge(t, sc, d))
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d damaged journals\n%s", cases.Load(), &counts)
	if cases.Load() < 252 && !testing.Short() {
		t.Errorf("only %d damaged journals", cases.Load())
	}
}

// judge cleans up after a run whose journal is damaged and returns the exit code.
func (w *wreck) judge(t *testing.T, sc scene, d damage) int {
	if err := sc.arrange(w, d); err != nil {
		t.Error(err)
		return -1
	}
	var log bytes.Buffer
	err := sc.cleanUp(t.Context(), w, &log)
	left := w.left(t)
	if problem := w.problem(sc, err, left); problem != "" {
		t.Errorf("%s; %s: %s\nleft: %v\nerror: %v\nlog: %s", sc.name, d, problem, left, err, log.String())
	}
	return run.ExitCode(err)
}

// problem says what is wrong with how a clean-up ended.
func (w *wreck) problem(sc scene, err error, left map[string]string) string {
	_, statErr := os.Stat(filepath.Join(w.dir, "state", "blastgauge", "runs", w.plan.Run+".json"))
	isListed := statErr == nil
	switch code := run.ExitCode(err); {
	case sc.entry == listed:
		if err != nil || len(left) > 0 || isListed {
			return "not cleaned up"
		}
	case err == nil && len(left) > 0:
		return "all is said to be well"
	case err == nil:
	case sc.entry == unreadable:
		if !isListed || !strings.Contains(err.Error(), w.plan.Run) {
			return "the entry is not there or not named"
		}
	case code == result.ExitRefused && !sc.trust:
		if len(left) < len(w.faultsLeft) || !strings.Contains(err.Error(), "recover --trust "+w.runDir()) && !strings.Contains(err.Error(), "recover "+w.runDir()) {
			return "it was obeyed, or nothing says what to do"
		}
	case code != result.ExitNotRemoved:
		return fmt.Sprintf("exit code %d", code)
	default:
		for what, named := range left {
			if !strings.Contains(err.Error(), named) && !strings.Contains(err.Error(), "recover --toxiproxy") {
				return "nothing says how " + what + " is removed by hand"
			}
		}
	}
	return ""
}

// A tally counts exit codes.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(scene string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[fmt.Sprintf("%s: exit %d", scene, code)]++
}

func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(c.counts)) {
		fmt.Fprintf(&b, "%s: %d\n", what, c.counts[what])
	}
	return b.String()
}
