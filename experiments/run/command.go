package run

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// maxArgument is the length in bytes of the longest argument of a command that is kept.
const maxArgument = 4 << 10

// nameCommand keeps the command that has started the system among the choices of the
// plan, and the flags of the run, so that reports can repeat it. What the command says as a
// secret is not kept.
func (r *run) nameCommand() {
	flags := r.o.flags(r.plan.GameDay != nil)
	if len(r.o.Command)+len(flags) == 0 {
		return
	}
	named := *r.plan
	named.Choices.Flags = slices.Concat(named.Choices.Flags, flags)
	if len(r.o.Command) > 0 {
		named.Choices.Command = shownCommand(r.o.Command, r.secrets)
	}
	r.plan = &named
}

// flags are the options that change what a run does or how it ends, as its command line
// says them. Some are of a game day alone.
func (o Options) flags(gameDay bool) (list []string) {
	if o.CreateProxies {
		list = append(list, "--create-proxies")
	}
	if o.NoPreflight {
		list = append(list, "--no-preflight")
	}
	for _, v := range o.Allow {
		list = append(list, "--allow="+string(v))
	}
	list = append(list, o.Stated...)
	switch {
	case !gameDay:
	case o.Unattended:
		list = append(list, plan.UnattendedFlag)
	case o.DecideWithin > 0:
		list = append(list, plan.WithinFlag+figures.Span(o.DecideWithin))
	}
	return list
}

// shownCommand returns a command without its secrets: those that are known, and what an
// option or a setting names as one.
func shownCommand(command []string, secrets *redact.Secrets) []string {
	shown := make([]string, len(command))
	for i, arg := range command {
		shown[i] = secrets.Excerpt([]byte(arg), maxArgument)
		if i > 0 && isSecretOption(command[i-1]) {
			shown[i] = redact.Hidden
		}
	}
	return shown
}

// isSecretOption reports whether the argument behind this one is a secret.
func isSecretOption(arg string) bool {
	name := strings.TrimLeft(arg, "-")
	return name != arg && redact.SecretName(name)
}
