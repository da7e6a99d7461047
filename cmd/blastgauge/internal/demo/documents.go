package demo

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/filelock"
)

// Files in the folder of the documents, beside the schemas.
const (
	recordFile = ".blastgauge/demo.json"
	lockFile   = ".blastgauge/demo.lock" // locked as long as an environment runs
)

// maxDocument is how many bytes of a document are read.
const maxDocument = 8 << 20

// A record says what was written into a folder last. What differs from it is the user's.
type record struct {
	Addresses map[string]string `json:"addresses"` // in the documents, by what is there
	Files     map[string]string `json:"files"`     // digests
}

// claim takes a folder for an environment until Close: another one that runs there would be
// led astray by our documents, and we by its.
func (e *Environment) claim(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	e.root = root
	if err := root.MkdirAll(path.Dir(lockFile), 0o777); err != nil {
		return err
	}
	if e.lock, err = atomicfile.AppendIn(root, lockFile, 0o600); err != nil {
		return err
	}
	free, err := filelock.TryLock(e.lock)
	if err == nil && !free {
		err = usage.Errorf("another demo serves %s: end it, or name another folder", dir)
	}
	return err
}

// writeDocuments writes the documents of the shop, and the schemas that they name in
// their first lines. What the user has changed since the last time stays, but for
// addresses, which are others every time.
func (e *Environment) writeDocuments(listen map[string]string, toxiproxyURL string) error {
	documents, err := e.shop.Documents(listen, toxiproxyURL)
	if err != nil {
		return err
	}
	was, err := readRecord(e.root)
	if err != nil {
		return err
	}
	is := record{Addresses: e.addresses(listen, toxiproxyURL), Files: map[string]string{}}
	var foreign []string
	for name, text := range documents {
		is.Files[name] = digest(text)
		old, err := readText(e.root, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case old == text || digest(old) == was.Files[name]:
		case was.Files[name] == "":
			foreign = append(foreign, filepath.Join(e.root.Name(), name))
		default:
			e.Kept = append(e.Kept, name)
			documents[name] = was.renew(old, is)
		}
	}
	if len(foreign) > 0 {
		slices.Sort(foreign)
		return usage.Errorf("%s exists and is not of this demo's making: name another folder (no document was written)", figures.List(foreign, "and"))
	}
	slices.Sort(e.Kept)
	for _, kind := range []experiments.Kind{experiments.SystemKind, experiments.ExperimentKind} {
		schema, err := experiments.Schema(kind)
		if err != nil {
			return err
		}
		documents[".blastgauge/schema/"+string(kind)+".json"] = string(schema)
	}
	text, err := json.MarshalIndent(is, "", "  ")
	if err != nil {
		return err
	}
	documents[recordFile] = string(text) + "\n"
	return e.write(documents)
}

// write writes files, and then the record of them.
func (e *Environment) write(files map[string]string) error {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return name == recordFile })
	names = append(names, recordFile)
	for _, name := range names {
		if err := e.root.MkdirAll(path.Dir(name), 0o777); err != nil {
			return err
		}
		err := atomicfile.RewriteIn(e.root, name, func(w io.Writer) error {
			_, err := io.WriteString(w, files[name])
			return err
		})
		if err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(e.root.Name(), name), err)
		}
	}
	return nil
}

// addresses are those that stand in the documents.
func (e *Environment) addresses(listen map[string]string, toxiproxyURL string) map[string]string {
	list := map[string]string{"shop": e.shop.URL(), "control": e.shop.ControlURL(), "toxiproxy": toxiproxyURL}
	for _, d := range e.shop.Dependencies() {
		list["listen "+d.Name], list["upstream "+d.Name] = listen[d.Name], d.Upstream
	}
	for name, address := range list {
		if _, rest, ok := strings.Cut(address, "://"); ok { // a document may name it without its scheme
			list[name] = rest
		}
	}
	return list
}

// renew returns a document of the user's with the addresses of today.
func (was record) renew(text string, is record) string {
	var pairs []string
	names := slices.SortedFunc(maps.Keys(was.Addresses), func(a, b string) int { // one may begin with another
		return cmp.Or(cmp.Compare(len(was.Addresses[b]), len(was.Addresses[a])), strings.Compare(a, b))
	})
	for _, name := range names {
		if old := was.Addresses[name]; old != "" && is.Addresses[name] != "" {
			pairs = append(pairs, old, is.Addresses[name])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// readRecord is empty where there is none.
func readRecord(root *os.Root) (r record, err error) {
	text, err := readText(root, recordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &r)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", filepath.Join(root.Name(), recordFile), err)
	}
	return r, err
}

func readText(root *os.Root, name string) (string, error) {
	file, err := atomicfile.OpenIn(root, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxDocument))
	return string(text), err
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Served tells in lines of text what runs, and where.
func (e *Environment) Served(storefront string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "shop      %s (%s storefront; the control route is %s)\nfiles     %s\n", e.URL(), storefront, e.ControlURL(), e.root.Name())
	for _, name := range e.Kept {
		fmt.Fprintf(&text, "kept      %s as you changed it, but for the addresses\n", filepath.Join(e.root.Name(), name))
	}
	fmt.Fprintf(&text, "try       blastgauge run -f %s payments-down\nready\n", e.SystemFile)
	return text.String()
}
