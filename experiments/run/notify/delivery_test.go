package notify

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A transport answers requests without a network.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// answer is an answer with a status, and headers as names and values.
func answer(code int, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: code, Status: strconv.Itoa(code) + " " + secretValue, Header: h, Body: io.NopCloser(strings.NewReader("what it says: " + secretValue))}
}

// hangs answers when nobody waits any more.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// hook is one webhook that is told all there is.
func hook() experiments.Receiver {
	return experiments.Receiver{Kind: experiments.Webhook, URL: "${env:HOOK}", On: experiments.Notices()}
}

// A receiver that hangs holds up nothing: events return at once, and the end of the run
// waits for two seconds and no longer.
func TestHangingReceiversHoldUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told lines
		p := planOf(hook(), experiments.Receiver{Kind: experiments.Slack, URL: "${env:SLACK}", On: experiments.Notices()})
		n, err := New(p, Options{Getenv: variables("https://receiver.test"), Logf: told.printf, Transport: transport(hangs)})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 1000 {
			n.Record(started(p))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("events took %s", took)
		}
		synctest.Wait()
		perform(n, p, result.ExitRefuted)
		if took := time.Since(began); took != Patience {
			t.Errorf("the run was held up for %s, want %s", took, Patience)
		}
		n.End(nil)
		if got := strings.Count(told.String(), "\n"); got != 2 {
			t.Errorf("%d warnings, want one for each receiver:\n%s", got, &told)
		}
	})
}

// While a receiver hangs, only so many messages wait for it; the last ones are kept.
func TestTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		var bodies []string
		p := planOf(hook())
		n, err := New(p, Options{Getenv: variables("https://receiver.test"), Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-open
			body, err := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
			return answer(http.StatusOK), err
		})})
		if err != nil {
			t.Fatal(err)
		}
		n.Record(started(p))
		synctest.Wait() // it is being sent
		for range 10 * mostQueued {
			n.Record(started(p))
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			n.End(&result.Result{Run: result.Run{Outcome: result.Completed}})
		}()
		synctest.Wait() // its message has its place
		close(open)
		<-ended
		if len(bodies) != 1+mostQueued || !strings.Contains(bodies[len(bodies)-1], `"event":"ended"`) {
			t.Errorf("%d messages were sent, the last one is %s", len(bodies), bodies[len(bodies)-1])
		}
	})
}

// A busy server is asked once more, when it says; nobody else is. What an answer says is in
// no warning.
func TestSecondAttempts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []*http.Response
		want    int           // requests
		took    time.Duration // until the last one
		warns   bool
	}{
		"taken":                     {[]*http.Response{answer(204)}, 1, 0, false},
		"500 once":                  {[]*http.Response{answer(500), answer(200)}, 2, pause, false},
		"500 twice":                 {[]*http.Response{answer(500), answer(500)}, 2, pause, true},
		"429 with a time":           {[]*http.Response{answer(429, "Retry-After", "2"), answer(200)}, 2, 2 * time.Second, false},
		"429 with no time":          {[]*http.Response{answer(429), answer(200)}, 2, pause, false},
		"429 for long":              {[]*http.Response{answer(429, "Retry-After", "3")}, 1, 0, true},
		"429 for ever":              {[]*http.Response{answer(429, "Retry-After", "99999999999999999999")}, 1 + 1, pause, true},
		"503 until a time":          {[]*http.Response{answer(503, "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"), answer(200)}, 2, 0, false},
		"404":                       {[]*http.Response{answer(404)}, 1, 0, true},
		"a redirect to another one": {[]*http.Response{answer(307, "Location", "https://evil.test/")}, 1, 0, true},
		"a redirect to itself":      {[]*http.Response{answer(302, "Location", "/")}, 1, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told lines
				asked, began, last := 0, time.Now(), time.Time{}
				p := planOf(hook())
				n, err := New(p, Options{Getenv: variables("https://receiver.test"), Logf: told.printf, Transport: transport(func(*http.Request) (*http.Response, error) {
					asked, last = asked+1, time.Now()
					return tt.answers[min(asked, len(tt.answers))-1], nil
				})})
				if err != nil {
					t.Fatal(err)
				}
				n.Record(started(p))
				time.Sleep(time.Minute)
				n.End(nil)
				if asked != tt.want || last.Sub(began) != tt.took {
					t.Errorf("%d requests, the last after %s; want %d, after %s", asked, last.Sub(began), tt.want, tt.took)
				}
				if text := told.String(); (text != "") != tt.warns || strings.Contains(text, secretValue) || strings.Contains(text, "receiver.test") {
					t.Errorf("the log says %q", text)
				}
			})
		})
	}
}

// Whatever goes wrong with a connection, the warning names the receiver by its variable, and
// neither its address nor what it says.
func TestWarningsTellNoSecrets(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a certificate of nobody was taken") }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	const gone = "http://127.0.0.1:1" // where nobody listens
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	redirects := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusPermanentRedirect))
	t.Cleanup(redirects.Close)
	for name, base := range map[string]string{"certificate": secure.URL, "refused": gone, "redirect": redirects.URL} {
		var told lines
		p := planOf(hook())
		n, err := New(p, Options{Getenv: variables(base), Logf: told.printf})
		if err != nil {
			t.Fatal(err)
		}
		perform(n, p, result.ExitRefuted)
		text := told.String()
		if strings.Count(text, "\n") != 1 || !strings.Contains(text, "webhook (HOOK)") || strings.Contains(text, secretValue) || strings.Contains(text, strings.TrimPrefix(base, "http://")) {
			t.Errorf("%s: the log says %q", name, text)
		}
	}
	if elsewhere.Load() > 0 {
		t.Error("a redirect was followed")
	}
}

// An alert waits for no message that a slow server has not taken yet, or that it wants later.
func TestAnAlertComesFirst(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]transport{
		"hangs": hangs,
		"busy":  func(*http.Request) (*http.Response, error) { return answer(429, "Retry-After", "2"), nil },
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { alertBeside(t, slow) }) })
	}
}

// alertBeside is told of a run that leaves a fault, while a server takes no other message.
func alertBeside(t *testing.T, slow transport) {
	t.Helper()
	var alerts atomic.Int32
	var late atomic.Int64
	began := time.Now()
	p := planOf(experiments.Receiver{Kind: experiments.PagerDuty, Key: "${env:ROUTING}", On: []experiments.Notice{experiments.NoticeStarted, experiments.NoticeVerdict}})
	n, err := New(p, Options{Getenv: variables(""), Transport: transport(func(r *http.Request) (*http.Response, error) {
		if r.URL.String() != pagerDutyURL+"/v2/enqueue" {
			return slow(r)
		}
		alerts.Add(1)
		late.Store(int64(time.Since(began)))
		return answer(http.StatusAccepted), nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	n.Record(started(p))
	synctest.Wait()
	perform(n, p, result.ExitNotRemoved)
	if alerts.Load() != 1 || late.Load() != 0 {
		t.Errorf("%d alerts, after %s", alerts.Load(), time.Duration(late.Load()))
	}
}

// A region of Grafana is closed by its id, made whole where its beginning was not taken, and
// never left out.
func TestRegions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		want   string // method and path of what closes it
		whole  bool
	}{
		"known":     {`{"message": "Annotation added", "id": 7}`, "PATCH /api/annotations/7", false},
		"no id":     {`{"message": "Annotation added"}`, "POST /api/annotations", true},
		"no JSON":   {`<html>`, "POST /api/annotations", true},
		"negative":  {`{"id": -1}`, "POST /api/annotations", true},
		"not taken": {"", "POST /api/annotations", true},
	} {
		g := newGrafana("https://grafana.test/", "", nil)
		at, gone := time.Unix(1_800_000_000, 0), true
		begin := g.requests(&Message{Event: experiments.NoticeFault, At: at, Summary: "x", Fault: &Fault{Name: "f"}})
		if tt.answer != "" {
			begin[0].answered([]byte(tt.answer))
		}
		end := g.requests(&Message{Event: experiments.NoticeRemoved, At: at.Add(time.Minute), Summary: "y", Fault: &Fault{Name: "f", Removed: &gone}})
		if got := end[0].method + " " + strings.TrimPrefix(end[0].url, "https://grafana.test"); len(end) != 1 || got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		body := string(end[0].body)
		if strings.Contains(body, `"time":1800000000000,"timeEnd":1800000060000`) != tt.whole || !strings.Contains(body, `"timeEnd":1800000060000`) {
			t.Errorf("%s: %s", name, body)
		}
	}
}

// What cannot be an address or a key is refused before anything is sent, and not repeated.
func TestNewRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for name, getenv := range map[string]func(string) (string, bool){
		"not set":   func(string) (string, bool) { return "", false },
		"empty":     func(string) (string, bool) { return "", true },
		"no URL":    func(string) (string, bool) { return secretValue + "\n", true },
		"no scheme": func(string) (string, bool) { return "//" + secretValue + "\n", true },
	} {
		for _, r := range all() {
			n, err := New(planOf(r), Options{Getenv: getenv})
			if !errors.Is(err, experiments.ErrInvalid) || n != nil || strings.Contains(err.Error(), secretValue) {
				t.Errorf("%s: %s: %v", name, r.Kind, err)
			}
		}
	}
	if _, err := New(planOf(experiments.Receiver{Kind: "fax", URL: "${env:HOOK}"}), Options{Getenv: variables("https://receiver.test")}); !errors.Is(err, experiments.ErrInvalid) {
		t.Errorf("a kind that there is not: %v", err)
	}
}

// Try tells each receiver once and says what came of it.
func TestTry(t *testing.T) {
	t.Parallel()
	s := &sink{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p := planOf(append(all(), experiments.Receiver{Kind: experiments.Webhook, URL: "${env:NOWHERE}"})...)
	const gone = "http://127.0.0.1:1" // where nobody listens
	getenv := func(name string) (string, bool) {
		if name == "NOWHERE" {
			return gone, true
		}
		return variables(server.URL)(name)
	}
	list, err := Try(context.Background(), &p.System, Options{Getenv: getenv})
	if err != nil || len(list) != 6 || len(s.to("/")) != 5 || len(s.to("/v2/enqueue")) != 0 {
		t.Fatalf("Try: %v, %v, %d requests", list, err, len(s.to("/")))
	}
	for i, a := range list {
		if (a.Err != nil) != (i == 5) {
			t.Errorf("%s", a)
		}
	}
	known := schemas(t)
	validate(t, known["slack"], s.to("/slack/")[0])
	validate(t, known["notification"], s.to("/hook/")[0])
}
