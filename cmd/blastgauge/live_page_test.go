package main

import (
	"bufio"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// liveAddresses are what a run prints of its page: to look at, and to act on.
var liveAddresses = regexp.MustCompile(`live\s+(http://\S+)  to look at\n\s+(http://\S+)  to stop`)

// onpage CODE TEXT ARG... acts on the live page of a run once TEXT is on its standard error:
// it writes a note, tries to stop the run with the observer's token, and stops it with the
// operator's. Two pages are open meanwhile, one of which is never read. The last event of the
// other one goes to the file over.
func onpage(ts *testscript.TestScript, _ bool, args []string) {
	cmd := command(ts, args[2:])
	over := make(chan string, 1)
	var sent time.Time
	finish(ts, cmd, args[0], func() {
		waitFor(ts, "err", args[1])
		at := liveAddresses.FindStringSubmatch(ts.ReadFile("err"))
		if at == nil {
			ts.Fatalf("no addresses in %s", ts.ReadFile("err"))
		}
		if _, err := http.Get(strings.Replace(at[1], "/?", "/events?", 1)); err != nil { // and reads nothing
			ts.Fatalf("%v", err)
		}
		stream, err := http.Get(strings.Replace(at[1], "/?", "/events?", 1))
		ts.Check(err)
		go func() { over <- lastEvent(stream) }()
		act := func(page, action string, form url.Values) int {
			resp, err := http.PostForm(strings.Replace(page, "/?", "/"+action+"?", 1), form)
			ts.Check(err)
			resp.Body.Close()
			return resp.StatusCode
		}
		if got := act(at[2], "note", url.Values{"name": {"ann"}, "text": {"The pager is quiet."}, "follow_up": {"yes"}}); got != http.StatusOK {
			ts.Fatalf("the note: %d", got)
		}
		if got := act(at[1], "stop", url.Values{"name": {"eve"}}); got != http.StatusForbidden {
			ts.Fatalf("a stop with the observer's token: %d", got)
		}
		sent = time.Now()
		if got := act(at[2], "stop", url.Values{"name": {"ann"}, "why": {"incident 4711"}}); got != http.StatusOK {
			ts.Fatalf("the stop: %d", got)
		}
	})
	if took := time.Since(sent); took > 30*time.Second {
		ts.Fatalf("it took %s to end", took)
	}
	ts.Check(os.WriteFile(ts.MkAbs("over"), []byte(<-over), 0o600))
}

// lastEvent reads a stream to its end, and returns the data of its last event.
func lastEvent(stream *http.Response) (last string) {
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			last = data
		}
	}
	return last
}
