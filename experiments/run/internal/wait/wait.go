// Package wait sleeps no longer than a context lasts.
package wait

import (
	"context"
	"time"
)

// For sleeps for d. It reports false, and returns at once, where ctx has ended or
// ends before.
func For(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
