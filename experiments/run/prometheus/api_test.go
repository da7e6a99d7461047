package prometheus

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	official "github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// officialOf is the official client, which ours is held against.
func officialOf(t testing.TB, address string, transport http.RoundTripper) v1.API {
	t.Helper()
	c, err := official.NewClient(official.Config{Address: address, RoundTripper: transport})
	if err != nil {
		t.Fatal(err)
	}
	return v1.NewAPI(c)
}

func apiOf(t testing.TB, address string, transport http.RoundTripper) *api {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &api{u, &http.Client{Transport: transport}}
}

// asked is what a request says.
func asked(t *testing.T, r *http.Request) string {
	t.Helper()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
	}
	return strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), string(body)}, " ")
}

// A server cannot tell our requests from those of the official client.
func TestQueriesAreAskedAsTheOfficialClientDoes(t *testing.T) {
	t.Parallel()
	const query = `a{b="c d",e=~"é|\\d"}[90000ms]`
	times := []time.Time{{}, time.UnixMilli(1435781430781), time.Unix(1435781430, 0), time.Unix(1435781430, 123456789), time.Unix(-1, 5e8)}
	for _, address := range []string{"http://h", "http://h/", "http://h:9090/prefix", "https://h/a/b//", "http://u:p@h/x?tenant=7", "http://h/a%2Fb"} {
		for _, status := range []int{200, 204, 400, 403, 404, 405, 422, 500, 501, 503} {
			for _, at := range times {
				var want, got []string
				answer := func(list *[]string) answering {
					return func(r *http.Request) (int, []byte) {
						*list = append(*list, asked(t, r))
						return status, []byte(`{"status":"success","data":{"resultType":"matrix","result":[]}}`)
					}
				}
				_, _, _ = officialOf(t, address, answer(&want)).Query(t.Context(), query, at)
				_, _ = apiOf(t, address, answer(&got)).query(t.Context(), query, at)
				if !slices.Equal(got, want) || len(want) == 0 {
					t.Errorf("%s, %d: asked %q, want %q", address, status, got, want)
				}
			}
		}
	}
}

// Where a POST is refused and the GET is answered, the answer is read, over a real connection.
func TestAServerThatTakesNoPOST(t *testing.T) {
	t.Parallel()
	for _, refused := range []int{http.StatusMethodNotAllowed, http.StatusNotImplemented} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.WriteHeader(refused)
				return
			}
			if r.URL.Path != "/prefix/api/v1/query" || r.FormValue("query") != "time()" || r.FormValue("time") != "" {
				t.Errorf("asked for %s", r.URL)
			}
			_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1435781430.781,"1435781430.781"]}}`)
		}))
		at, err := (&client{api: apiOf(t, server.URL+"/prefix/", http.DefaultTransport)}).now(t.Context())
		if err != nil || at.UnixMilli() != 1435781430781 {
			t.Errorf("%d: %d, %v", refused, at.UnixMilli(), err)
		}
		server.Close()
	}
}

// Errors say what those of the official client say.
func TestErrorsAreWordedAsTheOfficialClientDoes(t *testing.T) {
	t.Parallel()
	const failed = `{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": parse error"}`
	for name, tt := range map[string]struct {
		status int
		body   string
	}{
		"a query that is wrong":        {400, failed},
		"one that cannot be evaluated": {422, `{"status":"error","errorType":"execution","error":"too many samples"}`},
		"an error with the status 200": {200, failed},
		"a timeout":                    {503, `{"status":"error","errorType":"timeout","error":"query timed out"}`},
		"no login":                     {401, "Unauthorized"},
		"no POST and no GET":           {405, failed},
		"a proxy's page":               {502, "<html>Bad Gateway"},
		"not found":                    {404, ""},
		"nothing new":                  {304, ""},
		"success that is refused":      {400, `{"status":"success","data":{}}`},
	} {
		answer := answering(func(*http.Request) (int, []byte) { return tt.status, []byte(tt.body) })
		_, _, want := officialOf(t, "http://h", answer).Query(t.Context(), "a", time.Time{})
		_, got := apiOf(t, "http://h", answer).query(t.Context(), "a", time.Time{})
		if want == nil || got == nil || got.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// What nobody waits for any more ends at once, before the answer and in the middle of it.
func TestAQueryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"before the answer": "", "within it": `{"status":`} {
		begun, over := make(chan struct{}), make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if begin != "" {
				_, _ = io.WriteString(w, begin)
				_ = http.NewResponseController(w).Flush()
			}
			close(begun)
			<-over
		}))
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-begun
			cancel()
		}()
		if _, err := apiOf(t, server.URL, http.DefaultTransport).query(ctx, "a", time.Time{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		close(over)
		server.Close()
	}
}

// An answer beyond the bound is known as what it is, and is not read to its end.
func TestAnAnswerIsBounded(t *testing.T) {
	t.Parallel()
	c := clientOf(t, func(*http.Request) (int, []byte) { return 200, make([]byte, mostBytes+1) })
	if _, err := c.samples(t.Context(), "a", time.Now(), time.Minute); !errors.Is(err, errTooLarge) {
		t.Errorf("%v", err)
	}
	long := strings.Repeat("x", 1<<20)
	for name, body := range map[string]string{
		"an error":  `{"status":"error","errorType":"` + long + `","error":"` + long[:1000] + `"}`,
		"a warning": `{"status":"success","warnings":["` + long + `"],"data":{"resultType":"matrix","result":[]}}`,
		"a status":  `{"status":"` + long + `"}`,
		"a type":    `{"status":"success","data":{"resultType":"` + long + `","result":[]}}`,
		"a value":   `{"status":"success","data":{"resultType":"scalar","result":[1,"` + long + `"]}}`,
		"a time":    `{"status":"success","data":{"resultType":"scalar","result":[` + strings.Repeat("1", 1<<20) + `,"1"]}}`,
		"a name":    `{"status":"success","data":{"resultType":"matrix","result":[{"` + long + `":1}]}}`,
	} {
		c := clientOf(t, func(*http.Request) (int, []byte) { return 200, []byte(body) })
		if _, err := c.samples(t.Context(), "a", time.Now(), time.Minute); err == nil || len(err.Error()) > 3*mostMessage {
			t.Errorf("%s: an error of %d bytes, %.100v", name, len(err.Error()), err)
		}
	}
}
