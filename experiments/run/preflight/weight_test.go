package preflight

import (
	"bytes"
	"strings"
	"testing"
)

// A try takes every step, however few journeys of a run do, and says how many those are.
func TestTryTakesEveryStep(t *testing.T) {
	t.Parallel()
	shop := &shop{}
	buy := planned("buy", step("list", "GET", "/list", status()), step("pay", "POST", "/pay", status()), step("rate", "POST", "/rate", status()))
	buy.Steps[1].Weight, buy.Steps[2].Weight = 0.000001, 0.3
	list, err := Try(t.Context(), TryOptions{System: systemOf(shop.arm(t, "fault", fine), "", buy)})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	steps := list[0].Steps
	if len(steps) != 3 || len(list[0].Unsent) > 0 || steps[0].Share != 0 || steps[1].Share != 0.000001 || steps[2].Share != 0.3 {
		t.Errorf("%+v", list[0])
	}
	var b bytes.Buffer
	if err := WriteText(&b, list); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "30%") || strings.Count(text, "of the journeys of a run take") != 2 {
		t.Error(text)
	}
}
