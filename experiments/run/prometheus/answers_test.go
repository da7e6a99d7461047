package prometheus

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// answering is a transport of answers that are made up.
type answering func(*http.Request) (status int, body []byte)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := a(r)
	return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: &bounded{io.NopCloser(bytes.NewReader(body)), mostBytes}}, nil
}

func clientOf(t testing.TB, a answering) *client {
	t.Helper()
	address := &url.URL{Scheme: "http", Host: "127.0.0.1:9090"}
	return &client{api: &api{address, &http.Client{Transport: a}}, url: address.String()}
}

// A server that is no Prometheus, or one that says no, is told as what it is.
func TestAnswersThatAreNoSamples(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"a page":        {200, "<html>", ""},
		"nothing":       {200, "", ""},
		"an error":      {400, `{"status":"error","errorType":"bad_data","error":"parse error"}`, "parse error"},
		"no login":      {401, "Unauthorized", "401"},
		"no matrix":     {200, `{"status":"success","data":{"resultType":"vector","result":[]}}`, "no selector"},
		"a part":        {200, `{"status":"success","warnings":["store b was not reached"],"data":{"resultType":"matrix","result":[]}}`, "store b"},
		"a proxy's 502": {502, "Bad Gateway", "502"},
	} {
		c := clientOf(t, func(*http.Request) (int, []byte) { return tt.status, []byte(tt.body) })
		if _, err := c.samples(t.Context(), "a", time.Now(), time.Minute); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: samples: %v", name, err)
		}
		if _, err := c.now(t.Context()); err == nil {
			t.Errorf("%s: now: no error", name)
		}
	}
}

// The token goes into the header, and into no error.
func TestTheTokenIsSent(t *testing.T) {
	t.Parallel()
	var sent string
	getenv := func(name string) (string, bool) { return map[string]string{"T": "hunter22"}[name], true }
	s := &experiments.System{Measure: &experiments.Measure{Prometheus: "http://127.0.0.1:1", Token: "${env:T}"}}
	c, err := newClient(s, getenv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.now(t.Context()); err == nil || strings.Contains(err.Error(), "hunter22") {
		t.Errorf("%v", err)
	}
	home := &url.URL{Scheme: "http", Host: "127.0.0.1"}
	tr := &transport{authorization: "Bearer hunter22", home: home, RoundTripper: answering(func(r *http.Request) (int, []byte) {
		sent = r.Header.Get("Authorization")
		return 200, nil
	})}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(r)
	if err != nil || sent != "Bearer hunter22" || r.Header.Get("Authorization") != "" {
		t.Errorf("%q was sent, %v", sent, err)
	}
	_ = resp.Body.Close() // there is none
}

// A redirect takes the token nowhere else, not even to the same host without TLS.
func TestTheTokenStaysWithItsPrometheus(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"http://127.0.0.1:9091/", "http://127.0.0.2:9090/", "https://127.0.0.1:9090/"} {
		asked := false
		tr := &transport{authorization: "Bearer hunter22", home: &url.URL{Scheme: "http", Host: "127.0.0.1:9090"}, RoundTripper: answering(func(*http.Request) (int, []byte) {
			asked = true
			return 200, nil
		})}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close() // there is none
		}
		if err == nil || asked || !strings.Contains(err.Error(), r.URL.Host) || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// A server that accepts and never answers ends the look all the same.
func TestAServerThatNeverAnswersIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &client{api: hanging{}}
		begun := time.Now()
		f := look(t.Context(), c, &experiments.Measure{Scrape: time.Second}, experiments.MeasuredJourney{Name: "visit", Total: "a", Harmed: "b"})
		if f == nil || f.Err == nil || time.Since(begun) > time.Minute {
			t.Errorf("%+v after %s", f, time.Since(begun))
		}
	})
}

// hanging answers nothing before its time is over.
type hanging struct{}

func (hanging) query(ctx context.Context, _ string, _ time.Time) (answer, error) {
	<-ctx.Done()
	return answer{}, ctx.Err()
}

// Nothing that a server answers ends the run.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"a","le":"+Inf"},"values":[[1.5,"3"],[2.5,"NaN"],[3.5,"1e400"]]}]}}`))
	f.Add([]byte(`{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"1"]}}`))
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":null}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := clientOf(t, func(*http.Request) (int, []byte) { return 200, body })
		_, _ = c.now(t.Context())
		r := reader{experiments.MeasuredJourney{Name: "a", Total: "a", Harmed: "b", Duration: &experiments.MeasuredDuration{Histogram: "c", SlowAfter: time.Second}}}
		list, err := r.read(t.Context(), c, time.Now(), time.Minute)
		if err != nil {
			return
		}
		for _, i := range newTargets(time.Minute).add(list) {
			for arm := range i.arms {
				if failed, slow, ok := r.divide(&i.arms[arm]); i.lost == "" && (failed < 0 || slow < 0 || ok < 0) {
					t.Fatalf("%d, %d, %d of %+v", failed, slow, ok, i.arms[arm])
				}
			}
		}
	})
}
