package http

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// under is a session whose sides take all, under these faults.
func under(t *testing.T, faults ...*Fault) (s *session, client *sink) {
	t.Helper()
	client = &sink{}
	set := faultset.NewSet[*Rule](1)
	set.Replace(faults)
	s = newSession(&conn{proxy: &Proxy{Faults: set}, ctx: t.Context(), client: client, upstream: &sink{}, countCall: func() {}})
	t.Cleanup(func() {
		s.end(io.EOF)
		s.work.Wait()
		if s.held != 0 || len(s.waiting)+len(s.up.late)+len(s.down.late)+len(s.streams)+len(s.sent) > 0 {
			t.Errorf("%d bytes are held, %d streams wait, %d have data of ours, %d are open and %d at the dependency",
				s.held, len(s.waiting), len(s.up.late)+len(s.down.late), len(s.streams), len(s.sent))
		}
	})
	return s, client
}

func parse(t *testing.T, kind, attributes string) *Fault {
	t.Helper()
	f, err := Parse(kind, 1, json.RawMessage(attributes))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A writer packs what one side sends.
type writer struct {
	t *testing.T
	way
}

func newWriter(t *testing.T, start string) *writer {
	w := &writer{t: t}
	w.out = []byte(start)
	w.encoder = hpack.NewEncoder(&w.encoded)
	w.writeFrame(frameSettings, 0, 0, nil)
	return w
}

func (w *writer) headers(id uint32, end bool, list ...string) {
	var fields []hpack.HeaderField
	for i := 0; i < len(list); i += 2 {
		fields = append(fields, hpack.HeaderField{Name: list[i], Value: list[i+1]})
	}
	w.writeHeaders(id, fields, end)
}

// sendTo sends what has been packed.
func (w *writer) sendTo(to *way) {
	w.t.Helper()
	if _, err := to.Write(w.out); err != nil {
		w.t.Fatal(err)
	}
	w.out = nil
}

// Requests that wait for a dependency that takes no more of them leave nothing behind when
// they are cancelled.
func TestCancelledWhileTheyWait(t *testing.T) {
	t.Parallel()
	s, _ := under(t)
	client, upstream := newWriter(t, preface), newWriter(t, "")
	upstream.writeFrame(frameSettings, 0, 0, []byte{0, settingStreams, 0, 0, 0, 1})
	upstream.sendTo(&s.down)
	for id := uint32(1); id < 2000; id += 2 {
		client.headers(id, true, ":method", "GET", ":path", "/")
		if id > 1 {
			client.writeReset(id, codeCancel)
		}
	}
	client.sendTo(&s.up)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.streams) != 1 || len(s.waiting) != 0 || s.held != 0 {
		t.Errorf("%d streams are open, %d wait, %d bytes are held", len(s.streams), len(s.waiting), s.held)
	}
}

// While a document is made bad the other streams of its connection go on.
func TestDocumentsHoldNothingElseUp(t *testing.T) {
	t.Parallel()
	f := parse(t, kindConfig, `{"blank":{},"match":{"path":"/prices"}}`)
	s, client := under(t, f)
	asks, answers := newWriter(t, preface), newWriter(t, "")
	asks.headers(1, true, ":method", "GET", ":path", "/prices")
	asks.headers(3, true, ":method", "GET", ":path", "/")
	asks.sendTo(&s.up)

	slow := &f.Rule.mutation.record.mu // what was made before is looked up first
	slow.Lock()
	went := make(chan struct{})
	go func() {
		defer close(went)
		answers.headers(1, false, ":status", "200", "content-type", "application/json")
		answers.writeFrame(frameData, flagEnd, 1, []byte(`{"price":1}`))
		answers.writeReset(1, codeNone)
		answers.headers(3, true, ":status", "204")
		answers.sendTo(&s.down)
	}()
	select {
	case <-went:
	case <-time.After(time.Minute):
		t.Error("another answer waits for the document")
	}
	if got := statuses(t, client); len(got) != 1 || got[3] != "204" {
		t.Errorf("the client gets %v", got)
	}
	slow.Unlock()
	<-went
	s.work.Wait()
	if got := statuses(t, client); got[1] != "200" || f.Counts().Affected != 1 {
		t.Errorf("the client gets %v, and %d documents are bad", got, f.Counts().Affected)
	}
}

// statuses are those of the answers that a side has got, by stream.
func statuses(t *testing.T, to *sink) map[uint32]string {
	t.Helper()
	to.mu.Lock()
	defer to.mu.Unlock()
	found := map[uint32]string{}
	decoder := hpack.NewDecoder(4096, nil)
	for p := to.got.Bytes(); len(p) >= frameHead; {
		n := frameHead + (int(p[0])<<16 | int(p[1])<<8 | int(p[2]))
		if p[3] == frameHeaders {
			fields, err := decoder.DecodeFull(p[frameHead:n])
			if err != nil {
				t.Fatal(err)
			}
			found[uint32Of(p[5:])] = http2Request(fields).value(":status")
		}
		p = p[n:]
	}
	return found
}

// What is kept of a connection is bounded, whatever kind it is: documents that do not end,
// and data behind a latency. Documents beyond it pass unchanged, and say so; data has no
// credit beyond it.
func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	const each, many, room = 64 << 10, 200, 4 << 20
	for kind, attributes := range map[string]string{
		kindConfig: `{"blank":{},"limit":67108864}`, kindLatency: `{"latency":3600000,"when":"after"}`,
	} {
		t.Run(kind, func(t *testing.T) {
			f := parse(t, kind, attributes)
			s, _ := under(t, f)
			s.room = room
			client, upstream := newWriter(t, preface), newWriter(t, "")
			client.writeFrame(frameSettings, 0, 0, []byte{0, settingWindow, 0x40, 0, 0, 0})
			client.writeFrame(frameWindow, 0, 0, []byte{0x40, 0, 0, 0})
			upstream.sendTo(&s.down)
			for id := uint32(1); id < 2*many; id += 2 {
				client.headers(id, true, ":method", "GET", ":path", "/")
				client.sendTo(&s.up)
				upstream.headers(id, false, ":status", "200")
				for range each / maxFrame {
					upstream.writeFrame(frameData, 0, id, make([]byte, maxFrame))
				}
				s.mu.Lock()
				left := s.down.allowed()
				s.mu.Unlock()
				if left < each {
					break
				}
				upstream.sendTo(&s.down)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if most := 2*room + each; s.held > most || kept(s) > most {
				t.Errorf("%d bytes are kept, and %d counted", kept(s), s.held)
			}
			if kind == kindLatency && len(s.streams) >= many {
				t.Errorf("all %d streams may send what they like", len(s.streams))
			}
		})
	}
}

// Documents of a client that takes nothing are read as long as there is room for them. The
// others wait for the client as they would without faults: none is ended.
func TestDocumentsWithoutRoomPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testDocumentsWithoutRoom)
}

func testDocumentsWithoutRoom(t *testing.T) {
	const many = 40
	f := parse(t, kindConfig, `{"blank":{}}`)
	s, to := under(t, f)
	s.room = 10 * maxFrame
	client, upstream := newWriter(t, preface), newWriter(t, "")
	client.writeFrame(frameSettings, 0, 0, []byte{0, settingWindow, 0, 0, 0, 0})
	client.writeFrame(frameWindow, 0, 0, []byte{0x40, 0, 0, 0})
	client.sendTo(&s.up)
	upstream.sendTo(&s.down)
	for id := uint32(1); id < 2*many; id += 2 {
		client.headers(id, true, ":method", "GET", ":path", "/")
		client.sendTo(&s.up)
		upstream.headers(id, false, ":status", "200")
		if id < 2*11 {
			upstream.writeFrame(frameData, 0, id, make([]byte, maxFrame))
		}
		upstream.sendTo(&s.down)
	}
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, st := range s.streams {
		if st.toClient.closed {
			t.Errorf("the answer to %d still waits for its faults", id)
		}
	}
	if len(s.streams) != many {
		t.Errorf("%d of %d answers are under way", len(s.streams), many)
	}
	if got := statuses(t, to); len(got) < many-10 {
		t.Errorf("the client gets the headers of %d", len(got))
	}
}

// kept adds up what waits for the client.
func kept(s *session) (n int) {
	for _, st := range s.streams {
		n += len(st.toClient.data)
		for _, f := range st.toClient.queue {
			n += f.data
		}
	}
	return n
}

// Requests in line that would be too much to keep are refused, as the dependency would do
// it: their client may try again, and the others go on.
func TestTooMuchInLineIsRefused(t *testing.T) {
	t.Parallel()
	s, to := under(t)
	s.room = 100_000
	client, upstream := newWriter(t, preface), newWriter(t, "")
	upstream.writeFrame(frameSettings, 0, 0, []byte{0, settingStreams, 0, 0, 0, 1})
	upstream.sendTo(&s.down)
	for id := uint32(1); id < 21; id += 2 {
		client.headers(id, false, ":method", "POST", ":path", "/")
		client.writeFrame(frameData, flagEnd, id, make([]byte, maxFrame))
	}
	client.sendTo(&s.up)
	s.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.streams) != 6 || s.held > s.room {
		t.Errorf("%d requests are left, and %d bytes kept", len(s.streams), s.held)
	}
	refused := newWriter(t, "")
	refused.out = nil
	refused.writeReset(19, codeRefused)
	if !bytes.Contains(to.got.Bytes(), refused.out) {
		t.Error("the last one is not refused")
	}
}

// Requests whose headers have no room to wait are refused, also those that wait for a fault:
// the dependency has seen none of them.
func TestHeadsWithoutRoomAreRefused(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]*Fault{
		"in line": nil, "before a fault": {parse(t, kindLatency, `{"latency":3600000}`)},
	} {
		t.Run(name, func(t *testing.T) {
			s, to := under(t, faults...)
			s.room = 100_000
			client, upstream := newWriter(t, preface), newWriter(t, "")
			upstream.writeFrame(frameSettings, 0, 0, []byte{0, settingStreams, 0, 0, 0, 1})
			upstream.sendTo(&s.down)
			for id := uint32(1); id < 61; id += 2 {
				client.headers(id, false, ":method", "POST", ":path", "/", "x-long", strings.Repeat("long", 2500))
			}
			client.sendTo(&s.up)
			s.mu.Lock()
			left := len(s.streams)
			for _, st := range s.streams { // what waits behind the headers counts as well
				s.room = 0
				if st.up == 0 {
					s.up.hold(st, heldFrame{pass: func() {}})
				}
			}
			s.down.flush()
			ended := resets(to)
			if left < 5 || left > 15 || len(ended) < 30-1 {
				t.Errorf("%d requests waited, and %d of 30 have ended", left, len(ended))
			}
			for id, code := range ended {
				if code != codeRefused {
					t.Errorf("request %d is ended with %v", id, code)
				}
			}
			s.mu.Unlock()
		})
	}
}

// resets are the codes with which a side's streams have been ended.
func resets(to *sink) map[uint32]http2Error {
	to.mu.Lock()
	defer to.mu.Unlock()
	found := map[uint32]http2Error{}
	for p := to.got.Bytes(); len(p) >= frameHead; {
		n := frameHead + (int(p[0])<<16 | int(p[1])<<8 | int(p[2]))
		if p[3] == frameReset {
			found[uint32Of(p[5:])] = http2Error(uint32Of(p[frameHead:]))
		}
		p = p[n:]
	}
	return found
}

// Data that waits under a fault fills the room. Answers without any are not ended for it.
func TestAnswersWithoutDataHaveRoom(t *testing.T) {
	t.Parallel()
	s, to := under(t, parse(t, kindLatency, `{"latency":3600000,"when":"after"}`))
	s.room = 2 * maxFrame
	client, upstream := newWriter(t, preface), newWriter(t, "")
	for id := uint32(1); id < 9; id += 2 {
		client.headers(id, true, ":method", "GET", ":path", "/")
	}
	client.sendTo(&s.up)
	upstream.sendTo(&s.down)
	upstream.headers(1, false, ":status", "200")
	for range 2 {
		upstream.writeFrame(frameData, 0, 1, make([]byte, maxFrame))
	}
	upstream.headers(3, true, ":status", "204")
	upstream.headers(5, false, ":status", "200")
	upstream.writeFrame(frameData, flagEnd, 5, nil)
	upstream.writeReset(7, codeCancel)
	upstream.headers(1, true, "x-trailer", "1")
	upstream.sendTo(&s.down)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down.flush()
	ended := resets(to)
	delete(ended, 7) // by the dependency
	if len(ended) > 0 || s.held <= s.room {
		t.Errorf("answers are ended: %v, with %d bytes held", ended, s.held)
	}
}

// An effect that is removed between its look and the answer does nothing, and is given back.
func TestRemovedBeforeItActs(t *testing.T) {
	t.Parallel()
	for kind, attributes := range map[string]string{
		kindError: `{"status":503,"when":"after","first":1}`, kindAbort: `{"when":"middle","first":1}`, kindGRPC: `{"code":14,"when":"after","first":1}`,
	} {
		f := parse(t, kind, attributes)
		set := faultset.NewSet[*Rule](1)
		set.Replace([]*Fault{f})
		active := set.Active()[0]
		h, ok := active.Sample()
		if !ok {
			t.Fatal("the first one is not affected")
		}
		set.Replace(nil)
		var answer faulty
		answer.meet(nil, &h, false)
		_, again := active.Sample()
		if answer.replace != nil || answer.effect != nil || f.Counts().Affected != 0 || !again {
			t.Errorf("%s: it acts, counts, or is not given back", kind)
		}
	}
}

// A document whose trailers have no room ends its stream, and gives its fault back once.
func TestTrailersWithoutRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := parse(t, kindConfig, `{"blank":{},"first":1}`)
		s, _ := under(t, f)
		asks, answers := newWriter(t, preface), newWriter(t, "")
		asks.headers(1, true, ":method", "GET", ":path", "/")
		asks.sendTo(&s.up)
		answers.headers(1, false, ":status", "200", "content-type", "application/json")
		answers.writeFrame(frameData, 0, 1, []byte(`{"price":1}`))
		answers.sendTo(&s.down)
		synctest.Wait()
		s.mu.Lock()
		s.room = 0
		s.mu.Unlock()
		answers.headers(1, true, "x-trailer", "1")
		answers.sendTo(&s.down)
		synctest.Wait()
		active := s.proxy.Faults.Active()[0]
		_, first := active.Sample()
		_, second := active.Sample()
		if !first || second || f.Counts().Affected != 0 {
			t.Errorf("it is given back: %v, twice: %v; %d documents are bad", first, second, f.Counts().Affected)
		}
	})
}

// A halfClosed client has sent something, ends its side a while later, and reads nothing.
type halfClosed struct {
	net.Conn
	sent io.Reader
	stay time.Duration
}

func (c *halfClosed) Read(p []byte) (int, error) {
	n, err := c.sent.Read(p)
	if err != nil {
		time.Sleep(c.stay)
	}
	return n, err
}

// A pipe is a dependency's side of a pipe, which ends as soon as its writing end does.
type pipe struct{ net.Conn }

func (p pipe) CloseWrite() error { return p.Close() }

// A client that has ended its side and reads nothing keeps nothing.
func TestDeafAndGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asks := newWriter(t, preface)
		asks.writeFrame(frameSettings, 0, 0, []byte{0, settingWindow, 0x40, 0, 0, 0})
		asks.headers(1, true, ":method", "GET", ":path", "/")
		accepted, client := net.Pipe()
		dialled, dependency := net.Pipe()
		set := faultset.NewSet[*Rule](1)
		set.Replace([]*Fault{parse(t, kindError, `{"status":503,"body":"no"}`)})
		go func() {
			says := newWriter(t, "")
			_, _ = dependency.Write(says.out)
			_, _ = io.Copy(io.Discard, dependency)
		}()
		begun := time.Now()
		p := &Proxy{Faults: set, Buffers: &stream.Buffers{}}
		p.Serve(t.Context(), Connection{
			Client: &halfClosed{accepted, bytes.NewReader(asks.out), time.Minute}, Upstream: pipe{dialled}, CountCall: func() {},
		})
		if took := time.Since(begun); took > time.Minute+10*time.Second {
			t.Errorf("it is served for %v", took)
		}
		_ = client.Close()
		_ = dependency.Close()
	})
}

// A slowLine is an upstream that holds up what is written to it for a while, as byte-level
// faults do, and drops it when it is closed.
type slowLine struct {
	stream.Upstream
	settings io.Reader
	arrived  sink
	over     chan struct{} // it has been closed, or the dependency has ended
	once     sync.Once
}

func (l *slowLine) after(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		select {
		case <-l.over:
		default:
			do()
		}
	})
}

func (l *slowLine) Write(p []byte) (int, error) {
	p = bytes.Clone(p)
	l.after(3*time.Second, func() { _, _ = l.arrived.Write(p) })
	return len(p), nil
}

func (l *slowLine) Read(p []byte) (int, error) {
	if n, err := l.settings.Read(p); err == nil {
		return n, nil
	}
	<-l.over
	return 0, io.EOF
}

func (l *slowLine) CloseWrite() error { // behind what was written
	l.after(4*time.Second, func() { _ = l.Close() })
	return nil
}

func (l *slowLine) Close() error { l.once.Do(func() { close(l.over) }); return nil }

// What a client has sent before it ended arrives, however long that takes, and also where it
// has not taken what the dependency says.
func TestAClientThatEndsIsHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		testHeard(t, func(asks io.Reader) net.Conn { return &sinkOf{sent: asks} })
	})
	synctest.Test(t, func(t *testing.T) {
		accepted, client := net.Pipe()
		testHeard(t, func(asks io.Reader) net.Conn { return &halfClosed{accepted, asks, time.Millisecond} })
		_ = client.Close()
	})
}

func testHeard(t *testing.T, client func(asks io.Reader) net.Conn) {
	t.Helper()
	asks := newWriter(t, preface)
	asks.headers(1, true, ":method", "POST", ":path", "/order")
	line := &slowLine{settings: bytes.NewReader(newWriter(t, "").out), over: make(chan struct{})}
	p := &Proxy{Faults: faultset.NewSet[*Rule](1), Buffers: &stream.Buffers{}}
	p.Serve(t.Context(), Connection{Client: client(bytes.NewReader(asks.out)), Upstream: line, CountCall: func() {}})
	synctest.Wait()
	line.arrived.mu.Lock()
	got := line.arrived.got.Bytes()
	line.arrived.mu.Unlock()
	if head := []byte{frameHeaders, flagEnd | flagHeaders, 0, 0, 0, 1}; !bytes.Contains(got, head) {
		t.Errorf("the dependency gets %q", got)
	}
}

// A busyLine is an upstream that takes a second for each write, and must not be told of the
// end in the middle of one. It does not take the end before it is closed.
type busyLine struct {
	*testing.T
	settings io.Reader
	more     io.Reader // is said later
	over     chan struct{}
	once     sync.Once

	mu      sync.Mutex
	writes  int
	writing bool
	ended   bool
}

func (l *busyLine) write(is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writing = is; is {
		l.writes++
	}
	if l.ended {
		l.Error("something is written behind the end")
	}
}

func (l *busyLine) Write(p []byte) (int, error) {
	l.write(true)
	time.Sleep(time.Second)
	l.write(false)
	return len(p), nil
}

func (l *busyLine) Read(p []byte) (int, error) {
	if n, err := l.settings.Read(p); err == nil {
		return n, nil
	}
	time.Sleep(10 * time.Second)
	if n, err := l.more.Read(p); err == nil {
		return n, nil
	}
	<-l.over
	return 0, io.EOF
}

func (l *busyLine) CloseWrite() error {
	l.mu.Lock()
	if l.writing {
		l.Error("the end overtakes what is being written")
	}
	l.ended = true
	l.mu.Unlock()
	<-l.over
	return nil
}

func (l *busyLine) Close() error { l.once.Do(func() { close(l.over) }); return nil }

// The end of a client comes behind what others than its reader write to the dependency, here
// credit for data that nobody wants any more. A dependency that does not take the end, or
// does not end its own side, is not kept for ever.
func TestTheEndComesBehindWhatIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asks, more := newWriter(t, preface), newWriter(t, "")
		asks.headers(1, true, ":method", "GET", ":path", "/")
		asks.writeReset(1, codeCancel)
		more.out = nil
		more.writeFrame(frameData, 0, 1, make([]byte, 100))
		line := &busyLine{T: t, settings: bytes.NewReader(newWriter(t, "").out), more: bytes.NewReader(more.out), over: make(chan struct{})}
		accepted, client := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		begun := time.Now()
		p := &Proxy{Faults: faultset.NewSet[*Rule](1), Buffers: &stream.Buffers{}}
		p.Serve(t.Context(), Connection{ // its request takes a second to write, and the credit goes at the tenth
			Client: &halfClosed{accepted, bytes.NewReader(asks.out), 9500 * time.Millisecond}, Upstream: line, CountCall: func() {},
		})
		if took := time.Since(begun); took < partingTime || took > partingTime+20*time.Second {
			t.Errorf("it is served for %v", took)
		}
		if line.writes != 2 {
			t.Errorf("the dependency is written to %d times", line.writes)
		}
	})
}

// A sinkOf is a client that sends something, takes all, and ends.
type sinkOf struct {
	sink
	sent io.Reader
}

func (s *sinkOf) Read(p []byte) (int, error) { return s.sent.Read(p) }

// Headers that come byte by byte are the same as others. They are read as if they came in
// larger pieces: to unpack each byte would take time with the square of their number.
func TestHeadersByteByByte(t *testing.T) {
	t.Parallel()
	s, _ := under(t)
	s.most = 0 // the request waits
	client := newWriter(t, preface)
	long := strings.Repeat("long", 10_000)
	for _, f := range []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":path", Value: "/"}, {Name: "x-long", Value: long}} {
		if err := client.encoder.WriteField(f); err != nil {
			t.Fatal(err)
		}
	}
	block := client.encoded.Bytes()
	kind, flags := byte(frameHeaders), byte(flagEnd)
	for i := range block {
		if i == len(block)-1 {
			flags = flagHeaders
		}
		client.writeFrame(kind, flags, 1, block[i:i+1])
		kind, flags = frameContinuation, 0
	}
	client.sendTo(&s.up)
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.streams[1]; st == nil || !st.clientDone || http2Request(st.head).value("x-long") != long {
		t.Error("the request does not arrive as it was")
	}
}
