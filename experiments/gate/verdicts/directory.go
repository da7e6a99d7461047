package verdicts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
)

// Suffix is what the names of files with statements end with.
const Suffix = ".intoto.jsonl"

// Bounds of a directory of statements.
const (
	MostFiles = 10_000
	MostBytes = 256 << 20 // of all files
)

// ErrTooMuch means that there are more statements than are read: to leave some out could
// let a change pass.
var ErrTooMuch = errors.New("there are too many statements")

// sameTime is how far apart two writes must be for their times to differ on any file
// system.
const sameTime = 2 * time.Second

// A directory is one of files with statements. It is read anew when they change.
type directory struct {
	path string
	keys []signing.PublicKey
	logf func(format string, args ...any)

	mu     sync.Mutex
	files  map[string]*file
	known  *known
	failed string // why nothing can be said now
}

// A file is one that was read.
type file struct {
	info  fs.FileInfo
	read  time.Time // when that began
	pairs []entry   // of one that is not counted, what was read of it before
	err   error     // why it is not counted
	lost  bool      // it cannot be opened: that may change without a trace
}

// An entry is a pair of statements.
type entry struct {
	policy.Pair
	trusted bool // somebody trusted has signed it
}

// names reports whether the name of a subject counts: where somebody trusted has given it. A
// digest speaks for itself, and a name does not. That of a gate's candidate is its path, which
// who wrote the candidate has chosen.
func (e entry) names(subject int) bool {
	return e.trusted && (subject > 0 || e.Resilience.Predicate.Change == nil)
}

// isAs reports whether a file is as it was when it was read. One that was written shortly
// before may have been written again since.
func (f *file) isAs(info fs.FileInfo) bool {
	return f != nil && !f.lost && os.SameFile(f.info, info) && f.info.Size() == info.Size() && f.info.ModTime().Equal(info.ModTime()) &&
		f.read.Sub(info.ModTime()) > sameTime
}

// known is what all files say together. It does not change.
type known struct {
	about  map[statement.Digest][]policy.Pair
	named  map[string][]statement.Digest // by a name that somebody trusted has given
	doubt  map[statement.Digest]string   // files that said something of it, and cannot be read now
	files  int
	pairs  int
	broken []string // names of files that cannot be read
}

// now reads what has changed. The error says why nothing can be said of any change; it is
// told once.
func (d *directory) now() (*known, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.refresh()
	if err == nil {
		d.failed = ""
		return d.known, nil
	}
	if d.failed != err.Error() {
		d.failed = err.Error()
		d.logf("error: the statements cannot be read: %v", err)
	}
	return nil, err
}

func (d *directory) refresh() error {
	root, err := atomicfile.OpenDir(d.path)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // it was only read
	seen, changed, err := d.walk(root)
	if err != nil {
		return err
	}
	if changed || d.known == nil || len(seen) != len(d.files) {
		d.files, d.known = seen, sum(seen)
	}
	return nil
}

// walk looks at all files, and reads those that have changed.
func (d *directory) walk(root *os.Root) (seen map[string]*file, changed bool, err error) {
	seen = map[string]*file{}
	left := int64(MostBytes)
	err = fs.WalkDir(root.FS(), ".", func(name string, at fs.DirEntry, err error) error {
		var f *file
		switch {
		case err != nil && name == ".":
			return err
		case name != "." && strings.HasPrefix(at.Name(), "."): // such as the versions of a volume of Kubernetes, or a repository
			if at.IsDir() {
				return fs.SkipDir
			}
			return nil
		case err != nil:
			f = d.keepLast(name, &file{err: err, lost: true})
		case at.IsDir() || !strings.HasSuffix(name, Suffix):
			return nil
		case len(seen) == MostFiles:
			return fmt.Errorf("%w: more than %d files; move old ones elsewhere", ErrTooMuch, MostFiles)
		default:
			f = d.keepLast(name, d.look(root, name))
		}
		if f.info != nil {
			left -= f.info.Size()
		}
		if left < 0 {
			return fmt.Errorf("%w: more than %d MB; move old ones elsewhere", ErrTooMuch, MostBytes>>20)
		}
		changed = d.isNews(name, f) || changed
		seen[name] = f
		return nil
	})
	return seen, changed, err
}

// isNews reports whether a file is another one than before, and tells of one that is not
// counted any more.
func (d *directory) isNews(name string, f *file) bool {
	before := d.files[name]
	if before == f || before != nil && before.err != nil && f.err != nil && before.err.Error() == f.err.Error() {
		return false
	}
	if f.err != nil {
		d.logf("warning: %s/%s is not counted: %v", d.path, name, f.err)
	}
	return true
}

// keepLast keeps what was read of a file before it could not be read any more: it may have
// spoken against a change for which an older statement in another file speaks.
func (d *directory) keepLast(name string, f *file) *file {
	if before := d.files[name]; f.err != nil && before != nil {
		f.pairs = before.pairs
	}
	return f
}

// look returns a file as it is now.
func (d *directory) look(root *os.Root, name string) *file {
	info, err := root.Stat(name)
	if err != nil {
		return &file{err: err, lost: true}
	}
	if before := d.files[name]; before.isAs(info) {
		return before
	}
	f := &file{info: info, read: time.Now()}
	text, err := readFile(root, name)
	if err != nil {
		f.err, f.lost = err, true
		return f
	}
	pairs, err := policy.ReadPairs(text)
	for _, p := range pairs {
		f.pairs = append(f.pairs, entry{p, len(p.SignedBy(d.keys)) > 0})
	}
	f.err = err
	return f
}

// readFile reads what a file may have, and a byte more.
func readFile(root *os.Root, name string) ([]byte, error) {
	opened, err := atomicfile.OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(opened, signing.MostBytes+1))
}

// sum puts together what the files say.
func sum(files map[string]*file) *known {
	k := &known{about: map[statement.Digest][]policy.Pair{}, named: map[string][]statement.Digest{}, doubt: map[statement.Digest]string{}, files: len(files)}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		keep := func(d statement.Digest, p policy.Pair) { k.about[d] = append(k.about[d], p) }
		if f.err != nil {
			k.broken = append(k.broken, name)
			keep = func(d statement.Digest, _ policy.Pair) { k.doubt[d] = name }
		} else {
			k.pairs += len(f.pairs)
		}
		for _, p := range f.pairs {
			k.add(p, keep)
		}
	}
	return k
}

// add adds what a pair is about, and how that is called.
func (k *known) add(p entry, keep func(statement.Digest, policy.Pair)) {
	for i, s := range p.Resilience.Subject {
		if s.IsCanonical() {
			continue
		}
		keep(s.Digest, p.Pair)
		if p.names(i) && !slices.Contains(k.named[s.Name], s.Digest) {
			k.named[s.Name] = append(k.named[s.Name], s.Digest)
		}
	}
}
