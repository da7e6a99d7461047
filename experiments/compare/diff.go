package compare

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// diffDocuments are the lines below the given top-level keys that differ between
// the documents of two runs: those of the experiment and of the system. If there are
// none it is all lines that differ in the document of the experiment.
func diffDocuments(base, head experimentRun, keys []string) []FileDiff {
	var diffs, whole []FileDiff
	for _, is := range head.in.Result.Documents {
		was, ok := counterpart(is, base, head)
		if !ok {
			continue
		}
		own := sameFile(is.File, head.File)
		if role := roleOf(is, head.in.Result); own || role == ofSystem || role == ofSet {
			diffs = appendDiff(diffs, was, is, keys)
		}
		if own {
			whole = appendDiff(whole, was, is, nil)
		}
	}
	if len(diffs) == 0 {
		return whole
	}
	return diffs
}

// appendDiff appends what differs in a document, if anything does.
func appendDiff(list []FileDiff, was, is result.Document, keys []string) []FileDiff {
	lines := diffLines(was.Text, is.Text, keys)
	if len(lines) == 0 {
		return list
	}
	f := FileDiff{File: is.File, Lines: lines}
	if was.File != is.File {
		f.BaseFile = was.File
	}
	return append(list, f)
}

// counterpart is the document of base for one of head: the same experiment's, or
// the one with the same role. Runs from different directories name the same file differently.
func counterpart(d result.Document, base, head experimentRun) (result.Document, bool) {
	for _, o := range base.in.Result.Documents {
		bothExperiment := sameFile(d.File, head.File) && sameFile(o.File, base.File)
		role := roleOf(d, head.in.Result)
		if bothExperiment || role != ofExperiment && role == roleOf(o, base.in.Result) {
			return o, true
		}
	}
	return result.Document{}, false
}

// sameFile reports whether two paths, of any operating system, name the same file in
// whatever directory.
func sameFile(a, b string) bool {
	slash := func(name string) string { return strings.ReplaceAll(name, `\`, "/") }
	return a == b || b != "" && path.Base(slash(a)) == path.Base(slash(b))
}

// A role is what a document of a run is for.
type role int

const (
	ofExperiment role = iota
	ofSystem
	ofSet // what was set in the system from outside
	ofGameDay
)

func roleOf(d result.Document, in *result.Result) role {
	switch {
	case slices.ContainsFunc(in.Experiments, func(e result.Experiment) bool { return e.File == d.File }):
		return ofExperiment
	case d.File == result.SetDocument:
		return ofSet
	case d.File != "" && d.File == in.Run.Choices.GameDay:
		return ofGameDay
	}
	return ofSystem
}

// address matches what digests leave out: free ports differ from run to run.
var address = regexp.MustCompile(`(https?://)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{2,5}\b`)

// A numberedLine is a line of a document, with the top-level keys that it belongs to.
type numberedLine struct {
	number int // from 1
	keys   []string
	text   string
}

// numberLines leaves out comments and blank lines, as they change nothing. The second
// list is what the lines are compared by.
func numberLines(text string) (list []numberedLine, compared []string) {
	lines := strings.Split(text, "\n")
	keys := shape.TopLevelKeys(text, len(lines))
	for i, line := range lines {
		line = strings.TrimRight(line, " \t\r")
		bare := strings.TrimSpace(line)
		if bare == "" || strings.HasPrefix(bare, "#") {
			continue
		}
		l := numberedLine{number: i + 1, text: line}
		if keys != nil {
			l.keys = keys[i]
		}
		list = append(list, l)
		compared = append(compared, address.ReplaceAllString(line, "ADDRESS"))
	}
	return list, compared
}

const (
	contextLines  = 2    // around each line that differs
	mostDiffLines = 2000 // of a document: one that has more is not compared by lines
)

// diffLines are the lines that differ below the keys (nil: anywhere), each with
// a few lines around it.
func diffLines(was, is string, keys []string) []Line {
	all := align(was, is)
	keep := make([]bool, len(all))
	for i, l := range all {
		if l.Op == " " || !l.below(keys) {
			continue
		}
		for k := max(0, i-contextLines); k <= min(len(all)-1, i+contextLines); k++ {
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

// An alignedLine is a line of a diff with the top-level keys that it belongs to.
type alignedLine struct {
	Line
	keys []string
}

// below reports whether the line belongs to any of the keys; nil stands for all.
func (l alignedLine) below(keys []string) bool {
	return keys == nil || slices.ContainsFunc(l.keys, func(k string) bool { return slices.Contains(keys, k) })
}

// align is the edit from one document to the other, with all lines of both. It is
// empty for documents that are too long.
func align(was, is string) []alignedLine {
	a, comparedA := numberLines(was)
	b, comparedB := numberLines(is)
	if len(a) > mostDiffLines || len(b) > mostDiffLines {
		return nil
	}
	var out []alignedLine
	i, j := 0, 0
	both := func(until int) {
		for ; i < until; i, j = i+1, j+1 {
			out = append(out, alignedLine{Line{" ", a[i].number, b[j].number, b[j].text}, b[j].keys})
		}
	}
	for _, d := range lcs.DiffLines(comparedA, comparedB) {
		both(d.Start)
		for ; i < d.End; i++ {
			out = append(out, alignedLine{Line{"-", a[i].number, 0, a[i].text}, a[i].keys})
		}
		for ; j < d.ReplEnd; j++ {
			out = append(out, alignedLine{Line{"+", 0, b[j].number, b[j].text}, b[j].keys})
		}
	}
	both(len(a))
	return out
}
