package injectors

import "strings"

// MaxWithin is the longest that a program of a fault by command may take, in seconds. It
// is all the time that an injection has, and a removal.
const MaxWithin = 10

// command is the kind whose faults are caused by programs of the user.
func command() Kind {
	return Kind{
		Name: "command", Level: Command, Wire: "command", Streamless: true,
		Summary: "what a program of yours does, and another one of yours undoes",
		Attributes: []Attribute{
			{Name: "do", Unit: Arguments, Required: true, Wire: "do", valid: runnable,
				Doc: "the program that causes the fault, and its arguments; no shell reads them"},
			{Name: "undo", Unit: Arguments, Required: true, Wire: "undo", valid: runnable, aside: true,
				Doc: "the program that takes it back, whatever do has left: it may run twice, at the same time, and where there is nothing to take back"},
			{Name: "check", Unit: Arguments, Required: true, Wire: "check", valid: runnable, aside: true,
				Doc: "the program that ends with 0 while the fault is in force and with 1 while it is not; it is asked every second, and has 5s then"},
			{Name: "within", Unit: Duration, Min: 0.1, Max: MaxWithin, Wire: "within", Scale: toMillis, aside: true,
				Doc: "how long each program may take, and how long check may take to agree after do or undo; 10s by default"},
			{Name: "dir", Unit: Text, Wire: "dir", aside: true,
				Doc: "the folder that the programs run in, relative to the experiment; that of the experiment by default"},
		},
		Example: `{inject: command, into: recommendations, do: [./flag.sh, set], undo: [./flag.sh, clear], check: [./flag.sh, is-set]}`,
		Caveats: []Caveat{
			{Text: "nothing counts what it meets: with harm it can refute, without harm it stays inconclusive"},
			{Text: "where it reaches both routes of the control_url, say control: baseline"},
			{Text: "allow_hosts does not reach what the programs do"},
		},
		Notes: []string{
			"programs have the environment of blastgauge, and BLASTGAUGE_RUN, BLASTGAUGE_FAULT, BLASTGAUGE_INTO and BLASTGAUGE_STEP (do, undo or check)",
			"undo is run by the run, by the guard process of a killed run and by `blastgauge recover`, which has the environment of whoever calls it",
			"any other end of check than 0 and 1 proves nothing: the fault counts as neither injected nor removed",
		},
	}
}

// runnable is the rule for a program and its arguments.
func runnable(v any) string {
	list, _ := v.([]any)
	if first, _ := list[0].(string); strings.TrimSpace(first) == "" {
		return "must begin with the program to run"
	}
	for _, item := range list {
		if text, _ := item.(string); strings.ContainsRune(text, 0) {
			return "must not hold a zero byte: no program can be given one"
		}
	}
	return ""
}

// Program returns a program and its arguments; nil when none are given.
func (a Attributes) Program(name string) []string {
	list, _ := a[name].([]any)
	var program []string
	for _, item := range list {
		text, _ := item.(string)
		program = append(program, text)
	}
	return program
}
