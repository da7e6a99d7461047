package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/injectors/gateway"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// realRedis is a gateway in front of a redis-server that is this test's own, and
// the address of that.
func realRedis(t *testing.T) (*rig, string) {
	t.Helper()
	server, err := checkout.StartRedis(t.Context())
	required.NoError(t, err, checkout.ErrNotInstalled)
	t.Cleanup(func() { server.Close() })
	address := strings.TrimPrefix(server.URL, "redis://")
	return newRig(t, gateway.Options{Scheme: "redis", Address: address, Seed: 7}), address
}

// asker is a client that hides nothing.
func asker(t *testing.T, address string, protocol int) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: address, Protocol: protocol, MaxRetries: -1, DisableIdentity: true, ReadTimeout: patience, ContextTimeoutEnabled: true})
	t.Cleanup(func() { c.Close() })
	return c
}

// A client of its day says who it is, asks for its database and whether the server
// is there: what counts is what it was told to do.
func TestRedisCallsAreCommandsThatWereMeant(t *testing.T) {
	t.Parallel()
	server, err := checkout.StartRedis(t.Context())
	required.NoError(t, err, checkout.ErrNotInstalled)
	t.Cleanup(func() { server.Close() })
	var calls atomic.Int64
	r := newRig(t, gateway.Options{Scheme: "redis", Address: strings.TrimPrefix(server.URL, "redis://"), Calls: &calls})
	for range 5 { // on a connection each
		c := redis.NewClient(&redis.Options{Addr: r.address, DB: 1, ClientName: "shop"})
		ctx := t.Context()
		for _, err := range []error{
			c.Ping(ctx).Err(), c.Set(ctx, "a", "1", 0).Err(), c.HSet(ctx, "b", "c", "1").Err(), c.Get(ctx, "a").Err(), c.Close(),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	}
	if got := calls.Load(); got != 15 {
		t.Errorf("%d calls, want the 15 commands that were meant", got)
	}
}

// Our table of commands says of each what the server says of it.
func TestRedisClassesAreTheServersOwn(t *testing.T) {
	t.Parallel()
	r, direct := realRedis(t)
	infos, err := asker(t, direct, 2).Command(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	c := asker(t, r.address, 2)
	for _, name := range slices.Sorted(maps.Keys(infos)) {
		info := infos[name]
		if info.FirstKeyPos != 1 || slices.Contains(info.Flags, "blocking") { // others have subcommands, or would wait
			continue
		}
		isWrite := slices.Contains(info.Flags, "write")
		if !isWrite && !info.ReadOnly {
			continue
		}
		class := map[bool]string{true: "write", false: "read"}[isWrite]
		f := r.inject("redis_error", fmt.Sprintf("{'error':'ERR met','match':{'class':'%s','key':'k'}}", class))
		err := c.Do(t.Context(), name, "k", "k", "k").Err()
		if err == nil || err.Error() != "ERR met" || f.Counts().Affected != 1 {
			t.Errorf("%s, which is a %s for the server: %v", name, class, err)
		}
	}
	redisMatches(t, r, asker(t, r.address, 3))
}

// An empty store answers as one that is empty: in both versions of the protocol,
// alone and in a transaction.
func TestRedisIsEmpty(t *testing.T) {
	t.Parallel()
	r, _ := realRedis(t)
	ctx := t.Context()
	for _, protocol := range []int{2, 3} {
		c := asker(t, r.address, protocol)
		fill := [][]any{{"SET", "s", "1"}, {"HSET", "h", "a", "1"}, {"RPUSH", "l", "1"}, {"SADD", "set", "1"}, {"ZADD", "z", "1", "a"}, {"XADD", "x", "*", "a", "1"}}
		reads := [][]any{
			{"GET", "s"}, {"MGET", "s", "s2"}, {"EXISTS", "s", "h"}, {"TTL", "s"}, {"TYPE", "s"}, {"STRLEN", "s"}, {"HGETALL", "h"}, {"HGET", "h", "a"}, {"HMGET", "h", "a", "b"},
			{"LRANGE", "l", "0", "-1"}, {"LLEN", "l"}, {"SMEMBERS", "set"}, {"SISMEMBER", "set", "1"}, {"SUNION", "set", "s2"}, {"SINTERCARD", "1", "set"}, {"ZRANGE", "z", "0", "-1", "WITHSCORES"},
			{"ZSCORE", "z", "a"}, {"ZUNION", "1", "z"}, {"XRANGE", "x", "-", "+"}, {"XREAD", "STREAMS", "x", "0"}, {"OBJECT", "ENCODING", "s"}, {"DBSIZE"}, {"RANDOMKEY"}, {"KEYS", "s"}, {"SCAN", "0", "MATCH", "s", "COUNT", "100"},
			{"SORT_RO", "l"}, {"DUMP", "s"}, {"GETRANGE", "s", "0", "-1"}, {"BITCOUNT", "s"}, {"PFCOUNT", "s2"}, {"LCS", "s", "s"},
		}
		r.Set(nil)
		if err := c.FlushAll(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		empty := answers(t, c, reads)
		answers(t, c, fill)
		full := answers(t, c, reads)
		f := r.inject("redis_empty", `{}`)
		if got := answers(t, c, reads); !slices.Equal(got, empty) {
			for i := range got {
				if got[i] != empty[i] {
					t.Errorf("RESP%d: %v finds %s, in an empty store %s", protocol, reads[i], got[i], empty[i])
				}
			}
		}
		if n := f.Counts().Affected; n != int64(2*len(reads)) {
			t.Errorf("%d reads were counted, want %d", n, 2*len(reads))
		}
		r.Set(nil)
		if got := answers(t, c, reads); !slices.Equal(got, full) {
			t.Errorf("RESP%d: afterwards the data is %v, before %v", protocol, got, full)
		}
	}
}

// answers are those to commands, one by one and then in a transaction.
func answers(t *testing.T, c *redis.Client, commands [][]any) (list []string) {
	t.Helper()
	for _, command := range commands {
		list = append(list, answer(c.Do(t.Context(), command...)))
	}
	commanders, err := c.TxPipelined(t.Context(), func(p redis.Pipeliner) error {
		for _, command := range commands {
			p.Do(t.Context(), command...)
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	for _, c := range commanders {
		list = append(list, answer(c.(*redis.Cmd)))
	}
	return list
}

// answer is one that can be compared: any key is as good as another.
func answer(c *redis.Cmd) string {
	v, err := c.Result()
	if c.Name() == "randomkey" && err == nil {
		v = "a key"
	}
	return fmt.Sprint(v, err)
}

// Transactions fail as they would on the server: nothing of them is done, and the
// session goes on.
func TestRedisTransactions(t *testing.T) {
	t.Parallel()
	r, _ := realRedis(t)
	ctx := t.Context()
	w := r.connect()
	talk := func(command, want string) {
		t.Helper()
		w.send(command + "\r\n")
		if got, err := w.in.ReadString('\n'); err != nil || got != want+"\r\n" {
			t.Fatalf("%s: %q (%v), want %q", command, got, err, want)
		}
	}
	f := r.inject("redis_error", `{'error':'READONLY'}`)
	talk("MULTI", "+OK")
	talk("PING", "+QUEUED")
	talk("SET a 1", "-READONLY You can't write against a read only replica.")
	talk("EXEC", "-EXECABORT Transaction discarded because of previous errors.")
	r.Set(nil)
	talk("MULTI", "+OK")
	talk("SET a 2", "+QUEUED")
	r.inject("redis_error", `{'error':'OOM','match':{'command':'EXEC'}}`)
	talk("EXEC", "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.")
	talk("EXEC", "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.")
	r.Set(nil)
	talk("EXEC", "-ERR EXEC without MULTI")
	r.inject("redis_error", `{'error':'ERR no','match':{'command':'GET'}}`)
	w.send("CLIENT REPLY SKIP\r\nGET a\r\n") // an error that is not sent is not sent
	talk("PING", "+PONG")
	talk("GET a", "-ERR no")
	r.Set(nil)
	if n, err := asker(t, r.address, 2).Exists(ctx, "a").Result(); err != nil || n != 0 {
		t.Errorf("a transaction that failed has left something: %v %v", n, err)
	}
	wantCounts(t, f, 4, 1, 1)
}

// A subscription's messages and the errors between them do not meet; a command
// that blocks holds up the ones behind it and no others.
func TestRedisSubscriptionsAndBlocking(t *testing.T) {
	t.Parallel()
	r, direct := realRedis(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f := r.inject("redis_error", `{'error':'ERR no','match':{'command':'PING'}}`)
	for _, protocol := range []int{2, 3} {
		sub := asker(t, r.address, protocol).Subscribe(ctx, "news")
		if _, err := sub.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		other := asker(t, direct, protocol)
		for i := range 100 {
			if err := other.Publish(ctx, "news", i).Err(); err != nil {
				t.Fatal(err)
			}
			if i%10 == 0 {
				sub.Ping(ctx)
			}
		}
		for i, refused := 0, 0; i < 100 || refused < 10; {
			m, err := sub.Receive(ctx)
			switch got := m.(type) {
			case *redis.Message:
				if got.Payload != fmt.Sprint(i) {
					t.Fatalf("message %d is %q", i, got.Payload)
				}
				i++
			case *redis.Pong:
				t.Fatal("a ping was answered")
			default:
				if err == nil || err.Error() != "ERR no" {
					t.Fatalf("%T: %v", m, err)
				}
				refused++
			}
		}
		sub.Close()
		done := make(chan error, 1)
		go func() {
			v, err := asker(t, r.address, protocol).BLPop(ctx, 0, "queue").Result()
			if err == nil && v[1] != "x" {
				err = fmt.Errorf("got %v", v)
			}
			done <- err
		}()
		if err := other.RPush(ctx, "queue", "x").Err(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if f.Counts().Affected < 20 {
		t.Errorf("it counted %+v", f.Counts())
	}
}

// A thousand random faults on pipelines and transactions: a model that knows what
// was refused and what was not foresees every answer and what is stored at the
// end.
func TestRedisUnderAThousandFaults(t *testing.T) {
	t.Parallel()
	r, direct := realRedis(t)
	ctx := t.Context()
	faults := []*gateway.Fault{
		fault(t, "redis_error", 0.3, `{'error':'OOM'}`),
		fault(t, "redis_error", 0.1, `{'error':'ERR broken','match':{'command':'GET, EXEC'}}`),
		fault(t, "redis_empty", 0.2, `{}`),
	}
	met := func() (n int64) {
		for _, f := range faults {
			n += f.Counts().Affected
		}
		return n
	}
	draw := rand.New(rand.NewPCG(3, 3))
	m := model{}
	for round := 0; met() < 1000; round++ {
		if round > 5000 {
			t.Fatalf("only %d faults were met", met())
		}
		r.Set([][]*gateway.Fault{nil, faults, faults[:1], faults[1:]}[draw.IntN(4)])
		c := asker(t, r.address, 2+round%2)
		pipe := c.Pipeline()
		atomic := draw.IntN(3) == 0
		if atomic {
			pipe = c.TxPipeline()
		}
		for range 1 + draw.IntN(20) {
			key := fmt.Sprintf("k%d", draw.IntN(5))
			if draw.IntN(2) == 0 {
				pipe.Incr(ctx, key)
			} else {
				pipe.Get(ctx, key)
			}
		}
		commands, err := pipe.Exec(ctx)
		if problem := m.follow(commands, err, atomic); problem != "" {
			t.Fatalf("round %d: %s", round, problem)
		}
		c.Close()
	}
	r.Set(nil)
	c := asker(t, direct, 2)
	for key, want := range m {
		if got, err := c.Get(ctx, key).Int64(); err != nil || got != want {
			t.Errorf("%s is %d (%v), the model says %d", key, got, err, want)
		}
	}
}

// model is what is stored.
type model map[string]int64

// follow goes after what a pipeline did, and says what is wrong with its answers.
func (m model) follow(commands []redis.Cmder, err error, atomic bool) string {
	if atomic && err != nil && !errors.Is(err, redis.Nil) {
		aborted := strings.HasPrefix(err.Error(), "EXECABORT") || strings.HasPrefix(err.Error(), "OOM") || strings.HasPrefix(err.Error(), "ERR broken")
		if !aborted {
			return "a transaction ended with " + err.Error()
		}
		return "" // nothing of it was done
	}
	for i, c := range commands {
		key := fmt.Sprint(c.Args()[1])
		refused := c.Err() != nil && !errors.Is(c.Err(), redis.Nil)
		if refused && c.Err().Error() != "OOM command not allowed when used memory > 'maxmemory'." && c.Err().Error() != "ERR broken" {
			return fmt.Sprintf("command %d failed with %v", i, c.Err())
		}
		switch c := c.(type) {
		case *redis.IntCmd:
			if refused {
				continue
			}
			if m[key]++; c.Val() != m[key] {
				return fmt.Sprintf("command %d, INCR %s: %d, the model says %d", i, key, c.Val(), m[key])
			}
		case *redis.StringCmd:
			if found := c.Err() == nil; found && c.Val() != fmt.Sprint(m[key]) {
				return fmt.Sprintf("command %d, GET %s: %q, the model says %d", i, key, c.Val(), m[key])
			}
		}
	}
	return ""
}

// What is not RESP is the server's to judge, and a client that leaves early or
// says nothing holds nothing up.
func TestRedisAndForeigners(t *testing.T) {
	t.Parallel()
	r, _ := realRedis(t)
	r.inject("redis_error", `{'error':'ERR no','match':{'class':'write'}}`)
	w := r.connect()
	w.send("*1\r\n+nonsense\r\n")
	if got, err := w.rest(); err != nil || !strings.HasPrefix(got, "-ERR Protocol error") {
		t.Errorf("the answer to nonsense is %q, %v", got, err)
	}
	w = r.connect()
	w.send("PING\r\n*3\r\n$3\r\nSET\r\n")
	w.CloseWrite()
	if got, err := w.rest(); err != nil || got != "+PONG\r\n" {
		t.Errorf("half a command is answered with %q, %v", got, err)
	}
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for deadline := time.Now().Add(patience); r.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are still open", r.open.Load())
		}
	}
}
