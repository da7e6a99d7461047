package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
)

// A CompareFormat writes a comparison, as a [Format] writes a result.
type CompareFormat func(w io.Writer, c *compare.Comparison) error

// CompareFormats are the names of all formats of comparisons, sorted.
func CompareFormats() []string { return slices.Sorted(maps.Keys(compareFormats(Options{}))) }

// CompareFor gives the format of a name. The error for an unknown name lists the
// known ones.
func CompareFor(name string, o Options) (CompareFormat, error) {
	f, ok := compareFormats(o)[name]
	if !ok {
		return nil, fmt.Errorf("unknown report format %q: known are %s", name, strings.Join(CompareFormats(), ", "))
	}
	return f, nil
}

func compareFormats(o Options) map[string]CompareFormat {
	return map[string]CompareFormat{
		"github": writeCompareGitHub,
		"html":   func(w io.Writer, c *compare.Comparison) error { return writeCompareHTML(w, c, o) },
		"json":   writeCompareJSON,
		"junit":  writeCompareJUnit,
		"md":     writeCompareMarkdown,
		"ndjson": writeCompareNDJSON,
		"text":   func(w io.Writer, c *compare.Comparison) error { return writeCompareText(w, c, o.withDefaults()) },
	}
}

// writeCompareJSON writes the comparison as it is, indented for diffs.
func writeCompareJSON(w io.Writer, c *compare.Comparison) error {
	text, err := encode(c)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("indent comparison: %w", err)
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}
