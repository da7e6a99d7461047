package checkout

import (
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	listen := make(map[string]string)
	free, err := ReservePorts(len(s.Dependencies()))
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

// A reserved port is nobody else's: no other reservation and no server takes it, though
// nothing listens there. Its holder can listen, stop and listen again.
func TestReservedPorts(t *testing.T) {
	t.Parallel()
	free, err := ReservePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	seen := make(map[string]bool)
	for _, a := range free.Addresses() {
		host, text, err := net.SplitHostPort(a)
		port, _ := strconv.Atoi(text)
		if err != nil || host != "127.0.0.1" || port < firstPort || port > lastPort || seen[a] {
			t.Errorf("address %q: %v, seen %v", a, err, seen[a])
		}
		seen[a] = true
		if l, err := listenAt(t.Context(), a); !errors.Is(err, errTaken) {
			t.Errorf("a server took %s, which is reserved: %v, %v", a, l, err)
		}
		if held, err := reserve(a); err == nil {
			t.Errorf("%s was reserved twice", a)
			_ = held.Close()
		}
		for range 2 {
			l, err := net.Listen("tcp", a)
			if err != nil {
				t.Fatal(err)
			}
			if held, err := reserve(a); err == nil {
				t.Errorf("%s was reserved, where a server listens", a)
				_ = held.Close()
			}
			_ = l.Close()
		}
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	for a := range seen {
		if l, err := listenAt(t.Context(), a); err == nil {
			_ = l.Close()
			return // one is proof enough: another process may have taken some
		}
	}
	t.Error("no port can be taken after Close")
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
