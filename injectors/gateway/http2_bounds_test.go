package gateway_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/net/http2"
)

// roomy are windows that nothing here fills, for the streams of a side.
func roomy() http2.Setting { return http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30} }

// A flood is frames of one kind that a side sends while the other does not read.
type flood struct {
	deaf  func(s *sides) *side
	frame func(s *sides, i uint32) error
	fault string // an http_error
	ends  bool   // the connection, in place of the flood
}

func floods() map[string]flood {
	client := func(s *sides) *side { return s.client }
	dependency := func(s *sides) *side { return s.dependency }
	ping := func(s *side) error { return s.WritePing(false, [8]byte{}) }
	settings := func(s *side, i uint32) error {
		return s.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: i})
	}
	ask := func(s *sides, i uint32) error {
		s.client.encode(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "shop.test")
		return s.client.WriteHeaders(http2.HeadersFrameParam{StreamID: 3 + 2*i, BlockFragment: s.client.block.Bytes(), EndStream: true, EndHeaders: true})
	}
	return map[string]flood{
		"pings of the client":        {deaf: dependency, frame: func(s *sides, _ uint32) error { return ping(s.client) }},
		"pings of the dependency":    {deaf: client, frame: func(s *sides, _ uint32) error { return ping(s.dependency) }},
		"settings of the client":     {deaf: dependency, frame: func(s *sides, i uint32) error { return settings(s.client, i) }},
		"settings of the dependency": {deaf: client, frame: func(s *sides, i uint32) error { return settings(s.dependency, i) }},
		"data of the client":         {deaf: dependency, frame: func(s *sides, _ uint32) error { return s.client.WriteData(1, false, make([]byte, 1000)) }},
		"data of the dependency":     {deaf: client, frame: func(s *sides, _ uint32) error { return s.dependency.WriteData(1, false, make([]byte, 1000)) }},
		"requests":                   {deaf: dependency, frame: ask},
		"requests that a fault answers": {
			deaf: client, frame: ask, ends: true,
			fault: `{'status':503,'headers':{'X-Large':'` + strings.Repeat("v", 5000) + `'}}`,
		},
	}
}

// What one side sends and the other does not read is not kept: whoever sends has to wait.
// Where the proxy answers by itself there is none who could, and the connection ends.
func TestHTTP2BoundedBuffers(t *testing.T) {
	t.Parallel()
	for name, tt := range floods() {
		t.Run(name, func(t *testing.T) {
			between(t, func(t *testing.T, s *sides) {
				for _, side := range []*side{s.client, s.dependency} {
					side.must(side.WriteWindowUpdate(0, 1<<30))
				}
				s.client.calls(1, "/flood")
				s.dependency.headers(1, false, ":status", "200")
				synctest.Wait()
				if tt.fault != "" {
					s.inject("http_error", tt.fault)
				}
				tt.deaf(s).setDeaf(true)
				const most = 50_000
				sent, done := uint32(0), make(chan struct{})
				go func() {
					defer close(done)
					for sent < most && tt.frame(s, sent) == nil {
						sent++
					}
				}()
				synctest.Wait()
				select {
				case <-done:
					if !tt.ends || sent == most {
						t.Errorf("%d frames are taken without an end", sent)
					}
				default:
					if tt.ends {
						t.Error("the connection stays")
					}
				}
				tt.deaf(s).setDeaf(false)
				s.client.conn.Close()
				s.dependency.conn.Close()
				<-done
				if limit := uint32(10_000); sent > limit {
					t.Errorf("%d frames are taken", sent)
				}
			}, roomy())
		})
	}
}

// What waits under a fault is let go whole, however much it is.
func TestHTTP2HeldIsLetGoWhole(t *testing.T) {
	t.Parallel()
	const size = 3 << 20
	between(t, func(t *testing.T, s *sides) {
		for _, side := range []*side{s.client, s.dependency} {
			side.must(side.WriteWindowUpdate(0, 1<<30))
		}
		s.inject("http_latency", `{'latency':3600000}`)
		s.client.calls(1, "/up")
		s.client.send(1, size, true)
		if got := s.dependency.received(1); got > 0 {
			t.Fatalf("%d bytes do not wait", got)
		}
		s.Set(nil)
		if got := s.dependency.received(1); got != size {
			t.Errorf("the dependency gets %d bytes", got)
		}
		s.dependency.answer(1, "")
		s.inject("http_latency", `{'latency':3600000,'when':'after'}`)
		s.client.calls(3, "/down")
		s.dependency.headers(3, false, ":status", "200")
		s.dependency.send(3, size, true)
		if got := s.client.received(3); got > 0 {
			t.Fatalf("%d bytes do not wait", got)
		}
		s.Set(nil)
		if got := s.client.received(3); got != size {
			t.Errorf("the client gets %d bytes", got)
		}
	}, roomy())
}

// Headers longer than a frame arrive whole on either side, trailers among them.
func TestHTTP2LongHeaders(t *testing.T) {
	t.Parallel()
	between(t, func(_ *testing.T, s *sides) {
		long := strings.Repeat("long", 25_000)
		s.client.headers(1, false, ":method", "POST", ":scheme", "http", ":path", "/", ":authority", "shop.test", "x-long", long)
		s.client.headers(1, true, "x-trailer", long)
		s.dependency.wants("HEADERS 1 path=/ x-long="+short(long), "HEADERS 1 x-trailer="+short(long)+" END")
		s.dependency.headers(1, false, ":status", "200", "x-long", long)
		s.dependency.headers(1, true, "grpc-status", "0", "x-trailer", long)
		s.client.wants("HEADERS 1 status=200 x-long="+short(long), "HEADERS 1 grpc-status=0 x-trailer="+short(long)+" END")
	})
}

// Headers that wait under a fault are bounded for a connection: the requests that would be
// too much are ended, and others go on.
func TestHTTP2HeldHeadersAreBounded(t *testing.T) {
	t.Parallel()
	between(t, func(t *testing.T, s *sides) {
		s.inject("http_latency", `{'latency':3600000,'match':{'path':'/waits'}}`)
		large := []string{":method", "GET", ":scheme", "http", ":path", "/waits", ":authority", "shop.test"}
		value := strings.Repeat("v", 3900) // is sent once, and stands for itself from then on
		for range 250 {
			large = append(large, "x-large", value)
		}
		for i := range uint32(80) {
			s.client.headers(1+2*i, true, large...)
		}
		synctest.Wait()
		s.client.mu.Lock()
		ended := len(s.client.got)
		s.client.mu.Unlock()
		if ended < 10 || ended > 20 {
			t.Errorf("%d of 80 requests are ended", ended)
		}
		s.client.ask(161, "/")
		s.dependency.wants("HEADERS 1 path=/ END")
		s.client.must(s.client.WriteRSTStream(1, http2.ErrCodeCancel))
		s.Set(nil)
		synctest.Wait()
		s.dependency.mu.Lock()
		defer s.dependency.mu.Unlock()
		if got := len(s.dependency.got); got != 79-ended {
			t.Errorf("%d requests arrive, of %d that waited", got, 79-ended)
		}
	})
}
