package main

import (
	"errors"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/stop"
)

// explain prints an error, and the meaning of its exit code as the last line. It prints
// nothing for a verdict, which its command has printed.
func (a *app) explain(err error) {
	if err == nil {
		return
	}
	if _, ok := errors.AsType[exit.Verdict](err); ok {
		return
	}
	code := exit.Code(err)
	if list := experiments.Explain(err); list != "" {
		a.logf("%s", strings.TrimSuffix(list, "\n"))
	} else {
		a.logf("error: %v", err)
	}
	meaning := result.ExitMeaning(code)
	if a.reads {
		meaning, _, _ = strings.Cut(meaning, ";")
	}
	if errors.Is(err, stop.ErrNone) || errors.Is(err, stop.ErrSeveral) {
		meaning = "nothing was stopped"
	}
	a.logf("exit %d: %s", code, meaning)
}
