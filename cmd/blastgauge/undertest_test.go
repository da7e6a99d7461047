package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// till is a system under test as a program of its own: what it is asked at the
// first address it asks its dependency at the second, which it serves itself at
// the third.
func till() {
	entry, dependency, behind := os.Args[1], os.Args[2], os.Args[3]
	if len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, os.Args[4])
		os.Exit(9)
	}
	go http.ListenAndServe(behind, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "paid") }))
	http.ListenAndServe(entry, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer, err := http.Get("http://" + dependency)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		io.Copy(w, answer.Body)
	}))
}

// tillAnswers succeeds where somebody listens.
func tillAnswers() {
	conn, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	conn.Close()
}

// silent ADDRESS waits until nobody listens there any more.
func silent(ts *testscript.TestScript, _ bool, args []string) {
	await(ts, args[0], func() bool {
		conn, err := net.Dial("tcp", args[0])
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

// pretill DIR writes the documents of a till into DIR and its addresses into
// the environment.
func prepareTill(ts *testscript.TestScript, _ bool, args []string) {
	addresses := freeAddresses(ts, 3)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Join(dir, "experiments"), 0o755))
	fill := strings.NewReplacer("ENTRY", addresses[0], "LISTEN", addresses[1], "UPSTREAM", addresses[2])
	for name, text := range map[string]string{"blastgauge.yaml": tillSystem, "experiments/bank-down.yaml": tillExperiment} {
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(fill.Replace(text)), 0o644))
	}
	for i, name := range []string{"ENTRY", "LISTEN", "UPSTREAM"} {
		ts.Setenv(name, addresses[i])
	}
}

const tillSystem = `version: 1
system: till
environment: test
toxiproxy: embedded
url: http://ENTRY
dependencies:
  bank: {listen: "LISTEN", upstream: "http://UPSTREAM", criticality: hard}
journeys:
  pay:
    rate: 10/s
    slow_after: 5s
    timeout: 10s
    steps:
      - {name: pay, request: GET /, expect: {status: 200}}
defaults:
  phases: {warmup: 300ms, baseline: 3s, fault: 12s, recovery: 1s}
  limits: {blast_radius: 20%, baseline: 100%}
  guardrails: []
`

const tillExperiment = `version: 1
experiment: bank-down
hypothesis: People pay while the bank is down.
faults:
  - {inject: down, into: bank}
`
