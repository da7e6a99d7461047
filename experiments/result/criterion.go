package result

import (
	"encoding/json"
	"strings"
)

// A CriterionKind is the kind of thing that had to be true.
type CriterionKind string

// Kinds of criteria.
const (
	JourneyCriterion   CriterionKind = "journey"   // the blast radius of a journey
	GuardrailCriterion CriterionKind = "guardrail" // there is one only if it tripped
	RecoveryCriterion  CriterionKind = "recovery"
	InvariantCriterion CriterionKind = "invariant"
	AlertCriterion     CriterionKind = "alert" // it fired under the fault, and cleared after it
)

// Criterion is one thing that had to be true, with what was measured beside
// its limit, both as text ready to show.
type Criterion struct {
	Kind    CriterionKind `json:"kind,omitempty"`
	Subject string        `json:"subject,omitempty"` // name of the journey or the invariant, selector of the alert
	Name    string        `json:"name"`              // for people: "blast radius of checkout", "recovery", "invariant NAME", "alert NAME", "guardrail"
	Verdict Verdict       `json:"verdict"`           // held, refuted, inconclusive or invalid
	Code    ReasonCode    `json:"code,omitempty"`    // why it has this verdict
	Limit   string        `json:"limit,omitempty"`
	// Measured and Detail are absent where nothing was measured.
	Measured string `json:"measured,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// UnmarshalJSON reads a criterion. One that was written before criteria had kinds
// gets the kind and the subject that its name says.
func (c *Criterion) UnmarshalJSON(text []byte) error {
	type plain Criterion
	if err := json.Unmarshal(text, (*plain)(c)); err != nil {
		return err
	}
	if c.Kind == "" {
		c.Kind, c.Subject = kindOf(c.Name)
	}
	return nil
}

// Beginnings of the names of criteria that have a subject.
const (
	journeyName   = "blast radius of "
	invariantName = "invariant "
	alertName     = "alert "
)

// kindOf is the kind and the subject of the criterion of this name; empty if it is
// none that is known.
func kindOf(name string) (kind CriterionKind, subject string) {
	if subject, ok := strings.CutPrefix(name, journeyName); ok {
		return JourneyCriterion, subject
	}
	if subject, ok := strings.CutPrefix(name, invariantName); ok {
		return InvariantCriterion, subject
	}
	switch kind := CriterionKind(name); kind {
	case GuardrailCriterion, RecoveryCriterion:
		return kind, ""
	}
	return "", ""
}

// newCriterion is an undecided one.
func newCriterion(kind CriterionKind, subject, limit string) Criterion {
	name := string(kind)
	switch kind {
	case JourneyCriterion:
		name = journeyName + subject
	case InvariantCriterion:
		name = invariantName + subject
	case AlertCriterion:
		name = alertName + subject
	}
	return Criterion{Kind: kind, Subject: subject, Name: name, Verdict: Inconclusive, Limit: limit}
}

// decide gives the criterion its verdict and says why.
func (c *Criterion) decide(v Verdict, code ReasonCode, detail string) {
	c.Verdict, c.Code, c.Detail = v, code, detail
}

// Criterion is the one of a kind and a subject; nil if the experiment has none.
func (e *Experiment) Criterion(kind CriterionKind, subject string) *Criterion {
	for i := range e.Criteria {
		if c := &e.Criteria[i]; c.Kind == kind && c.Subject == subject {
			return c
		}
	}
	return nil
}
