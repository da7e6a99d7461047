package scaffold

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

// Each dependency has a suggestion for each way in which its protocol may fail. As they
// are, they are no experiments; without their first marks of a comment, each of them is,
// and all of them are.
func TestEachSuggestionIsAnExperiment(t *testing.T) {
	t.Parallel()
	const tail = " -bad-config http_config"
	always := " -hangs timeout -refuses down"
	want := map[string]string{
		"http": always + " -fails http_error" + tail, "https": always + " -fails http_error" + tail, "h2c": always + " -fails http_error" + tail,
		"grpc": always + " -fails http_error" + tail, "grpcs": always + " -fails http_error" + tail,
		"redis": always + " -fails redis_error -bad-data redis_empty", "rediss": always + " -fails redis_error -bad-data redis_empty",
		"postgres": always + " -fails postgres_error", "bare": always + " -fails reset_peer", "foreign": always + " -fails reset_peer",
	}
	var proxies []Proxy
	for i, name := range slices.Sorted(maps.Keys(want)) {
		p := Proxy{Name: name, Listen: "127.0.0.1:180" + string(rune('0'+i)) + "1", Upstream: name + "://127.0.0.1:80", Enabled: true}
		switch name {
		case "bare":
			p.Upstream = "127.0.0.1:80"
		case "foreign":
			p.Upstream = "http://shop.example:80"
		}
		proxies = append(proxies, p)
	}
	for name, o := range map[string]Options{"proxies": {Proxies: proxies}, "an example": {}} {
		d, err := Make(o)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "new")
		if _, err := d.Place(dir, false); err != nil {
			t.Fatal(err)
		}
		system := filepath.Join(dir, experiments.SystemFile)
		load := func() []*experiments.Experiment {
			_, list, err := experiments.Selection{SystemFile: system}.Load()
			if err != nil {
				t.Fatalf("%s: %s", name, experiments.Explain(err))
			}
			return list
		}
		written, found, switchedOn := len(load()), map[string]string{}, 0
		for _, f := range d.Files {
			if !f.off {
				continue
			}
			path := filepath.Join(dir, f.Name)
			if err := os.WriteFile(path, []byte(uncommented(t, f.Text)), 0o600); err != nil {
				t.Fatal(err)
			}
			switchedOn++
			list := load()
			i := slices.IndexFunc(list, func(e *experiments.Experiment) bool { return filepath.Base(e.File) == filepath.Base(path) })
			if len(list) != written+switchedOn || i < 0 || list[i].ID+".yaml" != filepath.Base(path) {
				t.Fatalf("%s: %d experiments with %s", name, len(list), path)
			}
			fault := list[i].Faults[0]
			found[fault.Into] += " " + strings.TrimPrefix(list[i].ID, fault.Into) + " " + fault.Inject
		}
		if name == "proxies" && !maps.Equal(found, want) {
			t.Errorf("suggested %q, want %q", found, want)
		}
		if switchedOn == 0 {
			t.Errorf("%s: nothing is suggested", name)
		}
	}
}

// uncommented takes the first mark of a comment away from every line, as editors do.
func uncommented(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "# ")
		if !ok {
			t.Fatalf("no comment: %q", line)
		}
		b.WriteString(rest)
	}
	return b.String()
}
