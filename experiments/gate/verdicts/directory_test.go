package verdicts

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// What is new, changed or gone counts at the next request.
func TestFilesChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.handler()
	path := filepath.Join(w.dir, "a.intoto.jsonl")
	held, refuted := w.lines(measured("r1", 0, result.Held), w.ada), w.lines(measured("r2", time.Minute, result.Refuted), w.ada)
	for _, step := range []struct {
		what   string
		change func() error
		want   Phase
	}{
		{"nothing", func() error { return nil }, Inconclusive},
		{"new", func() error { return os.WriteFile(path, held, 0o600) }, Passed},
		{"appended", func() error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.Write(refuted)
			return errors.Join(err, f.Close())
		}, Failed},
		{"written anew", func() error { return os.WriteFile(path, held, 0o600) }, Passed},
		{"old", func() error { return os.Chtimes(path, start(), start()) }, Passed},
		{"in its place, as old and as long", func() error {
			text := w.lines(measured("r1", 0, result.Held), w.eve)
			for len(text) != len(held) { // few signatures are shorter
				text = w.lines(measured("r1", 0, result.Held), w.eve)
			}
			next := path + ".next"
			return errors.Join(os.WriteFile(next, text, 0o600), os.Chtimes(next, start(), start()), os.Rename(next, path))
		}, Inconclusive},
		{"gone", func() error { return os.Remove(path) }, Inconclusive},
		{"in a folder", func() error {
			dir := filepath.Join(w.dir, "team", "checkout")
			return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "b.intoto.jsonl"), held, 0o600))
		}, Passed},
		{"folder gone", func() error { return os.RemoveAll(filepath.Join(w.dir, "team")) }, Inconclusive},
	} {
		if err := step.change(); err != nil {
			t.Fatal(step.what, err)
		}
		if a := w.ask(h, sha()); a.Phase != step.want {
			t.Errorf("%s: %s, want %s: %s", step.what, a.Phase, step.want, a.Reason)
		}
	}
}

// A file is not read again while nothing has happened to it.
func TestFilesAreReadOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	w.write("broken.intoto.jsonl", []byte("{"))
	for _, name := range []string{"a.intoto.jsonl", "broken.intoto.jsonl"} {
		if err := os.Chtimes(filepath.Join(w.dir, name), start(), start()); err != nil {
			t.Fatal(err)
		}
	}
	h := w.handler()
	first, err := h.dir.now()
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.dir.now()
	if err != nil || first != again {
		t.Errorf("%v: it was put together again", err)
	}
	if len(w.logged) != 1 {
		t.Errorf("told %d times of one file", len(w.logged))
	}
}

// health is what the server says of itself.
// What a file said that cannot be read any more is not forgotten: an older statement in
// another file lets nothing pass that it spoke of.
func TestAFileThatBreaks(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w *world, file string) error{
		"damaged": func(_ *world, file string) error { return os.WriteFile(file, []byte("{"), 0o600) },
		"a link to nothing": func(_ *world, file string) error {
			return errors.Join(os.Remove(file), os.Symlink("nowhere", file))
		},
		"damaged twice": func(w *world, file string) error {
			err := os.WriteFile(file, []byte("{"), 0o600)
			w.ask(w.asked, sha())
			return errors.Join(err, os.WriteFile(file, []byte("[["), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.statement.Subjects = append(w.statement.Subjects, statement.Subject{Name: "prod/shop/85d557f47b", Digest: statement.DigestOf(candidate())})
			file := filepath.Join(w.dir, "new.intoto.jsonl")
			w.write("old.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
			w.write("new.intoto.jsonl", w.lines(measured("r2", time.Minute, result.Refuted), w.ada))
			h := w.handler()
			w.asked = h
			if a := w.ask(h, sha()); a.Phase != Failed {
				t.Fatalf("%+v", a)
			}
			if err := spoil(w, file); err != nil {
				t.Fatal(err)
			}
			if a := w.ask(h, sha()); a.Phase != Inconclusive || !slices.Equal(codes(a), []policy.Code{policy.Unreadable}) || !strings.Contains(a.Reason, "new.intoto.jsonl") {
				t.Errorf("damaged: %+v", a)
			}
			if a := w.ask(h, "gitCommit:"+commit()); a.Phase != Inconclusive {
				t.Errorf("its commit: %+v", a)
			}
			other := []byte("{}")
			w.statement.Subjects = statement.OfFile("other.json", other)
			w.write("other.intoto.jsonl", w.lines(func() *result.Result { r := measured("r3", 0, result.Held); r.Run.Commit = ""; return r }(), w.ada))
			if a := w.ask(h, statement.DigestOf(other).String()); a.Phase != Passed {
				t.Errorf("what it did not speak of: %+v", a)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if a := w.ask(h, sha()); a.Phase != Passed {
				t.Errorf("removed: %+v", a)
			}
		})
	}
}

func healthOf(t *testing.T, h *Handler) health {
	t.Helper()
	got := get(h, "GET", "/healthz", "")
	var s health
	if err := json.Unmarshal(got.Body.Bytes(), &s); err != nil || got.Code != 200 {
		t.Fatalf("%d %s: %v", got.Code, got.Body, err)
	}
	return s
}

// What is no file of statements stops nobody, and is told. Nothing outside the directory
// counts, and nothing is waited for.
func TestStrangeFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	held := w.lines(measured("r1", 0, result.Held), w.ada)
	outside := filepath.Join(t.TempDir(), "outside.intoto.jsonl")
	if err := os.WriteFile(outside, held, 0o600); err != nil {
		t.Fatal(err)
	}
	w.write("broken.intoto.jsonl", held[:len(held)/2])
	w.write("half.intoto.jsonl", held[:len(held)-1-len(held)/3])
	w.write("notes.txt", held)
	w.write(".hidden.intoto.jsonl", held)
	w.write(".git/a.intoto.jsonl", held)
	for _, err := range []error{
		os.Symlink(outside, filepath.Join(w.dir, "out.intoto.jsonl")),
		os.Symlink("loop.intoto.jsonl", filepath.Join(w.dir, "loop.intoto.jsonl")),
		os.Symlink(filepath.Dir(outside), filepath.Join(w.dir, "folder")),
		syscall.Mkfifo(filepath.Join(w.dir, "pipe.intoto.jsonl"), 0o600),
		os.Mkdir(filepath.Join(w.dir, "folder.intoto.jsonl"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	h := w.handler()
	if a := w.ask(h, sha()); a.Phase != Inconclusive {
		t.Errorf("%+v", a)
	}
	s := healthOf(t, h)
	if want := []string{"broken.intoto.jsonl", "half.intoto.jsonl", "loop.intoto.jsonl", "out.intoto.jsonl", "pipe.intoto.jsonl"}; s.Status != "degraded" || s.Statements != 0 || fmt.Sprint(s.Unreadable) != fmt.Sprint(want) {
		t.Errorf("%+v, want %v", s, want)
	}
	w.write("a.intoto.jsonl", held)
	if a := w.ask(h, sha()); a.Phase != Passed {
		t.Errorf("%+v", a)
	}
	if got := len(w.logged); got != 5 {
		t.Errorf("told of %d files", got)
	}
}

// A volume of Kubernetes is links into a hidden folder, which is replaced as a whole.
func TestVolume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for version, v := range map[string]result.Verdict{"..1": result.Held, "..2": result.Refuted} {
		w.write(version+"/a.intoto.jsonl", w.lines(measured("r"+version, 0, v), w.ada))
	}
	link := func(to, name string) {
		if err := errors.Join(os.Symlink(to, filepath.Join(w.dir, "..next")), os.Rename(filepath.Join(w.dir, "..next"), filepath.Join(w.dir, name))); err != nil {
			t.Fatal(err)
		}
	}
	link("..1", "..data")
	link("..data/a.intoto.jsonl", "a.intoto.jsonl")
	h := w.handler()
	if a := w.ask(h, sha()); a.Phase != Passed {
		t.Errorf("%+v", a)
	}
	link("..2", "..data")
	if a := w.ask(h, sha()); a.Phase != Failed {
		t.Errorf("%+v", a)
	}
	if s := healthOf(t, h); s.Status != "ok" || s.Files != 1 || s.Statements != 1 {
		t.Errorf("%+v", s)
	}
}

// Without the directory, nothing is said of any change.
func TestDirectoryGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	h := w.handler()
	if err := os.Rename(w.dir, w.dir+"-gone"); err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{"/verdicts/" + sha(): "", "/healthz": "", "/flagger": `{"metadata":{"digest":"` + sha() + `"}}`} {
		method := "GET"
		if body != "" {
			method = "POST"
		}
		if got := get(h, method, path, body); got.Code != 503 || strings.Contains(got.Body.String(), w.dir) {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	if len(w.logged) != 1 {
		t.Errorf("told %d times", len(w.logged))
	}
	if _, err := NewHandler(w.options); err == nil {
		t.Error("a directory that there is not is served")
	}
}

// More files than are read could hide one that speaks against a change.
func TestTooManyFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range MostFiles + 1 {
		if err := os.WriteFile(filepath.Join(w.dir, fmt.Sprintf("%d%s", i, Suffix)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewHandler(w.options); !errors.Is(err, ErrTooMuch) {
		t.Error(err)
	}
	large := newWorld(t)
	for i := range 2 {
		path := filepath.Join(large.dir, fmt.Sprintf("%d%s", i, Suffix))
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, MostBytes*2/3)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewHandler(large.options); !errors.Is(err, ErrTooMuch) {
		t.Error(err)
	}
}
