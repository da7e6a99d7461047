package bypass

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
)

func entry(n int) Entry {
	return Entry{
		Schema: Schema, By: "ada", Reason: "the shop is down", At: time.Date(2026, 11, 1, 3, n, 0, 0, time.UTC), Run: "r1", System: "checkout",
		Subject: statement.OfFile("gateway.json", []byte(`{"retries": 3}`)), Statement: "gateway.json.intoto.jsonl", SignedBy: []string{"ab"},
	}
}

func open(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func TestWhatIsAppendedStays(t *testing.T) {
	t.Parallel()
	runs := filepath.Join(t.TempDir(), "state", "runs")
	if list, problems, err := ReadBeside(runs); len(list)+len(problems) > 0 || err != nil {
		t.Errorf("%v, %v, %v before the first", list, problems, err)
	}
	var all sync.WaitGroup
	const n = 20
	for i := range n {
		all.Go(func() {
			if path, err := AppendBeside(runs, entry(n-i)); err != nil || filepath.Base(path) != File {
				t.Errorf("%s: %v", path, err)
			}
		})
	}
	all.Wait()
	list, problems, err := ReadBeside(runs)
	if len(list) != n || len(problems) > 0 || err != nil {
		t.Fatalf("%d bypasses, %v, %v", len(list), problems, err)
	}
	for i, e := range list { // oldest first
		if !reflect.DeepEqual(e, entry(i+1)) {
			t.Errorf("%+v, want %+v", e, entry(i+1))
		}
	}
	info, err := os.Stat(filepath.Join(filepath.Dir(runs), File))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// A line that a process did not end, or that somebody damaged, hides none of the others.
func TestDamagedLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := open(t, dir)
	file := filepath.Join(dir, File)
	if err := os.WriteFile(file, []byte("x\n"+`{"schema":"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Append(root, entry(1)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line := whole[bytes.LastIndexByte(bytes.TrimSpace(whole), '\n')+1:]
	more := bytes.Join([][]byte{
		bytes.Replace(line, []byte(`"by":"ada"`), []byte(`"by":"ada","by":"bob"`), 1),
		bytes.Replace(line, []byte(`"by"`), []byte(`"By"`), 1),
		bytes.Replace(line, []byte("ada"), []byte(""), 1),
		bytes.Replace(line, []byte(Schema), []byte("v2"), 1),
		bytes.Replace(line, []byte("the shop is down"), []byte(strings.Repeat("x", 70_000)), 1),
		[]byte("null\n"), []byte(`{"schema":"blastgauge/bypass/v1","by":"a","reason":"b","at":"2026-11-01T03:00:00Z","subject":[]}`),
	}, nil)
	if err := os.WriteFile(file, append(whole, more...), 0o600); err != nil {
		t.Fatal(err)
	}
	list, problems, err := Read(root)
	if len(list) != 1 || len(problems) != 9 || err != nil {
		t.Errorf("%d bypasses, %+v, %v", len(list), problems, err)
	}
	if problems[0].Line != 1 || problems[1].Line != 2 {
		t.Errorf("%+v", problems)
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	t.Parallel()
	root := open(t, t.TempDir())
	for name, edit := range map[string]func(*Entry){
		"nobody":     func(e *Entry) { e.By = "" },
		"no reason":  func(e *Entry) { e.Reason = "" },
		"two lines":  func(e *Entry) { e.Reason = "a\nb" },
		"no subject": func(e *Entry) { e.Subject = nil },
		"no digest":  func(e *Entry) { e.Subject = []statement.Subject{{Name: "x"}} },
		"too exact":  func(e *Entry) { e.At = e.At.Add(1) },
		"too long":   func(e *Entry) { e.Statement = strings.Repeat("x", 70_000) },
		"schema":     func(e *Entry) { e.Schema = "" },
	} {
		e := entry(1)
		edit(&e)
		if err := Append(root, e); err == nil {
			t.Errorf("%s: it was kept", name)
		}
	}
	if _, err := root.Stat(File); !os.IsNotExist(err) {
		t.Errorf("there is a file: %v", err)
	}
}

// A name that leads elsewhere is not followed.
func TestNoLinkLeadsOut(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "x")
	if err := os.Symlink(elsewhere, filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	if err := Append(open(t, dir), entry(1)); err == nil {
		t.Error("it was written through a link")
	}
	if _, err := os.Lstat(elsewhere); !os.IsNotExist(err) {
		t.Errorf("there is a file: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\n{}\n"))
	f.Add([]byte(`{"schema":"blastgauge/bypass/v1","by":"a","reason":"b","at":"2026-11-01T03:00:00Z","run":"r","system":"s","subject":[{"name":"x","digest":{"gitCommit":"abababababababababababababababababababab"}}],"statement":"x","signed_by":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, problems := decode(text)
		if len(list)+len(problems) > bytes.Count(text, []byte("\n"))+1 {
			t.Fatalf("%d and %d of %d lines", len(list), len(problems), bytes.Count(text, []byte("\n"))+1)
		}
		for _, e := range list {
			if e.check() != nil || e.Change() == "" {
				t.Fatalf("%+v", e)
			}
		}
	})
}
