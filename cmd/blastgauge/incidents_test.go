package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// shelf is a small library as a program of its own. Its front asks, at the addresses of
// proxies, a cache that speaks the protocol of Redis, a database of books and rules of
// lending, which it serves itself behind them:
//
//	shelf FRONT CACHE BOOKS RULES CACHE-BEHIND BOOKS-BEHIND RULES-BEHIND
func shelf() {
	at := os.Args[1:]
	go serveTitles(at[4])
	go http.ListenAndServe(at[5], booksDatabase())
	go http.ListenAndServe(at[6], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"revision": 7, "loan": {"days": 21, "renewals": 2}}`)
	}))
	http.ListenAndServe(at[0], shelfFront{cache: at[1], books: at[2], rules: at[3]})
}

// A shelfFront answers for how long a book may be borrowed. It is as naive as many: it
// believes its rules, and asks the database for all that the cache does not know.
type shelfFront struct{ cache, books, rules string }

func (f shelfFront) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var rules struct{ Loan struct{ Days float64 } }
	answer, err := http.Get("http://" + f.rules + "/rules")
	if err == nil {
		err = json.NewDecoder(answer.Body).Decode(&rules)
		answer.Body.Close()
	}
	title := ""
	if err == nil {
		title, err = f.title()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"title": title, "days": rules.Loan.Days})
}

// title asks the cache, and where it does not know, the database.
func (f shelfFront) title() (string, error) {
	conn, err := net.Dial("tcp", f.cache)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	fmt.Fprint(conn, "*2\r\n$3\r\nGET\r\n$6\r\nbook:7\r\n")
	lines := bufio.NewScanner(conn)
	lines.Scan()
	if strings.HasPrefix(lines.Text(), "$") && lines.Text() != "$-1" && lines.Scan() {
		return lines.Text(), nil
	}
	answer, err := http.Get("http://" + f.books + "/books/7")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the database is busy: %s", text)
	}
	return string(text), err
}

// booksDatabase answers one question at a time, slowly, and refuses others meanwhile.
func booksDatabase() http.Handler {
	free := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case free <- struct{}{}:
			time.Sleep(time.Second)
			<-free
			fmt.Fprint(w, "Middlemarch")
		default:
			http.Error(w, "too many questions", http.StatusServiceUnavailable)
		}
	})
}

// serveTitles is as much of a Redis as the front needs: it knows one book.
func serveTitles(address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				switch strings.ToUpper(lines.Text()) {
				case "PING":
					fmt.Fprint(conn, "+PONG\r\n")
				case "BOOK:7":
					fmt.Fprint(conn, "$11\r\nMiddlemarch\r\n")
				}
			}
		}()
	}
}

// preshelf DIR writes the document of a shelf into DIR, and what starts it into the
// environment.
func prepareShelf(ts *testscript.TestScript, _ bool, args []string) {
	addresses := freeAddresses(ts, 7)
	fill := strings.NewReplacer("FRONT", addresses[0],
		"CACHE-BEHIND", addresses[4], "BOOKS-BEHIND", addresses[5], "RULES-BEHIND", addresses[6],
		"CACHE", addresses[1], "BOOKS", addresses[2], "RULES", addresses[3])
	ts.Check(os.MkdirAll(ts.MkAbs(args[0])+"/experiments", 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[0])+"/blastgauge.yaml", []byte(fill.Replace(shelfSystem)), 0o644))
	for i, name := range []string{"FRONT", "CACHE", "BOOKS", "RULES", "CACHE_BEHIND", "BOOKS_BEHIND", "RULES_BEHIND"} {
		ts.Setenv(name, addresses[i])
	}
}

const shelfSystem = `version: 1
system: shelf
environment: test
toxiproxy: embedded
url: http://FRONT
dependencies:
  cache: {listen: "CACHE", upstream: "redis://CACHE-BEHIND", criticality: soft}
  books: {listen: "BOOKS", upstream: "http://BOOKS-BEHIND", criticality: hard}
  rules: {listen: "RULES", upstream: "http://RULES-BEHIND", criticality: hard}
journeys:
  borrow:
    rate: 20/s
    slow_after: 4s
    timeout: 10s
    steps:
      - {name: look, request: GET /books/7, expect: {status: 200, json: {"$.title": Middlemarch, "$.days": {gte: 1, lte: 60}}}}
defaults:
  phases: {warmup: 300ms, baseline: 2s, fault: 8s, recovery: 1s}
  limits: {blast_radius: 5%, baseline: 100%}
  guardrails: []
`

// harmed RUN ID=KIND... wants these experiments of a run to be refuted, in this order and no
// others, by journeys most of which are wrong, or have failed. A busy machine makes some slow.
func harmed(ts *testscript.TestScript, _ bool, args []string) {
	list := readResult(ts, args[0]).Experiments
	if len(list) != len(args)-1 {
		ts.Fatalf("%d experiments, want %q", len(list), args[1:])
	}
	for n, e := range list {
		id, kind, _ := strings.Cut(args[n+1], "=")
		c := e.Journeys[0].Arms.Fault
		if count := map[string]int{"wrong": c.Wrong, "failed": c.Failed}[kind]; e.ID != id || e.Verdict != result.Refuted || count == 0 || 2*count <= c.Harmed() {
			ts.Fatalf("%s is %s with %+v, want %s: %q", e.ID, e.Verdict, c, args[n+1], e.Reasons)
		}
	}
}
