package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// runDir is the directory of a run that goes on.
func runDir(t *testing.T) (path string, root *os.Root) {
	t.Helper()
	path = t.TempDir()
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	log, err := Create(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return path, root
}

func TestAnOrderToStop(t *testing.T) {
	t.Parallel()
	_, root := runDir(t)
	if o, found, err := FindStop(root); found || err != nil {
		t.Fatalf("FindStop() = %+v, %t, %v before there is one", o, found, err)
	}
	want := Order{By: "ann", Why: "incident 4711", At: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	for _, o := range []Order{{By: "bob"}, want} { // the second replaces the first
		if err := AskToStop(root, o); err != nil {
			t.Fatal(err)
		}
	}
	if o, found, err := FindStop(root); !found || err != nil || o != want {
		t.Errorf("FindStop() = %+v, %t, %v", o, found, err)
	}
}

// Where others can write, an order may be anybody's.
func TestAnOrderOfAStranger(t *testing.T) {
	t.Parallel()
	path, root := runDir(t)
	if err := os.WriteFile(filepath.Join(path, StopFile), []byte(`{"by":"mallory"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if o, found, err := FindStop(root); found || !errors.Is(err, ErrShared) {
		t.Errorf("FindStop() in a shared directory = %+v, %t, %v", o, found, err)
	}
	if err := AskToStop(root, Order{By: "ann"}); !errors.Is(err, ErrShared) {
		t.Errorf("AskToStop() in a shared directory = %v", err)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(path, StopFile), 0o666); err != nil {
		t.Fatal(err)
	}
	if o, found, err := FindStop(root); found || !errors.Is(err, ErrShared) {
		t.Errorf("FindStop() of a file that others can write = %+v, %t, %v", o, found, err)
	}
}

// What is there and cannot be read is an order: only this user can have put it there.
func TestADamagedOrder(t *testing.T) {
	t.Parallel()
	path, root := runDir(t)
	for _, text := range []string{"", "{", "[]", "\x00"} {
		if err := os.WriteFile(filepath.Join(path, StopFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if o, found, err := FindStop(root); !found || err != nil || o.By != "" {
			t.Errorf("FindStop() of %q = %+v, %t, %v", text, o, found, err)
		}
	}
}

func TestRunsThatGoOn(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	l := OpenRegistry(state)
	if list, err := l.LiveRuns(); len(list) > 0 || err != nil {
		t.Fatalf("LiveRuns() = %v, %v before there is one", list, err)
	}
	began := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var releases []func()
	for i, run := range []string{"b", "a"} {
		release, err := l.Announce(LiveRun{Run: run, Dir: "/runs/" + run, PID: 7, Started: began.Add(time.Duration(-i) * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	names := func() (names string) {
		list, err := l.LiveRuns()
		if err != nil {
			t.Error(err)
		}
		for _, r := range list {
			names += r.Run + " "
		}
		return names
	}
	if got := names(); got != "a b " {
		t.Errorf("the runs are %q, want the oldest first", got)
	}
	releases[0]()
	if got := names(); got != "a " {
		t.Errorf("the runs are %q after one has ended", got)
	}
	releases[1]()
	// What a run leaves behind when it is killed: a file that nobody holds.
	dead := filepath.Join(state, aliveDir, "dead.json")
	if err := os.WriteFile(dead, []byte(`{"run":"dead","dir":"/runs/dead"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "" {
		t.Errorf("the runs are %q, and none goes on", got)
	}
	long := time.Now().Add(-2 * beginsWithin)
	if err := os.Chtimes(dead, long, long); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "" {
		t.Errorf("the runs are %q, and none goes on", got)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("a run that died is still listed: %v", err)
	}
	if _, err := (Registry{}).Announce(LiveRun{Run: "a"}); err == nil {
		t.Error("a registry without a place keeps a run")
	}
}

func TestABlockOfAUser(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	l := OpenRegistry(state)
	if b, err := l.Block(); b != nil || err != nil {
		t.Fatalf("Block() = %v, %v before there is one", b, err)
	}
	if b, err := l.Unblock(); b != nil || err != nil {
		t.Fatalf("Unblock() = %v, %v before there is one", b, err)
	}
	if err := l.SetBlock(Block{By: "ann", Reason: "incident 4711"}); err != nil {
		t.Fatal(err)
	}
	if b, err := l.Block(); err != nil || b == nil || b.By != "ann" || b.Reason != "incident 4711" || b.Shared {
		t.Errorf("Block() = %+v, %v", b, err)
	}
	if b, err := l.Unblock(); err != nil || b == nil || b.By != "ann" {
		t.Errorf("Unblock() = %+v, %v", b, err)
	}
	if err := l.SetBlock(Block{By: "ann", Reason: "incident 4711"}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(state, ownDir, blockFile)
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if b, err := l.Block(); err != nil || b == nil || !b.Shared {
		t.Errorf("Block() of a file that others can write = %+v, %v", b, err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", `{"by":"a\u001b[2J\nb","reason":"\u202e"}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := l.Block(); err != nil || b == nil || b.By == "" || len(b.By) > MostAuthor {
			t.Errorf("Block() of %q = %+v, %v", text, b, err)
		}
	}
	if b, err := (Registry{}).Block(); b != nil || err != nil {
		t.Errorf("Block() of no registry = %v, %v", b, err)
	}
}

// The servers that a user has blocked are remembered until each is lifted, and one that
// others can write is none: its token would go there.
func TestServersThatAUserHasBlocked(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	l := OpenRegistry(state)
	a, b := BlockedServer{URL: "http://a.test:1", Token: "env:A"}, BlockedServer{URL: "http://b.test:1"}
	want := func(want ...BlockedServer) {
		t.Helper()
		if list, err := l.BlockedServers(); err != nil || !slices.Equal(list, want) {
			t.Errorf("BlockedServers() = %v, %v, want %v", list, err, want)
		}
	}
	want()
	for _, s := range []BlockedServer{b, a, a} {
		if err := l.AddBlockedServer(s); err != nil {
			t.Fatal(err)
		}
	}
	want(a, b)
	for range 2 { // the second time there is none
		if err := l.ForgetBlockedServer(b.URL); err != nil {
			t.Error(err)
		}
	}
	want(a)
	evil := BlockedServer{URL: "http://evil.test", Token: "file:/home/ann/.token"}
	if err := l.AddBlockedServer(evil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(state, blockDir, evil.file()), 0o666); err != nil {
		t.Fatal(err)
	}
	if list, err := l.BlockedServers(); !errors.Is(err, ErrShared) || !slices.Equal(list, []BlockedServer{a}) {
		t.Errorf("BlockedServers() = %v, %v", list, err)
	}
	if err := os.Rename(filepath.Join(state, blockDir, a.file()), filepath.Join(state, blockDir, b.file())); err != nil {
		t.Fatal(err)
	}
	if list, err := l.BlockedServers(); err == nil || len(list) > 0 {
		t.Errorf("BlockedServers() with an entry of another name = %v, %v", list, err)
	}
}

// A run that is listed is asked through the list: it may have no directory yet.
func TestAnOrderToARunThatIsListed(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	l := OpenRegistry(state)
	release, err := l.Announce(LiveRun{Run: "a", Dir: "/not/yet/there"})
	if err != nil {
		t.Fatal(err)
	}
	if o, found, err := l.FindStop("a"); found || err != nil {
		t.Errorf("FindStop() = %+v, %t, %v before there is one", o, found, err)
	}
	if err := l.AskToStop("a", Order{By: "ann", Why: "incident 4711"}); err != nil {
		t.Fatal(err)
	}
	if o, found, err := l.FindStop("a"); !found || err != nil || o.By != "ann" || o.Why != "incident 4711" {
		t.Errorf("FindStop() = %+v, %t, %v", o, found, err)
	}
	file := filepath.Join(state, aliveDir, orderName("a"))
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if o, found, err := l.FindStop("a"); found || !errors.Is(err, ErrShared) {
		t.Errorf("FindStop() of a file that others can write = %+v, %t, %v", o, found, err)
	}
	release()
	if err := l.AskToStop("a", Order{By: "ann"}); err != nil { // it is over
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Join(state, aliveDir)); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
	for _, run := range []string{"", "../a"} {
		if err := l.AskToStop(run, Order{}); err == nil {
			t.Errorf("AskToStop(%q) writes a file", run)
		}
	}
}

// FuzzOrders: whatever stands in the files of orders and blocks, it is one, and its texts have
// a length and command no terminal.
func FuzzOrders(f *testing.F) {
	f.Add([]byte(`{"by":"ann","why":"incident 4711","reason":"incident 4711"}`))
	f.Add([]byte(`{"by":"\u001b[2J","reason":"\u202e\n"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		state := t.TempDir()
		l := OpenRegistry(state)
		if err := l.SetBlock(Block{}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(state, ownDir, blockFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := l.Block()
		if err != nil || b == nil || b.By == "" || len(b.By) > MostAuthor || len(b.Reason) > MostReason || strings.ContainsAny(b.By+b.Reason, "\x1b\n\u202e") {
			t.Fatalf("Block() of %q = %+v, %v", text, b, err)
		}
		path, root := runDir(t)
		if err := os.WriteFile(filepath.Join(path, StopFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, found, err := FindStop(root); !found || err != nil {
			t.Fatalf("FindStop() of %q = %t, %v", text, found, err)
		}
	})
}
