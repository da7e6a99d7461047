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

// StopFile is in the directory of a run that somebody on this machine wants to end.
const StopFile = "stop"

// An Order is the content of such a file: who wants the run to end, and why.
type Order struct {
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
}

// AskToStop asks the run in dir to end as by Ctrl-C. The error is of class [ErrShared] where
// others than this user can write the directory: the run would not obey.
func AskToStop(dir *os.Root, o Order) error {
	if err := checkRecords(dir); err != nil {
		return err
	}
	return writeOrder(dir, StopFile, o)
}

func writeOrder(dir *os.Root, name string, o Order) error {
	err := atomicfile.WriteIn(dir, name, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(o) })
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// FindStop looks for an order to end the run in dir. It is obeyed only where nobody else than
// this user can write the directory: otherwise the error is of class [ErrShared]. A file that
// cannot be read is an order of somebody: only this user can have put it there.
func FindStop(dir *os.Root) (Order, bool, error) {
	if _, err := dir.Lstat(StopFile); err != nil {
		return Order{}, false, nil //nolint:nilerr // there is none
	}
	if err := checkRecords(dir); err != nil {
		return Order{}, false, err
	}
	return readOrder(dir, StopFile)
}

func readOrder(dir *os.Root, name string) (Order, bool, error) {
	text, err := atomicfile.ReadIn(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Order{}, false, nil
	}
	if owned := checkOwner(dir, name); errors.Is(owned, ErrShared) { // also of what cannot be read
		err = owned
	}
	if errors.Is(err, ErrShared) {
		return Order{}, false, err
	}
	var o Order
	if err != nil || json.Unmarshal(text, &o) != nil {
		o = Order{At: time.Now().UTC()}
	}
	return o, true, nil
}
