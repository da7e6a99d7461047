// Package receivers has the flag that tells nobody what a run does, and tries those who are
// told.
package receivers

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/notify"
)

// FlagUsage describes the flag whose value is [Silent].
const FlagUsage = "`off` tells nobody what the run does, whatever notify: of the system file says"

// Silent is the value of a flag that is set by the word off.
type Silent bool

// Set reads the value of the flag.
func (s *Silent) Set(text string) error {
	switch text {
	case "off", "on":
		*s = text == "off"
		return nil
	}
	return errors.New("write off or on")
}

func (s *Silent) String() string {
	if *s {
		return "off"
	}
	return "on"
}

// Type names the value in the help.
func (*Silent) Type() string { return "off" }

// Try sends a test message to each receiver of a system and prints what came of it. The
// error has the exit code of the command.
func Try(ctx context.Context, w io.Writer, s *experiments.System, getenv func(string) (string, bool)) error {
	if len(s.Notify) == 0 {
		return usage.Errorf("%s names nobody who is told what a run does: write notify: there", s.File)
	}
	if err := experiments.CheckReceivers(getenv, s); err != nil {
		return err
	}
	list, err := notify.Try(ctx, s, notify.Options{Getenv: getenv})
	code := result.ExitHeld
	for _, a := range list {
		if a.Err != nil {
			code = result.ExitInvalid
		}
		_, lost := fmt.Fprintln(w, a)
		err = errors.Join(err, lost)
	}
	return errors.Join(err, exit.With(code))
}
