package journal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestARunIsAliveWhileItsJournalIsOpen(t *testing.T) {
	t.Parallel()
	dir, l := create(t)
	root := openRoot(t, dir)
	for range 2 { // who asks is not taken for the run by the next one
		if alive, err := Alive(root); err != nil || !alive {
			t.Errorf("Alive() of a live run = %v, %v", alive, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if alive, err := Alive(root); err != nil || alive {
		t.Errorf("Alive() of a dead run = %v, %v", alive, err)
	}
	if _, err := Alive(openRoot(t, t.TempDir())); err == nil || !strings.Contains(err.Error(), "not a run directory") {
		t.Errorf("Alive() of any directory = %v", err)
	}
}

// That a fault is gone counts for good only when the run cannot put it back.
func TestAnUndoBelongsToOneAndRecordsRemovalsOfDeadRunsOnly(t *testing.T) {
	t.Parallel()
	dir, l := create(t)
	root := openRoot(t, dir)
	u, err := OpenUndo(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenUndo(root); !errors.Is(err, ErrBusy) {
		t.Errorf("a second OpenUndo() = %v, want ErrBusy", err)
	}
	removal := Event{Kind: FaultRemoved, Fault: "blastgauge.r.1", Verified: true}
	if err := u.Record(removal); !errors.Is(err, ErrAlive) {
		t.Errorf("Record() of a removal while the run lives = %v, want ErrAlive", err)
	}
	if err := u.Record(Event{Kind: Fenced, Detail: "no sign of life"}); err != nil {
		t.Errorf("Record() of a fence while the run lives = %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(u.Record(removal), u.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := OpenUndo(root)
	if err != nil {
		t.Fatalf("OpenUndo() after the first was closed = %v", err)
	}
	defer func() { _ = again.Close() }()
	text, err := os.ReadFile(dir + "/" + UndoFile)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(t, string(text)); err != nil || len(got) != 2 || !got[1].Verified {
		t.Errorf("undo file holds %v, %v", got, err)
	}
}

// One who was killed while writing must not spoil what the next one writes.
func TestATornUndoIsMended(t *testing.T) {
	t.Parallel()
	fenced := sealed(`{"kind":"fenced"}` + "\n")
	for name, torn := range map[string]string{
		"nothing whole":  `{"kind":"fault_re`,
		"after a record": fenced + `{"kind":"fault_removed","fau`,
		"whole":          fenced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, l := create(t)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			write(t, dir, UndoFile, torn)
			u, err := OpenUndo(openRoot(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(u.Record(Event{Kind: FaultRemoved, Fault: "f", Verified: true}), u.Close()); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(dir + "/" + UndoFile)
			if err != nil {
				t.Fatal(err)
			}
			got, err := readAll(t, string(text))
			if want := strings.Count(torn, "\n") + 1; err != nil || len(got) != want || got[want-1].Fault != "f" {
				t.Errorf("undo file holds %v, %v; want %d records", got, err, want)
			}
		})
	}
}

func TestAFenceIsPutUpOnceAndStays(t *testing.T) {
	t.Parallel()
	root := openRoot(t, t.TempDir())
	if b, ok := FindFence(root); ok {
		t.Fatalf("FindFence() of a new directory = %v", b)
	}
	for _, by := range []string{"guard", "recover"} {
		if err := Fence(root, Barrier{By: by, Why: "no sign of life"}); err != nil {
			t.Fatal(err)
		}
	}
	if b, ok := FindFence(root); !ok || b.String() != "fenced off by guard: no sign of life" {
		t.Errorf("FindFence() = %v, %v; want the first one's", b, ok)
	}
}

// A run that looked between the creation of the fence and its content ended without a
// reason.
func TestAFenceAppearsWithItsContent(t *testing.T) {
	t.Parallel()
	for range 200 {
		root := openRoot(t, t.TempDir())
		var putUp sync.WaitGroup
		for _, by := range []string{"guard", "recover"} {
			putUp.Go(func() {
				if err := Fence(root, Barrier{By: by, Why: "no sign of life"}); err != nil {
					t.Error(err)
				}
			})
		}
		var seen Barrier
		for ok := false; !ok; {
			seen, ok = FindFence(root)
		}
		putUp.Wait()
		if b, _ := FindFence(root); b != seen || seen.Why != "no sign of life" {
			t.Fatalf("the fence said %q first, and says %q", seen, b)
		}
		names, err := fs.Glob(root.FS(), "*")
		if err != nil || len(names) != 1 {
			t.Fatalf("the directory holds %q, %v; want the fence alone", names, err)
		}
	}
}

func TestAFenceThatSaysNothingIsOne(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"empty": "", "torn": `{"by":"gua`, "foreign": "keep out"} {
		dir := t.TempDir()
		write(t, dir, FenceFile, text)
		if b, ok := FindFence(openRoot(t, dir)); !ok || b.By == "" || b.Why == "" {
			t.Errorf("%s: FindFence() = %+v, %v", name, b, ok)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/"+FenceFile, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, ok := FindFence(openRoot(t, dir)); !ok {
		t.Error("a directory that cannot be read as a fence is none")
	}
}

// left reads a journal and an undo record, whose lines get their checksums first.
func left(events, undone string) *Leftovers {
	l := &Leftovers{}
	l.read(readProven(strings.NewReader(sealed(events))), readProven(strings.NewReader(sealed(undone))))
	return l
}

// sealed gives each whole line of a journal its checksum.
func sealed(text string) string {
	var b strings.Builder
	var sum chain
	for line := range strings.Lines(text) {
		if json.Valid([]byte(line)) && strings.HasSuffix(line, "\n") {
			var whole []byte
			whole, sum = sum.seal([]byte(strings.TrimSuffix(line, "\n")))
			line = string(whole) + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// Lines of a journal of a run with two faults.
const (
	started  = `{"seq":1,"kind":"run_started","plan":{"run":"r","experiments":[{"id":"e","faults":[{"name":"f1"},{"name":"f2"}]}]},"toxiproxy":{"kind":"stock","token":"env:T"}}` + "\n"
	intended = `{"seq":2,"kind":"fault_intended","fault":"f1"}` + "\n"
	injected = `{"seq":3,"kind":"fault_injected","fault":"f1"}` + "\n"
	removed  = `{"seq":4,"kind":"fault_removed","fault":"f1","verified":true}` + "\n"
	stayed   = `{"seq":4,"kind":"fault_removed","fault":"f1","error":"no answer"}` + "\n"
	second   = `{"seq":5,"kind":"fault_intended","fault":"f2"}` + "\n"
	ended    = `{"seq":6,"kind":"run_ended"}` + "\n"
	tidied   = `{"kind":"cleaned_up"}` + "\n"
)

// namesOf lists what is left: ? marks one that may be on its way, ~ one of which no
// intent is known.
func namesOf(l *Leftovers) string {
	var got []string
	for _, f := range l.Faults {
		mark := "?"
		if f.Settled {
			mark = ""
		}
		if !f.Intended {
			mark = "~"
		}
		got = append(got, f.Name+mark)
	}
	return strings.Join(got, " ")
}

func TestWhatARunLeftBehind(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		events, undone string
		want           string
		damaged        bool
	}{
		"nothing intended":                    {started + ended, "", "", false},
		"removed":                             {started + intended + injected + removed + ended, "", "", false},
		"not removed":                         {started + intended + injected + stayed + ended, "", "f1", false},
		"not removed, then removed by others": {started + intended + injected + stayed + ended, removed, "", false},
		"one of two":                          {started + intended + injected + removed + second + ended, "", "f2?", false},

		"died before it intended anything":       {started, "", "f1~ f2~", false},
		"died intending it":                      {started + intended, "", "f1? f2~", false},
		"died under it":                          {started + intended + injected, "", "f1 f2~", false},
		"died after it":                          {started + intended + injected + removed, "", "f2~", false},
		"died, and it was removed":               {started + intended + injected, removed, "f2~", false},
		"died, and it was not removed":           {started + intended + injected, stayed, "f1 f2~", false},
		"died, and was cleaned up after":         {started + intended + injected, removed + tidied, "", false},
		"died, cleaned up after in two attempts": {started + intended, stayed + removed + tidied, "", false},
		"cut short":                              {started + intended + injected[:20], "", "f1? f2~", false},

		"what damage does not tell counts":  {started + intended + injected + removed + "\x00\x00\n" + second, "", "f2~", true},
		"what comes after it does not":      {started + intended + "nonsense\n" + removed + ended, "", "f1? f2~", true},
		"others prove it gone all the same": {started + intended + "nonsense\n" + removed, removed, "f2~", true},
		"others cleaned up all the same":    {started + "nonsense\n", tidied, "", true},
		"a damaged record of others":        {started + intended + injected, "nonsense\n" + removed + tidied, "f1 f2~", true},
		"after the end":                     {started + intended + injected + removed + ended + "nonsense\n", "", "f2~", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := left(tt.events, tt.undone)
			if got := namesOf(l); got != tt.want || (l.Damage != nil) != tt.damaged {
				t.Errorf("left %s with damage %v, want %s with %v", got, l.Damage, tt.want, tt.damaged)
			}
			for _, f := range l.Faults {
				if f.Experiment != "e" {
					t.Errorf("%s belongs to experiment %q", f.Name, f.Experiment)
				}
			}
			if l.Toxiproxy.Token != "env:T" || l.Run != "r" {
				t.Errorf("run %s, toxiproxy %+v", l.Run, l.Toxiproxy)
			}
		})
	}
	for name, events := range map[string]string{"empty": "", "torn at once": started[:30], "damaged at once": "nonsense\n" + started} {
		if l := left(events, ""); l.Plan != nil || !errors.Is(l.Damage, ErrNoPlan) || l.Certain() {
			t.Errorf("%s: %+v, want ErrNoPlan", name, l)
		}
	}
}

// A scan injects the same fault again and again, so an earlier removal proves nothing
// unless the journal is whole or says that nothing more was tried.
func TestWhatAScanLeftBehind(t *testing.T) {
	t.Parallel()
	begun := strings.Replace(started, `{"run":"r",`, `{"run":"r","scan":{"budget":1},`, 1)
	first := intended + injected + removed
	const over = `{"seq":7,"kind":"scan_ended","detail":"complete"}` + "\n"
	for name, tt := range map[string]struct{ events, undone, want string }{
		"whole":                                   {begun + first + first + over + ended, "", ""},
		"whole, and not removed the second time":  {begun + first + intended + injected + stayed + over + ended, "", "f1"},
		"whole, and another one was not":          {begun + first + second + ended, "", "f2?"},
		"died between two injections":             {begun + first, "", "f1~ f2~"},
		"died intending it again":                 {begun + first + intended, "", "f1? f2~"},
		"died under it again":                     {begun + first + intended + injected, "", "f1 f2~"},
		"died once it could not be removed":       {begun + first + intended + injected + stayed, "", "f1 f2~"},
		"died after its removal, and it was gone": {begun + first, removed, "f2~"},
		"died, and it was not gone":               {begun + first, stayed, "f1? f2~"},
		"died, and others cleaned up":             {begun + first + intended, removed + tidied, ""},
		"died once nothing more was tried":        {begun + first + over, "", "f2~"},
		"died so, and one is left":                {begun + first + intended + injected + over, "", "f1 f2~"},
		"damaged behind a removal":                {begun + first + "nonsense\n" + intended, "", "f1~ f2~"},
		"a run that is no scan":                   {started + first, "", "f2~"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := namesOf(left(tt.events, tt.undone)); got != tt.want {
				t.Errorf("left %s, want %s", got, tt.want)
			}
		})
	}
}

// A disk may have room again: what failed to be recorded must not spoil the rest.
func TestAfterARecordThatFailedTheJournalGoesOn(t *testing.T) {
	t.Parallel()
	dir, l := create(t)
	if err := l.Record(Event{Seq: 1, Kind: RunStarted, Plan: &plan.Plan{Run: "r", System: experiments.System{Name: "s"}}}); err != nil {
		t.Fatal(err)
	}
	whole := l.events.File
	broken, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	l.events.File = broken
	if err := l.Record(Event{Seq: 2, Kind: FaultIntended}); err == nil {
		t.Error("Record() on a full disk = nil")
	}
	if err := broken.Close(); err != nil {
		t.Fatal(err)
	}
	l.events.File = whole
	if err := errors.Join(l.Record(Event{Seq: 3, Kind: RunEnded}), l.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/" + EventsFile)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(t, string(text)); err != nil || len(got) != 2 || got[1].Seq != 3 {
		t.Errorf("journal holds %v, %v", got, err)
	}
}
