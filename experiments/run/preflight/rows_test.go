package preflight

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/rows"
)

func usersOf(t *testing.T, text string) *experiments.Data {
	t.Helper()
	table, err := rows.Parse("users.csv", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &experiments.Data{File: "users.csv", Columns: table.Columns(), Rows: table.Len(), Table: table}
}

// The questions of a preflight come at the same time, and no two of them have one row.
func TestQuestionsHaveARowEach(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"one for all": "email\na\n", "some": "email\na\nb\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			in := map[string]bool{}
			door := func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				user := r.URL.Query().Get("user")
				if r.URL.Path == "/login" && in[user] || user == "" {
					t.Errorf("%s of %q, and %v are in", r.URL.Path, user, in)
				}
				in[user] = r.URL.Path == "/login"
			}
			s := &shop{}
			data := usersOf(t, text)
			login, logout := step("login", "GET", "/login?user=${data.email}", status()), step("logout", "GET", "/logout?user=${data.email}", status())
			first, second := planned("first", login, logout), planned("second", login, logout)
			first.Data, second.Data = data, data
			if err := Check(t.Context(), Options{Plan: makePlan(s.arm(t, "fault", door), s.arm(t, "control", door), first, second)}); err != nil {
				t.Fatal(err)
			}
			if n := len(s.seen()); n != 8 {
				t.Errorf("%d requests, want two of each of four journeys", n)
			}
		})
	}
}

// Each journey that is tried has a row, whose secrets are not shown.
func TestTryTakesRows(t *testing.T) {
	t.Parallel()
	s := &shop{}
	echo := func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("you are " + r.URL.RawQuery)) }
	login := planned("login", step("login", "GET", "/login/${data.email}?word=${data.password}", status()))
	login.Data = usersOf(t, "email,password\na,first-secret\nb,second-secret\n")
	again := login
	again.Name = "again"
	list, err := Try(t.Context(), TryOptions{System: systemOf(s.arm(t, "fault", echo), "", login, again), Run: "20261128t000000z-abcdef"})
	if err != nil || Failed(list) != nil {
		t.Fatal(err, Failed(list))
	}
	if got := s.seen(); !slices.Equal(got, []string{"fault GET /login/a", "fault GET /login/b"}) {
		t.Errorf("sent %q", got)
	}
	var shown bytes.Buffer
	if err := WriteText(&shown, list); err != nil {
		t.Fatal(err)
	}
	for i, a := range list {
		if a.Data != "users.csv" || a.Row != i+1 {
			t.Errorf("%s had row %d of %q", a.Journey, a.Row, a.Data)
		}
	}
	if text := shown.String(); strings.Contains(text, "-secret") || !strings.Contains(text, "with row 2 of users.csv") {
		t.Error(text)
	}
}
