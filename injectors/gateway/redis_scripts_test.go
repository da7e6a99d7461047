package gateway_test

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// redisScripts write, read, and say what they do or not. All get to their first write.
func redisScripts() []string {
	return []string{
		"return redis.call('set', KEYS[1], '1')",
		"redis.call('get', KEYS[1])\n\nreturn redis.call('SET', KEYS[1], 1)",
		"return redis.pcall('set', KEYS[1], '1')",
		"return redis.call('del', KEYS[1])",
		"redis.call('del', KEYS[1]) return redis.call('set', KEYS[1], 1)",
		"redis.call('expire', KEYS[1], 10) return 1",
		"if #KEYS[1] > 0 then return redis.call('set', KEYS[1], 1) else return redis.call('del', KEYS[1]) end",
		"local n = redis.call('incr', KEYS[1]) if n == 1 then redis.call('expire', KEYS[1], 10) end return n",
		"local rcall = redis.call\nlocal v = rcall('get', KEYS[1])\nrcall('set', KEYS[1], 1)\nreturn v",
		"local name = 'set' return redis.call(name, KEYS[1], '1')",
		"return redis.call(\"set\",\n KEYS[1], '1')",
		"return redis.call([[set]], KEYS[1], '1')",
		"redis.call('publish', 'c', 'm') return redis.call('sadd', KEYS[1], 1)",
		"return redis.call('get', KEYS[1])",
		"-- redis.call('set', KEYS[1], 1)\nreturn redis.call('get', KEYS[1])",
		"--[[ redis.call('set', KEYS[1], 1)\n]] return \"redis.call('set', KEYS[1], 1)\"",
		"local rcall = redis.call return rcall('ttl', KEYS[1])",
		"redis.log(redis.LOG_DEBUG, 'set') return redis.sha1hex('set')",
		"return 1",
		"return redis.call('publish', 'c', 'm')",
		"return redis.call('object', 'help')[1]",
		"#!lua\nreturn redis.call('get', KEYS[1])",
		"#!lua\nreturn redis.call('set', KEYS[1], 1)",
		"#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])",
		"#!lua flags=allow-oom\nreturn redis.call('set', KEYS[1], 1)",
		"#!lua flags=allow-stale\nreturn 1",
		"#!lua flags=no-writes,allow-stale\nreturn redis.call('echo', '1')",
		"#!lua flags=allow-oom,allow-stale\nreturn 1",
	}
}

// redisLibrary is a library of functions that declare what they do, or do not.
const redisLibrary = `#!lua name=l
redis.register_function('x', function(k, a) return redis.call('get', k[1]) end)
redis.register_function('w', function(k, a) return redis.call('set', k[1], 1) end)
redis.register_function{function_name='nw', callback=function(k, a) local t = {1, {2}} return redis.call('get', k[1]) end, flags={'no-writes'}}
redis.register_function({function_name='ao', flags={'allow-oom'}, callback=function(k, a) return redis.call('set', k[1], 1) end})
redis.register_function{function_name='nwas', callback=function(k, a) return 1 end, flags={'no-writes', 'allow-stale'}}
`

func digestOf(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

// scriptCommands are the ways in which these are run.
func scriptCommands() (list [][]string) {
	for _, s := range redisScripts() {
		for _, ro := range []string{"", "_RO"} {
			list = append(list, []string{"EVAL" + ro, s, "1", "k"}, []string{"EVALSHA" + ro, digestOf(s), "1", "k"})
		}
	}
	for _, f := range []string{"x", "w", "nw", "NW", "ao", "nwas"} {
		list = append(list, []string{"FCALL", f, "1", "k"}, []string{"FCALL_RO", f, "1", "k"})
	}
	return list
}

// teach brings them to a server.
func teach(t *testing.T, address string) {
	t.Helper()
	commands := [][]string{{"SCRIPT", "LOAD", "return"}, {"FUNCTION", "LOAD", redisLibrary}}
	for _, s := range redisScripts() {
		commands = append(commands, []string{"SCRIPT", "LOAD", s})
	}
	for _, c := range commands {
		if got := said(t, address, c); strings.HasPrefix(got, "-") {
			t.Fatal(c, got)
		}
	}
}

// A script of which nothing is known counts as a write, one that may write as well, and
// which class a script is of can be said.
func TestRedisScriptsThatMayWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t, gateway.Options{Scheme: "redis", Address: knowsAll(t)})
	sees := func(attributes string, refused, served [][]string) {
		t.Helper()
		r.inject("redis_error", attributes)
		for _, c := range refused {
			if got := said(t, r.address, c); !strings.HasPrefix(got, "-") {
				t.Errorf("%s: %v: %q", attributes, c, got)
			}
		}
		for _, c := range served {
			if got := said(t, r.address, c); got != "+OK" {
				t.Errorf("%s: %v: %q", attributes, c, got)
			}
		}
		r.Set(nil)
	}
	unseen := strings.Repeat("a", 40)
	sees("{'error':'READONLY'}", [][]string{
		{"EVALSHA", unseen, "1", "k"}, {"FCALL", "unseen", "0"},
		{"EVAL", "if false then redis.call('set', KEYS[1], 1) end return 1", "1", "k"},
		{"EVAL", "return redis.call(ARGV[1], KEYS[1])", "1", "k", "get"},
		{"EVAL", "return redis['call']('set', KEYS[1], 1)", "1", "k"},
		{"EVAL", "local r = redis return r.call('set', KEYS[1], 1)", "1", "k"},
		{"EVAL", "return pcall(redis.call, 'set', KEYS[1], 1)", "1", "k"},
		{"EVAL", "return loadstring(ARGV[1])()", "1", "k", "x"},
		{"EVAL", "return redis.call('json.set', KEYS[1], '$', 1)", "1", "k"},
		{"EVAL", "return redis.call('xgroup', ARGV[1], KEYS[1])", "1", "k", "destroy"},
	}, [][]string{
		{"EVAL", "return redis.call('xinfo', 'stream', KEYS[1])", "1", "k"},
		{"EVAL", "return redis.call 'dbsize'", "0"},
		{"EVALSHA_RO", unseen, "1", "k"}, {"FCALL_RO", "unseen", "0"}, {"EVAL", "x"}, {"EVAL"}, {"FCALL"}, {"SCRIPT", "LOAD"},
	})
	sees("{'error':'OOM'}", [][]string{
		{"EVALSHA", unseen, "1", "k"},
		{"EVAL", "if redis.call('get', KEYS[1]) then redis.call('del', KEYS[1]) end redis.call('set', KEYS[1], 1)", "1", "k"},
	}, nil)
	write, read := []string{"EVAL", "redis.call('set', KEYS[1], 1)", "1", "k"}, []string{"EVAL", "return 1", "1", "k"}
	sees("{'error':'READONLY','match':{'class':'write'}}", [][]string{write, {"SET", "k", "1"}}, [][]string{read, {"GET", "k"}})
	sees("{'error':'ERR own','match':{'class':'write'}}", [][]string{write}, [][]string{read})
	sees("{'error':'READONLY','match':{'class':'script'}}", [][]string{write, read}, [][]string{{"SET", "k", "1"}})
	sees("{'error':'READONLY','match':{'key':'lock:*'}}", [][]string{{"EVAL", "redis.call('del', KEYS[1])", "1", "lock:1"}}, [][]string{write})
}

// In a transaction a server finds out what a script does when it runs it.
func TestRedisScriptsInTransactions(t *testing.T) {
	t.Parallel()
	_, address := realRedis(t)
	live := &redisState{}
	configured("REPLICAOF 127.0.0.1 1")(t, live)
	r := newRig(t, gateway.Options{Scheme: "redis", Address: address})
	teach(t, r.address)
	r.inject("redis_error", "{'error':'READONLY'}")
	for _, c := range scriptCommands() {
		for _, asked := range [][][]string{{{"MULTI"}, c}, {{"MULTI"}, c, {"EXEC"}}} {
			want, got := all(t, live.address, asked), all(t, r.address, asked)
			if strings.Contains(want+got, "READONLY") && want != got {
				t.Errorf("%v: the server says %q, the fault %q", asked, want, got)
			}
		}
	}
	got := all(t, r.address, [][]string{{"MULTI"}, {"GET", "no"}, {"EVAL", redisScripts()[0], "1", "k"}, {"EXEC"}})
	if !strings.HasPrefix(got, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$-1\r\n-READONLY ") {
		t.Errorf("%q", got)
	}
}

// all is everything that is answered to commands on a connection of their own.
func all(t *testing.T, address string, commands [][]string) string {
	t.Helper()
	answers, err := exchange(address, append(commands, []string{"QUIT"}))
	if err != nil {
		t.Fatal(commands, err)
	}
	return answers
}
