package generator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// MaxLine is how many bytes a line may have.
const MaxLine = 64 << 10

// The outcomes that a line may name.
const (
	outcomeOK     = "ok"
	outcomeSlow   = "slow"
	outcomeWrong  = "wrong"
	outcomeFailed = "failed"
	outcomeShed   = "shed"
)

func outcomes() []string {
	return []string{outcomeOK, outcomeSlow, outcomeWrong, outcomeFailed, outcomeShed}
}

// A line is what a program says of a journey, or of several that are alike, as it is
// written. What it says need not make sense yet.
type line struct {
	journey, arm, outcome string
	cause, trace, detail  string
	step                  string
	index                 int // of the step, where hasIndex
	hasStep, hasIndex     bool
	start                 *time.Time    // where it is given as a date
	since                 time.Duration // else: since the run's epoch
	hasStart              bool
	took, late            time.Duration
	hasTook               bool
	count                 int
}

// parseLine reads one line. Keys are as they are documented, each at most once: a key with
// a typo, or twice, would say something that nobody reads.
func parseLine(text []byte) (line, error) {
	l := line{count: 1}
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	if first, err := in.Token(); err != nil || first != json.Delim('{') {
		return l, errors.New("this is no JSON object")
	}
	seen := make([]string, 0, 11)
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return l, notJSON(err)
		}
		key, _ := token.(string) // keys of an object are texts
		if slices.Contains(seen, key) {
			return l, fmt.Errorf("%s is there twice", key)
		}
		seen = append(seen, key)
		if token, err = in.Token(); err != nil {
			return l, notJSON(err)
		}
		if err := l.set(key, token); err != nil {
			return l, err
		}
	}
	if _, err := in.Token(); err != nil {
		return l, notJSON(err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return l, errors.New("something follows the JSON object: write one object a line")
	}
	return l, l.complete()
}

func notJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON object does not end: write one object a line")
	}
	return fmt.Errorf("this is no JSON: %w", err)
}

// set takes the value of a key.
func (l *line) set(key string, value json.Token) (err error) {
	switch key {
	case "journey":
		l.journey, err = text(key, value)
	case "arm":
		l.arm, err = text(key, value)
	case "outcome":
		l.outcome, err = text(key, value)
	case "cause":
		l.cause, err = text(key, value)
	case "trace":
		l.trace, err = text(key, value)
	case "detail":
		l.detail, err = text(key, value)
	case "step":
		l.hasStep = true
		l.step, l.index, l.hasIndex, err = stepOf(value)
	case "start":
		l.hasStart = true
		l.start, l.since, err = startOf(value)
	case "took":
		l.hasTook = true
		l.took, err = seconds(key, value)
	case "late":
		l.late, err = seconds(key, value)
	case "count":
		l.count, err = whole(key, value, 1, journal.MaxCount)
	default:
		err = fmt.Errorf("unknown key %q: known are %s", key, strings.Join(keys(), ", "))
	}
	return err
}

// keys are those that a line may have.
func keys() []string {
	return []string{"journey", "arm", "start", "took", "outcome", "step", "cause", "trace", "count", "late", "detail"}
}

// complete says what a line lacks.
func (l *line) complete() error {
	switch {
	case l.journey == "":
		return errors.New("journey is missing")
	case !l.hasStart:
		return errors.New("start is missing")
	case l.outcome == "":
		return errors.New("outcome is missing")
	case !l.hasTook && l.outcome != outcomeShed:
		return errors.New("took is missing")
	case l.outcome == outcomeOK && (l.hasStep || l.cause != ""):
		return errors.New("a journey that is ok has no step and no cause of harm")
	}
	return nil
}

func text(key string, value json.Token) (string, error) {
	if s, ok := value.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("%s must be a text", key)
}

func whole(key string, value json.Token, low, high int) (int, error) {
	n, ok := value.(json.Number)
	v, err := strconv.Atoi(string(n))
	if !ok || err != nil || v < low || v > high {
		return low, fmt.Errorf("%s must be a whole number from %d to %d", key, low, high)
	}
	return v, nil
}

// seconds is a length of time, which no longer run has.
func seconds(key string, value json.Token) (time.Duration, error) {
	n, ok := value.(json.Number)
	v, err := strconv.ParseFloat(string(n), 64)
	if !ok || err != nil || v < 0 || v > journal.LongestRun.Seconds() {
		return 0, fmt.Errorf("%s must be a number of seconds, 0 or more", key)
	}
	return fromSeconds(v), nil
}

func fromSeconds(v float64) time.Duration {
	return time.Duration(math.Round(v * float64(time.Second)))
}

// stepOf is the name or the index of a step.
func stepOf(value json.Token) (name string, index int, isIndex bool, err error) {
	if name, ok := value.(string); ok {
		return name, 0, false, nil
	}
	index, err = whole("step", value, 0, 199)
	if err != nil {
		return "", 0, false, errors.New("step must be the name of a step, or its index from 0")
	}
	return "", index, true, nil
}

// startOf is a date, or seconds since the run's epoch, which may be negative.
func startOf(value json.Token) (at *time.Time, since time.Duration, err error) {
	wrong := errors.New("start must be a date as in RFC 3339, such as 2026-02-03T10:00:00.25Z, or a number of seconds since BLASTGAUGE_EPOCH")
	switch v := value.(type) {
	case string:
		date, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			return nil, 0, wrong
		}
		return &date, 0, nil
	case json.Number:
		f, err := v.Float64()
		if err != nil || math.Abs(f) > journal.LongestRun.Seconds() {
			return nil, 0, wrong
		}
		return nil, fromSeconds(f), nil
	}
	return nil, 0, wrong
}
