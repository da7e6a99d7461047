package redis

import (
	"maps"
	"slices"
	"strings"
)

// A refusal is an error as a server makes it of its own accord.
type refusal struct {
	text   string
	spares func(*asked) bool // commands that the server serves all the same
}

// without is a refusal that spares commands with this mark.
func without(mark string) func(*asked) bool {
	return func(a *asked) bool { return strings.Contains(a.marks, mark) }
}

// only is a refusal that spares all commands but those.
func only(meant func(*asked) bool) func(*asked) bool {
	return func(a *asked) bool { return !meant(a) }
}

func isWrite(a *asked) bool { return a.class == writes }

// needsRoom is of commands that take memory, as what waits for EXEC does.
func needsRoom(a *asked) bool {
	unqueued := []string{"EXEC", "DISCARD", "RESET", "QUIT", "SAVE"}
	return strings.Contains(a.marks, "o") || a.queued && !slices.Contains(unqueued, a.name)
}

// isSaved is of commands that are refused by a server that cannot save: who asks
// whether it is well is told.
func isSaved(a *asked) bool { return a.class == writes || a.name == "PING" }

// The commands that a cluster's nodes have a say in. Messages to subscribers do not
// move with their slot before it has moved as a whole, and what moves keys is let
// through while it moves.
func hasKey(a *asked) bool      { return a.hasKey }
func hasData(a *asked) bool     { return a.hasKey && a.class != pubsub }
func asksData(a *asked) bool    { return hasData(a) && a.name != "MIGRATE" }
func asksSeveral(a *asked) bool { return asksData(a) && a.several }

func hasKeys(c command) bool { return c.keys != keys{} }

// refusals are the errors that are known by their first word. The texts are those
// of Redis 7, because clients look at more than the word.
func refusals() map[string]refusal {
	return map[string]refusal{
		"READONLY":    {"READONLY You can't write against a read only replica.", only(isWrite)},
		"LOADING":     {"LOADING Redis is loading the dataset in memory", without("l")},
		"OOM":         {"OOM command not allowed when used memory > 'maxmemory'.", only(needsRoom)},
		"BUSY":        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", without("b")},
		"NOAUTH":      {"NOAUTH Authentication required.", without("n")},
		"MASTERDOWN":  {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", without("s")},
		"NOREPLICAS":  {"NOREPLICAS Not enough good replicas to write.", only(isWrite)},
		"MISCONF":     {misconf, only(isSaved)},
		"CLUSTERDOWN": {"CLUSTERDOWN The cluster is down", only(hasData)},
		"TRYAGAIN":    {"TRYAGAIN Multiple keys request during rehashing of slot", only(asksSeveral)},
		"MOVED":       {"MOVED", only(hasKey)},
		"ASK":         {"ASK", only(asksData)},
	}
}

const misconf = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
	"Commands that may modify the data set are disabled, because this instance is configured to report errors during writes " +
	"if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."

// Errors are the errors that are known by their first word.
func Errors() []string { return slices.Sorted(maps.Keys(refusals())) }

// slots is how many a cluster has.
const slots = 16384

// slotOf is the slot of a key: of what stands in its first braces, if anything
// does. See https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/.
func slotOf(key string) int {
	if _, behind, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(behind, "}"); ok && tag != "" {
			key = tag
		}
	}
	crc := uint16(0) // CRC16 as XMODEM has it
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc) % slots
}
