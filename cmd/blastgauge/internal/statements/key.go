package statements

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
)

const (
	mostKey     = 64 << 10         // bytes of a key's file
	mostSubject = 1 << 20          // of a file that is measured, as of every body of a fault
	patience    = 10 * time.Second // for who writes into a pipe
	notPrivate  = 0o077            // whoever else may read or write it
)

// ErrExposed means that others can read a private key.
var ErrExposed = errors.New("others may read it, so others may sign with it")

// ReadKey reads the file of a private key, which nobody but its user may read. A pipe that a
// person has given, such as <(command) of a shell, is read, too. No error holds anything of
// what is in it.
func ReadKey(path string) (*signing.PrivateKey, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	key, err := signing.ParsePrivate(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// readPrivate looks at the mode of what it has opened, and not of what a name leads to, which
// somebody could put there in between.
func readPrivate(path string) ([]byte, error) {
	file, err := atomicfile.OpenGiven(path, patience)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Mode().Perm()&notPrivate != 0 && isPublic(file):
		return nil, fmt.Errorf("%s is a public key, which checks signatures: the private one signs, which `blastgauge gate --keygen` wrote beside it", path)
	case info.Mode().Perm()&notPrivate != 0:
		return nil, fmt.Errorf("%s has the mode %04o: %w; make a new one, or where nobody has: chmod 600 %s", path, info.Mode().Perm(), ErrExposed, path)
	}
	return atomicfile.ReadOpened(file, mostKey, patience)
}

// isPublic reports whether a file is that of a public key, which others may well read.
func isPublic(file io.Reader) bool {
	text, err := io.ReadAll(io.LimitReader(file, mostKey))
	defer clear(text)
	if err != nil {
		return false
	}
	_, err = signing.ParsePublic(text)
	return err == nil
}

// ReadPublicKeys reads the files of public keys. None of them may be private, and none may
// stand twice.
func ReadPublicKeys(paths []string) ([]signing.PublicKey, error) {
	var keys []signing.PublicKey
	seen := map[string]string{}
	for _, path := range paths {
		text, err := atomicfile.ReadGiven(path, mostKey, patience)
		if err != nil {
			return nil, err
		}
		key, err := signing.ParsePublic(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if was, twice := seen[key.ID()]; twice {
			return nil, fmt.Errorf("%s: it is the same key as %s", path, was)
		}
		seen[key.ID()] = path
		keys = append(keys, key)
	}
	return keys, nil
}
