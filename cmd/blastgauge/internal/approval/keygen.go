// Package approval makes keys, decides offline whether a change may pass, and signs what others
// measured or what nobody did.
package approval

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
)

// A KeyPair is a key that was made.
type KeyPair struct {
	ID              string
	Private, Public string // its files
}

// Ends of the names of a key's files.
const (
	privateEnd = ".pem"
	publicEnd  = ".pub.pem"
)

// MakeKey makes a key: NAME.pem, which only its user may read, and NAME.pub.pem for everybody.
// It overwrites nothing, and leaves no half of it.
func MakeKey(name string) (*KeyPair, error) {
	switch base := filepath.Base(name); {
	case name == "" || name == "-" || strings.HasSuffix(name, string(filepath.Separator)) || base == "." || base == "..":
		return nil, usage.Errorf("--keygen %q: a name is needed, such as release: it makes release%s and release%s", name, privateEnd, publicEnd)
	case strings.HasSuffix(name, privateEnd):
		return nil, usage.Errorf("--keygen %s: write the name without %s: it makes two files", name, privateEnd)
	}
	key, err := signing.Generate()
	if err != nil {
		return nil, err
	}
	made := &KeyPair{key.Public().ID(), name + privateEnd, name + publicEnd}
	private, err := key.PEM()
	if err != nil {
		return nil, err
	}
	defer clear(private)
	public, err := key.Public().PEM()
	if err != nil {
		return nil, err
	}
	if err := writeNew(made.Private, private, 0o600); err != nil {
		return nil, err
	}
	if err := writeNew(made.Public, public, 0o644); err != nil {
		return nil, errors.Join(err, os.Remove(made.Private))
	}
	return made, nil
}

// writeNew writes a file that must not be there yet, not even as a link that leads nowhere.
func writeNew(path string, text []byte, perm fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if errors.Is(err, fs.ErrExist) {
		return usage.Errorf("--keygen: %s is there already, and no key is overwritten: choose another name", path)
	}
	if err != nil {
		return fmt.Errorf("--keygen: %w", err)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("--keygen: %w", err), os.Remove(path))
	}
	return nil
}
