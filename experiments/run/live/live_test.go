package live

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	t.Cleanup(func() { s.Close("") })
	return s
}

// hub is a server without a listener, for fake time.
func hub(t *testing.T) *Server {
	t.Helper()
	s, err := newServer(Options{})
	if err != nil {
		t.Fatal(err)
	}
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
	for _, m := range strings.Split(stream, "\n\n") {
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
		early, _ := s.runs[0].join(0, time.Now())
		told.underFault()
		for range 5 {
			told.journeys(20, 8)
			time.Sleep(time.Second)
		}
		late, _ := s.runs[0].join(0, time.Now())
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
		back, _ := s.runs[0].join(told.seq, time.Now())
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
		stuck, _ := s.runs[0].join(0, time.Now())
		other, _ := s.runs[0].join(0, time.Now())
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
		one, _ := s.runs[0].join(0, time.Now())
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
		for range mostReaders {
			if _, ok := s.runs[0].join(0, time.Now()); !ok {
				t.Fatal("refused too early")
			}
		}
		if _, ok := s.runs[0].join(0, time.Now()); ok {
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
		one, _ := s.runs[0].join(0, time.Now())
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

// call sends a request past the network.
func call(s *Server, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w.Result()
}

func get(s *Server, target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = s.listener.Addr().String()
	return r
}

func post(s *Server, target string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Host = s.listener.Addr().String()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// Who may do what, and from where.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	s, told := serve(t, Options{}), &orders{}
	s.runs[0].begin(aPlan())
	s.Control(0, told)
	note := url.Values{"name": {"ann"}, "text": {"hello"}}
	with := func(r *http.Request, change func(*http.Request)) *http.Request { change(r); return r }
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	observer, operator := "?t="+s.observer, "?t="+s.operator
	for name, tt := range map[string]struct {
		r    *http.Request
		want int
	}{
		"the page":                    {get(s, "/"+observer), 200},
		"the page by a header":        {with(get(s, "/"), header("Authorization", "Bearer "+s.observer)), 200},
		"without a token":             {get(s, "/"), 401},
		"a wrong token":               {get(s, "/?t=x"), 401},
		"no such run":                 {get(s, "/"+observer+"&run=7"), 404},
		"no such page":                {get(s, "/x"+observer), 404},
		"styles":                      {get(s, "/live.css"), 200},
		"localhost":                   {with(get(s, "/"+observer), func(r *http.Request) { r.Host = "localhost:8099" }), 200},
		"a stranger's name":           {with(get(s, "/"+observer), func(r *http.Request) { r.Host = "evil.test" }), 421},
		"an address that is not ours": {with(get(s, "/"+observer), func(r *http.Request) { r.Host = "192.0.2.1" }), 421},
		"another page asks":           {with(get(s, "/"+observer), header("Origin", "http://evil.test")), 403},
		"a page without an origin":    {with(post(s, "/note"+operator, note), header("Origin", "null")), 403},
		"our page by another scheme":  {with(post(s, "/note"+operator, note), func(r *http.Request) { r.Header.Set("Origin", "https://"+r.Host) }), 403},
		"a post of another site":      {with(post(s, "/note"+operator, note), header("Sec-Fetch-Site", "cross-site")), 403},
		"a method":                    {httptest.NewRequest(http.MethodDelete, "http://127.0.0.1/stop"+operator, nil), 405},
		"the page posted":             {post(s, "/"+operator, nil), 405},
		"an observer's note":          {post(s, "/note"+observer, note), 403},
		"an observer's stop":          {post(s, "/stop"+observer, url.Values{"name": {"x"}}), 403},
		"an observer's decision":      {post(s, "/decide"+observer, url.Values{"name": {"x"}}), 403},
		"an observer's form":          {get(s, "/stop"+observer), 403},
		"an operator's form":          {get(s, "/stop"+operator), 200},
		"another kind of body":        {with(post(s, "/note"+operator, note), header("Content-Type", "text/plain")), 415},
		"a body too large":            {post(s, "/note"+operator, url.Values{"name": {"ann"}, "text": {strings.Repeat("x", maxBody)}}), 413},
		"a form of nonsense":          {with(post(s, "/note"+operator, nil), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("%zz")) }), 400},
		"nobody's stop":               {post(s, "/stop"+operator, url.Values{"name": {" "}}), 400},
	} {
		resp := call(s, tt.r)
		if resp.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, tt.want)
		}
		if tt.want == 405 && resp.Header.Get("Allow") == "" {
			t.Errorf("%s: no Allow", name)
		}
		for _, h := range []string{"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "Cache-Control"} {
			if resp.Header.Get(h) == "" {
				t.Errorf("%s: no %s", name, h)
			}
		}
	}
	if told.all() != "" {
		t.Errorf("the run was told: %s", told.all())
	}
}

// An operator's forms reach the run, and lead back to the page.
func TestOperatorsAct(t *testing.T) {
	t.Parallel()
	s, told := serve(t, Options{}), &orders{}
	target := func(action string) string { return "/" + action + "?t=" + s.operator }
	if resp := call(s, post(s, target("note"), url.Values{"name": {"ann"}, "text": {"too early"}})); resp.StatusCode != 409 {
		t.Errorf("a note before the run: %d", resp.StatusCode)
	}
	s.runs[0].begin(aPlan())
	s.Control(0, told)
	same := post(s, target("note"), url.Values{"name": {"ann"}, "text": {"hello"}, "follow_up": {"yes"}})
	same.Header.Set("Origin", "http://"+same.Host)
	same.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, r := range []*http.Request{same, post(s, target("stop"), url.Values{"name": {"bo"}, "why": {"incident 4711"}}),
		post(s, target("decide"), url.Values{"name": {"ann"}, "text": {"later"}, "decision": {"skip"}, "experiment": {"payments-hang"}})} {
		resp := call(s, r)
		if to := resp.Header.Get("Location"); resp.StatusCode != 303 || !strings.HasSuffix(to, "?t="+s.operator) {
			t.Errorf("%s: %d to %q", r.URL, resp.StatusCode, to)
		}
	}
	if got, want := told.all(), "note ann: hello (follow up); stop bo: incident 4711; skip payments-hang by ann: later"; got != want {
		t.Errorf("the run was told %q, want %q", got, want)
	}
	told.fail = errors.New("the run is over")
	resp := call(s, post(s, target("note"), url.Values{"name": {"ann"}, "text": {"<b>kept"}}))
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 409 || !strings.Contains(string(body), "&lt;b&gt;kept") || !strings.Contains(string(body), "the run is over") {
		t.Errorf("a note that was not taken: %d\n%s", resp.StatusCode, body)
	}
}

// A stop is for the whole command: a run that begins after it is stopped as well.
func TestAStopIsForRunsToCome(t *testing.T) {
	t.Parallel()
	first, second := &orders{}, &orders{}
	early := serve(t, Options{})
	if err := early.stop("ann", "enough"); err != nil {
		t.Errorf("before the run begins: %v", err)
	}
	s := serve(t, Options{Labels: []string{"naive", "hardened"}})
	s.Control(0, first)
	if err := s.stop("ann", "enough"); err != nil {
		t.Fatal(err)
	}
	s.Control(1, second)
	s.Close("")
	first.fail = errors.New("over")
	if err := early.stop("ann", "again"); err != nil {
		t.Errorf("again before the run begins: %v", err)
	}
	if first.all() != "stop ann: enough" || second.all() != first.all() {
		t.Errorf("told %q and %q", first.all(), second.all())
	}
}

// Wrong tokens are counted, and right ones are taken all the while.
func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	for i := range mostGuesses + 5 {
		resp := call(s, get(s, "/?t=wrong"))
		want := 401
		if i >= mostGuesses {
			want = 429
		}
		if resp.StatusCode != want || want == 429 && resp.Header.Get("Retry-After") != "60" {
			t.Errorf("guess %d: %d, want %d", i+1, resp.StatusCode, want)
		}
	}
	if resp := call(s, get(s, "/?t="+s.observer)); resp.StatusCode != 200 {
		t.Errorf("a right token: %d", resp.StatusCode)
	}
	var g guesses
	now := time.Now()
	for i := range 3 * mostAddresses {
		g.tooMany(strings.Repeat("x", i), now)
	}
	if len(g.from) > mostAddresses+1 {
		t.Errorf("%d addresses are kept", len(g.from))
	}
	if g.tooMany("new", now.Add(2*guessWindow)) || len(g.from) > 1 {
		t.Errorf("a minute later: %d addresses are kept", len(g.from))
	}
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
	s.Close("runs/1/report.html")
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

// No request makes the server fail, or the run do what nobody with a token asks for.
func FuzzRequests(f *testing.F) {
	s, told := serve(f, Options{}), &orders{}
	s.runs[0].begin(aPlan())
	s.Control(0, told)
	f.Add("GET", "/?t=x&run=-1", "127.0.0.1", "", "")
	f.Add("POST", "/stop?t=", "localhost", "http://localhost", "name=a&why=b")
	f.Add("POST", "/note?run=99999999999999999999", "[::1]:9", "null", "%%%")
	f.Add("PUT", "/events?last=-5", "x.localhost", "http://[", "")
	f.Fuzz(func(t *testing.T, method, target, host, origin, body string) {
		to, err := url.Parse(target)
		if err != nil || !strings.HasPrefix(target, "/") || strings.Contains(target, s.operator) {
			t.Skip()
		}
		r := &http.Request{Method: method, URL: to, Host: host, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), RemoteAddr: "127.0.0.1:1"}
		r.Header.Set("Origin", origin)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if resp := call(s, r); resp.StatusCode >= 500 {
			t.Errorf("%d", resp.StatusCode)
		}
		if told.all() != "" {
			t.Errorf("the run was told %s", told.all())
		}
	})
}
