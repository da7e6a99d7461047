package configfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// setAside gives the original, which is in place, a second name beside it. To restore
// it then needs no room on the disk, and brings back the very file, with everything that
// was known of it. Where the file system knows no hard links, the second name is a copy's.
func (t *target) setAside(original version, link linkFunc) error {
	name := t.beside(asideSuffix)
	if t.isAside() {
		return nil
	}
	if err := ignoreMissing(t.root.Remove(name)); err != nil {
		return err
	}
	err := link(t.root, t.name, name)
	if err == nil {
		return atomicfile.SyncDir(t.root, ".")
	}
	if copied := t.copyAside(original); copied != nil {
		return fmt.Errorf("set the original aside: %w", errors.Join(err, copied))
	}
	return nil
}

// keepAside sees to it that the original is set aside, whichever version is in place.
func (t *target) keepAside(now, original version, link linkFunc) error {
	if now.digest == original.digest {
		return t.setAside(original, link)
	}
	if aside, err := t.readAside(); err == nil && aside.digest == original.digest && aside.attributes == original.attributes {
		return nil
	}
	return t.copyAside(original)
}

// A linkFunc gives a file in a folder a second name.
type linkFunc func(folder *os.Root, oldname, newname string) error

// copyAside writes the original beside the file.
func (t *target) copyAside(original version) error {
	next, err := t.write(t.beside(nextSuffix), original)
	if err != nil {
		return err
	}
	return next.Replace(t.beside(asideSuffix))
}

// isAside reports whether the file in place is also the one that was set aside.
func (t *target) isAside() bool {
	file, err := t.root.Lstat(t.name)
	if err != nil {
		return false
	}
	aside, err := t.root.Lstat(t.beside(asideSuffix))
	return err == nil && os.SameFile(file, aside)
}

// readAside reads the file that was set aside.
func (t *target) readAside() (version, error) { return t.readVersion(t.beside(asideSuffix)) }

// bringBack gives the file that was set aside its name again. The bad version, which has
// the name, is gone at that moment. It fails when that is no longer the expected version.
func (t *target) bringBack(expected string) error {
	name := t.beside(asideSuffix)
	now := time.Now()
	_ = t.root.Chtimes(name, now, now) // programs that watch times notice a newer file; most notice any other as well
	if now, err := t.read(); err != nil || now.digest != expected {
		return errors.Join(err, fmt.Errorf("%w: %s", ErrChanged, t.path()))
	}
	if err := t.root.Rename(name, t.name); err != nil {
		return explainBusy(err)
	}
	return atomicfile.SyncDir(t.root, ".")
}

// clear removes what lies beside a file that is the original, but for the mark.
func (t *target) clear() error {
	return errors.Join(
		ignoreMissing(t.root.Remove(t.beside(nextSuffix))),
		ignoreMissing(t.root.Remove(t.beside(asideSuffix))),
	)
}

// chooseAside says how a person chooses between the file and what was set aside.
func (t *target) chooseAside() string {
	aside, path := manual.Quote(filepath.Join(t.dir, t.beside(asideSuffix))), manual.Quote(t.path())
	return fmt.Sprintf("to go back to that\n  mv -f %s %s\nor, to keep the file as it is now,\n  rm %s", aside, path, aside)
}
