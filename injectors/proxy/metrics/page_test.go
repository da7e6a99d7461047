package metrics

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// names are all families with their types, and the labels of each of their lines in order:
// dashboards and alerts are made with them.
const names = `
counter blastgauge_proxy_calls_total proxy
gauge blastgauge_proxy_connections_open proxy
counter blastgauge_proxy_connections_refused_total proxy
counter blastgauge_proxy_connections_total proxy
counter blastgauge_proxy_dial_failures_total proxy
gauge blastgauge_toxic_met proxy,toxic,type
gauge blastgauge_toxic_of proxy,toxic,type
gauge go_build_info checksum,path,version
summary go_gc_duration_seconds quantile
gauge go_gc_gogc_percent
gauge go_gc_gomemlimit_bytes
gauge go_goroutines
gauge go_info version
gauge go_memstats_alloc_bytes
counter go_memstats_alloc_bytes_total
gauge go_memstats_buck_hash_sys_bytes
counter go_memstats_frees_total
gauge go_memstats_gc_sys_bytes
gauge go_memstats_heap_alloc_bytes
gauge go_memstats_heap_idle_bytes
gauge go_memstats_heap_inuse_bytes
gauge go_memstats_heap_objects
gauge go_memstats_heap_released_bytes
gauge go_memstats_heap_sys_bytes
gauge go_memstats_last_gc_time_seconds
counter go_memstats_mallocs_total
gauge go_memstats_mcache_inuse_bytes
gauge go_memstats_mcache_sys_bytes
gauge go_memstats_mspan_inuse_bytes
gauge go_memstats_mspan_sys_bytes
gauge go_memstats_next_gc_bytes
gauge go_memstats_other_sys_bytes
gauge go_memstats_stack_inuse_bytes
gauge go_memstats_stack_sys_bytes
gauge go_memstats_sys_bytes
gauge go_sched_gomaxprocs_threads
gauge go_threads
counter process_cpu_seconds_total
gauge process_max_fds
counter process_network_receive_bytes_total
counter process_network_transmit_bytes_total
gauge process_open_fds
gauge process_resident_memory_bytes
gauge process_start_time_seconds
gauge process_virtual_memory_bytes
gauge process_virtual_memory_max_bytes
counter promhttp_metric_handler_errors_total cause
counter toxiproxy_proxy_received_bytes_total direction,listener,proxy,upstream
counter toxiproxy_proxy_sent_bytes_total direction,listener,proxy,upstream
`

// hard is a name that has to be escaped, everywhere.
const hard = "we\\b \"a\"\nπ"

// serverOf is a server with two proxies, and a toxic on one.
func serverOf(t *testing.T) *proxy.Server {
	t.Helper()
	s := proxy.New(proxy.Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Populate([]byte(`[{"name":"web","listen":"127.0.0.1:0","upstream":"http://127.0.0.1:9"},{"name":"a","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"}]`)); err != nil {
		t.Fatal(err)
	}
	if err := s.AddToxic("web", []byte(`{"name":"slow","type":"latency","attributes":{"latency":1}}`)); err != nil {
		t.Fatal(err)
	}
	return s
}

var lineForm = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? (\S+)$`)

// familiesOf reads a page: its families as names has them, and its values by name and labels.
func familiesOf(t *testing.T, text string) (list []string, values map[string]float64) {
	t.Helper()
	values = map[string]float64{}
	var last, labels string
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if strings.HasPrefix(l, "# HELP ") {
			continue
		}
		if of, typed := strings.CutPrefix(l, "# TYPE "); typed {
			name, kind, _ := strings.Cut(of, " ")
			last, labels = kind+" "+name, ""
			list = append(list, last)
			continue
		}
		m := lineForm.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("%q is no line", l)
		}
		if m[2] != "" && labels == "" {
			var of []string
			for _, pair := range regexp.MustCompile(`([a-z]+)="`).FindAllStringSubmatch(m[2], -1) {
				of = append(of, pair[1])
			}
			labels = strings.Join(of, ",")
			list[len(list)-1] = last + " " + labels
		}
		v, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		values[m[1]+"{"+m[2]+"}"] = v
	}
	return list, values
}

// wanted are the names of this system.
func wanted() []string {
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(names), "\n"), func(f string) bool {
		switch runtime.GOOS {
		case "linux":
			return false
		case "darwin": // without C
			return strings.Contains(f, "process_network_") || strings.HasSuffix(f, "process_resident_memory_bytes") || strings.HasSuffix(f, "process_virtual_memory_bytes")
		}
		return strings.Contains(f, "process_")
	})
}

func TestFamiliesHaveTheirNamesAndTypes(t *testing.T) {
	t.Parallel()
	s := serverOf(t)
	for name, tt := range map[string]struct {
		process, proxies bool
		of               func(string) bool
	}{
		"both":    {true, true, func(string) bool { return true }},
		"process": {true, false, func(f string) bool { return !strings.Contains(f, "proxy") && !strings.Contains(f, "toxic") }},
		"proxies": {false, true, func(f string) bool { return !strings.Contains(f, "go_") && !strings.Contains(f, "process_") }},
	} {
		text := answerOf(t, Of(tt.process, tt.proxies)(s), "").Body.String()
		got, _ := familiesOf(t, text)
		want := slices.DeleteFunc(wanted(), func(f string) bool { return !tt.of(f) })
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := strings.Count(text, "# HELP "); n != len(want) || strings.Contains(text, " \n") {
			t.Errorf("%s: %d of %d are explained:\n%s", name, n, len(want), text)
		}
	}
}

// answerOf asks a handler for a page.
func answerOf(t *testing.T, h http.Handler, accepted string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	if accepted != "" {
		r.Header.Set("Accept-Encoding", accepted)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w
}

// The process is told by the names and with the values by which Prometheus' own client tells
// it. What moves between two readings is near; what only grows is between those before and
// after.
func TestTheProcessIsToldAsTheOfficialClientDoes(t *testing.T) { // alone: others would move what it reads
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewBuildInfoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	official := promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
	ours := Of(true, false)(serverOf(t))
	var problems []string
	for range 20 { // a collection of garbage in between moves everything
		problems = nil
		_, before := familiesOf(t, answerOf(t, ours, "").Body.String())
		wantNames, want := familiesOf(t, answerOf(t, official, "").Body.String())
		gotNames, after := familiesOf(t, answerOf(t, ours, "").Body.String())
		if !slices.Equal(gotNames, wantNames) {
			t.Fatalf("%q, want %q", gotNames, wantNames)
		}
		for name, v := range want {
			was, known := before[name]
			switch is := after[name]; {
			case !known:
				t.Errorf("%s is missing", name)
			case strings.Contains(name, "_total{") && (v < was || v > is):
				problems = append(problems, name+" does not grow as it should")
			case name == "go_goroutines{}": // the official client starts some to read the rest
			case max(was, is, v) > 2*min(was, is, v):
				problems = append(problems, name+": "+strconv.FormatFloat(is, 'g', -1, 64)+", want "+strconv.FormatFloat(v, 'g', -1, 64))
			}
		}
		if len(after) != len(want) {
			t.Errorf("%d values, want %d", len(after), len(want))
		}
		for _, fixed := range []string{"process_start_time_seconds{}", "process_max_fds{}", "process_virtual_memory_max_bytes{}", "go_gc_gogc_percent{}", "go_gc_gomemlimit_bytes{}", "go_sched_gomaxprocs_threads{}", "process_open_fds{}"} {
			if after[fixed] != want[fixed] {
				problems = append(problems, fixed+" differs")
			}
		}
		if problems == nil || t.Failed() {
			return
		}
	}
	t.Errorf("%s", strings.Join(problems, "\n"))
}

// Names of any kind stay one label on one line.
func TestLabelsAreEscaped(t *testing.T) {
	t.Parallel()
	f := family{name: "a", help: hard, kind: gauge}
	f.add(1.5e-7, "b", hard, "c", "\xff")
	var b bytes.Buffer
	f.write(&b)
	want := "# HELP a we\\\\b \"a\"\\nπ\n# TYPE a gauge\na{b=\"we\\\\b \\\"a\\\"\\nπ\",c=\"\ufffd\"} 1.5e-07\n"
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}

// A client gets the coding that it asks for, where it is gzip.
func TestCodingsAreChosen(t *testing.T) {
	t.Parallel()
	h := Of(true, true)(serverOf(t))
	for accepted, want := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "GZIP;q=0.5": "gzip", "gzip;q=0": "", "deflate, gzip;q=1.0": "gzip", "zstd": "", "br;q=1, zstd": "",
		"*": "", "gzip, identity": "", "gzip, identity;q=0.5": "gzip", "gzip;q=x": "", "gzip;": "",
	} {
		w := answerOf(t, h, accepted)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q: %q, want %q", accepted, got, want)
		}
		if w.Header().Get("Content-Type") != contentType {
			t.Errorf("%q: %s", accepted, w.Header())
		}
		text := io.Reader(w.Body)
		if want == "gzip" {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			text = z
		}
		page, err := io.ReadAll(text)
		if err != nil || !bytes.Contains(page, []byte("\ngo_goroutines ")) {
			t.Errorf("%q: %v, %s", accepted, err, page)
		}
	}
}

// A page that did not reach its reader is counted.
func TestPagesThatAreNotSentAreCounted(t *testing.T) {
	t.Parallel()
	h := Of(false, true)(serverOf(t))
	for _, accepted := range []string{"", "gzip"} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept-Encoding", accepted)
		h.ServeHTTP(gone{httptest.NewRecorder()}, r)
	}
	_, values := familiesOf(t, answerOf(t, h, "").Body.String())
	if n := values[`promhttp_metric_handler_errors_total{cause="encoding"}`]; n != 2 {
		t.Errorf("%v pages are counted", n)
	}
}

// gone is a client that left.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, errors.New("it is gone") }

// Prometheus' own tool finds nothing to complain about.
func TestPromtoolAcceptsThePage(t *testing.T) {
	t.Parallel()
	promtool := required.Program(t, "promtool", "it comes with Prometheus")
	text := answerOf(t, Of(true, true)(serverOf(t)), "").Body
	odd := family{name: "blastgauge_odd", help: hard, kind: gauge}
	odd.add(1, "name", hard)
	odd.write(text)
	c := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	c.Stdin = text
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Several read at once while toxics come and go; every page is whole, and no count of it is
// smaller than on the page before.
func TestPagesAreReadSideBySide(t *testing.T) {
	t.Parallel()
	s := serverOf(t)
	h := Of(true, true)(s)
	want, _ := familiesOf(t, answerOf(t, h, "").Body.String())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			before := map[string]float64{}
			for range 10 {
				got, values := familiesOf(t, answerOf(t, h, "").Body.String())
				if len(got) < len(want)-2 { // nothing is told of toxics where there is none
					t.Errorf("%q, want %q", got, want)
				}
				for name, v := range values {
					if family, _, _ := strings.Cut(name, "{"); strings.HasSuffix(family, "_total") && v < before[name] {
						t.Errorf("%s was %v and is %v", name, before[name], v)
					}
				}
				before = values
			}
		})
	}
	for range 20 {
		if _, err := s.RemoveToxic("web", "slow"); err != nil {
			t.Error(err)
		}
		if err := s.AddToxic("web", []byte(`{"name":"slow","type":"latency","attributes":{"latency":1}}`)); err != nil {
			t.Error(err)
		}
	}
	readers.Wait()
}
