package faulttest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// sent measures journeys in fake time.
func sent(t *testing.T, m Measurement, during time.Duration) (o Outcomes) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { o = m.withDefaults(false).send(t.Context(), during) })
	return o
}

func TestJourneysStartOnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun, starts := time.Now(), make(chan time.Duration, 1000)
		m := Measurement{Rate: 10, Journey: func(context.Context) error {
			starts <- time.Since(begun)
			time.Sleep(500 * time.Millisecond) // longer than to the next one
			return nil
		}}.withDefaults(false)
		if o := m.send(t.Context(), 2*time.Second); o.Journeys != 20 || o.OK != 20 || o.lateness() != 0 {
			t.Errorf("%+v", o)
		}
		close(starts)
		for k := range time.Duration(20) {
			if at := <-starts; at != k*100*time.Millisecond {
				t.Errorf("journey %d started at %v", k, at)
			}
		}
		if took := time.Since(begun); took != 2400*time.Millisecond {
			t.Errorf("returned after %v", took)
		}
	})
}

func TestWhatBecomesOfJourneys(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, tt := range map[string]struct {
		journey func(context.Context) error
		want    Outcomes
		first   string
	}{
		"ok":                  {func(context.Context) error { time.Sleep(time.Second); return nil }, Outcomes{OK: 1}, ""},
		"slow":                {func(context.Context) error { time.Sleep(time.Second + 1); return nil }, Outcomes{Slow: 1}, ""},
		"failed":              {func(context.Context) error { return refused }, Outcomes{Failed: 1}, "refused"},
		"panicked":            {func(context.Context) error { panic("no such product") }, Outcomes{Failed: 1}, "no such product"},
		"fails the test":      {func(context.Context) error { runtime.Goexit(); return nil }, Outcomes{Failed: 1}, "FailNow"},
		"hangs":               {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, Outcomes{Failed: 1}, "deadline"},
		"hangs without words": {func(ctx context.Context) error { <-ctx.Done(); return nil }, Outcomes{Slow: 1}, ""},
	} {
		o := sent(t, Measurement{Journey: tt.journey, Rate: 1}, time.Second)
		if o.Journeys != 1 || o.OK != tt.want.OK || o.Slow != tt.want.Slow || o.Failed != tt.want.Failed || o.Shed != 0 {
			t.Errorf("%s: %+v", name, o)
		}
		if tt.first != "" && (o.First == nil || !strings.Contains(o.First.Error(), tt.first)) {
			t.Errorf("%s: first error %v, want %s", name, o.First, tt.first)
		}
	}
}

// A journey that cannot be started is harmed, and holds up no other.
func TestTooManyOnTheirWay(t *testing.T) {
	t.Parallel()
	o := sent(t, Measurement{Rate: 6000, Journey: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, 2*time.Second)
	if o.Journeys != 12_000 || o.Shed != 12_000-mostInFlight || o.Failed != mostInFlight || o.Harmed() != 12_000 {
		t.Errorf("%d journeys, %d shed, %d failed", o.Journeys, o.Shed, o.Failed)
	}
}

// The journeys end with the test.
func TestATestThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1050*time.Millisecond)
		defer cancel()
		m := Measurement{Rate: 10, Journey: func(context.Context) error { return nil }}.withDefaults(false)
		if o := m.send(ctx, time.Hour); o.Journeys != 11 {
			t.Errorf("%d journeys", o.Journeys)
		}
	})
}

// Journeys count in the batch in which they should have started.
func TestBatches(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	o := sent(t, Measurement{Rate: 10, Journey: func(context.Context) error {
		if n.Add(1) > 190 {
			return errors.New("refused")
		}
		return nil
	}}, 20*time.Second)
	if len(o.batches) != 10 || o.batches[8].Hits != 0 || o.batches[9] != (stats.Count{Hits: 10, N: 20}) {
		t.Errorf("batches %v", o.batches)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	full, short := Measurement{}.withDefaults(false), Measurement{}.withDefaults(true)
	if full.Rate != 100 || full.For != 3*time.Second || full.SlowAfter != time.Second || full.Limit != 0.05 || full.Baseline != 0.02 || full.AllowInconclusive {
		t.Errorf("%+v", full)
	}
	if short.For != time.Second || !short.AllowInconclusive {
		t.Errorf("with -short: %+v", short)
	}
}

// outcomes are of so many journeys, of which so many failed.
func outcomes(harmed, n int) (o Outcomes) {
	for i := range n {
		e := end{}
		if i < harmed {
			e.err = errors.New("status 503")
		}
		o.add(e, 0)
	}
	return o
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	d := Proxy(t, "payments", "http://127.0.0.1:1")
	late := outcomes(0, 300)
	for i := range 10 {
		late.late[i] = 200 * time.Millisecond
	}
	shed := outcomes(0, 300)
	shed.add(end{shed: true}, 0)
	met, unmet, refusing := proxy.ToxicStatus{Met: 300}, proxy.ToxicStatus{}, proxy.ToxicStatus{Refusing: true}
	for name, tt := range map[string]struct {
		control, under Outcomes
		last           proxy.ToxicStatus
		want           Verdict
		says           string
	}{
		"harmless":                    {outcomes(0, 300), outcomes(0, 300), met, Held, "harmed 0.0%"},
		"harmful":                     {outcomes(0, 300), outcomes(60, 300), met, Refuted, "harmed 20.0%"},
		"near the limit":              {outcomes(0, 300), outcomes(12, 300), met, Inconclusive, "journeys with and without the fault instead of 300"},
		"few":                         {outcomes(0, 10), outcomes(0, 10), met, Inconclusive, "instead of 10"},
		"harmed before":               {outcomes(30, 300), outcomes(30, 300), met, Invalid, "10.0% of the journeys were harmed without the fault (30 of 300; at most 2% allowed): status 503"},
		"a little harmed before":      {outcomes(1, 300), outcomes(1, 300), met, Held, ""},
		"nobody met it":               {outcomes(0, 300), outcomes(0, 300), unmet, Invalid, "nobody met http_error"},
		"harm that nobody met":        {outcomes(0, 300), outcomes(60, 300), unmet, Invalid, "nobody met http_error"},
		"a port that refuses, harm":   {outcomes(0, 300), outcomes(60, 300), refusing, Refuted, ""},
		"a port that refuses, silent": {outcomes(0, 300), outcomes(0, 300), refusing, Inconclusive, "nobody can count whom a port refuses"},
		"late":                        {late, outcomes(0, 300), met, Invalid, "started 200 ms late or more (at most 100 ms"},
		"late under the fault":        {outcomes(0, 300), late, met, Invalid, "too busy"},
		"shed":                        {shed, outcomes(0, 300), met, Invalid, "1 journeys could not be started"},
		"over before it began":        {Outcomes{}, Outcomes{}, met, Invalid, "the test ended"},
	} {
		m := Measurement{Into: d, Fault: HTTPError(503)}.withDefaults(false)
		h := Harm{Fault: m.Fault.String(), Limit: m.Limit, Control: tt.control, Under: tt.under}
		h.judge(m, &injection{fault: m.Fault, last: tt.last, gone: true})
		told := h.String() + h.broken + h.unmet + h.uncounted + h.settles
		if h.Verdict != tt.want || !strings.Contains(told, tt.says) {
			t.Errorf("%s: %s, want %s and %q", name, told, tt.want, tt.says)
		}
		if h.Low > h.Share || h.High < h.Share {
			t.Errorf("%s: %v to %v around %v", name, h.Low, h.High, h.Share)
		}
	}
}
