package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// ParsePhases parses lengths of phases, such as "warmup=1s,baseline=5s". Other phases are
// not overridden.
func ParsePhases(text string) (experiments.Phases, error) {
	p := NoOverride()
	if text == "" {
		return p, nil
	}
	fields := map[string]*time.Duration{"warmup": &p.Warmup, "baseline": &p.Baseline, "fault": &p.Fault, "recovery": &p.Recovery}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		field, ok := fields[strings.TrimSpace(name)]
		if !ok {
			hint := ""
			if near := shape.Nearest(name, slices.Sorted(maps.Keys(fields))); near != "" {
				hint = fmt.Sprintf(", did you mean %q?", near)
			}
			return p, fmt.Errorf("unknown phase %q%s; known: warmup, baseline, fault, recovery", name, hint)
		}
		d, err := time.ParseDuration(strings.TrimSpace(value))
		if err != nil || d < 0 {
			return p, fmt.Errorf("%s=%q is not a duration such as 10s", name, value)
		}
		*field = d
	}
	return p, nil
}

// CommitVariable is the environment variable that declares the build under test.
const CommitVariable = "BLASTGAUGE_COMMIT"

// CommitUnderTest is the commit under test, as CI systems name it.
func CommitUnderTest(getenv func(string) (string, bool)) string {
	for _, name := range []string{CommitVariable, "GITHUB_SHA", "CI_COMMIT_SHA"} {
		if v, _ := getenv(name); v != "" {
			return v
		}
	}
	return ""
}
