package proxy_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

const ann = `{"by":"ann","reason":"incident 4711"}`

// A block takes the server away from every run at once, and what is nobody's run stays.
func TestABlockEndsEveryRun(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	route(t, s, "a", up)
	route(t, s, "b", "http://"+up)
	call(t, s, "GET", "/blastgauge/block", "", 404, nil)
	call(t, s, "POST", "/blastgauge/leases", `{"run":"x","seconds":60}`, 200, nil)
	add(t, s, "a", `{"name":"blastgauge.x.1","type":"latency"}`)
	add(t, s, "b", `{"name":"blastgauge.x.2","type":"http_error","attributes":{"status":503}}`)
	add(t, s, "b", `{"name":"blastgauge.unleased.1","type":"latency"}`)
	add(t, s, "a", `{"name":"somebody","type":"latency"}`)

	var set proxy.Block
	call(t, s, "PUT", "/blastgauge/block", ann, 200, &set)
	if left := names(t, s, "a") + " " + names(t, s, "b"); left != "somebody " {
		t.Errorf("left are %q", left)
	}
	if set.By != "ann" || set.Reason != "incident 4711" || set.Kept || time.Since(set.At) > time.Minute {
		t.Errorf("the block is %+v", set)
	}
	if got := call(t, s, "GET", "/blastgauge/leases", "", 200, nil); got != "[]" {
		t.Errorf("leases: %s", got)
	}
	for _, refused := range [][2]string{
		{"/blastgauge/leases", `{"run":"x"}`},
		{"/blastgauge/leases", `{"run":"new"}`},
		{"/proxies/a/toxics", `{"name":"blastgauge.new.1","type":"latency"}`},
		{"/proxies/a/toxics", `{"name":"n","type":"latency","blastgauge":{"run":"new"}}`},
		{"/proxies", `{"name":"c","listen":"127.0.0.1:0","upstream":"` + up + `","toxics":[{"name":"blastgauge.new.1","type":"latency"}]}`},
	} {
		var told struct {
			Error string
			Block proxy.Block
		}
		call(t, s, "POST", refused[0], refused[1], 423, &told)
		if told.Block.By != "ann" || !strings.Contains(told.Error, "incident 4711") {
			t.Errorf("%s: %+v", refused[0], told)
		}
	}
	add(t, s, "a", `{"name":"else","type":"latency"}`) // nobody's run
	call(t, s, "DELETE", "/proxies/a/toxics/somebody", "", 204, nil)
	call(t, s, "DELETE", "/blastgauge/leases/x", "", 404, nil) // as for any run that has none

	call(t, s, "DELETE", "/blastgauge/block", "", 204, nil)
	call(t, s, "DELETE", "/blastgauge/block", "", 404, nil)
	call(t, s, "POST", "/blastgauge/leases", `{"run":"x"}`, 410, nil)        // it has released the server
	call(t, s, "POST", "/blastgauge/leases", `{"run":"unleased"}`, 423, nil) // it is over for good, and told why
	call(t, s, "POST", "/blastgauge/leases", `{"run":"new"}`, 200, nil)
}

func TestABlockThatIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	for _, body := range []string{
		`{}`, `no`, `{"by":"ann"}`, `{"reason":""}`, `{"reason":7}`,
		`{"reason":"a\u001b[2J"}`, `{"reason":"a","by":"\u202eann"}`, `{"reason":"a\nb"}`,
		`{"reason":"` + strings.Repeat("a", 201) + `"}`, `{"reason":"a","by":"` + strings.Repeat("a", 81) + `"}`,
	} {
		call(t, s, "PUT", "/blastgauge/block", body, 400, nil)
	}
	call(t, s, "GET", "/blastgauge/block", "", 404, nil)
	call(t, s, "POST", "/blastgauge/block", ann, 405, nil)
	call(t, s, "PUT", "/blastgauge/block", `{"reason":"a","at":"1999-01-01T00:00:00Z","kept":true}`, 200, nil)
	var b proxy.Block
	call(t, s, "PUT", "/blastgauge/block", ann, 200, nil) // replaces it
	call(t, s, "GET", "/blastgauge/block", "", 200, &b)
	if b.By != "ann" || b.Kept || b.At.Year() == 1999 {
		t.Errorf("the block is %+v", b)
	}
}

// A block is put only where there is none, and lifted only where it is still that one, if that
// is asked for.
func TestABlockUnderACondition(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	lift := func(b proxy.Block) string {
		return "/blastgauge/block?at=" + url.QueryEscape(b.At.Format(time.RFC3339Nano))
	}
	var first, second proxy.Block
	call(t, s, "PUT", "/blastgauge/block?replace=false", ann, 200, &first)
	var told struct{ Block proxy.Block }
	call(t, s, "PUT", "/blastgauge/block?replace=false", `{"by":"bob","reason":"mine"}`, 409, &told)
	if told.Block != first {
		t.Errorf("the conflict is with %+v, want %+v", told.Block, first)
	}
	call(t, s, "PUT", "/blastgauge/block", `{"by":"bob","reason":"mine"}`, 200, &second)
	call(t, s, "DELETE", lift(first), "", 409, nil)
	call(t, s, "DELETE", "/blastgauge/block?at=noon", "", 400, nil)
	var now proxy.Block
	call(t, s, "GET", "/blastgauge/block", "", 200, &now)
	if now != second {
		t.Errorf("the block is %+v, want %+v", now, second)
	}
	call(t, s, "DELETE", lift(second), "", 204, nil)
	call(t, s, "DELETE", lift(second), "", 404, nil)
}

// A block that cannot be kept is in force, and does not say that it is kept.
func TestABlockThatCannotBeKept(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	s := serve(t, proxy.Options{State: state})
	if err := os.RemoveAll(state); err != nil {
		t.Fatal(err)
	}
	call(t, s, "PUT", "/blastgauge/block", ann, 500, nil)
	var b proxy.Block
	call(t, s, "GET", "/blastgauge/block", "", 200, &b)
	if b.By != "ann" || b.Kept {
		t.Errorf("the block is %+v", b)
	}
	call(t, s, "POST", "/blastgauge/leases", `{"run":"x"}`, 423, nil)
}

// A block outlives its server where that has a place for it, and a file that cannot be read
// is a block as well.
func TestABlockOverARestart(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	start := func() *proxy.Server { return serve(t, proxy.Options{State: state}) }
	s := start()
	var b proxy.Block
	call(t, s, "PUT", "/blastgauge/block", ann, 200, &b)
	if !b.Kept {
		t.Error("the block is not kept")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start()
	var again proxy.Block
	call(t, s, "GET", "/blastgauge/block", "", 200, &again)
	if again.By != "ann" || again.Reason != b.Reason || !again.At.Equal(b.At) || !again.Kept {
		t.Errorf("after a restart the block is %+v, and was %+v", again, b)
	}
	call(t, s, "POST", "/blastgauge/leases", `{"run":"x"}`, 423, nil)
	call(t, s, "DELETE", "/blastgauge/block", "", 204, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start()
	call(t, s, "GET", "/blastgauge/block", "", 404, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []string{"", "{", `{"reason":"\u001b[2J"}`, `[]`} {
		if err := os.WriteFile(filepath.Join(state, "block.json"), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		s = start()
		call(t, s, "POST", "/blastgauge/leases", `{"run":"x"}`, 423, nil)
		call(t, s, "DELETE", "/blastgauge/block", "", 204, nil)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
