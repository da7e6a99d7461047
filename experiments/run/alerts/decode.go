package alerts

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// errNotPrometheus and errNotAlertmanager are the errors of an answer in another form.
var (
	errNotPrometheus   = errors.New("the answer is not one of a Prometheus")
	errNotAlertmanager = errors.New("the answer is not one of an Alertmanager")
)

// An envelope is what every answer of Prometheus' API is in.
type envelope[T any] struct {
	Status string `json:"status"`
	Data   *T     `json:"data"`
	Error  string `json:"error"`
}

// open returns what an answer of Prometheus holds.
func open[T any](text []byte) (*T, error) {
	var e envelope[T]
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotPrometheus, err)
	}
	if e.Status != "success" || e.Data == nil {
		return nil, fmt.Errorf("%w: its status is %.40q%s", errNotPrometheus, e.Status, problem(text))
	}
	return e.Data, nil
}

// decodePrometheus reads the answer of /api/v1/alerts. A state that later versions may have
// is taken for pending, as it is neither off nor known to be on.
func decodePrometheus(text []byte) ([]found, error) {
	data, err := open[struct {
		Alerts []struct {
			Labels   map[string]string `json:"labels"`
			State    string            `json:"state"`
			ActiveAt time.Time         `json:"activeAt"`
		} `json:"alerts"`
	}](text)
	if err != nil {
		return nil, err
	}
	list := make([]found, 0, len(data.Alerts))
	for _, a := range data.Alerts {
		state := journal.AlertPending
		switch a.State {
		case "firing":
			state = journal.AlertFiring
		case "inactive":
			continue
		}
		list = append(list, found{labels: a.Labels, state: state, activeAt: bounded(a.ActiveAt)})
	}
	return list, nil
}

// decodeAlertmanager reads the answer of /api/v2/alerts, in which each alert fires. Those of
// which nobody is told are among them.
func decodeAlertmanager(text []byte) ([]found, error) {
	var all []struct {
		Labels   map[string]string `json:"labels"`
		StartsAt time.Time         `json:"startsAt"`
		Status   struct {
			State       string   `json:"state"`
			SilencedBy  []string `json:"silencedBy"`
			InhibitedBy []string `json:"inhibitedBy"`
		} `json:"status"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotAlertmanager, err)
	}
	if all == nil { // null
		return nil, errNotAlertmanager
	}
	list := make([]found, 0, len(all))
	for _, a := range all {
		f := found{labels: a.Labels, state: journal.AlertFiring, activeAt: bounded(a.StartsAt)}
		switch {
		case a.Status.State != "suppressed":
		case len(a.Status.SilencedBy) > 0:
			f.muted = "silenced"
		case len(a.Status.InhibitedBy) > 0:
			f.muted = "inhibited"
		default:
			f.muted = "muted"
		}
		list = append(list, f)
	}
	return list, nil
}

// bounded is a time that a journal can hold; zero for any other.
func bounded(at time.Time) time.Time {
	if y := at.UTC().Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return at
}

// problem is what an answer says of itself where it is an error, after a colon.
func problem(text []byte) string {
	var e struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &e) != nil || e.Error+e.Message == "" {
		return ""
	}
	return ": " + cut(cmp.Or(e.Error, e.Message), mostError)
}
