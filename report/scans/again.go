package scans

import (
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// Again is the command that scans again as this scan did. It takes nothing over.
func (d *document) Again() string {
	c, args := d.R.Run.Choices, []string{"blastgauge"}
	if len(c.Demo) > 0 {
		names := c.Scan // come first
		if i := slices.IndexFunc(names, func(arg string) bool { return strings.HasPrefix(arg, "--") }); i >= 0 {
			names = names[:i]
		}
		return strings.Join(append(args, shellWords(slices.Concat(c.Demo, names))...), " ")
	}
	args = append(args, "scan")
	ofSystem := func(d result.Document) bool { return d.File != result.SetDocument }
	if i := slices.IndexFunc(d.R.Documents, ofSystem); i >= 0 && d.R.Documents[i].File != "blastgauge.yaml" {
		args = append(args, "-f", words.ShellWord(d.R.Documents[i].File))
	}
	for _, text := range c.Set {
		args = append(args, "--set", words.ShellWord(text))
	}
	args = append(args, shellWords(c.Scan)...)
	args = append(args, "--seed", strconv.FormatUint(d.R.Run.Seed, 10))
	if len(c.Command) > 0 {
		args = append(args, "--")
		for _, word := range c.Command {
			args = append(args, words.ShellWord(word))
		}
	}
	return strings.Join(args, " ")
}

// shellWords quotes arguments for a shell, but for names of flags: they are easier to read as
// they are.
func shellWords(args []string) (list []string) {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--") || strings.Trim(arg, "-abcdefghijklmnopqrstuvwxyz") != "" {
			arg = words.ShellWord(arg)
		}
		list = append(list, arg)
	}
	return list
}
