package result

import "testing"

// Of several recoveries the one that decides is the one that is shown to be late, before
// one that nobody knows, before those that are in time; and a system that has not come back
// before all.
func TestTheRecoveryThatDecides(t *testing.T) {
	t.Parallel()
	const limit = 30
	order := []struct {
		name    string
		r       Recovery
		verdict Verdict
	}{
		{"not back", Recovery{SystemHarmed: true, Censored: true}, Inconclusive},
		{"goes on beyond its limit", Recovery{Seconds: 90, Harmed: 90, Censored: true, Metastable: true}, Refuted},
		{"late for certain, and no more", Recovery{Seconds: 90, Harmed: 50, Censored: true}, Refuted},
		{"late", Recovery{Seconds: 40, Harmed: 40}, Refuted},
		{"not shown, with some harm", Recovery{Seconds: 90, Harmed: 10, Censored: true}, Inconclusive},
		{"not shown", Recovery{Seconds: 90, Censored: true}, Inconclusive},
		{"in time", Recovery{Seconds: 20, Harmed: 20}, Held},
		{"at once, worse later", Recovery{Worse: true}, Held},
		{"at once", Recovery{}, Held},
		{"unharmed", Recovery{Unharmed: true}, Held},
	}
	for i, a := range order {
		if c := recoveryCriterion(&a.r, limit, false); c.Verdict != a.verdict {
			t.Errorf("%s: %s, want %s", a.name, c.Verdict, a.verdict)
		}
		for k, b := range order {
			if got := a.r.isWorseThan(&b.r, limit, limit); got != (i < k) {
				t.Errorf("%s is worse than %s: %v", a.name, b.name, got)
			}
		}
	}
	late, in := &Recovery{Seconds: 20}, &Recovery{Seconds: 25}
	if !late.isWorseThan(in, 10, 60) || in.isWorseThan(late, 60, 10) {
		t.Error("each is held against its own limit")
	}
}
