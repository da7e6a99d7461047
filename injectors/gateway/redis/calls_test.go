package redis

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// counted is how many calls a session counts in what a client sends, in pieces of a
// size.
func counted(f *faultset.Force, sent []byte, size int) (calls int, err error) {
	s := NewSession(Options{
		Context: context.Background(), Force: f, Asked: func() { calls++ }, Address: "127.0.0.1:6379",
		Client: sides{pieces(sent, size), io.Discard}, Upstream: sides{strings.NewReader(""), new(bytes.Buffer)},
	})
	err = s.Requests()
	return calls, err
}

// What a client asks for is a call, however it is written and whatever meets it;
// what comes with a connection is none.
func TestWhatIsACall(t *testing.T) {
	join := func(commands ...[]byte) []byte { return bytes.Join(commands, nil) }
	for name, tt := range map[string]struct {
		sent []byte
		want int
	}{
		"a read":          {line("GET", "a"), 1},
		"a long name":     {line("ZREMRANGEBYSCORE", "a", "0", "1"), 1},
		"a short name":    {line("A"), 1},
		"no name":         {line(""), 1},
		"a pipeline":      {join(line("get", "a"), line("HSET", "a", "b", "c"), line("EXPIRE", "a", "9")), 3},
		"of four to six":  {join(line("HGET", "a", "b"), line("MULTI"), line("INCRBY", "a", "1"), line("EXEC")), 4},
		"a module's":      {line("JSON.GET", "a"), 1},
		"a handshake":     {join(line("HELLO", "3", "AUTH", "shop", "secret"), line("CLIENT", "SETINFO", "LIB-NAME", "x"), line("SELECT", "1"), line("ping"), line("COMMAND", "DOCS")), 0},
		"of a cluster":    {join(line("READONLY"), line("asking"), line("READWRITE"), line("CLUSTER", "SLOTS")), 1},
		"the rest of it":  {join(line("AUTH", "secret"), line("Echo", "x"), line("RESET"), line("QUIT")), 0},
		"by hand":         {[]byte("ping\r\n\r\nget a\r\nAUTH x\r\n"), 1},
		"of no command":   {[]byte("*0\r\n*-1\r\n"), 0},
		"a long value":    {line("SET", "a", strings.Repeat("x", 1<<20)), 1},
		"an endless name": {line(strings.Repeat("x", 1<<17)), 1},
		"not all of it":   {[]byte("*1\r\n$4\r\nPI"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			met := fault(t, "redis_error", 1, `{'error':'ERR x','match':{'command':'GET, HSET, MULTI, EXEC, PING'}}`)
			for _, f := range []*faultset.Force{faultset.With(1), inForce(met)} {
				for _, size := range []int{1, 7, 1 << 16} {
					if got, err := counted(f, tt.sent, size); got != tt.want || !errors.Is(err, io.EOF) {
						t.Errorf("in pieces of %d, %d faults: %d calls, want %d (%v)", size, len(f.Now()), got, tt.want, err)
					}
				}
			}
		})
	}
}

// BenchmarkCounting is what counting adds to a command that is passed on.
//
//	go test ./injectors/gateway/redis -run '^$' -bench Counting
func BenchmarkCounting(b *testing.B) {
	for name, command := range map[string][]byte{"GET": line("GET", "cart:1"), "HGETALL": line("HGETALL", "cart:1")} {
		b.Run(name, func(b *testing.B) {
			calls := 0
			s := NewSession(Options{Force: faultset.With(1), Asked: func() { calls++ }, Client: sides{&again{command}, nil}, Upstream: sides{nil, io.Discard}})
			for b.Loop() {
				if err := s.request(); err != nil {
					b.Fatal(err)
				}
			}
			if calls < b.N {
				b.Errorf("%d calls of %d", calls, b.N)
			}
		})
	}
}

// again reads a command over and over, one at a time.
type again struct{ command []byte }

func (a *again) Read(b []byte) (int, error) { return copy(b, a.command), nil }
