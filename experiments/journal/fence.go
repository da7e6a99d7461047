package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// FenceFile stands in a run directory when the run may not inject any more. It is
// made once and never taken away.
const FenceFile = "fence"

// A Barrier is what a fence says.
type Barrier struct {
	By  string    `json:"by"`  // who put it up: guard or recover
	At  time.Time `json:"at"`  // when
	Why string    `json:"why"` // in a few words
}

func (b Barrier) String() string { return "fenced off by " + b.By + ": " + b.Why }

// Fence keeps the run in dir from injecting anything more. A fence that stands
// already is left as it is. It need not survive the machine: no run does.
func Fence(dir *os.Root, b Barrier) (err error) {
	file, err := dir.OpenFile(FenceFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fence: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return json.NewEncoder(file).Encode(b)
}

// FindFence looks for a fence. That the file is there is what counts: one that says
// nothing, as a full disk leaves it, is a fence as well. So is a directory in
// which one cannot look.
func FindFence(dir *os.Root) (Barrier, bool) {
	text, err := dir.ReadFile(FenceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Barrier{}, false
	}
	b := Barrier{By: "somebody", Why: "no reason given"}
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
