package statements

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/gate/attempts"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
)

func start() time.Time { return time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC) }

// measured is the result of a run that held.
func measured(id string) *result.Result {
	return &result.Result{
		Schema: result.Schema, Run: result.Run{ID: id, Started: start(), Ended: start().Add(time.Minute), Outcome: result.Completed},
		System: result.System{Name: "checkout", Environment: "staging"}, Documents: []result.Document{{File: "blastgauge.yaml", Text: "s"}, {File: "a.yaml", Text: "a"}},
		Experiments: []result.Experiment{{ID: "a", File: "a.yaml", Verdict: result.Held}},
	}
}

func write(t *testing.T, path string, text []byte, perm fs.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, text, perm); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, perm); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// newKey writes a key and returns its file.
func newKey(t *testing.T, dir string) (string, *signing.PrivateKey) {
	t.Helper()
	key, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.PEM()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(dir, "ada.pem"), text, 0o600), key
}

// flags are those of a command that writes signed statements about a file.
func flags(t *testing.T) (Flags, *signing.PrivateKey) {
	t.Helper()
	dir := t.TempDir()
	key, signer := newKey(t, dir)
	return Flags{File: filepath.Join(dir, "s.jsonl"), Keys: []string{key}, SubjectFiles: []string{write(t, filepath.Join(dir, "next.json"), []byte("{}"), 0o600)}}, signer
}

func prepared(t *testing.T, f Flags) *Writer {
	t.Helper()
	w, err := f.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A command that is repeated writes the same statement with the same keys.
func TestWords(t *testing.T) {
	t.Parallel()
	f := Flags{File: "s.jsonl", Keys: []string{"a.pem", "b.pem"}, Subjects: []string{"x@sha256:0"}, SubjectFiles: []string{"c d"}, ValidFor: "1h", Above: "2%", PageURL: "http://ci.test/1", Strict: true}
	want := []string{"--statement=s.jsonl", "--key=a.pem", "--key=b.pem", "--subject=x@sha256:0", "--subject-file=c d", "--valid-for=1h", "--second-approver-above=2%", "--strict-intoto"}
	if got := f.Words(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	f.File = ""
	if got := f.Words(); got != nil {
		t.Errorf("%q where none is asked for", got)
	}
}

// What goes with --statement says nothing without it, and nothing is asked for without any.
func TestFlagsWithoutAFile(t *testing.T) {
	t.Parallel()
	if w, err := (&Flags{}).Prepare(); w != nil || err != nil {
		t.Errorf("%v, %v", w, err)
	}
	for name, f := range map[string]Flags{
		"--key": {Keys: []string{"x"}}, "--subject": {Subjects: []string{"x"}}, "--subject-file": {SubjectFiles: []string{"x"}}, "--valid-for": {ValidFor: "1h"},
		"--second-approver-above": {Above: "1%"}, "--page-url": {PageURL: "x"}, "--strict-intoto": {Strict: true},
	} {
		_, err := f.Prepare()
		if _, ok := errors.AsType[usage.Error](err); !ok || !strings.HasPrefix(err.Error(), name+" ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var none *Writer // a command may always ask it
	options := run.Options{}
	if err := none.Follow(&plan.Plan{}, &options); err != nil || options.Opened != nil || none.Ending("", nil) != nil || none.Subjects() != nil || none.KeyIDs() != nil {
		t.Error("a writer that there is not does something")
	}
	if written, err := none.Write(nil, About{}); written != nil || err != nil {
		t.Errorf("%v, %v", written, err)
	}
}

func TestFlagsThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*Flags){
		"subject":      func(f *Flags) { f.Subjects = []string{"x@sha256:0"} },
		"subject file": func(f *Flags) { f.SubjectFiles = []string{f.File + "none"} },
		"large file": func(f *Flags) {
			f.SubjectFiles = []string{write(t, f.File+"large", make([]byte, mostSubject+1), 0o600)}
		},
		"key twice":   func(f *Flags) { f.Keys = append(f.Keys, f.Keys[0]) },
		"no key":      func(f *Flags) { f.Keys = []string{f.File + "none"} },
		"short":       func(f *Flags) { f.ValidFor = "1s" },
		"long":        func(f *Flags) { f.ValidFor = "10000h" },
		"no time":     func(f *Flags) { f.ValidFor = "soon" },
		"share":       func(f *Flags) { f.Above = "5" },
		"address":     func(f *Flags) { f.PageURL = "ftp://x/y" },
		"a password":  func(f *Flags) { f.PageURL = "https://ada:x@y/z" },
		"a folder":    func(f *Flags) { f.File = filepath.Dir(f.File) },
		"no folder":   func(f *Flags) { f.File = filepath.Join(f.File, "x") },
		"stdout":      func(f *Flags) { f.File = "-" },
		"a device":    func(f *Flags) { f.File = "/dev/null" },
		"another's":   func(f *Flags) { write(t, f.File, []byte("hello\n"), 0o600) },
		"empty lines": func(f *Flags) { write(t, f.File, []byte("\n\n"), 0o600) },
		"full": func(f *Flags) {
			list := slices.Repeat([]*signing.Envelope{signing.Wrap([]byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x","predicate":{}}`))}, signing.MostLines-1)
			text, err := signing.Write(list)
			if err != nil {
				t.Error(err)
			}
			write(t, f.File, text, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := flags(t)
			edit(&f)
			if _, err := f.Prepare(); err == nil {
				t.Error("it is taken")
			} else if _, ok := errors.AsType[usage.Error](err); !ok {
				t.Error(err)
			}
		})
	}
}

// A private key that others may read is not used, and no error tells anything of one.
func TestReadKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, key := newKey(t, dir)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	for mode, right := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o620: false, 0o660: false, 0o644: false, 0o777: false} {
		got, err := ReadKey(write(t, filepath.Join(dir, fmt.Sprintf("%o.pem", mode)), text, mode))
		if (err == nil) != right || right && got.Public().ID() != key.Public().ID() || !right && (!errors.Is(err, ErrExposed) || !strings.Contains(err.Error(), "chmod 600 ")) {
			t.Errorf("%o: %v", mode, err)
		}
	}
	_, err = ReadKey(write(t, filepath.Join(dir, "key.pub.pem"), public, 0o644))
	if err == nil || errors.Is(err, ErrExposed) {
		t.Errorf("a public key that everybody may read: %v", err)
	}
	link := filepath.Join(dir, "link.pem")
	if err := os.Symlink(filepath.Join(dir, "644.pem"), link); err != nil {
		t.Fatal(err)
	}
	body := strings.Split(string(text), "\n")[1]
	for name, file := range map[string]string{
		"a link to one": link, "none": filepath.Join(dir, "none"), "a folder": dir, "a device": "/dev/zero",
		"public": write(t, filepath.Join(dir, "public"), public, 0o600), "cut": write(t, filepath.Join(dir, "cut"), text[:len(text)/2], 0o600),
		"damaged": write(t, filepath.Join(dir, "damaged"), []byte(strings.Replace(string(text), body[:8], "AAAAAAAA", 1)), 0o600),
		"long":    write(t, filepath.Join(dir, "long"), make([]byte, mostKey+1), 0o600),
	} {
		_, err := ReadKey(file)
		if err == nil {
			t.Errorf("%s: it is taken", name)
		} else if strings.Contains(err.Error(), body[8:24]) {
			t.Errorf("%s: it tells of the key: %v", name, err)
		}
	}
}

// A key may come from a pipe of its user's, such as that of a vault.
func TestAKeyFromAPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, key := newKey(t, dir)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- os.WriteFile(pipe, text, 0o600) }()
	got, err := ReadKey(pipe)
	if err := errors.Join(err, <-done); err != nil || got.Public().ID() != key.Public().ID() {
		t.Error(err)
	}
}

func TestReadPublicKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	private, key := newKey(t, dir)
	text, err := key.Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	one, two := write(t, filepath.Join(dir, "one"), text, 0o644), write(t, filepath.Join(dir, "two"), text, 0o644)
	if list, err := ReadPublicKeys([]string{one}); err != nil || len(list) != 1 || list[0].ID() != key.Public().ID() {
		t.Errorf("%v, %v", list, err)
	}
	for _, paths := range [][]string{{one, two}, {private}, {filepath.Join(dir, "none")}, {dir}} {
		if list, err := ReadPublicKeys(paths); err == nil {
			t.Errorf("%v is %v", paths, list)
		}
	}
}

// Several runs may append to one file: none loses what another wrote.
func TestManyAppend(t *testing.T) {
	t.Parallel()
	f, key := flags(t)
	const n = 12
	var all sync.WaitGroup
	for i := range n {
		w := prepared(t, f)
		all.Go(func() {
			written, err := w.Write(measured(fmt.Sprintf("r%d", i)), About{})
			if err != nil || written.File != f.File || !slices.Equal(written.Keys, []string{key.Public().ID()}) || written.Subject.Digest != statement.DigestOf([]byte("{}")) {
				t.Errorf("%+v, %v", written, err)
			}
		})
	}
	all.Wait()
	text, err := ReadFile(f.File)
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := policy.ReadPairs(text)
	if err != nil || len(pairs) != n {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	d := policy.Decide(policy.Input{Candidate: []byte("{}"), File: text, Keys: []signing.PublicKey{key.Public()}, Now: start().Add(time.Hour)}, policy.Requirements{})
	if !d.Pass || len(d.SignedBy) != 1 {
		t.Errorf("%+v", d)
	}
}

// What came to stand in the file during a run is not written over.
func TestAFileThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	f, _ := flags(t)
	w := prepared(t, f)
	write(t, f.File, []byte("hello\n"), 0o600)
	if _, err := w.Write(measured("r1"), About{}); err == nil {
		t.Error("it was written over")
	}
	if text, err := os.ReadFile(f.File); err != nil || string(text) != "hello\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// Who holds the folder's lock is waited for, and what its change makes is what is there then.
func TestUpdateIsWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x")
	var all sync.WaitGroup
	const n = 20
	for range n {
		all.Go(func() {
			err := Update(path, func() ([]byte, error) {
				text, err := os.ReadFile(path)
				if errors.Is(err, fs.ErrNotExist) {
					err = nil
				}
				return append(text, 'x'), err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if text, err := os.ReadFile(path); err != nil || len(text) != n {
		t.Errorf("%d of %d changes, %v", len(text), n, err)
	}
	failed := errors.New("no")
	if err := Update(path, func() ([]byte, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if err := Update(path, func() ([]byte, error) { return make([]byte, signing.MostBytes+1), nil }); err == nil {
		t.Error("it is too long")
	}
	if text, err := os.ReadFile(path); err != nil || len(text) != n {
		t.Errorf("%d of %d changes, %v", len(text), n, err)
	}
}

// What a run is about is noted before it, with the change first, and counts for the next one.
func TestARunIsCounted(t *testing.T) {
	t.Parallel()
	f, _ := flags(t)
	w, runs := prepared(t, f), filepath.Join(t.TempDir(), "runs")
	first := statement.Subject{Name: "candidate", Digest: statement.DigestOf([]byte("candidate"))}
	dir := filepath.Join(runs, "r1")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var options run.Options
	if err := w.Follow(&plan.Plan{Run: "r1", Commit: strings.Repeat("ab", 20)}, &options, first); err != nil {
		t.Fatal(err)
	}
	if err := options.Opened(root, start()); err != nil {
		t.Fatal(err)
	}
	noted := attempts.SubjectsIn(dir)
	if len(noted) != 4 || noted[0] != first || noted[3].Name != "git" {
		t.Errorf("%+v", noted)
	}
	for id, want := range map[string]int{"r1": 0, "r2": 1} { // its own is none
		a, err := w.Attempts(runs, measured(id), first)
		if err != nil || a.Count != want {
			t.Errorf("%s: %+v, %v", id, a, err)
		}
	}

	f.SubjectFiles = nil
	if err := prepared(t, f).Follow(&plan.Plan{Run: "r1"}, &options); err == nil {
		t.Error("nothing says what it is about")
	}
}

// A comparison is about what its head noted, where nothing else is named.
func TestWriteComparison(t *testing.T) {
	t.Parallel()
	f, key := flags(t)
	f.SubjectFiles = nil
	w, dir := prepared(t, f), t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c := &compare.Comparison{Base: []compare.Run{{ID: "r0"}}, ExitCode: result.ExitRefuted}
	head := compare.Input{Source: dir, Result: measured("r1")}
	logf := func(string, ...any) {}
	if err := w.WriteComparison(t.TempDir(), c, []compare.Input{head}, logf); err == nil {
		t.Error("nothing says what it is about")
	}
	if err := attempts.Note(root, "r1", start(), statement.OfFile("next.json", []byte("{}"))); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteComparison(t.TempDir(), c, []compare.Input{head}, logf); err != nil {
		t.Fatal(err)
	}
	text, err := ReadFile(f.File)
	if err != nil {
		t.Fatal(err)
	}
	d := policy.Decide(policy.Input{Candidate: []byte("{}"), File: text, Keys: []signing.PublicKey{key.Public()}, Now: start().Add(time.Hour)}, policy.Requirements{})
	if !d.Has(policy.Regressed) || len(d.Denied) != 1 {
		t.Errorf("%+v", d)
	}
	if err := w.CheckSides([]compare.Input{head, head}); err == nil {
		t.Error("a statement is about two runs")
	}
}
