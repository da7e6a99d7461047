package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// Reload tells a system to read its config again, and wants the answer that says
// that it did. Secrets are in none of the error's words.
func Reload(ctx context.Context, s *experiments.System, r experiments.Reload, f journey.Facts) error {
	if err := reload(ctx, s, r, f); err != nil {
		return fmt.Errorf("%s %s: %w", r.Request.Method, r.Request.Target, err)
	}
	return nil
}

func reload(ctx context.Context, s *experiments.System, r experiments.Reload, f journey.Facts) error {
	script, err := journey.Compile([]experiments.Step{{Name: "reload", Request: r.Request, Expect: r.Expect}}, f)
	if err != nil {
		return err
	}
	client, err := journey.NewClient(journey.SystemClient(s, s.URL, f.Run))
	if err != nil {
		return err
	}
	defer client.Close()
	deadline := time.Now().Add(askFor)
	if until, bounded := ctx.Deadline(); bounded && until.Before(deadline) {
		deadline = until
	}
	if v := script.SendFirst(ctx, client, deadline); v.Outcome != journal.OK {
		return errors.New(v.Detail)
	}
	return nil
}
