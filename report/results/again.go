package results

import (
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// Command is the command that runs the experiment again.
func (e *experiment) Command() string {
	if e.s == nil {
		return ""
	}
	return e.s.command(e.Experiment)
}

// command is the command that runs experiments of the run again, as they were run: with
// its system file, what was set in it, its phases, its seed and the command that starts
// the system. Without any, it runs all that the command finds by itself.
func (s *summary) command(list ...*result.Experiment) string {
	if demo := s.choices().Demo; len(demo) > 0 {
		return demoCommand(demo, list)
	}
	c := s.choices()
	args, list := s.verb(list)
	// A game day finds a system by itself that is not the one of this folder.
	if file := s.systemFile(); file != "" && (file != "blastgauge.yaml" || c.GameDay != "") {
		args = append(args, option("-f", file)...)
	}
	for _, text := range c.Set {
		args = append(args, option("--set", text)...)
	}
	if c.Phases != "" {
		args = append(args, option("--phases", c.Phases)...)
	}
	ofDay := c.GameDay != "" && len(list) == 0
	if ofDay {
		args = append(args, option("--gameday", c.GameDay)...)
	}
	for _, flag := range c.Flags {
		if ofDay || !result.IsGameDayFlag(flag) {
			args = append(args, words.ShellWord(flag))
		}
	}
	for _, e := range list {
		args = append(args, option("--only", e.ID)...)
	}
	args = append(args, "--seed", strconv.FormatUint(s.r.Run.Seed, 10))
	args = append(args, filesOf(list)...)
	if len(c.Command) > 0 {
		args = append(args, "--")
	}
	for _, word := range c.Command {
		args = append(args, words.ShellWord(word))
	}
	return strings.Join(args, " ")
}

// verb begins the command, and returns the experiments that are still to be named. Those of
// incidents are a part of the program, and come first; what was near a gate's candidate is in
// no document.
func (s *summary) verb(list []*result.Experiment) (args []string, rest []*result.Experiment) {
	bind := s.choices().Bind
	if gate := s.choices().Gate; len(gate) > 0 {
		args = []string{"blastgauge"}
		for _, word := range gate {
			args = append(args, words.ShellWord(word))
		}
		return args, nil
	}
	if len(bind) == 0 {
		return []string{"blastgauge", "run"}, list
	}
	if len(list) == 0 {
		list = s.order
	}
	args = []string{"blastgauge", "incidents", "run"}
	for _, e := range list {
		args = append(args, words.ShellWord(e.ID))
	}
	for _, bound := range boundFor(list, bind) {
		args = append(args, option("--bind", bound)...)
	}
	return args, nil
}

// boundFor is who takes the roles of these incidents, out of INCIDENT.ROLE=NAME: the command
// refuses a role that none of them has. A role that one alone has needs no incident.
func boundFor(list []*result.Experiment, bind []string) (chosen []string) {
	count := map[string]int{}
	role := func(bound string) (incident, rest, name string) {
		incident, rest, _ = strings.Cut(bound, ".")
		name, _, _ = strings.Cut(rest, "=")
		return incident, rest, name
	}
	for _, bound := range bind {
		incident, _, name := role(bound)
		if slices.ContainsFunc(list, func(e *result.Experiment) bool { return e.ID == incident }) {
			chosen = append(chosen, bound)
			count[name]++
		}
	}
	for n, bound := range chosen {
		if _, rest, name := role(bound); count[name] == 1 {
			chosen[n] = rest
		}
	}
	return chosen
}

// filesOf are the documents of experiments, each once, as words of a shell.
func filesOf(list []*result.Experiment) (files []string) {
	for _, e := range list {
		if file := words.ShellPath(e.File); e.File != "" && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}

// demoCommand runs experiments of the demo again, on shops of its own.
func demoCommand(demo []string, list []*result.Experiment) string {
	args := []string{"blastgauge"}
	for _, word := range demo {
		args = append(args, words.ShellWord(word))
	}
	for _, e := range list {
		args = append(args, words.ShellWord(e.ID))
	}
	return strings.Join(args, " ")
}

// option is a flag with its value, which may begin with a dash.
func option(name, value string) []string { return []string{name, words.ShellWord(value)} }

// systemFile is the file of the system; empty where the result does not hold it.
func (s *summary) systemFile() string {
	of := map[string]bool{result.SetDocument: true} // no file, and not to be taken for one
	for _, e := range s.order {
		of[e.File] = true
	}
	for _, d := range s.r.Documents {
		if !of[d.File] {
			return d.File
		}
	}
	return ""
}

// choices are what the run was told beside its documents. A result of an older version
// holds only what was set.
func (s *summary) choices() result.Choices {
	c := s.r.Run.Choices
	for _, d := range s.r.Documents {
		if d.File == result.SetDocument && len(c.Set) == 0 {
			c.Set = strings.Split(strings.TrimSuffix(d.Text, "\n"), "\n")
		}
	}
	return c
}

// Again is what repeats the whole run: all experiments of it, and no others.
func Again(r *result.Result) words.Repetition {
	return words.Repetition{Command: runCommand(r), Variables: words.Variables(r)}
}

// needs says which variables a command needs; empty where it needs none.
func needs(again words.Repetition) string {
	if len(again.Variables) == 0 {
		return ""
	}
	return "It needs what the run had in " + figures.List(again.Variables, "and") + ": no report holds the values of variables."
}

func runCommand(r *result.Result) string {
	s := summarize(r)
	if !s.choices().Selected {
		return s.command()
	}
	list := make([]*result.Experiment, len(r.Experiments))
	for i := range r.Experiments {
		list[i] = &r.Experiments[i]
	}
	return s.command(list...)
}
