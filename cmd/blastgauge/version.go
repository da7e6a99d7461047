package main

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/encode"
)

// versionFormats are the ways to write what build this is, by their names.
func versionFormats() map[string]func(io.Writer, version.Build) error {
	return map[string]func(io.Writer, version.Build) error{
		"text": version.WriteText,
		"json": func(w io.Writer, b version.Build) error { return encode.WriteJSON(w, b) },
	}
}

func newVersion(a *app) *cobra.Command {
	var specs []string
	names := slices.Sorted(maps.Keys(versionFormats()))
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, its commit and date, and what it was built with",
		Long:  help("version"),
		Args:  atMost(0),
		RunE: func(*cobra.Command, []string) error {
			outputs, err := output.Parse(a.console(), specs, func(name string, _ report.Options) (func(io.Writer, version.Build) error, error) {
				if format, ok := versionFormats()[name]; ok {
					return format, nil
				}
				return nil, &report.UnknownFormatError{Kind: "format", Name: name, Known: names}
			})
			if err != nil {
				return err
			}
			return output.Write(a.stdout, outputs, version.This())
		},
	}
	outputFlag(cmd, &specs, names)
	return cmd
}

// addVersionFlag gives root the flag --version. The one of cobra says other words unless
// text/template gives it these, which keeps every exported method of every type in the
// binary. Like that one, it minds no argument beside it: without the flag root was what args
// name, and with it the word behind it would be a command. It returns the args to execute.
func addVersionFlag(root *cobra.Command, args []string) []string {
	asked := root.Flags().BoolP("version", "v", false, "version for "+root.Name())
	root.Flags().Lookup("version").Annotations = map[string][]string{cobra.FlagSetByCobraAnnotation: {"true"}} // nothing completes it
	checkArgs, run := root.Args, root.RunE
	root.Args = func(cmd *cobra.Command, args []string) error {
		if *asked {
			return nil
		}
		return checkArgs(cmd, args)
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *asked {
			return version.WriteText(cmd.OutOrStdout(), version.This())
		}
		return run(cmd, args)
	}
	root.InitDefaultHelpFlag() // it counts for more, and its text has to be that of root, too
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && root.ParseFlags(args) == nil && *asked {
		return []string{} // all flags are set
	}
	return args
}
