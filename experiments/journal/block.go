package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// blockFile is where the block of a user's runs is, in the user's state directory.
const blockFile = "block.json"

// A Block is the order of a person that no run of this user begins on this machine, and that
// none goes on, until it is lifted.
type Block struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	// Shared: others than this user wrote it, or can. No run begins, but none that goes on ends.
	Shared bool `json:"-"`
}

// Block returns the block of this user's runs; nil: there is none. A file that cannot be read
// is a block as well: in doubt no run begins.
func (l Registry) Block() (*Block, error) {
	dir, err := l.existing(ownDir)
	if err != nil || dir == nil {
		return nil, inBlock(err)
	}
	defer func() { _ = dir.Close() }() // nothing is written
	return readBlock(dir), nil
}

func readBlock(dir *os.Root) *Block {
	if _, err := dir.Lstat(blockFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	text, err := atomicfile.ReadIn(dir, blockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	owned := checkOwner(dir, blockFile)
	if errors.Is(owned, fs.ErrNotExist) {
		return nil
	}
	var b Block
	if err != nil || json.Unmarshal(text, &b) != nil {
		b = Block{Reason: "a block is there that cannot be read"}
	}
	b.Shared = owned != nil
	b.By, b.Reason = CutLine(Author(b.By), MostAuthor), CutLine(b.Reason, MostReason)
	return &b
}

// SetBlock keeps runs of this user from beginning, and ends those that go on. One that is
// there is replaced.
func (l Registry) SetBlock(b Block) error {
	dir, err := l.root(ownDir)
	if err != nil {
		return inBlock(err)
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	return inBlock(atomicfile.WriteIn(dir, blockFile, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(b) }))
}

// Unblock lets runs of this user begin again. It returns the block that it lifted; nil: there
// was none.
func (l Registry) Unblock() (*Block, error) {
	dir, err := l.existing(ownDir)
	if err != nil || dir == nil {
		return nil, inBlock(err)
	}
	defer func() { _ = dir.Close() }() // what is removed is gone at once for every process
	b := readBlock(dir)
	if b == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	if err := dir.Remove(blockFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, inBlock(err)
	}
	return b, nil
}

// inBlock puts before an error where it happened.
func inBlock(err error) error {
	if err != nil {
		return fmt.Errorf("block of this user's runs: %w", err)
	}
	return nil
}
