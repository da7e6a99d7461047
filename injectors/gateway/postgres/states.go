package postgres

import "strings"

// A state is an SQLSTATE as the server uses it.
type state struct {
	message    string
	hint       string
	endSession bool
	concerns   func(statement) bool // the statements that it is about; nil: all that read or write
}

// having returns what is about statements that have one of these effects.
func having(wanted effects) func(statement) bool {
	return func(s statement) bool { return s.does&wanted != 0 }
}

// states returns the SQLSTATEs whose texts are known. The texts are PostgreSQL's own,
// because people look for them in logs; a % stands for the statement's name. See
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func states() map[string]state {
	return map[string]state{
		"2200H": {message: `nextval: reached maximum value of sequence "id_seq" (2147483647)`, concerns: having(counts)},
		"25006": {message: "cannot execute % in a read-only transaction", concerns: statement.writes},
		"40001": {message: "could not serialize access due to concurrent update"},
		"40P01": {message: "deadlock detected", hint: "See server log for query details."},
		"53100": {message: `could not extend file "base/16384/16385": No space left on device`, hint: "Check free disk space.", concerns: having(stores | rebuilds)},
		"53200": {message: "out of memory"},
		"53300": {message: "sorry, too many clients already", endSession: true},
		"54000": {message: `database is not accepting commands to avoid wraparound data loss in database "postgres"`, concerns: having(anyEffect | rebuilds)},
		"55P03": {message: "canceling statement due to lock timeout"},
		"57014": {message: "canceling statement due to statement timeout"},
		"57P01": {message: "terminating connection due to administrator command", endSession: true},
		"57P02": {message: "terminating connection because of crash of another server process", endSession: true},
		"57P03": {message: "the database system is starting up", endSession: true},
	}
}

// unknownState returns a state whose text is not known.
func unknownState(code string) state {
	return state{message: "injected by blastgauge", endSession: strings.HasPrefix(code, "08") || strings.HasPrefix(code, "28")}
}
