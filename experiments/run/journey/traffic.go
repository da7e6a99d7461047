package journey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	fewestInFlight = 64
	spareInFlight  = 1.5 // times what is in flight when every journey takes its whole timeout
	mostReasons    = 100
)

// Options configures the traffic of one experiment. Plan is needed.
type Options struct {
	Plan       *plan.Plan
	Experiment int       // index in the plan
	Epoch      time.Time // what observations are relative to: the run's start; zero: now
	Started    time.Time // ${started}; zero: now
	Env        func(name string) (string, bool)
	// MaxInFlight bounds the journeys in flight of each kind on each arm; 0 means
	// 1.5 times what a system that never answers needs, and at least 64.
	MaxInFlight int
	// Fault and Control send the journeys of each arm; nil: a Client for the
	// system's url or control_url, with its hosts and TLS.
	Fault, Control Sender
}

// Traffic is the journeys of one experiment at their planned rates: an open
// loop on an absolute schedule. What is late is sent at once with its intended
// start, never skipped; what cannot be started is observed as shed.
type Traffic struct {
	experiment int
	epoch      time.Time
	lanes      []*lane
	clients    []*Client // to be closed
	jobs       chan job
	stop       chan struct{}
	stopOnce   sync.Once

	mu       sync.Mutex // also makes calls of observe one at a time
	observe  func(journal.Observation)
	reasons  map[Reason]int
	refused  error
	panicked any
}

// A lane is the journeys of one kind on one arm.
type lane struct {
	traffic *Traffic
	journey int
	arm     plan.Arm
	what    plan.Journey
	script  *Script
	sender  Sender
	host    string
	period  float64       // nanoseconds between journeys
	offset  time.Duration // of the first one
	arms    uint64
	seed    seed
	most    int

	mu     sync.Mutex
	flying map[uint64]time.Time // intended start by number
}

type job struct {
	lane     *lane
	n        uint64
	intended time.Time
}

// A Reason is why journeys were harmed, in words and without secrets.
type Reason struct {
	Journey string
	Arm     plan.Arm
	Step    string // that ended the journey or was too slow; empty where it was shed
	Outcome journal.Outcome
	Cause   journal.Cause
	Detail  string
}

// NewTraffic makes the traffic of one experiment. It sends nothing. The error
// is of class [experiments.ErrRefused] where a host is not allowed by name.
func NewTraffic(o Options) (*Traffic, error) {
	e := &o.Plan.Experiments[o.Experiment]
	if err := o.Plan.System.CheckHosts(); err != nil {
		return nil, err
	}
	now := time.Now()
	if o.Epoch.IsZero() {
		o.Epoch = now
	}
	if o.Started.IsZero() {
		o.Started = now
	}
	t := &Traffic{experiment: o.Experiment, epoch: o.Epoch, jobs: make(chan job), stop: make(chan struct{}), reasons: map[Reason]int{}}
	for _, arm := range e.Arms() {
		sender, host, err := t.sender(o, arm)
		if err != nil {
			return nil, err
		}
		for i, j := range e.Journeys {
			if j.Rate <= 0 {
				continue
			}
			l, err := newLane(t, o, arm, i)
			if err != nil {
				return nil, fmt.Errorf("journey %s: %w", j.Name, err)
			}
			l.sender, l.host = sender, host
			t.lanes = append(t.lanes, l)
		}
	}
	return t, nil
}

// sender is what sends on an arm, and the host that it enters at.
func (t *Traffic) sender(o Options, arm plan.Arm) (Sender, string, error) {
	tagged := o.Plan.Experiments[o.Experiment].Tagged
	entry, given := o.Plan.System.URL, o.Fault
	if arm == plan.ControlArm {
		given = o.Control
	}
	if arm == plan.ControlArm && !tagged {
		entry = o.Plan.System.ControlURL
	}
	host := ""
	if u, err := url.Parse(entry); err == nil {
		host = u.Hostname()
	}
	if given != nil {
		return given, host, nil
	}
	options := SystemClient(&o.Plan.System, entry, o.Plan.Run)
	if tagged && arm == plan.FaultArm {
		options.Headers = append(options.Headers, experiments.Field{Name: "Baggage", Value: plan.Tag + "=" + o.Plan.Run})
	}
	c, err := NewClient(options)
	if err != nil {
		return nil, "", err
	}
	t.clients = append(t.clients, c)
	return c, host, nil
}

// SystemClient are the options of a client that enters a system at a URL and
// marks its requests as those of a run.
func SystemClient(s *experiments.System, entry, run string) ClientOptions {
	return ClientOptions{Base: entry, Host: s.Host, TLS: s.TLS, Dir: s.Resolve(""), Hosts: s.Hosts(),
		Headers: []experiments.Field{{Name: "Blastgauge-Run", Value: run}}}
}

func newLane(t *Traffic, o Options, arm plan.Arm, index int) (*lane, error) {
	e := &o.Plan.Experiments[o.Experiment]
	j := e.Journeys[index]
	script, err := Compile(j.Steps, Facts{Run: o.Plan.Run, Arm: arm, Started: o.Started, Env: o.Env})
	if err != nil {
		return nil, err
	}
	arms := len(e.Arms())
	l := &lane{traffic: t, journey: index, arm: arm, what: j, script: script, arms: uint64(arms), flying: map[uint64]time.Time{}}
	l.period = float64(arms) * float64(time.Second) / j.Rate
	l.seed = seed{picks: hash(e.Seed, j.Name), ids: hash(e.Seed, o.Plan.Run, e.ID, j.Name, arm.String())}
	// Both arms share the offset, and the control is half a period behind: so
	// the arms take turns.
	share := float64(scatter(l.seed.picks)>>11) / (1 << 53)
	l.offset = time.Duration(l.period * (share + float64(arm)) / float64(arms))
	l.most = o.MaxInFlight
	if l.most <= 0 {
		perSecond := float64(time.Second) / l.period
		l.most = max(fewestInFlight, int(math.Ceil(perSecond*l.timeout().Seconds()*spareInFlight)))
	}
	return l, nil
}

func (l *lane) timeout() time.Duration { return cmp.Or(l.what.Timeout, experiments.DefaultTimeout) }

func hash(seed uint64, parts ...string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%q", seed, parts)
	return scatter(h.Sum64())
}

// Run sends until Stop, then waits for the journeys in flight, which their
// timeouts bound. When ctx ends it abandons them, unobserved, and returns at
// once. It calls observe for one journey at a time; observe should be quick,
// because journeys wait for it. Run is called once.
//
// A panic of a goroutine that Run started becomes one of Run: whoever called it
// has faults to remove.
func (t *Traffic) Run(ctx context.Context, observe func(journal.Observation)) {
	t.observe = observe
	start := time.Now()
	ctx, abandon := context.WithCancel(ctx)
	var lanes, workers sync.WaitGroup
	for _, l := range t.lanes {
		lanes.Go(func() {
			defer t.catch(abandon)
			l.run(ctx, start, func(first job) {
				workers.Go(func() {
					defer t.catch(abandon)
					t.work(ctx, first)
				})
			})
		})
	}
	lanes.Wait()
	close(t.jobs)
	workers.Wait()
	abandon()
	for _, c := range t.clients {
		c.Close()
	}
	if t.panicked != nil {
		panic(t.panicked)
	}
}

// catch keeps the first panic, with where it came from, and ends everything.
func (t *Traffic) catch(abandon context.CancelFunc) {
	reason := recover()
	if reason == nil {
		return
	}
	abandon()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.panicked == nil {
		t.panicked = fmt.Sprintf("%v\n%s", reason, debug.Stack())
	}
}

// Stop starts no more journeys. It may be called more than once.
func (t *Traffic) Stop() { t.stopOnce.Do(func() { close(t.stop) }) }

// Overdue counts the journeys of one kind in flight on an arm that are already
// beyond their slow_after.
func (t *Traffic) Overdue(journey int, arm plan.Arm) int {
	count := 0
	for _, l := range t.lanes {
		if l.journey == journey && l.arm == arm {
			count += l.overdue(time.Now())
		}
	}
	return count
}

func (l *lane) overdue(now time.Time) int {
	if l.what.SlowAfter <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	count := 0
	for _, intended := range l.flying {
		if now.Sub(intended) > l.what.SlowAfter {
			count++
		}
	}
	return count
}

// Reasons are the reasons why journeys were harmed so far, with how many of
// each; of those beyond the first hundred different ones nothing is kept.
func (t *Traffic) Reasons() map[Reason]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.reasons)
}

// Refused is the first request that the host policy refused to dial, of class
// [experiments.ErrRefused]; nil where there was none.
func (t *Traffic) Refused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// run starts the journeys of a lane when they are due.
func (l *lane) run(ctx context.Context, start time.Time, hire func(job)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for n := uint64(0); ; n++ {
		// Computed from the start: errors of waiting do not add up.
		intended := start.Add(l.offset + time.Duration(float64(n)*l.period))
		if !l.await(ctx, timer, intended) {
			return
		}
		next := job{lane: l, n: n, intended: intended}
		if !l.enter(next) {
			l.shed(ctx, next)
			continue
		}
		select {
		case l.traffic.jobs <- next:
		default: // every worker is busy
			hire(next)
		}
	}
}

// await waits until a moment; false means that no more journeys are to start.
func (l *lane) await(ctx context.Context, timer *time.Timer, until time.Time) bool {
	wait := time.Until(until)
	if wait <= 0 {
		select {
		case <-ctx.Done():
			return false
		case <-l.traffic.stop:
			return false
		default:
			return true
		}
	}
	timer.Reset(wait)
	select {
	case <-ctx.Done():
		return false
	case <-l.traffic.stop:
		return false
	case <-timer.C:
		return true
	}
}

// enter counts a journey as in flight, if there is room.
func (l *lane) enter(j job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.flying) >= l.most {
		return false
	}
	l.flying[j.n] = j.intended
	return true
}

func (l *lane) leave(j job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.flying, j.n)
}

func (l *lane) shed(ctx context.Context, j job) {
	o := l.traffic.observation(j)
	o.Late = time.Since(j.intended)
	o.Took, o.Outcome, o.Cause, o.Step = o.Late, journal.Failed, journal.Shed, 0
	l.traffic.report(ctx, o, l.reason("", Verdict{Outcome: o.Outcome, Cause: o.Cause, Detail: "too many journeys in flight"}))
}

// work makes journeys for as long as there are any: a goroutine that has grown
// its stack is worth keeping.
func (t *Traffic) work(ctx context.Context, j job) {
	v := newVisit()
	for ok := true; ok; j, ok = <-t.jobs {
		o, why := j.lane.make(ctx, v, j)
		j.lane.leave(j)
		t.report(ctx, o, why)
	}
}

func (t *Traffic) observation(j job) journal.Observation {
	return journal.Observation{Experiment: t.experiment, Journey: j.lane.journey, Arm: j.lane.arm, Intended: j.intended.Sub(t.epoch), Step: -1}
}

func (l *lane) reason(step string, v Verdict) Reason {
	return Reason{Journey: l.what.Name, Arm: l.arm, Step: step, Outcome: v.Outcome, Cause: v.Cause, Detail: v.Detail}
}

// report hands an observation over, unless it came too late to count.
func (t *Traffic) report(ctx context.Context, o journal.Observation, why Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	if o.Harmed() {
		if _, known := t.reasons[why]; known || len(t.reasons) < mostReasons {
			t.reasons[why]++
		}
	}
	t.observe(o)
}

// make sends the steps of a journey in order. A failed or wrong one ends it. It
// is harmed at its first harmed step, which is an earlier one where a budget was
// crossed before.
func (l *lane) make(ctx context.Context, v *visit, j job) (o journal.Observation, why Reason) {
	o = l.traffic.observation(j)
	o.Late = time.Since(j.intended)
	o.Steps = make([]time.Duration, 0, len(l.script.calls))
	deadline := time.Now().Add(l.timeout())
	chance := l.seed
	chance.n, chance.seq = j.n, j.n*l.arms+uint64(l.arm)
	v.start(l.script, l.sender, l.host, chance)
	for i := range l.script.calls {
		c := &l.script.calls[i]
		verdict := v.step(ctx, c, deadline)
		o.Steps = append(o.Steps, verdict.Took)
		o.Took = time.Since(j.intended)
		slow := l.what.SlowAfter > 0 && o.Took > l.what.SlowAfter || c.slow > 0 && verdict.Took > c.slow
		if o.Step < 0 && (slow || verdict.Outcome != journal.OK) {
			o.Step = i
		}
		if verdict.Outcome != journal.OK {
			l.traffic.refuse(verdict.Err)
			o.Outcome, o.Cause = verdict.Outcome, verdict.Cause
			return o, l.reason(c.name, verdict)
		}
	}
	if o.Step >= 0 {
		o.Outcome = journal.Slow
		why = l.reason(l.script.calls[o.Step].name, Verdict{Outcome: journal.Slow, Detail: "answered too late"})
	}
	return o, why
}

// refuse keeps the first refused dial.
func (t *Traffic) refuse(err error) {
	if !errors.Is(err, experiments.ErrRefused) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused == nil {
		t.refused = err
	}
}
