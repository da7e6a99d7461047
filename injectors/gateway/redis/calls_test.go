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
func counted(f *faultset.Set[*Rule], sent []byte, size int) (calls int, err error) {
	s := NewSession(Options{
		Context: context.Background(), Faults: f, CountCall: func() { calls++ }, Address: "127.0.0.1:6379",
		Client: sides{pieces(sent, size), io.Discard}, Upstream: sides{strings.NewReader(""), new(bytes.Buffer)},
	})
	err = s.Requests()
	return calls, err
}

// What a client asks for is a call, however it is written and whatever meets it;
// what comes with a connection is none.
func TestWhatIsACall(t *testing.T) {
	t.Parallel()
	join := func(commands ...[]byte) []byte { return bytes.Join(commands, nil) }
	for name, tt := range map[string]struct {
		sent []byte
		want int
	}{
		"a read":          {encode("GET", "a"), 1},
		"a long name":     {encode("ZREMRANGEBYSCORE", "a", "0", "1"), 1},
		"a short name":    {encode("A"), 1},
		"no name":         {encode(""), 1},
		"a pipeline":      {join(encode("get", "a"), encode("HSET", "a", "b", "c"), encode("EXPIRE", "a", "9")), 3},
		"of four to six":  {join(encode("HGET", "a", "b"), encode("MULTI"), encode("INCRBY", "a", "1"), encode("EXEC")), 4},
		"a module's":      {encode("JSON.GET", "a"), 1},
		"a handshake":     {join(encode("HELLO", "3", "AUTH", "shop", "secret"), encode("CLIENT", "SETINFO", "LIB-NAME", "x"), encode("SELECT", "1"), encode("ping"), encode("COMMAND", "DOCS")), 0},
		"of a cluster":    {join(encode("READONLY"), encode("asking"), encode("READWRITE"), encode("CLUSTER", "SLOTS")), 1},
		"the rest of it":  {join(encode("AUTH", "secret"), encode("Echo", "x"), encode("RESET"), encode("QUIT")), 0},
		"by hand":         {[]byte("ping\r\n\r\nget a\r\nAUTH x\r\n"), 1},
		"of no command":   {[]byte("*0\r\n*-1\r\n"), 0},
		"a long value":    {encode("SET", "a", strings.Repeat("x", 1<<20)), 1},
		"an endless name": {encode(strings.Repeat("x", 1<<17)), 1},
		"not all of it":   {[]byte("*1\r\n$4\r\nPI"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			met := fault(t, "redis_error", 1, `{'error':'ERR x','match':{'command':'GET, HSET, MULTI, EXEC, PING'}}`)
			for _, f := range []*faultset.Set[*Rule]{faultset.NewSet[*Rule](1), active(met)} {
				for _, size := range []int{1, 7, 1 << 16} {
					if got, err := counted(f, tt.sent, size); got != tt.want || !errors.Is(err, io.EOF) {
						t.Errorf("in pieces of %d, %d faults: %d calls, want %d (%v)", size, len(f.Active()), got, tt.want, err)
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
	for name, command := range map[string][]byte{"GET": encode("GET", "cart:1"), "HGETALL": encode("HGETALL", "cart:1")} {
		b.Run(name, func(b *testing.B) {
			calls := 0
			s := NewSession(Options{Faults: faultset.NewSet[*Rule](1), CountCall: func() { calls++ }, Client: sides{&again{command}, nil}, Upstream: sides{nil, io.Discard}})
			for b.Loop() {
				if err := s.passCommand(); err != nil {
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
