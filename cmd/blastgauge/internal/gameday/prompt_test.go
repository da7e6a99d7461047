package gameday_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/gameday"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// A screen keeps what a prompt shows.
type screen struct {
	mu    sync.Mutex
	text  strings.Builder
	asks  bool
	asked int
}

func (s *screen) Ask(lines string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.WriteString(lines)
	s.asks, s.asked = true, s.asked+1
}

func (s *screen) Answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks = false
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// A control keeps what it is told.
type control struct {
	told  []string
	wrong error
}

func (c *control) Decide(d journal.Decide) error {
	if c.wrong != nil {
		return c.wrong
	}
	c.told = append(c.told, strings.Join([]string{string(d.Decision), d.Experiment, d.Author, d.Why}, "|"))
	return nil
}

func (c *control) Note(author, text string, followUp bool) error {
	kind := "note"
	if followUp {
		kind = "follow-up"
	}
	c.told = append(c.told, strings.Join([]string{kind, author, text}, "|"))
	return nil
}

var dayPlan = &plan.Plan{
	GameDay:     &plan.GameDay{Name: "november", Items: []plan.GameDayItem{{Experiment: "first", Owner: "bob\x1b[2J", Expect: experiments.ExpectRefuted, Question: "Who notices?"}}},
	Experiments: []plan.Experiment{{ID: "first", Title: "First"}, {ID: "second", Title: "second"}},
}

// A table is a prompt with what is around it.
type table struct {
	*gameday.Prompt
	screen  *screen
	control *control
	keys    *io.PipeWriter
}

func newTable(elsewhere bool) table {
	in, keys := io.Pipe()
	s, c := &screen{}, &control{}
	p := gameday.New(gameday.Options{Input: in, Screen: s, Author: "ann", Elsewhere: elsewhere})
	p.Begin(dayPlan, c)
	return table{p, s, c, keys}
}

// types types lines, each once what came before it is done.
func (t table) types(lines ...string) {
	for _, line := range lines {
		_, _ = io.WriteString(t.keys, line+"\n") // a pipe that is read
		synctest.Wait()
	}
}

func (t table) waits() {
	t.Record(journal.Event{Kind: journal.Waiting, Experiment: "first"})
	synctest.Wait()
}

// end closes everything, so that no goroutine is left.
func (t table) end() {
	t.Close()
	_ = t.keys.Close() // it has no error
}

func TestAPromptDoesWhatPeopleType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		types []string
		told  []string
		asks  bool // it still asks in the end
	}{
		"continue":     {[]string{"continue"}, []string{"continue|first|ann|"}, false},
		"c":            {[]string{" C "}, []string{"continue|first|ann|"}, false},
		"skip":         {[]string{"skip bob is ill"}, []string{"skip|first|ann|bob is ill"}, false},
		"s":            {[]string{"s"}, []string{"skip|first|ann|"}, false},
		"end":          {[]string{"end no time"}, []string{"end|first|ann|no time"}, false},
		"e":            {[]string{"e"}, nil, true}, // what ends the day is written in full
		"note":         {[]string{"note we are all here", "c"}, []string{"note|ann|we are all here", "continue|first|ann|"}, false},
		"follow-up":    {[]string{"follow-up page somebody"}, []string{"follow-up|ann|page somebody"}, true},
		"no text":      {[]string{"note", "n  "}, nil, true},
		"nothing":      {[]string{"", "  "}, nil, true},
		"anything":     {[]string{"yes please", "continuing"}, nil, true},
		"with a text":  {[]string{"continue slowly"}, nil, true},
		"after it":     {[]string{"c", "c", "skip", "note later"}, []string{"continue|first|ann|", "note|ann|later"}, false},
		"control keys": {[]string{"\x1b[A\x1b[B"}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at := newTable(false)
				defer at.end()
				at.waits()
				at.types(c.types...)
				if !slices.Equal(at.control.told, c.told) || at.screen.asks != c.asks {
					t.Errorf("told %q, still asks: %v; want %q, %v", at.control.told, at.screen.asks, c.told, c.asks)
				}
			})
		})
	}
}

// What is typed before anything is asked decides nothing.
func TestWhatIsTypedTooEarlyDecidesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := newTable(false)
		defer at.end()
		at.types("continue", "end", "", "note early")
		at.waits()
		if want := []string{"note|ann|early"}; !slices.Equal(at.control.told, want) || !at.screen.asks {
			t.Errorf("told %q, want %q", at.control.told, want)
		}
	})
}

func TestAPromptSaysWhatComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := newTable(false)
		defer at.end()
		at.waits()
		for _, says := range []string{"november, 1 of 2: first", "Who notices?", "refuted", "bob"} {
			if !strings.Contains(at.screen.text.String(), says) {
				t.Errorf("%q does not say %q", at.screen.text.String(), says)
			}
		}
	})
}

// What shows the run shows a note, and the prompt asks again below it.
func TestAPromptAsksAgainBelowANote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := newTable(false)
		defer at.end()
		at.waits()
		before, asked := at.screen.text.String(), at.screen.asked
		at.types("note we are all here")
		if now := at.screen.text.String(); now != before {
			t.Errorf("it says %q beside what shows the run", strings.TrimPrefix(now, before))
		}
		at.Record(journal.Event{Kind: journal.Noted, Author: "ann", Detail: "we are all here"})
		synctest.Wait()
		if at.screen.asked != asked+1 || !at.screen.asks {
			t.Errorf("asked %d times, want %d; it asks: %v", at.screen.asked, asked+1, at.screen.asks)
		}
	})
}

// Somebody else may decide, or end the run.
func TestADecisionFromElsewhereEndsTheQuestion(t *testing.T) {
	t.Parallel()
	for _, kind := range []journal.Kind{journal.Decided, journal.Interrupted} {
		synctest.Test(t, func(t *testing.T) {
			at := newTable(true)
			defer at.end()
			at.waits()
			at.Record(journal.Event{Kind: kind, Experiment: "first", Decision: journal.Skip})
			synctest.Wait()
			at.types("continue")
			if at.screen.asks || at.control.told != nil {
				t.Errorf("after %s it asks: %v, told %q", kind, at.screen.asks, at.control.told)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // at the same moment
		at := newTable(true)
		defer at.end()
		at.control.wrong = errors.New("the run waits for no decision")
		at.waits()
		at.types("continue")
		if !strings.Contains(at.screen.text.String(), "waits for no decision") {
			t.Errorf("it shows %q", at.screen.text.String())
		}
	})
}

// Nobody waits for a terminal that is gone.
func TestTheEndOfTheInput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		elsewhere, before bool // somebody else can decide; the input ends before anything is asked
		told              []string
	}{
		"while it waits":     {false, false, []string{"end|first|ann|the input of the terminal was closed"}},
		"before it waits":    {false, true, []string{"end|first|ann|the input of the terminal was closed"}},
		"beside a page":      {true, false, nil},
		"beside a page, too": {true, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at := newTable(c.elsewhere)
				defer at.end()
				if c.before {
					_ = at.keys.Close() // it has no error
					synctest.Wait()
				}
				at.waits()
				_ = at.keys.Close() // likewise
				synctest.Wait()
				if !slices.Equal(at.control.told, c.told) {
					t.Errorf("told %q, want %q", at.control.told, c.told)
				}
			})
		})
	}
}

// A line without an end is no reason to keep all of it, or to wait for ever.
func TestALineThatIsTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := newTable(false)
		defer at.end()
		at.waits()
		go func() { _, _ = io.WriteString(at.keys, strings.Repeat("x", 1<<20)) }() // nobody reads all of it
		synctest.Wait()
		if want := []string{"end|first|ann|the input of the terminal was closed"}; !slices.Equal(at.control.told, want) {
			t.Errorf("told %q, want %q", at.control.told, want)
		}
	})
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags   gameday.Flags
		named   []string
		decides bool
		ok      bool
	}{
		"no game day":     {gameday.Flags{}, []string{"x"}, false, true},
		"a terminal":      {gameday.Flags{File: "g"}, nil, true, true},
		"no terminal":     {gameday.Flags{File: "g"}, nil, false, false},
		"by itself":       {gameday.Flags{File: "g", Yes: true}, nil, false, true},
		"experiments":     {gameday.Flags{File: "g"}, []string{"x"}, true, false},
		"yes to nothing":  {gameday.Flags{Yes: true}, nil, true, false},
		"waits for none":  {gameday.Flags{Within: "30m"}, nil, true, false},
		"waits":           {gameday.Flags{File: "g", Within: "30m"}, nil, true, true},
		"waits so little": {gameday.Flags{File: "g", Within: "1ms"}, nil, true, false},
		"waits too long":  {gameday.Flags{File: "g", Within: "25h"}, nil, true, false},
		"waits for 30":    {gameday.Flags{File: "g", Within: "30"}, nil, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o run.Options
			err := errors.Join(c.flags.CheckNamed(c.named, nil), c.flags.CheckNamed(nil, c.named), c.flags.Set(&o, c.decides))
			if _, wrong := errors.AsType[usage.Error](err); wrong == c.ok || err != nil && !wrong {
				t.Errorf("%v", err)
			}
			if c.ok && (o.Unattended != c.flags.Yes || c.flags.Within != "" && o.DecideWithin != 30*time.Minute) {
				t.Errorf("%+v", o)
			}
		})
	}
}
