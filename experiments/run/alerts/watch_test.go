package alerts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A fakeServer answers in fake time: what says decides by the time since its start.
type fakeServer struct {
	start time.Time
	ahead time.Duration // its clock, before ours
	says  func(since time.Duration) (body string, err error)
	hangs func(since time.Duration) bool
	asked []string
}

func (f *fakeServer) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked = append(f.asked, r.URL.String())
	since := time.Since(f.start)
	if f.hangs != nil && f.hangs(since) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	time.Sleep(20 * time.Millisecond) // an answer takes its time
	body, err := f.says(since)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Date": {time.Now().Add(f.ahead).UTC().Format(http.TimeFormat)}}
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// prometheusSays is an answer of a Prometheus with these alerts, as JSON objects.
func prometheusSays(alerts ...string) string {
	return `{"status":"success","data":{"alerts":[` + strings.Join(alerts, ",") + `]}}`
}

func shopErrors(state, instance string, active time.Time) string {
	return fmt.Sprintf(`{"labels":{"alertname":"ShopErrors","severity":"page","instance":%q},"annotations":{"x":"y"},"state":%q,"activeAt":%q,"value":"1e+00"}`, instance, state, active.Format(time.RFC3339Nano))
}

// watchFor watches the alerts of a plan for so long, and returns what was recorded.
func watchFor(t *testing.T, long time.Duration, source experiments.AlertSource, f *fakeServer, list ...experiments.Alert) (looks []journal.AlertLook) {
	t.Helper()
	p := &plan.Plan{System: experiments.System{Alerts: &source}, Experiments: []plan.Experiment{{Alerts: list}}}
	s, err := newServer(&p.System, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.client.Transport = f
	w := &watcher{Options: Options{Plan: p, Epoch: f.start, Hide: func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }}, record: func(e journal.Event) {
		if e.Kind != journal.AlertChanged || e.Alert == nil {
			t.Errorf("recorded %+v", e)
			return
		}
		if err := (&journal.Event{Seq: 1, Since: time.Since(f.start), Alert: e.Alert}).CheckNumbers(); err != nil {
			t.Errorf("%+v: %v", e.Alert, err)
		}
		looks = append(looks, *e.Alert)
	}}
	for _, a := range list {
		w.alerts = append(w.alerts, watched{Alert: a})
	}
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	w.watch(ctx, s)
	if over := time.Since(f.start); over > long+50*time.Millisecond {
		t.Errorf("it watched for %s, want %s", over, long)
	}
	return looks
}

var (
	ofPrometheus   = experiments.AlertSource{Prometheus: "http://127.0.0.1:9090/prefix"}
	ofAlertmanager = experiments.AlertSource{Alertmanager: "http://127.0.0.1:9093"}
	paging         = experiments.Alert{Name: "ShopErrors", Labels: map[string]string{"severity": "page"}, FiresWithin: time.Minute}
)

func states(looks []journal.AlertLook) (list []string) {
	for _, l := range looks {
		list = append(list, strings.TrimSuffix(string(l.State)+" "+l.Muted, " "))
	}
	return list
}

// Each change is recorded with the two answers that it came between, and the last answer
// says until when nothing changed any more.
func TestChangesAreRecordedBetweenTwoAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{start: time.Now(), ahead: time.Hour}
		active := f.start.Add(time.Hour + 9*time.Second) // by its clock
		f.says = func(since time.Duration) (string, error) {
			const other = `{"labels":{"alertname":"Other","severity":"page"},"state":"firing","activeAt":"2020-01-01T00:00:00Z"}`
			switch {
			case since < 9*time.Second:
				return prometheusSays(other), nil
			case since < 15*time.Second:
				return prometheusSays(other, shopErrors("pending", "a", active)), nil
			case since < 30*time.Second:
				return prometheusSays(other, shopErrors("pending", "b", active.Add(time.Second)), shopErrors("firing", "a", active), shopErrors("firing", "c", active.Add(2*time.Second))), nil
			}
			return prometheusSays(other), nil
		}
		looks := watchFor(t, 40*time.Second+500*time.Millisecond, ofPrometheus, f, paging)
		if got, want := strings.Join(states(looks), ","), "inactive,pending,firing,inactive,inactive"; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		for i, second := range []time.Duration{0, 9, 15, 30, 40} {
			l := looks[i]
			if l.Asked != second*time.Second || l.Answered != second*time.Second+20*time.Millisecond {
				t.Errorf("%s: asked at %s, answered at %s, want at %d s", l.State, l.Asked, l.Answered, second)
			}
			if want := (second - 1) * time.Second; i > 0 && i < 4 && l.LastAsked != want {
				t.Errorf("%s: the state before was last seen at %s, want %s", l.State, l.LastAsked, want)
			}
		}
		fires := looks[2]
		if fires.Count != 2 || !strings.Contains(fires.Example, `instance="c"`) || !fires.ActiveAt.Equal(active.Add(2*time.Second)) {
			t.Errorf("of two that fire it tells %+v", fires)
		}
		if off := (fires.ClockAhead - time.Hour).Abs(); off > fires.ClockUncertain || fires.ClockUncertain == 0 || fires.ClockUncertain > time.Second {
			t.Errorf("its clock is %s ahead, give or take %s, want an hour", fires.ClockAhead, fires.ClockUncertain)
		}
		if last := looks[4]; last.LastAsked != last.Asked {
			t.Errorf("the last look is %+v", last)
		}
		if f.asked[0] != "http://127.0.0.1:9090/prefix/api/v1/alerts" || len(f.asked) != 41 {
			t.Errorf("%d questions, the first to %s", len(f.asked), f.asked[0])
		}
	})
}

// A server that is away is told of, with when it was last heard of, and so is one that
// hangs. Secrets in its words are not.
func TestSilenceIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{start: time.Now()}
		f.says = func(since time.Duration) (string, error) {
			if since >= 5*time.Second && since < 8*time.Second {
				return "", errors.New("connection refused, s3cret")
			}
			return prometheusSays(), nil
		}
		f.hangs = func(since time.Duration) bool { return since >= 20*time.Second }
		looks := watchFor(t, 30*time.Second, ofPrometheus, f, paging)
		if got, want := strings.Join(states(looks), ","), "inactive,unknown,inactive,unknown,unknown"; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if l := looks[1]; l.Error != "connection refused, ***" || l.LastAsked != 4*time.Second {
			t.Errorf("%+v", l)
		}
		if l := looks[3]; l.Error != "no answer within 2s" || l.Asked != 20*time.Second || l.Answered != 22*time.Second || l.LastAsked != 19*time.Second {
			t.Errorf("%+v", l)
		}
	})
}

// One whose context ends is gone at once, whatever its server does.
func TestTheEndWaitsForNoServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{start: time.Now(), hangs: func(time.Duration) bool { return true }}
		if looks := watchFor(t, 700*time.Millisecond, ofPrometheus, f, paging); len(looks) > 0 {
			t.Errorf("recorded %+v, and nothing was known", looks)
		}
	})
}

// Of several alerts that fit, any counts. Nobody is told of an alert only if nobody is told
// of any.
func TestAlertmanagerTellsWhoIsTold(t *testing.T) {
	t.Parallel()
	fires := func(instance, state, silenced, inhibited string) string {
		return fmt.Sprintf(`{"labels":{"alertname":"ShopErrors","severity":"page","instance":%q},"startsAt":"2026-11-29T12:00:00.000Z","endsAt":"2026-11-29T12:05:00Z","status":{"state":%q,"silencedBy":[%s],"inhibitedBy":[%s]},"receivers":[{"name":"x"}],"fingerprint":"f"}`, instance, state, silenced, inhibited)
	}
	for want, body := range map[string]string{
		"inactive":         `[]`,
		"firing":           `[` + fires("a", "active", "", "") + `]`,
		"firing silenced":  `[` + fires("a", "suppressed", `"id"`, "") + `]`,
		"firing inhibited": `[` + fires("a", "suppressed", "", `"id"`) + `]`,
		"firing muted":     `[` + fires("a", "suppressed", "", "") + `]`,
		"firing ":          `[` + fires("a", "suppressed", `"id"`, "") + `,` + fires("b", "active", "", "") + `]`,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeServer{start: time.Now(), says: func(time.Duration) (string, error) { return body, nil }}
				other := experiments.Alert{Name: `Od.d"`, FiresWithin: time.Minute}
				looks := watchFor(t, 100*time.Millisecond, ofAlertmanager, f, paging, other)
				if len(looks) != 2 || states(looks)[0] != strings.TrimSuffix(want, " ") || looks[1].State != journal.AlertInactive {
					t.Errorf("%v, want %s", looks, want)
				}
				if to := "http://127.0.0.1:9093/api/v2/alerts?filter=alertname%3D~%22ShopErrors%7COd%5C%5C.d%5C%22%22"; f.asked[0] != to {
					t.Errorf("asked %s, want %s", f.asked[0], to)
				}
			})
		})
	}
}

// An experiment without alerts asks nobody, and a token that is missing is told.
func TestWatchNeedsAlertsAndATokenThatIsSet(t *testing.T) {
	t.Parallel()
	source := experiments.AlertSource{Prometheus: "http://127.0.0.1:1", Token: "${env:PROM}"}
	p := &plan.Plan{System: experiments.System{Alerts: &source}, Experiments: []plan.Experiment{{}, {Alerts: []experiments.Alert{paging}}}}
	var looks []journal.AlertLook
	for i := range p.Experiments {
		Watch(t.Context(), Options{Plan: p, Experiment: i, Epoch: time.Now()}, func(e journal.Event) { looks = append(looks, *e.Alert) })
	}
	if len(looks) != 1 || looks[0].State != journal.AlertUnknown || !strings.Contains(looks[0].Error, "PROM") {
		t.Errorf("%+v", looks)
	}
}
