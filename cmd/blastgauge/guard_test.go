package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A diary is a keeper whose acts are written down with their times.
type diary struct {
	began time.Time
	acts  []string
	swept error // what a sweep comes to
}

func (d *diary) write(act string) {
	d.acts = append(d.acts, act+" "+time.Since(d.began).String())
}

func (d *diary) keeper() *keeper {
	return &keeper{
		fence:  func(string) error { d.write("fence"); return nil },
		sweep:  func(context.Context) error { d.write("sweep"); return d.swept },
		finish: func(context.Context) error { d.write("finish"); return nil },
	}
}

func TestAGuardKnowsWhatToDo(t *testing.T) {
	type say struct {
		after time.Duration
		what  string // empty: the end of the line
	}
	const second = time.Second
	for name, tt := range map[string]struct {
		swept error
		said  []say
		want  []string
	}{
		"dismissed":               {nil, []say{{second, "."}, {second, "!"}}, nil},
		"dismissed late":          {nil, []say{{2900 * time.Millisecond, "."}, {2900 * time.Millisecond, "!"}}, nil},
		"killed":                  {nil, []say{{second, "."}, {second, ""}}, []string{"finish 2s"}},
		"killed at once":          {nil, []say{{0, ""}}, []string{"finish 0s"}},
		"stopped, then killed":    {nil, []say{{second, "."}, {9 * second, ""}}, []string{"fence 4.2s", "sweep 4.2s", "finish 10s"}},
		"stopped, then goes on":   {nil, []say{{second, "."}, {9 * second, "...."}, {second, "!"}}, []string{"fence 4.2s", "sweep 4.2s"}},
		"goes on, then is killed": {nil, []say{{9 * second, "."}, {second, ""}}, []string{"fence 3.2s", "sweep 3.2s", "finish 10s"}},
		"sweeps until it is done": {errors.New("503"), []say{{second, "."}, {5500 * time.Millisecond, ""}},
			[]string{"fence 4.2s", "sweep 4.2s", "sweep 5.2s", "sweep 6.2s", "finish 6.5s"}},
		"both stood still": {nil, []say{{3100 * time.Millisecond, "."}, {second, "!"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{began: time.Now(), swept: tt.swept}
				line, run := io.Pipe()
				go func() {
					for _, s := range tt.said {
						time.Sleep(s.after)
						if s.what == "" {
							run.Close()
							return
						}
						io.WriteString(run, s.what)
					}
					run.Close()
				}()
				if err := d.keeper().keep(t.Context(), line); err != nil {
					t.Errorf("keep() = %v", err)
				}
				if !slices.Equal(d.acts, tt.want) {
					t.Errorf("it did %q, want %q", d.acts, tt.want)
				}
				io.Copy(io.Discard, line)
			})
		})
	}
}

// A fence that cannot be put up keeps nobody from sweeping, and is tried again.
func TestAGuardThatCannotFenceSweepsAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{began: time.Now()}
		k := d.keeper()
		fences := 0
		k.fence = func(string) error {
			if fences++; fences < 3 {
				return errors.New("no space left on device")
			}
			return nil
		}
		line, run := io.Pipe()
		time.AfterFunc(20*time.Second, func() { run.Close() })
		if err := k.keep(t.Context(), line); err != nil {
			t.Errorf("keep() = %v", err)
		}
		if want := []string{"sweep 3.2s", "sweep 4.4s", "sweep 5.6s", "finish 20s"}; !slices.Equal(d.acts, want) || fences != 3 {
			t.Errorf("it did %q after %d fences, want %q", d.acts, fences, want)
		}
	})
}

func TestWhereOpenRunsAreListed(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string
		want string // below it
	}{
		"the home":                 {map[string]string{"HOME": "/home/x"}, "/home/x/.local/state"},
		"its own place":            {map[string]string{"HOME": "/home/x", "XDG_STATE_HOME": "/state"}, "/state"},
		"a relative one is nobody": {map[string]string{"HOME": "/home/x", "XDG_STATE_HOME": "state"}, "/home/x/.local/state"},
		"nowhere":                  {nil, ""},
		"a relative home":          {map[string]string{"HOME": "x"}, ""},
	} {
		a := &app{getenv: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }}
		want := journal.Listing{}
		if tt.want != "" {
			want = journal.OpenListing(tt.want)
		}
		if got := a.listing(); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestATokenIsNamedAndRead(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("token", []byte(" s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("nothing", []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BG_TOKEN", "v4lue")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		kind, text  string
		where, want string
		fails       string
	}{
		"a file":          {tokenFile, "token", "file:" + filepath.Join(here, "token"), "s3cret", ""},
		"an empty file":   {tokenFile, "nothing", "file:" + filepath.Join(here, "nothing"), "", "is empty"},
		"no such file":    {tokenFile, "none", "file:" + filepath.Join(here, "none"), "", "no such file"},
		"a variable":      {tokenEnv, "BG_TOKEN", "env:BG_TOKEN", "v4lue", ""},
		"one that is not": {tokenEnv, "BG_NONE", "env:BG_NONE", "", "$BG_NONE is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			var where string
			flag := &tokenFlag{tt.kind, &where}
			if err := flag.Set(tt.text); err != nil || where != tt.where {
				t.Fatalf("Set(%s) gives %q, %v; want %q", tt.text, where, err, tt.where)
			}
			got, err := readToken(where)
			if got != tt.want || (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("readToken(%s) = %q, %v; want %q and %q", where, got, err, tt.want, tt.fails)
			}
		})
	}
	if got, err := readToken(""); got != "" || err != nil {
		t.Errorf("no token = %q, %v", got, err)
	}
}

func TestAnonymousURLs(t *testing.T) {
	for in, want := range map[string]string{
		"http://127.0.0.1:8474":          "http://127.0.0.1:8474",
		"http://user:pw@127.0.0.1:8474/": "http://127.0.0.1:8474/",
		"http://127.0.0.1:84%zz":         "",
	} {
		if got := anonymous(in); got != want {
			t.Errorf("anonymous(%s) = %s, want %s", in, got, want)
		}
	}
}

// A working directory may be somebody else's: a link there must not lead a run to
// write elsewhere, and what a run makes is its user's only.
func TestRunDirectoriesStayWhereTheyBelong(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, root, err := runDir("", "r1")
	if err != nil || dir != filepath.Join(".blastgauge", "runs", "r1") {
		t.Fatalf("runDir() = %s, %v", dir, err)
	}
	root.Close()
	for _, d := range []string{".blastgauge", ".blastgauge/runs", dir} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", d, info.Mode(), err)
		}
	}
	elsewhere := t.TempDir()
	if err := errors.Join(os.RemoveAll(".blastgauge"), os.Symlink(elsewhere, ".blastgauge")); err != nil {
		t.Fatal(err)
	}
	if dir, root, err := runDir("", "r2"); err == nil {
		root.Close()
		t.Errorf("runDir() through a link = %s, nil", dir)
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) > 0 {
		t.Errorf("elsewhere are %v, %v", entries, err)
	}
	if dir, root, err := runDir("out/here", "r3"); err != nil || dir != "out/here" {
		t.Errorf("runDir(out/here) = %s, %v", dir, err)
	} else {
		root.Close()
	}
}
