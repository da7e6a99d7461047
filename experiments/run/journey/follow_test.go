package journey

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// A redirecting system answers each target with a line: the status, the Location, and the
// cookies that it sets.
type redirecting map[string][]string

// sender returns a sender that notes each request: method, target, body, and the headers
// but User-Agent.
func (r redirecting) sender(seen *[]string) sender {
	return func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		line := []string{req.Method, req.Target}
		if len(req.Body) > 0 {
			line = append(line, "["+string(req.Body)+"]")
		}
		for _, h := range req.Headers {
			line = append(line, h.Name+": "+h.Value)
		}
		*seen = append(*seen, strings.Join(line, " "))
		resp.Status, resp.Headers, resp.Body = 200, nil, []byte(req.Target)
		if answer, ok := r[req.Target]; ok {
			_, _ = fmt.Sscan(answer[0], &resp.Status)
			if len(answer) > 1 {
				resp.Headers = append(resp.Headers, experiments.Field{Name: "Location", Value: answer[1]})
			}
			for _, c := range answer[min(2, len(answer)):] {
				resp.Headers = append(resp.Headers, experiments.Field{Name: "Set-Cookie", Value: c})
			}
		}
		return nil
	}
}

func (r redirecting) perform(t *testing.T, steps ...experiments.Step) (Verdict, []string) {
	t.Helper()
	var seen []string
	v, _ := perform(t, Facts{Env: func(name string) (string, bool) { return "secret-" + name, true }}, r.sender(&seen), steps...)
	return v, seen
}

// A redirect that keeps the body takes no secret in it to another host.
func TestRedirectsKeepSecretsOfBodies(t *testing.T) {
	t.Parallel()
	const there, own = "http://sso.test/auth", "http://shop.test:8080/auth"
	tests := map[string]struct {
		status, to, body string
		refused          bool
	}{
		"a secret to another host":        {"307", there, "pw=${env:PW}", true},
		"a secret, permanently":           {"308", there, "pw=${env:PW}", true},
		"a secret to the system itself":   {"307", "/auth", "pw=${env:PW}", false},
		"a secret to its name":            {"307", own, "pw=${env:PW}", false},
		"no secret":                       {"307", there, "sku=1", false},
		"a body that the redirect drops":  {"302", there, "pw=${env:PW}", false},
		"a body that 303 drops":           {"303", there, "pw=${env:PW}", false},
		"a secret to a port of the other": {"307", "http://shop.test:9/auth", "pw=${env:PW}", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			system := redirecting{"/login": {tt.status, tt.to}}
			v, seen := system.perform(t, experiments.Step{Name: "login", Follow: 5, Request: experiments.Request{Method: "POST", Target: "/login", Body: tt.body}})
			if (v.Outcome == journal.Failed) != tt.refused || (len(seen) == 1) != tt.refused || v.Err != nil {
				t.Errorf("%+v after %q", v, seen)
			}
			if tt.refused && (v.Cause != journal.Redirects || v.Key != journal.SecretBody || !strings.Contains(v.Detail, "redirect 1, to s") || strings.Contains(v.Detail, "secret-PW")) {
				t.Errorf("cause %v, %s: %s", v.Cause, v.Key, v.Detail)
			}
		})
	}
}

// What a redirect makes of the request is what browsers make of it.
func TestRedirectsAreFollowed(t *testing.T) {
	t.Parallel()
	const origin = "http://shop.test:8080"
	tests := map[string]struct {
		method string
		system redirecting
		want   []string
	}{
		"301 of POST":        {"POST", redirecting{"/pay": {"301", "/thanks"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "GET " + origin + "/thanks X: y"}},
		"302 of POST":        {"POST", redirecting{"/pay": {"302", "/thanks"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "GET " + origin + "/thanks X: y"}},
		"303 of POST":        {"POST", redirecting{"/pay": {"303", "/thanks"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "GET " + origin + "/thanks X: y"}},
		"307 of POST":        {"POST", redirecting{"/pay": {"307", "/thanks"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "POST " + origin + "/thanks [b] Content-Type: text/plain X: y"}},
		"308 of POST":        {"POST", redirecting{"/pay": {"308", "/thanks"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "POST " + origin + "/thanks [b] Content-Type: text/plain X: y"}},
		"302 of PUT":         {"PUT", redirecting{"/pay": {"302", "/thanks"}}, []string{"PUT /pay [b] Content-Type: text/plain X: y", "PUT " + origin + "/thanks [b] Content-Type: text/plain X: y"}},
		"303 of PUT":         {"PUT", redirecting{"/pay": {"303", "/thanks"}}, []string{"PUT /pay [b] Content-Type: text/plain X: y", "GET " + origin + "/thanks X: y"}},
		"303 of HEAD":        {"HEAD", redirecting{"/pay": {"303", "/thanks"}}, []string{"HEAD /pay [b] Content-Type: text/plain X: y", "HEAD " + origin + "/thanks [b] Content-Type: text/plain X: y"}},
		"302 of GET":         {"GET", redirecting{"/pay": {"302", "/thanks"}}, []string{"GET /pay [b] Content-Type: text/plain X: y", "GET " + origin + "/thanks [b] Content-Type: text/plain X: y"}},
		"307 then 303":       {"POST", redirecting{"/pay": {"307", "a"}, origin + "/a": {"303", "?b"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "POST " + origin + "/a [b] Content-Type: text/plain X: y", "GET " + origin + "/a?b X: y"}},
		"303 then 307":       {"POST", redirecting{"/pay": {"303", "/a"}, origin + "/a": {"307", "/b"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "GET " + origin + "/a X: y", "GET " + origin + "/b X: y"}},
		"to itself once":     {"GET", redirecting{"/pay": {"302", ""}}, []string{"GET /pay [b] Content-Type: text/plain X: y"}},
		"no Location":        {"GET", redirecting{"/pay": {"302"}}, []string{"GET /pay [b] Content-Type: text/plain X: y"}},
		"another program's":  {"GET", redirecting{"/pay": {"302", "myshop://callback?code=1"}}, []string{"GET /pay [b] Content-Type: text/plain X: y"}},
		"300":                {"GET", redirecting{"/pay": {"300", "/thanks"}}, []string{"GET /pay [b] Content-Type: text/plain X: y"}},
		"304":                {"GET", redirecting{"/pay": {"304", "/thanks"}}, []string{"GET /pay [b] Content-Type: text/plain X: y"}},
		"201 with Location":  {"POST", redirecting{"/pay": {"201", "/orders/1"}}, []string{"POST /pay [b] Content-Type: text/plain X: y"}},
		"fragment stays out": {"POST", redirecting{"/pay": {"303", "/a#/b?c"}}, []string{"POST /pay [b] Content-Type: text/plain X: y", "GET " + origin + "/a X: y"}},
		"the system's own name, by https": {"POST", redirecting{"/pay": {"303", "https://SHOP.test:8080/a"}},
			[]string{"POST /pay [b] Content-Type: text/plain X: y", "GET https://SHOP.test:8080/a X: y"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := experiments.Step{Name: "pay", Follow: 5, Request: experiments.Request{Method: tt.method, Target: "/pay", Body: "b",
				Headers: []experiments.Field{{Name: "Content-Type", Value: "text/plain"}, {Name: "X", Value: "y"}}}}
			v, seen := tt.system.perform(t, step)
			if !slices.Equal(seen, tt.want) {
				t.Errorf("sent:\n%s\nwant:\n%s", strings.Join(seen, "\n"), strings.Join(tt.want, "\n"))
			}
			if status := tt.system["/pay"][0]; (v.Outcome == journal.OK) != (len(tt.want) > 1 || status == "201") || v.Outcome != journal.OK && v.Key != status {
				t.Errorf("%+v", v)
			}
			step.Follow = 0
			if _, seen := tt.system.perform(t, step); len(seen) != 1 {
				t.Errorf("without follow, sent %q", seen)
			}
		})
	}
}

// Cookies of each hop are kept and sent as the hosts of the hops have them; what is a
// credential for one host is for no other, also not when the way leads back.
func TestRedirectsKeepCookiesAndCredentials(t *testing.T) {
	t.Parallel()
	system := redirecting{
		"/login":                       {"303", "/in", "sid=1; Path=/", "gone=1; Path=/"},
		"http://shop.test:8080/in":     {"302", "http://sso.test/auth", "sid=2; Path=/", "gone=; Path=/; Max-Age=0"},
		"http://sso.test/auth":         {"302", "https://shop.test:8080/back", "sso=1"},
		"https://shop.test:8080/back":  {"307", "/end"},
		"http://shop.test:8080/logout": {"303", "/"},
	}
	headers := []experiments.Field{{Name: "Authorization", Value: "Bearer x"}, {Name: "cookie", Value: "mine=1"}, {Name: "X-Api-Key", Value: "k"},
		{Name: "X-Other", Value: "a ${env:OTHER}"}, {Name: "Accept", Value: "text/html"}}
	login := experiments.Step{Name: "login", Follow: 4, Request: experiments.Request{Method: "POST", Target: "/login", Headers: headers},
		Captures: []experiments.Capture{{Name: "sid", From: experiments.FromCookie, Expr: "sid"}}}
	v, seen := system.perform(t, login, experiments.Step{Name: "me", Request: experiments.Request{Target: "/me?${sid}"}})
	want := []string{
		"POST /login Authorization: Bearer x cookie: mine=1 X-Api-Key: k X-Other: a secret-OTHER Accept: text/html",
		"GET http://shop.test:8080/in Authorization: Bearer x X-Api-Key: k X-Other: a secret-OTHER Accept: text/html Cookie: mine=1; sid=1; gone=1",
		"GET http://sso.test/auth Accept: text/html",
		"GET https://shop.test:8080/back Accept: text/html Cookie: sid=2",
		"GET http://shop.test:8080/end Accept: text/html Cookie: sid=2",
		"GET /me?2 Cookie: sid=2",
	}
	if v.Outcome != journal.OK || !slices.Equal(seen, want) {
		t.Errorf("%s; sent:\n%s\nwant:\n%s", v.Detail, strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}

// A cookie is captured from whichever hop spoke of it last.
func TestCookiesOfRedirectsAreCaptured(t *testing.T) {
	t.Parallel()
	system := redirecting{"/a": {"302", "/b", "sid=1", "early=e", "gone=g"}, "http://shop.test:8080/b": {"302", "/c", "sid=2", "gone=; Max-Age=0"}, "http://shop.test:8080/c": {"200", "", "sid=3"}}
	for name, want := range map[string]any{"sid": "3", "early": "e", "gone": nil, "none": nil} {
		var seen []string
		got, e := perform(t, Facts{}, system.sender(&seen), experiments.Step{Name: "a", Follow: 2, Request: experiments.Request{Target: "/a"},
			Captures: []experiments.Capture{{Name: "x", From: experiments.FromCookie, Expr: name}}})
		if e.values.slots[0] != want || (got.Outcome == journal.OK) != (want != nil) {
			t.Errorf("%s: %v, %+v; want %v", name, e.values.slots[0], got, want)
		}
	}
}

// A step that is redirected further than it follows has failed, and says where it was led.
func TestTooManyRedirects(t *testing.T) {
	t.Parallel()
	chain := redirecting{"/0": {"302", "/1"}}
	for i := 1; i < 30; i++ {
		chain[fmt.Sprintf("http://shop.test:8080/%d", i)] = []string{"302", fmt.Sprintf("/%d?token=t0ps3cret", i+1)}
		chain[fmt.Sprintf("http://shop.test:8080/%d?token=t0ps3cret", i)] = []string{"302", fmt.Sprintf("/%d?token=t0ps3cret", i+1)}
	}
	ring := redirecting{"/0": {"302", "/a"}, "http://shop.test:8080/a": {"302", "/b"}, "http://shop.test:8080/b": {"302", "https://shop.test:8080/a"}, "https://shop.test:8080/a": {"302", "/b"}}
	tests := map[string]struct {
		system redirecting
		follow int
		sent   int
		key    string
		shows  []string
	}{
		"one":        {chain, 1, 2, "1", []string{"more than 1 redirect: /1 -> /2?token=***"}},
		"three":      {chain, 3, 4, "3", []string{"more than 3 redirects", "/1 -> /2", "-> /3", "-> /4"}},
		"most":       {chain, experiments.MaxFollow, experiments.MaxFollow + 1, "20", []string{"/1 ", "/7", "/14", "/21"}},
		"a ring":     {ring, 5, 6, journal.Loop, []string{"loop: /a -> /b -> https://shop.test:8080/a -> /b"}},
		"to itself":  {redirecting{"/0": {"302", "/0"}, "http://shop.test:8080/0": {"302", ""}}, 5, 2, "", nil},
		"for ever":   {redirecting{"/0": {"302", "#x"}, "http://shop.test:8080/0": {"302", "/0"}}, 2, 3, journal.Loop, []string{"loop: #x -> /0 -> /0"}},
		"long chain": {redirecting{"/0": {"302", "/" + strings.Repeat("x", 3000)}, "http://shop.test:8080/" + strings.Repeat("x", 3000): {"302", "/y"}}, 1, 2, "1", []string{"-> /y"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, seen := tt.system.perform(t, experiments.Step{Name: "a", Follow: tt.follow, Request: experiments.Request{Target: "/0"}})
			if len(seen) != tt.sent {
				t.Errorf("%d requests, want %d: %q", len(seen), tt.sent, seen)
			}
			if tt.key == "" {
				if v.Cause != journal.Status {
					t.Errorf("%+v", v)
				}
				return
			}
			if v.Outcome != journal.Failed || v.Cause != journal.Redirects || v.Key != tt.key || v.Err != nil || len(v.Detail) > maxRedirects || strings.Contains(v.Detail, "t0ps3cret") {
				t.Errorf("%+v", v)
			}
			for _, part := range tt.shows {
				if !strings.Contains(v.Detail, part) {
					t.Errorf("%q does not show %q", v.Detail, part)
				}
			}
		})
	}
}

// An example of harm behind redirects shows where the last of them led, and no secret that
// they were given.
func TestExamplesOfRedirects(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		last     []string
		location string
		status   int
	}{
		"an answer":    {[]string{"500"}, "/c?token=***", 500},
		"its own":      {[]string{"201", "/d"}, "/d", 201},
		"one too many": {[]string{"302", "/d"}, "/d", 302},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			system := redirecting{"/a": {"302", "/b", "session=s3cretvalue"}, "http://shop.test:8080/b": {"302", "/c?token=s3cretcode"}, "http://shop.test:8080/c?token=s3cretcode": tt.last}
			var seen []string
			echo := system.sender(&seen)
			to := sender(func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
				err := echo(ctx, req, resp)
				resp.Body = []byte("you are s3cretvalue")
				return err
			})
			script, err := Compile([]experiments.Step{{Name: "a", Follow: 2, Request: experiments.Request{Target: "/a"}, Expect: experiments.Expect{Status: []int{200}}}}, Facts{})
			if err != nil {
				t.Fatal(err)
			}
			e := NewExecution()
			var told Exchange
			e.Trace(func(x Exchange) { told = x })
			r := e.Perform(t.Context(), script, Entry{Sender: to, Site: shopSite, Wanted: always}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
			x := r.Example
			if x == nil || x.Location != tt.location || x.Status != tt.status || strings.Contains(fmt.Sprint(*x), "s3cret") {
				t.Fatalf("%+v", x)
			}
			if len(told.Hops) != 2 || told.Hops[1].Location != "/c?token=***" || told.Hops[0].URL != "http://shop.test:8080/b" || told.Hops[0].Method != "GET" || told.Hops[0].Status != 302 || told.Status != tt.status || told.URL != "/a" {
				t.Errorf("%+v", told)
			}
		})
	}
}

// The time of a step is that of all its hops, and so is its timeout.
func TestRedirectsTakeTheStepsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := redirecting{"/0": {"302", "/1"}, "http://shop.test:8080/1": {"302", "/2"}}
		var seen []string
		answer := system.sender(&seen)
		slow := sender(func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
			wait := time.Second
			if left := time.Until(req.Deadline); left < wait {
				time.Sleep(left)
				return httpclient.ErrTimedOut
			}
			time.Sleep(wait)
			return answer(ctx, req, resp)
		})
		for timeout, want := range map[time.Duration]time.Duration{2500 * time.Millisecond: 2500 * time.Millisecond, 4 * time.Second: 3 * time.Second} {
			seen = nil
			v, _ := perform(t, Facts{}, slow, experiments.Step{Name: "a", Follow: 5, Timeout: timeout, Request: experiments.Request{Target: "/0"}})
			if v.Took != want || (v.Outcome == journal.OK) != (timeout > want) {
				t.Errorf("timeout %v: %v (%s, %s) after %v, want %v", timeout, v.Outcome, v.Cause, v.Detail, v.Took, want)
			}
			if v.Outcome != journal.OK && (v.Cause != journal.Timeout || v.Key != "shop.test:8080" || !strings.Contains(v.Detail, "redirect 2, to http://shop.test:8080/2")) {
				t.Errorf("timeout %v: %+v", timeout, v)
			}
		}
	})
}

// A poll follows anew each time that it asks, from the same request.
func TestPollsFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		n := 0
		to := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
			seen = append(seen, req.Method+" "+req.Target+" "+string(req.Body))
			resp.Status, resp.Headers, resp.Body = 200, nil, []byte("waiting")
			switch {
			case req.Target == "/export":
				resp.Status, resp.Headers = 303, []experiments.Field{{Name: "Location", Value: "/state"}}
			case n == 2:
				resp.Body = []byte("done")
			default:
				n++
			}
			return nil
		})
		v, _ := perform(t, Facts{}, to, experiments.Step{Name: "a", Follow: 1, Request: experiments.Request{Method: "POST", Target: "/export", Body: "b"},
			Expect: experiments.Expect{Body: []experiments.Check{{Op: experiments.Contains, Value: "done"}}}, Poll: &experiments.Poll{Every: time.Second, For: 5 * time.Second}})
		want := strings.Repeat("[POST /export b GET http://shop.test:8080/state ]", 3)
		got := ""
		for pair := range slices.Chunk(seen, 2) {
			got += fmt.Sprint(pair)
		}
		if v.Outcome != journal.OK || got != want || v.Took != 2*time.Second {
			t.Errorf("%v after %v: %s\nsent %s\nwant %s", v.Outcome, v.Took, v.Detail, got, want)
		}
	})
}

// A host that is not allowed ends the way: the refusal says which redirect led there, and
// nothing is sent.
func TestRedirectsAskTheHostPolicy(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			http.Redirect(w, r, "/b", http.StatusFound)
			return
		}
		w.Header().Set("Location", "http://192.0.2.1/steal?token=x")
		w.WriteHeader(http.StatusFound)
	}))
	defer server.Close()
	c := newClient(t, httpclient.Options{Base: server.URL})
	script, err := Compile([]experiments.Step{{Name: "a", Follow: 5, Request: experiments.Request{Target: "/a"}}}, Facts{})
	if err != nil {
		t.Fatal(err)
	}
	v := NewExecution().Perform(t.Context(), script, Entry{Sender: c, Site: c.Site()}, Seed{}, Limits{Intended: time.Now(), Timeout: 10 * time.Second})
	if v.Cause != journal.NotAllowed || v.Key != "192.0.2.1" || !errors.Is(v.Err, experiments.ErrRefused) || !strings.Contains(v.Err.Error(), "redirect 2, to http://192.0.2.1/steal: ") || strings.Contains(v.Detail, "token") {
		t.Errorf("%+v", v)
	}
}

// By whatever name the system redirects, the journeys of an arm stay in the arm.
func TestRedirectsStayInTheArm(t *testing.T) {
	t.Parallel()
	var servers [2]*httptest.Server
	var seen [2][]string
	names := func(i int) []string {
		return []string{"http://shop.example/x", "https://SHOP.example./x", "//shop.example/x", servers[0].URL + "/x", servers[1].URL + "/x", "/x", "x"}[i:]
	}
	for arm := range servers {
		servers[arm] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen[arm] = append(seen[arm], r.Host+r.URL.Path)
			if r.URL.Path != "/x" {
				var i int
				_, _ = fmt.Sscanf(r.URL.Path, "/%d", &i)
				w.Header().Set("Location", names(i)[0])
				w.WriteHeader(http.StatusSeeOther)
			}
		}))
		defer servers[arm].Close()
	}
	system := &experiments.System{URL: servers[0].URL, ControlURL: servers[1].URL, Host: "shop.example"}
	for arm, server := range map[plan.Arm]int{plan.FaultArm: 0, plan.ControlArm: 1} {
		c := newClient(t, ArmClient(system, "r", arm, false))
		for i := range names(0) {
			seen = [2][]string{}
			script, err := Compile([]experiments.Step{{Name: "a", Follow: 1, Request: experiments.Request{Method: "POST", Target: fmt.Sprintf("/%d", i)}}}, Facts{})
			if err != nil {
				t.Fatal(err)
			}
			r := NewExecution().Perform(t.Context(), script, Entry{Sender: c, Site: c.Site()}, Seed{}, Limits{Intended: time.Now(), Timeout: 10 * time.Second})
			want := []string{fmt.Sprintf("shop.example/%d", i), "shop.example/x"}
			if r.Outcome != journal.OK || !slices.Equal(seen[server], want) || len(seen[1-server]) > 0 {
				t.Errorf("%s arm, %s: %s; its server saw %q, the other %q; want %q", arm, names(i)[0], r.Detail, seen[server], seen[1-server], want)
			}
		}
	}
}

// A target that begins with a captured value is what the answer meant by it.
func TestCapturedReferences(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ from, location, next, want string }{
		"path":               {"/a/b", "/thanks", "${to}", "/thanks"},
		"path and more":      {"/a/b", "/orders/", "${to}1?x=y", "/orders/1?x=y"},
		"absolute":           {"/a/b", "http://shop.test:8080/thanks#top", "${to}", "http://shop.test:8080/thanks"},
		"relative":           {"/a/b?c", "thanks", "${to}", "http://shop.test:8080/a/thanks"},
		"up":                 {"/a/b/c", "../x", "${to}", "http://shop.test:8080/a/x"},
		"query":              {"/a/b?c", "?page=2", "${to}", "http://shop.test:8080/a/b?page=2"},
		"host":               {"/a/b", "//sso.test/x", "${to}", "http://sso.test/x"},
		"path of another":    {"http://sso.test/a", "/login", "${to}", "http://sso.test/login"},
		"relative to others": {"http://sso.test/a/b", "login", "${to}", "http://sso.test/a/login"},
		"in the middle":      {"/a/b", "x y", "/c/${to}", "/c/x%20y"},
		"no URL at all":      {"/a/b", "mailto:me@shop.test", "${to}", "mailto:me@shop.test"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, seen := redirecting{tt.from: {"201", tt.location}}.perform(t,
				experiments.Step{Name: "a", Request: experiments.Request{Target: tt.from}, Captures: []experiments.Capture{{Name: "to", From: experiments.FromHeader, Expr: "Location"}}},
				experiments.Step{Name: "b", Request: experiments.Request{Target: tt.next}})
			if want := []string{"GET " + tt.from, "GET " + tt.want}; !slices.Equal(seen, want) {
				t.Errorf("sent %q, want %q", seen, want)
			}
		})
	}
}
