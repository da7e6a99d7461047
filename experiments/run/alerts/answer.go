package alerts

import (
	"errors"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// Bounds of what is kept of what a server says, in bytes.
const (
	mostExample = 300
	mostError   = 200
)

// An answer is all that a server says at one moment.
type answer struct {
	alerts []found
	date   time.Time // by the clock of the server, in whole seconds; zero: it does not say
	err    error     // why there is no answer
}

// A found alert is one that is pending or fires.
type found struct {
	labels   map[string]string
	state    journal.AlertState
	activeAt time.Time
	muted    string // why nobody is told of it; empty: somebody is, or nobody knows
}

// look is what the answer says of one alert: the state that is the furthest of all alerts
// that fit. Times and clocks are not its own.
func (a answer) look(of experiments.Alert, hide func(string) string) journal.AlertLook {
	look := journal.AlertLook{Alert: of.Selector(), State: journal.AlertInactive}
	if a.err != nil {
		look.State, look.Error = journal.AlertUnknown, cut(hide(explain(a.err)), mostError)
		return look
	}
	for _, f := range a.alerts {
		if !of.Fits(f.labels) || look.State == journal.AlertFiring && f.state == journal.AlertPending {
			continue
		}
		if f.state != look.State {
			look = journal.AlertLook{Alert: look.Alert, State: f.state, Muted: f.muted}
		}
		if look.Count++; f.muted == "" {
			look.Muted = "" // somebody is told
		}
		if look.Count == 1 || f.activeAt.After(look.ActiveAt) {
			look.ActiveAt, look.Example = f.activeAt.UTC(), cut(hide(experiments.SelectAlert(f.labels[experiments.AlertName], f.labels)), mostExample)
		}
	}
	return look
}

// clock is by how much the clock of the server is ahead of ours, and what is uncertain of
// it, going by the date of an answer: it is of a whole second, and of some moment between
// the question and the answer.
func (a answer) clock(epoch time.Time, asked, answered time.Duration) (ahead, uncertain time.Duration) {
	if a.date.IsZero() {
		return 0, 0
	}
	half := (answered - asked) / 2
	return a.date.Add(time.Second / 2).Sub(epoch.Add(asked + half)), half + time.Second/2
}

// explain says why there was no answer, and of a time-out no more than that.
func explain(err error) string {
	if isTimeout(err) {
		return "no answer within " + answerWithin.String()
	}
	return err.Error()
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

// cut shortens a text to so many bytes, without a broken character at its end.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xC0 == 0x80 {
		most--
	}
	return text[:most] + "…"
}
