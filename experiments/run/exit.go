package run

import (
	"errors"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/run/preflight"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A UsageError means that the options contradict the plan or the machine. Nothing was
// injected.
type UsageError = usage.Error

// ExitCode gives the exit code of an error of a run or of a clean-up, as the result
// room names them.
func ExitCode(err error) int {
	if err == nil {
		return result.ExitHeld
	}
	_, usage := errors.AsType[*UsageError](err)
	switch {
	case errors.Is(err, engine.ErrNotRemoved): // before all else: of several runs one may have left a fault
		return result.ExitNotRemoved
	case usage, errors.Is(err, experiments.ErrInvalid), errors.Is(err, plan.ErrImpossible), errors.Is(err, toxiproxy.ErrToken):
		return result.ExitUsage
	case errors.Is(err, experiments.ErrRefused), errors.Is(err, toxiproxy.ErrRefused):
		return result.ExitRefused
	case errors.Is(err, preflight.ErrFailed):
		return result.ExitInvalid
	}
	if i, ok := errors.AsType[*engine.Interrupt](err); ok {
		return InterruptCode(i)
	}
	return result.ExitError
}

// InterruptCode gives the exit code of a run that a signal interrupted.
func InterruptCode(i *engine.Interrupt) int {
	switch i.Signal {
	case "HUP":
		return result.ExitHUP
	case "TERM":
		return result.ExitTERM
	default:
		return result.ExitINT
	}
}

// OutranksError reports whether an exit code says more than that something went wrong:
// a fault may be left, or a signal ended the run.
func OutranksError(code int) bool {
	return slices.Contains([]int{result.ExitNotRemoved, result.ExitHUP, result.ExitINT, result.ExitTERM}, code)
}

// decide sets the exit code of the result. What went wrong beside the verdicts counts
// as its class says: a lease that could not be ended is an error of the environment,
// however well the hypotheses held.
func (out *Outcome) decide(allow []result.Verdict) {
	code := max(out.Result.Exit(allow), 0)
	if out.Err != nil {
		also := ExitCode(out.Err)
		if also == result.ExitNotRemoved || also == result.ExitError && !OutranksError(code) {
			code, out.Decisive = also, true
		}
	}
	out.Result.Run.ExitCode = code
}
