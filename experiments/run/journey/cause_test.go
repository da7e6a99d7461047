package journey

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
	"github.com/blastgauge/blastgauge/experiments/site"
)

// What happened to a connection is known by what its error is, and by whom the request
// was for.
func TestCausesOfRealConnections(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	insecure := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(insecure.Close)
	plain := insecure.URL
	strict := httptest.NewUnstartedServer(http.NotFoundHandler())
	strict.Config.ErrorLog = log.New(io.Discard, "", 0)
	strict.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13} // its alert comes after the handshake
	strict.StartTLS()
	t.Cleanup(strict.Close)
	const nobody = "http://127.0.0.1:1" // a port that was given up may be another test's
	reset := journeytest.Listen(t, func(c *net.TCPConn) {
		_, _ = journeytest.ReadRequest(bufio.NewReader(c))
		_ = c.SetLinger(0)
	})
	hangs := journeytest.Listen(t, func(*net.TCPConn) { <-t.Context().Done() })
	closes := journeytest.Listen(t, once(""))
	address := func(u string) string { return u[strings.Index(u, "//")+2:] }
	tests := map[string]struct {
		base, target string
		want         journal.Cause
		key          string
	}{
		"nobody listens":           {nobody, "/", journal.Refused, address(nobody)},
		"reset":                    {reset, "/", journal.Reset, address(reset)},
		"closed":                   {closes, "/", journal.Closed, address(closes)},
		"hangs":                    {hangs, "/", journal.Timeout, address(hangs)},
		"unknown authority":        {secure.URL, "/", journal.TLS, address(secure.URL)},
		"plain where TLS is asked": {"https://" + address(plain), "/", journal.TLS, address(plain)},
		"elsewhere":                {plain, nobody + "/x", journal.Refused, address(nobody)},
		"not allowed":              {plain, "http://shop.example/x", journal.NotAllowed, "shop.example"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, httpclient.Options{Base: tt.base})
			timeout := 30 * time.Second
			if tt.want == journal.Timeout {
				timeout = 50 * time.Millisecond
			}
			at, err := site.New(tt.base, "")
			if err != nil {
				t.Fatal(err)
			}
			r := performOnce(t, experiments.Step{Name: "pay", Request: experiments.Request{Target: tt.target}}, Entry{Sender: c, Site: at, Wanted: always}, timeout)
			if r.Outcome != journal.Failed || r.Cause != tt.want || r.Key != tt.key || r.At != 0 || r.Example == nil || r.Example.Detail == "" || r.Example.Status != 0 {
				t.Errorf("%+v, %+v, want %s %s", r, r.Example, tt.want, tt.key)
			}
		})
	}
	t.Run("an alert after the handshake", func(t *testing.T) {
		t.Parallel()
		conn, err := tls.Dial("tcp", address(strict.URL), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // its certificate is not what is tested
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
		if got := causeOf(fmt.Errorf("reading: %w", err), false); got != journal.TLS {
			t.Errorf("%v is %s", err, got)
		}
	})
}

func always(int, journal.Cause, string) bool { return true }

func performOnce(t *testing.T, step experiments.Step, to Entry, timeout time.Duration) Result {
	t.Helper()
	script, err := Compile([]experiments.Step{step}, Facts{Run: "r"})
	if err != nil {
		t.Fatal(err)
	}
	return NewExecution().Perform(t.Context(), script, to, Seed{}, Limits{Intended: time.Now(), Timeout: timeout})
}

func TestCausesOfErrors(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return fmt.Errorf("x: %w", &net.OpError{Op: "dial", Net: "tcp", Err: err}) }
	for name, tt := range map[string]struct {
		err  error
		late bool
		want journal.Cause
	}{
		"refused":                      {dial(syscall.ECONNREFUSED), false, journal.Refused},
		"refused at the deadline":      {dial(syscall.ECONNREFUSED), true, journal.Timeout},
		"broken pipe":                  {dial(syscall.EPIPE), false, journal.Reset},
		"no route":                     {dial(syscall.EHOSTUNREACH), false, journal.Broken},
		"the kernel's time-out":        {dial(syscall.ETIMEDOUT), false, journal.Timeout},
		"no such name":                 {dial(&net.DNSError{Name: "shop.test", IsNotFound: true}), false, journal.DNS},
		"a resolver that hangs":        {dial(&net.DNSError{Name: "shop.test", IsTimeout: true}), false, journal.DNS},
		"end of file":                  {fmt.Errorf("x: %w", io.EOF), false, journal.Closed},
		"end of file inside":           {fmt.Errorf("x: %w", io.ErrUnexpectedEOF), false, journal.Closed},
		"compressed data that ends":    {fmt.Errorf("%w: %w", httpclient.ErrUncompressing, io.ErrUnexpectedEOF), false, journal.Broken},
		"not allowed":                  {fmt.Errorf("x: %w", experiments.ErrRefused), true, journal.NotAllowed},
		"a context's deadline":         {context.DeadlineExceeded, false, journal.Timeout},
		"no memory for one answer":     {errTooMuch, false, journal.TooLarge},
		"no time to judge it":          {errNotJudged, false, journal.Timeout},
		"a text that means nothing":    {errors.New("connection refused, reset by peer, EOF, timeout, tls, no such host"), false, journal.Broken},
		"a reset during the handshake": {fmt.Errorf("%w: %w", httpclient.ErrHandshake, dial(syscall.ECONNRESET)), false, journal.Reset},
		"anything else during it":      {fmt.Errorf("%w: %w", httpclient.ErrHandshake, errors.New("bad")), false, journal.TLS},
	} {
		if got := causeOf(tt.err, tt.late); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// What did not meet an expectation has the expectation as its key, and an example that
// says what came.
func TestCausesOfAnswers(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string, headers ...experiments.Field) Sender {
		return sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
			resp.Status, resp.Body, resp.Headers = status, []byte(body), headers
			return nil
		})
	}
	tests := map[string]struct {
		step            experiments.Step
		to              Sender
		outcome         journal.Outcome
		cause           journal.Cause
		key             string
		expected, found string
	}{
		"status": {experiments.Step{}, answer(502, "no upstream"), journal.Failed, journal.Status, "502", "200 to 299", "502"},
		"json": {experiments.Step{Expect: experiments.Expect{JSON: []experiments.Check{{Target: "$.charged", Op: experiments.Eq, Value: 90.0}}}}, answer(200, `{"charged":100}`),
			journal.Wrong, journal.Unmet, "$.charged", "90", "100"},
		"nothing there": {experiments.Step{Expect: experiments.Expect{JSON: []experiments.Check{{Target: "$.charged", Op: experiments.Gte, Value: 90.0}}}}, answer(200, `{}`),
			journal.Wrong, journal.Unmet, "$.charged", "at least 90", "nothing"},
		"secret by its name": {experiments.Step{Expect: experiments.Expect{JSON: []experiments.Check{{Target: "$.user.password", Op: experiments.Eq, Value: "hunter22"}}}}, answer(200, `{"user":{"password":"hunter23"}}`),
			journal.Wrong, journal.Unmet, "$.user.password", "***", "***"},
		"header": {experiments.Step{Expect: experiments.Expect{Header: []experiments.Check{{Target: "Content-Type", Op: experiments.Eq, Value: "text/html"}}}}, answer(200, "", experiments.Field{Name: "Content-Type", Value: "text/plain"}),
			journal.Wrong, journal.Unmet, "header Content-Type", `"text/html"`, `"text/plain"`},
		"body": {experiments.Step{Expect: experiments.Expect{Body: []experiments.Check{{Op: experiments.Matches, Value: "^ok"}}}}, answer(200, "no"),
			journal.Wrong, journal.Unmet, "body matches /^ok/", `"^ok"`, ""},
		"not JSON": {experiments.Step{Expect: experiments.Expect{JSON: []experiments.Check{{Target: "$.a", Op: experiments.Exists, Value: true}}}}, answer(200, "<html>"),
			journal.Wrong, journal.Unmet, "body is JSON", "", ""},
		"capture": {experiments.Step{Captures: []experiments.Capture{{Name: "cart", From: experiments.FromJSON, Expr: "$.id"}}}, answer(200, `{}`),
			journal.Wrong, journal.Unmet, "capture cart", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.step.Name, tt.step.Request.Target = "pay", "/pay"
			r := performOnce(t, tt.step, Entry{Sender: tt.to, Site: shopSite, Wanted: always}, time.Minute)
			if r.Outcome != tt.outcome || r.Cause != tt.cause || r.Key != tt.key {
				t.Errorf("%v %s %q", r.Outcome, r.Cause, r.Key)
			}
			if x := r.Example; x == nil || x.Expected != tt.expected || x.Found != tt.found || x.Detail == "" || x.Status == 0 {
				t.Errorf("%+v", x)
			}
			if r := performOnce(t, tt.step, Entry{Sender: tt.to, Site: shopSite}, time.Minute); r.Example != nil || r.Key != tt.key {
				t.Errorf("unasked: %+v", r)
			}
		})
	}
}

// What a journey has sent under the name of a secret is in no example, wherever the
// answer repeats it.
func TestExamplesShowNothingThatAJourneyKeepsSecret(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"env": "env-Zq7xYjK3", "header": "hdr-Zq7xYjK3", "cookie": "ckc-Zq7xYjK3", "form": "frm Zq7xYjK3", "query": "qry-Zq7xYjK3", "captured": "cap-Zq7xYjK3",
		"basic": "c2hvcDpiYXMtWnE3eFlqSzM=", "decoded": "bas-Zq7xYjK3"}
	all := ""
	for _, s := range secrets {
		all += " said " + s + ","
	}
	headers := []experiments.Field{
		{Name: "Set-Cookie", Value: "session=" + secrets["cookie"] + "; Path=/"}, {Name: "Location", Value: "/login?why=" + url.QueryEscape(all)},
		{Name: "Retry-After", Value: all}, {Name: "Content-Type", Value: all}, {Name: "X-Request-Id", Value: secrets["header"]},
	}
	echo := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		resp.Status, resp.Body, resp.Headers = 200, []byte(`{"access_token":"`+secrets["captured"]+`"}`), headers
		if strings.HasPrefix(req.Target, "/pay") {
			resp.Status, resp.Body = 502, []byte(all)
		}
		return nil
	})
	steps := []experiments.Step{
		{Name: "login", Request: experiments.Request{Target: "/login"}, Captures: []experiments.Capture{{Name: "who", From: experiments.FromJSON, Expr: "$.access_token"}}},
		{Name: "pay", Request: experiments.Request{Method: "POST", Target: "/pay?api_key=" + secrets["query"], Form: []experiments.Field{{Name: "password", Value: secrets["form"]}, {Name: "pay", Value: "${env:PAY}"}},
			Headers: []experiments.Field{{Name: "X-Auth-Token", Value: secrets["header"]}, {Name: "Authorization", Value: "Basic " + secrets["basic"]}}}},
	}
	script, err := Compile(steps, Facts{Run: "r", Env: func(string) (string, bool) { return secrets["env"], true }})
	if err != nil {
		t.Fatal(err)
	}
	r := NewExecution().Perform(t.Context(), script, Entry{Sender: echo, Site: shopSite, Wanted: always}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
	if r.Example == nil || r.Name != "pay" || !strings.Contains(r.Example.Body, "said ***") {
		t.Fatalf("%+v %+v", r, r.Example)
	}
	text := fmt.Sprintf("%+v %+v", r, *r.Example)
	for what, secret := range secrets {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			t.Errorf("the %s is shown in %s", what, text)
		}
	}
}

// A later answer may repeat what an earlier step has sent or been given.
func TestExamplesShowNoSecretOfEarlierSteps(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"page": "pge-Zq7xYjK3", "cookie": "ckc-Zq7xYjK3", "form": "frm Zq7xYjK3", "part": "prt-Zq7xYjK3", "json": "jsn-Zq7xYjK3", "query": "qry-Zq7xYjK3", "header": "hdr-Zq7xYjK3", "own cookie": "own-Zq7xYjK3"}
	all := " said " + strings.Join(slices.Collect(maps.Values(secrets)), ", said ")
	echo := sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		resp.Status, resp.Headers, resp.Body = 200, nil, []byte("key "+secrets["page"])
		switch {
		case strings.HasPrefix(req.Target, "/login"):
			resp.Headers = []experiments.Field{{Name: "Set-Cookie", Value: "session=" + secrets["cookie"] + "; Path=/elsewhere"}}
		case req.Target == "/pay":
			resp.Status, resp.Body = 502, []byte(all)
		}
		return nil
	})
	steps := []experiments.Step{
		{Name: "login", Request: experiments.Request{Method: "POST", Target: "/login?api_key=" + secrets["query"], Form: []experiments.Field{{Name: "password", Value: secrets["form"]}}},
			Captures: []experiments.Capture{{Name: "k", From: experiments.FromRegex, Expr: "key (.*)"}}},
		{Name: "again", Request: experiments.Request{Method: "POST", Target: "/again", JSON: map[string]any{"password": secrets["json"]},
			Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${k}"}, {Name: "Cookie", Value: "sid=" + secrets["own cookie"]}}}},
		{Name: "parts", Request: experiments.Request{Method: "POST", Target: "/parts", Multipart: []experiments.FormPart{{Name: "password", Value: secrets["part"]}},
			Headers: []experiments.Field{{Name: "X-Auth-Token", Value: secrets["header"]}}}},
		{Name: "pay", Request: experiments.Request{Target: "/pay"}},
	}
	script, err := Compile(steps, Facts{Run: "r"})
	if err != nil {
		t.Fatal(err)
	}
	var told []Exchange
	e := NewExecution()
	e.Trace(func(x Exchange) { told = append(told, x) })
	r := e.Perform(t.Context(), script, Entry{Sender: echo, Site: shopSite, Wanted: always}, Seed{}, Limits{Intended: time.Now(), Timeout: time.Minute})
	if r.Example == nil || r.Name != "pay" || !strings.Contains(r.Example.Body, "said ***") {
		t.Fatalf("%+v %+v", r, r.Example)
	}
	for what, secret := range secrets {
		if strings.Contains(r.Example.Body, secret) {
			t.Errorf("the %s is shown in %s", what, r.Example.Body)
		}
		if last := told[len(told)-1]; last.Step != "pay" || !strings.Contains(last.Content, "said ***") || strings.Contains(last.Content, secret) {
			t.Errorf("the %s is told in %s: %s", what, last.Step, last.Content)
		}
	}
}

// Who listens changes nothing of what is sent, although the requests of earlier steps are
// made again for what is told.
func TestATracerChangesNoRequest(t *testing.T) {
	t.Parallel()
	step := func(name string) experiments.Step {
		return experiments.Step{Name: name, Request: experiments.Request{Method: "POST", Target: "/" + name, Body: "${uuid} ${random 1..1000000}"}}
	}
	script, err := Compile([]experiments.Step{step("a"), step("b"), step("c")}, Facts{Run: "r"})
	if err != nil {
		t.Fatal(err)
	}
	send := func(tracer Tracer) (bodies []string) {
		e := NewExecution()
		e.Trace(tracer)
		e.Perform(t.Context(), script, Entry{Site: shopSite, Sender: sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
			bodies = append(bodies, string(req.Body))
			resp.Status = 200
			return nil
		})}, Seed{Choices: 1, UUIDs: 2}, Limits{Intended: time.Now(), Timeout: time.Minute})
		return bodies
	}
	if alone, told := send(nil), send(func(Exchange) {}); len(alone) != 3 || !slices.Equal(alone, told) {
		t.Errorf("sent %q to nobody's knowledge, and %q where somebody listens", alone, told)
	}
}

func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	head := "HTTP/1.1 200 OK\r\n"
	tests := map[string]struct {
		handle func(*net.TCPConn)
		want   string
		cause  journal.Cause
	}{
		"short body":         {once(head + "Content-Length: 100\r\n\r\nten bytes!"), "ended early", journal.Closed},
		"short chunk":        {once(head + "Transfer-Encoding: chunked\r\n\r\n64\r\nten bytes!"), "", journal.Closed},
		"no last chunk":      {once(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), "", journal.Closed},
		"half the headers":   {once(head + "Content-Le"), "", journal.Closed},
		"no answer":          {once(""), "closed without an answer", journal.Closed},
		"not HTTP":           {once("SSH-2.0-OpenSSH\r\n\r\n"), "", journal.Broken},
		"two lengths":        {once(head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!"), "", journal.Broken},
		"too large":          {once(head + fmt.Sprintf("Content-Length: %d\r\n\r\n", maxBody+1)), "larger than 8 MiB", journal.TooLarge},
		"broken compression": {once(head + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"), "uncompressing", journal.Broken},
		"bomb":               {once(bomb(t)), "larger than 8 MiB", journal.TooLarge},
		"headers too large":  {once(head + "X: " + strings.Repeat("x", 256<<10) + "\r\nContent-Length: 2\r\n\r\nok"), "larger than 256 kB", journal.TooLarge},
		"reset": {func(c *net.TCPConn) {
			_, _ = journeytest.ReadRequest(bufio.NewReader(c))
			_ = c.SetLinger(0)
		}, "reset", journal.Reset},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, httpclient.Options{Base: journeytest.Listen(t, tt.handle)})
			err := c.Send(t.Context(), &httpclient.Request{Method: "GET", Target: "/", Deadline: time.Now().Add(time.Minute)}, &httpclient.Response{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Send() = %v, want an error that says %q", err, tt.want)
			}
			if got := causeOf(err, false); got != tt.cause {
				t.Errorf("judged as %q, want %q", got, tt.cause)
			}
		})
	}
}

func bomb(t testing.TB) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(make([]byte, maxBody+1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String())
}
