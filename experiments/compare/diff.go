package compare

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// documentsDiffer are the lines below the given top-level keys that differ
// between the documents of two runs: those of the experiment and of the system.
// Without such lines it is all that differ in the experiment's own document, as
// not every document has its keys at the start of a line.
func documentsDiffer(b, t trial, keys []string) []FileDiff {
	var diffs []FileDiff
	own := func(d result.Document) bool { return sameFile(d.File, t.File) }
	for _, d := range t.in.Result.Documents {
		was, ok := counterpart(d, b, t)
		if !ok || !own(d) && isExperiment(d.Text) {
			continue
		}
		if lines := diffLines(was.Text, d.Text, keys); len(lines) > 0 {
			diffs = append(diffs, newFileDiff(was, d, lines))
		}
	}
	if len(diffs) > 0 {
		return diffs
	}
	for _, d := range t.in.Result.Documents {
		if was, ok := counterpart(d, b, t); ok && own(d) {
			if lines := diffLines(was.Text, d.Text, nil); len(lines) > 0 {
				diffs = append(diffs, newFileDiff(was, d, lines))
			}
		}
	}
	return diffs
}

func newFileDiff(was, is result.Document, lines []Line) FileDiff {
	f := FileDiff{File: is.File, Lines: lines}
	if was.File != is.File {
		f.BaseFile = was.File
	}
	return f
}

// counterpart is the document of base for one of head. Runs from different
// directories name the same file differently.
func counterpart(d result.Document, b, t trial) (result.Document, bool) {
	for _, o := range b.in.Result.Documents {
		if sameFile(d.File, t.File) && sameFile(o.File, b.File) || !isExperiment(d.Text) && !isExperiment(o.Text) {
			return o, true
		}
	}
	return result.Document{}, false
}

func sameFile(a, b string) bool {
	return a == b || b != "" && path.Base(slash(a)) == path.Base(slash(b))
}

func slash(name string) string { return strings.ReplaceAll(name, `\`, "/") }

var experimentKey = regexp.MustCompile(`(?m)^[{\s]*"?experiment"?\s*:`)

func isExperiment(text string) bool { return experimentKey.MatchString(text) }

// address matches what digests leave out: free ports differ from run to run.
var address = regexp.MustCompile(`(https?://)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{2,5}\b`)

// A numbered line of a document, with the top-level key that it is below.
type numbered struct {
	n         int
	key, text string
	same      string // what it is compared by
}

var topKey = regexp.MustCompile(`^"?([A-Za-z_][A-Za-z0-9_]*)"?\s*:`)

// numberLines leaves out comments and blank lines: they change nothing.
func numberLines(text string) []numbered {
	var list []numbered
	key := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		bare := strings.TrimSpace(line)
		if bare == "" || strings.HasPrefix(bare, "#") {
			continue
		}
		if m := topKey.FindStringSubmatch(line); m != nil {
			key = m[1]
		}
		list = append(list, numbered{i + 1, key, line, address.ReplaceAllString(line, "ADDRESS")})
	}
	return list
}

const (
	around   = 2    // lines of context
	mostDiff = 2000 // lines of a document: beyond that it is not compared by lines
)

// diffLines are the lines that differ below the keys (nil: anywhere), each with
// a few lines around it.
func diffLines(was, is string, keys []string) []Line {
	a, b := numberLines(was), numberLines(is)
	if len(a) > mostDiff || len(b) > mostDiff {
		return nil
	}
	all := align(a, b)
	keep := make([]bool, len(all))
	for i, l := range all {
		if l.Op == " " || keys != nil && !slices.Contains(keys, l.key) {
			continue
		}
		for k := max(0, i-around); k <= min(len(all)-1, i+around); k++ {
			keep[k] = keep[k] || k == i || all[k].Op == " "
		}
	}
	var list []Line
	for i, l := range all {
		switch {
		case keep[i]:
			list = append(list, l.Line)
		case len(list) > 0 && list[len(list)-1].Op != "@":
			list = append(list, Line{Op: "@"})
		}
	}
	if n := len(list); n > 0 && list[n-1].Op == "@" {
		list = list[:n-1]
	}
	return list
}

type keyed struct {
	Line
	key string
}

// align is the shortest edit from a to b, by the longest common subsequence.
func align(a, b []numbered) []keyed {
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i].same == b[j].same {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []keyed
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i].same == b[j].same:
			out = append(out, keyed{Line{" ", a[i].n, b[j].n, b[j].text}, b[j].key})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, keyed{Line{"-", a[i].n, 0, a[i].text}, a[i].key})
			i++
		default:
			out = append(out, keyed{Line{"+", 0, b[j].n, b[j].text}, b[j].key})
			j++
		}
	}
	return out
}
