package scaffold

import (
	"bufio"
	"io"
	"os"
	"strings"
)

// ignoreFile keeps runs out of version control.
const ignoreFile = ".gitignore"

const (
	ignoreRule = ".blastgauge/runs/"
	ignoreText = "# Runs of blastgauge. The schemas beside them belong to the documents.\n" + ignoreRule + "\n"
)

// maxIgnore is how much of an ignore file is looked at, in bytes.
const maxIgnore = 1 << 20

// lacksRule reports whether an ignore file that is there does not keep runs out. Where
// it is a link, nobody knows what it is for, and it is not read.
func lacksRule(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return true
	}
	file, err := os.Open(path)
	if err != nil {
		return true
	}
	defer func() { _ = file.Close() }() // nothing is written
	lines := bufio.NewScanner(io.LimitReader(file, maxIgnore))
	for lines.Scan() {
		switch strings.Trim(strings.TrimSpace(lines.Text()), "/*") {
		case ".blastgauge", ".blastgauge/runs":
			return false
		}
	}
	return true
}
