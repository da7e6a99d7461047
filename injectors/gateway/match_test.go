package gateway_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A matchCase is a fault, and which of some messages meet it. The others are told as what
// came instead.
type matchCase struct{ attributes, met string }

// check sends each of the messages, by their names, and compares which met the fault.
func (tt matchCase) check(t *testing.T, f *gateway.Fault, names []string, kind func(name string) string, meets func(name string) bool) {
	t.Helper()
	var met []string
	missed := map[string]int64{}
	for _, name := range names {
		if meets(name) {
			met = append(met, name)
		} else {
			missed[kind(name)]++
		}
	}
	if got := strings.Join(met, ", "); got != tt.met {
		t.Errorf("%s was met by %s, want %s", tt.attributes, got, tt.met)
	}
	c := f.Counts()
	if c.Seen != int64(len(names)) || c.Affected != int64(len(met)) || c.Matched < c.Affected {
		t.Errorf("%s counted %+v of %d messages, of which %d met it", tt.attributes, c, len(names), len(met))
	}
	if c.Matched > c.Affected { // what matched and was not affected is not what came instead
		return
	}
	var want []gateway.Missed
	for what, count := range missed {
		want = append(want, gateway.Missed{What: what, Count: count})
	}
	byCount := func(a, b gateway.Missed) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.What, b.What))
	}
	slices.SortFunc(want, byCount)
	if got := slices.SortedFunc(slices.Values(f.Missed()), byCount); !slices.Equal(got, want[:min(len(want), len(got))]) || len(got) < min(len(want), 5) {
		t.Errorf("%s: %v came instead, want %v", tt.attributes, got, want)
	}
}

// Requests meet a fault as its lists and not say, on one connection that is kept alive, in
// both versions of HTTP; what did not meet it is told.
func TestMatchOfRequests(t *testing.T) {
	t.Parallel()
	names := []string{"GET /health", "GET /ready", "POST /charges", "POST /charges/7 acme", "PUT /refunds acme r1", "GET /health acme r1", "GET /charges r1"}
	bothProtocols(t, echo, func(t *testing.T, r *rig, client *http.Client) {
		for _, tt := range []matchCase{
			{`'match':{'path':['/health','/ready']}`, "GET /health, GET /ready, GET /health acme r1"},
			{`'match':{'path':'/charges/*'}`, "POST /charges/7 acme"},
			{`'match':{'path':['/charges','/charges/**'],'method':['post','PUT']}`, "POST /charges, POST /charges/7 acme"},
			{`'match':{'not':{'path':'/health'}}`, "GET /ready, POST /charges, POST /charges/7 acme, PUT /refunds acme r1, GET /charges r1"},
			{`'match':{'not':{'path':['/health','/ready','/charges']}}`, "POST /charges/7 acme, PUT /refunds acme r1"},
			{`'match':{'not':{'path':'/health','headers':{'X-Tenant':'acme'}}}`, "GET /health, GET /ready, POST /charges, POST /charges/7 acme, PUT /refunds acme r1, GET /charges r1"},
			{`'match':{'method':['GET','PUT'],'not':{'path':['/health','/ready']}}`, "PUT /refunds acme r1, GET /charges r1"},
			{`'match':{'headers':{'x-tenant':['other','acme']}}`, "POST /charges/7 acme, PUT /refunds acme r1, GET /health acme r1"},
			{`'match':{'baggage':{'blastgauge.arm':'r1'},'not':{'path':'/health'}}`, "PUT /refunds acme r1, GET /charges r1"}, // an arm, but for its health checks
			{`'match':{'baggage':{'blastgauge.arm':['r0','r1']},'not':{'headers':{'X-Tenant':'acme'}}}`, "GET /charges r1"},
			{`'match':{'not':{'baggage':{'blastgauge.arm':'r1'}}}`, "GET /health, GET /ready, POST /charges, POST /charges/7 acme"},
			{`'match':{'not':{'grpc':'**'}}`, strings.Join(names, ", ")}, // none is gRPC
			{`'match':{'not':{'path':'/health'}},'first':2`, "GET /ready, POST /charges"},
			{`'match':{'path':['/ready','/charges']},'first':2`, "GET /ready, POST /charges"},
			{`'match':{'path':'/nowhere','not':{'path':'/health'}}`, ""},
		} {
			f := r.inject("http_error", `{'status':503,`+tt.attributes+`}`)
			tt.check(t, f, names, func(name string) string {
				return strings.Join(strings.Fields(strings.Replace(name, "/7", "/{id}", 1))[:2], " ")
			}, func(name string) bool {
				words := strings.Fields(name)
				var headers []string
				if slices.Contains(words, "acme") {
					headers = append(headers, "X-Tenant", "acme")
				}
				if slices.Contains(words, "r1") {
					headers = append(headers, "baggage", "a=b,blastgauge.arm=r1")
				}
				res, _ := ask(t, client, words[0], r.url(words[1]), headers...)
				return res.StatusCode == 503
			})
		}
		if n := r.dials.Load(); n != 1 {
			t.Errorf("%d connections, want one that is kept alive", n)
		}
	})
}

// A share of what matches has the same fate whatever a not spares in between, and a
// document is bad where match says so.
func TestMatchWithAShareAndOfDocuments(t *testing.T) {
	t.Parallel()
	fates := func(match string, paths ...string) (list []bool) {
		r := behind(t, echo)
		f := fault(t, "http_error", 0.5, `{'status':503`+match+`}`)
		r.Set([]*gateway.Fault{f})
		client := r.client()
		for range 16 {
			for _, path := range paths {
				if res, _ := ask(t, client, "GET", r.url(path)); path != "/health" {
					list = append(list, res.StatusCode == 503)
				} else if res.StatusCode != 200 {
					t.Error("a health check met the fault")
				}
			}
		}
		wantCounts(t, f, int64(16*len(paths)), 16, f.Counts().Affected)
		return list
	}
	alone := fates("", "/charges")
	if spared := fates(`,'match':{'not':{'path':['/ready','/health']}}`, "/health", "/charges"); !slices.Equal(spared, alone) || !slices.Contains(alone, true) || !slices.Contains(alone, false) {
		t.Errorf("%v are affected, and %v without health checks in between", spared, alone)
	}
	r := behind(t, settingsServer)
	f := r.inject("http_config", `{'scale':{'path':'/price/factor','by':100},'match':{'path':['/settings','/prices'],'not':{'headers':{'X-Tenant':['acme','shop']}}}}`)
	client := r.client()
	_, bad := ask(t, client, "GET", r.url("/settings"))
	_, spared := ask(t, client, "GET", r.url("/settings"), "X-Tenant", "shop")
	_, missed := ask(t, client, "GET", r.url("/other"))
	if string(bad) == string(spared) || string(spared) != string(missed) {
		t.Errorf("%s, %s for a tenant that is spared, and %s elsewhere", bad, spared, missed)
	}
	wantCounts(t, f, 3, 1, 1)
}

// redisMatches is a part of a test that has a server.
func redisMatches(t *testing.T, r *rig, c *redis.Client) {
	names := []string{"SET cart:1 x", "GET cart:1", "GET session:1", "INCR n", "CONFIG GET maxmemory", "PING"}
	if err := c.Ping(t.Context()).Err(); err != nil { // connected: what clients say of themselves is no row
		t.Fatal(err)
	}
	for _, tt := range []matchCase{
		{`'class':['read','admin']`, "GET cart:1, GET session:1, CONFIG GET maxmemory"},
		{`'class':'any','not':{'class':['admin','other']}`, "SET cart:1 x, GET cart:1, GET session:1, INCR n"},
		{`'command':['SET, INCR','ping']`, "SET cart:1 x, INCR n, PING"},
		{`'command':['config get'],'not':{'key':'x'}`, "CONFIG GET maxmemory"},
		{`'key':['cart:*','n']`, "SET cart:1 x, GET cart:1, INCR n"},
		{`'class':['read','write'],'not':{'key':['session:*','n']}`, "SET cart:1 x, GET cart:1"},
		{`'class':['read','write'],'not':{'command':'GET','key':'cart:*'}`, "SET cart:1 x, GET session:1, INCR n"},
		{`'not':{'command':['GET','CONFIG GET, PING']}`, "SET cart:1 x, INCR n"},
	} {
		f := r.inject("redis_error", `{'error':'ERR met','match':{`+tt.attributes+`}}`)
		tt.check(t, f, names, func(name string) string { return strings.Fields(name)[0] }, func(name string) bool {
			var args []any
			for word := range strings.FieldsSeq(name) {
				args = append(args, word)
			}
			err := c.Do(t.Context(), args...).Err()
			return err != nil && err.Error() == "ERR met"
		})
	}
	r.Set(nil)
}

// postgresMatches is a part of a test that has a server: statements meet a fault as its
// lists and not say, in the simple and in the extended protocol.
func postgresMatches(t *testing.T, r *pgRig) {
	names := []string{"INSERT INTO t VALUES (1, 1)", "UPDATE t SET v = 2", "SELECT v FROM t", "SELECT 1 -- health", "DELETE FROM t"}
	const insert, update, read, health, remove = 0, 1, 2, 3, 4
	met := func(which ...int) string {
		var list []string
		for _, i := range which {
			list = append(list, names[i])
		}
		return strings.Join(list, ", ")
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeDescribeExec} {
		r.T = t
		c := r.open(r.via, mode)
		for _, tt := range []matchCase{
			{`'statement':['insert','delete']`, met(insert, remove)},
			{`'statement':['write','select'],'not':{'sql':'*HEALTH*'}`, met(insert, update, read, remove)},
			{`'statement':'any','not':{'statement':['insert','delete']}`, met(update, read, health)},
			{`'sql':['*insert*','*SET v*']`, met(insert, update)},
			{`'statement':'any','not':{'statement':'select','sql':['*health*','*nothing*']}`, met(insert, update, read, remove)},
			{`'statement':['read','update'],'sql':'* t*','not':{'sql':'update*'}`, met(read)},
		} {
			f := r.inject("postgres_error", `{'sqlstate':'40001','match':{`+tt.attributes+`}}`)
			tt.check(t, f, names, func(name string) string { return strings.Fields(name)[0] }, func(name string) bool {
				_, err := c.Exec(context.WithoutCancel(t.Context()), name)
				if err != nil && !strings.Contains(err.Error(), "40001") {
					t.Error(name, fmt.Sprint(mode), err)
				}
				return err != nil
			})
			r.Set(nil)
			r.exec(c, "TRUNCATE t")
		}
	}
}
