package gateway_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A peer2 is a client of HTTP/2 that writes frame by frame.
type peer2 struct {
	*testing.T
	net.Conn
	*http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder
}

func (r *rig) peer2(settings ...http2.Setting) *peer2 {
	r.Helper()
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	p := &peer2{T: r.T, Conn: c, Framer: http2.NewFramer(c, c)}
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.AllowIllegalWrites = true
	p.encoder = hpack.NewEncoder(&p.block)
	io.WriteString(c, http2.ClientPreface)
	p.WriteSettings(settings...)
	return p
}

func (p *peer2) request(path string) []byte {
	p.block.Reset()
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":path", Value: path}, {Name: ":authority", Value: "shop.test"},
	} {
		p.encoder.WriteField(f)
	}
	return p.block.Bytes()
}

func (p *peer2) ask(id uint32, path string) {
	p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.request(path), EndStream: true, EndHeaders: true})
}

// next is the next frame that is about a stream, or ends the connection.
func (p *peer2) next() http2.Frame {
	p.Helper()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			p.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				p.WriteSettingsAck()
			}
		case *http2.WindowUpdateFrame, *http2.PingFrame:
		default:
			return f
		}
	}
}

func (p *peer2) wantGoAway(want http2.ErrCode) {
	p.Helper()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			p.Fatalf("got %v, want GOAWAY", err)
		}
		if f, ok := f.(*http2.GoAwayFrame); ok {
			if f.ErrCode != want {
				p.Errorf("got %v, want %v", f.ErrCode, want)
			}
			break
		}
	}
	if _, err := io.Copy(io.Discard, p.Conn); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		p.Errorf("the connection ends with %v", err)
	}
}

// A client that breaks the rules of HTTP/2 is told so, and its connection ends, as a
// server would do it.
func TestHTTP2Malformed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		send func(*peer2)
		want http2.ErrCode
	}{
		"a frame that is too long": {func(p *peer2) { p.Write([]byte{1, 0, 0, 0, 0, 0, 0, 0, 1}) }, http2.ErrCodeFrameSize},
		"data of no stream":        {func(p *peer2) { p.WriteData(0, true, []byte("x")) }, http2.ErrCodeProtocol},
		"data of a stream to come": {func(p *peer2) { p.WriteData(5, true, []byte("x")) }, http2.ErrCodeProtocol},
		"a server's stream":        {func(p *peer2) { p.ask(2, "/") }, http2.ErrCodeProtocol},
		"headers that never end": {func(p *peer2) {
			p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.request("/")})
			for range 200 {
				if p.WriteContinuation(1, false, bytes.Repeat([]byte{0x82}, 16000)) != nil {
					return
				}
			}
		}, http2.ErrCodeEnhanceYourCalm},
		"headers that unpack to far more": {func(p *peer2) {
			p.block.Reset()
			p.encoder.WriteField(hpack.HeaderField{Name: "x-large", Value: strings.Repeat("v", 3000)})
			p.block.Write(bytes.Repeat([]byte{0x80 | 62}, 1000))
			p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.block.Bytes(), EndHeaders: true, EndStream: true})
		}, http2.ErrCodeEnhanceYourCalm},
		"headers that cannot be unpacked": {func(p *peer2) {
			p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff}, EndHeaders: true, EndStream: true})
		}, http2.ErrCodeCompression},
		"something between headers": {func(p *peer2) {
			p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.request("/")})
			p.WritePing(false, [8]byte{})
		}, http2.ErrCodeProtocol},
		"a window that is too large": {func(p *peer2) {
			p.WriteWindowUpdate(0, 1<<31-1)
			p.WriteWindowUpdate(0, 1<<31-1)
		}, http2.ErrCodeFlowControl},
		"settings without number": {func(p *peer2) { p.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 6*2730)) }, http2.ErrCodeEnhanceYourCalm},
		"settings that are cut":   {func(p *peer2) { p.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 5)) }, http2.ErrCodeFrameSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := behindHTTP2(t, echo)
			p := (&rig{T: t, address: r.address}).peer2()
			tt.send(p)
			p.wantGoAway(tt.want)
		})
	}
}

// A request that waits does not hold others up, also those that come after it.
func TestHTTP2LatencyHoldsNothingElseUp(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, echo)
	for _, when := range []string{"before", "after"} {
		f := r.inject("http_latency", `{'latency':3600000,'when':'`+when+`','match':{'path':'/slow'}}`)
		p := r.peer2()
		p.ask(1, "/slow")
		p.ask(3, "/fast")
		h, ok := p.next().(*http2.MetaHeadersFrame)
		if !ok || h.StreamID != 3 || h.PseudoValue("status") != "200" {
			t.Fatalf("%s: got %v, want the answer to the second request", when, h)
		}
		wait(t, func() bool { return f.Counts().Affected == 1 })
		r.Set(nil)
		for {
			if h, ok := p.next().(*http2.MetaHeadersFrame); ok && h.StreamID == 1 {
				break
			}
		}
		p.Close()
	}
}

// An answer of the proxy's own waits for the client's windows, and does not make the
// dependency send more than the client takes.
func TestHTTP2OwnAnswersKeepToWindows(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("d"), 200_000)) })
	body := strings.Repeat("o", 1000)
	r.inject("http_error", `{'status':503,'body':'`+body+`','match':{'path':'/own'}}`)
	p := r.peer2(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	p.ask(1, "/own")
	if h, ok := p.next().(*http2.MetaHeadersFrame); !ok || h.PseudoValue("status") != "503" {
		t.Fatalf("got %v", h)
	}
	window, got := 65535, map[uint32]int{}
	p.ask(3, "/theirs")
	p.WriteWindowUpdate(3, 1<<20)
	p.WriteWindowUpdate(1, 10)
	for got[1] < 10 || window > 0 {
		if d, ok := p.next().(*http2.DataFrame); ok {
			n := len(d.Data())
			window -= n
			got[d.StreamID] += n
			if window < 0 || got[1] > 10 {
				t.Fatalf("%d bytes more than the window: %v", -window, got)
			}
		}
		if got[1] == 10 && got[3] > 40_000 {
			break
		}
	}
	p.WriteWindowUpdate(1, 5000)
	p.WriteWindowUpdate(0, 1<<20)
	for ended := 0; ended < 2; {
		if d, ok := p.next().(*http2.DataFrame); ok {
			got[d.StreamID] += len(d.Data())
			if d.StreamEnded() {
				ended++
			}
		}
	}
	if got[1] != 1000 || got[3] != 200_000 {
		t.Errorf("got %v", got)
	}
}

// Whoever asks and takes back without end costs no more than they take, and others are
// served.
func TestHTTP2RapidReset(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, echo)
	r.inject("http_latency", `{'latency':3600000,'match':{'path':'/slow'}}`)
	p := r.peer2()
	for id := uint32(1); id < 20_000; id += 2 {
		p.ask(id, "/slow")
		p.WriteRSTStream(id, http2.ErrCodeCancel)
	}
	p.ask(20_001, "/")
	if h, ok := p.next().(*http2.MetaHeadersFrame); !ok || h.StreamID != 20_001 {
		t.Errorf("got %v", h)
	}
}
