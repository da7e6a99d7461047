package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A side is a client or a dependency that writes frame by frame, and notes those that
// come as short texts.
type side struct {
	*testing.T
	*http2.Framer
	conn    net.Conn
	block   bytes.Buffer
	encoder *hpack.Encoder

	mu      sync.Mutex
	hears   sync.Cond // broadcast when it is not deaf any more
	deaf    bool
	got     []string
	data    map[uint32]int // bytes that came, by stream
	windows map[uint32]int // what it was given, by stream
	ended   bool
}

func newSide(t *testing.T, conn net.Conn) *side {
	s := &side{T: t, conn: conn, Framer: http2.NewFramer(conn, conn), data: map[uint32]int{}, windows: map[uint32]int{}}
	s.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	s.MaxHeaderListSize = 1 << 20
	s.encoder = hpack.NewEncoder(&s.block)
	s.hears.L = &s.mu
	return s
}

// read notes what comes until the connection ends.
func (s *side) read() {
	for {
		f, err := s.ReadFrame()
		s.mu.Lock()
		if err != nil {
			s.ended = true
			s.mu.Unlock()
			return
		}
		if d, ok := f.(*http2.DataFrame); ok {
			s.data[d.StreamID] += len(d.Data())
		}
		if u, ok := f.(*http2.WindowUpdateFrame); ok {
			s.windows[u.StreamID] += int(u.Increment)
		}
		s.got = append(s.got, brief(f))
		for s.deaf {
			s.hears.Wait()
		}
		s.mu.Unlock()
	}
}

// setDeaf makes a side read no more, or again.
func (s *side) setDeaf(deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = deaf
	s.hears.Broadcast()
}

// received is how much data has come on a stream.
func (s *side) received(id uint32) int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data[id]
}

// brief says what a frame is about.
func brief(f http2.Frame) string {
	var text strings.Builder
	fmt.Fprint(&text, f.Header().Type, " ", f.Header().StreamID)
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		for _, h := range f.Fields {
			if h.Name == ":path" || h.Name == ":status" || !strings.HasPrefix(h.Name, ":") {
				text.WriteString(" " + strings.TrimPrefix(h.Name, ":") + "=" + short(h.Value))
			}
		}
		if f.StreamEnded() {
			text.WriteString(" END")
		}
	case *http2.DataFrame:
		text.WriteString(" " + string(f.Data()[:min(len(f.Data()), 20)]))
		if f.StreamEnded() {
			text.WriteString(" END")
		}
	case *http2.RSTStreamFrame:
		text.WriteString(" " + f.ErrCode.String())
	case *http2.GoAwayFrame:
		fmt.Fprint(&text, " ", f.LastStreamID, " ", f.ErrCode)
	case *http2.WindowUpdateFrame:
		fmt.Fprint(&text, " ", f.Increment)
	}
	return text.String()
}

// short is a value, or what tells a long one from others.
func short(value string) string {
	if len(value) < 100 {
		return value
	}
	return fmt.Sprint(len(value), "/", crc32.ChecksumIEEE([]byte(value)))
}

// wants wants these frames to have come since the last time, and no others.
func (s *side) wants(want ...string) {
	s.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.got, want) {
		s.Errorf("got\n%s\nwant\n%s", strings.Join(s.got, "\n"), strings.Join(want, "\n"))
	}
	s.got = nil
}

// forget forgets what has come.
func (s *side) forget() {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = nil
}

// hasEnded reports whether the connection is over.
func (s *side) hasEnded() bool {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// encode packs headers into the block.
func (s *side) encode(list ...string) {
	s.block.Reset()
	for i := 0; i < len(list); i += 2 {
		s.encoder.WriteField(hpack.HeaderField{Name: list[i], Value: list[i+1]})
	}
}

// headers sends headers once all that was sent before has been passed on: an answer comes
// after its request.
func (s *side) headers(id uint32, end bool, list ...string) {
	synctest.Wait()
	s.encode(list...)
	const most = 16 << 10
	p := s.block.Bytes()
	n := min(len(p), most)
	s.must(s.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p[:n], EndStream: end, EndHeaders: n == len(p)}))
	for p = p[n:]; len(p) > 0; p = p[n:] {
		n = min(len(p), most)
		s.must(s.WriteContinuation(id, n == len(p), p[:n]))
	}
}

func (s *side) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *side) ask(id uint32, path string, more ...string) {
	s.headers(id, true, append([]string{":method", "GET", ":scheme", "http", ":path", path, ":authority", "shop.test"}, more...)...)
}

// calls begins a gRPC call.
func (s *side) calls(id uint32, path string) {
	s.headers(id, false, ":method", "POST", ":scheme", "http", ":path", path, ":authority", "shop.test", "content-type", "application/grpc", "te", "trailers")
}

func (s *side) answer(id uint32, body string) {
	s.headers(id, false, ":status", "200")
	s.must(s.WriteData(id, true, []byte(body)))
}

// send sends as much data on a stream as is said.
func (s *side) send(id uint32, size int, end bool) {
	for size > 0 {
		n := min(size, 16<<10)
		size -= n
		s.must(s.WriteData(id, end && size == 0, make([]byte, n)))
	}
}

// A pipedUpstream is the dependency's side of a pipe. It ends as it is told to.
type pipedUpstream struct {
	net.Conn
	breaks *bool
}

func (u pipedUpstream) CloseWrite() error { return u.Close() }

func (u pipedUpstream) Read(p []byte) (int, error) {
	n, err := u.Conn.Read(p)
	if err != nil && *u.breaks {
		err = syscall.ECONNRESET
	}
	return n, err
}

// sides are a client, a dependency, and the gateway between them.
type sides struct {
	*gateway.Gateway
	client, dependency *side
	breaks             bool // the dependency's end is a reset
}

// between lets a script play both sides, in fake time. Each has said its settings.
func between(t *testing.T, script func(t *testing.T, s *sides), settings ...http2.Setting) {
	synctest.Test(t, func(t *testing.T) {
		g, err := gateway.New(gateway.Options{Scheme: "grpc", Address: "shop.test:80"})
		if err != nil {
			t.Fatal(err)
		}
		client, accepted := net.Pipe()
		dialled, dependency := net.Pipe()
		s := &sides{Gateway: g, client: newSide(t, client), dependency: newSide(t, dependency)}
		ctx, cancel := context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() {
			g.Serve(ctx, accepted, func(context.Context) (gateway.Upstream, error) { return pipedUpstream{dialled, &s.breaks}, nil })
		})
		begun := make(chan struct{})
		go func() {
			io.ReadFull(dependency, make([]byte, len(http2.ClientPreface)))
			close(begun)
		}()
		io.WriteString(client, http2.ClientPreface)
		<-begun
		work.Go(s.client.read)
		work.Go(s.dependency.read)
		s.client.must(s.client.WriteSettings(settings...))
		s.dependency.must(s.dependency.WriteSettings(settings...))
		s.client.wants("SETTINGS 0")
		s.dependency.wants("SETTINGS 0")
		script(t, s)
		cancel()
		s.client.setDeaf(false)
		s.dependency.setDeaf(false)
		client.Close()
		dependency.Close()
		work.Wait()
	})
}

// inject puts one fault into force.
func (s *sides) inject(kind, attributes string) *gateway.Fault {
	f := fault(s.client, kind, 1, attributes)
	s.Set([]*gateway.Fault{f})
	return f
}
