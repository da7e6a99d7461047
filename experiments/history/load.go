package history

import (
	"errors"
	"io/fs"

	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
)

// Load reads the runs in a directory, see [Scan], and the bypasses that stand beside it.
func Load(dir string) (*Index, error) {
	list, problems, failed := bypass.ReadBeside(dir)
	entries, err := ScanDir(dir)
	if errors.Is(err, fs.ErrNotExist) && len(list)+len(problems) > 0 { // who bypasses need not have measured
		err = nil
	}
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	x := New(entries)
	x.Bypasses, x.Unread = list, problems
	return x, nil
}
