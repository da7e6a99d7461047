package journal

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// story is a small journal: the first fault was removed, the second one was not.
const story = started + intended + injected + removed + second

// known is the run of the story as its user's list has it.
func known(t *testing.T) OpenRun {
	t.Helper()
	l := left(started, "")
	if l.Plan == nil {
		t.Fatal(l.Damage)
	}
	return OpenRun{Run: "r", Dir: "/d", Plan: l.Plan, Server: l.Toxiproxy}
}

// A damage is one way to damage a text at a place.
type damage struct {
	name string
	do   func(text []byte, at int) []byte
}

func replaced(by byte) func([]byte, int) []byte {
	return func(text []byte, at int) []byte {
		out := bytes.Clone(text)
		out[at] = by
		return out
	}
}

func damages() []damage {
	list := []damage{
		{"X", replaced('X')}, {"NUL", replaced(0)}, {"newline", replaced('\n')},
		{"delete", func(text []byte, at int) []byte { return slices.Delete(bytes.Clone(text), at, at+1) }},
		{"insert", func(text []byte, at int) []byte { return slices.Insert(bytes.Clone(text), at, ' ') }},
		{"double", func(text []byte, at int) []byte { return slices.Insert(bytes.Clone(text), at, text[at]) }},
		{"cut", func(text []byte, at int) []byte { return bytes.Clone(text[:at]) }},
		{"zeros to the end", func(text []byte, at int) []byte {
			return append(bytes.Clone(text[:at]), make([]byte, len(text)-at)...)
		}},
	}
	for bit := range 8 {
		list = append(list, damage{"flip", func(text []byte, at int) []byte {
			out := bytes.Clone(text)
			out[at] ^= 1 << bit
			return out
		}})
	}
	return list
}

// gone are the faults of the story's plan that are proven gone.
func gone(l *Leftovers) []string {
	if l.Plan == nil {
		return nil
	}
	list := []string{"f1", "f2"}
	for _, f := range l.Faults {
		list = slices.DeleteFunc(list, func(name string) bool { return name == f.Name })
	}
	return list
}

// Damage of a single byte, wherever it is, never proves a fault gone that is not. Either
// it changes nothing, or it shows: as damage, or as a run that did not come to its end.
func TestDamageNeverProvesAFaultGone(t *testing.T) {
	t.Parallel()
	open := known(t)
	for name, tt := range map[string]struct{ events, undone string }{
		"a run that died":                 {story, ""},
		"a run that ended":                {story + ended, ""},
		"a run that others cleaned after": {story, strings.Replace(removed, "f1", "f2", 1) + tidied},
	} {
		texts := [2][]byte{[]byte(sealed(tt.events)), []byte(sealed(tt.undone))}
		read := func(texts [2][]byte, listed bool) *Leftovers {
			l := &Leftovers{}
			if listed {
				l = &Leftovers{Run: open.Run, Plan: open.Plan, Toxiproxy: open.Server}
			}
			l.read(readProven(bytes.NewReader(texts[0])), readProven(bytes.NewReader(texts[1])))
			return l
		}
		for _, listed := range []bool{true, false} {
			whole := read(texts, listed)
			for file, text := range texts {
				for at := range text {
					for _, d := range damages() {
						damaged := texts
						damaged[file] = d.do(text, at)
						if bytes.Equal(damaged[file], text) {
							continue
						}
						l := read(damaged, listed)
						for _, fault := range gone(l) {
							if !slices.Contains(gone(whole), fault) {
								t.Fatalf("%s, listed %v, %s at %d of file %d: %s counts as gone: %+v", name, listed, d.name, at, file, fault, l)
							}
						}
						if l.Certain() && l.Damage == nil && namesOf(l) != namesOf(whole) {
							t.Fatalf("%s, listed %v, %s at %d of file %d: left is %s, want %s, and nothing shows", name, listed, d.name, at, file, namesOf(l), namesOf(whole))
						}
						if l.Plan == nil && listed || l.Plan == nil && l.Certain() && !l.CleanedUp {
							t.Fatalf("%s, listed %v, %s at %d of file %d: %+v", name, listed, d.name, at, file, l)
						}
					}
				}
			}
		}
	}
}

// The same for any stretch that is replaced by anything.
func FuzzDamagedJournal(f *testing.F) {
	for _, seed := range []string{"", "\n", "X", "\x00\x00", removed, ended, sealed(removed), sealed(story), `,"crc":"00000000"}`} {
		f.Add(uint16(0), uint16(4000), []byte(seed))
		f.Add(uint16(300), uint16(7), []byte(seed))
	}
	text := []byte(sealed(story + ended))
	whole := &Leftovers{}
	whole.read(readProven(bytes.NewReader(text)), readProven(strings.NewReader("")))
	f.Fuzz(func(t *testing.T, at, length uint16, with []byte) {
		from := min(int(at), len(text))
		to := min(from+int(length), len(text))
		l := &Leftovers{Plan: whole.Plan}
		damaged := slices.Concat(text[:from], with, text[to:])
		l.read(readProven(bytes.NewReader(damaged)), readProven(strings.NewReader("")))
		for _, fault := range gone(l) {
			if !slices.Contains(gone(whole), fault) {
				t.Errorf("%s counts as gone in %q", fault, damaged)
			}
		}
		if l.Certain() && namesOf(l) != namesOf(whole) {
			t.Errorf("left is %s, want %s, in %q", namesOf(l), namesOf(whole), damaged)
		}
	})
}

// A plan that is not that of the list is damage: the directory belongs to another run,
// and proves nothing about this one.
func TestTheListSaysWhatThePlanIs(t *testing.T) {
	t.Parallel()
	open := known(t)
	dir, l := create(t)
	root := openRoot(t, dir)
	other := *open.Plan
	other.Seed++
	for _, e := range []Event{{Seq: 1, Kind: RunStarted, Plan: &other}, {Seq: 2, Kind: RunEnded}} {
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := open.ReadLeftovers(root); got.Damage == nil || namesOf(got) != "f1~ f2~" || got.Ended {
		t.Errorf("of another plan: left is %s with damage %v", namesOf(got), got.Damage)
	}
	open.Plan = &other
	if got := open.ReadLeftovers(root); got.Damage != nil || namesOf(got) != "" {
		t.Errorf("of its plan: left is %s with damage %v", namesOf(got), got.Damage)
	}
	if got := open.ReadLeftovers(nil); got.Damage == nil || namesOf(got) != "f1~ f2~" {
		t.Errorf("without its directory: left is %s with damage %v", namesOf(got), got.Damage)
	}
	for _, mode := range []os.FileMode{0o720, 0o702, 0o777} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if got := open.ReadLeftovers(root); got.Damage == nil || namesOf(got) != "f1~ f2~" {
			t.Errorf("in a directory with mode %v: left is %s with damage %v", mode, namesOf(got), got.Damage)
		}
	}
}

// A report reads a journal of an older version, which has no checksums, and takes every
// other one at its word only where they are right.
func TestReportsReadJournalsOfOlderVersions(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(sealed(story), "\n")
	for name, tt := range map[string]struct {
		text   string
		events int
		bad    string // a part of the error
	}{
		"of an older version":         {story, 5, ""},
		"with checksums":              {sealed(story), 5, ""},
		"one letter changed":          {strings.Replace(sealed(story), `"fault":"f1"`, `"fault":"f2"`, 1), 1, "line 2"},
		"one line missing":            {lines[0] + lines[2], 1, "line 2"},
		"one line twice":              {lines[0] + lines[1] + lines[1], 2, "line 3"},
		"one line without a checksum": {lines[0] + intended, 1, "line 2"},
		"the first one without it":    {started + lines[1], 1, "line 2"},
		"the last one torn":           {lines[0] + lines[1][:20], 1, ""},
	} {
		got, err := readAll(t, tt.text)
		if len(got) != tt.events || (err != nil) != (tt.bad != "") || err != nil && !strings.Contains(err.Error(), tt.bad) {
			t.Errorf("%s: %d events, %v; want %d, %q", name, len(got), err, tt.events, tt.bad)
		}
	}
}

// What is cut off a damaged record is kept for people, and what is recorded after it
// counts.
func TestADamagedUndoIsCutAndGoesOn(t *testing.T) {
	t.Parallel()
	dir, l := create(t)
	root := openRoot(t, dir)
	if err := l.Record(Event{Seq: 1, Kind: RunStarted, Plan: &plan.Plan{Run: "r"}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lost := "nonsense\n" + tidied
	write(t, dir, UndoFile, sealed(removed)+lost)
	u, err := OpenUndo(root)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ReadLeftovers(root); err != nil || got.CleanedUp || got.Undone != 1 || got.Damage != nil {
		t.Errorf("ReadLeftovers() = %+v, %v", got, err)
	}
	if err := u.Record(Event{Kind: CleanedUp}); err != nil {
		t.Fatal(err)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadLeftovers(root); err != nil || !got.CleanedUp || got.Damage != nil {
		t.Errorf("ReadLeftovers() = %+v, %v", got, err)
	}
	if text, err := os.ReadFile(dir + "/" + DamagedUndoFile); err != nil || string(text) != lost {
		t.Errorf("kept is %q, %v; want %q", text, err, lost)
	}
}

// A stranger's directory may hold a pipe in place of a journal, which never opens.
func TestAJournalIsARegularFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/"+EventsFile, 0o700); err != nil {
		t.Fatal(err)
	}
	root := openRoot(t, dir)
	if _, err := ReadLeftovers(root); err == nil {
		t.Error("ReadLeftovers() of a folder = nil")
	}
	if _, err := Alive(root); err == nil {
		t.Error("Alive() of a folder = nil")
	}
}
