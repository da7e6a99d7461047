package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every command pays for what packages set up before main, and a run pays twice: its guard
// starts as well. Expressions and tables are made when they are first used.
func TestNoRoomSetsUpMuchBeforeMain(t *testing.T) {
	t.Parallel()
	const most = 32 << 10 // bytes of one room
	path, err := exec.LookPath("blastgauge")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace strings.Builder
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	rooms := regexp.MustCompile(`(?m)^init `+regexp.QuoteMeta(module)+`(\S+) .* clock, (\d+) bytes`).FindAllStringSubmatch(trace.String(), -1)
	if len(rooms) < 10 {
		t.Fatalf("only %d rooms were found: the search is broken", len(rooms))
	}
	for _, m := range rooms {
		if bytes, err := strconv.Atoi(m[2]); m[1] != "cmd/blastgauge" && (err != nil || bytes > most) { // which is these tests
			t.Errorf("%s sets up %d bytes before main, more than %d: lazyregexp.New and sync.OnceValue wait for the first use (%v)", m[1], bytes, most, err)
		}
	}
}
