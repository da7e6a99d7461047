package preflight

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

func systemOf(url, control string, journeys ...plan.Journey) *experiments.System {
	s := &experiments.System{Environment: "test", URL: url, ControlURL: control, File: "blastgauge.yaml"}
	for _, j := range journeys {
		s.Journeys = append(s.Journeys, j.Journey)
	}
	return s
}

// Each journey is sent once, through the arm that is asked for, and up to the step.
func TestTrySendsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	buy := planned("buy", step("list", "GET", "/list", status()), step("pay", "POST", "/pay", status()))
	look := planned("look", step("list", "GET", "/look", status()))
	for name, tt := range map[string]struct {
		o       TryOptions
		control bool
		baggage bool
		want    []string
	}{
		"all":                   {TryOptions{}, true, false, []string{"fault GET /list", "fault GET /look", "fault POST /pay"}},
		"one":                   {TryOptions{Journey: "look"}, true, false, []string{"fault GET /look"}},
		"up to a step":          {TryOptions{Journey: "buy", Step: "list"}, true, false, []string{"fault GET /list"}},
		"a step of one of them": {TryOptions{Step: "pay"}, true, false, []string{"fault GET /list", "fault POST /pay"}},
		"the control arm":       {TryOptions{Journey: "look", Arm: plan.ControlArm}, true, false, []string{"control GET /look"}},
		"a tagged control arm":  {TryOptions{Journey: "look", Arm: plan.ControlArm}, false, true, []string{"fault GET /look"}},
		"a tagged fault arm":    {TryOptions{Journey: "look"}, false, true, []string{"fault GET /look"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shop{}
			url, control := s.arm(t, "fault", fine), ""
			if tt.control {
				control = s.arm(t, "control", fine)
			}
			tt.o.System, tt.o.Run = systemOf(url, control, buy, look), "20261128t000000z-abcdef"
			if tt.baggage {
				tt.o.System.Propagates = experiments.PropagatesBaggage
			}
			list, err := Try(t.Context(), tt.o)
			if err != nil || Failed(list) != nil {
				t.Fatal(err, Failed(list))
			}
			if got := s.seen(); !slices.Equal(got, tt.want) {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
			if !s.runs[tt.o.Run] || len(s.bags) > 0 != (tt.baggage && tt.o.Arm == plan.FaultArm) {
				t.Errorf("runs %v, baggage %q", s.runs, s.bags)
			}
		})
	}
}

// What cannot be sent as it was asked is a mistake of usage, or refused; nothing is sent.
func TestTryRefuses(t *testing.T) {
	t.Parallel()
	s := &shop{}
	url := s.arm(t, "fault", fine)
	buy := planned("buy", step("pay", "POST", "/pay/${env:NOWHERE}", status()))
	for name, tt := range map[string]struct {
		o    TryOptions
		edit func(*experiments.System)
		says string
		want error // nil: of usage
	}{
		"no such journey": {TryOptions{Journey: "byu"}, nil, `did you mean "buy"`, nil},
		"no such step":    {TryOptions{Step: "pya"}, nil, `did you mean "pay"`, nil},
		"no control":      {TryOptions{Arm: plan.ControlArm}, nil, "control_url", nil},
		"a variable":      {TryOptions{}, nil, "NOWHERE", nil},
		"production":      {TryOptions{}, func(s *experiments.System) { s.Environment = "prod-eu" }, "prod", experiments.ErrRefused},
		"another host":    {TryOptions{}, func(s *experiments.System) { s.URL = "http://192.0.2.1" }, "192.0.2.1", experiments.ErrRefused},
	} {
		tt.o.System = systemOf(url, "", buy)
		if tt.edit != nil {
			tt.edit(tt.o.System)
		}
		list, err := Try(t.Context(), tt.o)
		_, ofUsage := errors.AsType[*usage.Error](err)
		if err == nil || list != nil || !strings.Contains(err.Error(), tt.says) || ofUsage != (tt.want == nil) || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
	if got := s.seen(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// An attempt says what became of each step, of those that were not sent, and how it
// ended; its text holds all of it.
func TestWhatAnAttemptSays(t *testing.T) {
	t.Parallel()
	url := (&shop{}).arm(t, "fault", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pay":
			w.Header().Set("Location", "/login")
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, "first\nsecond \x1b[31mred\n::error::x")
		case "/login", "/again":
			w.Header().Set("Location", "/again?token=s3cret")
			w.WriteHeader(http.StatusSeeOther)
		case "/secret":
			w.Header().Set("Location", "http://localhost:1/auth")
			w.WriteHeader(http.StatusPermanentRedirect)
		case "/late":
			time.Sleep(20 * time.Millisecond)
		}
	})
	buy := planned("buy", step("list", "GET", "/list", status()), step("pay", "POST", "/pay", status(201)), step("thank", "GET", "/thanks", status()))
	late := planned("late", step("late", "GET", "/late", status()))
	late.SlowAfter = time.Millisecond
	gone := planned("gone", step("gone", "GET", "http://"+nobody(t)+"/x", status()))
	far := planned("far", step("list", "GET", "/list", status()), step("far", "GET", "http://192.0.2.1/x", status()))
	led := planned("led", step("list", "GET", "/list", status()), step("pay", "POST", "/pay", status()))
	led.Steps[1].Follow = 2
	leaked := planned("leaked", step("login", "POST", "/secret", status()))
	leaked.Steps[0].Follow, leaked.Steps[0].Request.Body = 5, "pw=${env:PW}"
	for i, tt := range []struct {
		j        plan.Journey
		outcome  string
		step     string
		unsent   []string
		says     []string
		refused  bool
		answered bool
	}{
		{buy, "failed", "pay", []string{"thank"}, []string{"buy (fault arm)", "> POST " + url + "/pay", "< 302 Found", "< Location: /login", "< first", "NOT MET  status 201; came: 302", "buy: failed", "not sent: thank"}, false, true},
		{late, "slow", "late", nil, []string{"met      status 200 to 299", "late: slow", "1ms"}, false, true},
		{gone, "failed", "gone", nil, []string{"no answer: nobody listens at 127.0.0.1:", "NOT MET  status 200 to 299"}, false, false},
		{led, "failed", "pay", nil, []string{"> POST " + url + "/pay", "< 302 Found, Location: /login, ", "> GET " + url + "/login", "< 303 See Other, Location: /again?token=***, ", "> GET " + url + "/again?token=***\n    < 303 See Other, 0 bytes",
			"at step pay: redirects in a loop: /login -> /again?token=*** -> /again?token=***"}, false, true},
		{leaked, "failed", "login", nil, []string{"< 308 Permanent Redirect", "< Location: http://localhost:1/auth", "would take the body there"}, false, true},
		{far, "failed", "far", nil, []string{"allow_hosts"}, true, false},
	} {
		s := systemOf(url, "", tt.j)
		if tt.refused { // by name, which Try finds out before: here it comes with a capture
			s.Journeys[0].Steps[1].Request.Target = "${far}"
			s.Journeys[0].Steps[0].Captures = []experiments.Capture{{Name: "far", From: experiments.FromHeader, Expr: "X-Far"}}
			s.URL = (&shop{}).arm(t, "fault", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Far", "http://192.0.2.1/x") })
		}
		list, err := Try(t.Context(), TryOptions{System: s, Env: func(string) (string, bool) { return "t0ps3cret", true }})
		if err != nil || len(list) != 1 {
			t.Fatal(i, list, err)
		}
		a := list[0]
		failed := Failed(list)
		if a.Outcome != tt.outcome || a.Step != tt.step || !slices.Equal(a.Unsent, tt.unsent) || a.Detail == "" || !errors.Is(failed, ErrFailed) || errors.Is(failed, experiments.ErrRefused) != tt.refused {
			t.Errorf("%d: %+v, %v", i, a, failed)
		}
		if last := a.Steps[len(a.Steps)-1]; last.Name != tt.step || (last.Response != nil) != tt.answered || (last.Error == "") != tt.answered || len(last.Expected) == 0 {
			t.Errorf("%d: %+v", i, last)
		}
		var b bytes.Buffer
		if err := WriteText(&b, list); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.says {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%d: no %q in\n%s", i, want, b.String())
			}
		}
		if strings.ContainsAny(b.String(), "\x1b") || strings.Contains(b.String(), "\n::error") {
			t.Errorf("%d: %q", i, b.String())
		}
	}
}

// An attempt that is not ok says what to do. Where proxies are embedded, neither they nor
// the system stand outside of a run.
func TestTrySaysWhatToDo(t *testing.T) {
	t.Parallel()
	url := (&shop{}).arm(t, "fault", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		}
	})
	const proxies = "blastgauge proxy -f blastgauge.yaml"
	for _, tt := range []struct {
		name, url string
		step      experiments.Step
		alone     bool // all that there is to do is to start the proxies and the system
	}{
		{"refused", "http://" + nobody(t), step("a", "GET", "/a", status()), true},
		{"broken", url, step("a", "GET", "/broken", status()), false},
		{"missing", url, step("a", "GET", "/missing", status()), false},
		{"ok", url, step("a", "GET", "/a", status()), false},
	} {
		var do [2]string
		for i, toxiproxy := range []string{"http://127.0.0.1:8474", experiments.Embedded} {
			s := systemOf(tt.url, "", planned("buy", tt.step))
			s.Toxiproxy = toxiproxy
			list, err := Try(t.Context(), TryOptions{System: s})
			if err != nil || len(list) != 1 {
				t.Fatal(tt.name, list, err)
			}
			do[i] = list[0].Do
			var b bytes.Buffer
			if err := WriteText(&b, list); err != nil || do[i] != "" && !strings.Contains(b.String(), do[i]) {
				t.Errorf("%s: %v, no %q in\n%s", tt.name, err, do[i], b.String())
			}
		}
		standing, embedded := do[0], do[1]
		switch ok := tt.name == "ok"; {
		case ok && (standing != "" || embedded != ""):
			t.Errorf("%s: %q", tt.name, do)
		case !ok && (standing == "" || strings.Contains(standing, "blastgauge")):
			t.Errorf("%s, with proxies that stand: %q", tt.name, standing)
		case !ok && (!strings.Contains(embedded, proxies) || strings.Contains(embedded, standing) == tt.alone):
			t.Errorf("%s, with embedded proxies: %q", tt.name, embedded)
		}
	}
}
