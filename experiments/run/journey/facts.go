package journey

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/rows"
)

// Facts are what requests may refer to that is known before they are sent.
type Facts struct {
	Run     string                           // ${run}
	Arm     plan.Arm                         // ${arm}
	Started time.Time                        // ${started}: when the experiment did
	Env     func(name string) (string, bool) // ${env:NAME}; nil: nothing is set
	Traced  bool                             // each journey is a W3C trace, unless a step says otherwise
	Secrets *redact.Secrets                  // hidden beside the variables that a request uses; nil: none
	Data    *rows.Table                      // of ${data.COLUMN}; nil: none
}

// Value returns the value of a variable that is known before a request is sent:
// ${run}, ${arm}, ${started} or ${env:NAME}. It reports false for any other
// variable. The error says that an environment variable is not set.
func (f *Facts) Value(p experiments.Part) (value string, known bool, err error) {
	switch p.Name {
	case "run":
		return f.Run, true, nil
	case "arm":
		return f.Arm.String(), true, nil
	case "started":
		return f.Started.UTC().Format(time.RFC3339Nano), true, nil
	case "env":
		value, set := "", false
		if f.Env != nil {
			value, set = f.Env(p.Arg)
		}
		if value, set = p.OrDefault(value, set); !set {
			return "", true, fmt.Errorf("${env:%s}: the environment variable is not set", p.Arg)
		}
		return value, true, nil
	}
	return "", false, nil
}
