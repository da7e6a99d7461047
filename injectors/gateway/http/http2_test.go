package http

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// A sink is a side that takes all.
type sink struct {
	net.Conn
	mu  sync.Mutex
	got bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.Write(p)
}

func (s *sink) Read([]byte) (int, error)         { return 0, io.EOF }
func (s *sink) Close() error                     { return nil }
func (s *sink) CloseWrite() error                { return nil }
func (s *sink) SetReadDeadline(time.Time) error  { return nil }
func (s *sink) SetWriteDeadline(time.Time) error { return nil }
func (s *sink) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// passAll passes what two sides send, in pieces of a size, and gives what each got.
func passAll(t *testing.T, fromClient, fromUpstream []byte, size int, faults ...*Fault) (toUpstream, toClient []byte) {
	client, upstream := &sink{}, &sink{}
	ctx, cancel := context.WithCancel(t.Context())
	set := faultset.NewSet[*Rule](1)
	set.Replace(faults)
	s := newSession(&conn{proxy: &Proxy{Faults: set}, ctx: ctx, client: client, upstream: upstream, countCall: func() {}})
	for _, side := range []struct {
		to    *way
		bytes []byte
	}{{&s.up, fromClient}, {&s.down, fromUpstream}} {
		for p := side.bytes; len(p) > 0; {
			n := min(size, len(p))
			if _, err := side.to.Write(p[:n]); err != nil {
				break
			}
			p = p[n:]
			if len(faults) == 0 {
				s.work.Wait() // so that both orders are the same; what waits under a fault may not end
			}
		}
	}
	s.end(io.EOF)
	cancel()
	s.work.Wait()
	if s.held != 0 || len(s.streams)+len(s.waiting)+len(s.up.late)+len(s.down.late)+len(s.sent) > 0 {
		t.Errorf("%d bytes are held, %d streams are open, %d wait, %d have data of ours, %d are left at the dependency",
			s.held, len(s.streams), len(s.waiting), len(s.up.late)+len(s.down.late), len(s.sent))
	}
	return upstream.got.Bytes(), client.got.Bytes()
}

// FuzzHTTP2 passes whatever two sides may send: it makes no difference in what pieces
// that comes.
func FuzzHTTP2(f *testing.F) {
	var client, server way
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	headers := func(w *way, id uint32, flags byte, list ...string) {
		block.Reset()
		for i := 0; i < len(list); i += 2 {
			_ = encoder.WriteField(hpack.HeaderField{Name: list[i], Value: list[i+1]})
		}
		w.writeFrame(frameHeaders, flags|flagHeaders, id, block.Bytes())
	}
	client.out = []byte(preface)
	client.writeFrame(frameSettings, 0, 0, []byte{0, settingWindow, 0, 0, 255, 255})
	headers(&client, 1, 0, ":method", "POST", ":path", "/shop.Inventory/Reserve", "content-type", "application/grpc")
	client.writeFrame(frameData, flagEnd|flagPadded, 1, []byte{2, 'h', 'i', 0, 0})
	client.writeFrame(framePing, 0, 0, make([]byte, 8))
	client.writeFrame(frameWindow, 0, 0, []byte{0, 0, 0, 9})
	server.writeFrame(frameSettings, 0, 0, []byte{0, settingStreams, 0, 0, 0, 1})
	encoder = hpack.NewEncoder(&block)
	headers(&server, 1, 0, ":status", "200")
	server.writeFrame(frameData, 0, 1, []byte("hi"))
	headers(&server, 1, flagEnd, "grpc-status", "0")
	server.writeGoAway(1, codeNone)
	f.Add(client.out, server.out)
	var faults []*Fault
	for kind, attributes := range map[string]string{
		kindLatency: `{"latency":1,"when":"after"}`, kindError: `{"status":503,"body":"no"}`, kindAbort: `{"when":"middle"}`,
		kindGRPC: `{"code":14,"when":"after"}`, kindConfig: `{"blank":{},"limit":100}`,
	} {
		fault, err := Parse(kind, 1, json.RawMessage(attributes))
		if err != nil {
			f.Fatal(err)
		}
		faults = append(faults, fault)
	}
	f.Fuzz(func(t *testing.T, fromClient, fromUpstream []byte) {
		up, down := passAll(t, fromClient, fromUpstream, 1<<20)
		for _, size := range []int{1, 7} {
			if u, d := passAll(t, fromClient, fromUpstream, size); !bytes.Equal(u, up) || !bytes.Equal(d, down) {
				t.Errorf("in pieces of %d: %q and %q, whole %q and %q", size, u, d, up, down)
			}
		}
		for _, fault := range faults { // which leaves nothing behind
			passAll(t, fromClient, fromUpstream, 64, fault)
		}
	})
}
