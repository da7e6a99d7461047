package fleet

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Counts are sums over the lives of a toxic, and those of a server that has left stay.
func TestCountsOverLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &carried{rows: map[string]*row{}}
		c.saw("a", journal.Evidence{Present: true, Counted: true, Met: 5, Of: 10, Missed: []journal.Missed{{What: "GET /", Count: 2}}, Passed: map[string]int64{"type": 1}})
		c.set("b", journal.Joining, "")
		time.Sleep(700 * time.Millisecond)
		c.saw("b", journal.Evidence{Present: true, Counted: true, Met: 1, Of: 1, Missed: []journal.Missed{{What: "GET /", Count: 3}}, Passed: map[string]int64{"type": 1}})
		c.saw("a", journal.Evidence{Present: true, Counted: true, Met: 2, Of: 3}) // another process
		c.set("a", journal.InstanceLeft, "")
		time.Sleep(time.Second)
		e := c.evidence("")
		if !e.Present || !e.Counted || e.Met != 8 || e.Of != 14 || len(e.Missed) != 1 || e.Missed[0].Count != 5 || e.Passed["type"] != 2 {
			t.Errorf("%+v", e)
		}
		if e.PartialFor != 700*time.Millisecond {
			t.Errorf("partial for %s", e.PartialFor)
		}
		if a := e.Instances[0]; a.Met != 7 || a.State != journal.InstanceLeft || !a.Proven {
			t.Errorf("%+v", a)
		}
		c.set("b", journal.InstanceFailed, "gone")
		time.Sleep(time.Second)
		if e := c.evidence(""); e.PartialFor != 1700*time.Millisecond {
			t.Errorf("partial for %s", e.PartialFor)
		}
	})
}

// A look-up that fails in the middle leaves everybody where they are.
func TestALookUpThatFails(t *testing.T) {
	t.Parallel()
	answer := func(context.Context, experiments.DNSName) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.9"), netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::ffff:127.0.0.2")}, nil
	}
	f := New(Options{System: &experiments.System{Toxiproxy: "dns://payments.test:8474"}, LookUp: func(ctx context.Context, n experiments.DNSName) ([]netip.Addr, error) { return answer(ctx, n) }})
	g := f.groups[0]
	if err := f.refresh(t.Context(), g); err != nil || len(g.list()) != 2 || g.list()[0] != "http://127.0.0.2:8474" {
		t.Fatalf("%v, %v", g.list(), err)
	}
	answer = func(context.Context, experiments.DNSName) ([]netip.Addr, error) { return nil, errors.New("no answer") }
	if err := f.refresh(t.Context(), g); err == nil || len(g.list()) != 2 {
		t.Errorf("%v, %v", g.list(), err)
	}
	answer = func(context.Context, experiments.DNSName) ([]netip.Addr, error) { return nil, nil }
	if err := f.refresh(t.Context(), g); err == nil || len(g.list()) != 2 {
		t.Errorf("%v, %v of a name without addresses", g.list(), err)
	}
	if _, err := New(Options{System: &experiments.System{Toxiproxy: "dns://payments.test:8474"}}).Leftovers(t.Context()); err == nil {
		t.Error("Leftovers() = nil where no server is known: that proves nothing")
	}
}

// Trying again is of no use where it is of no use anywhere.
func TestErrorsOfSeveral(t *testing.T) {
	t.Parallel()
	hopeless := hopelessError{errors.New("a person has to look")}
	other := errors.New("no answer")
	if err := join([]error{nil, other, nil}); err != other { //nolint:errorlint // it is to be the same
		t.Errorf("%v", err)
	}
	for want, errs := range map[bool][]error{false: {hopeless, other}, true: {hopeless, hopeless}} {
		h, ok := errors.AsType[interface {
			error
			Hopeless() bool
		}](join(errs))
		if !ok || h.Hopeless() != want {
			t.Errorf("%v: hopeless %t", errs, !want)
		}
	}
}

type hopelessError struct{ error }

func (hopelessError) Hopeless() bool { return true }

// Chosen instances stay chosen.
func TestChoose(t *testing.T) {
	t.Parallel()
	urls := []string{"http://127.0.0.2:1", "http://127.0.0.3:1", "http://127.0.0.4:1", "http://127.0.0.5:1"}
	fault := plan.Fault{Fault: experiments.Fault{Instances: &experiments.InstanceShare{Take: 2, Of: 4}}}
	chosen := map[string]bool{}
	for seed := range uint64(64) {
		first := choose(fault, urls, seed, nil)
		if again := choose(fault, urls, seed, nil); len(first) != 2 || again[0] != first[0] || again[1] != first[1] {
			t.Fatalf("seed %d: %v and then %v", seed, first, again)
		}
		for _, url := range first {
			chosen[url] = true
		}
		if kept := choose(fault, urls, seed, []string{urls[3]}); kept[0] != urls[3] && kept[1] != urls[3] {
			t.Errorf("seed %d: %v, without the one that has it", seed, kept)
		}
	}
	if len(chosen) != len(urls) {
		t.Errorf("64 seeds choose only %v", chosen)
	}
}

// A server that comes later, or begins anew, makes no sum jump.
func TestCountersDoNotJump(t *testing.T) {
	t.Parallel()
	f := New(Options{System: &experiments.System{Dependencies: []experiments.Dependency{{Name: "payments", Toxiproxy: []string{"http://127.0.0.2:1", "http://127.0.0.3:1"}}}}})
	carried := func(n int64) []journal.Traffic {
		calls := 2 * n
		return []journal.Traffic{{Proxy: "payments", Connections: n, Bytes: 10 * n, Calls: &calls, Answers: []journal.AnswerCount{{AtLeast: time.Millisecond, Answered: n}}}}
	}
	for _, step := range []struct {
		server   string
		now, sum int64
	}{
		{"http://127.0.0.2:1", 5, 5},
		{"http://127.0.0.2:1", 7, 7},
		{"http://127.0.0.3:1", 1000, 7}, // it has come
		{"http://127.0.0.3:1", 1004, 11},
		{"http://127.0.0.2:1", 2, 13}, // it began anew
		{"http://127.0.0.3:1", 1, 14}, // and so did the other
	} {
		f.note(f.servers[step.server], carried(step.now))
		f.counting = true
		got := f.sumCarried()
		if len(got) != 1 || got[0].Connections != step.sum || *got[0].Calls != 2*step.sum || got[0].Answers[0].Answered != step.sum {
			t.Errorf("%+v: %+v", step, got)
		}
	}
}

// carriedOn is a fault of a fleet behind a name, on a server that refuses connections.
func carriedOn(t *testing.T) (*Fleet, *carried, *server) {
	t.Helper()
	f := New(Options{System: &experiments.System{Toxiproxy: "dns://payments.test:1"}})
	c := &carried{fault: plan.Fault{Name: "blastgauge_20261129t120000z-fleet1_1", Proxy: "payments"}, group: f.groups[0], rows: map[string]*row{}}
	return f, c, f.server("http://127.0.0.77:1", f.groups[0])
}

// An injection that got no answer may still have arrived: its server is not forgotten.
func TestTouchedIsNotForgotten(t *testing.T) {
	t.Parallel()
	f, c, s := carriedOn(t)
	c.set(s.url, journal.Joining, "")
	if err := c.touch(s.url); err != nil {
		t.Fatal(err)
	}
	f.leave(t.Context(), c, s)
	if got := c.in(journal.InstanceLeft); len(got) != 1 || !c.isTouched(s.url) {
		t.Errorf("left %v, touched %t", got, c.isTouched(s.url))
	}
	_, c, s = carriedOn(t)
	c.set(s.url, journal.Joining, "")
	f.leave(t.Context(), c, s)
	if got := c.all(); len(got) != 0 {
		t.Errorf("%v is there, where nothing was done", got)
	}
	asked := 0
	for range 2 {
		if err := c.ask(s.url, func(string, string) error { asked++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times, want once although its row is new", asked)
	}
	c.removing = true
	if err := c.touch(s.url); err == nil || c.isTouched(s.url) {
		t.Errorf("touch() = %v while the fault is being removed", err)
	}
}

// A server that one answer lacks has not left.
func TestOneAnswerThatLacksAServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &group{}
		a, both := []string{"http://127.0.0.2:1"}, []string{"http://127.0.0.2:1", "http://127.0.0.3:1"}
		for i, step := range []struct {
			answer  []string
			staying int
		}{
			{both, 2}, {a, 2}, {both, 2}, {a, 2}, {a, 2}, {a, 1}, {both, 2},
		} {
			g.take(step.answer)
			if got := g.staying(); len(got) != step.staying || len(g.list()) != len(step.answer) {
				t.Errorf("answer %d: %v stay, want %d", i, got, step.staying)
			}
			time.Sleep(time.Second)
		}
	})
}

// A server that came and is in force does not become one that is about to join.
func TestExpectKeepsWhatIsInForce(t *testing.T) {
	t.Parallel()
	_, c, s := carriedOn(t)
	if c.expect(s.url) || len(c.in(journal.Joining)) != 1 {
		t.Errorf("joined: %v", c.in(journal.Joining))
	}
	c.saw(s.url, journal.Evidence{Present: true})
	if !c.expect(s.url) || len(c.in(journal.InForce)) != 1 {
		t.Errorf("in force: %v", c.in(journal.InForce))
	}
}
