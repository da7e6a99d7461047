package redis

import (
	"slices"
	"strings"
)

// A refusal is an error with which a server itself refuses commands.
type refusal struct {
	text   string
	spares func(*command) bool    // commands that the server serves all the same
	ends   func(*program) trouble // where it ends a script; nil: it is refused as a command
}

// unlessMarked returns what a refusal spares: commands with this mark.
func unlessMarked(mark string) func(*command) bool {
	return func(c *command) bool { return strings.Contains(c.marks, mark) }
}

// except returns what a refusal spares: all commands but these.
func except(meant func(*command) bool) func(*command) bool {
	return func(c *command) bool { return !meant(c) }
}

// isWrite reports whether a command writes, as a script may. One that is asked to write
// by a command that must not is refused by the server for that.
func isWrite(c *command) bool {
	return c.class == writes || c.program != nil && c.runs(c.program.writing())
}

// runs reports whether a server that lets no program past a trouble gets to that point.
func (c *command) runs(t trouble) bool {
	return t.found && (!t.within || !strings.HasSuffix(c.name, "_RO"))
}

// needsRoom reports whether a command takes memory, as one that waits for EXEC does.
func needsRoom(c *command) bool {
	unqueued := []string{"EXEC", "DISCARD", "RESET", "QUIT", "SAVE"}
	return strings.Contains(c.marks, "o") || c.program != nil && c.runs(c.program.filling()) || c.queued && !slices.Contains(unqueued, c.name)
}

// isSaved reports whether a server that cannot save refuses a command: also PING,
// so that a health check of the server fails, too.
func isSaved(c *command) bool { return isWrite(c) || c.name == "PING" }

// isFresh reports whether a command wants a replica that has its master.
func isFresh(c *command) bool {
	if c.program != nil {
		return c.program.stale().found
	}
	return !strings.Contains(c.marks, "s")
}

// The commands that a node of a cluster may refuse because of a slot. Messages to
// subscribers move with a slot only when all of it has moved, and MIGRATE, which moves
// keys, is served while it does.
func hasKey(c *command) bool      { return c.hasKey }
func hasData(c *command) bool     { return c.hasKey && c.class != pubsub }
func asksData(c *command) bool    { return hasData(c) && c.name != "MIGRATE" }
func asksSeveral(c *command) bool { return asksData(c) && c.several }

func hasKeys(s spec) bool { return s.keys != keys{} }

// refusals returns the errors that are known by their first word. The texts are those
// of Redis 7, because clients look at more than the word.
func refusals() map[string]refusal {
	return map[string]refusal{
		"READONLY":    {"READONLY You can't write against a read only replica.", except(isWrite), (*program).writing},
		"LOADING":     {"LOADING Redis is loading the dataset in memory", unlessMarked("l"), nil},
		"OOM":         {"OOM command not allowed when used memory > 'maxmemory'.", except(needsRoom), (*program).filling},
		"BUSY":        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", unlessMarked("b"), nil},
		"NOAUTH":      {"NOAUTH Authentication required.", unlessMarked("n"), nil},
		"MASTERDOWN":  {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", except(isFresh), (*program).stale},
		"NOREPLICAS":  {"NOREPLICAS Not enough good replicas to write.", except(isWrite), (*program).writing},
		"MISCONF":     {misconf, except(isSaved), (*program).writing},
		"CLUSTERDOWN": {"CLUSTERDOWN The cluster is down", except(hasData), nil},
		"TRYAGAIN":    {"TRYAGAIN Multiple keys request during rehashing of slot", except(asksSeveral), nil},
		"MOVED":       {"MOVED", except(hasKey), nil},
		"ASK":         {"ASK", except(asksData), nil},
	}
}

const misconf = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
	"Commands that may modify the data set are disabled, because this instance is configured to report errors during writes " +
	"if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."

// slots is how many a cluster has.
const slots = 16384

// slotOf returns the slot of a key, or of what stands in its first braces. See https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/.
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
