package live

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// aPlan is a plan of one experiment.
func aPlan() *plan.Plan {
	f := plan.Fault{Name: "blastgauge.x.1", Proxy: "payments"}
	f.Fault = experiments.Fault{Inject: "timeout", Into: "payments"}
	return &plan.Plan{
		Run: "20261129t120000z-abcdef", System: experiments.System{Name: "shop", Environment: "staging"},
		Experiments: []plan.Experiment{{
			ID: "payments-hang", Faults: []plan.Fault{f}, Control: plan.Concurrent,
			Phases:     experiments.Phases{Baseline: 4 * time.Second, Fault: 10 * time.Second, Recovery: 6 * time.Second},
			Limits:     plan.Limits{BlastRadius: 0.05, Baseline: 0.02},
			Guardrails: []experiments.Guardrail{{BlastRadius: 0.6}},
			Journeys:   []plan.Journey{{Journey: experiments.Journey{Name: "checkout", SlowAfter: time.Second, Timeout: 2 * time.Second, Steps: []experiments.Step{{Name: "pay"}}}, Limit: 0.05}},
		}},
	}
}

// A story tells a view of a run, second by second.
type story struct {
	view  *View
	seq   int
	began time.Time
}

func tell(v *View) *story { return &story{view: v, began: time.Now()} }

func (s *story) event(e journal.Event) {
	s.seq++
	e.Seq, e.At, e.Since = s.seq, time.Now(), time.Since(s.began)
	s.view.Record(e)
}

// underFault brings the run into its fault phase.
func (s *story) underFault() {
	s.event(journal.Event{Kind: journal.RunStarted})
	s.event(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-hang"})
	s.event(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	s.journeys(20, 0)
	s.event(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	s.event(journal.Event{Kind: journal.FaultInjected, Fault: "blastgauge.x.1"})
}

// journeys end on both arms, so many of each, some of the fault arm harmed.
func (s *story) journeys(n, harmed int) {
	for i := range n {
		at := time.Since(s.began)
		s.view.Observe(journal.Observation{Arm: plan.ControlArm, Intended: at, Step: -1})
		o := journal.Observation{Arm: plan.FaultArm, Intended: at, Step: -1}
		if i < harmed {
			o.Outcome, o.Cause, o.Step = journal.Failed, journal.Timeout, 0
		}
		s.view.Observe(o)
	}
}

// orders are what a control was told.
type orders struct {
	mu   sync.Mutex
	list []string
	fail error
}

func (o *orders) add(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.list = append(o.list, text)
	return nil
}

func (o *orders) all() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.list, "; ")
}

func (o *orders) Stop(by, why string) error { return o.add("stop " + by + ": " + why) }

func (o *orders) Note(author, text string, followUp bool) error {
	if followUp {
		text += " (follow up)"
	}
	return o.add("note " + author + ": " + text)
}

func (o *orders) Decide(d journal.Decide) error {
	return o.add(fmt.Sprintf("%s %s by %s: %s", d.Decision, d.Experiment, d.Author, d.Why))
}

// serve starts a server that ends with the test.
func serve(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close("", "") })
	return s
}

// hub is a server without a listener, for fake time.
func hub(t *testing.T) *Server {
	t.Helper()
	s := newServer(Options{})
	go s.runs[0].renderOften(s.ended)
	return s
}

// read returns what a reader was sent so far, and whether more may come.
func (one *reader) read() (text string, more bool) {
	for {
		select {
		case m, ok := <-one.messages:
			if !ok {
				return text, false
			}
			text += string(m)
		default:
			return text, true
		}
	}
}

// panels are the last version of each part in a stream.
func panels(stream string) map[string]string {
	list := map[string]string{}
	for m := range strings.SplitSeq(stream, "\n\n") {
		if _, data, ok := strings.Cut(m, "event: panel\ndata: "); ok {
			_, name, _ := strings.Cut(data, `"panel":"`)
			name, _, _ = strings.Cut(name, `"`)
			list[name] = data
		}
	}
	return list
}

// Whoever comes late sees what everybody sees, and whoever comes back misses nothing of what
// happened.
func TestALateReaderSeesTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hub(t)
		defer close(s.ended)
		told := tell(s.runs[0].begin(aPlan()))
		early, _ := s.runs[0].join(0, false, time.Now())
		told.underFault()
		for range 5 {
			told.journeys(20, 8)
			time.Sleep(time.Second)
		}
		late, _ := s.runs[0].join(0, false, time.Now())
		told.event(journal.Event{Kind: journal.Noted, Author: "ann", Detail: "pager is quiet"})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		first, _ := early.read()
		second, _ := late.read()
		a, b := panels(first), panels(second)
		for name, part := range a {
			if b[name] != part {
				t.Errorf("%s: the first reader sees\n%s\nthe late one\n%s", name, part, b[name])
			}
		}
		if len(a) != 10 || !strings.Contains(a["head"], "40.0%") || !strings.Contains(a["faults"], "in force") || !strings.Contains(a["causes"], "timeout") {
			t.Errorf("parts %v", a)
		}
		for _, text := range []string{first, second} {
			if strings.Count(text, "pager is quiet") != 1 || strings.Count(text, `e2-0`) != 1 {
				t.Errorf("entries, each once: %s", text)
			}
		}
		back, _ := s.runs[0].join(told.seq, false, time.Now())
		if text, _ := back.read(); !strings.Contains(text, "pager is quiet") || strings.Contains(text, "e2-0") {
			t.Errorf("a reader that comes back: %s", text)
		}
	})
}

// A page that is never read is left behind, and holds nobody up.
func TestAReaderThatNeverReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hub(t)
		defer close(s.ended)
		told := tell(s.runs[0].begin(aPlan()))
		stuck, _ := s.runs[0].join(0, false, time.Now())
		other, _ := s.runs[0].join(0, false, time.Now())
		told.underFault()
		for range 2 * mostUnread {
			told.journeys(10, 5)
			time.Sleep(time.Second)
			synctest.Wait()
			if _, more := other.read(); !more {
				t.Fatal("a reader that reads was left behind")
			}
		}
		if _, more := stuck.read(); more {
			t.Error("a reader that never reads is still sent to")
		}
	})
}

// A quiet stream shows that it is there, also before the run begins.
func TestAQuietStreamIsAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hub(t)
		defer close(s.ended)
		one, _ := s.runs[0].join(0, false, time.Now())
		time.Sleep(3*tickEvery*renderEvery + renderEvery/2)
		synctest.Wait()
		if text, more := one.read(); strings.Count(text, "\n: alive\n") != 3 || !more {
			t.Errorf("got %q", text)
		}
	})
}

// So many pages may be open, and no more.
func TestTooManyReaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hub(t)
		defer close(s.ended)
		for range mostReaders - forOperators {
			if _, ok := s.runs[0].join(0, false, time.Now()); !ok {
				t.Fatal("refused too early")
			}
		}
		if _, ok := s.runs[0].join(0, false, time.Now()); ok {
			t.Error("observers take what is kept for operators")
		}
		for range forOperators {
			if _, ok := s.runs[0].join(0, true, time.Now()); !ok {
				t.Fatal("an operator is refused too early")
			}
		}
		if _, ok := s.runs[0].join(0, true, time.Now()); ok {
			t.Error("one too many")
		}
	})
}

// The harm beyond the control is known once the journeys have ended that tell of it.
func TestTheIntervalComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hub(t)
		defer close(s.ended)
		one, _ := s.runs[0].join(0, false, time.Now())
		told := tell(s.runs[0].begin(aPlan()))
		told.underFault()
		for second := range 8 {
			told.journeys(40, 16)
			time.Sleep(time.Second)
			synctest.Wait()
			text, _ := one.read()
			if known := strings.Contains(panels(text)["head"], "95% interval"); known != (second >= 2) {
				t.Errorf("after %d s the interval is known: %v", second+1, known)
			}
		}
	})
}

// The end does not wait for pages: neither for one that reads nothing, nor for one that
// waits.
func TestTheEndWaitsForNobody(t *testing.T) {
	t.Parallel()
	s, err := Listen(Options{Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	view := s.View(0, aPlan())
	told := tell(view)
	told.underFault()
	stream := func() *http.Response {
		resp, err := http.Get(strings.Replace(s.Observer(), "/?", "/events?", 1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	stream() // and reads nothing
	reads := stream()
	view.Judge(&result.Experiment{ID: "payments-hang", Verdict: result.Refuted, Reasons: []string{"because"}})
	view.Close()
	began := time.Now()
	s.Close("runs/1/report.html", "exit 3: refuted")
	if took := time.Since(began); took > 5*closeWithin {
		t.Errorf("the end took %s", took)
	}
	text, _ := io.ReadAll(reads.Body) // it may be cut off
	if !strings.Contains(string(text), "event: over") || !strings.Contains(string(text), "runs/1/report.html") || !strings.Contains(string(text), "because") {
		t.Errorf("the last page was told:\n%s", text)
	}
	if _, err := http.Get(s.Observer()); err == nil {
		t.Error("the server is still there")
	}
}

// A reader that loses the connection anywhere in a message, and comes back with the last
// number that it has, misses nothing of what happened.
func TestNothingIsMissedAfterABrokenConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hub(t)
		defer close(s.ended)
		told := tell(s.runs[0].begin(aPlan()))
		told.underFault()
		for _, text := range []string{"first", "second", "third"} {
			told.event(journal.Event{Kind: journal.Noted, Author: "ann", Detail: text})
		}
		one, _ := s.runs[0].join(0, false, time.Now())
		whole, _ := one.read()
		entries := strings.Count(whole, "event: entry\n")
		if entries < 6 {
			t.Fatalf("%d entries in\n%s", entries, whole)
		}
		messages := strings.SplitAfter(whole, "\n\n")
		for cut := range messages {
			last, seen := 0, map[string]bool{}
			take := func(list []string) {
				for _, m := range list {
					for line := range strings.SplitSeq(m, "\n") {
						if id, ok := strings.CutPrefix(line, "id: "); ok {
							last, _ = strconv.Atoi(id)
						}
					}
					if _, data, ok := strings.Cut(m, "event: entry\ndata: "); ok {
						seen[data] = true
					}
				}
			}
			take(messages[:cut])
			back, _ := s.runs[0].join(last, false, time.Now())
			rest, _ := back.read()
			take(strings.SplitAfter(rest, "\n\n"))
			s.runs[0].leave(back)
			if len(seen) != entries {
				t.Errorf("cut after %d messages: %d of %d entries", cut, len(seen), entries)
			}
		}
	})
}

// The time line is rendered once, however many read it and however often: what was rendered
// stays as it is.
func TestTheTimeLineIsRenderedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hub(t)
		defer close(s.ended)
		told := tell(s.runs[0].begin(aPlan()))
		told.underFault()
		for range 10 {
			told.event(journal.Event{Kind: journal.Noted, Author: "ann", Detail: "x"})
		}
		s.runs[0].page(time.Now())
		for i := range s.runs[0].progress.Entries { // seen only if it were rendered again
			s.runs[0].progress.Entries[i].Text = "rendered again"
		}
		told.event(journal.Event{Kind: journal.Noted, Author: "ann", Detail: "fresh"})
		one, _ := s.runs[0].join(0, false, time.Now())
		text, _ := one.read()
		page := s.runs[0].page(time.Now())
		if n := len(page.Entries); strings.Contains(text, "rendered again") || !strings.Contains(text, "fresh") || n != s.runs[0].progress.Entered || !strings.Contains(string(page.Entries[n-1].HTML), "fresh") {
			t.Errorf("%d entries:\n%s", n, text)
		}
	})
}
