package main

import (
	"context"
	"fmt"
)

// readNamed reads files that the user names. They may be pipes, such as <(COMMAND), and
// then whoever writes them decides how long that takes: no read of theirs ends by
// itself. So a signal ends the wait here, with its own error. What read sets may be used
// only after nil, because read may go on until the process ends.
func readNamed(ctx context.Context, read func() error) error {
	done := make(chan error, 1) // buffered: nobody may be waiting any more
	go func() { done <- read() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("stopped reading: %w", context.Cause(ctx))
	}
}
