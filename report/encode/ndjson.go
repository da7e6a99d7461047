package encode

import (
	"bytes"
	"io"
	"time"
)

// An Event is one line of newline-delimited JSON, for programs that read lines:
// log shippers, jq, a table of a database. A field that does not concern the event
// is absent.
type Event struct {
	Event      string    `json:"event"` // run, phase, note, noted, alert, criterion, harm, cause, verdict, dependency, cell, level, pool, pair, fallback, finding, game_day, follow_up, breaking_point, change, status or end
	At         time.Time `json:"at,omitzero"`
	Run        string    `json:"run,omitempty"`
	Base       string    `json:"base,omitempty"` // the run that a comparison starts from
	System     string    `json:"system,omitempty"`
	Experiment string    `json:"experiment,omitempty"`
	Dependency string    `json:"dependency,omitempty"`
	Mode       string    `json:"mode,omitempty"`    // in which the dependency fails
	Latency    *float64  `json:"latency,omitempty"` // seconds, of a level
	Journey    string    `json:"journey,omitempty"`
	Name       string    `json:"name,omitempty"`   // of a phase, an alert, a criterion or a step
	State      string    `json:"state,omitempty"`  // of an alert: inactive, pending, firing or unknown
	Second     *float64  `json:"second,omitempty"` // since the experiment's start
	What       string    `json:"what,omitempty"`
	Author     string    `json:"author,omitempty"`    // of a note, a decision or a follow-up
	FollowUp   bool      `json:"follow_up,omitempty"` // of the same
	Class      string    `json:"class,omitempty"`     // of a cause
	Key        string    `json:"key,omitempty"`
	Count      *int      `json:"count,omitempty"` // journeys of the fault arm
	Verdict    string    `json:"verdict,omitempty"`
	Owner      string    `json:"owner,omitempty"` // of an experiment: who answers for it
	Status     string    `json:"status,omitempty"`
	Reasons    []string  `json:"reasons,omitempty"`
	Limit      string    `json:"limit,omitempty"`
	Measured   string    `json:"measured,omitempty"`
	Estimate   *float64  `json:"estimate,omitempty"` // a share, or a change of one
	Low        *float64  `json:"low,omitempty"`
	High       *float64  `json:"high,omitempty"`
	Control    string    `json:"control,omitempty"` // concurrent, baseline or contaminated
	// SpillOver is the share that the control arm lost meanwhile, and ArmsBefore by how
	// much the fault arm was harmed more already before the fault.
	SpillOver  *float64 `json:"spill_over,omitempty"`
	ArmsBefore *float64 `json:"arms_before,omitempty"`
	// Recovery is in seconds; absent where the system was not seen to recover, or had no
	// need to. Recovered says which: recovered, not_shown, unharmed, worse or not_back.
	Recovery  *float64 `json:"recovery,omitempty"`
	Recovered string   `json:"recovered,omitempty"`
	ExitCode  *int     `json:"exit_code,omitempty"`
	// Of an experiment of a game day: the verdict that was expected, and what was decided:
	// continue, skip or end. Author is by whom.
	Expect   string `json:"expect,omitempty"`
	Decision string `json:"decision,omitempty"`
	// InterruptedBy is who ended the run early, where that was no signal, and
	// InterruptedWhy what they gave as the reason.
	InterruptedBy  string `json:"interrupted_by,omitempty"`
	InterruptedWhy string `json:"interrupted_why,omitempty"`
}

// WriteLines writes a line for each event.
func WriteLines(w io.Writer, list []Event) error {
	var b bytes.Buffer
	for _, e := range list {
		text, err := JSON(e)
		if err != nil {
			return err
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}
