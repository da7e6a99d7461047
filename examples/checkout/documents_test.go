package checkout

import (
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/loopback"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	listen := make(map[string]string)
	free, err := loopback.Reserve(len(s.Dependencies()))
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	addresses := free.Addresses()
	for i, d := range s.Dependencies() {
		listen[d.Name] = addresses[i]
	}
	files, err := s.Documents(listen, "http://127.0.0.1:8474")
	if err != nil {
		t.Fatal(err)
	}
	system := files["blastgauge.yaml"]
	for _, d := range s.Dependencies() {
		want := "  " + d.Name + `: {listen: "` + listen[d.Name] + `", upstream: "` + d.Upstream + `", criticality: ` + d.Criticality + ", owner: " + d.Owner + "}\n"
		if !strings.Contains(system, want) {
			t.Errorf("blastgauge.yaml lacks %q", want)
		}
	}
	for _, want := range []string{
		"\nversion: 1\n", "\ntoxiproxy: http://127.0.0.1:8474\n", "\nurl: " + s.URL() + "\n", "\ncontrol_url: " + s.ControlURL() + "\n",
		"GET " + upstreamOf(t, s, "payments") + "/ledger/duplicates?since=${started}\n", `pay`, `keys: "$.keys[*]"`,
	} {
		if !strings.Contains(system, want) {
			t.Errorf("blastgauge.yaml lacks %q", want)
		}
	}
	into := regexp.MustCompile(`(?m)^    into: (\S+)$`)
	experiments, documents := 0, 0
	for name, text := range files {
		if strings.Contains(text, "@{") || strings.Contains(text, "\t") {
			t.Errorf("%s is not filled in", name)
		}
		if strings.HasPrefix(name, "settings/") {
			documents++
			continue
		}
		id, ok := strings.CutPrefix(name, "experiments/")
		if !ok {
			continue
		}
		experiments++
		id = strings.TrimSuffix(id, ".yaml")
		for _, want := range []string{"\nexperiment: " + id + "\n", "\ntitle: ", "\nhypothesis: ", "\nif_refuted: ", "\nfaults:\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		for _, m := range into.FindAllStringSubmatch(text, -1) {
			upstreamOf(t, s, m[1])
		}
	}
	if experiments != 18 || documents != 3 || len(files) != 22 {
		t.Errorf("%d experiments and %d other documents in %d files, want 18 and 3 in 22", experiments, documents, len(files))
	}
	delete(listen, "mail")
	if _, err := s.Documents(listen, ""); err == nil || !strings.Contains(err.Error(), "mail") {
		t.Errorf("without an address for mail: %v, want an error that names it", err)
	}
}

func TestServersListenBelowTheEphemeralRange(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, d := range s.Dependencies() {
		_, text, _ := net.SplitHostPort(strings.SplitAfter(d.Upstream, "//")[1])
		if port, _ := strconv.Atoi(text); port >= 32768 {
			t.Errorf("%s listens on %d", d.Name, port)
		}
	}
}
