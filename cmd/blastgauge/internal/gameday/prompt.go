package gameday

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Screen is where a prompt asks.
type Screen interface {
	// Ask prints lines, below which somebody types.
	Ask(lines string)
	// Answered says that nobody need type any more.
	Answered()
	io.Writer
}

// A Control takes decisions and notes for a run that goes on.
type Control interface {
	Decide(journal.Decide) error
	Note(author, text string, followUp bool) error
}

// Options say how and where a [Prompt] asks.
type Options struct {
	Input  io.Reader // what people type, in lines
	Screen Screen
	Author string // whose decisions and notes these are
	// Elsewhere: people can decide somewhere else, too. The end of the input ends nothing
	// then.
	Elsewhere bool
	// Alone: nothing else shows here what is noted, so that the prompt says that it is kept.
	Alone bool
}

// A Prompt asks people at a terminal before each experiment of a game day. It is a view of
// the run: it learns from the events when to ask, and that somebody else has decided.
// Input is read at all times, so that what was typed too early decides nothing.
type Prompt struct {
	o       Options
	plan    *plan.Plan
	control Control

	events chan journal.Event
	closed chan struct{}
	once   sync.Once
	done   sync.WaitGroup

	// Of the goroutine that answers.
	waiting string // the experiment that it asks about; empty: none
	over    bool   // there is no more input
}

// mostEvents are more than the waits and decisions of any game day.
const mostEvents = 1024

// longestLine is of what people type, in bytes.
const longestLine = 4 << 10

// New makes a prompt for one run. It asks once the run [Prompt.Begin]s.
func New(o Options) *Prompt {
	return &Prompt{o: o, events: make(chan journal.Event, mostEvents), closed: make(chan struct{})}
}

// Begin asks from now on.
func (p *Prompt) Begin(of *plan.Plan, control Control) {
	p.plan, p.control = of, control
	lines := make(chan string)
	go p.read(lines)
	p.done.Go(func() { p.answer(lines) })
}

// Record takes an event, of which only some concern a prompt.
func (p *Prompt) Record(e journal.Event) {
	switch e.Kind {
	case journal.Waiting, journal.Decided, journal.Interrupted, journal.Noted:
		select {
		case p.events <- e:
		default: // no game day has so many
		}
	}
}

// Observe takes a journey, which concerns no prompt.
func (*Prompt) Observe(journal.Observation) {}

// Close ends the prompt. What is typed from now on is not read.
func (p *Prompt) Close() {
	p.once.Do(func() { close(p.closed) })
	p.done.Wait()
}

// read reads lines until there are no more, or nobody wants them. A read that is under way
// ends with the process: there is no way to end it.
func (p *Prompt) read(lines chan<- string) {
	defer close(lines)
	scanner := bufio.NewScanner(p.o.Input)
	scanner.Buffer(nil, longestLine)
	for scanner.Scan() {
		select {
		case lines <- scanner.Text():
		case <-p.closed:
			return
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		p.say("this line is longer than %d bytes, and nothing more is read", longestLine)
	}
}

// answer asks, and does what people type, until the prompt is closed.
func (p *Prompt) answer(lines <-chan string) {
	defer p.o.Screen.Answered()
	for {
		select {
		case <-p.closed:
			return
		case e := <-p.events:
			p.learn(e)
		case line, ok := <-lines:
			if !ok {
				lines, p.over = nil, true
				p.endInput()
				continue
			}
			p.do(line)
		}
	}
}

// learn takes what happens in the run.
func (p *Prompt) learn(e journal.Event) {
	switch e.Kind {
	case journal.Waiting:
		p.waiting = e.Experiment
		p.o.Screen.Ask(p.head(e.Experiment) + choices + "\n")
		if p.over {
			p.endInput()
		}
	case journal.Noted: // which stands below the question now
		if p.waiting != "" {
			p.o.Screen.Ask(choices + "\n")
		}
	default: // it is decided, here or elsewhere, or the run ends
		p.waiting = ""
		p.o.Screen.Answered()
	}
}

// choices are what people may type.
const choices = "continue, skip WHY, note TEXT, follow-up TEXT or end WHY?"

// head says what the next experiment is about.
func (p *Prompt) head(experiment string) string {
	var b strings.Builder
	item := p.plan.GameDay.Of(experiment)
	for i, e := range p.plan.Experiments {
		if e.ID != experiment {
			continue
		}
		fmt.Fprintf(&b, "\n%s, %d of %d: %s\n", p.plan.GameDay.Name, i+1, len(p.plan.Experiments), e.ID)
		if e.Title != e.ID {
			fmt.Fprintf(&b, "  %s\n", e.Title)
		}
		for _, f := range e.Faults {
			fmt.Fprintf(&b, "  Fault     %s\n", f.Describe())
		}
		for _, row := range []struct{ name, text string }{
			{"Owner", item.Owner}, {"Question", item.Question}, {"Expected", string(item.Expect)}, {"Takes", figures.Span(e.Duration())},
		} {
			if row.text != "" {
				fmt.Fprintf(&b, "  %-9s %s\n", row.name, row.text)
			}
		}
	}
	return b.String()
}

// do does what somebody has typed.
func (p *Prompt) do(line string) {
	verb, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	text = strings.TrimSpace(text)
	var err error
	switch verb = strings.ToLower(verb); {
	case verb == "" && p.waiting == "":
		return
	case verb == "":
	case verb == "n" || verb == "note":
		if err = p.note(text, false); err == nil {
			return // its event asks again
		}
	case verb == "f" || verb == "follow-up" || verb == "followup":
		if err = p.note(text, true); err == nil {
			return
		}
	case p.waiting == "":
		p.say("nothing waits for a decision now: note TEXT and follow-up TEXT are kept at any time")
		return
	case (verb == "c" || verb == "continue") && text == "":
		err = p.decide(journal.Continue, "")
	case verb == "c" || verb == "continue":
		err = errors.New("continue stands alone; to keep a text: note TEXT")
	case verb == "s" || verb == "skip":
		err = p.decide(journal.Skip, text)
	case verb == "end": // in full: nothing is run after it
		err = p.decide(journal.End, text)
	default:
		err = fmt.Errorf("%q is none of these", verb)
	}
	if err != nil {
		p.say("%v", err)
	}
	if p.waiting != "" {
		p.o.Screen.Ask(choices + "\n")
	}
}

// note keeps what somebody says.
func (p *Prompt) note(text string, followUp bool) error {
	if text == "" {
		return errors.New("a note needs a text: note TEXT")
	}
	if err := p.control.Note(p.o.Author, text, followUp); err != nil {
		return err
	}
	if p.o.Alone {
		p.say("noted")
	}
	return nil
}

// decide decides about the experiment that was asked about.
func (p *Prompt) decide(d journal.DayDecision, why string) error {
	if err := p.control.Decide(journal.Decide{Experiment: p.waiting, Decision: d, Author: p.o.Author, Why: why}); err != nil {
		return err
	}
	p.waiting = ""
	p.o.Screen.Answered()
	return nil
}

// endInput says what follows from it that nobody types any more: somebody else decides, or
// the game day ends, because it would wait for nobody.
func (p *Prompt) endInput() {
	switch {
	case p.waiting == "":
	case p.o.Elsewhere:
		p.say("the input is closed: decide on the page")
	default:
		p.say("the input is closed, and nobody can decide any more: the game day ends")
		if err := p.decide(journal.End, "the input of the terminal was closed"); err != nil {
			p.say("%v", err)
		}
	}
}

// say prints a line. Its error is dropped: a run goes on without its screen.
func (p *Prompt) say(format string, args ...any) {
	_, _ = io.WriteString(p.o.Screen, inert.Lines(fmt.Sprintf(format, args...))+"\n")
}
