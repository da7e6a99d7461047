package demo

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// recordFile is in the folder of the documents.
const recordFile = ".blastgauge/demo.json"

// A record says what was written into a folder. What differs from it is the user's.
type record struct {
	start              // the last one that wrote all of its documents, and what is left of those before
	Unfinished []start `json:"unfinished,omitempty"` // later ones, which may have written some of theirs
}

// A start is one time that documents were written.
type start struct {
	Addresses map[string]string `json:"addresses"` // in the documents, by what is there
	Files     map[string]string `json:"files"`     // digests
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

// starts are the latest first.
func (r record) starts() []start {
	list := append([]start{r.start}, r.Unfinished...)
	slices.Reverse(list)
	return list
}

// all are the names of all documents that were written.
func (r record) all() []string {
	names := map[string]bool{}
	for _, s := range r.starts() {
		for name := range s.Files {
			names[name] = true
		}
	}
	return slices.Collect(maps.Keys(names))
}

// names reports whether a document was written under a name.
func (r record) names(name string) bool {
	return slices.ContainsFunc(r.starts(), func(s start) bool { return s.Files[name] != "" })
}

// wrote reports whether a document is as it was written.
func (r record) wrote(name, text string) bool {
	sum := digest(text)
	return slices.ContainsFunc(r.starts(), func(s start) bool { return s.Files[name] == sum })
}

// next is a start that writes documents now. What only earlier ones wrote is still ours, and
// has their addresses, unless something else is there now.
func (r record) next(documents, addresses map[string]string) start {
	s := start{Addresses: map[string]string{}, Files: map[string]string{}}
	for _, earlier := range slices.Backward(r.starts()) {
		maps.Copy(s.Files, earlier.Files)
		maps.Copy(s.Addresses, earlier.Addresses)
	}
	for name, text := range documents {
		s.Files[name] = digest(text)
	}
	taken := slices.Collect(maps.Values(addresses))
	maps.DeleteFunc(s.Addresses, func(_, address string) bool { return slices.Contains(taken, address) })
	maps.Copy(s.Addresses, addresses)
	return s
}

// renew returns a document of the user's with the addresses of another start.
func (r record) renew(text string, is start) string {
	now := map[string]string{}
	for _, s := range r.starts() {
		for _, name := range slices.Sorted(maps.Keys(s.Addresses)) {
			for old, address := range exchanges(s.Addresses[name], is.Addresses[name]) {
				if _, later := now[old]; !later {
					now[old] = address
				}
			}
		}
	}
	old := slices.SortedFunc(maps.Keys(now), func(a, b string) int { // one may begin with another
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	var b strings.Builder
	for at := 0; at < len(text); {
		i := slices.IndexFunc(old, func(o string) bool { return standsAt(text, at, o) })
		if i < 0 {
			b.WriteByte(text[at])
			at++
			continue
		}
		b.WriteString(now[old[i]])
		at += len(old[i])
	}
	return b.String()
}

// exchanges are what is put in place of an old address: with its scheme, and for one with a
// port also without, as a user may have written it. A name alone could be any word.
func exchanges(old, address string) map[string]string {
	if old == "" || address == "" {
		return nil
	}
	rest := withoutScheme(old)
	list := map[string]string{old: address}
	if rest == old || strings.Contains(rest, ":") {
		list[rest] = withoutScheme(address)
	}
	return list
}

func withoutScheme(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		return rest
	}
	return address
}

// standsAt reports whether an address stands at a place of a text, and not as part of a
// longer one: 127.0.0.1:6379 is not in 127.0.0.1:63790.
func standsAt(text string, at int, address string) bool {
	rest, ok := strings.CutPrefix(text[at:], address)
	if !ok {
		return false
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	goesOn := rest != "" && strings.ContainsRune(letters, rune(rest[0])) && !strings.HasSuffix(address, "/")
	begun := at > 0 && strings.ContainsRune(letters+".", rune(text[at-1]))
	return !goesOn && !begun
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
