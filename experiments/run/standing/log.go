package standing

import (
	"io"
	"log/slog"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

// logger is where the server tells who changed what. Names in it are other people's.
func (o Options) logger() (*slog.Logger, error) {
	level, err := o.level()
	if err != nil {
		return nil, err
	}
	to := o.Log
	if to == nil {
		to = io.Discard
	}
	writer, options := inert.NewWriter(to), &slog.HandlerOptions{Level: level}
	switch o.LogFormat {
	case "", "text":
		return slog.New(slog.NewTextHandler(writer, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(writer, options)), nil
	}
	return nil, usage.Errorf("--log-format %q: it is text or json", o.LogFormat)
}

// level returns the level that is asked for, or else that of $LOG_LEVEL, as toxiproxy-server
// reads it, whose levels are more: trace, fatal, panic and disabled, numbers from -1 to 7,
// and capitals do not matter.
func (o Options) level() (slog.Level, error) {
	from, text := "--log-level", o.LogLevel
	if text == "" {
		from = "$LOG_LEVEL"
		text, _ = o.Getenv("LOG_LEVEL")
	}
	switch strings.ToLower(text) {
	case "trace", "-1", "debug", "0":
		return slog.LevelDebug, nil
	case "", "info", "1":
		return slog.LevelInfo, nil
	case "warn", "2":
		return slog.LevelWarn, nil
	case "error", "3", "fatal", "4", "panic", "5":
		return slog.LevelError, nil
	case "disabled", "7":
		return slog.LevelError + 1, nil
	}
	return 0, usage.Errorf("%s %q: it is debug, info, warn or error", from, text)
}
