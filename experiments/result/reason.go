package result

import "slices"

// A ReasonCode is why a verdict is what it is, for programs. The text beside it says the
// same to people, and its wording may change.
type ReasonCode string

// Why an experiment has no verdict of its own.
const (
	ReasonPreflight    ReasonCode = "preflight_failed" // the system did not work before anything was injected
	ReasonInterrupted  ReasonCode = "interrupted"      // the run was, before the experiment or in it
	ReasonSuiteStopped ReasonCode = "suite_stopped"    // an experiment before it ended the suite
	ReasonSkipped      ReasonCode = "skipped"          // people decided so on a game day
	ReasonRunEnded     ReasonCode = "run_ended"        // the run ended before the experiment
	ReasonRunDied      ReasonCode = "run_died"         // its process did, in the middle of the experiment
	ReasonFailed       ReasonCode = "failed"           // the experiment ended with an error
	ReasonNoFault      ReasonCode = "no_fault"         // no fault was in force and removed
)

// Why a measurement cannot be trusted.
const (
	ReasonSystemDied        ReasonCode = "system_died"        // beside a verdict: nobody listens where journeys enter it
	ReasonTrafficIncomplete ReasonCode = "traffic_incomplete" // another program sends the journeys: it ended, or some are missing
	ReasonTrafficExcess     ReasonCode = "traffic_excess"     // likewise: more came than were planned
	ReasonFaultVanished     ReasonCode = "fault_vanished"
	ReasonPartial           ReasonCode = "partial" // the fault was on fewer than half of the instances
	ReasonNotExercised      ReasonCode = "not_exercised"
	ReasonRemovalUnverified ReasonCode = "removal_unverified"
	ReasonBaselineHarmed    ReasonCode = "baseline_harmed"
	ReasonTooBusy           ReasonCode = "too_busy" // the machine: it held journeys up
	ReasonControlShed       ReasonCode = "control_shed"
	ReasonTooFewJourneys    ReasonCode = "too_few_journeys"
	ReasonArmsDiffer        ReasonCode = "arms_differ" // before the fault
	ReasonScrapesMissing    ReasonCode = "scrapes_missing"
	ReasonClocksDiffer      ReasonCode = "clocks_differ" // that of Prometheus from ours, by more than is known
	ReasonCountersDisagree  ReasonCode = "counters_disagree"
)

// Why the evidence that the fault met traffic does not suffice.
const (
	ReasonNotCounted ReasonCode = "not_counted"
	ReasonOnlyProbed ReasonCode = "only_probed"
	ReasonSparse     ReasonCode = "sparse" // it met far less than was to be expected
)

// What was found of a journey.
const (
	ReasonNotMeasured         ReasonCode = "not_measured"
	ReasonHarmful             ReasonCode = "harm_beyond_limit"
	ReasonHarmless            ReasonCode = "harm_within_limit"
	ReasonFewEpisodes         ReasonCode = "few_episodes" // of harm: fewer than eight do not say what the fault does
	ReasonFewerEnded          ReasonCode = "fewer_ended"  // under the fault than before: counters do not know what hangs
	ReasonHarmUndecided       ReasonCode = "harm_undecided"
	ReasonControlContaminated ReasonCode = "control_contaminated"
)

// What was found of a guardrail and of the recovery.
const (
	ReasonGuardrailTripped   ReasonCode = "guardrail_tripped"
	ReasonRecovered          ReasonCode = "recovered"
	ReasonRecoveredLate      ReasonCode = "recovered_late"
	ReasonNotRecovered       ReasonCode = "not_recovered"
	ReasonRecoveryUndecided  ReasonCode = "recovery_undecided"
	ReasonRecoveryNotWatched ReasonCode = "recovery_not_watched"
	ReasonNothingToRecover   ReasonCode = "nothing_to_recover_from"
	ReasonSystemNotBack      ReasonCode = "system_not_back" // both arms, or the one there is, are worse than before
)

// What was found of an invariant.
const (
	ReasonInvariantHolds        ReasonCode = "invariant_holds"
	ReasonInvariantBroken       ReasonCode = "invariant_broken"        // after the fault
	ReasonInvariantBrokenUnder  ReasonCode = "invariant_broken_under"  // the fault, and no longer
	ReasonInvariantBrokenBefore ReasonCode = "invariant_broken_before" // the fault, too
	ReasonInvariantNotAsked     ReasonCode = "invariant_not_asked"
)

// What was found of an alert.
const (
	ReasonAlertInTime     ReasonCode = "alert_in_time"     // it fired, and cleared where that is asked for
	ReasonAlertLate       ReasonCode = "alert_late"        // it fired, and not soon enough
	ReasonAlertMissing    ReasonCode = "alert_missing"     // it did not fire at all
	ReasonAlertNotCleared ReasonCode = "alert_not_cleared" // or not soon enough
	ReasonAlertOnBefore   ReasonCode = "alert_on_before"   // the fault, so that it tells nothing of it
	ReasonAlertUnasked    ReasonCode = "alert_unasked"     // nobody answered when it mattered
	ReasonAlertCutOff     ReasonCode = "alert_cut_off"     // the fault or the experiment ended before its time was over
)

// A reason is why a verdict is what it is: for programs and for people.
type reason struct {
	code ReasonCode
	text string
}

// explain gives the experiment its reasons, each once: every turn of a repeated fault may
// have the same.
func (e *Experiment) explain(reasons []reason) {
	for i, r := range reasons {
		if slices.Contains(reasons[:i], r) {
			continue
		}
		e.Reasons = append(e.Reasons, r.text)
		e.ReasonCodes = append(e.ReasonCodes, r.code)
	}
}

// HasReason reports whether code is among the reasons of the verdict. Results of
// older versions have no codes.
func (e *Experiment) HasReason(code ReasonCode) bool { return slices.Contains(e.ReasonCodes, code) }
