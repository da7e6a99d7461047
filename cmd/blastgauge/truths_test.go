package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

//nolint:gochecknoglobals // flags
var (
	recoveries = flag.Int("recoveries", 0, "how often a recovery is compared with what the shop's storefront counted")
	flatFor    = flag.Duration("flat", 0, "for how long the memory of a run is watched")
)

// TestRecoveryAgreesWithTheStorefront takes payments down for five seconds and
// compares the recovery with the storefront's own counters: when it last failed a
// checkout that came after the removal.
//
//	go test ./cmd/blastgauge -run TestRecoveryAgrees -recoveries 5 -v
func TestRecoveryAgreesWithTheStorefront(t *testing.T) {
	if *recoveries == 0 {
		t.Skip("it takes half a minute each time: -recoveries 5")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for range *recoveries {
		dir := t.TempDir()
		shop, err := raise(t.Context(), demoOptions{storefront: "naive"}, dir)
		if err != nil {
			t.Fatal(err)
		}
		e := measureShop(t, dir, "warmup=1s,baseline=8s,fault=5s,recovery=10s", "payments-down")
		want := lastFailure(t, dir, e.Faults[0].Removed, 10*time.Second)
		if err := shop.close(); err != nil {
			t.Fatal(err)
		}
		if e.Recovery == nil || e.Recovery.Censored {
			t.Errorf("recovery %+v: %s %q", e.Recovery, e.Verdict, e.Reasons)
			continue
		}
		t.Logf("recovery %.2f s, the storefront's last failure %.2f s after the removal", e.Recovery.Seconds, want)
		if math.Abs(e.Recovery.Seconds-want) > 0.5 {
			t.Errorf("they differ by more than half a second")
		}
	}
}

// measureShop runs one experiment of the shop in a directory.
func measureShop(t *testing.T, dir, phases, experiment string) result.Experiment {
	t.Helper()
	var out bytes.Buffer
	code := run([]string{"run", "-f", filepath.Join(dir, "blastgauge.yaml"), "--phases", phases, "--progress", "none", "--out", filepath.Join(dir, "run"),
		filepath.Join(dir, "experiments", experiment+".yaml")}, nil, &out, &out)
	text, err := os.ReadFile(filepath.Join(dir, "run", "result.json"))
	var r result.Result
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil || len(r.Experiments) != 1 {
		t.Fatalf("exit %d: %v\n%s", code, err, &out)
	}
	return r.Experiments[0]
}

// lastFailure asks the storefront's counters, tenth by tenth of a second, when the
// last checkout came that it failed; 0 where none did after the removal.
func lastFailure(t *testing.T, dir string, removed time.Time, within time.Duration) float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "blastgauge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(`(?m)^url: (\S+)$`).FindSubmatch(text)
	if entry == nil {
		t.Fatal("the shop's document has no url")
	}
	const step = 100 * time.Millisecond
	last := 0.0
	for at := time.Duration(0); at < within; at += step {
		window := url.Values{"from": {removed.Add(at).Format(time.RFC3339Nano)}, "to": {removed.Add(at + step).Format(time.RFC3339Nano)}}
		resp, err := http.Get(string(entry[1]) + "/counters?" + window.Encode())
		if err != nil {
			t.Fatal(err)
		}
		var counted struct{ Checkouts struct{ Failed int } }
		err = json.NewDecoder(resp.Body).Decode(&counted)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if counted.Checkouts.Failed > 0 {
			last = (at + step).Seconds()
		}
	}
	return last
}

// TestMemoryIsFlat watches the memory of a run of 400 journeys a second, as the
// system counts it, until its report is written:
//
//	go test ./cmd/blastgauge -run TestMemoryIsFlat -flat 10m -timeout 20m -v
func TestMemoryIsFlat(t *testing.T) {
	if *flatFor == 0 {
		t.Skip("it takes as long as it is told: -flat 10m")
	}
	dependency := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer dependency.Close()
	server, err := proxy.Start(proxy.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	listen, err := makeProxy(server.URL(), "asked", dependency.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	system := fmt.Sprintf(plantedSystem, server.URL(), "http://"+listen, "control_url: "+dependency.URL+"\n", 400, *flatFor/3, "100%")
	for name, text := range map[string]string{"blastgauge.yaml": system, "planted.yaml": plantedExperiment} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	phase := fmt.Sprintf("warmup=2s,baseline=%[1]s,fault=%[1]s,recovery=%[1]s", *flatFor/3)
	path, err := exec.LookPath("blastgauge")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "run", "-f", "blastgauge.yaml", "--phases", phase, "--progress", "none", "--out", "run", "planted.yaml")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "XDG_STATE_HOME="+t.TempDir())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	start, sending, most := watchMemory(t, cmd, *flatFor)
	if _, err := os.Stat(filepath.Join(dir, "run", "report.html")); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Logf("%.0f MB at the start, at most %.0f MB while journeys were sent, %.0f MB with the report", start, sending, most)
	if most-start > 64 {
		t.Errorf("memory grew by %.0f MB", most-start)
	}
}

var resident = regexp.MustCompile(`(?m)^Vm(RSS|HWM):\s+([0-9]+) kB$`)

// watchMemory follows a process to its end: its memory in MB after a second, the
// most of it while it sends, and the most of all.
func watchMemory(t *testing.T, cmd *exec.Cmd, sends time.Duration) (start, sending, most float64) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for begun := time.Now(); ; {
		select {
		case <-ended:
			return start, sending, most
		case <-time.After(100 * time.Millisecond):
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			continue // it has just ended, or this is no Linux: then nothing was seen
		}
		for _, m := range resident.FindAllSubmatch(text, -1) {
			kb, err := strconv.Atoi(string(m[2]))
			if err != nil {
				t.Fatal(err)
			}
			mb := float64(kb) / 1000
			switch {
			case string(m[1]) == "HWM":
				most = max(most, mb)
			case time.Since(begun) < time.Second:
				start = mb
			case time.Since(begun) < sends:
				sending = max(sending, mb)
			}
		}
	}
}
