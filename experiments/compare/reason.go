package compare

// A ReasonCode is why an experiment or a journey has its status, for programs.
// The text beside it says the same to people, and its wording may change.
type ReasonCode string

// Why an experiment is not comparable.
const (
	ReasonOnlyInBase     ReasonCode = "only_in_base"
	ReasonOnlyInHead     ReasonCode = "only_in_head"
	ReasonNoDigest       ReasonCode = "no_digest" // so whether the sides are the same is not known
	ReasonFaultsDiffer   ReasonCode = "faults_differ"
	ReasonJourneysDiffer ReasonCode = "journeys_differ"
	ReasonLoadDiffers    ReasonCode = "load_differs"
	ReasonBaseUntrusted  ReasonCode = "base_untrusted" // no run of base can be trusted
	ReasonHeadUntrusted  ReasonCode = "head_untrusted"
	ReasonNothingToJudge ReasonCode = "nothing_measured"
)

// Why a journey is not comparable.
const (
	ReasonExperimentNotComparable ReasonCode = "experiment_not_comparable"
	ReasonNotMeasuredInBase       ReasonCode = "not_measured_in_base"
	ReasonNotMeasuredInHead       ReasonCode = "not_measured_in_head"
	ReasonControlsDiffer          ReasonCode = "controls_differ"
	ReasonCountedStepsDiffer      ReasonCode = "counted_steps_differ" // those at which harm counts
)

// What changed in a journey or an invariant.
const (
	ReasonMoreHarm            ReasonCode = "more_harm"
	ReasonLessHarm            ReasonCode = "less_harm"
	ReasonWithinMargin        ReasonCode = "within_margin"
	ReasonUndecided           ReasonCode = "undecided"
	ReasonMarginNotShown      ReasonCode = "margin_not_shown" // a change is shown, but not that it is beyond the margin
	ReasonChanceOfMany        ReasonCode = "chance_of_many"   // shown by itself, but among so many changes chance shows one
	ReasonInvariantBroken     ReasonCode = "invariant_broken"
	ReasonInvariantHoldsAgain ReasonCode = "invariant_holds_again"
	ReasonAlertFails          ReasonCode = "alert_fails" // it is late, missing or not cleared
	ReasonAlertWorksAgain     ReasonCode = "alert_works_again"
)

// Why a cell of a scan or a breaking point has its status.
const (
	ReasonLimitsDiffer   ReasonCode = "limits_differ"
	ReasonNotKnownInBase ReasonCode = "not_known_in_base" // base has no answer
	ReasonNotKnownInHead ReasonCode = "not_known_in_head"
	ReasonSameVerdict    ReasonCode = "same_verdict"
	ReasonPrecision      ReasonCode = "precision" // the same, but one side knows it better
	ReasonBreaksEarlier  ReasonCode = "breaks_earlier"
	ReasonBreaksLater    ReasonCode = "breaks_later"
	ReasonShapeDiffers   ReasonCode = "shape_differs" // it begins alike, and has other edges then
)

// A reason is why something has its status: for programs and for people.
type reason struct {
	code ReasonCode
	text string
}

// explain gives the experiment its reasons.
func (e *Experiment) explain(reasons []reason) {
	for _, r := range reasons {
		e.Reasons = append(e.Reasons, r.text)
		e.ReasonCodes = append(e.ReasonCodes, r.code)
	}
}
