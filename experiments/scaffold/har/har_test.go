package har

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

func TestWrongRecordings(t *testing.T) {
	t.Parallel()
	entry := func(inside string) string { return `{"log": {"entries": [` + inside + `]}}` }
	for name, tt := range map[string]struct{ text, want, hint string }{
		"nothing":          {"", "byte 0: the file ends in the middle", "as HAR with content"},
		"a text":           {"Hello", "not JSON", "as HAR with content"},
		"a list":           {"[]", "the file is not an object", "as HAR with content"},
		"another document": {`{"name": "x"}`, "it has no log", "as HAR with content"},
		"log of text":      {`{"log": "x"}`, "log is not an object", "as HAR with content"},
		"entries of text":  {`{"log": {"entries": "x"}}`, "log.entries is not a list", "as HAR with content"},
		"no entries":       {`{"log": {"entries": []}}`, "holds no requests", "as HAR with content"},
		"cut":              {`{"log": {"entries": [{"request": {"method": "G`, "entry 1, byte", "as HAR with content"},
		"no request":       {entry(`{"response": {}}`), "entry 1: a request and a response are needed", "as HAR with content"},
		"no response":      {entry(ok("http://a.test/") + `, {"request": {"url": "http://a.test/"}}`), "entry 2: a request and a response", "as HAR with content"},
		"status of text":   {entry(`{"request": {}, "response": {"status": "200"}}`), "entry 1, byte", "as HAR with content"},
		"not a URL":        {entry(`{"request": {"url": "http://[::1"}, "response": {}}`), "entry 1: request.url is not a URL", "a URL such as"},
		"long URL":         {entry(ok("http://a.test/" + strings.Repeat("a", maxURL))), "entry 1: a URL of", ""},
		"large upload": {entry(`{"request": {"method": "POST", "url": "http://a.test/", "postData": {"text": "` + strings.Repeat("x", maxSentBody+1) + `"}}, "response": {"status": 200}}`),
			"entry 1: the request's body has", "uploads nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("x.har", strings.NewReader(tt.text))
			one, is := errors.AsType[*shape.Error](err)
			if !is || !errors.Is(err, experiments.ErrInvalid) || one.File != "x.har" || !strings.Contains(one.Msg, tt.want) || !strings.Contains(one.Hint, tt.hint) {
				t.Errorf("Read() = %v", err)
			}
		})
	}
}

// ok is an entry of a plain GET.
func ok(url string) string {
	return fmt.Sprintf(`{"request": {"method": "GET", "url": %q}, "response": {"status": 200}}`, url)
}
