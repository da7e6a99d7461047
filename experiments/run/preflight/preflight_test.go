package preflight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// nobody is an address on which no process listens.
func nobody(*testing.T) string { return "127.0.0.1:1" }

// A shop notes what it is asked, as "ARM METHOD PATH".
type shop struct {
	mu    sync.Mutex
	asked []string
	runs  map[string]bool
	bags  []string
}

func (s *shop) arm(t *testing.T, name string, answer func(w http.ResponseWriter, r *http.Request)) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, name+" "+r.Method+" "+r.URL.Path)
		if s.runs == nil {
			s.runs = map[string]bool{}
		}
		s.runs[r.Header.Get("Blastgauge-Run")] = true
		if bag := r.Header.Get("Baggage"); bag != "" {
			s.bags = append(s.bags, bag)
		}
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (s *shop) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.asked))
}

func fine(http.ResponseWriter, *http.Request) {}

func step(name, method, target string, x experiments.Expect) experiments.Step {
	return experiments.Step{Name: name, Request: experiments.Request{Method: method, Target: target}, Expect: x}
}

func status(codes ...int) experiments.Expect { return experiments.Expect{Status: codes} }

func planned(name string, steps ...experiments.Step) plan.Journey {
	return plan.Journey{Journey: experiments.Journey{Name: name, Rate: 1, Timeout: time.Minute, Steps: steps}}
}

func makePlan(url, control string, journeys ...plan.Journey) *plan.Plan {
	e := plan.Experiment{ID: "x", Control: plan.Baseline, Journeys: journeys}
	if control != "" {
		e.Control = plan.Concurrent
	}
	return &plan.Plan{Run: "20261128t000000z-abcdef", System: experiments.System{URL: url, ControlURL: control}, Experiments: []plan.Experiment{e}}
}

// failed performs a preflight and wants it to fail.
func failed(t *testing.T, p *plan.Plan) *Error {
	t.Helper()
	err := Check(t.Context(), Options{Plan: p})
	found, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, ErrFailed) {
		t.Fatalf("Check() = %v", err)
	}
	return found
}

// Each journey is sent once through each arm of each experiment, with the headers of
// a run; what several experiments share is asked once.
func TestEachQuestionIsAskedOnce(t *testing.T) {
	t.Parallel()
	s := &shop{}
	url, control := s.arm(t, "fault", fine), s.arm(t, "control", fine)
	books := s.arm(t, "books", fine)
	p := makePlan(url, control, planned("buy", step("list", "GET", "/list", status()), step("pay", "POST", "/pay", status())), planned("look", step("list", "GET", "/look", status())))
	idle := planned("idle", step("idle", "GET", "/idle", status()))
	idle.Rate = 0
	p.Experiments[0].Journeys = append(p.Experiments[0].Journeys, idle)
	p.Experiments[0].Invariants = []experiments.Invariant{{Name: "right", Request: experiments.Request{Target: books + "/right"}}}
	p.Experiments[0].Guardrails = []experiments.Guardrail{{BlastRadius: 0.5}, {Probe: &experiments.Probe{Invariant: experiments.Invariant{Name: "up", Request: experiments.Request{Target: books + "/up"}}}}}
	tagged := p.Experiments[0]
	tagged.ID, tagged.Tagged = "tagged", true
	p.Experiments = append(p.Experiments, p.Experiments[0], tagged)
	if err := Check(t.Context(), Options{Plan: p}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"books GET /right", "books GET /up",
		"control GET /list", "control GET /look", "control POST /pay",
		"fault GET /list", "fault GET /list", "fault GET /list", "fault GET /look", "fault GET /look", "fault GET /look",
		"fault POST /pay", "fault POST /pay", "fault POST /pay", // tagged arms both enter there
	}
	if got := s.seen(); !slices.Equal(got, want) {
		t.Errorf("asked\n%q, want\n%q", got, want)
	}
	if len(s.runs) != 1 || !s.runs[p.Run] {
		t.Errorf("runs %v, want %s alone", s.runs, p.Run)
	}
	if len(s.bags) != 3 || s.bags[0] != plan.Tag+"="+p.Run {
		t.Errorf("baggage %q, want that of 3 requests of the tagged fault arm", s.bags)
	}
}

// What failed is told with its step, its request, what was expected and what came.
func TestWhatCameIsTold(t *testing.T) {
	t.Parallel()
	s := &shop{}
	url := s.arm(t, "fault", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			w.Header().Set("Location", "/login?expired=1")
			w.WriteHeader(http.StatusFound)
		case "/value":
			_, _ = io.WriteString(w, `{"total": "EUR-8417"}`)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "no\nupstream \x1b[31m"+strings.Repeat("x", 500))
		case "/closed":
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		}
	})
	total := experiments.Expect{JSON: []experiments.Check{{Target: "$.total", Op: experiments.Eq, Value: "99"}}}
	for path, tt := range map[string]struct {
		expect   experiments.Expect
		expected string
		came     []string
	}{
		"/moved":  {status(200), "status 200", []string{"302 Found", "/login?expired=1"}},
		"/value":  {total, `$.total is "99"`, []string{"200 OK", `"EUR-8417"`}},
		"/broken": {status(200, 201), "status one of [200 201]", []string{"502 Bad Gateway"}},
		"/closed": {status(), "status 200 to 299", []string{"closed", strings.TrimPrefix(url, "http://")}},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			e := failed(t, makePlan(url, "", planned("buy", step("first", "GET", "/ok", status()), step("second", "POST", path, tt.expect))))
			if len(e.Problems) != 1 {
				t.Fatal(e)
			}
			p := e.Problems[0]
			if p.Journey != "buy" || p.Step != "second" || p.Asked != "POST "+url+path || p.Expected != tt.expected || p.Do == "" || p.Tries != tries {
				t.Errorf("%s: %+v", path, p)
			}
			for _, want := range append(tt.came, "buy, step second", "POST "+url+path) {
				if !strings.Contains(e.Error(), want) || !strings.Contains(strings.Join(e.Lines(), "\n"), want) {
					t.Errorf("%s: no %q in\n%v\n%q", path, want, e, e.Lines())
				}
			}
			if n := strings.Count(strings.Join(e.Lines(), ""), "expected"); n != 1 {
				t.Errorf("%s: %d times what was expected in %q", path, n, e.Lines())
			}
			if len(p.Shows) > maxShown+len("...") || strings.ContainsAny(p.Shows, "\n\x1b") {
				t.Errorf("%s shows %q", path, p.Shows)
			}
		})
	}
}

// One reason is told once, whoever met it, and all reasons are told at once.
func TestAllProblemsEachOnce(t *testing.T) {
	t.Parallel()
	s, gone := &shop{}, nobody(t)
	url := s.arm(t, "fault", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	p := makePlan("http://"+gone, "http://"+gone, planned("buy", step("list", "GET", "/a", status())), planned("look", step("see", "GET", "/b", status())))
	p.Experiments[0].Invariants = []experiments.Invariant{
		{Name: "right", Request: experiments.Request{Target: url + "/right"}},
		{Name: "run", Command: []string{"sh", "-c", "echo out of paper >&2; exit 9"}},
	}
	p.Experiments[0].Guardrails = []experiments.Guardrail{{Probe: &experiments.Probe{Invariant: experiments.Invariant{Name: "up", Request: experiments.Request{Target: url + "/up"}}}}}
	e := failed(t, p)
	if len(e.Problems) != 4 || e.Asked != 7 {
		t.Fatalf("%d of %d: %v", len(e.Problems), e.Asked, e)
	}
	first := e.Problems[0]
	if !strings.Contains(first.Came, gone) || !slices.Equal(first.Arms, []string{"fault", "control"}) || len(first.Others) != 2 {
		t.Errorf("%+v", first)
	}
	for i, want := range []string{`invariant "right"`, `invariant "run"`, `guardrail "up"`} {
		if got := e.Problems[i+1]; got.Check != want || got.Do == "" || got.Came == "" || strings.Contains(got.Do, "blastgauge try") {
			t.Errorf("%+v, want %s", got, want)
		}
	}
	if !strings.Contains(e.Error(), "out of paper") || !strings.Contains(e.Error(), "418") {
		t.Error(e)
	}
}

// A dependency behind whose proxy nobody answers is found also where no journey met it,
// and is told beside the journey that did.
func TestADependencyThatIsDown(t *testing.T) {
	t.Parallel()
	s, gone := &shop{}, nobody(t)
	broken := atomic.Bool{}
	url := s.arm(t, "fault", func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	control := s.arm(t, "control", fine)
	p := makePlan(url, control, planned("buy", step("pay", "POST", "/pay", status())))
	p.Experiments[0].Faults = []plan.Fault{{Fault: experiments.Fault{Inject: "latency", Into: "payments"}, Listen: gone, Upstream: "http://127.0.0.1:9"}}
	e := failed(t, p)
	if len(e.Problems) != 1 || e.Problems[0].Check != "dependency payments" || !strings.Contains(e.Problems[0].Do, "http://127.0.0.1:9") {
		t.Fatal(e)
	}
	broken.Store(true)
	e = failed(t, p)
	if len(e.Problems) != 2 || !strings.Contains(e.Problems[0].Do, "payments") || !strings.Contains(e.Problems[0].Do, "control arm") {
		t.Error(e)
	}
}

// A host that is not allowed is a refusal, at once and not after three tries.
func TestAHostThatIsNotAllowed(t *testing.T) {
	t.Parallel()
	s := &shop{}
	url := s.arm(t, "fault", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", "http://192.0.2.1/x") })
	first := step("list", "GET", "/", status())
	first.Captures = []experiments.Capture{{Name: "next", From: experiments.FromHeader, Expr: "Location"}}
	e := failed(t, makePlan(url, "", planned("buy", first, step("follow", "GET", "${next}", status()))))
	if !errors.Is(e, experiments.ErrRefused) || e.Problems[0].Tries != 1 || !strings.Contains(e.Error(), "allow_hosts: [192.0.2.1]") {
		t.Errorf("%+v: %v", e.Problems[0], e)
	}
}

// Old violations that keys tell from new ones stop no run; those without keys do.
func TestOldViolations(t *testing.T) {
	t.Parallel()
	url := (&shop{}).arm(t, "fault", fine)
	p := makePlan(url, "", planned("buy", step("list", "GET", "/", status())))
	p.Experiments[0].Invariants = []experiments.Invariant{{Name: "named", Command: []string{"sh", "-c", "echo order-1; exit 1"}}}
	if err := Check(t.Context(), Options{Plan: p}); err != nil {
		t.Error(err)
	}
	p.Experiments[0].Invariants = []experiments.Invariant{{Name: "nameless", Command: []string{"sh", "-c", "exit 1"}}}
	if e := failed(t, p); len(e.Problems) != 1 || !strings.Contains(e.Problems[0].Do, "keys") {
		t.Error(e)
	}
}

// An interrupt ends a preflight with its cause.
func TestAnInterruptEndsIt(t *testing.T) {
	t.Parallel()
	why := errors.New("told to stop")
	ctx, stop := context.WithCancelCause(t.Context())
	url := (&shop{}).arm(t, "fault", func(_ http.ResponseWriter, r *http.Request) {
		stop(why)
		<-r.Context().Done()
	})
	if err := Check(ctx, Options{Plan: makePlan(url, "", planned("buy", step("list", "GET", "/", status())))}); !errors.Is(err, why) {
		t.Errorf("Check() = %v", err)
	}
}

// How often a question is asked, and for how long, in fake time.
func TestHowOftenAQuestionIsAsked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		takes, patience, settle time.Duration
		rightAt                 int // which try is answered as it should be; 0: none
		refused                 bool
		asked                   int
		took                    time.Duration
	}{
		"right at once":                 {rightAt: 1, asked: 1},
		"right the third time":          {rightAt: 3, asked: 3, took: 2 * time.Second},
		"never right":                   {asked: 3, took: 2 * time.Second},
		"it hangs":                      {takes: 5 * time.Second, asked: 1, took: 5 * time.Second},
		"it takes its time":             {takes: 2 * time.Second, asked: 2, took: 5 * time.Second},
		"not allowed":                   {refused: true, asked: 1},
		"it has just been started":      {patience: 30 * time.Second, rightAt: 21, asked: 21, took: 20 * time.Second},
		"it never gets ready":           {patience: 30 * time.Second, asked: 31, took: 30 * time.Second},
		"it settles":                    {settle: 7 * time.Second, asked: 8, took: 7 * time.Second},
		"nothing settles for a quarter": {settle: 15 * time.Minute, asked: 11, took: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun, asked, told := time.Now(), 0, 0
				c := &checker{Options: Options{Patience: tt.patience, Log: func(string, ...any) { told++ }}}
				p := c.persist(t.Context(), question{settle: tt.settle, ask: func(context.Context) *Problem {
					asked++
					time.Sleep(tt.takes)
					switch {
					case asked == tt.rightAt:
						return nil
					case tt.refused:
						return &Problem{Err: fmt.Errorf("%w: no", experiments.ErrRefused)}
					}
					return &Problem{}
				}})
				if asked != tt.asked || time.Since(begun) != tt.took || (p == nil) != (tt.rightAt > 0) || p != nil && p.Tries != asked {
					t.Errorf("asked %d times in %s: %+v", asked, time.Since(begun), p)
				}
				if want := min(1, int(tt.patience)); told != want {
					t.Errorf("told %d times that the system is not ready", told)
				}
			})
		})
	}
}

// Nobody reads a secret in what a preflight says.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	const canary = "canary/9Zq+secret"
	url := (&shop{}).arm(t, "fault", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Location", "/login?token="+canary)
		w.WriteHeader(http.StatusFound)
		_, _ = fmt.Fprintf(w, "%s %s", body, r.Header.Get("X-Token"))
	})
	s := step("pay", "POST", "/pay/${env:TOKEN}", status(201))
	s.Request.Headers = []experiments.Field{{Name: "X-Token", Value: "${env:TOKEN}"}}
	s.Request.Body = "t=${env:TOKEN}"
	p := makePlan(url, "", planned("buy", s))
	p.Experiments[0].Invariants = []experiments.Invariant{{Name: "run", Command: []string{"sh", "-c", "echo $0 is wrong >&2; exit 4", "${env:TOKEN}"}}}
	env := func(string) (string, bool) { return canary, true }
	err := Check(t.Context(), Options{Plan: p, Env: env})
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.Problems) != 2 {
		t.Fatal(err)
	}
	for _, text := range append(e.Lines(), e.Error(), fmt.Sprintf("%+v", *e.Problems[0])) {
		if strings.Contains(text, "9Zq") || !strings.Contains(text, "${env:TOKEN}") {
			t.Error(text)
		}
	}
}

// A journey that is late is no reason to stop: the first one often is.
func TestTheFirstJourneyMayBeSlow(t *testing.T) {
	t.Parallel()
	url := (&shop{}).arm(t, "fault", fine)
	j := planned("buy", experiments.Step{Name: "list", Request: experiments.Request{Target: "/"}, SlowAfter: time.Nanosecond})
	if err := Check(t.Context(), Options{Plan: makePlan(url, "", j)}); err != nil {
		t.Error(err)
	}
}
