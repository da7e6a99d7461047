package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A sender is a program that sends journeys: three a second through each arm, until the
// stop file is there. Its argument says what becomes of it:
//
//	steadily   it does what it should
//	dies       it ends under the fault, in the eighth second
//	hangs      it falls silent then, and lives
//	mumbles    it writes a line of no journey, before the fault
//
// It is one process: a busy machine starts none for each journey.
const sender = "sender"

const sentEvery = time.Second / 3

func sendJourneys() {
	fmt.Fprintln(os.Stderr, "it says what it does on standard error")
	signal.Ignore(syscall.SIGTERM) // what is on its way may end: the stop file says when to stop
	s := &sending{lines: json.NewEncoder(os.Stdout), client: &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	begun := time.Now()
	for n := 1; !stopped(); n++ {
		due := begun.Add(time.Duration(n-1) * sentEvery)
		time.Sleep(time.Until(due))
		beat()
		switch fmt.Sprint(os.Args[1], n) {
		case "dies24":
			fmt.Fprintln(os.Stderr, "out of memory")
			os.Exit(3)
		case "hangs24":
			for ; ; time.Sleep(500 * time.Millisecond) {
				beat()
			}
		case "mumbles5":
			s.say(line{Journey: "browze", Arm: "fault", Outcome: "ok"}, due)
		}
		s.sent.Go(func() { s.journey("fault", os.Getenv("BLASTGAUGE_URL"), due) })
		s.sent.Go(func() { s.journey("control", os.Getenv("BLASTGAUGE_CONTROL_URL"), due) })
	}
	s.sent.Wait()
}

// beat shows that the program lives.
func beat() {
	if err := os.WriteFile(filepath.Join("..", "beat"), nil, 0o600); err != nil {
		panic(err)
	}
}

func stopped() bool {
	_, err := os.Stat(os.Getenv("BLASTGAUGE_STOP"))
	return err == nil
}

type sending struct {
	client *http.Client
	sent   sync.WaitGroup
	mu     sync.Mutex
	lines  *json.Encoder
}

type line struct {
	Journey string    `json:"journey"`
	Arm     string    `json:"arm"`
	Start   time.Time `json:"start"`
	Took    float64   `json:"took"`
	Outcome string    `json:"outcome"`
	Cause   string    `json:"cause,omitzero"`
	Step    string    `json:"step,omitzero"`
	Detail  string    `json:"detail,omitzero"`
}

// say writes the line of a journey that ends now.
func (s *sending) say(l line, due time.Time) {
	l.Start, l.Took = due.UTC(), time.Since(due).Seconds()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.lines.Encode(l); err != nil {
		panic(err)
	}
}

func (s *sending) journey(arm, url string, due time.Time) {
	resp, err := s.client.Get(url + "/products/A-17")
	if err == nil {
		resp.Body.Close()
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		s.say(line{Journey: "browse", Arm: arm, Outcome: "failed", Cause: "timeout: client", Step: "product", Detail: "no page in three seconds"}, due)
		return
	}
	s.say(line{Journey: "browse", Arm: arm, Outcome: "ok"}, due)
}
