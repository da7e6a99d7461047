package toxiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A fakeLease lasts a minute. Its answer function decides how renewals end.
type fakeLease struct {
	renewals []time.Time
	answer   func(n int) error
}

func (h *fakeLease) acquire(context.Context) error         { return nil }
func (h *fakeLease) release(context.Context) error         { return nil }
func (h *fakeLease) owner(context.Context) (string, error) { return "", nil }
func (h *fakeLease) lasts() time.Duration                  { return time.Minute }
func (h *fakeLease) every() time.Duration                  { return time.Minute / 4 }
func (h *fakeLease) renew(context.Context) (time.Time, error) {
	h.renewals = append(h.renewals, time.Now())
	return time.Now(), h.answer(len(h.renewals))
}

func TestLeasesAreRenewed(t *testing.T) {
	t.Parallel()
	failure := errors.New("no answer")
	for name, tt := range map[string]struct {
		answer   func(n int) error
		lost     error
		lostAt   time.Duration
		renewals int // within ten minutes
	}{
		"as long as it takes":      {func(int) error { return nil }, nil, 0, 40},
		"through a short failure":  {func(n int) error { return map[bool]error{true: failure}[n == 5 || n == 6] }, nil, 0, 40},
		"until it has run out":     {func(n int) error { return map[bool]error{true: failure}[n > 4] }, failure, 135 * time.Second, 9},
		"until another run has it": {func(n int) error { return map[bool]error{true: errLost}[n > 4] }, errLost, 75 * time.Second, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lost []error
				var lostAt time.Duration
				began := time.Now()
				d := New(Options{URL: "http://127.0.0.1:1", Lost: func(err error) { lost, lostAt = append(lost, err), time.Since(began) }})
				h := &fakeLease{answer: tt.answer}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Second)
				defer cancel()
				d.renew(ctx, ctx, h)
				if len(h.renewals) != tt.renewals {
					t.Errorf("renewed %d times, want %d", len(h.renewals), tt.renewals)
				}
				if tt.lost == nil && lost != nil || tt.lost != nil && (len(lost) != 1 || !errors.Is(lost[0], tt.lost) || lostAt != tt.lostAt) {
					t.Errorf("lost %v at %v, want %v at %v", lost, lostAt, tt.lost, tt.lostAt)
				}
			})
		})
	}
}

// A lease that is lost because nobody renewed it in time is told from one that was taken.
func TestALeaseThatWasNotRenewedInTime(t *testing.T) {
	t.Parallel()
	for every, heldUp := range map[time.Duration]bool{15 * time.Second: false, 61 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			var lost error
			d := New(Options{URL: "http://127.0.0.1:1", Lost: func(err error) { lost = err }})
			d.renew(t.Context(), t.Context(), &rareLease{fakeLease{answer: func(int) error { return errLost }}, every})
			if !errors.Is(lost, errLost) || errors.Is(lost, errHeldUp) != heldUp {
				t.Errorf("renewed after %s: %v, want the machine to be blamed: %t", every, lost, heldUp)
			}
		})
	}
}

// A rareLease is renewed as seldom as its process comes to it.
type rareLease struct {
	fakeLease
	after time.Duration
}

func (h *rareLease) every() time.Duration { return h.after }

// A slowLease takes some time to renew, and remembers its last call.
type slowLease struct {
	fakeLease
	took time.Duration
	last string
}

func (h *slowLease) renew(ctx context.Context) (time.Time, error) {
	asked := time.Now()
	select {
	case <-time.After(h.took): // the server has got it, and carries it out now
		h.last = "renewed"
		return asked, nil
	case <-ctx.Done():
		time.AfterFunc(h.took, func() { h.last = "renewed" }) // the server carries it out all the same
		return asked, ctx.Err()
	}
}

func (h *slowLease) release(context.Context) error {
	h.last = "released"
	return nil
}

// A renewal that is carried out after the release would take the server again.
func TestAReleaseComesAfterTheRenewalUnderWay(t *testing.T) {
	t.Parallel()
	for _, took := range []time.Duration{300 * time.Millisecond, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			h := &slowLease{took: took}
			release := New(Options{URL: "http://127.0.0.1:1"}).startRenewing(t.Context(), h)
			time.Sleep(15*time.Second + 100*time.Millisecond) // in the middle of the first renewal
			began := time.Now()
			if err := release(t.Context()); err != nil {
				t.Error(err)
			}
			if waited := time.Since(began); waited > maxRenewal {
				t.Errorf("the release waited for %s", waited)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if h.last != "released" {
				t.Errorf("a renewal of %s: the lease is %s in the end", took, h.last)
			}
		})
	}
}

// A server that was told that the run is over answers renewals with 410 Gone.
func TestALeaseThatWasReleasedElsewhere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusGone)
		w.Write([]byte(`{"error": "run r has released this server: it is over", "status": 410}`))
	}))
	defer server.Close()
	l := &proxyLease{d: New(Options{URL: server.URL}), run: "r"}
	if _, err := l.renew(t.Context()); !errors.Is(err, errLost) || !strings.Contains(err.Error(), "it is over") {
		t.Errorf("renew() = %v, want the lease lost, with the server's message", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"127.0.0.1:80":                   {"127.0.0.1", "80"},
		"http://Shop.Test:8083/a/b?c":    {"shop.test", "8083"},
		"https://shop.test":              {"shop.test", "443"},
		"redis://user:pw@[::1]":          {"::1", "6379"},
		"postgres://u:p@db.test/shop":    {"db.test", "5432"},
		"[::]:18083":                     {"::", "18083"},
		":18083":                         {"", "18083"},
		"shop.test":                      {"shop.test", ""},
		"h2c://shop.test":                {"shop.test", "80"},
		"grpc://shop.test":               {"shop.test", "80"},
		"grpcs://shop.test":              {"shop.test", "443"},
		"run.until-x.blastgauge.invalid": {"run.until-x.blastgauge.invalid", ""},
	} {
		if host, port := address(text); host != want[0] || port != want[1] {
			t.Errorf("address(%q) = %q, %q, want %q", text, host, port, want)
		}
	}
}

func TestSameUpstream(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"127.0.0.1:1", "localhost:1", true},
		{"[::1]:1", "http://localhost:1", true},
		{"http://shop.test", "shop.test:80", true},
		{"SHOP.test:1", "shop.test:1", true},
		{"127.0.0.1:1", "127.0.0.1:2", false},
		{"127.0.0.1:1", "10.0.0.1:1", false},
		{"0.0.0.0:1", "127.0.0.1:1", false},
		{"shop.test:1", "localhost:1", false},
	} {
		if got := sameUpstream(tt.a, tt.b); got != tt.want || got != sameUpstream(tt.b, tt.a) {
			t.Errorf("sameUpstream(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestSameListen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		actual, declared string
		want             bool
	}{
		{"[::]:1", "127.0.0.1:1", true},
		{"[::]:1", "0.0.0.0:1", true},
		{"[::]:1", "10.0.0.1:1", true},
		{"127.0.0.1:1", "localhost:1", true},
		{"127.0.0.1:1", "localhost:0", true},
		{"127.0.0.1:1", "10.0.0.1:0", false},
		{"127.0.0.1:1", "10.0.0.1:1", false},
		{"127.0.0.1:1", "127.0.0.1:2", false},
	} {
		if got := sameListen(tt.actual, tt.declared); got != tt.want {
			t.Errorf("sameListen(%q, %q) = %v, want %v", tt.actual, tt.declared, got, tt.want)
		}
	}
}

func TestClaimsSurviveTheServer(t *testing.T) {
	t.Parallel()
	c := claim{"20261124t101112z-abc123", time.Date(2026, 11, 24, 10, 12, 12, 0, time.UTC)}
	if got, ok := parseClaim(c.String()); !ok || got != c {
		t.Errorf("parseClaim(%q) = %v, %v", c, got, ok)
	}
}

func TestWhatDiffers(t *testing.T) {
	t.Parallel()
	want := newToxic{Name: "n", Type: "latency", Stream: "downstream", Toxicity: 0.2, Attributes: map[string]any{"latency": int64(100)}}
	for text, difference := range map[string]string{
		`{"type":"latency","stream":"downstream","toxicity":0.2,"attributes":{"latency":100,"jitter":0}}`: "",
		`{"type":"latency","stream":"downstream","toxicity":0.20000000298,"attributes":{"latency":100}}`:  "",
		`{"type":"timeout","stream":"downstream","toxicity":0.2,"attributes":{"latency":100}}`:            "its type is timeout, not latency",
		`{"type":"latency","stream":"upstream","toxicity":0.2,"attributes":{"latency":100}}`:              "its stream is upstream, not downstream",
		`{"type":"latency","stream":"downstream","toxicity":1,"attributes":{"latency":100}}`:              "its toxicity is 1, not 0.2",
		`{"type":"latency","stream":"downstream","toxicity":0.2,"attributes":{"latency":101}}`:            "its latency is 101, not 100",
		`{"type":"latency","stream":"downstream","toxicity":0.2,"attributes":{"latency":100,"jitter":1}}`: "its jitter is 1 and was not asked for",
		`{"type":"latency","stream":"downstream","toxicity":0.2,"attributes":{"jitter":0}}`:               "its latency is null, not 100",
		`{"type":"latency","stream":"downstream","toxicity":0.2,"attributes":{"latency":"100\u001b[2J"}}`: `its latency is "100\u001b[2J", not 100`,
		`{"type":"latency","stream":"downstream","toxicity":0.2}`:                                         "its latency is null, not 100",
	} {
		var there toxic
		if err := json.Unmarshal([]byte(text), &there); err != nil {
			t.Fatal(err)
		}
		if got := want.differs(there, plainly); got != difference {
			t.Errorf("differs(%s) = %q, want %q", text, got, difference)
		}
	}
}

// Answers of a server are shown, so they must be short, printable and one line.
func FuzzErrorsOfAServer(f *testing.F) {
	for _, seed := range []string{"", "<html><title>x</title>", `{"error":"proxy not found","status":404}`, `{"title":"\u001b[2J"}`, "\xff\x00<", strings.Repeat("é", 300), strings.Repeat("x", 199) + "é"} {
		f.Add(404, []byte(seed))
	}
	api := newClient(Options{Token: "hunter22"})
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		resp := &http.Response{StatusCode: status, Body: readCloser{strings.NewReader(string(body))}}
		err := api.statusError(request{method: "GET", path: "/proxies/x"}, resp)
		if text := err.Message; len(text) > 210 || api.printable(text) != text {
			t.Errorf("statusError(%q) = %q", body, text)
		}
		if isMissing(err) && !json.Valid(body) {
			t.Errorf("%q was taken for Toxiproxy's own 404", body)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func FuzzStates(f *testing.F) {
	f.Add([]byte(`{"name":"a","enabled":true,"toxics":[{"name":"n","type":"latency","toxicity":1,"attributes":{"latency":1}}]}`))
	f.Add([]byte(`{"name":"a","enabled":false,"toxics":[{"attributes":{"latency":{"x":[null]}}}],"blastgauge":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var s state
		if json.Unmarshal(body, &s) != nil {
			return
		}
		want := newToxic{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]any{"latency": int64(1)}}
		for _, there := range s.Toxics {
			if text := want.differs(there, plainly) + there.describe(plainly); strings.ContainsAny(text, "\n\x1b") {
				t.Errorf("shown as %q", text)
			}
		}
	})
}

func FuzzClaims(f *testing.F) {
	f.Add("run.until-20261124t101112z.blastgauge.invalid:1")
	f.Add(".until-")
	f.Fuzz(func(t *testing.T, upstream string) {
		if c, ok := parseClaim(upstream); ok && c.String() != upstream {
			t.Errorf("parseClaim(%q) = %v", upstream, c)
		}
	})
}

func FuzzVersions(f *testing.F) {
	f.Add([]byte(`{"version":"2.12.0","blastgauge":{"version":"1"}}`))
	f.Add([]byte(`{"blastgauge":{}}`))
	f.Add([]byte("2.1.4"))
	api := newClient(Options{})
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, ok := api.parseVersion(body); ok && (s.Version == "" || api.printable(s.Version) != s.Version) {
			t.Errorf("parseVersion(%q) = %+v", body, s)
		}
	})
}

// A renewal that meets another run's lease ends this lease: it is not tried again.
func TestALeaseThatAnotherRunHasIsLost(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error": "leased", "status": 409}`, http.StatusConflict)
	}))
	defer server.Close()
	l := &proxyLease{d: New(Options{URL: server.URL}), run: "run-1"}
	if _, err := l.renew(t.Context()); !errors.Is(err, errLost) || !errors.Is(err, ErrRefused) {
		t.Errorf("renew() = %v, want it lost", err)
	}
}

// plainly shows a server's text to a driver that has no secrets.
func plainly(text string) string { return newClient(Options{}).printable(text) }
