// Package generator runs another program as the traffic of an experiment and reads what it
// says of each journey.
//
// The program is told what to send in its environment, and writes one line of JSON for each
// journey that has ended. What blastgauge makes of them is what it makes of journeys of its
// own: which of them count, and what they show, is decided in the same place.
package generator

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/causes"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/run/supervise"
)

const (
	firstLine    = time.Minute     // within which the first line must come: programs take seconds to begin
	leastSilence = 5 * time.Second // for which a program may say nothing from then on
	silentFor    = 20              // journeys' time, likewise
	stopGrace    = time.Second     // beyond the longest timeout, for a program to end
	deadGrace    = time.Second     // for a program to end where this process dies
	killGrace    = 5 * time.Second // for its supervisor to kill it
	lookEvery    = 250 * time.Millisecond
	mostName     = 120         // bytes of a command in a message
	lastRead     = time.Second // for what the program has written before its end
)

// LogFile is what the program wrote to standard error, in the directory of the run.
const LogFile = "traffic.log"

// Options say which program sends the journeys of one experiment. All but Secrets and Log
// are required.
type Options struct {
	Plan       *plan.Plan
	Experiment int       // index in the plan
	Epoch      time.Time // what observations are relative to: the run's start
	// Supervisor is a program and its arguments. With those of the command as further
	// arguments it must call [supervise.Supervise].
	Supervisor []string
	Environ    []string        // of the program, beside what it is told
	Secrets    *redact.Secrets // that lines and the log may hold
	Log        io.Writer       // gets what the program writes to standard error, without secrets; nil: nobody does
}

// A Generator is a program that sends the journeys of one experiment.
type Generator struct {
	name       string
	experiment *plan.Experiment
	bare       bool // no examples of harm are kept
	secrets    *redact.Secrets
	vocabulary vocabulary
	tally      *tally
	repeats    *repeats
	causes     *causes.Causes
	pending    [2][]*pending // by arm and journey

	dir     string   // of the pipe and of the stop file
	pipe    *os.File // what lines come from
	hold    *os.File // keeps the pipe open until the program is gone
	log     *record
	process *supervise.Process

	patience  time.Duration // for which no line may come
	beginning time.Duration // likewise, before the first one

	heard    atomic.Int64 // when the last line of a journey came, since the epoch
	stopped  atomic.Int64 // when no journey might start any more; 0: not yet
	stopOnce sync.Once
	stop     chan struct{}
	started  chan struct{} // closed when the first line of a journey has come
	endOnce  sync.Once
	ended    chan struct{} // closed when the program is no use any more
}

// New starts the program of an experiment. The error is of class [usage.Error] where it
// cannot be started.
func New(o Options) (g *Generator, err error) {
	e := &o.Plan.Experiments[o.Experiment]
	g = &Generator{
		name: o.Secrets.Plain(o.Plan.System.Traffic.Program(), mostName), experiment: e, secrets: o.Secrets,
		bare: o.Plan.System.Examples == experiments.NoExamples, tally: newTally(e, o.Secrets), repeats: newRepeats(),
		causes: causes.New(e.Journeys, o.Plan.System.Examples == experiments.NoExamples),
		stop:   make(chan struct{}), started: make(chan struct{}), ended: make(chan struct{}),
	}
	for _, arm := range e.Arms() {
		for _, j := range e.Journeys {
			g.pending[arm] = append(g.pending[arm], newPending(e.ArmRate(j), j))
		}
	}
	if err := g.makePipe(); err != nil {
		return nil, errors.Join(err, g.clean())
	}
	if g.log, err = newRecord(o.Log, o.Secrets); err != nil {
		return nil, errors.Join(err, g.clean())
	}
	env, err := tell(o, g.pipe.Name(), g.stopFile()).environ(o.Environ)
	if err != nil {
		return nil, errors.Join(err, g.log.close(), g.clean())
	}
	g.vocabulary = newVocabulary(o)
	g.heard.Store(int64(g.vocabulary.began))
	g.patience = g.mostSilence()
	g.beginning = firstLine + g.patience
	g.process, err = supervise.Start(o.Supervisor, o.Plan.System.Traffic.Command, supervise.Options{Env: env, Dir: o.Plan.System.Resolve(""), Stdout: g.pipe.Name(), Output: g.log.in, Grace: deadGrace})
	if err == nil {
		return g, nil
	}
	if wrong, ok := errors.AsType[*supervise.NotStarted](err); ok {
		err = usage.Errorf("traffic.command cannot be started: %s", wrong.Why)
	}
	return nil, errors.Join(err, g.log.close(), g.clean())
}

// Find returns an error of class [usage.Error] where the program of a system's traffic is
// not there. It works in the folder of the system's document, and so does a relative path.
func Find(s *experiments.System) error {
	program := s.Traffic.Command[0]
	if strings.ContainsRune(program, filepath.Separator) && !filepath.IsAbs(program) {
		folder, err := filepath.Abs(s.Resolve(""))
		if err != nil {
			return err
		}
		program = filepath.Join(folder, program)
	}
	if _, err := exec.LookPath(program); err != nil {
		return usage.Errorf("%s: traffic.command: %w: install it, or write its path, relative to %s", s.File, err, s.File)
	}
	return nil
}

// makePipe makes the pipe for lines, which nobody else may open.
func (g *Generator) makePipe() (err error) {
	if g.dir, err = os.MkdirTemp("", "blastgauge-traffic-"); err != nil {
		return err
	}
	path := filepath.Join(g.dir, "lines")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return fmt.Errorf("the pipe for lines: %w", err)
	}
	// Without waiting for anybody to write, and with deadlines.
	if g.pipe, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil {
		return err
	}
	g.hold, err = os.OpenFile(path, os.O_WRONLY, 0)
	return err
}

func (g *Generator) stopFile() string { return filepath.Join(g.dir, "stop") }

// clean removes what was made for the program.
func (g *Generator) clean() error {
	var errs []error
	for _, f := range []*os.File{g.pipe, g.hold} {
		if f != nil {
			if err := f.Close(); !errors.Is(err, os.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if g.dir != "" {
		errs = append(errs, os.RemoveAll(g.dir))
	}
	return errors.Join(errs...)
}

func (g *Generator) since() time.Duration { return time.Since(g.vocabulary.epoch) }

// Run reads lines until the program is gone: it is told to end by Stop, and killed when
// its journeys have had their time, or when ctx ends. It calls observe for one line at a
// time; while observe works, the program waits at a full pipe. Run is called once.
func (g *Generator) Run(ctx context.Context, observe func(journal.Observation)) {
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		g.watch(ctx)
		_ = g.hold.Close()                                   // whoever else has the pipe open keeps it, for a moment
		_ = g.pipe.SetReadDeadline(time.Now().Add(lastRead)) // a pipe has deadlines
	}()
	g.read(observe)
	<-watched
	_ = g.log.close() // what could not be logged is lost
	_ = g.clean()     // it is empty, or the system's to clean
}

// watch waits for the end of the program and brings it about. It returns when nobody of it
// is left.
func (g *Generator) watch(ctx context.Context) {
	defer func() {
		g.process.Kill()
		<-g.process.Gone()
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	stop := g.stop
	var overdue <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-overdue: // its supervisor should have killed it
			return
		case <-g.process.Ended():
			g.process.Stop(0) // nobody of its group is to be left
			<-g.process.Gone()
			if g.stopped.Load() == 0 {
				_ = g.log.close() // so that its last words are known
				g.giveUp("%s ended before it was told to stop (%s)%s", g.name, g.process.End(), g.log.lastWords())
			}
			return
		case <-stop:
			stop, overdue = nil, time.After(g.longest()+stopGrace+killGrace)
			g.process.Stop(g.longest() + stopGrace)
		case <-tick.C:
			g.checkSilence()
		}
	}
}

// checkSilence gives a program up that says nothing for too long.
func (g *Generator) checkSilence() {
	if g.stopped.Load() != 0 {
		return
	}
	silent := g.since() - time.Duration(g.heard.Load())
	select {
	case <-g.started:
		if silent > g.patience {
			g.giveUp("%s wrote no line for %s, although journeys were to end all the time%s", g.name, g.patience.Round(100*time.Millisecond), g.log.lastWords())
		}
	default:
		if silent > g.beginning {
			g.giveUp("%s wrote no line within %s of its start%s", g.name, g.beginning.Round(100*time.Millisecond), g.log.lastWords())
		}
	}
}

// hear says that a line of a journey has come. Any other line is none: a program that says
// nothing else is silent.
func (g *Generator) hear(now time.Duration) {
	g.heard.Store(int64(now))
	select {
	case <-g.started:
	default:
		close(g.started)
	}
}

// giveUp says that the program is no use any more. Only the first reason counts.
func (g *Generator) giveUp(format string, args ...any) {
	g.endOnce.Do(func() {
		g.tally.end(fmt.Sprintf(format, args...))
		close(g.ended)
	})
}

// refuse counts a line that says nothing of a journey. It ends the experiment, which has no
// verdict any more, whatever its fault would do to the system.
func (g *Generator) refuse(text []byte, wrong *badLine) {
	why := g.tally.reject(text, wrong)
	if g.stopped.Load() == 0 {
		g.giveUp("%s wrote a line that cannot be read as a journey (%s): %s", g.name, wrong.kind, why)
	}
}

// longest is the longest that a journey may take.
func (g *Generator) longest() (most time.Duration) {
	for _, j := range g.experiment.Journeys {
		most = max(most, j.Timeout)
	}
	return most
}

// mostSilence is how long no line may come. Where all journeys hang, none does until they
// are over.
func (g *Generator) mostSilence() time.Duration {
	rate := 0.0
	for _, j := range g.experiment.Journeys {
		rate += j.Rate
	}
	silence := max(leastSilence, g.longest()+graceLine)
	if rate > 0 {
		silence = max(silence, time.Duration(silentFor/rate*float64(time.Second)))
	}
	return silence
}

// read reads lines until the program is gone, or until its last words take too long.
func (g *Generator) read(observe func(journal.Observation)) {
	in := bufio.NewReaderSize(g.pipe, MaxLine+1)
	for {
		text, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			g.refuse(text, bad(TooLong, "the line has more than %d bytes", MaxLine))
			if err = skipLine(in); err == nil {
				continue
			}
			return
		}
		if err != nil && g.stopped.Load() != 0 {
			return // it was killed in the middle of a line
		}
		if line := bytes.TrimSpace(text); len(line) > 0 {
			g.take(line, observe)
		}
		if err != nil {
			return
		}
	}
}

// skipLine skips the rest of a line.
func skipLine(in *bufio.Reader) error {
	for {
		if _, err := in.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// take takes a line.
func (g *Generator) take(text []byte, observe func(journal.Observation)) {
	now := g.since()
	o, wrong := g.vocabulary.read(text, moment{now: now, stopped: time.Duration(g.stopped.Load())})
	if wrong == nil && g.repeats.again(&o) {
		wrong = bad(ToldTwice, "a line has told of this journey, with its trace and its start: write one line for a journey")
	}
	if wrong != nil {
		g.refuse(text, wrong)
		return
	}
	g.hear(now)
	g.tally.add(&o.Observation)
	g.pending[o.Arm][o.Journey].add(o.Intended, o.Times(), o.Paused)
	if o.Harmed() {
		g.explain(&o)
	}
	observe(o.Observation)
}

// explain gives a harmed journey its cause by number, and an example of it where one is
// wanted.
func (g *Generator) explain(o *said) {
	id := causes.ID{Journey: o.Journey, Step: o.Step, Class: o.Cause, Key: g.secrets.Plain(o.key, journal.MaxKey)}
	var example *journal.Example
	if (o.detail != "" || o.trace != "") && g.causes.Want(id) {
		example = &journal.Example{Detail: g.secrets.Excerpt([]byte(o.detail), journal.MaxExcerpt), Trace: g.secrets.Plain(o.trace, journal.MaxKey)}
	}
	o.Why, o.Seen = g.causes.See(id, o.Arm, o.Intended, example)
}

// StartPhase says which phase of the experiment begins.
func (g *Generator) StartPhase(p journal.Phase) {
	g.tally.startPhase(p, g.since())
	g.causes.StartPhase(p)
}

// Stop tells the program to start no more journeys. It may be called more than once.
func (g *Generator) Stop() {
	g.stopOnce.Do(func() {
		now := g.since()
		g.stopped.Store(int64(now))
		g.tally.startPhase("", now)
		if f, err := os.OpenFile(g.stopFile(), os.O_CREATE|os.O_WRONLY, 0o600); err == nil { // else the signal has to do
			_ = f.Close()
		}
		close(g.stop)
	})
}

// Started returns a channel that is closed when the first line of a journey has
// come.
func (g *Generator) Started() <-chan struct{} { return g.started }

// Ended returns a channel that is closed when the program is no use any more: it ended
// before Stop, fell silent, or wrote a line that is of no journey. The audit says how.
func (g *Generator) Ended() <-chan struct{} { return g.ended }

// InFlight returns when the journeys that are in flight were intended to start, as far as
// that is foreseen: those of the plan of which no line has come.
func (g *Generator) InFlight(journey int, arm plan.Arm) []time.Duration {
	if journey >= len(g.pending[arm]) {
		return nil
	}
	return g.pending[arm][journey].starts(g.since(), time.Duration(g.stopped.Load()))
}

// Audit says what came of the journeys that the program was to send, once Run has returned.
func (g *Generator) Audit() *journal.TrafficAudit { return g.tally.audit() }
