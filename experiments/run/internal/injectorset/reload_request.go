package injectorset

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// reloadTimeout bounds a reload request.
const reloadTimeout = 5 * time.Second

// sendReload makes a system read its config again. The error, which holds no
// secret, says why the answer does not confirm it.
func sendReload(ctx context.Context, s *experiments.System, r experiments.Reload, f journey.Facts) error {
	if err := sendAndJudge(ctx, s, r, f); err != nil {
		return fmt.Errorf("%s %s: %w", r.Request.Method, r.Request.Target, err)
	}
	return nil
}

func sendAndJudge(ctx context.Context, s *experiments.System, r experiments.Reload, f journey.Facts) error {
	script, err := journey.Compile([]experiments.Step{{Name: "reload", Request: r.Request, Expect: r.Expect}}, f)
	if err != nil {
		return err
	}
	client, err := httpclient.New(journey.SystemClient(s, s.URL, f.Run))
	if err != nil {
		return err
	}
	defer client.Close()
	deadline := time.Now().Add(reloadTimeout)
	if until, bounded := ctx.Deadline(); bounded && until.Before(deadline) {
		deadline = until
	}
	if v := script.SendFirst(ctx, client, nil, deadline, nil); v.Outcome != journal.OK {
		return errors.New(v.Detail)
	}
	return nil
}
