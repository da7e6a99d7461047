package toxiproxy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// send makes a call to a control API as anybody could.
func send(t *testing.T, method, url, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		t.Fatalf("%s %s: %d %s %v", method, url, resp.StatusCode, answer, err)
	}
	return answer
}

// everything is what a server holds, for comparison.
func everything(t *testing.T, url string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(send(t, "GET", url+"/proxies", ""), &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	create := func(name string) (listen string) {
		if err := d.Create(t.Context(), name, "127.0.0.1:0", "http://localhost:8083/"); err != nil {
			t.Fatal(err)
		}
		var p struct{ Listen string }
		if err := json.Unmarshal(send(t, "GET", url+"/proxies/"+name, ""), &p); err != nil {
			t.Fatal(err)
		}
		return p.Listen
	}
	payments, disabled := create("payments"), create("disabled")
	foreign, left := create("foreign"), create("left")
	send(t, "POST", url+"/proxies/disabled", `{"enabled": false}`)
	send(t, "POST", url+"/proxies/foreign/toxics", `{"name": "of_somebody", "type": "bandwidth", "attributes": {"rate": 1}}`)
	send(t, "POST", url+"/proxies/left/toxics", `{"name": "blastgauge.20260101t000000z-older1.1", "type": "latency"}`)

	fault := func(proxy, listen, upstream string) plan.Fault {
		f := latencyOn(proxy, "1")
		f.Into, f.Listen, f.Upstream = "the "+proxy, listen, upstream
		return f
	}
	_, port, _ := strings.Cut(payments, ":")
	for name, tt := range map[string]struct {
		faults []plan.Fault
		class  error
		want   []string
	}{
		"nothing declared":    {faults: []plan.Fault{fault("payments", "", "")}},
		"all as declared":     {faults: []plan.Fault{fault("payments", payments, "127.0.0.1:8083")}},
		"another spelling":    {faults: []plan.Fault{fault("payments", "localhost:"+port, "http://[::1]:8083")}},
		"any address":         {faults: []plan.Fault{fault("payments", ":"+port, "localhost:8083")}},
		"any port":            {faults: []plan.Fault{fault("payments", "127.0.0.1:0", "")}},
		"missing":             {[]plan.Fault{fault("nobody", "127.0.0.1:18083", "http://127.0.0.1:8083")}, toxiproxy.ErrMissing, []string{`curl -X POST ` + url + `/proxies -d '{"name":"nobody","listen":"127.0.0.1:18083","upstream":"127.0.0.1:8083","enabled":true}'`}},
		"missing, undeclared": {[]plan.Fault{fault("nobody", "", "")}, toxiproxy.ErrMissing, []string{"no such proxy: nobody", "give dependency the nobody a listen: and an upstream:"}},
		"disabled":            {[]plan.Fault{fault("disabled", disabled, "")}, experiments.ErrRefused, []string{"proxy disabled is disabled", `curl -X POST ` + url + `/proxies/disabled -d '{"enabled":true}'`}},
		"another upstream":    {[]plan.Fault{fault("payments", "", "127.0.0.1:9999")}, experiments.ErrRefused, []string{"proxy payments has upstream localhost:8083, but the payments is declared with upstream 127.0.0.1:9999"}},
		"another host":        {[]plan.Fault{fault("payments", "", "payments.test:8083")}, experiments.ErrRefused, []string{"has upstream localhost:8083"}},
		"another listen":      {[]plan.Fault{fault("payments", "127.0.0.1:1", "")}, experiments.ErrRefused, []string{"proxy payments listens on " + payments}},
		"foreign toxic":       {[]plan.Fault{fault("foreign", foreign, "")}, experiments.ErrRefused, []string{"of_somebody (bandwidth)", "not blastgauge's", "curl -X DELETE " + url + "/proxies/foreign/toxics/of_somebody"}},
		"toxic of a run":      {[]plan.Fault{fault("left", left, "")}, experiments.ErrRefused, []string{"left by run 20260101t000000z-older1", "blastgauge recover"}},
		"all at once": {
			[]plan.Fault{fault("payments", "", "127.0.0.1:9999"), fault("nobody", "", ""), fault("disabled", "", ""), fault("foreign", "", ""), fault("foreign", "", "")},
			experiments.ErrRefused, []string{"127.0.0.1:9999", "no such proxy: nobody", "is disabled", "of_somebody (bandwidth)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := everything(t, url)
			err := d.Preflight(t.Context(), planOf(tt.faults...))
			if tt.class == nil && err != nil || tt.class != nil && !errors.Is(err, tt.class) {
				t.Fatalf("Preflight() = %v, want class %v", err, tt.class)
			}
			for _, want := range tt.want {
				if strings.Count(err.Error(), want) != 1 {
					t.Errorf("Preflight() = %v\nwant once: %s", err, want)
				}
			}
			if after := everything(t, url); after != before {
				t.Errorf("Preflight() changed\n%s\nto\n%s", before, after)
			}
		})
	}
}

func TestCreateMissingMakesWhatIsDeclaredAndRewritesNothing(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	if err := d.Create(t.Context(), "there", "127.0.0.1:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	there, fresh, unknown := latencyOn("there", "1"), latencyOn("fresh", "2"), latencyOn("unknown", "3")
	there.Listen, there.Upstream = "127.0.0.1:0", "127.0.0.1:2"
	fresh.Listen, fresh.Upstream = "127.0.0.1:0", "redis://localhost"
	before := everything(t, url)
	if err := d.CreateMissing(t.Context(), planOf(there, fresh, fresh, unknown)); err != nil {
		t.Fatal(err)
	}
	filled, err := d.Fill(t.Context(), planOf(latencyOn("fresh", "1"), there))
	if err != nil {
		t.Fatal(err)
	}
	if got := filled.Experiments[0].Faults[0].Upstream; got != "localhost:6379" {
		t.Errorf("the new proxy leads to %q, want localhost:6379: a stock server knows no schemes", got)
	}
	if got := filled.Experiments[0].Faults[1]; got.Upstream != "127.0.0.1:2" || strings.HasSuffix(got.Listen, ":0") {
		t.Errorf("Fill() = %+v, want what is declared, and a port", got)
	}
	if err := d.Delete(t.Context(), "fresh"); err != nil {
		t.Fatal(err)
	}
	if after := everything(t, url); after != before {
		t.Errorf("CreateMissing() also changed\n%s\nto\n%s", before, after)
	}
}

func TestFillLeavesThePlanAlone(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	if err := d.Create(t.Context(), "payments", "127.0.0.1:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	p := planOf(latencyOn("payments", "1"), latencyOn("nobody", "2"))
	filled, err := d.Fill(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if got := filled.Experiments[0].Faults[0]; got.Upstream != "127.0.0.1:1" || !strings.HasPrefix(got.Listen, "127.0.0.1:") {
		t.Errorf("Fill() = %+v", got)
	}
	for _, f := range append(slices.Clone(p.Experiments[0].Faults), filled.Experiments[0].Faults[1]) {
		if f.Listen+f.Upstream != "" {
			t.Errorf("Fill() changed its argument or invented an address: %+v", f)
		}
	}
}

func TestLeftoversAreOursAndCanBeRemoved(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	for _, name := range []string{"a", "b"} {
		if err := d.Create(t.Context(), name, "127.0.0.1:0", "127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
	}
	send(t, "POST", url+"/proxies/a/toxics", `{"name": "of_somebody", "type": "latency"}`)
	before := everything(t, url)
	send(t, "POST", url+"/proxies/a/toxics", `{"name": "blastgauge.r1.1", "type": "latency"}`)
	send(t, "POST", url+"/proxies/b/toxics", `{"name": "blastgauge.r2.1", "type": "timeout", "stream": "upstream"}`)
	list, err := d.Leftovers(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "blastgauge.r1.1" || list[0].Proxy != "a" || list[1].Name != "blastgauge.r2.1" || list[1].Inject != "timeout" {
		t.Fatalf("Leftovers() = %+v, %v", list, err)
	}
	for _, f := range list {
		if err := d.Revert(t.Context(), f); err != nil {
			t.Error(err)
		}
	}
	if after := everything(t, url); after != before {
		t.Errorf("after the removal the server has\n%s\nwant\n%s", after, before)
	}
}

// The commands that are printed for people do what they say in a real shell.
func TestCommandsForPeople(t *testing.T) {
	t.Parallel()
	required.Program(t, "curl", "apt install curl")
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	shell := func(line string) {
		t.Helper()
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "curl ", "curl --fail -sS ", 1))
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out.String())
		}
	}
	f := latencyOn("it's payments & more", "1")
	f.Listen, f.Upstream = "127.0.0.1:0", "127.0.0.1:1"
	_, line, _ := strings.Cut(d.Preflight(t.Context(), planOf(f)).Error(), "\n")
	shell(strings.TrimSpace(line))
	if err := d.Preflight(t.Context(), planOf(f)); err != nil {
		t.Errorf("after %s: %v", line, err)
	}
	for _, inject := range []string{"latency", "down"} {
		if f.Inject = inject; inject == "down" {
			f.Attributes = nil
		}
		if err := d.Inject(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		shell(d.ManualRemoval(t.Context(), f))
		if e, err := d.Check(t.Context(), f); err != nil || e.Present {
			t.Errorf("after %s: %+v, %v", d.ManualRemoval(t.Context(), f), e, err)
		}
	}
}

// A server that cannot be asked for its kind still has a line for each kind.
func TestManualRemovalWithoutAServer(t *testing.T) {
	t.Parallel()
	d := toxiproxy.New(toxiproxy.Options{URL: "http://127.0.0.1:8474", Dial: refusing})
	f := latencyOn("payments", "1")
	if got, want := d.ManualRemoval(t.Context(), f), "curl -X DELETE http://127.0.0.1:8474/proxies/payments/toxics/"+f.Name; got != want {
		t.Errorf("ByHand() = %s, want %s", got, want)
	}
	f.Inject = "down"
	got := d.ManualRemoval(t.Context(), f)
	for _, want := range []string{`curl -X POST http://127.0.0.1:8474/proxies/payments -d '{"enabled":true}'`, "/toxics/" + f.Name} {
		if !strings.Contains(got, want) {
			t.Errorf("ByHand() = %s, want %s in it", got, want)
		}
	}
}

func TestMessageFaultsOnAStockServerNameOurs(t *testing.T) {
	t.Parallel()
	if kinds := messageKinds(); len(kinds) == 0 {
		t.Skip("the catalogue has no message-level fault yet")
	}
	d := toxiproxy.New(toxiproxy.Options{URL: stockServer(t)})
	for _, kind := range messageKinds() {
		f := latencyOn("payments", "1")
		f.Inject = kind
		for what, err := range map[string]error{"Inject": d.Inject(t.Context(), f), "Preflight": d.Preflight(t.Context(), planOf(f))} {
			if !errors.Is(err, experiments.ErrInvalid) || !strings.Contains(err.Error(), "blastgauge proxy") {
				t.Errorf("%s() of %s on a stock server = %v", what, kind, err)
			}
		}
	}
}

func TestCarriedIsNotGuessed(t *testing.T) {
	t.Parallel()
	d := toxiproxy.New(toxiproxy.Options{URL: stockServer(t)})
	if list, counts, err := d.Carried(t.Context()); list != nil || counts || err != nil {
		t.Errorf("Carried() on a stock server = %v, %v, %v, want nothing", list, counts, err)
	}
	d, _ = served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			page(200, `{"version": "2.12.0", "blastgauge": "1"}`)(w, r)
			return
		}
		page(200, `{"b": {"name": "b", "enabled": true, "toxics": [], "blastgauge": {"total": 2, "bytes_up": 3, "bytes_down": 4, "answers": [
			{"from_us": 0, "answered": 5, "given_up": 0}, {"from_us": 5024, "answered": 6, "given_up": 7}]}}, "a": {"name": "a", "enabled": true, "toxics": [], "blastgauge": {}},
			"c": {"name": "c", "enabled": true, "toxics": [], "blastgauge": {"answers": [{"from_us": 5, "answered": -1}]}},
			"d": {"name": "d", "enabled": true, "toxics": [], "blastgauge": {"answers": [{"from_us": 9223372036854775807, "answered": 1}]}},
			"e": {"name": "e", "enabled": true, "toxics": [], "blastgauge": {"answers": [{"from_us": 1, "given_up": 9223372036854775807}]}}}`)(w, r)
	})
	list, counts, err := d.Carried(t.Context())
	if err != nil || !counts || len(list) != 5 || list[0].Proxy != "a" || list[1].Connections != 2 || list[1].Bytes != 7 {
		t.Fatalf("Carried() = %v, %v, %v", list, counts, err)
	}
	want := []journal.AnswerCount{{Answered: 5}, {AtLeast: 5024 * time.Microsecond, Answered: 6, GivenUp: 7}}
	if !slices.Equal(list[1].Answers, want) {
		t.Errorf("the upstream of b took %+v, want %+v", list[1].Answers, want)
	}
	for _, other := range []int{0, 2, 3, 4} {
		if got := list[other].Answers; got != nil {
			t.Errorf("the upstream of %s took %+v", list[other].Proxy, got)
		}
	}
}
