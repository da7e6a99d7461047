package cleanup

import (
	"errors"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
)

// Where only the reload request failed there is no fault to remove by hand: recover
// sends the request again.
func TestExplainASystemThatDoesNotReload(t *testing.T) {
	t.Parallel()
	r := &rollback{dir: "runs/x", logf: func(string, ...any) {}}
	fault := plan.Fault{Name: "blastgauge.x.1", Proxy: "settings", Fault: experiments.Fault{Inject: "http_config", Into: "settings"}}
	err := r.explain([]removal{{Fault: fault, err: &injectorset.NotReloadedError{Err: errors.New("status 503")}}})
	if !errors.Is(err, engine.ErrNotRemoved) || !strings.HasSuffix(err.Error(), "status 503; when it answers again: blastgauge recover runs/x") {
		t.Errorf("explain() = %v", err)
	}
}
