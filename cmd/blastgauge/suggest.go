package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/spf13/cobra"
)

// explainFlag adds to an error about flags what the user may have meant.
func explainFlag(cmd *cobra.Command, err error) error {
	if number, ok := errors.AsType[*strconv.NumError](err); ok { // its own words are those of a programmer
		needed := "a number is needed"
		if strings.Contains(number.Func, "Int") || strings.Contains(number.Func, "Uint") || number.Func == "Atoi" {
			needed = "a whole number is needed"
		}
		return usage.Errorf("%s%s; see: %s --help", strings.TrimSuffix(err.Error(), number.Error()), needed, cmd.CommandPath())
	}
	hint := ""
	if unknown, ok := errors.AsType[interface {
		error
		GetSpecifiedName() string
	}](err); ok && !hasFlag(cmd, unknown.GetSpecifiedName()) {
		hint = usage.DidYouMean("--"+unknown.GetSpecifiedName(), flagNames(cmd))
	}
	return usage.Errorf("%w%s; see: %s --help", err, hint, cmd.CommandPath())
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
