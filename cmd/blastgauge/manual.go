package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
)

// newManual makes the hidden command that packages are made with: it writes what a system
// installs beside the binary.
func newManual(_ *app) *cobra.Command {
	return &cobra.Command{
		Use:    "manual DIR",
		Short:  "Write the manual pages into DIR/man and the completions of shells into DIR/completions",
		Long:   help("manual"),
		Hidden: true,
		Args:   atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.Errorf("manual takes the directory to write into: %s", cmd.UseLine())
			}
			return errors.Join(writePages(filepath.Join(args[0], "man")), writeCompletions(filepath.Join(args[0], "completions")))
		},
	}
}

// writePages writes a manual page for each command that the help lists. Their date is that
// of SOURCE_DATE_EPOCH, so that one commit gives the same pages at any time.
func writePages(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := newRoot(&app{})
	root.DisableAutoGenTag = true
	forPages(root)
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "blastgauge", Manual: "blastgauge"}, dir)
}

// forPages turns the texts of a command, and of those below it, into the Markdown that a
// manual page is made of.
func forPages(cmd *cobra.Command) {
	cmd.Long = pageText(cmd.Long)
	cmd.Short = escapeMarkdown(cmd.Short)
	for _, below := range cmd.Commands() {
		forPages(below)
	}
}

// pageText turns the text of a help into Markdown: what is indented is set as it is, and
// the exit status has a heading of its own.
func pageText(text string) string {
	var b strings.Builder
	indented := false
	for line := range strings.Lines(text) {
		now := strings.HasPrefix(line, "  ")
		switch {
		case now && !indented:
			b.WriteString("\n    " + line)
		case now:
			b.WriteString("    " + line)
		case line == "Exit status:\n":
			b.WriteString("\n# EXIT STATUS\n")
		case indented && line != "\n":
			b.WriteString("\n" + escapeMarkdown(line))
		default:
			b.WriteString(escapeMarkdown(line))
		}
		indented = now
	}
	return b.String()
}

// escapeMarkdown keeps what Markdown would read as emphasis, a tag or a link.
func escapeMarkdown(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `<`, `\<`, `[`, `\[`).Replace(text)
}

// writeCompletions writes what shells load, under the names that they look for.
func writeCompletions(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := newRoot(&app{})
	for name, generate := range map[string]func(io.Writer) error{
		"blastgauge.bash": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"_blastgauge":     root.GenZshCompletion,
		"blastgauge.fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
		"blastgauge.ps1":  root.GenPowerShellCompletionWithDesc,
	} {
		var text strings.Builder
		if err := generate(&text); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
