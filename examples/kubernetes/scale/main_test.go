package main

import (
	"strings"
	"testing"
)

// answer is what scale prints, the words of each line apart from its values.
func answer(t *testing.T, args ...string) map[string][]string {
	t.Helper()
	var out strings.Builder
	if err := scale(args, &out); err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		what, values, _ := strings.Cut(strings.TrimSpace(line), "  ")
		rows[what] = strings.Fields(values)
	}
	return rows
}

func TestScale(t *testing.T) {
	t.Parallel()
	got := answer(t, "-journey-ms", "0.1", "-proxy-requests", "10000", "-connection-kb", "20", "-lines", "20000", "-took", "0.2", "-calls", "2", "-callers", "4", "-scrape", "5", "-phase", "60", "-duration", "100", "-series", "3", "1000", "100000")
	for what, want := range map[string]string{
		"journeys/s":                                "1000 100000",
		"in flight":                                 "200 20000",
		"cores of generators":                       "0.2 20",
		"generators":                                "1 20",
		"readers of their lines, one a journey":     "1 10",
		"calls/s of the dependency":                 "2000 200000",
		"proxies that can carry them":               "1 40",
		"calls/s of each sidecar":                   "500 50000",
		"MB of connections in each sidecar":         "2 200",
		"scrapes in the shortest phase (8 or more)": "12 12",
		"longest scrape interval, s":                "7.5 7.5",
		"samples that are fetched":                  "240 240",
	} {
		if have := strings.Join(got[what], " "); have != want {
			t.Errorf("%s: %q, want %q", what, have, want)
		}
	}
	if len(got) != 12 {
		t.Errorf("%d lines: %v", len(got), got)
	}
}

// A figure that nobody gave stays open: none is made up.
func TestWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	got := answer(t, "1000")
	for _, what := range []string{"cores of generators", "generators", "readers of their lines, one a journey", "proxies that can carry them", "MB of connections in each sidecar"} {
		if strings.Join(got[what], " ") != "?" {
			t.Errorf("%s: %q", what, got[what])
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"0"}, {"-1"}, {"many"}, {"inf"}, {"NaN"}, {"-use", "0", "1"}, {"-use", "2", "1"}, {"-scrape", "0", "1"}, {"-callers", "0", "1"}, {"-cores", "0", "1"}} {
		if err := scale(args, &strings.Builder{}); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
