package redis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// sides is what a session reads from and writes to, without sockets.
type sides struct {
	io.Reader
	io.Writer
}

// passed is what a dependency gets of what a client sends, in pieces of a size.
func passed(f *faultset.Set[*Rule], sent []byte, size int) ([]byte, error) {
	var got bytes.Buffer
	s := NewSession(Options{
		Context: context.Background(), Faults: f, CountCall: func() {}, Address: "127.0.0.1:6379",
		Client: sides{pieces(sent, size), io.Discard}, Upstream: sides{strings.NewReader(""), &got},
	})
	err := s.Requests()
	return got.Bytes(), err
}

// pieces reads so many bytes at a time.
func pieces(b []byte, size int) io.Reader { return &inPieces{bytes.NewReader(b), max(1, size)} }

type inPieces struct {
	r    io.Reader
	size int
}

func (p *inPieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }

func fault(t testing.TB, kind string, share float64, attributes string) *Fault {
	t.Helper()
	f, err := Parse(kind, share, json.RawMessage(strings.ReplaceAll(attributes, "'", `"`)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func active(faults ...*Fault) *faultset.Set[*Rule] {
	f := faultset.NewSet[*Rule](1)
	f.Replace(faults)
	return f
}

// commandStreams are what clients send, well formed and not.
func commandStreams() []string {
	return []string{
		"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "PING\r\nset a  b\r\n\r\n", "*0\r\n*-1\r\n*1\r\n$4\r\nQUIT\r\n",
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\n*1\r\n$4\r\n", "*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n",
		"*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n", "*1\r\n$-1\r\n", "*1\r\n$99999999999999\r\n", "*x\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01", "*1\r\n:1\r\n", "*2\r\n$3\r\nGET\r\n$1000000\r\n", "*3\r\n$5\r\nXREAD\r\n$7\r\nSTREAMS\r\n$1\r\na\r\n",
		"*2147483647\r\n$1\r\na\r\n", "*1\r\n$4\r\nPI",
	}
}

// FuzzRequests: without faults, what a client sends is what the dependency gets,
// byte for byte; with faults that meet nothing too; and with faults that meet it,
// nothing crashes or hangs.
func FuzzRequests(f *testing.F) {
	for i, text := range commandStreams() {
		f.Add([]byte(text), 1+i%7)
	}
	f.Fuzz(func(t *testing.T, sent []byte, size int) {
		size = max(1, size%4096)
		never := active(fault(t, "redis_error", 0, `{'error':'ERR x'}`), fault(t, "redis_empty", 0, `{'writes':'fail'}`))
		for _, force := range []*faultset.Set[*Rule]{faultset.NewSet[*Rule](1), never} {
			if got, err := passed(force, sent, size); !bytes.Equal(got, sent) || !errors.Is(err, io.EOF) {
				t.Fatalf("%q arrives as %q: %v", sent, got, err)
			}
		}
		for _, always := range []*Fault{
			fault(t, "redis_error", 1, `{'error':'ERR x'}`), fault(t, "redis_empty", 1, `{'writes':'fail'}`), fault(t, "redis_error", 1, `{'error':'MOVED','match':{'key':'a*'}}`),
		} {
			if _, err := passed(active(always), sent, size); !errors.Is(err, io.EOF) {
				t.Fatalf("%q: %v", sent, err)
			}
		}
	})
}

// FuzzReplies: what a dependency sends that is not about a command of ours is what
// the client gets, byte for byte, also while a command of ours waits.
func FuzzReplies(f *testing.F) {
	for i, text := range replies() {
		f.Add([]byte(text), 1+i%7)
	}
	f.Add([]byte("-ERR unknown spec 'blastgauge.fault.7', with\r\n-ERR unknown spec 'blastgauge.fault.\r\n"), 5)
	f.Fuzz(func(t *testing.T, sent []byte, size int) {
		if bytes.Contains(sent, []byte(marker+"1")) {
			return
		}
		for _, waits := range []bool{false, true} {
			var got bytes.Buffer
			s := NewSession(Options{Client: sides{nil, &got}, Upstream: sides{pieces(sent, size%4096), nil}})
			if waits {
				s.pending = []exchange{{first: 1, last: 1, reply: "-x\r\n"}}
			}
			if err := s.Replies(); !errors.Is(err, io.EOF) || !bytes.Equal(got.Bytes(), sent) {
				t.Fatalf("%q arrives as %q: %v", sent, got.Bytes(), err)
			}
		}
	})
}

// What goes to the dependency under each fault.
func TestWhatTheDependencyIsAsked(t *testing.T) {
	t.Parallel()
	get := string(encode("GET", "a"))
	for name, tt := range map[string]struct{ kind, attributes, sent, want string }{
		"a refusal":                 {"redis_error", `{'error':'ERR x'}`, get, string(encode("blastgauge.fault.1"))},
		"of another class":          {"redis_error", `{'error':'ERR x','match':{'class':'write'}}`, get, get},
		"READONLY and reads":        {"redis_error", `{'error':'READONLY'}`, get, get},
		"READONLY and writes":       {"redis_error", `{'error':'READONLY'}`, string(encode("set", "a", "1")) + get, string(encode("blastgauge.fault.1")) + get},
		"who says which":            {"redis_error", `{'error':'READONLY','match':{'command':'get'}}`, get, string(encode("blastgauge.fault.1"))},
		"who says any":              {"redis_error", `{'error':'READONLY','match':{'class':'any'}}`, get, string(encode("blastgauge.fault.1"))},
		"OOM and DEL":               {"redis_error", `{'error':'OOM'}`, string(encode("DEL", "a")), string(encode("DEL", "a"))},
		"LOADING and SELECT":        {"redis_error", `{'error':'LOADING'}`, string(encode("SELECT", "1")), string(encode("SELECT", "1"))},
		"NOAUTH and HELLO":          {"redis_error", `{'error':'NOAUTH'}`, string(encode("HELLO", "3")), string(encode("HELLO", "3"))},
		"BUSY and SCRIPT KILL":      {"redis_error", `{'error':'BUSY'}`, string(encode("SCRIPT", "KILL")) + string(encode("SCRIPT", "LOAD", "x")), string(encode("SCRIPT", "KILL")) + string(encode("blastgauge.fault.1"))},
		"a subcommand":              {"redis_error", `{'error':'ERR x','match':{'command':'config set, get'}}`, string(encode("CONFIG", "GET", "x")) + string(encode("CONFIG", "SET", "x", "y")), string(encode("CONFIG", "GET", "x")) + string(encode("blastgauge.fault.1"))},
		"a key":                     {"redis_error", `{'error':'ERR x','match':{'key':'cart:*'}}`, string(encode("GET", "cart:1")) + get + string(encode("PING")), string(encode("blastgauge.fault.1")) + get + string(encode("PING"))},
		"a key that is second":      {"redis_error", `{'error':'ERR x','match':{'key':'cart:*'}}`, string(encode("EVAL", "return 1", "1", "cart:1")), string(encode("blastgauge.fault.1"))},
		"a line":                    {"redis_error", `{'error':'ERR x'}`, "get a\r\n\r\n", string(encode("blastgauge.fault.1")) + "\r\n"},
		"EXEC":                      {"redis_error", `{'error':'ERR x','match':{'command':'EXEC'}}`, string(encode("MULTI")) + get + string(encode("exec")), string(encode("MULTI")) + get + string(encode("blastgauge.fault.1")) + string(encode("EXEC"))},
		"EXEC without MULTI":        {"redis_error", `{'error':'ERR x','match':{'command':'EXEC'}}`, string(encode("exec")), string(encode("blastgauge.fault.1"))},
		"the first":                 {"redis_error", `{'error':'ERR x','first':1}`, get + get, string(encode("blastgauge.fault.1")) + get},
		"nothing to read":           {"redis_empty", `{}`, get, string(encode("GET", "a{a}\x00blastgauge"))},
		"of several keys":           {"redis_empty", `{}`, string(encode("MGET", "{x}a", "b")), string(encode("MGET", "{x}a\x00blastgauge", "b{b}\x00blastgauge"))},
		"of counted keys":           {"redis_empty", `{}`, string(encode("ZUNION", "2", "a", "b", "WITHSCORES")), string(encode("ZUNION", "2", "a{a}\x00blastgauge", "b{b}\x00blastgauge", "WITHSCORES"))},
		"of streams":                {"redis_empty", `{}`, string(encode("XREAD", "COUNT", "2", "streams", "a", "0")), string(encode("XREAD", "COUNT", "2", "streams", "a{a}\x00blastgauge", "0"))},
		"of all":                    {"redis_empty", `{}`, string(encode("DBSIZE")), string(encode("EXISTS", "\x00blastgauge"))},
		"on a line":                 {"redis_empty", `{}`, "get a\r\n", string(encode("get", "a{a}\x00blastgauge"))},
		"on a line, in quotes":      {"redis_empty", `{}`, "get \"a b\\x21\" \r\n", string(encode("get", "a b!{a b!}\x00blastgauge"))},
		"in quotes that do not end": {"redis_empty", `{}`, "get \"a b\r\n", "get \"a b\r\n"},
		"a script without keys":     {"redis_error", `{'error':'MOVED'}`, string(encode("EVAL", "return 1", "0", "a")), string(encode("EVAL", "return 1", "0", "a"))},
		"no key to match":           {"redis_error", `{'error':'ERR x','match':{'key':'a'}}`, string(encode("EVAL", "return 1", "0", "a")), string(encode("EVAL", "return 1", "0", "a"))},
		"the key of a script":       {"redis_error", `{'error':'ERR x','match':{'key':'a'}}`, string(encode("EVAL", "return 1", "1", "a")), string(encode("blastgauge.fault.1"))},
		"the key of a stream":       {"redis_error", `{'error':'ERR x','match':{'key':'a'}}`, string(encode("XREADGROUP", "GROUP", "streams", "c", "STREAMS", "a", ">")), string(encode("blastgauge.fault.1"))},
		"TRYAGAIN and one key":      {"redis_error", `{'error':'TRYAGAIN'}`, string(encode("MGET", "a")), string(encode("MGET", "a"))},
		"TRYAGAIN and two":          {"redis_error", `{'error':'TRYAGAIN'}`, string(encode("MGET", "a", "b")), string(encode("blastgauge.fault.1"))},
		"MISCONF and PING":          {"redis_error", `{'error':'MISCONF'}`, string(encode("PING")), string(encode("blastgauge.fault.1"))},
		"OOM within MULTI":          {"redis_error", `{'error':'OOM'}`, string(encode("MULTI")) + get, string(encode("MULTI")) + string(encode("blastgauge.fault.1"))},
		"writes succeed":            {"redis_empty", `{}`, string(encode("SET", "a", "1")), string(encode("SET", "a", "1"))},
		"writes fail":               {"redis_empty", `{'writes':'fail'}`, string(encode("SET", "a", "1")), string(encode("blastgauge.fault.1"))},
		"pings go on":               {"redis_empty", `{'writes':'fail'}`, string(encode("PING")), string(encode("PING"))},
		"latency":                   {"redis_latency", `{'latency':1}`, get, get},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 5, 4096} {
				got, err := passed(active(fault(t, tt.kind, 1, tt.attributes)), []byte(tt.sent), size)
				if string(got) != tt.want || !errors.Is(err, io.EOF) {
					t.Errorf("in pieces of %d: %q, want %q (%v)", size, got, tt.want, err)
				}
			}
		})
	}
}

// A command that is refused is left out to the last byte, however long it is.
func TestALongCommandIsLeftOut(t *testing.T) {
	t.Parallel()
	sent := append(encode("SET", "a", strings.Repeat("x", 3<<20)), encode("GET", "a")...)
	f := fault(t, "redis_error", 1, `{'error':'OOM'}`)
	got, err := passed(active(f), sent, 1<<16)
	if want := string(encode("blastgauge.fault.1")) + string(encode("GET", "a")); string(got) != want || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes arrive: %.80q, %v", len(got), got, err)
	}
	if c := f.Counts(); c != (faultset.Counts{Seen: 2, Matched: 1, Affected: 1}) {
		t.Errorf("it counted %+v", c)
	}
}

// A client that wants no replies can be refused a million commands, and what waits
// for the replies does not grow.
func TestRefusalsWithoutReplies(t *testing.T) {
	t.Parallel()
	s := NewSession(Options{Client: sides{}, Upstream: sides{}})
	for range 1 << 20 {
		s.expectError("-OOM\r\n", "")
	}
	if len(s.pending) != 1 {
		t.Errorf("%d wait", len(s.pending))
	}
	for i := range 1 << 20 {
		s.expectError("-MOVED "+strconv.Itoa(i)+"\r\n", "")
	}
	if len(s.pending) > maxPending {
		t.Errorf("%d wait", len(s.pending))
	}
	if x, ok := s.takePending("-ERR unknown spec '" + marker + strconv.FormatUint(s.issued-1, 10) + "', with"); !ok || x.reply != "-MOVED 1048574\r\n" {
		t.Errorf("%+v %v", x, ok)
	}
}

// A fault that is taken away lets go of the command that waits under it.
func TestALatencyIsCutShort(t *testing.T) {
	t.Parallel()
	f := faultset.NewSet[*Rule](1)
	f.Replace([]*Fault{fault(t, "redis_latency", 1, `{'latency':3600000}`)})
	client, ours := net.Pipe()
	var got bytes.Buffer
	s := NewSession(Options{Context: t.Context(), Faults: f, CountCall: func() {}, Client: ours, Upstream: sides{nil, &got}})
	var served sync.WaitGroup
	served.Go(func() { s.Requests() })
	client.Write(encode("GET", "a"))
	deadline := time.Now().Add(10 * time.Second)
	for f.Active()[0].Counts().Affected == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	f.Replace(nil)
	client.Close()
	served.Wait()
	if got.String() != string(encode("GET", "a")) {
		t.Errorf("the dependency got %q", got.String())
	}
}

func TestRefusedAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, part string }{
		{"redis_error", ``, "redis_error needs error"},
		{"redis_error", `{"error":"READ_ONLY"}`, "error must be one of ASK, BUSY, CLUSTERDOWN, LOADING"},
		{"redis_error", `{"error":"err x"}`, "error must be"},
		{"redis_error", `{"error":"ERR a\r\n+OK"}`, "error must be one line"},
		{"redis_error", `{"error":"OOM","address":"a:1"}`, "address is where MOVED or ASK points to"},
		{"redis_error", `{"error":"OOM","match":{"class":"writes"}}`, `class must be any, read, write, script, transaction, pubsub, admin or other, not "writes"`},
		{"redis_error", `{"error":"OOM","match":{"name":"x"}}`, `match has no attribute "name"; it has class, command, key and not`},
		{"redis_empty", `{"writes":"maybe"}`, `writes must be succeed or fail, not "maybe"`},
		{"redis_latency", `{}`, "redis_latency needs latency"},
		{"redis_latency", `{"latency":1,"jitter":2}`, "jitter must not exceed latency"},
	} {
		if _, err := Parse(tt.kind, 1, json.RawMessage(tt.given)); err == nil || !strings.Contains(err.Error(), tt.part) {
			t.Errorf("%s %s: %v, want a sentence with %q", tt.kind, tt.given, err, tt.part)
		}
	}
}

func TestShownAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, shown string }{
		{"redis_error", `{"error":"READONLY"}`, `{"error":"READONLY"}`},
		{"redis_error", `{"error":"MOVED","address":"a:1","first":2,"match":{"class":"any","command":"get,  config  set"}}`, `{"error":"MOVED","address":"a:1","match":{"class":"any","command":"GET, CONFIG SET"},"first":2}`},
		{"redis_empty", ``, `{"writes":"succeed"}`},
		{"redis_latency", `{"latency":5,"match":{"class":"write"}}`, `{"latency":5,"jitter":0,"match":{"class":"write"}}`},
	} {
		for range 2 {
			shown, err := json.Marshal(fault(t, tt.kind, 0.5, tt.given).Attributes)
			if err != nil || string(shown) != tt.shown {
				t.Errorf("%s %s is shown as %s, want %s (%v)", tt.kind, tt.given, shown, tt.shown, err)
			}
			tt.given = tt.shown
		}
	}
}
