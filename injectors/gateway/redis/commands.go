package redis

import (
	"strconv"
	"strings"
	"sync"
)

// table lists commands as Redis 7 knows them, and those that came later: their
// class, marks, where their keys are, and names with the subcommand behind a
// dot.
//
// Marks: o is refused where memory is short; l is served while data is loaded, s
// by a replica without its master, b while a script runs, n before a client has
// said who it is; k has more keys than the first.
//
// Keys: the first, the last (counted from the end where it is negative) and the
// step; or "count N 1", where argument N says how many follow it; or "streams N",
// where they follow a word that is argument N or comes later.
const table = `
read - - - -: DBSIZE KEYS LOLWUT RANDOMKEY SCAN
read - 1 -1 1: EXISTS MGET PFCOUNT SDIFF SINTER SUNION TOUCH
read - 1 1 1: BITCOUNT BITFIELD_RO BITPOS DUMP EXPIRETIME GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO GEORADIUS_RO
read - 1 1 1: GEOSEARCH GET GETBIT GETRANGE HEXISTS HEXPIRETIME HGET HGETALL HKEYS HLEN HMGET HPEXPIRETIME HPTTL
read - 1 1 1: HRANDFIELD HSCAN HSTRLEN HTTL HVALS LINDEX LLEN LPOS LRANGE PEXPIRETIME PTTL SCARD SISMEMBER SMEMBERS
read - 1 1 1: SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUBSTR TTL TYPE XLEN XPENDING XRANGE XREVRANGE ZCARD ZCOUNT
read - 1 1 1: ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX
read - 1 1 1: ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE
read - 1 2 1: LCS
read - 2 2 1: MEMORY.USAGE OBJECT.ENCODING OBJECT.FREQ OBJECT.IDLETIME OBJECT.REFCOUNT XINFO.CONSUMERS XINFO.GROUPS
read - 2 2 1: XINFO.STREAM
read - count 1 1: SINTERCARD ZDIFF ZINTER ZINTERCARD ZUNION
read - count 2 1: EVALSHA_RO EVAL_RO
read s count 2 1: FCALL_RO
read - streams 1 -: XREAD
write - - - -: FLUSHALL FLUSHDB FUNCTION.DELETE FUNCTION.FLUSH SWAPDB
write o - - -: FUNCTION.LOAD FUNCTION.RESTORE
write - 1 -1 1: DEL UNLINK
write o 1 -1 1: PFMERGE SDIFFSTORE SINTERSTORE SUNIONSTORE
write o 1 -1 2: MSET MSETNX
write - 1 -2 1: BLPOP BRPOP BZPOPMAX BZPOPMIN
write - 1 1 1: EXPIRE EXPIREAT GETDEL GETEX HDEL HGETDEL HGETEX HPERSIST LPOP LREM LTRIM MOVE PERSIST PEXPIRE
write - 1 1 1: PEXPIREAT RPOP SPOP SREM XACK XAUTOCLAIM XCLAIM XDEL XTRIM ZPOPMAX ZPOPMIN ZREM ZREMRANGEBYLEX
write - 1 1 1: ZREMRANGEBYRANK ZREMRANGEBYSCORE
write o 1 1 1: APPEND BITFIELD DECR DECRBY GEOADD GEORADIUS GEORADIUSBYMEMBER GETSET HEXPIRE HEXPIREAT HINCRBY
write o 1 1 1: HINCRBYFLOAT HMSET HPEXPIRE HPEXPIREAT HSET HSETEX HSETNX INCR INCRBY INCRBYFLOAT LINSERT LPUSH LPUSHX
write o 1 1 1: LSET PFADD PSETEX RESTORE RESTORE-ASKING RPUSH RPUSHX SADD SET SETBIT SETEX SETNX SETRANGE SORT XADD
write o 1 1 1: XSETID ZADD ZINCRBY
write ok 1 1 1: ZDIFFSTORE ZINTERSTORE ZUNIONSTORE
write - 1 2 1: RENAME RENAMENX SMOVE
write o 1 2 1: BLMOVE BRPOPLPUSH COPY GEOSEARCHSTORE LMOVE RPOPLPUSH ZRANGESTORE
write o 2 -1 1: BITOP
write - 2 2 1: XGROUP.DELCONSUMER XGROUP.DESTROY XGROUP.SETID
write o 2 2 1: PFDEBUG XGROUP.CREATE XGROUP.CREATECONSUMER
write - 3 3 1: MIGRATE
write - count 1 1: LMPOP ZMPOP
write - count 2 1: BLMPOP BZMPOP
write - streams 4 -: XREADGROUP
script - - - -: FUNCTION.DUMP FUNCTION.KILL FUNCTION.LIST FUNCTION.STATS SCRIPT.DEBUG SCRIPT.EXISTS SCRIPT.FLUSH
script b - - -: SCRIPT.KILL
script ls - - -: FUNCTION.HELP SCRIPT.HELP
script s - - -: SCRIPT.LOAD
script - count 2 1: EVAL EVALSHA
script s count 2 1: FCALL
transaction ls - - -: EXEC
transaction lsb - - -: DISCARD MULTI UNWATCH
transaction lsb 1 -1 1: WATCH
pubsub ls - - -: PSUBSCRIBE PUBLISH PUBSUB.CHANNELS PUBSUB.NUMPAT PUBSUB.NUMSUB PUBSUB.SHARDCHANNELS
pubsub ls - - -: PUBSUB.SHARDNUMSUB PUNSUBSCRIBE SUBSCRIBE UNSUBSCRIBE
pubsub ls 1 -1 1: SSUBSCRIBE SUNSUBSCRIBE
pubsub ls 1 1 1: SPUBLISH
admin - - - -: BGREWRITEAOF BGSAVE MODULE.LIST MODULE.LOAD MODULE.LOADEX MODULE.UNLOAD PFSELFTEST PSYNC SAVE SYNC
admin ls - - -: ACL.DELUSER ACL.DRYRUN ACL.GETUSER ACL.LIST ACL.LOAD ACL.LOG ACL.SAVE ACL.SETUSER ACL.USERS
admin ls - - -: CLIENT.KILL CLIENT.LIST CLIENT.NO-EVICT CLIENT.PAUSE CLIENT.UNBLOCK CLIENT.UNPAUSE CONFIG.GET
admin ls - - -: CONFIG.RESETSTAT CONFIG.REWRITE CONFIG.SET DEBUG LATENCY.DOCTOR LATENCY.GRAPH LATENCY.HISTOGRAM
admin ls - - -: LATENCY.HISTORY LATENCY.LATEST LATENCY.RESET MONITOR SLOWLOG.GET SLOWLOG.LEN SLOWLOG.RESET
admin lsb - - -: REPLCONF SHUTDOWN
admin s - - -: CLUSTER.ADDSLOTS CLUSTER.ADDSLOTSRANGE CLUSTER.BUMPEPOCH CLUSTER.COUNT-FAILURE-REPORTS CLUSTER.DELSLOTS
admin s - - -: CLUSTER.DELSLOTSRANGE CLUSTER.FAILOVER CLUSTER.FLUSHSLOTS CLUSTER.FORGET CLUSTER.MEET CLUSTER.REPLICAS
admin s - - -: CLUSTER.REPLICATE CLUSTER.RESET CLUSTER.SAVECONFIG CLUSTER.SET-CONFIG-EPOCH CLUSTER.SETSLOT
admin s - - -: CLUSTER.SLAVES FAILOVER REPLICAOF SLAVEOF
other - - - -: ASKING MEMORY.DOCTOR MEMORY.MALLOC-STATS MEMORY.PURGE MEMORY.STATS PING WAIT WAITAOF
other ls - - -: ACL.CAT ACL.GENPASS ACL.HELP ACL.WHOAMI CLIENT.CACHING CLIENT.GETNAME CLIENT.GETREDIR CLIENT.HELP
other ls - - -: CLIENT.ID CLIENT.INFO CLIENT.NO-TOUCH CLIENT.REPLY CLIENT.SETINFO CLIENT.SETNAME CLIENT.TRACKING
other ls - - -: CLIENT.TRACKINGINFO CLUSTER.HELP COMMAND.COUNT COMMAND.DOCS COMMAND.GETKEYS COMMAND.GETKEYSANDFLAGS
other ls - - -: COMMAND.HELP COMMAND.INFO COMMAND.LIST CONFIG.HELP ECHO INFO LASTSAVE LATENCY.HELP MEMORY.HELP
other ls - - -: MODULE.HELP OBJECT.HELP PUBSUB.HELP READONLY READWRITE ROLE SELECT SLOWLOG.HELP TIME XGROUP.HELP
other ls - - -: XINFO.HELP
other lsbn - - -: AUTH HELLO QUIT RESET
other s - - -: CLUSTER.COUNTKEYSINSLOT CLUSTER.GETKEYSINSLOT CLUSTER.INFO CLUSTER.KEYSLOT CLUSTER.LINKS CLUSTER.MYID
other s - - -: CLUSTER.NODES CLUSTER.SHARDS CLUSTER.SLOTS
`

// A spec is what is known of the commands of one name.
type spec struct {
	class class
	marks string
	keys  keys
}

// keys are the arguments of a command that are keys; the name is argument 0.
type keys struct {
	first, last, step int
	counted           int // the argument that says how many keys follow it
	streams           int // the first argument that may be the word STREAMS, which keys and ids follow, as many of each
}

// specs are those of the table, by name. It is only read.
var specs = sync.OnceValue(func() map[string]spec { return read(table) })

func read(table string) map[string]spec {
	known := map[string]spec{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		head, names, _ := strings.Cut(line, ":")
		f := strings.Fields(head)
		c := spec{class: class(f[0]), marks: f[1], keys: readKeys(f[2], f[3], f[4])}
		for name := range strings.FieldsSeq(names) {
			name, sub, has := strings.Cut(name, ".")
			if has {
				known[name] = spec{class: group}
				name += " " + sub
			}
			known[name] = c
		}
	}
	return known
}

func readKeys(first, last, step string) (k keys) {
	n := func(text string) int {
		v, _ := strconv.Atoi(text) // a dash is none
		return v
	}
	switch first {
	case "streams":
		k.streams = n(last)
	case "count":
		k.counted = n(last)
	default:
		k.first, k.last, k.step = n(first), n(last), n(step)
	}
	return k
}

// group is the class of names that mean nothing without a subcommand.
const group class = "group"

// find looks a command up; sub is its first argument. One that is not known may be
// a module's.
func find(name, sub string) (known spec, full string) {
	c, ok := specs()[name]
	switch {
	case !ok:
		return spec{class: other}, name
	case c.class != group:
		return c, name
	}
	if c, ok := specs()[name+" "+sub]; ok {
		return c, name + " " + sub
	}
	return spec{class: other}, name
}

// A seeker finds the first key of a command whose arguments it is shown one by one.
type seeker struct {
	keys
	args    int64 // of the command, the name included
	follows bool  // the argument to come is a key
	count   int64 // of keys
}

// see looks at argument i, and reports whether it is the first key. Where over is true
// there is none behind it.
func (k *seeker) see(i int64, arg []byte) (found, over bool) {
	switch {
	case k.follows:
		return true, true
	case k.streams > 0:
		if i >= int64(k.streams) && strings.EqualFold(string(arg), "streams") {
			k.follows, k.count = true, (k.args-1-i)/2
		}
	case k.counted > 0 && i == int64(k.counted):
		n, err := strconv.ParseInt(string(arg), 10, 64)
		k.follows, k.count = err == nil && n > 0, n
		return false, !k.follows
	case k.first > 0 && i == int64(k.first):
		last := int64(k.last)
		if last < 0 {
			last += k.args
		}
		k.count = (last-i)/int64(max(k.step, 1)) + 1
		return true, true
	}
	return false, false
}

// at lists where the keys are among n arguments, the name included.
func (k keys) at(args [][]byte) []int {
	var list []int
	switch n := len(args); {
	case k.streams > 0:
		list = k.behindStreams(args)
	case k.counted > 0 && k.counted < n:
		count, _ := strconv.Atoi(string(args[k.counted])) // none where it is no number
		for i := k.counted + 1; i < n && count > 0; i, count = i+1, count-1 {
			list = append(list, i)
		}
	case k.first > 0:
		last := k.last
		if last < 0 {
			last += n
		}
		for i := k.first; i <= min(last, n-1); i += k.step {
			list = append(list, i)
		}
	}
	return list
}

func (k keys) behindStreams(args [][]byte) (list []int) {
	for i := min(k.streams, len(args)); i < len(args); i++ {
		if strings.EqualFold(string(args[i]), "streams") {
			for j := i + 1; j <= i+(len(args)-1-i)/2; j++ {
				list = append(list, j)
			}
			return list
		}
	}
	return nil
}
