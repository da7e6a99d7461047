package journal

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// FenceFile is in the directory of a run that may not inject any more. It is created
// once and never removed.
const FenceFile = "fence"

// A Barrier is the content of a fence.
type Barrier struct {
	By  string    `json:"by"`  // guard or recover
	At  time.Time `json:"at"`  // when it was created
	Why string    `json:"why"` // in a few words
}

func (b Barrier) String() string { return "fenced off by " + b.By + ": " + b.Why }

// Fence keeps the run in dir from injecting anything more. A fence that is there
// already stays as it is. The run looks for it all the time, so that it appears with its
// content. Where that cannot be, as on a full disk, an empty fence is better than none.
// It is not synced to disk, as the run does not survive the machine either.
func Fence(dir *os.Root, b Barrier) error {
	err := putUp(dir, b)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	file, err := dir.OpenFile(FenceFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fence: %w", err)
	}
	return errors.Join(json.NewEncoder(file).Encode(b), file.Close())
}

// putUp writes the fence under a name of its own and links it into its place. Two
// processes may do so at once. The error is fs.ErrExist for the later one.
func putUp(dir *os.Root, b Barrier) (err error) {
	temp := ".blastgauge-fence-" + rand.Text() + ".part"
	p, err := atomicfile.Create(dir, temp, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Discard()) }()
	if err := json.NewEncoder(p).Encode(b); err != nil {
		return err
	}
	return dir.Link(temp, FenceFile)
}

// FindFence looks for a fence. An empty file is a fence as well, because a full disk
// leaves one behind. So is a file that cannot be read: in doubt the run must not
// inject.
func FindFence(dir *os.Root) (Barrier, bool) {
	text, err := atomicfile.ReadIn(dir, FenceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Barrier{}, false
	}
	b := Barrier{By: "another process", Why: "no reason given"}
	if err != nil {
		b.Why = err.Error()
	} else if len(text) > 0 {
		var said Barrier
		if json.Unmarshal(text, &said) == nil && said.By != "" {
			b = said
		}
	}
	return b, true
}
