package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// pagerDuty sends change events, which page nobody, and an alert where a fault may be left.
type pagerDuty struct {
	url, key string
	ended    bool // how a run ended is a change event as well
}

// pagerDutyURL is where the Events API v2 is, but in other service regions.
const pagerDutyURL = "https://events.pagerduty.com"

func newPagerDuty(url, key string, on []experiments.Notice) pagerDuty {
	if url == "" {
		url = pagerDutyURL
	}
	return pagerDuty{strings.TrimRight(url, "/"), key, slices.Contains(on, experiments.NoticeEnded)}
}

// What PagerDuty takes, in UTF-16 units.
const (
	pagerDutySummary = 1024
	pagerDutySource  = 255
	pagerDutyDedup   = 255
)

// A pagerDutyEvent is a change event, or an alert where it has an action.
type pagerDutyEvent struct {
	RoutingKey  string           `json:"routing_key"`
	EventAction string           `json:"event_action,omitempty"`
	DedupKey    string           `json:"dedup_key,omitempty"`
	Client      string           `json:"client,omitempty"`
	Payload     pagerDutyPayload `json:"payload"`
}

type pagerDutyPayload struct {
	Summary   string            `json:"summary"`
	Timestamp string            `json:"timestamp"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity,omitempty"`
	Component string            `json:"component,omitempty"`
	Class     string            `json:"class,omitempty"`
	Details   map[string]string `json:"custom_details"`
}

func (p pagerDuty) requests(m *Message) (list []request) {
	event := pagerDutyEvent{RoutingKey: p.key, Payload: pagerDutyPayload{
		Summary:   fit(m.title(), pagerDutySummary, plain),
		Timestamp: m.At.Format(time.RFC3339Nano),
		Source:    fit(m.where(), pagerDutySource, plain),
		Details:   details(m),
	}}
	if m.isAlert() {
		alert := event
		alert.EventAction, alert.Client = "trigger", "blastgauge"
		alert.DedupKey = fit("blastgauge."+m.Run, pagerDutyDedup, plain)
		alert.Payload.Severity, alert.Payload.Component, alert.Payload.Class = "critical", m.System, "fault injection"
		list = append(list, post(p.url+"/v2/enqueue", jsonType, nil, alert))
		if !p.ended {
			return list
		}
	}
	return append(list, post(p.url+"/v2/change/enqueue", jsonType, nil, event))
}

// details are the facts of a message by their names.
func details(m *Message) map[string]string {
	d := map[string]string{"event": string(m.Event), "run": m.Run}
	if m.Experiment != "" {
		d["experiment"] = plain(m.Experiment)
	}
	for _, f := range m.Facts {
		name := plain(f.Name)
		for n := 2; d[name] != ""; n++ {
			name = fmt.Sprintf("%s %d", plain(f.Name), n)
		}
		d[name] = plain(f.Text)
	}
	return d
}
