package traffic

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// users are the data of journeys that log in.
func fiftyUsers(t *testing.T) *experiments.Data {
	t.Helper()
	var b strings.Builder
	b.WriteString("email,password\n")
	for i := range 50 {
		fmt.Fprintf(&b, "u%d@shop.test,secret-%d\n", i, i)
	}
	table, err := rows.Parse("users.csv", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return &experiments.Data{File: "users.csv", Digest: table.Digest(), Columns: table.Columns(), Rows: table.Len(), Table: table}
}

// loggingIn makes the journey of a plan log in and out as one of its users.
func loggingIn(d *experiments.Data) func(*plan.Plan) {
	step := func(name string) experiments.Step {
		return experiments.Step{Name: name, Request: experiments.Request{Method: "GET", Target: "/" + name + "/${data.email}/${data.password}"}}
	}
	return func(p *plan.Plan) {
		j := &p.Experiments[0].Journeys[0]
		j.Data, j.Steps = d, []experiments.Step{step("login"), step("logout")}
		j.SlowAfter, j.Timeout = 5*time.Second, 8*time.Second
	}
}

// asked are the parts of a target, as a server reads them.
func asked(target string) (what, user, password string) {
	plain, err := url.PathUnescape(target)
	if err != nil {
		return "", target, ""
	}
	parts := strings.Split(plain, "/")
	return parts[1], parts[2], parts[3]
}

// A door lets every user in once at a time.
type door struct {
	t  *testing.T
	mu sync.Mutex
	in map[string]plan.Arm
	by map[plan.Arm]map[string]int // logins
}

func newDoor(t *testing.T) *door {
	return &door{t: t, in: map[string]plan.Arm{}, by: map[plan.Arm]map[string]int{0: {}, 1: {}}}
}

// of is the door as an arm meets it. Each request takes a while, as takes says.
func (d *door) of(arm plan.Arm, takes func(n int) time.Duration) sender {
	n := 0
	return func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		what, user, password := asked(req.Target)
		d.mu.Lock()
		n++
		took := takes(n)
		if number, ok := strings.CutPrefix(user, "u"); !ok || "secret-"+strings.TrimSuffix(number, "@shop.test") != password {
			d.t.Errorf("user %s has the password %s", user, password)
		}
		if what == "login" {
			if other, taken := d.in[user]; taken {
				d.t.Errorf("%s logs in on arm %v while in flight on arm %v", user, arm, other)
			}
			d.in[user] = arm
			d.by[arm][user]++
		}
		d.mu.Unlock()
		ctx, cancel := context.WithDeadline(ctx, req.Deadline)
		defer cancel()
		ended := wait.For(ctx, took)
		d.mu.Lock()
		defer d.mu.Unlock()
		if what == "logout" || !ended {
			delete(d.in, user)
		}
		if !ended {
			return ctx.Err()
		}
		resp.Status = 200
		return nil
	}
}

// Twenty journeys a second log in as one of fifty users, and take up to four seconds: no
// two in flight have one user, whatever their arm, and every user has a turn.
func TestNoTwoJourneysInFlightShareAUser(t *testing.T) {
	t.Parallel()
	for _, order := range []experiments.Order{experiments.InTurn, experiments.AtRandom} {
		t.Run(string(order), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				data := fiftyUsers(t)
				data.Order = order
				d := newDoor(t)
				takes := func(n int) time.Duration { return time.Duration(100+n*7919%900) * time.Millisecond }
				list := run(t, aPlan(loggingIn(data)), time.Minute, d.of(plan.FaultArm, takes), d.of(plan.ControlArm, takes), nil)
				if len(list) != 1200 {
					t.Fatalf("%d journeys, want 1200", len(list))
				}
				for _, o := range list {
					if o.Harmed() {
						t.Fatalf("%+v", o)
					}
				}
				for arm, users := range d.by {
					if len(users) != 25 {
						t.Errorf("arm %v was %d users, want its half of 50", arm, len(users))
					}
					if least := slices.Min(slices.Collect(maps.Values(users))); order == experiments.InTurn && least < 23 {
						t.Errorf("arm %v was one user %d times in 600 journeys of 25", arm, least)
					}
				}
			})
		})
	}
}

// Journeys that hang keep the rows of their arm: it sheds, with a cause of its own, and
// the other arm does not notice.
func TestAnArmThatHangsStarvesNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		never := func(int) time.Duration { return time.Hour }
		soon := func(int) time.Duration { return 200 * time.Millisecond }
		list := run(t, aPlan(loggingIn(fiftyUsers(t))), 16*time.Second, d.of(plan.FaultArm, never), d.of(plan.ControlArm, soon), nil)
		causes, _ := introduced(t, list)
		shed := 0
		for _, o := range list {
			switch {
			case o.Arm == plan.ControlArm && o.Harmed():
				t.Fatalf("%+v", o)
			case o.Cause == journal.Shed:
				shed++
				if c := causes[o.Why]; c.Key != "no free row of users.csv" || c.Step != "" || c.Class != "shed" || len(o.Steps) != 0 {
					t.Fatalf("%+v for %+v", c, o)
				}
			}
		}
		// In 8 s, 25 users hang at 10/s: 80 are due. Then the first are free again.
		if want := 160 - 2*25; shed < want-10 || shed > want+10 {
			t.Errorf("%d were shed, want about %d", shed, want)
		}
	})
}

// Where faults touch a share of the journeys, those that they touch and that hang keep no
// row from the others.
func TestTouchedJourneysThatHangStarveNoOther(t *testing.T) {
	t.Parallel()
	for _, order := range []experiments.Order{experiments.InTurn, experiments.AtRandom} {
		t.Run(string(order), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				data := fiftyUsers(t)
				data.Order = order
				d := newDoor(t)
				p := aPlan(func(p *plan.Plan) {
					loggingIn(data)(p)
					inTurns(p)
					p.Experiments[0].Journeys[0].Rate = 20
				})
				traffic, err := New(Options{Plan: p,
					Fault:   d.of(plan.FaultArm, func(int) time.Duration { return time.Hour }),
					Control: d.of(plan.ControlArm, func(int) time.Duration { return 200 * time.Millisecond })})
				if err != nil {
					t.Fatal(err)
				}
				traffic.Touch(0.5)
				arms, shed := [2]int{}, 0
				for _, o := range observe(t, traffic, 16*time.Second) {
					arms[o.Arm]++
					if o.Cause == journal.Shed {
						shed++
					}
					if o.Arm == plan.ControlArm && o.Harmed() {
						t.Fatalf("%+v", o)
					}
				}
				if shed == 0 || arms[plan.ControlArm] < 100 {
					t.Errorf("%d of %v journeys were shed", shed, arms)
				}
				if len(d.by[plan.FaultArm]) != 25 || len(d.by[plan.ControlArm]) != 25 {
					t.Errorf("the arms were %d and %d of 50 users", len(d.by[plan.FaultArm]), len(d.by[plan.ControlArm]))
				}
			})
		})
	}
}

// Two kinds of journeys with the same file share its rows.
func TestJourneysWithOneFileShareItsRows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		takes := func(int) time.Duration { return 700 * time.Millisecond }
		p := aPlan(func(p *plan.Plan) {
			loggingIn(fiftyUsers(t))(p)
			second := p.Experiments[0].Journeys[0]
			again := *second.Data // as another journey of the document has it
			again.Order = experiments.AtRandom
			second.Name, second.Data = "account", &again
			p.Experiments[0].Journeys = append(p.Experiments[0].Journeys, second)
			p.Experiments[0].Control = plan.Baseline
		})
		list := run(t, p, 20*time.Second, d.of(plan.FaultArm, takes), nil, nil)
		shed := 0
		for _, o := range list {
			if o.Cause == journal.Shed {
				shed++
			}
		}
		// 40 a second for 1.4 s are 56 of 50.
		if len(list) != 800 || shed == 0 || shed > 200 {
			t.Errorf("%d of %d journeys were shed", shed, len(list))
		}
	})
}

// What an answer repeats of a row is shown without its secrets.
func TestSecretsOfARowAreNotObserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan(func(p *plan.Plan) {
			loggingIn(fiftyUsers(t))(p)
			p.Experiments[0].Control = plan.Baseline
		})
		traffic, err := New(Options{Plan: p, Fault: sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
			_, user, password := asked(req.Target)
			resp.Status, resp.Body = 403, []byte("no entry for "+user+" with "+password)
			return nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		traffic.StartPhase(journal.Fault)
		shown := 0
		for _, o := range observe(t, traffic, 3*time.Second) {
			if o.Seen == nil || o.Seen.Example == nil {
				continue
			}
			shown++
			if text := fmt.Sprintf("%+v %+v", *o.Seen, *o.Seen.Example); strings.Contains(text, "secret-") || !strings.Contains(text, "@shop.test with ***") {
				t.Errorf("shown: %s", text)
			}
		}
		if shown == 0 {
			t.Error("no example is kept")
		}
	})
}
