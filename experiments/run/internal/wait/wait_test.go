package wait

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sleep, end time.Duration
		want       bool
		took       time.Duration
	}{
		"to the end":       {time.Second, time.Minute, true, time.Second},
		"cut short":        {time.Minute, time.Second, false, time.Second},
		"over before":      {time.Minute, 0, false, 0},
		"nothing to sleep": {-time.Second, time.Minute, true, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.end)
				defer cancel()
				begun := time.Now()
				if got, took := For(ctx, tt.sleep), time.Since(begun); got != tt.want || took != tt.took {
					t.Errorf("For() = %v after %v, want %v after %v", got, took, tt.want, tt.took)
				}
			})
		})
	}
}
