package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/injectors/gateway"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// A stateOf brings a Redis of its own into a state in which it refuses commands.
type stateOf func(*testing.T, *redisState)

// A redisState is a Redis in such a state.
type redisState struct {
	address    string
	admin      *redis.Client
	attributes string   // of the fault that is to be the same
	first      []string // what is said before each command
}

// The states of a Redis, each as it comes about: not by what it says of itself.
func redisStates() map[string]stateOf {
	return map[string]stateOf{
		"READONLY":   configured("REPLICAOF 127.0.0.1 1"),
		"MASTERDOWN": configured("CONFIG SET replica-serve-stale-data no", "CONFIG SET replica-read-only no", "REPLICAOF 127.0.0.1 1"),
		"OOM":        configured("CONFIG SET maxmemory 1"),
		"OOM in MULTI": func(t *testing.T, s *redisState) {
			configured("CONFIG SET maxmemory 1")(t, s)
			s.first = []string{"MULTI"}
		},
		"NOREPLICAS":  configured("CONFIG SET min-replicas-to-write 1"),
		"NOAUTH":      configured("CONFIG SET requirepass secret"),
		"MISCONF":     misconfigured,
		"LOADING":     loading,
		"BUSY":        busy,
		"CLUSTERDOWN": clusterDown,
		"MOVED":       movedElsewhere,
		"ASK":         migrating,
		"TRYAGAIN":    halfMigrated,
	}
}

// In each state, what the server says of every command that it knows is what a
// fault says of it, letter by letter, and the commands that the server serves are
// those that the fault spares.
func TestRedisStatesAreTheServersOwn(t *testing.T) {
	t.Parallel()
	for name, enter := range redisStates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			name, _, _ := strings.Cut(name, " ")
			s := &redisState{attributes: "{'error':'" + name + "'}"}
			enter(t, s)
			spared := newRig(t, gateway.Options{Scheme: "redis", Address: knowsAll(t)})
			teach(t, spared.address)
			spared.inject("redis_error", s.attributes)
			refused := 0
			for _, command := range append(scriptCommands(), commandsOf(t)...) {
				original, injected := said(t, s.address, s.first, command), said(t, spared.address, s.first, command)
				in := func(answer string) bool {
					return strings.HasPrefix(answer, "-"+name+" ") && !strings.HasPrefix(answer, "-NOAUTH HELLO ") // which says more
				}
				if in(original) {
					refused++
				}
				if (in(original) || in(injected)) && original != injected {
					t.Errorf("%v: the server says %q, the fault %q", command, original, injected)
				}
			}
			if refused == 0 {
				t.Error("the server refuses nothing")
			}
		})
	}
}

// configured is a state that commands bring about.
func configured(commands ...string) stateOf {
	return func(t *testing.T, s *redisState) {
		s.start(t)
		for _, c := range commands {
			s.do(t, strings.Fields(c)...)
		}
	}
}

func (s *redisState) start(t *testing.T, args ...string) {
	t.Helper()
	server, err := checkout.StartRedisWith(t.Context(), args...)
	required.NoError(t, err, checkout.ErrNotInstalled)
	t.Cleanup(func() { server.Close() })
	s.address = strings.TrimPrefix(server.URL, "redis://")
	s.admin = asker(t, s.address, 2)
	teach(t, s.address)
}

// returns is the digest of a script that does.
const returns = "63143b6f8007b98c53ca2149822777b3566f9241"

func (s *redisState) do(t *testing.T, words ...string) any {
	t.Helper()
	var args []any
	for _, w := range words {
		args = append(args, w)
	}
	v, err := s.admin.Do(t.Context(), args...).Result()
	if err != nil {
		t.Fatal(words, err)
	}
	return v
}

// until asks until the answer holds a text.
func until(t *testing.T, address, text string, words ...string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		got := said(t, address, words)
		if strings.Contains(got, text) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v: %q, want %q", words, got, text)
		}
	}
}

// misconfigured cannot write where its dump belongs.
func misconfigured(t *testing.T, s *redisState) {
	s.start(t)
	dir := s.do(t, "CONFIG", "GET", "dir").([]any)[1].(string)
	if err := os.Mkdir(filepath.Join(dir, "dump.rdb"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.do(t, "CONFIG", "SET", "save", "3600 1")
	s.do(t, "BGSAVE")
	until(t, s.address, "-MISCONF", "SET", "k", "1")
}

// loading reads a dump, and takes its time.
func loading(t *testing.T, s *redisState) {
	s.start(t, "--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024", "--rdbcompression", "no")
	s.do(t, "DEBUG", "POPULATE", "6000", "key", "1100")
	s.do(t, "CONFIG", "SET", "key-load-delay", "20000") // microseconds
	done := make(chan error, 1)
	go func() { done <- asker(t, s.address, 2).Do(t.Context(), "DEBUG", "RELOAD").Err() }()
	t.Cleanup(func() { said(t, s.address, []string{"CONFIG", "SET", "key-load-delay", "0"}) })
	until(t, s.address, "-LOADING", "GET", "k")
}

// busy runs a script that does not end.
func busy(t *testing.T, s *redisState) {
	s.start(t, "--busy-reply-threshold", "1")
	done := make(chan error, 1)
	go func() { done <- asker(t, s.address, 2).Eval(t.Context(), "while true do end", nil).Err() }()
	until(t, s.address, "-BUSY", "GET", "k")
	t.Cleanup(func() { said(t, s.address, []string{"SCRIPT", "KILL"}) })
}

// cluster starts a Redis that is a node of one.
func (s *redisState) cluster(t *testing.T) {
	t.Helper()
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { free.Close() })
	_, port, _ := net.SplitHostPort(free.Addresses()[0])
	s.start(t, "--cluster-enabled", "yes", "--cluster-port", port, "--cluster-node-timeout", "60000") // one that gets no processor for a while is not lost
}

func clusterDown(t *testing.T, s *redisState) {
	s.cluster(t)
	s.do(t, "CLUSTER", "ADDSLOTS", slotOfK) // and nobody has the others
	until(t, s.address, "-CLUSTERDOWN The", "GET", "k")
}

// slotOfK is the slot of the key that commands are asked with.
const slotOfK = "7629"

// movedElsewhere is a node that has no slots, beside one that has them all.
func movedElsewhere(t *testing.T, s *redisState) {
	other := pairOfNodes(t, s)
	s.address, other.address = other.address, s.address
	s.attributes = "{'error':'MOVED','address':'" + other.address + "'}"
	until(t, s.address, "-MOVED", "GET", "k")
}

// pairOfNodes is s with all slots, and another node with none.
func pairOfNodes(t *testing.T, s *redisState) *redisState {
	t.Helper()
	other := &redisState{}
	s.cluster(t)
	other.cluster(t)
	s.do(t, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	host, port, _ := net.SplitHostPort(other.address)
	bus := other.do(t, "CONFIG", "GET", "cluster-port").([]any)[1].(string)
	s.do(t, "CLUSTER", "MEET", host, port, bus)
	for _, node := range []*redisState{s, other} {
		until(t, node.address, "cluster_known_nodes:2", "CLUSTER", "INFO")
		until(t, node.address, "cluster_state:ok", "CLUSTER", "INFO")
	}
	return other
}

// migrating is a node that gives a slot away, and has no key in it any more.
func migrating(t *testing.T, s *redisState) {
	other := pairOfNodes(t, s)
	s.do(t, "CLUSTER", "SETSLOT", slotOfK, "MIGRATING", other.do(t, "CLUSTER", "MYID").(string))
	s.attributes = "{'error':'ASK','address':'" + other.address + "'}"
	until(t, s.address, "-ASK", "GET", "k")
}

// halfMigrated is a node that a slot comes to, of whose keys it has one.
func halfMigrated(t *testing.T, s *redisState) {
	other := pairOfNodes(t, s)
	other.do(t, "CLUSTER", "SETSLOT", slotOfK, "IMPORTING", s.do(t, "CLUSTER", "MYID").(string))
	s.address, s.first = other.address, []string{"ASKING"}
	if got := said(t, s.address, s.first, []string{"SET", "k", "1"}); got != "+OK" {
		t.Fatal(got)
	}
}

// knowsAll is the address of a server that does nothing, and says so of every
// command but those of the gateway's own.
func knowsAll(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					args, err := readArray(in)
					if err != nil {
						return
					}
					answer := "+OK\r\n"
					if strings.HasPrefix(args[0], "blastgauge.fault.") {
						answer = fmt.Sprintf("-ERR unknown command '%s', with args beginning with: \r\n", args[0])
					}
					io.WriteString(c, answer)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// readArray reads a command.
func readArray(in *bufio.Reader) (args []string, err error) {
	number := func() (n int) {
		line, failed := in.ReadString('\n')
		if err = failed; err == nil {
			n, err = strconv.Atoi(strings.TrimSpace(line[1:]))
		}
		return n
	}
	for range number() {
		text := make([]byte, number()+2)
		if _, failed := io.ReadFull(in, text); err != nil || failed != nil {
			return nil, errors.Join(err, failed)
		}
		args = append(args, string(text[:len(text)-2]))
	}
	if err == nil && len(args) == 0 {
		err = io.EOF
	}
	return args, err
}

// exchange sends commands at once, and returns all that is answered to them.
func exchange(address string, commands [][]string) (string, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(patience))
	for _, words := range commands {
		fmt.Fprintf(c, "*%d\r\n", len(words))
		for _, w := range words {
			fmt.Fprintf(c, "$%d\r\n%s\r\n", len(w), w)
		}
	}
	answers, err := io.ReadAll(c)
	return string(answers), err
}

// said is the first line of the answer to the last of a few commands, on a
// connection of their own. Where it ends instead, that is the answer.
func said(t *testing.T, address string, commands ...[]string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(patience))
	in := bufio.NewReader(c)
	var line string
	for _, words := range commands {
		if len(words) == 0 {
			continue
		}
		fmt.Fprintf(c, "*%d\r\n", len(words))
		for _, w := range words {
			fmt.Fprintf(c, "$%d\r\n%s\r\n", len(w), w)
		}
		line, err = in.ReadString('\n')
	}
	if err == nil && strings.HasPrefix(line, "$") && line != "$-1\r\n" {
		line, err = in.ReadString('\n') // INFO, for one
		if n := in.Buffered(); n > 0 {
			rest, _ := in.Peek(n)
			line += string(rest)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(commands, err)
	}
	return strings.TrimRight(line, "\r\n")
}

// commandsOf are all commands that a server knows, each with as many arguments as
// it needs and a key, k, where it wants one. Those that would bring the server out
// of its state, or never answer, are left out.
func commandsOf(t *testing.T) (list [][]string) {
	t.Helper()
	server, err := checkout.StartRedis(t.Context()) // one that answers whatever state the other is in
	required.NoError(t, err, checkout.ErrNotInstalled)
	t.Cleanup(func() { server.Close() })
	c := asker(t, strings.TrimPrefix(server.URL, "redis://"), 2)
	if about := c.Info(t.Context(), "server").Val(); !strings.Contains(about, "redis_version:7.") {
		t.Skip("our table of commands is that of Redis 7")
	}
	all, err := c.Do(t.Context(), "COMMAND").Slice()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		list = append(list, forms(one.([]any))...)
	}
	// what empties the server comes last: nothing is there to be run any more, or nobody
	// knows what
	empties := func(words []string) int {
		if text := strings.Join(words, " "); strings.Contains(text, "flush") || strings.HasPrefix(text, "function restore") || strings.HasPrefix(text, "function delete") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b []string) int { return empties(a) - empties(b) })
	return list
}

// forms are the ways in which a command is asked: one, or one for each of its
// subcommands.
func forms(info []any) (list [][]string) {
	const subcommands = 9
	if len(info) > subcommands {
		if subs := info[subcommands].([]any); len(subs) > 0 {
			for _, s := range subs {
				list = append(list, forms(s.([]any))...)
			}
			return list
		}
	}
	name := info[0].(string)
	left := []string{"shutdown", "debug", "sync", "psync", "replconf", "replicaof", "slaveof", "failover", "monitor", "script|kill", "function|kill", "config|set", "module|load", "module|loadex", "module|unload", "acl|setuser", "client|kill", "client|reply"}
	if strings.HasPrefix(name, "cluster|") || slices.Contains(left, name) {
		return nil
	}
	words := strings.Split(name, "|")
	if args, ok := counted()[name]; ok {
		return [][]string{append(words, strings.Fields(args)...)}
	}
	arity := info[1].(int64)
	for range max(arity, -arity) - int64(len(words)) {
		words = append(words, "k")
	}
	return [][]string{words}
}

// counted are the arguments of commands whose keys are not at a fixed place.
func counted() map[string]string {
	return map[string]string{
		"eval": "return 1 k", "eval_ro": "return 1 k", "evalsha": returns + " 1 k", "evalsha_ro": returns + " 1 k", "fcall": "x 1 k", "fcall_ro": "x 1 k",
		"xread": "STREAMS k 0", "xreadgroup": "GROUP g c STREAMS k >", "migrate": "127.0.0.1 1 k 0 10",
		"zunion": "2 k {k}2", "zinter": "2 k {k}2", "zdiff": "2 k {k}2", "zintercard": "2 k {k}2", "sintercard": "2 k {k}2",
		"zunionstore": "k 2 k {k}2", "zinterstore": "k 2 k {k}2", "zdiffstore": "k 2 k {k}2",
		"lmpop": "2 k {k}2 LEFT", "zmpop": "2 k {k}2 MIN", "blmpop": "0.01 2 k {k}2 LEFT", "bzmpop": "0.01 2 k {k}2 MIN",
		"mget": "k {k}2", "del": "k {k}2", "exists": "k {k}2", "touch": "k {k}2", "unlink": "k {k}2", "mset": "k 1 {k}2 2", "msetnx": "k 1 {k}2 2",
		"sinter": "k {k}2", "sunion": "k {k}2", "sdiff": "k {k}2", "sinterstore": "k k {k}2", "sunionstore": "k k {k}2", "sdiffstore": "k k {k}2",
		"pfcount": "k {k}2", "pfmerge": "k {k}2", "rename": "k {k}2", "renamenx": "k {k}2", "copy": "k {k}2", "smove": "k {k}2 m", "lcs": "k {k}2",
		"lmove": "k {k}2 LEFT LEFT", "blmove": "k {k}2 LEFT LEFT 0.01", "rpoplpush": "k {k}2", "brpoplpush": "k {k}2 0.01",
		"blpop": "k {k}2 0.01", "brpop": "k {k}2 0.01", "bzpopmin": "k {k}2 0.01", "bzpopmax": "k {k}2 0.01", "bitop": "AND k k {k}2",
		"geosearchstore": "k {k}2 FROMMEMBER m BYRADIUS 1 m", "zrangestore": "k {k}2 0 1", "watch": "k {k}2", "wait": "0 1",
	}
}
