package scaffold

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/injectors"
)

var (
	requestForm = lazyregexp.New(`^[A-Z]+ [/$][A-Za-z0-9_/.${}?&=%+~@!*,;:-]*[A-Za-z0-9_/.}=%+-]$|^[A-Z]+ /$`)
	index       = lazyregexp.New(`\[[0-9]+\]`)
)

const experimentHead = `# yaml-language-server: $schema=../` + experimentSchema + `
`

// slowExperiment is an experiment in which the dependency is slow, the most common
// failure.
func slowExperiment(dep dependency) string {
	return experimentHead + fmt.Sprintf(`version: 1
experiment: %[1]s-slow
title: %[2]s slow by 2 s
hypothesis: Journeys keep working within their budget while %[3]s is slow.
faults:
  # blastgauge faults lists what else can go wrong: down, timeout (it hangs), ...
  - inject: latency
    into: %[4]s
    latency: 2s
    jitter: 250ms
# if_refuted: What to do then; it stands in the report.
`, dep.id, figures.Capital(dep.id), dep.id, yamlText(dep.id))
}

// exampleExperiment is slowExperiment with every key explained.
func exampleExperiment(dep dependency) string {
	var kinds strings.Builder
	for _, k := range injectors.Catalogue() {
		fmt.Fprintf(&kinds, "  #   %-60s # %s\n", k.Example, k.Summary)
	}
	return experimentHead + fmt.Sprintf(`#
# One hypothesis, and the fault that tests it. One file each in this folder.
version: 1 # of this language
experiment: %[1]s-slow # its id
title: %[2]s slow by 2 s # what reports call it

# What must stay true while the fault is in force.
hypothesis: Journeys keep working within their budget while %[1]s are slow.

# What goes wrong. Several faults may be in force together.
faults:
  - inject: latency # the kind of fault
    into: %[1]s # a dependency of blastgauge.yaml
    latency: 2s # attributes of the kind
    jitter: 250ms
    # share: 20%%         # of connections; all of them by default
    # stream: downstream # answers (the default) or upstream: requests
    # at: 10s            # when it starts, after the start of the fault phase
    # for: 30s           # how long it lasts; to the end of the phase by default
  #
  # The kinds there are (blastgauge faults KIND tells more):
%[3]s
# What follows is as in blastgauge.yaml where it is not given.
# phases: {warmup: 5s, baseline: 60s, fault: 120s, recovery: 90s}
# limits: {blast_radius: 5%%, recovery: 30s, baseline: 2%%, journeys: {checkout: {blast_radius: 1%%}}}
# guardrails: [{blast_radius: 36%%}]
# journeys: {checkout: {rate: 20/s}} # rates of this experiment

# What to do when the hypothesis does not hold; it stands in the report.
# if_refuted: Give the call a time limit and one retry with an idempotency key.
`, dep.id, figures.Capital(dep.id), kinds.String())
}
