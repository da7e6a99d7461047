package gateway_test

import (
	"testing"
	"time"
)

// A statement that a fault holds up ends as a slow one does: by a cancellation, or by
// statement_timeout wherever it was set, and leaves the session as the server would.
func postgresLateStatementsEnd(t *testing.T, r *pgRig) {
	for _, mode := range modes() {
		t.Run(mode.String(), func(t *testing.T) {
			r.T = t
			r.Set(nil)
			c, ctx := r.open(r.via, mode), t.Context()
			wantLate := func(sql, message string) {
				t.Helper()
				_, err := c.Exec(ctx, sql)
				if e := r.wantCode(err, "57014"); e.Message != message {
					t.Errorf("it says %q, want %q", e.Message, message)
				}
			}
			f := r.inject("postgres_latency", `{'latency':3600000,'match':{'statement':'update'}}`)
			r.exec(c, "SET statement_timeout = '100ms'")
			wantLate("UPDATE t SET v = v", "canceling statement due to statement timeout")
			r.wantState(c, 'I')
			r.exec(c, "BEGIN")
			r.exec(c, "SET LOCAL statement_timeout = '110ms'")
			wantLate("UPDATE t SET v = v", "canceling statement due to statement timeout")
			r.wantState(c, 'E')
			_, err := c.Exec(ctx, "SELECT 1")
			r.wantCode(err, "25P02")
			r.exec(c, "ROLLBACK")
			r.exec(c, "SET statement_timeout = 0")
			done := make(chan error, 1)
			go func() {
				_, err := c.Exec(ctx, "UPDATE t SET v = v")
				done <- err
			}()
			for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
				if err := c.PgConn().CancelRequest(ctx); err != nil {
					t.Fatal(err)
				}
				select {
				case err = <-done:
				default:
					if time.Now().After(deadline) {
						t.Fatal("it was not cancelled")
					}
					continue
				}
				break
			}
			if e := r.wantCode(err, "57014"); e.Message != "canceling statement due to user request" {
				t.Errorf("it says %q", e.Message)
			}
			wantCounts(t, f, f.Counts().Seen, 3, 3)
			r.wantState(c, 'I')
		})
	}
}
