package scans

import (
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// Again is what scans again as a scan did. It takes nothing over.
func Again(r *result.Result) words.Repetition {
	return words.Repetition{Command: command(r), Variables: words.Variables(r)}
}

func command(r *result.Result) string {
	c, args := r.Run.Choices, []string{"blastgauge"}
	if len(c.Demo) > 0 {
		names := c.Scan // come first
		if i := slices.IndexFunc(names, func(arg string) bool { return strings.HasPrefix(arg, "--") }); i >= 0 {
			names = names[:i]
		}
		return strings.Join(append(args, shellWords(slices.Concat(c.Demo, names))...), " ")
	}
	args = append(args, "scan")
	ofSystem := func(d result.Document) bool { return d.File != result.SetDocument }
	if i := slices.IndexFunc(r.Documents, ofSystem); i >= 0 && r.Documents[i].File != "blastgauge.yaml" {
		args = append(args, "-f", words.ShellWord(r.Documents[i].File))
	}
	for _, text := range c.Set {
		args = append(args, "--set", words.ShellWord(text))
	}
	args = append(args, shellWords(c.Flags)...)
	args = append(args, shellWords(c.Scan)...)
	args = append(args, "--seed", strconv.FormatUint(r.Run.Seed, 10))
	if len(c.Command) > 0 {
		args = append(args, "--")
		for _, word := range c.Command {
			args = append(args, words.ShellWord(word))
		}
	}
	return strings.Join(args, " ")
}

// shellWords quotes arguments for a shell.
func shellWords(args []string) (list []string) {
	for _, arg := range args {
		list = append(list, words.ShellWord(arg))
	}
	return list
}
