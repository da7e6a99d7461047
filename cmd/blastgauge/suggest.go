package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/report"
	"github.com/spf13/cobra"
)

// didYouMean is the known word that is spelled most like another, as the end of a
// message; empty if none is close.
func didYouMean(wrote string, known []string) string {
	if near := shape.Nearest(wrote, known); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// explainFlag adds to an error about flags what the user may have meant.
func explainFlag(cmd *cobra.Command, err error) error {
	if number, ok := errors.AsType[*strconv.NumError](err); ok { // its own words are those of a programmer
		needed := "a number is needed"
		if strings.Contains(number.Func, "Int") || strings.Contains(number.Func, "Uint") || number.Func == "Atoi" {
			needed = "a whole number is needed"
		}
		return usagef("%s%s; see: %s --help", strings.TrimSuffix(err.Error(), number.Error()), needed, cmd.CommandPath())
	}
	hint := ""
	if unknown, ok := errors.AsType[interface {
		error
		GetSpecifiedName() string
	}](err); ok && !hasFlag(cmd, unknown.GetSpecifiedName()) {
		hint = didYouMean("--"+unknown.GetSpecifiedName(), flagNames(cmd))
	}
	return usagef("%w%s; see: %s --help", err, hint, cmd.CommandPath())
}

func hasFlag(cmd *cobra.Command, name string) bool {
	return cmd.Flags().Lookup(name) != nil || len(name) == 1 && cmd.Flags().ShorthandLookup(name) != nil
}

// flagNames lists the flags of a command with their dashes.
func flagNames(cmd *cobra.Command) (names []string) {
	for line := range strings.SplitSeq(cmd.Flags().FlagUsages(), "\n") {
		if _, rest, ok := strings.Cut(line, "--"); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, "--"+name)
		}
	}
	return names
}

// explainFormat adds to an error about the name of a format what the user may have
// meant. A name of a file, such as report.html, wants a format before it.
func explainFormat(err error) error {
	unknown, ok := errors.AsType[*report.UnknownFormatError](err)
	if !ok {
		return usageError{err}
	}
	for _, format := range unknown.Known {
		if strings.HasSuffix(unknown.Name, "."+format) {
			return usagef("%w; a file is written as -o %s=%s", err, format, unknown.Name)
		}
	}
	synonyms := map[string]string{"markdown": "md", "xml": "junit", "txt": "text", "jsonl": "ndjson", "htm": "html", "plain": "text", "gha": "github"}
	if format := synonyms[strings.ToLower(unknown.Name)]; format != "" {
		return usagef("%w%s", err, didYouMean(format, unknown.Known))
	}
	return usagef("%w%s", err, didYouMean(unknown.Name, unknown.Known))
}
