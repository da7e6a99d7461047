//go:build !linux

package configfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// statWithoutLinks returns what a folder is that is reached through no link. The error is
// of class errLink where one is on the way.
func statWithoutLinks(dir string) (fs.FileInfo, error) {
	info, err := os.Lstat(dir)
	for at := dir; err == nil; at = filepath.Dir(at) {
		var above fs.FileInfo
		if above, err = os.Lstat(at); err == nil && !above.IsDir() {
			err = fmt.Errorf("%s: %w", dir, errLink)
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	return info, err
}
