package injectors

import (
	"slices"
	"strings"
)

// The kinds here act on single commands that are sent to a Redis, or to a server
// that speaks its protocol.

// redisRefusals lists the errors with which a server itself refuses commands. Each
// concerns some commands only.
func redisRefusals() []string {
	return []string{"ASK", "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "MOVED", "NOAUTH", "NOREPLICAS", "OOM", "READONLY", "TRYAGAIN"}
}

func redisError() Kind {
	return Kind{
		Name: "redis_error", Level: Message, Acts: "commands", Wire: "redis_error", Streamless: true, Schemes: []string{"redis", "rediss"},
		Summary: "Redis commands are refused with an error",
		Attributes: []Attribute{
			{Name: "error", Unit: Text, Required: true, Wire: "error",
				Doc: "one of " + strings.Join(redisRefusals(), ", ") + ", for the commands that a server refuses so; or a whole error of your own, for all, such as \"ERR internal error\""},
			{Name: "address", Unit: Text, Wire: "address",
				Doc: "where MOVED or ASK points to, such as 10.0.0.7:6379; back to the proxy by default"},
			matchCommands("all that the error is about by default"), firstAttribute("commands"),
		},
		Example: "{inject: redis_error, into: carts, error: READONLY, share: 20%}",
		Caveats: []Caveat{
			{Text: "a command that is refused within MULTI makes EXEC fail, as it would on the server"},
			{Text: "a script counts as a write if its text calls one (or a command that only shows when it runs), whether or not it gets there, and a function unless its flags say no-writes; both are refused before they begin"},
			{Text: "scripts and functions that came by no EVAL, SCRIPT LOAD or FUNCTION LOAD through this proxy are unknown: EVALSHA and FCALL of those count as writes"},
			{Text: "in place of a command that is refused the server gets one that it does not know: its error statistics count it"},
		},
		together: redisErrorRule,
	}
}

func redisErrorRule(a Attributes) mistake {
	word, rest, own := strings.Cut(a.Text("error"), " ")
	switch {
	case own && (word != strings.ToUpper(word) || word == ""):
		return mistake{"error", "error must begin with a word in capitals, such as ERR"}
	case !slices.Contains(redisRefusals(), word) && rest == "", own && rest == "":
		return mistake{"error", "error must be one of " + strings.Join(redisRefusals(), ", ") + ", or have a text behind its first word"}
	case strings.ContainsAny(a.Text("error"), "\r\n"):
		return mistake{"error", "error must be one line"}
	case a.Text("address") != "" && (own || word != "MOVED" && word != "ASK"):
		return mistake{"address", "address is where MOVED or ASK points to"}
	}
	return mistake{}
}

func redisEmpty() Kind {
	return Kind{
		Name: "redis_empty", Level: Message, Acts: "commands", Wire: "redis_empty", Streamless: true, Schemes: []string{"redis", "rediss"},
		Summary: "Redis has lost its data: reads find nothing",
		Attributes: []Attribute{
			{Name: "writes", Unit: Word, Wire: "writes", Words: []string{"succeed", "fail"}, fallback: "succeed",
				Doc: "what becomes of writes: succeed, the default, or fail with READONLY"},
			matchCommands("all reads by default"), firstAttribute("commands"),
		},
		Example: "{inject: redis_empty, into: carts, writes: fail}",
		Caveats: []Caveat{
			{Text: "data that is written while the fault is in force is not found either, and all of it is there again afterwards"},
			{Text: "commands that write are passed on even if they also read, such as INCR, LPOP, GETDEL; so are scripts, but for those that write where writes fail"},
		},
	}
}

func redisLatency() Kind {
	return Kind{
		Name: "redis_latency", Level: Message, Acts: "commands", Wire: "redis_latency", Streamless: true, Schemes: []string{"redis", "rediss"},
		Summary: "single Redis commands are late",
		Attributes: []Attribute{
			latencyAttribute("50ms"), jitterAttribute("20ms"),
			matchCommands("all by default"), firstAttribute("commands"),
		},
		Example: "{inject: redis_latency, into: carts, latency: 50ms, match: {class: write}}",
		Caveats: []Caveat{
			{Text: "commands behind a late one on the same connection wait as well: in a pipeline of 10, the last is 10 times as late"},
		},
		together: jitterWithinLatency,
	}
}

func matchCommands(byDefault string) Attribute {
	return matching("which commands; "+byDefault, "{key: \"session:*\"}", []Attribute{
		{Name: "class", Unit: Word, Wire: "class", Words: []string{"any", "read", "write", "script", "transaction", "pubsub", "admin", "other"},
			all: []string{"any"}, Doc: "what they do; script is all of EVAL, EVALSHA and FCALL, and write holds those of them that write"},
		{Name: "command", Unit: Text, Wire: "command", normalize: commandList, valid: commandNames, commas: true, Doc: "their names, separated by commas, such as SET, CONFIG GET"},
		{Name: "key", Unit: Text, Wire: "key", Doc: "a pattern for the first key, such as cart:*"},
	}...)
}

// commandList writes names of commands in the usual way: "SET, CONFIG GET".
func commandList(text string) string {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.ToUpper(strings.Join(strings.Fields(name), " ")); name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
