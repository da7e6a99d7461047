package injectors

import (
	"slices"
	"strings"
)

// The kinds here act on single commands that are sent to a Redis, or what speaks
// as one.

// redisRefusals are errors that servers make of their own accord; which commands
// they refuse with each is theirs to say, too.
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
			matchCommands("all that the error is about by default"), firstOf("commands"),
		},
		Example: "{inject: redis_error, into: carts, error: READONLY, share: 20%}",
		Surprises: []Surprise{
			{Text: "a command that is refused within MULTI makes EXEC fail, as it would on the server"},
			{Text: "in place of a command that is refused the server gets one that it does not know: its error statistics count it"},
		},
		rule: func(a Attributes) (string, string) {
			text, _ := a["error"].(string)
			word, _, custom := strings.Cut(text, " ")
			address, _ := a["address"].(string)
			switch {
			case custom && word != strings.ToUpper(word):
				return "error", "an error begins with a word in capitals, such as ERR"
			case !custom && !slices.Contains(redisRefusals(), word):
				return "error", "error must be one of " + strings.Join(redisRefusals(), ", ") + ", or have a text behind its first word"
			case strings.ContainsAny(text, "\r\n"):
				return "error", "error must be one line"
			case address != "" && word != "MOVED" && word != "ASK":
				return "address", "address is where MOVED or ASK points to"
			}
			return "", ""
		},
	}
}

func redisEmpty() Kind {
	return Kind{
		Name: "redis_empty", Level: Message, Acts: "commands", Wire: "redis_empty", Streamless: true, Schemes: []string{"redis", "rediss"},
		Summary: "Redis has lost its data: reads find nothing",
		Attributes: []Attribute{
			{Name: "writes", Unit: Word, Wire: "writes", Words: []string{"succeed", "fail"},
				Doc: "what becomes of writes: succeed, the default, or fail with READONLY"},
			matchCommands("all reads by default"), firstOf("commands"),
		},
		Example: "{inject: redis_empty, into: carts, writes: fail}",
		Surprises: []Surprise{
			{Text: "data that is written while the fault is in force is not found either, and all of it is there again afterwards"},
			{Text: "commands that write are passed on even if they also read, such as INCR, LPOP, GETDEL; so are scripts"},
		},
	}
}

func redisLatency() Kind {
	return Kind{
		Name: "redis_latency", Level: Message, Acts: "commands", Wire: "redis_latency", Streamless: true, Schemes: []string{"redis", "rediss"},
		Summary: "single Redis commands are late",
		Attributes: []Attribute{
			{Name: "latency", Unit: Duration, Required: true, Min: 0.001, Max: 3600, Wire: "latency", Scale: toMillis,
				Doc: "how late, such as 50ms"},
			{Name: "jitter", Unit: Duration, Max: 3600, Wire: "jitter", Scale: toMillis,
				Doc: "latency varies by up to this much either way, such as 20ms"},
			matchCommands("all by default"), firstOf("commands"),
		},
		Example: "{inject: redis_latency, into: carts, latency: 50ms, match: {class: write}}",
		Surprises: []Surprise{
			{Text: "commands behind a late one on the same connection wait as well: in a pipeline of 10, the last is 10 times as late"},
		},
		rule: jitterWithinLatency,
	}
}

func matchCommands(unless string) Attribute {
	return Attribute{Name: "match", Unit: Group, Wire: "match", Doc: "which commands; " + unless, Fields: []Attribute{
		{Name: "class", Unit: Word, Wire: "class", Words: []string{"any", "read", "write", "script", "transaction", "pubsub", "admin", "other"},
			Doc: "what they do"},
		{Name: "command", Unit: Text, Wire: "command", Doc: "their names, separated by commas, such as SET, CONFIG GET"},
		{Name: "key", Unit: Text, Wire: "key", Doc: "a pattern for the first key, such as cart:*"},
	}}
}
