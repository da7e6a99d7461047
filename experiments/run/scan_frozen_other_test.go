//go:build !unix

package run_test

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func freezeIn(t *testing.T, _ scanStage) (*standbyBench, *result.Result) {
	t.Skip("needs SIGSTOP")
	return nil, nil
}
