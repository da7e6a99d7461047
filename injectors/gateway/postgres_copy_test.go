package gateway_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// A COPY in the extended protocol, with data that is sent before or after the server
// has agreed to it, does not bring the count of what is asked and answered out of
// step: a fault that comes after the work meets the statement that it is meant for.
func postgresCopies(t *testing.T, r *pgRig) {
	start := func(table string, more ...pgproto3.FrontendMessage) []pgproto3.FrontendMessage {
		return append([]pgproto3.FrontendMessage{&pgproto3.Parse{Query: "COPY " + table + " FROM STDIN"}, &pgproto3.Bind{}, &pgproto3.Execute{}}, more...)
	}
	data := func(text string) pgproto3.FrontendMessage { return &pgproto3.CopyData{Data: []byte(text)} }
	end, sync := &pgproto3.CopyDone{}, &pgproto3.Sync{}
	insert := func(id int) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{&pgproto3.Parse{Query: fmt.Sprintf("INSERT INTO t VALUES (%d, 1)", id)}, &pgproto3.Bind{}, &pgproto3.Execute{}, sync}
	}
	for name, tt := range map[string]struct {
		send  [][]pgproto3.FrontendMessage // each piece when what the one before asked for has come
		wants []string                     // what is read behind each piece, up to and with this
		fails bool                         // the COPY itself meets the fault
	}{
		"blindly":                              {[][]pgproto3.FrontendMessage{start("t", sync, data("1\t1\n"), end, sync)}, []string{"Z"}, false},
		"blindly, without a Sync between":      {[][]pgproto3.FrontendMessage{start("t", data("1\t1\n"), end, sync)}, []string{"Z"}, false},
		"blindly, and the server refuses":      {[][]pgproto3.FrontendMessage{start("nowhere", sync, data("1\t1\n"), end, sync)}, []string{"ZZ"}, false},
		"blindly, and refused without a Sync":  {[][]pgproto3.FrontendMessage{start("nowhere", data("1\t1\n"), end, sync)}, []string{"Z"}, false},
		"when the server agrees":               {[][]pgproto3.FrontendMessage{start("t", sync), {data("1\t1\n"), end, sync}}, []string{"G", "Z"}, false},
		"and the server refuses":               {[][]pgproto3.FrontendMessage{start("nowhere", sync)}, []string{"Z"}, false},
		"and the data is wrong":                {[][]pgproto3.FrontendMessage{start("t", sync), {data("x\ty\n"), end, sync}}, []string{"G", "Z"}, false},
		"and the data is wrong and breaks off": {[][]pgproto3.FrontendMessage{start("t", sync), {data("x\ty\n")}, {sync}}, []string{"G", "E", "Z"}, false},
		"and gives up":                         {[][]pgproto3.FrontendMessage{start("t", sync), {&pgproto3.CopyFail{Message: "no"}, sync}}, []string{"G", "Z"}, false},
		"and more behind it":                   {[][]pgproto3.FrontendMessage{start("t", sync, data("1\t1\n"), end), insert(7)}, []string{"", "CZ"}, false},
		"and meets the fault":                  {[][]pgproto3.FrontendMessage{start("t", sync), {data("1\t1\n"), end, sync}}, []string{"G", "Z"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r.T = t
			c := r.open(r.via, pgx.QueryExecModeSimpleProtocol)
			r.exec(c, "TRUNCATE t")
			pattern := "*(9, 1)*"
			if tt.fails {
				pattern = "copy*"
			}
			f := r.inject("postgres_error", "{'sqlstate':'55P03','when':'after','match':{'sql':'"+pattern+"'}}")
			defer r.Set(nil)
			front := c.PgConn().Frontend()
			for i, piece := range tt.send {
				converse(t, front, piece, tt.wants[i])
			}
			if tt.fails {
				wantCounts(t, f, 1, 1, 1)
				return
			}
			for round, want := range []string{"CZ", "EZ", "CZ"} {
				if got := converse(t, front, insert(8+round), "Z"); got != want {
					t.Errorf("statement %d behind it is answered with %s, want %s", round, got, want)
				}
			}
		})
	}
}

// converse sends messages and reads until all marks of want have come, in their
// order. It gives those that came of C, E, G and Z.
func converse(t *testing.T, front *pgproto3.Frontend, send []pgproto3.FrontendMessage, want string) (got string) {
	t.Helper()
	for _, m := range send {
		front.Send(m)
	}
	if err := front.Flush(); err != nil {
		t.Fatal(err)
	}
	for want != "" {
		m, err := front.Receive()
		if err != nil {
			t.Fatal(err)
		}
		mark := ""
		switch m.(type) {
		case *pgproto3.CommandComplete:
			mark = "C"
		case *pgproto3.ErrorResponse:
			mark = "E"
		case *pgproto3.CopyInResponse:
			mark = "G"
		case *pgproto3.ReadyForQuery:
			mark = "Z"
		}
		got += mark
		if mark == want[:1] {
			want = want[1:]
		}
	}
	return got
}
