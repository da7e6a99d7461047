package journey

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// Of the client: the first bytes that it holds of a body, and the most.
const (
	firstBuffer = 4 << 10
	maxBody     = 8 << 20
)

// mostMemory is what all answers of a run may hold at once.
const mostMemory = sharedMemory + spareMemory + firstMemory + keptMemory

func aLease(m *Memory, ctx context.Context, deadline time.Time) *lease {
	l := &lease{memory: m}
	l.begin(ctx, deadline)
	return l
}

// However many want however much, together they never hold more than a run may, and
// everybody who can wait gets what he needs.
func TestMemoryIsSharedAndBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		rng := rand.New(rand.NewPCG(1, 2))
		var wg sync.WaitGroup
		for range 200 {
			chunks := make([]int, 1+rng.IntN(60))
			for i := range chunks {
				chunks[i] = 1 + rng.IntN(1<<20)
			}
			pause := time.Duration(rng.IntN(100)) * time.Millisecond
			wg.Go(func() {
				l := aLease(m, t.Context(), time.Time{})
				for i, n := range chunks {
					if err := l.Hold(n); err != nil {
						t.Errorf("Hold() = %v", err)
					}
					time.Sleep(pause)
					if i%5 == 4 {
						l.Release(n / 2)
					}
				}
				l.end()
			})
		}
		wg.Wait()
		if m.used != 0 || m.first != nil || len(m.waiting) != 0 {
			t.Errorf("%d bytes are used after the end, %d wait", m.used, len(m.waiting))
		}
		if m.most > mostMemory || m.most < sharedMemory {
			t.Errorf("%d bytes were used at once, want %d to %d", m.most, sharedMemory, mostMemory)
		}
	})
}

// All hold something, all need more than there is: one after another gets it.
func TestAnswersThatWaitForEachOtherGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				l := aLease(m, t.Context(), time.Time{})
				defer l.end()
				for range 8 {
					if err := l.Hold(1 << 20); err != nil {
						t.Errorf("Hold() = %v", err)
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
		if m.used != 0 || m.most > mostMemory {
			t.Errorf("%d bytes are used after the end, at most %d were", m.used, m.most)
		}
	})
}

func TestWaitingForMemoryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		first, second, small := aLease(m, t.Context(), time.Time{}), aLease(m, t.Context(), time.Time{}), aLease(m, t.Context(), time.Time{})
		if err := errors.Join(first.Hold(firstMemory), second.Hold(sharedMemory), small.Hold(smallAnswer)); err != nil {
			t.Fatalf("the first answer, those that share the rest and a small one do not find room: %v", err)
		}
		begun := time.Now()
		late := aLease(m, t.Context(), begun.Add(time.Second))
		err := late.Hold(1 << 20)
		if took := time.Since(begun); !errors.Is(err, errNotJudged) || took != time.Second || late.waited != took {
			t.Errorf("Hold() = %v after %v, %v of it waited; want %v after 1s", err, took, late.waited, errNotJudged)
		}
		stop := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(stop) })
		if err := aLease(m, ctx, time.Time{}).Hold(1 << 20); !errors.Is(err, stop) {
			t.Errorf("Hold() = %v, want %v", err, stop)
		}
		if err := aLease(m, t.Context(), time.Time{}).Hold(firstMemory + 1); !errors.Is(err, errTooMuch) {
			t.Errorf("Hold() = %v, want %v", err, errTooMuch)
		}
		time.AfterFunc(time.Second, first.end)
		last := aLease(m, t.Context(), time.Time{})
		if err := last.Hold(firstMemory); err != nil || last.waited != time.Second || m.first != last {
			t.Errorf("Hold() = %v after %v, want to be first after 1s", err, last.waited)
		}
		for _, l := range []*lease{last, second, small} {
			l.end()
		}
		if m.used != 0 || len(m.waiting) != 0 {
			t.Errorf("%d bytes are used after the end, %d wait", m.used, len(m.waiting))
		}
	})
}

const head200 = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

// hostileAnswers are what a server may send instead of an answer. Each ends only with
// its connection.
func hostileAnswers(t testing.TB) map[string]func(net.Conn) {
	zeros := func(announced string) string {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(make([]byte, 4*maxBody))
		_ = w.Close()
		return fmt.Sprintf("%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", head200, announced, packed.Len(), packed.String())
	}
	// A frame of zstd that announces eight megabytes and brings nothing.
	zstd, err := hex.DecodeString("28b52ffd" + "a0" + "00008000" + "010000")
	if err != nil {
		t.Fatal(err)
	}
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, text) }
	}
	again := func(text string, every time.Duration) func(net.Conn) {
		return func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, text); err != nil {
					return
				}
				time.Sleep(every)
			}
		}
	}
	chunk := fmt.Sprintf("8000\r\n%s\r\n", strings.Repeat(`{"a":1},`, 0x1000))
	return map[string]func(net.Conn){
		"announced length": say(head200 + fmt.Sprintf("Content-Length: %d\r\n\r\n[1,", maxBody)),
		"announced chunk":  say(head200 + "Transfer-Encoding: chunked\r\n\r\n7fffff\r\n[1,"),
		"announced zstd":   say(head200 + fmt.Sprintf("Content-Encoding: zstd\r\nContent-Length: %d\r\n\r\n%s", len(zstd), zstd)),
		"gzip bomb":        say(zeros("gzip")),
		"drip": func(c net.Conn) {
			say(head200 + "Content-Length: 100000\r\n\r\n[")(c)
			again("1,", 50*time.Millisecond)(c)
		},
		"endless chunks": func(c net.Conn) {
			say(head200 + "Transfer-Encoding: chunked\r\n\r\n")(c)
			again(chunk, 20*time.Millisecond)(c)
		},
		"endless chunk length": func(c net.Conn) {
			say(head200 + "Transfer-Encoding: chunked\r\n\r\n1;x=")(c)
			again("xxxxxxxx", 10*time.Millisecond)(c)
		},
		"endless": func(c net.Conn) { say(head200 + "\r\n[")(c); again(chunk, 20*time.Millisecond)(c) },
	}
}

// Sixty journeys at once meet an answer that does not end. Each ends at its timeout,
// and what they hold is bounded meanwhile and nothing afterwards.
func TestHostileAnswersAreBounded(t *testing.T) {
	t.Parallel()
	reserved := map[string]int{"announced length": 60 * 2 * firstBuffer, "announced chunk": 60 * 2 * firstBuffer, "drip": 60 * 2 * firstBuffer, "endless chunk length": 60 * 2 * firstBuffer}
	for name, answer := range hostileAnswers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := pipeClient(t, func(theirs net.Conn) {
					if _, err := journeytest.ReadRequest(bufio.NewReader(theirs)); err == nil {
						answer(theirs)
						_, _ = io.Copy(io.Discard, theirs)
					}
				})
				script := oneStep(t, experiments.Expect{JSON: []experiments.Check{{Target: "$..a", Op: experiments.Absent}}})
				m := NewMemory()
				var wg sync.WaitGroup
				for range 60 {
					wg.Go(func() {
						e := NewExecution()
						begun := time.Now()
						r := e.Perform(t.Context(), script, Entry{Sender: c, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: begun, Timeout: time.Second})
						if r.Outcome != journal.Failed || r.Took > time.Second || r.Took != time.Since(begun) {
							t.Errorf("%v (%v) after %v: %s; want a failure within 1s", r.Outcome, r.Cause, r.Took, r.Detail)
						}
						holdsNothing(t, e)
					})
				}
				wg.Wait()
				if most := cmpOr(reserved[name], mostMemory); m.most > most || m.used != 0 {
					t.Errorf("%d bytes were held, %d still are; want at most %d", m.most, m.used, most)
				}
			})
		})
	}
}

func cmpOr(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func oneStep(t testing.TB, x experiments.Expect, captures ...experiments.Capture) *Script {
	t.Helper()
	script, err := Compile([]experiments.Step{{Name: "a", Request: experiments.Request{Target: "/"}, Expect: x, Captures: captures}}, Facts{})
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// holdsNothing fails unless an execution has let go of its last journey.
func holdsNothing(t testing.TB, e *Execution) {
	t.Helper()
	for _, v := range e.values.slots {
		if v != nil {
			t.Errorf("a captured value is kept after its journey: %.40v", v)
		}
	}
	if kept := max(e.resp.Kept(), cap(e.req.Body)); kept > keptBuffer || e.resp.Body != nil || e.lease.held != 0 || e.lease.kept != 0 {
		t.Errorf("a buffer of %d bytes is kept, %d bytes are held, %d kept", kept, e.lease.held, e.lease.kept)
	}
}

// objects is JSON whose decoded values would take fifty times its length.
func objects(n int) string { return "[" + strings.Repeat(`{"a":1},`, n) + "1]" }

// An answer that arrives with the deadline is not judged on beyond it, and the outcome
// says whose fault that is.
func TestJudgingEndsWithTheDeadline(t *testing.T) {
	t.Parallel()
	check := func(target string, op experiments.Op, value any) experiments.Expect {
		return experiments.Expect{JSON: []experiments.Check{{Target: target, Op: op, Value: value}}}
	}
	capture := func(pick experiments.Pick) experiments.Capture {
		return experiments.Capture{Name: "c", From: experiments.FromJSON, Expr: "$..a", Pick: pick}
	}
	tests := map[string]*Script{
		"descendants":    oneStep(t, check("$..a", experiments.Eq, "1")),
		"filter":         oneStep(t, check("$[?@.b]", experiments.Absent, true)),
		"filter on root": oneStep(t, check("$[?count($..a) > 3]", experiments.Exists, true)),
		"capture":        oneStep(t, experiments.Expect{}, capture(experiments.Random)),
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				late := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
					time.Sleep(time.Until(req.Deadline))
					resp.Status, resp.Body = 200, []byte(objects(20_000))
					return nil
				})
				e, m := NewExecution(), NewMemory()
				r := e.Perform(t.Context(), script, Entry{Sender: late, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Second})
				if r.Outcome != journal.Failed || r.Cause != journal.Timeout || !errors.Is(r.Err, errNotJudged) || r.Took != time.Second {
					t.Errorf("%v (%v) after %v: %v; want a time-out after 1s that says %v", r.Outcome, r.Cause, r.Took, r.Err, errNotJudged)
				}
				if m.used != 0 {
					t.Errorf("%d bytes are still held", m.used)
				}
				holdsNothing(t, e)
			})
		})
	}
}

// What is decoded takes little more than its text while it is judged.
func TestJudgingHoldsLittle(t *testing.T) {
	t.Parallel()
	body := objects(120_000)
	script := oneStep(t, experiments.Expect{JSON: []experiments.Check{{Target: "$..a", Op: experiments.Eq, Value: "1"}, {Target: "$..b", Op: experiments.Absent}, {Target: "$", Op: experiments.Ne, Value: []any{"x"}}}},
		experiments.Capture{Name: "c", From: experiments.FromJSON, Expr: "$[*].a", Pick: experiments.Last})
	m := NewMemory()
	e := NewExecution()
	r := e.Perform(t.Context(), script, Entry{Sender: answering(200, body), Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Hour})
	if r.Outcome != journal.Wrong || !strings.Contains(r.Detail, "$..a is 1") {
		t.Errorf("%v: %s, want the number to differ from the text", r.Outcome, r.Detail)
	}
	if m.most > 4*len(body) {
		t.Errorf("an answer of %d bytes holds %d to be judged", len(body), m.most)
	}
	holdsNothing(t, e)
}

// Captured values are held until their journey ends, and count until then.
func TestCapturedValuesCount(t *testing.T) {
	t.Parallel()
	steps := []experiments.Step{
		{Name: "a", Request: experiments.Request{Target: "/a"}, Captures: []experiments.Capture{{Name: "all", From: experiments.FromJSON, Expr: "$"}, {Name: "text", From: experiments.FromRegex, Expr: "(?s).*"}}},
		{Name: "b", Request: experiments.Request{Target: "/b", HasJSON: true, JSON: "${all}"}},
	}
	script, err := Compile(steps, Facts{})
	if err != nil {
		t.Fatal(err)
	}
	m, body := NewMemory(), objects(1000)
	var during int
	to := sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
		during = m.used
		resp.Status, resp.Body = 200, []byte(body)
		return nil
	})
	e := NewExecution()
	if r := e.Perform(t.Context(), script, Entry{Sender: to, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Hour}); r.Outcome != journal.OK {
		t.Fatal(r.Detail)
	}
	if during < 300*1000+len(body) || m.used != 0 {
		t.Errorf("%d bytes were held in the second step and %d after the journey, want 300 for each object, and none", during, m.used)
	}
	holdsNothing(t, e)
	big := sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
		resp.Status, resp.Body = 200, []byte(objects(400_000))
		return nil
	})
	r := e.Perform(t.Context(), script, Entry{Sender: big, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Hour})
	if !errors.Is(r.Err, errTooMuchKept) || r.Cause != journal.TooLarge || m.used != 0 || m.kept != 0 {
		t.Errorf("%v (%v): %v, want %v", r.Outcome, r.Cause, r.Err, errTooMuchKept)
	}
}

// A poll that is given more cookies each time ends when it has too many.
func TestCookiesCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, n := NewMemory(), 0
		to := sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
			n++
			resp.Status, resp.Body, resp.Headers = 200, nil, []experiments.Field{{Name: "Set-Cookie", Value: fmt.Sprintf("c%d=%s", n, strings.Repeat("x", 1<<20))}}
			return nil
		})
		step := experiments.Step{Name: "a", Request: experiments.Request{Target: "/"}, Expect: experiments.Expect{Body: []experiments.Check{{Op: experiments.Contains, Value: "done"}}},
			Poll: &experiments.Poll{Every: time.Second, For: time.Hour}}
		script, err := Compile([]experiments.Step{step}, Facts{})
		if err != nil {
			t.Fatal(err)
		}
		e := NewExecution()
		r := e.Perform(t.Context(), script, Entry{Sender: to, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Hour})
		if !errors.Is(r.Err, errTooMuchKept) || n != keptMemory>>20 || m.used != 0 {
			t.Errorf("%v after %d answers: %v, want %v after %d", r.Outcome, n, r.Err, errTooMuchKept, keptMemory>>20)
		}
		holdsNothing(t, e)
	})
}

// What redirects say counts until their step ends, and where a captured value came from
// until the journey does.
func TestRedirectsCount(t *testing.T) {
	t.Parallel()
	const hops, large = 10, 200 << 10
	m, longest := NewMemory(), 0
	step := func(name string) experiments.Step {
		return experiments.Step{Name: name, Follow: hops, Request: experiments.Request{Target: "/" + name}, Captures: []experiments.Capture{{Name: name, From: experiments.FromHeader, Expr: "X"}}}
	}
	to := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		longest = max(longest, m.kept)
		resp.Status, resp.Headers, resp.Body = 200, []experiments.Field{{Name: "X", Value: "y"}}, nil
		if n := len(req.Target) % large; n < hops { // each is one longer
			resp.Status = 302
			resp.Headers = []experiments.Field{{Name: "Location", Value: "http://shop.test/" + strings.Repeat("x", large+n+1-len("http://shop.test/"))}}
		}
		return nil
	})
	script, err := Compile([]experiments.Step{step("a"), step("b")}, Facts{})
	if err != nil {
		t.Fatal(err)
	}
	e := NewExecution()
	r := e.Perform(t.Context(), script, Entry{Sender: to, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
	// At the most the last redirect of the second step is under way: all before it, as
	// Location and as target, and the last target of the first step.
	if least, most := (2*hops-4)*large, 2*(hops+1)*large; r.Outcome != journal.OK || longest < least || longest > most {
		t.Errorf("%v, %v: %d bytes kept, want %d to %d", r.Outcome, r.Err, longest, least, most)
	}
	if m.used != 0 || m.kept != 0 {
		t.Errorf("%d bytes used and %d kept in the end", m.used, m.kept)
	}
	holdsNothing(t, e)

	// A journey that finds no room for its redirects is this machine's affair.
	full := aLease(m, t.Context(), time.Time{})
	if err := full.keep(keptMemory - 3*large); err != nil {
		t.Fatal(err)
	}
	r = e.Perform(t.Context(), script, Entry{Sender: to, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
	if !errors.Is(r.Err, errTooMuchKept) || m.kept != keptMemory-3*large {
		t.Errorf("%v, %v: %d bytes kept", r.Outcome, r.Err, m.kept)
	}
	holdsNothing(t, e)
}

// The time that this machine needs is told apart from that of the system.
func TestOwnTimeIsNotTheSystems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		busy, busier := aLease(m, t.Context(), time.Time{}), aLease(m, t.Context(), time.Time{})
		if err := errors.Join(busy.Hold(firstMemory), busier.Hold(sharedMemory)); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(300*time.Millisecond, busy.end)
		to := sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
			time.Sleep(50 * time.Millisecond)
			resp.Status, resp.Body = 200, []byte(objects(50_000))
			return nil
		})
		script := oneStep(t, experiments.Expect{JSON: []experiments.Check{{Target: "$[0].a", Op: experiments.Exists}}})
		r := NewExecution().Perform(t.Context(), script, Entry{Sender: to, Site: shopSite, Memory: m}, Seed{}, Limits{Intended: time.Now(), SlowAfter: time.Minute, Timeout: time.Minute})
		if r.Outcome != journal.OK || r.Took != 300*time.Millisecond || r.Late != 250*time.Millisecond || len(r.Steps) != 1 || r.Steps[0] != 50*time.Millisecond {
			t.Errorf("%v after %v, %v held up, steps %v; want 300ms, 250ms, [50ms]", r.Outcome, r.Took, r.Late, r.Steps)
		}
	})
}

func TestMatchesAreBounded(t *testing.T) {
	t.Parallel()
	script := oneStep(t, experiments.Expect{}, experiments.Capture{Name: "c", From: experiments.FromRegex, Expr: "x", Pick: experiments.Last})
	for n, want := range map[int]journal.Outcome{maxMatches: journal.OK, maxMatches + 1: journal.Wrong} {
		e := NewExecution()
		r := e.Perform(t.Context(), script, Entry{Sender: answering(200, strings.Repeat("x", n)), Site: shopSite}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Hour})
		if r.Outcome != want {
			t.Errorf("%d matches: %v (%s), want %v", n, r.Outcome, r.Detail, want)
		}
	}
}
