package result

import "slices"

// Exit codes. CI depends on them.
const (
	ExitHeld         = 0
	ExitError        = 1
	ExitUsage        = 2
	ExitRefuted      = 3
	ExitInconclusive = 4
	ExitInvalid      = 5
	ExitRefused      = 6
	ExitNotRemoved   = 7
	ExitHUP          = 129
	ExitINT          = 130
	ExitPIPE         = 141 // nobody read stdout any more; never that of a run
	ExitTERM         = 143
)

// Exit is the exit code of a run. The verdicts in allow, inconclusive and invalid, count
// as held. Allowing invalid allows not_run as well, as they share a code.
//
// Precedence: 7 > 129, 130, 143 > 1 > 2 > 6 > 3 > 5 > 4 > 0; 2 and 6 are given
// before a run exists.
func (r *Result) Exit(allow []Verdict) int {
	if slices.ContainsFunc(r.Experiments, Experiment.dangling) || slices.ContainsFunc(r.ScanFaults, ScanFault.dangling) {
		return ExitNotRemoved
	}
	switch r.Run.Outcome {
	case Interrupted:
		return signalExit(r.Run.Signal)
	case FailedRun:
		return ExitError
	}
	if r.Scan != nil {
		return r.scanExit(allow)
	}
	if len(r.Experiments) == 0 {
		return ExitInvalid // nothing was tested, and that is never a success
	}
	code := ExitHeld
	for _, e := range r.Experiments {
		c := e.Verdict.exit(allow)
		if slices.Index(byWeight, c) > slices.Index(byWeight, code) {
			code = c
		}
	}
	return code
}

// byWeight are the verdicts' codes, lightest first.
var byWeight = []int{ExitHeld, ExitInconclusive, ExitInvalid, ExitRefuted}

// exit is the exit code of a verdict.
func (v Verdict) exit(allow []Verdict) int {
	switch {
	case v == Refuted:
		return ExitRefuted
	case v == Inconclusive && !slices.Contains(allow, Inconclusive):
		return ExitInconclusive
	case (v == Invalid || v == NotRun) && !slices.Contains(allow, Invalid):
		return ExitInvalid
	}
	return ExitHeld
}

func signalExit(signal string) int {
	switch signal {
	case "HUP":
		return ExitHUP
	case "TERM":
		return ExitTERM
	}
	return ExitINT
}

// dangling reports whether a fault of the experiment may still be in force: its injection
// was begun, and it is not proven gone.
func (e Experiment) dangling() bool {
	return slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.Intended && !f.RemovalVerified })
}

// ExitMeaning says in words what the run's exit code means. A verdict that was allowed is
// named, because its hypothesis did not hold.
func (r *Result) ExitMeaning() string {
	meant, mean := r.Exit(nil), ExitMeaning
	if r.Scan != nil {
		mean = scanMeaning
	}
	if r.Run.ExitCode == ExitHeld && (meant == ExitInconclusive || meant == ExitInvalid) {
		return mean(meant) + ", which is allowed"
	}
	meaning := mean(r.Run.ExitCode)
	switch {
	case r.Run.Outcome != Interrupted || r.Run.ExitCode != signalExit(r.Run.Signal):
		return meaning
	case slices.ContainsFunc(r.Experiments, Experiment.touched) || len(r.ScanFaults) > 0:
		return meaning + "; faults removed"
	}
	return meaning + "; nothing was injected"
}

// touched reports whether an injection of the experiment was begun.
func (e Experiment) touched() bool {
	return slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.Intended })
}

// ExitMeaning says in words what an exit code means, for the last line of output. Whether
// an interrupt had faults to remove, only a result knows.
func ExitMeaning(code int) string {
	switch code {
	case ExitHeld:
		return "every hypothesis held"
	case ExitError:
		return "error of the tool or its environment"
	case ExitUsage:
		return "invalid flags or documents; nothing was injected"
	case ExitRefuted:
		return "a hypothesis was refuted"
	case ExitInconclusive:
		return "inconclusive"
	case ExitInvalid:
		return "invalid or not run"
	case ExitRefused:
		return "refused by a safety rule; nothing was injected"
	case ExitNotRemoved:
		return "clean-up incomplete: a fault may still be active"
	case ExitHUP, ExitINT, ExitTERM:
		return "interrupted"
	case ExitPIPE:
		return "nobody reads the output any more"
	}
	return "unknown"
}
