package injectors

import (
	"slices"
	"strings"
)

// The kinds here act on single statements that are sent to a PostgreSQL, or on
// clients that connect to it.

// postgresStates lists the SQLSTATEs whose texts are known, and whose statements.
func postgresStates() []string {
	return []string{"2200H", "25006", "40001", "40P01", "53100", "53200", "53300", "54000", "55P03", "57014", "57P01", "57P02", "57P03"}
}

func postgresError() Kind {
	return Kind{
		Name: "postgres_error", Level: Message, Acts: "statements", Wire: "postgres_error", Streamless: true, Schemes: []string{"postgres"},
		Summary: "PostgreSQL statements or connections fail with an SQLSTATE",
		Attributes: []Attribute{
			{Name: "sqlstate", Unit: Text, Required: true, Wire: "sqlstate",
				Doc: "five characters in quotes, such as \"40001\"; of " + strings.Join(postgresStates(), ", ") + " the server's text is known, too"},
			{Name: "message", Unit: Text, Wire: "message",
				Doc: "the text of the error; the server's by default"},
			{Name: "when", Unit: Word, Wire: "when", Words: []string{before, after, "connect"},
				Doc: "before: the server never sees the statement (the default); after: the work is done and committed, and the caller is told that it failed; connect: clients are not let in (the default for 53300 and 57P03)"},
			matchStatements("by default all that read or write, or of these those that the error is about"), firstAttribute("statements"),
		},
		Example: "{inject: postgres_error, into: orders, sqlstate: \"40001\", match: {statement: commit}}",
		Caveats: append([]Caveat{
			{Text: "a statement that fails within a transaction aborts it, as it would on the server; a COMMIT that fails has rolled back"},
			{Text: "in place of a statement that fails the server gets one that cannot but fail: its log shows that one"},
			{Text: "when: after is about what commits, a COMMIT or a statement outside a transaction; others pass"},
			{Text: "57P01, 57P02 and codes of classes 08 and 28 end the session, as they do on the server"},
		}, whatWrites()...),
		together: postgresErrorRule, defaults: postgresErrorDefaults,
	}
}

func postgresErrorRule(a Attributes) mistake {
	code := a.Text("sqlstate")
	malformed := len(code) != 5 || strings.Trim(code, digits+capitals) != ""
	switch {
	case malformed:
		return mistake{"sqlstate", "sqlstate must be five digits or capitals in quotes, such as \"40001\""}
	case slices.Contains([]string{"00", "01", "02"}, code[:2]):
		return mistake{"sqlstate", "sqlstate must be that of an error: class " + code[:2] + " is none"}
	case postgresErrorDefaults(a).Text("when") == "connect" && a["match"] != nil:
		return mistake{"match", "a client that is not let in has made no statement: match goes with when: before or after"}
	}
	return mistake{}
}

// postgresErrorDefaults returns when an error comes: those of a server that takes no
// clients come when a client connects.
func postgresErrorDefaults(a Attributes) Attributes {
	when := a.Text("when")
	switch code := a.Text("sqlstate"); {
	case when != "":
	case code == "53300" || code == "57P03":
		when = "connect"
	default:
		when = before
	}
	return Attributes{"when": when}
}

func postgresLatency() Kind {
	return Kind{
		Name: "postgres_latency", Level: Message, Acts: "statements", Wire: "postgres_latency", Streamless: true, Schemes: []string{"postgres"},
		Summary: "single PostgreSQL statements are late",
		Attributes: []Attribute{
			latencyAttribute("200ms"), jitterAttribute("50ms"),
			matchStatements("all by default"), firstAttribute("statements"),
		},
		Example: "{inject: postgres_latency, into: orders, latency: 200ms, match: {statement: write}}",
		Caveats: append([]Caveat{
			{Text: "a transaction of five statements is five times as late, and holds its locks meanwhile"},
			{Text: "while it waits, a cancellation and statement_timeout end it as the server would; a limit that a function sets is not known. pg_stat_activity does not show it, and the server counts its own time from when it gets it"},
		}, whatWrites()...),
		together: jitterWithinLatency,
	}
}

// whatWrites says what a statement is taken for where the text does not tell.
func whatWrites() []Caveat {
	var list []Caveat
	for _, text := range []string{
		"write is what a read-only server refuses: also SELECT with FOR UPDATE or FOR SHARE, nextval and setval, FETCH of a cursor that calls them, and EXECUTE, EXPLAIN ANALYZE, COPY and DO of what writes; REINDEX, CLUSTER and VACUUM are none",
		"a function that a driver calls by its number, as those of large objects, is a SELECT of it: sql sees \"SELECT lo_creat()\"",
		"CALL counts as a write, as does a DO that puts SQL together: what they do is not known",
		"a temporary table counts as any other",
		"only the first 64 kB of a query are read, and the first 16 kB for sql",
		"functions of yours are not looked into: one that writes is a read here, unless a fault of its own names it (match: {statement: any, sql: \"*place_order(*\"})",
	} {
		list = append(list, Caveat{Attribute: "match", Text: text})
	}
	return list
}

func matchStatements(byDefault string) Attribute {
	return matching("which statements; "+byDefault, "{statement: read}", []Attribute{
		{Name: "statement", Unit: Word, Wire: "statement",
			Words: []string{"any", "read", "write", "select", "insert", "update", "delete", "copy", "ddl", "begin", "commit", "rollback", "other"},
			all:   []string{"any"}, Doc: "what they are"},
		{Name: "sql", Unit: Text, Wire: "sql", folds: true, all: []string{"*", "**"}, Doc: "a pattern for the whole text, such as *orders*; capitals do not matter"},
	}...)
}
