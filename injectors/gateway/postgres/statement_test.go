package postgres

import (
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"":                               "",
		" ; -- nothing\n;":               "",
		"select 1":                       "select:SELECT",
		"  /* a /* b */ */ SELECT 1; ":   "select:SELECT",
		"(SELECT 1) UNION (SELECT 2)":    "select:SELECT",
		"((values (1)))":                 "select:VALUES",
		"TABLE t":                        "select:TABLE",
		"SELECT 'insert; delete' FROM t": "select:SELECT",
		"SELECT E'it\\'s; DELETE' ; insert into t values (1)":             "select:SELECT insert:INSERT",
		"SELECT 'it''s;' ; update t set a = 1":                            "select:SELECT update:UPDATE",
		`SELECT ";delete" FROM "a;b"`:                                     "select:SELECT",
		"SELECT $$;delete$$, $x$ ; $$ $x$, $1; DELETE FROM t":             "select:SELECT delete:DELETE",
		"select * into u from t":                                          "ddl:SELECT INTO",
		"select a from t where b in (select 1) for update":                "select:SELECT",
		"with a as (select 1) select * from a":                            "select:SELECT",
		"with a as (select 1) insert into t select * from a":              "insert:INSERT",
		"with a as (delete from t returning *) select * from a":           "delete:DELETE",
		"with a(x) as (select x for update) select * from a":              "select:SELECT",
		"with a as materialized (update t set v = 1 returning v) table a": "update:UPDATE",
		"insert into t values ($1, $2) returning id":                      "insert:INSERT",
		"merge into t using s on true when matched then delete":           "update:MERGE",
		"truncate t":        "delete:TRUNCATE TABLE",
		"copy t from stdin": "copy:COPY FROM",
		"copy t (a, b) from stdin with (format csv)": "copy:COPY FROM",
		"copy t to stdout":                           "copy:COPY TO",
		"copy (select a from t) to stdout":           "copy:COPY TO",
		"create table u (a int)":                     "ddl:CREATE TABLE",
		"DROP INDEX i":                               "ddl:DROP INDEX",
		"begin":                                      "begin:BEGIN", "START TRANSACTION READ ONLY": "begin:BEGIN",
		"commit": "commit:COMMIT", "END WORK": "commit:COMMIT", "COMMIT PREPARED 'x'": "other:COMMIT",
		"rollback": "rollback:ROLLBACK", "abort": "rollback:ROLLBACK", "rollback to savepoint a": "other:ROLLBACK",
		"savepoint a": "other:SAVEPOINT", "set a = 1": "other:SET", "show all": "other:SHOW", "listen a": "other:LISTEN",
		"begin; insert into t values (1); commit":                                                                                         "begin:BEGIN insert:INSERT commit:COMMIT",
		"create rule r as on insert to t do also (delete from u; delete from v); select 1":                                                "ddl:CREATE RULE select:SELECT",
		"create or replace function f() returns int begin atomic insert into t values (1); select case when true then 1 end; end; commit": "ddl:CREATE FUNCTION commit:COMMIT",
		"create function f() returns int language sql as 'select 1'; end":                                                                 "ddl:CREATE FUNCTION commit:COMMIT",
		"reindex table t": "ddl:REINDEX", "vacuum (full) t": "other:VACUUM", "cluster": "other:CLUSTER",
		"explain analyze explain analyze delete from t":            "other:EXPLAIN",
		"explain analyze create table u as select 1":               "other:EXPLAIN",
		"copy (explain analyze delete from t) to stdout":           "copy:COPY TO",
		"prepare p as copy (delete from t returning 1) to stdout":  "other:PREPARE",
		"declare c cursor for select 1; fetch c; move c":           "select:DECLARE select:FETCH other:MOVE",
		"alter system set a = 1":                                   "other:ALTER SYSTEM",
		"select date'\\'; delete from t":                           "select:SELECT delete:DELETE",
		"select 1 -- x\rfor update; end":                           "select:SELECT commit:COMMIT",
		"\vselect 1":                                               "select:SELECT",
		"with a as (delete from t returning *) update t set v = 1": "update:UPDATE",
		"select 'unfinished":                                       "select:SELECT",
		"select $q$unfinished":                                     "select:SELECT",
		"/* unfinished":                                            "",
	} {
		var got []string
		for _, s := range parse(sql) {
			got = append(got, string(s.kind)+":"+s.tag)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q is %q, want %q", sql, got, want)
		}
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]kind{
		"select 1": {reads, selects, anyKind}, "copy t to stdout": {reads, copies}, "copy t from stdin": {writes, copies},
		"insert into t values (1)": {writes, inserts}, "create table t (a int)": {writes, ddl}, "commit": {commits, anyKind}, "set a = 1": {other},
	} {
		s := parse(sql)[0]
		for _, k := range want {
			if !s.is(k) {
				t.Errorf("%s is no %s", sql, k)
			}
		}
		if s.is(reads) && s.is(writes) {
			t.Errorf("%s is of both", sql)
		}
	}
}

func FuzzStatements(f *testing.F) {
	for _, sql := range []string{"select 1; delete from t", "with a as (update t set b = $$x$$) select 'a', \"b\" -- c", "copy t from stdin /* x */", "$a$ $", "E'\\'",
		"prepare p (int) as select nextval('s'); execute p; explain (analyze off) delete from t", "do language plpgsql 'begin perform 1; end'", "copy (insert into t values (1)) to stdout",
		"create function f() begin atomic select case when true then 1 end; end; table t for no key update", "declare c cursor for select into", "with", "grant", "create or",
		"do $$ declare copy int; begin if a then copy t from 'x'; end if; for a in execute b loop", "with nextval (a) as (select lo_open(1, x'20000'), setval", "reindex (", "fetch", "declare c", "vacuum (full",
		"select lo_open(1, lo_open(x, 131072) nextval (a))) nextval (a)"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		for _, s := range parse(sql) {
			if s.kind == "" || s.is(reads) && s.is(writes) || s.name() == "" {
				t.Errorf("%q holds %+v", sql, s)
			}
		}
		if a, b := parse(sql), parse("  "+sql+" "); len(a) != len(b) {
			t.Errorf("%q: %v, with blanks around it %v", sql, a, b)
		}
	})
}
