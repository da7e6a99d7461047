package preflight

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

// A journey whose steps are names alone is asked nothing, and cannot be tried here; one
// whose requests are known is asked whoever sends it.
func TestJourneysThatAnotherProgramSends(t *testing.T) {
	t.Parallel()
	s := &shop{}
	url := s.arm(t, "fault", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	named, known := planned("named", experiments.Step{Name: "pay"}), planned("known", step("list", "GET", "/list", status()))
	traffic := &experiments.Traffic{Command: []string{"locust"}}
	p := makePlan(url, "", named)
	p.System.Traffic = traffic
	var told []string
	o := Options{Plan: p, Log: func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }}
	if err := Check(t.Context(), o); err != nil || len(s.seen()) > 0 || len(told) != 1 || !strings.Contains(told[0], "named") || !strings.Contains(told[0], "traffic.command") {
		t.Errorf("%v, asked %v, told %q", err, s.seen(), told)
	}
	o.Plan = makePlan(url, "", named, known)
	o.Plan.System.Traffic = traffic
	if _, ok := errors.AsType[*Error](Check(t.Context(), o)); !ok || !slices.Contains(s.seen(), "fault GET /list") {
		t.Errorf("a journey that cannot succeed is not asked: %v", s.seen())
	}
	system := systemOf(url, "", named, known)
	system.Traffic = traffic
	if _, err := Try(t.Context(), TryOptions{System: system, Journey: "named"}); err == nil || !strings.Contains(err.Error(), "traffic.command") {
		t.Errorf("what nobody knows is tried: %v", err)
	} else if _, ok := errors.AsType[*usage.Error](err); !ok {
		t.Errorf("%v is no error of usage", err)
	}
	if list, err := Try(t.Context(), TryOptions{System: system}); err != nil || len(list) != 1 || list[0].Journey != "known" {
		t.Errorf("%+v, %v", list, err)
	}
}
