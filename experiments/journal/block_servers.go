package journal

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// A BlockedServer is a Toxiproxy that this user has blocked and not lifted since. Its
// directory has a file for each, so that two commands at once forget none.
type BlockedServer struct {
	URL   string `json:"url"`             // as a person may name it, without credentials
	Token string `json:"token,omitempty"` // where the token of its API is
}

// file is the name of the entry of a server.
func (s BlockedServer) file() string {
	sum := sha256.Sum256([]byte(s.URL))
	return hex.EncodeToString(sum[:]) + ".json"
}

// AddBlockedServer remembers a server, until [Registry.ForgetBlockedServer].
func (l Registry) AddBlockedServer(s BlockedServer) error {
	dir, err := l.root(blockDir)
	if err != nil {
		return inServers(err)
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	return inServers(atomicfile.WriteIn(dir, s.file(), 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(s) }))
}

// ForgetBlockedServer forgets a server that is not blocked any more, if it is remembered.
func (l Registry) ForgetBlockedServer(url string) error {
	dir, err := l.existing(blockDir)
	if err != nil || dir == nil {
		return inServers(err)
	}
	defer func() { _ = dir.Close() }() // what is removed is gone at once for every process
	if err := dir.Remove(BlockedServer{URL: url}.file()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return inServers(err)
	}
	return nil
}

// BlockedServers are those that are remembered, by URL. It returns those that can be read
// even if there is an error. An entry that others than this user wrote, or can, is none: its
// token would go to a server of theirs.
func (l Registry) BlockedServers() (list []BlockedServer, err error) {
	dir, err := l.existing(blockDir)
	if err != nil || dir == nil {
		return nil, inServers(err)
	}
	defer func() { _ = dir.Close() }() // nothing is written
	names, err := fs.Glob(dir.FS(), "*.json")
	errs := []error{err}
	for _, name := range names {
		s, err := readServer(dir, name)
		switch {
		case err == nil:
			list = append(list, s)
		case !errors.Is(err, fs.ErrNotExist): // it is lifted meanwhile
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	slices.SortFunc(list, func(a, b BlockedServer) int { return cmp.Compare(a.URL, b.URL) })
	return list, inServers(errors.Join(errs...))
}

func readServer(dir *os.Root, name string) (s BlockedServer, err error) {
	text, err := atomicfile.ReadIn(dir, name)
	if err == nil {
		err = checkOwner(dir, name)
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err == nil && s.file() != name {
		err = errors.New("not an entry of this list")
	}
	return s, err
}

// inServers puts before an error where it happened.
func inServers(err error) error {
	if err != nil {
		return fmt.Errorf("list of servers that this user has blocked: %w", err)
	}
	return nil
}
