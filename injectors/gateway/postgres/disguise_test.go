package postgres

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// readOnly is how a read-only server names the first of these statements that it refuses,
// as far as the gateway can tell; - where it serves them all.
func readOnly(t testing.TB, fault *Fault, sql string) string {
	t.Helper()
	return nameRefused(fault, NewSession(Options{}).carryOut(newQuery([]byte(sql))))
}

func nameRefused(fault *Fault, q *query) string {
	st, ok := fault.Rule.matches(q)
	if !ok {
		return "-"
	}
	_, rest, _ := strings.Cut(fault.Rule.failure(st).Message, "cannot execute ")
	name, _, _ := strings.Cut(rest, " in a read-only transaction")
	return name
}

// What a server refuses in a read-only transaction is a write, under whatever name. The
// same table is laid before a real server.
func TestWritesUnderOtherNames(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/writes.txt")
	if err != nil {
		t.Fatal(err)
	}
	refuses := fault(t, "postgres_error", 1, `{'sqlstate':'25006'}`)
	byMatch := fault(t, "postgres_error", 1, `{'sqlstate':'25006','match':{'statement':['update','write'],'not':{'statement':'begin'}}}`)
	rows := 0
	for line := range strings.Lines(string(table)) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if line[0] == '#' || len(columns) != 3 {
			continue
		}
		rows++
		want, sql := columns[1], columns[2]
		if want == "=" {
			want = strings.TrimLeft(columns[0], "0123456789 ")
		}
		for _, f := range []*Fault{refuses, byMatch} {
			if got := readOnly(t, f, sql); got != want {
				t.Errorf("%s is %s, want %s", sql, got, want)
			}
		}
	}
	if rows < 100 {
		t.Errorf("the table has %d rows", rows)
	}
}

// A statement that is prepared in one protocol may be executed in the other, and is what
// it was prepared as until its name is another one's.
func TestExecutedByName(t *testing.T) {
	t.Parallel()
	type messages = []interface{ Encode([]byte) ([]byte, error) }
	query := func(sql string) messages { return messages{&pgproto3.Query{String: sql}} }
	extended := func(name, sql string) messages {
		return messages{&pgproto3.Parse{Name: name, Query: sql}, &pgproto3.Bind{PreparedStatement: name}, &pgproto3.Execute{}, &pgproto3.Sync{}}
	}
	for name, tt := range map[string]struct {
		sent messages
		want int // statements that fail
	}{
		"in simple queries":         {append(query("PREPARE p AS INSERT INTO orders VALUES (1)"), query("EXECUTE p")...), 1},
		"in the extended protocol":  {append(extended("", "PREPARE p AS INSERT INTO orders VALUES (1)"), extended("e", "EXECUTE p")...), 1},
		"prepared by the protocol":  {append(messages{&pgproto3.Parse{Name: "p", Query: "INSERT INTO orders VALUES (1)"}}, query("EXECUTE p; SELECT 1")...), 1},
		"executed by the protocol":  {append(query("PREPARE p AS INSERT INTO orders VALUES (1)"), &pgproto3.Bind{PreparedStatement: "p"}, &pgproto3.Execute{}, &pgproto3.Sync{}), 1},
		"with others in one":        {query("PREPARE p AS INSERT INTO orders VALUES (1); BEGIN; EXECUTE p; COMMIT"), 1},
		"measured":                  {query("PREPARE p AS INSERT INTO orders VALUES (1); EXPLAIN ANALYZE EXECUTE p"), 1},
		"under a name that is new":  {query("PREPARE p AS INSERT INTO orders VALUES (1); DEALLOCATE p; PREPARE p AS SELECT 1; EXECUTE p"), 0},
		"explained":                 {query("PREPARE p AS INSERT INTO orders VALUES (1); EXPLAIN EXECUTE p"), 0},
		"only prepared":             {query("PREPARE p AS INSERT INTO orders VALUES (1)"), 0},
		"under a name of no one":    {query("EXECUTE p; EXECUTE; PREPARE; PREPARE q AS; EXECUTE q"), 0},
		"two by name":               {append(query("PREPARE p AS INSERT INTO orders VALUES (1); PREPARE q AS INSERT INTO items VALUES (1)"), query("EXECUTE p; EXECUTE q")...), 1},
		"of a table that is spared": {query("PREPARE p AS INSERT INTO audit VALUES (1); EXECUTE p"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fault(t, "postgres_error", 1, `{'sqlstate':'25006','match':{'statement':'insert','sql':'*orders*','not':{'sql':'*audit*'}}}`)
			got, _, _ := passed(append(startup(t), encoded(t, tt.sent...)...), 4096, f)
			if n := bytes.Count(got, []byte(marker)); n != tt.want {
				t.Errorf("%d statements fail, want %d", n, tt.want)
			}
		})
	}
}

// A full disk has room for locks, and a sequence that has come to its end is what counts
// on it.
func TestWhichWritesAnErrorIsAbout(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"insert into t values (1)": "2200H 25006 53100",
		"copy t from stdin":        "2200H 25006 53100",
		"merge into t using s on true when not matched then insert values (1)": "2200H 25006 53100",
		"update t set v = 1":                                        "25006 53100",
		"do 'begin delete from t; end'":                             "25006 53100",
		"do 'begin insert into t values (1); end'":                  "2200H 25006 53100",
		"do 'begin perform 1 from t for update; end'":               "25006",
		"do 'begin perform nextval(1); end'":                        "2200H 25006",
		"do 'begin perform setval(1, 1); end'":                      "25006",
		"do 'begin perform nextval(1); delete from t; end'":         "2200H 25006 53100",
		"do 'begin execute x; end'":                                 "2200H 25006 53100",
		"do language plpython3u 'x'":                                "2200H 25006 53100",
		"call x()":                                                  "2200H 25006 53100",
		"copy (select * from t for update) to stdout":               "25006",
		"copy (select nextval('s')) to stdout":                      "2200H 25006",
		"copy (insert into t values (1) returning 1) to stdout":     "2200H 25006 53100",
		"copy (update t set v = 1 returning 1) to stdout":           "25006 53100",
		"select nextval('s')":                                       "2200H 25006",
		"select nextval('s') from t for update":                     "2200H 25006",
		"with a as (select nextval('s')) select * from a":           "2200H 25006",
		"with a as (insert into t values (1) returning 1) select 1": "2200H 25006 53100",
		"with a as (delete from t returning 1), b as (insert into t values (1)) update t set v = 1": "2200H 25006 53100",
		"with a as (delete from t returning 1) select 1":                                            "25006 53100",
		"explain analyze select nextval('s')":                                                       "2200H 25006",
		"explain analyze select * from t for update":                                                "25006",
		"explain analyze insert into t values (1)":                                                  "2200H 25006 53100",
		"prepare p as select * from t for share; execute p":                                         "25006",
		"prepare q as select nextval('s'); explain analyze execute q":                               "2200H 25006",
		"select lo_put(1, 0, 'x')":                                                                  "25006 53100",
		"select lo_from_bytea(0, 'x')":                                                              "25006 53100",
		"select lo_open(1, 0x60000)":                                                                "25006",
		"select lo_open(1, 262144), lo_open($1, $2)":                                                "",
		"select 1 as a into u":                                                                      "25006 53100",
		"create table u as select nextval('s')":                                                     "2200H 25006 53100",
		"create table u (a int default nextval('s'))":                                               "25006 53100",
		"select setval('s', 1)":                                                                     "25006",
		"select * from t for update":                                                                "25006",
		"declare c cursor for select * from t for update":                                           "25006",
		"reindex table t":                                                                           "53100",
		"vacuum (verbose, full) t":                                                                  "53100",
		"vacuum t":                                                                                  "",
		"explain analyze create table u as select 1":                                                "53100",
		"do 'begin reindex table t; end'":                                                           "53100",
		"begin; declare c cursor for select nextval('s'); move c":                                   "2200H 25006",
		"begin; declare c cursor for select nextval('s') from t for update":                         "25006",
		"select lo_open(lo_open(1, 2), 131072)":                                                     "25006",
		"select lo_open(lo_open(1, 131072), 1)":                                                     "25006",
		"select lo_open(131072, lo_open(131072, 1))":                                                "",
		"select 1":                             "",
		"copy t to stdout":                     "",
		"explain insert into t values (1)":     "",
		"prepare p as insert into t values(1)": "",
	} {
		var got []string
		for _, code := range []string{"2200H", "25006", "53100"} {
			if _, ok := fault(t, "postgres_error", 1, "{'sqlstate':'"+code+"'}").Rule.matches(NewSession(Options{}).carryOut(newQuery([]byte(sql)))); ok {
				got = append(got, code)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s meets %q, want %q", sql, got, want)
		}
	}
}

// A function that is called by its number is a SELECT of it, and its values are those that
// it is given, in digits or as they are.
func TestFunctionsByNumber(t *testing.T) {
	t.Parallel()
	const loOpen, loRead, loWrite, setConfig = 952, 954, 955, 2078
	bytes := func(n ...byte) []byte { return n }
	for _, tt := range []struct {
		call pgproto3.FunctionCall
		want string // how a read-only server names it
	}{
		{pgproto3.FunctionCall{Function: loWrite}, "lowrite()"},
		{pgproto3.FunctionCall{Function: loRead}, "-"},
		{pgproto3.FunctionCall{Function: 16385}, "-"},
		{pgproto3.FunctionCall{Function: loOpen, Arguments: [][]byte{bytes('1'), []byte(" 131072")}}, "lo_open(INV_WRITE)"},
		{pgproto3.FunctionCall{Function: loOpen, Arguments: [][]byte{nil, []byte("0x60000")}}, "lo_open(INV_WRITE)"},
		{pgproto3.FunctionCall{Function: loOpen, ArgFormatCodes: []uint16{0}, Arguments: [][]byte{bytes('1'), []byte("262144")}}, "-"},
		{pgproto3.FunctionCall{Function: loOpen, ArgFormatCodes: []uint16{1}, Arguments: [][]byte{bytes(0, 0, 0, 1), bytes(0, 2, 0, 0)}}, "lo_open(INV_WRITE)"},
		{pgproto3.FunctionCall{Function: loOpen, ArgFormatCodes: []uint16{0, 1}, Arguments: [][]byte{[]byte("131072"), bytes(0, 4, 0, 0)}}, "-"},
		{pgproto3.FunctionCall{Function: loOpen, ArgFormatCodes: []uint16{1}, Arguments: [][]byte{bytes(0, 2, 0, 0), nil}}, "-"},
		{pgproto3.FunctionCall{Function: loOpen, ArgFormatCodes: []uint16{1}, Arguments: [][]byte{bytes(0, 2, 0, 0)}}, "-"},
	} {
		body := encoded(t, &tt.call)[headerSize:]
		if got := nameRefused(fault(t, "postgres_error", 1, `{'sqlstate':'25006'}`), newFunctionCall(body)); got != tt.want {
			t.Errorf("%+v is %s, want %s", tt.call, got, tt.want)
		}
		for n := range body { // the server refuses what breaks off
			newFunctionCall(body[:n])
		}
	}
	s := NewSession(Options{})
	s.known = true
	if s.followLimit(newFunctionCall(number4(setConfig))); s.known {
		t.Error("set_config may change statement_timeout")
	}
	var sent []byte
	for range 3 {
		sent = append(sent, encoded(t, &pgproto3.FunctionCall{Function: loWrite, ArgFormatCodes: []uint16{1}, Arguments: [][]byte{{0, 0, 0, 0}, make([]byte, 2*maxText)}}, &pgproto3.FunctionCall{Function: loRead})...)
	}
	got, _, err := passed(append(startup(t), sent...), 4096, fault(t, "postgres_error", 1, `{'sqlstate':'53100','match':{'sql':'*lowrite*'}}`))
	if writes, all := strings.Count(string(got), marker), strings.Count(string(got), "F\x00\x00\x00"); writes != 3 || all != 3 || !errors.Is(err, io.EOF) {
		t.Errorf("%d calls are refused and %d pass, want 3 and 3 (%v)", writes, all, err)
	}
}

func number4(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }

// What a long statement does may stand at its end; of what is longer still the beginning
// tells. Nothing of a long text is kept but its beginning.
func TestLongStatements(t *testing.T) {
	t.Parallel()
	list := strings.Repeat("$1, ", 10_000)
	for sql, want := range map[string]string{
		"SELECT * FROM t WHERE id IN (" + list + "$1) FOR UPDATE":                    "SELECT FOR UPDATE",
		"WITH a (x) AS (VALUES (" + list + "$1)) UPDATE t SET v = x FROM a":          "UPDATE",
		"INSERT INTO t VALUES (" + list + "$1); DELETE FROM t":                       "INSERT",
		"PREPARE p AS INSERT INTO t VALUES (" + list + "$1); EXECUTE p":              "INSERT",
		"INSERT INTO t VALUES (" + strings.Repeat("'it''s; \"(', ", 50_000) + "NULL": "INSERT",
		"SELECT 1; INSERT INTO t VALUES ('" + list + ";'); SELECT 1 -- FOR UPDATE":   "INSERT",
	} {
		if got := readOnly(t, fault(t, "postgres_error", 1, `{'sqlstate':'25006'}`), sql); got != want {
			t.Errorf("%.40s… is %s, want %s", sql, got, want)
		}
		if q := newQuery([]byte(sql)); len(q.text) != maxText {
			t.Errorf("%.40s…: %d bytes are kept", sql, len(q.text))
		}
	}
	if q := newQuery([]byte("INSERT INTO t VALUES (" + list + "$1); DELETE FROM t")); len(q.statements) != 2 || q.statements[1].kind != deletes {
		t.Errorf("what stands behind a long statement is %+v", q.statements)
	}
}

// A client may send what is deep, long, or named over and over. Each word of it is looked at
// a few times at most, so that it takes a few times as long as to find the words. Looked at
// once for each of the others, it would take some thousand times as long.
func TestCraftedStatements(t *testing.T) {
	t.Parallel()
	const size, most, tries = 1 << 17, 100, 5
	took := func(work func()) time.Duration {
		began := time.Now()
		work()
		return max(time.Since(began), time.Millisecond)
	}
	fill := func(part string) string { return strings.Repeat(part, size/len(part)) }
	var deep strings.Builder // blocks within blocks
	for i := range size / 64 {
		deep.WriteString("do $a" + strings.Repeat("x", i%50) + "$ begin ")
	}
	for _, sql := range []string{
		"do $$ begin " + fill("in with ") + " end $$",
		"do $$ begin " + fill("in do ") + " 'begin delete from t; end' end $$",
		"do $$ begin " + fill("then explain analyze ") + " end $$",
		"do $$ begin " + fill("loop table ") + " end $$",
		"do $$ begin " + fill("begin copy (") + " end $$",
		"do $$ begin " + fill("else grant ") + " end $$",
		deep.String(),
		fill("copy (explain analyze "),
		fill("explain analyze "),
		fill("prepare p as "),
		"with " + fill("a as (with "),
		"select " + fill("lo_open(1, "),
		"select " + fill("nextval(a, "),
		"select " + fill("(") + fill("1) nextval (a)"),
		"select " + fill("for update "),
		"declare c cursor " + fill("for update "),
	} {
		inTime := false // a busy machine may hold up one try, and another one
		for range tries {
			words := took(func() { wordsOfCode(fill("in with ")) })
			if inTime = took(func() { parse(sql) }) < most*words; inTime {
				break
			}
		}
		if !inTime {
			t.Errorf("%.40s… takes %d times as long as its words", sql, most)
		}
	}
	f := fault(t, "postgres_error", 1, `{'sqlstate':'25006','match':{'sql':'*no such text*'}}`)
	s := NewSession(Options{})
	s.carryOut(newQuery([]byte("prepare p as select '" + strings.Repeat("x", maxText) + "'; declare c cursor for select 1")))
	for _, sql := range []string{"execute p;", "fetch c;"} {
		q := s.carryOut(newQuery([]byte(strings.Repeat(sql, maxText/len(sql)))))
		if _, ok := f.Rule.matches(q); ok || len(q.executes) != 1 {
			t.Errorf("%s… holds %d texts", sql, len(q.executes))
		}
	}
}
