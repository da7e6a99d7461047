package demo

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

var errStopped = errors.New("stopped")

// folderIn is a folder in which so many files can be written, and no more.
func folderIn(t *testing.T, dir string, writes int) folder {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return folder{root, func(root *os.Root, name string, write func(io.Writer) error) error {
		if writes--; writes < 0 {
			return errStopped
		}
		return atomicfile.RewriteIn(root, name, write)
	}}
}

// shopAt are the documents of a shop at an address.
func shopAt(address string) (documents, addresses map[string]string) {
	return map[string]string{"a.yaml": "first: " + address, "b/c.yaml": "no address", "d.yaml": "last: " + address},
		map[string]string{"shop": address}
}

const plenty = 100 // writes

func edit(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A start that is stopped behind any of its writes is completed by the next one, also where
// that is the first, where two are stopped, and where the user had changed a document.
func TestAStartThatIsStoppedIsCompleted(t *testing.T) {
	t.Parallel()
	const complete = 5 // writes: three documents, and the record before and after
	for first := range complete + 1 {
		for second := range complete + 1 {
			dir := t.TempDir()
			for i, writes := range []int{first, second} {
				documents, addresses := shopAt([]string{"http://127.0.0.1:1001", "http://127.0.0.1:1002"}[i])
				_, err := folderIn(t, dir, writes).update(documents, addresses)
				if stopped := errors.Is(err, errStopped); stopped != (writes < complete) || err != nil && !stopped {
					t.Fatalf("%d and %d writes: %v", first, second, err)
				}
				if i == 0 && first > 1 {
					edit(t, dir, "a.yaml", "mine: http://127.0.0.1:1001 127.0.0.1:1001")
				}
			}
			documents, addresses := shopAt("http://127.0.0.1:1003")
			var want []string
			if first > 1 {
				want, documents["a.yaml"] = []string{"a.yaml"}, "mine: http://127.0.0.1:1003 127.0.0.1:1003"
			}
			original, _ := shopAt("http://127.0.0.1:1003")
			kept, err := folderIn(t, dir, plenty).update(original, addresses)
			if err != nil || !slices.Equal(kept, want) {
				t.Errorf("%d and %d writes: kept %q, %v", first, second, kept, err)
			}
			for name, text := range documents {
				if got := textOf(t, filepath.Join(dir, name)); got != text {
					t.Errorf("%d and %d writes: %s is %q, want %q", first, second, name, got, text)
				}
			}
		}
	}
}

// A document that not every start writes stays the user's, with the addresses of the last
// start, whatever came between.
func TestADocumentOfAnEarlierStartIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	update := func(address string, more bool) []string {
		t.Helper()
		documents, addresses := shopAt(address)
		if more {
			documents["more.yaml"] = "more"
			addresses["more"] = "127.0.0.1:7"
		}
		kept, err := folderIn(t, dir, plenty).update(documents, addresses)
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	update("http://127.0.0.1:1001", true)
	edit(t, dir, "more.yaml", "mine http://127.0.0.1:1001")
	if kept := update("http://127.0.0.1:1002", false); len(kept) != 0 {
		t.Errorf("kept %q, which is no document of this start", kept)
	}
	if kept := update("http://127.0.0.1:1003", true); !slices.Equal(kept, []string{"more.yaml"}) {
		t.Errorf("kept %q", kept)
	}
	if got := textOf(t, filepath.Join(dir, "more.yaml")); got != "mine http://127.0.0.1:1003" {
		t.Errorf("the document is %q", got)
	}
}

// What is too large to be kept is refused, and nothing is written.
func TestALargeDocumentIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	documents, addresses := shopAt("127.0.0.1:1001")
	if _, err := folderIn(t, dir, plenty).update(documents, addresses); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "d.yaml")
	if err := os.Truncate(name, maxDocument+1); err != nil {
		t.Fatal(err)
	}
	if _, err := folderIn(t, dir, 0).update(documents, addresses); !isUsage(err) {
		t.Errorf("update() = %v, want a usage error", err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() != maxDocument+1 {
		t.Errorf("the document was cut: %v, %v", info, err)
	}
}

// The error about documents of others names all of them, and no others.
func TestForeignDocumentsAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	documents, addresses := shopAt("127.0.0.1:1001")
	edit(t, dir, "a.yaml", "theirs")
	edit(t, dir, "d.yaml", documents["d.yaml"])
	_, err := folderIn(t, dir, 0).update(documents, addresses)
	if !isUsage(err) || !strings.Contains(err.Error(), "a.yaml is there") {
		t.Errorf("update() = %v", err)
	}
	edit(t, dir, "d.yaml", "theirs")
	_, err = folderIn(t, dir, 0).update(documents, addresses)
	if !isUsage(err) || !strings.Contains(err.Error(), "a.yaml and "+filepath.Join(dir, "d.yaml")+" are there") {
		t.Errorf("update() = %v", err)
	}
}

// Addresses are exchanged where they stand as a whole, with the scheme that is before them.
func TestRenew(t *testing.T) {
	t.Parallel()
	was := record{start: start{Addresses: map[string]string{"carts": "redis://127.0.0.1:6379", "shop": "http://127.0.0.1:80", "proxy": "http://toxiproxy", "listen": "[::1]:81", "gone": "127.0.0.1:9"}}}
	is := start{Addresses: map[string]string{"carts": "rediss://127.0.0.1:80", "shop": "http://127.0.0.1:6379", "proxy": "http://127.0.0.1:84", "listen": "127.0.0.1:82"}}
	for _, tt := range []struct{ text, want string }{
		{"redis://127.0.0.1:6379/0", "rediss://127.0.0.1:80/0"},
		{"127.0.0.1:6379,127.0.0.1:80", "127.0.0.1:80,127.0.0.1:6379"},
		{"127.0.0.1:63790", "127.0.0.1:63790"},
		{"127.0.0.1:6379a 127.0.0.1:6379-b", "127.0.0.1:6379a 127.0.0.1:6379-b"},
		{"1127.0.0.1:6379 1.127.0.0.1:6379", "1127.0.0.1:6379 1.127.0.0.1:6379"},
		{"127.0.0.1:8080 http://127.0.0.1:80.", "127.0.0.1:8080 http://127.0.0.1:6379."},
		{"toxiproxy: http://toxiproxy", "toxiproxy: http://127.0.0.1:84"},
		{`"[::1]:81"`, `"127.0.0.1:82"`},
		{"ü 127.0.0.1:9 ü", "ü 127.0.0.1:9 ü"},
		{"", ""},
	} {
		if got := was.renew(tt.text, is); got != tt.want {
			t.Errorf("renew(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}
