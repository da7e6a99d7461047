package journal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

func runsOf(t *testing.T, l Registry) []string {
	t.Helper()
	list, err := l.All()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range list {
		names = append(names, o.Run)
	}
	return names
}

func add(t *testing.T, l Registry, o OpenRun) {
	t.Helper()
	release, err := l.Add(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
}

func TestOpenRunsAreListedUntilTheyEnd(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	l := OpenRegistry(state)
	if got := runsOf(t, l); got != nil {
		t.Fatalf("a list that nobody began holds %v", got)
	}
	now := time.Now()
	for i, run := range []string{"later", "earlier"} {
		o := OpenRun{Run: run, Dir: "/runs/" + run, Toxiproxy: "http://127.0.0.1:8474", Started: now.Add(-time.Duration(i) * time.Hour)}
		add(t, l, o)
	}
	if got := runsOf(t, l); !slices.Equal(got, []string{"earlier", "later"}) {
		t.Errorf("listed are %v", got)
	}
	for range 2 {
		if err := l.Remove("later"); err != nil {
			t.Errorf("Remove() = %v", err)
		}
	}
	if got := runsOf(t, l); !slices.Equal(got, []string{"earlier"}) {
		t.Errorf("listed are %v", got)
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "blastgauge": 0o700, "blastgauge/runs": 0o700, "blastgauge/runs/earlier.json": 0o600} {
		info, err := os.Stat(filepath.Join(state, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestAListingRefusesWhatIsNoRun(t *testing.T) {
	t.Parallel()
	l := OpenRegistry(t.TempDir())
	for _, run := range []string{"", ".", "..", "../x", "a/b", ".hidden"} {
		if _, err := l.Add(OpenRun{Run: run, Dir: "/d"}); err == nil {
			t.Errorf("Add(%q) = nil", run)
		}
	}
	add(t, l, OpenRun{Run: "good", Dir: "/d"})
	dir := filepath.Join(l.state, openDir)
	for name, text := range map[string]string{"torn.json": `{"run":"to`, "other.json": `{"run":"good","dir":"/d"}`, "note.txt": "?"} {
		write(t, dir, name, text)
	}
	list, err := l.All()
	if len(list) != 1 || err == nil || !strings.Contains(err.Error(), "torn.json") || !strings.Contains(err.Error(), "other.json") {
		t.Errorf("All() = %v, %v; want the good one, and the others named", list, err)
	}
	if list, err := (Registry{}).All(); list != nil || err != nil {
		t.Errorf("a list without a place holds %v, %v", list, err)
	}
	if err := (Registry{}).Remove("r"); err != nil {
		t.Errorf("Remove() from a list without a place = %v", err)
	}
	if _, err := (Registry{}).Add(OpenRun{Run: "r", Dir: "/d"}); err == nil {
		t.Error("Add() to a list without a place = nil")
	}
}

func TestUserRegistry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  map[string]string
		want string // below it
	}{
		"the home":                  {map[string]string{"HOME": "/home/x"}, "/home/x/.local/state"},
		"its own place":             {map[string]string{"HOME": "/home/x", "XDG_STATE_HOME": "/state"}, "/state"},
		"a relative one is ignored": {map[string]string{"HOME": "/home/x", "XDG_STATE_HOME": "state"}, "/home/x/.local/state"},
		"nowhere":                   {nil, ""},
		"a relative home":           {map[string]string{"HOME": "x"}, ""},
	} {
		want := Registry{}
		if tt.want != "" {
			want = OpenRegistry(tt.want)
		}
		if got := UserRegistry(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// The plan of an entry decides what is removed. An entry of an older version has none.
func TestADamagedEntryIsNotRead(t *testing.T) {
	t.Parallel()
	l := OpenRegistry(t.TempDir())
	o := OpenRun{Run: "r", Dir: "/d", Files: map[string]string{"f": "/etc/app.json"}, Plan: &plan.Plan{Run: "r", Seed: 7}}
	add(t, l, o)
	file := filepath.Join(l.state, openDir, "r.json")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.All(); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], o) {
		t.Errorf("All() = %+v, %v; want %+v", got, err, o)
	}
	for at := range len(whole) - 1 { // but for the newline
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1
		if got, err := parseEntry("r.json", damaged); err == nil {
			t.Errorf("with a bit flipped at %d it is %+v", at, got)
		}
	}
	if got, err := parseEntry("r.json", []byte(`{"run":"r","dir":"/d","toxiproxy":"http://127.0.0.1:1","token":"env:T"}`+"\n")); err != nil || got.Plan != nil {
		t.Errorf("an entry of an older version: %+v, %v", got, err)
	}
}

// A run is alive as long as its process has its entry, even without its directory.
func TestAListedRunIsAliveUntilItsProcessEnds(t *testing.T) {
	t.Parallel()
	l := OpenRegistry(t.TempDir())
	if alive, err := l.Alive("r"); alive || err != nil {
		t.Errorf("Alive() of a run that is not listed = %v, %v", alive, err)
	}
	release, err := l.Add(OpenRun{Run: "r", Dir: "/d"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if alive, err := l.Alive("r"); !alive || err != nil {
			t.Errorf("Alive() = %v, %v", alive, err)
		}
	}
	release()
	if alive, err := l.Alive("r"); alive || err != nil {
		t.Errorf("Alive() of a dead run = %v, %v", alive, err)
	}
}

// A run may end between the moment its entry is found and the moment it is read.
func TestRunsThatEndWhileTheyAreListed(t *testing.T) {
	t.Parallel()
	l := OpenRegistry(t.TempDir())
	stop := make(chan struct{})
	var ending sync.WaitGroup
	for _, run := range []string{"a", "b", "c"} {
		ending.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				release, err := l.Add(OpenRun{Run: run, Dir: "/runs/" + run})
				release()
				if err := errors.Join(err, l.Remove(run)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 2_000 {
		if _, err := l.All(); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	ending.Wait()
}

// Toxiproxies that join a run are on the list beside its entry, whose lock stays, and go with
// it.
func TestJoined(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	list := OpenRegistry(state)
	if got, err := list.Joined("r"); err != nil || got != nil {
		t.Errorf("%v, %v without a list", got, err)
	}
	release, err := list.Add(OpenRun{Run: "r", Dir: "/d", Plan: &plan.Plan{Run: "r"}})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	want := []Joined{{"f1", "http://127.0.0.2:8474"}, {"f2", "http://127.0.0.3:8474"}}
	for _, j := range want {
		if err := list.AddJoined("r", j); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(state, openDir, "r.joined")
	torn, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := torn.WriteString(`{"fault":"f3","inst`); err != nil { // a process that died while it wrote
		t.Fatal(err)
	}
	if err := torn.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := list.Joined("r"); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	more := Joined{"f1", "http://127.0.0.4:8474"}
	if err := list.AddJoined("r", more); err != nil {
		t.Fatal(err)
	}
	if got, err := list.Joined("r"); err != nil || !slices.Equal(got, append(want, more)) {
		t.Errorf("%v, %v after a line that was torn", got, err)
	}
	if alive, err := list.Alive("r"); err != nil || !alive {
		t.Errorf("alive: %t, %v", alive, err)
	}
	if open, err := list.All(); err != nil || len(open) != 1 {
		t.Errorf("%d open runs, %v", len(open), err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := list.Joined("r"); err == nil {
		t.Error("a file that others can write was believed")
	}
	if err := list.Remove("r"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Remove: %v", err)
	}
	if err := list.AddJoined("../r", more); err == nil {
		t.Error("a run of another directory got a file")
	}
}

// Whatever the file of those that joined holds, each that is read has an address, and one
// that is added to it is read.
func FuzzJoined(f *testing.F) {
	f.Add([]byte("\n{\"fault\":\"f\",\"instance\":\"http://127.0.0.2:1\"}\n"))
	f.Add([]byte("{\"fault\":\"f\",\"inst"))
	f.Add([]byte("\x00\n[]\nnull\n{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		state := t.TempDir()
		if err := os.MkdirAll(filepath.Join(state, openDir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(state, openDir, "r.joined"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		list := OpenRegistry(state)
		added := Joined{"f", "http://127.0.0.9:1"}
		if err := list.AddJoined("r", added); err != nil {
			t.Fatal(err)
		}
		got, err := list.Joined("r")
		if err != nil || len(got) == 0 || got[len(got)-1] != added {
			t.Errorf("%v, %v", got, err)
		}
		for _, j := range got {
			if j.Instance == "" {
				t.Errorf("%+v", j)
			}
		}
	})
}
