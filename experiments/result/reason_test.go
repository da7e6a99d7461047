package result

import "testing"

// Every turn of a repeated fault may have the same reason, which is told once.
func TestReasonsAreToldOnce(t *testing.T) {
	t.Parallel()
	var e Experiment
	e.explain([]reason{{ReasonNotExercised, "a"}, {ReasonNotExercised, "a"}, {ReasonNotExercised, "b"}, {ReasonInterrupted, "a"}, {ReasonNotExercised, "a"}})
	if len(e.Reasons) != 3 || len(e.ReasonCodes) != 3 || e.Reasons[1] != "b" || e.ReasonCodes[2] != ReasonInterrupted {
		t.Errorf("%q %q", e.Reasons, e.ReasonCodes)
	}
}
