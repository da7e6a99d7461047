package postgres

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// A talk is a session in fake time, between a client that is the test and a server that
// takes a while to answer our question.
type talk struct {
	*testing.T
	s      *Session
	client *pgproto3.Frontend
	conn   net.Conn      // the client's
	ended  chan error    // of Requests
	took   time.Duration // how long the server takes to answer a question, from the start of it on
	answer string        // to the question; empty: an error
	began  time.Time

	mu   sync.Mutex
	got  []string // what the server got of questions, statements and cancellations, and after how long
	code string   // of the error that answers the question
	in   byte     // the state that the server is in; 0: idle
}

// note notes what the server got.
func (k *talk) note(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.got = append(k.got, time.Since(k.began).String()+" "+what)
}

// wantServed wants the server to have got this, and nothing else.
func (k *talk) wantServed(want ...string) {
	k.Helper()
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.got, want) {
		k.Errorf("the server got %q, want %q", k.got, want)
	}
}

func newTalk(t *testing.T, took time.Duration, answer string, faults ...*Fault) *talk {
	k := &talk{T: t, took: took, answer: answer, ended: make(chan error, 1), code: "42704"}
	client, clientSide := net.Pipe()
	upstreamSide, server := net.Pipe()
	set := faultset.NewSet[*Rule](1)
	set.Replace(faults)
	ctx, cancel := context.WithCancel(t.Context())
	k.s = NewSession(Options{
		Context: ctx, Faults: set, CountCall: func() {}, SpareConnection: func() {}, Sessions: &Sessions{}, Client: clientSide, Upstream: upstreamSide,
	})
	k.conn, k.client = client, pgproto3.NewFrontend(client, client)
	var all sync.WaitGroup
	all.Go(func() { k.ended <- k.s.Requests(); upstreamSide.Close() })
	all.Go(func() { _ = k.s.Replies(); clientSide.Close(); cancel() })
	all.Go(func() { k.serve(server) })
	t.Cleanup(func() { client.Close(); all.Wait() })
	k.client.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "shop"}})
	k.hear()
	k.began = time.Now()
	return k
}

// serve is the server. It reads what it is to do while it is busy, as a socket has room.
func (k *talk) serve(conn net.Conn) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte("abcd")})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: idle})
	if b.Flush() != nil {
		return
	}
	todo := make(chan string, 100)
	var working sync.WaitGroup
	defer working.Wait()
	defer close(todo)
	working.Go(func() {
		for sql := range todo {
			k.respond(b, sql)
			if b.Flush() != nil {
				return
			}
		}
	})
	parsed := ""
	for {
		m, err := b.Receive()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *pgproto3.Query:
			k.note(m.String)
			todo <- m.String
		case *pgproto3.Parse:
			parsed = m.Query
		case *pgproto3.Execute:
			if strings.HasPrefix(m.Portal, marker) {
				parsed = strings.TrimSpace(parsed + " " + m.Portal) // behind what it should not have got
			}
		case *pgproto3.Sync:
			k.note(parsed)
			todo <- parsed
			parsed = ""
		}
	}
}

// respond answers one round.
func (k *talk) respond(b *pgproto3.Backend, sql string) {
	k.in = cmp.Or(k.in, idle)
	defer func() { b.Send(&pgproto3.ReadyForQuery{TxStatus: k.in}) }()
	switch {
	case strings.HasPrefix(sql, "SHOW"):
		time.Sleep(k.took)
		if k.answer == "" {
			b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: k.code, Message: "no"})
			k.fail()
			break
		}
		b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte(k.answer)}})
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SHOW")})
	case strings.HasPrefix(sql, marker):
		b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42601", Message: `syntax error at or near "` + sql + `"`})
		k.fail()
	default:
		switch {
		case sql == "BEGIN":
			k.in = inBlock
		case sql == "ROLLBACK":
			k.in = idle
		case k.in == aborted:
			b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "25P02", Message: "current transaction is aborted"})
			return
		}
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("DONE")})
	}
}

// fail aborts the transaction that the server is in.
func (k *talk) fail() {
	if k.in == inBlock {
		k.in = aborted
	}
}

// ask sends a query, and does not wait for its answer.
func (k *talk) ask(sql string) {
	k.Helper()
	k.client.Send(&pgproto3.Query{String: sql})
	if err := k.client.Flush(); err != nil {
		k.Fatal(err)
	}
}

// hear reads up to ReadyForQuery. It returns the tags and errors that came.
func (k *talk) hear() (said string) {
	k.Helper()
	if err := k.client.Flush(); err != nil {
		k.Fatal(err)
	}
	for {
		m, err := k.client.Receive()
		if err != nil {
			k.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.CommandComplete:
			said += string(m.CommandTag)
		case *pgproto3.ErrorResponse:
			said += m.Code + " " + m.Message
		case *pgproto3.ReadyForQuery:
			return said
		}
	}
}

// wantAnswer wants the answer to what was asked, at this time after the beginning.
func (k *talk) wantAnswer(want string, at time.Duration) {
	k.Helper()
	if got := k.hear(); got != want || time.Since(k.began) != at {
		k.Errorf("it says %q after %v, want %q after %v", got, time.Since(k.began), want, at)
	}
}

// cancel is the client's request to cancel what a session is about, on a connection of
// its own and perhaps by way of another gateway. It returns how Requests ended.
func (k *talk) cancel(known *Sessions) error {
	k.Helper()
	sent := encoded(k, &pgproto3.CancelRequest{ProcessID: 1, SecretKey: []byte("abcd")})
	var up upstreamOf = func(b []byte) {
		if string(b) != string(sent) {
			k.Errorf("the server gets %q, want %q", b, sent)
		}
		k.note("cancel")
	}
	s := NewSession(Options{
		Context: context.Background(), Faults: k.s.Faults, CountCall: func() {}, SpareConnection: func() {}, Sessions: known,
		Client: sides{pieces(sent, 100), io.Discard}, Upstream: sides{strings.NewReader(""), up},
	})
	return s.Requests()
}

type upstreamOf func([]byte)

func (f upstreamOf) Write(b []byte) (int, error) { f(b); return len(b), nil }

const (
	cancelledByUser = "57014 canceling statement due to user request"
	cancelledByTime = "57014 canceling statement due to statement timeout"
)

// A cancellation that comes while the server is asked by us is about the client's
// statement: it ends it where a fault holds it up, and otherwise goes to the server when
// that has it.
func TestCancelWhileTheServerIsAsked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sql, says string
		at        time.Duration
		ends      error // how the connection ends that cancels
		got       []string
	}{
		"it is held": {"INSERT", cancelledByUser, 1500 * time.Millisecond, stream.ErrLast, []string{"0s SHOW statement_timeout", "1.5s " + marker + "1"}},
		"it is not":  {"SELECT 1", "DONE", 1500 * time.Millisecond, io.EOF, []string{"0s SHOW statement_timeout", "1.5s SELECT 1", "1.5s cancel"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				late := fault(t, "postgres_latency", 1, `{'latency':3600000,'match':{'statement':'insert'}}`)
				k := newTalk(t, 1500*time.Millisecond, "0", late)
				k.ask(tt.sql)
				done := make(chan error, 1)
				go func() {
					time.Sleep(500 * time.Millisecond)
					done <- k.cancel(k.s.Sessions)
				}()
				k.wantAnswer(tt.says, tt.at)
				if err := <-done; !errors.Is(err, tt.ends) {
					t.Errorf("the cancellation ends with %v, want %v", err, tt.ends)
				}
				k.wantServed(tt.got...)
			})
		})
	}
}

// A cancellation by another way meets our question in place of the client's statement:
// that is what was to be cancelled.
func TestCancelOfOurQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t, time.Second, "", fault(t, "postgres_latency", 1, `{'latency':3600000}`))
		k.code = queryCanceled
		k.ask("SELECT 1")
		k.wantAnswer(cancelledByUser, time.Second)
		k.code = "42704" // a server that does not know the setting, and is not asked again
		k.s.Faults.Replace([]*Fault{fault(t, "postgres_latency", 1, `{'latency':1000}`)})
		k.ask("SELECT 2")
		k.wantAnswer("DONE", 3*time.Second)
		k.ask("SELECT 3")
		k.wantAnswer("DONE", 4*time.Second)
		k.wantServed("0s SHOW statement_timeout", "1s "+marker+"1", "1s SHOW statement_timeout", "3s SELECT 2", "4s SELECT 3")
	})
}

// A cancellation that met our question ends what the client asks whether or not a fault
// would hold that up, in both protocols. In a transaction it has aborted that, and the
// client learns why.
func TestCancelOfOurQuestionIsNotLost(t *testing.T) {
	t.Parallel()
	execution := func(sql string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{&pgproto3.Parse{Query: sql}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{}}
	}
	query := func(sql string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{&pgproto3.Query{String: sql}}
	}
	for name, tt := range map[string]struct {
		asks  []pgproto3.FrontendMessage
		alone bool // in no transaction
		says  string
		got   string // by the server
		after string // what the next statement meets
	}{
		"a query":                   {query("SELECT 1"), true, cancelledByUser, marker + "1", "DONE"},
		"an execution":              {execution("SELECT 1"), true, cancelledByUser, marker + "1", "DONE"},
		"a query in a block":        {query("SELECT 1"), false, cancelledByUser, marker + "1", "25P02 current transaction is aborted"},
		"an execution in a block":   {execution("SELECT 1"), false, cancelledByUser, marker + "1", "25P02 current transaction is aborted"},
		"of what is prepared":       {execution("")[1:], false, cancelledByUser, marker + "1", "25P02 current transaction is aborted"},
		"a COMMIT":                  {query("COMMIT"), false, cancelledByUser, "ROLLBACK", "DONE"},
		"a ROLLBACK":                {query("ROLLBACK"), false, "DONE", "ROLLBACK", "DONE"},
		"a ROLLBACK that is called": {execution("ROLLBACK"), false, "DONE", "ROLLBACK", "DONE"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				late := fault(t, "postgres_latency", 1, `{'latency':3600000,'match':{'statement':'insert'}}`)
				unmet := fault(t, "postgres_error", 1, `{'sqlstate':'40001','match':{'statement':'rollback'}}`) // in a transaction that is aborted
				k := newTalk(t, 0, "0", late, unmet)
				want := []string{"0s SHOW statement_timeout"}
				if tt.alone {
					k.answer = ""
				} else {
					for _, sql := range []string{"BEGIN", "SET LOCAL statement_timeout = 0"} {
						k.ask(sql)
						k.wantAnswer("DONE", 0)
						want = append(want, "0s "+sql)
					}
					k.answer = ""
					want = append(want, "0s SHOW statement_timeout")
				}
				k.code = queryCanceled
				for _, m := range tt.asks {
					k.client.Send(m)
				}
				k.wantAnswer(tt.says, 0)
				k.wantServed(append(want, "0s "+tt.got)...)
				k.s.Faults.Replace(nil)
				k.ask("SELECT 2")
				k.wantAnswer(tt.after, 0)
				if n := late.Counts().Affected + unmet.Counts().Affected; n != 0 {
					t.Errorf("%d statements met a fault that is not about them", n)
				}
			})
		})
	}
}

// The server gets a cancellation as it came where no fault has anything to do with it:
// that of a session that came by another gateway, and of one that nothing holds up.
func TestCancellationsThatPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := fault(t, "postgres_latency", 1, `{'latency':5000,'match':{'statement':'insert'}}`)
		k := newTalk(t, 0, "0", late)
		if err := k.cancel(k.s.Sessions); !errors.Is(err, io.EOF) {
			t.Errorf("idle: %v", err)
		}
		k.ask("INSERT")
		time.Sleep(time.Second)
		if err := k.cancel(&Sessions{}); !errors.Is(err, io.EOF) {
			t.Errorf("by another gateway: %v", err)
		}
		k.wantAnswer("DONE", 5*time.Second)
		k.wantServed("0s cancel", "0s SHOW statement_timeout", "1s cancel", "5s INSERT")
	})
}

// A server that does not answer our question holds a client up by no more than what that
// waits, and its late answer is ours, and good.
func TestAServerThatAnswersLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t, 10*time.Second, "1s", fault(t, "postgres_latency", 1, `{'latency':300}`))
		k.ask("SELECT 1")
		k.wantAnswer("DONE", 10*time.Second)
		k.s.Faults.Replace([]*Fault{fault(t, "postgres_latency", 1, `{'latency':3600000}`)})
		k.ask("SELECT 2")
		k.wantAnswer(cancelledByTime, 11*time.Second)
		k.wantServed("0s SHOW statement_timeout", "2.3s SELECT 1", "11s "+marker+"1")
	})
}

// A client that has left is noticed, whatever the server does.
func TestAClientLeavesWhileTheServerIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t, time.Hour, "0", fault(t, "postgres_latency", 1, `{'latency':300}`))
		k.ask("SELECT 1")
		k.conn.Close()
		err := <-k.ended
		if waited := time.Since(k.began); !errors.Is(err, io.EOF) || waited != maxAsking+300*time.Millisecond {
			t.Errorf("requests end after %v with %v", waited, err)
		}
	})
}

// statement_timeout counts from when a statement comes, not from when the one before it
// was answered, and is learned anew when it may have changed, also while the answer to an
// earlier question is still to come.
func TestStatementTimeoutOfAnIdleSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newTalk(t, 0, "1s", fault(t, "postgres_latency", 1, `{'latency':600,'match':{'statement':'select'}}`))
		k.ask("SELECT 1")
		k.wantAnswer("DONE", 600*time.Millisecond)
		time.Sleep(time.Hour)
		k.ask("SELECT 2")
		k.wantAnswer("DONE", time.Hour+1200*time.Millisecond)
		k.s.Faults.Replace([]*Fault{fault(t, "postgres_latency", 1, `{'latency':3600000,'match':{'statement':'select'}}`)})
		k.ask("SELECT 3")
		k.wantAnswer(cancelledByTime, time.Hour+2200*time.Millisecond)
		k.answer = "2s"
		k.ask("SET statement_timeout = '2s'")
		k.wantAnswer("DONE", time.Hour+2200*time.Millisecond)
		time.Sleep(time.Hour)
		k.ask("SELECT 4")
		k.wantAnswer(cancelledByTime, 2*time.Hour+4200*time.Millisecond)
	})
}
