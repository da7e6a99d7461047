package run

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/redact"
)

// maxArgument is the length in bytes of the longest argument of a command that is kept.
const maxArgument = 4 << 10

// nameCommand keeps the command that has started the system among the choices of the
// plan, so that reports can repeat it. What it says as a secret is not kept.
func (r *run) nameCommand() {
	if len(r.o.Command) == 0 {
		return
	}
	named := *r.plan
	named.Choices.Command = shownCommand(r.o.Command, r.secrets)
	r.plan = &named
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
