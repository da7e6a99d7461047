package live

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

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

// A page that cannot be rendered is told as that, and is not an empty one.
func TestAPageThatFailsIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want int
	}{{nil, http.StatusConflict}, {errors.New("render page"), http.StatusInternalServerError}} {
		w := httptest.NewRecorder()
		show(w, http.StatusConflict, func(w io.Writer) error { _, _ = io.WriteString(w, "<p>"); return test.err })
		resp := w.Result()
		if html := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"); resp.StatusCode != test.want || html != (test.err == nil) || html != strings.Contains(w.Body.String(), "<p>") {
			t.Errorf("%v: %d, %q, %q", test.err, resp.StatusCode, resp.Header, w.Body)
		}
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
	s.Close("", "")
	first.fail = errors.New("over")
	if err := early.stop("ann", "again"); err != nil {
		t.Errorf("again before the run begins: %v", err)
	}
	if first.all() != "stop ann: enough" || second.all() != first.all() {
		t.Errorf("told %q and %q", first.all(), second.all())
	}
}

// Of two runs the first may be over while the second has not begun: a stop is taken, as it
// ends the second.
func TestAStopBetweenTwoRuns(t *testing.T) {
	t.Parallel()
	over, second := &orders{fail: errors.New("over")}, &orders{}
	s := serve(t, Options{Labels: []string{"naive", "hardened"}})
	s.Control(0, over)
	if err := s.stop("ann", "enough"); err != nil {
		t.Errorf("before the second run begins: %v", err)
	}
	s.Control(1, second)
	if second.all() != "stop ann: enough" {
		t.Errorf("the second run was told %q", second.all())
	}
	second.fail = errors.New("over")
	if err := s.stop("ann", "again"); err == nil {
		t.Error("once both are over a stop is taken")
	}
}

// The address that is printed works, also where its name leads to this machine alone.
func TestTheNameThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	s.options.Address = "MyHost:0" // as in --live MyHost:0, which leads to 127.0.1.1
	for host, want := range map[string]int{"myhost:8099": 200, "MyHost": 200, "otherhost:8099": 421, "": 421} {
		r := get(s, "/?t="+s.observer)
		r.Host = host
		if got := call(s, r).StatusCode; got != want {
			t.Errorf("%q: %d, want %d", host, got, want)
		}
	}
}

// A timed is an answer whose connection can have a deadline.
type timed struct {
	*httptest.ResponseRecorder
	set int
}

func (d *timed) SetWriteDeadline(time.Time) error { d.set++; return nil }

// No answer waits without end for who does not read it.
func TestEveryAnswerHasADeadline(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	for _, target := range []string{"/?t=" + s.observer, "/live.css", "/stop?t=" + s.operator, "/nothing"} {
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		s.http.Handler.ServeHTTP(w, get(s, target))
		if w.set == 0 {
			t.Errorf("%s has no deadline", target)
		}
	}
}

// A closed is a connection that counts how often it was closed.
type closed struct {
	net.Conn
	n int
}

func (c *closed) Close() error { c.n++; return nil }

// So many connections are open, and no more; those that end make room.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	var c connections
	var all []*closed
	open := func() *closed {
		conn := &closed{}
		all = append(all, conn)
		c.track(conn, http.StateNew)
		return conn
	}
	for range mostConnections {
		open()
	}
	extra := open()
	c.track(extra, http.StateClosed)
	c.track(all[0], http.StateClosed)
	if next := open(); all[0].n != 0 || extra.n != 1 || next.n != 0 {
		t.Errorf("closed %d, %d and %d times", all[0].n, extra.n, next.n)
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
