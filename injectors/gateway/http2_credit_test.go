package gateway_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// take reads until a stream has ended, and returns how much data came on it.
func (p *peer2) take(id uint32) (n int) {
	p.Helper()
	for {
		switch f := p.next().(type) {
		case *http2.DataFrame:
			if f.StreamID != id {
				break
			}
			if n += len(f.Data()); f.StreamEnded() {
				return n
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == id {
				p.Fatalf("stream %d ends with %v", id, f.ErrCode)
			}
		}
	}
}

// sized answers with as many bytes as the path is told to: /small, /large.
func sized(w http.ResponseWriter, r *http.Request) {
	n := 1000
	if strings.HasPrefix(r.URL.Path, "/large") {
		n = 60_000
	}
	w.Write(bytes.Repeat([]byte("d"), n))
}

// What waits of calls that are taken back does not stay in the window of the connection:
// what follows would wait for ever.
func TestHTTP2CancelledCallsLeaveTheWindow(t *testing.T) {
	t.Parallel()
	t.Run("behind latency", func(t *testing.T) {
		r, _ := behindHTTP2(t, sized)
		f := r.inject("http_latency", `{'latency':3600000,'when':'after','match':{'path':'/small'}}`)
		p := r.peer2()
		id := uint32(1)
		for range 10 {
			first := id
			for ; id < first+2*40; id += 2 {
				p.ask(id, "/small")
			}
			wait(t, func() bool { return f.Counts().Affected == int64(id/2) })
			for ; first < id; first += 2 {
				p.WriteRSTStream(first, http2.ErrCodeCancel)
			}
		}
		p.ask(id, "/large")
		if n := p.take(id); n != 60_000 {
			t.Errorf("got %d bytes", n)
		}
	})
	t.Run("after the dependency has ended them", func(t *testing.T) {
		between(t, func(_ *testing.T, s *sides) {
			s.inject("http_latency", `{'latency':3600000,'when':'after'}`)
			s.client.calls(1, "/")
			s.dependency.headers(1, false, ":status", "200")
			s.dependency.must(s.dependency.WriteRSTStream(1, http2.ErrCodeNo))
			s.client.must(s.client.WriteData(1, false, make([]byte, 1000)))
			s.client.wants("WINDOW_UPDATE 0 1000")
			s.client.must(s.client.WriteRSTStream(1, http2.ErrCodeCancel))
			s.dependency.wants("HEADERS 1 path=/ content-type=application/grpc te=trailers")
		})
	})
	t.Run("for a window", func(t *testing.T) {
		r, _ := behindHTTP2(t, sized)
		r.inject("http_error", `{'status':503,'body':'`+strings.Repeat("o", 65_000)+`','match':{'path':'/own'}}`)
		p := r.peer2()
		id := uint32(1)
		for range 100 {
			p.ask(id, "/own")
			if n := p.take(id); n != 65_000 {
				t.Fatalf("got %d bytes", n)
			}
			p.ask(id+2, "/small") // 535 bytes are left of the window
			for {
				if h, ok := p.next().(*http2.MetaHeadersFrame); ok && h.StreamID == id+2 {
					break
				}
			}
			p.WriteRSTStream(id+2, http2.ErrCodeCancel)
			p.WriteWindowUpdate(0, 65_000)
			id += 4
		}
		p.ask(id, "/large")
		if n := p.take(id); n != 60_000 {
			t.Errorf("got %d bytes", n)
		}
	})
	t.Run("documents over the limit", func(t *testing.T) {
		r, _ := behindHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			http.NewResponseController(w).Flush()
			sized(w, r)
		})
		r.inject("http_config", `{'limit':100,'blank':{}}`)
		p := r.peer2(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 3000})
		id := uint32(1)
		for range 200 {
			p.ask(id, "/large")
			for got := 0; got < 3000; {
				if d, ok := p.next().(*http2.DataFrame); ok && d.StreamID == id {
					got += len(d.Data())
				}
			}
			p.WriteRSTStream(id, http2.ErrCodeCancel)
			p.WriteWindowUpdate(0, 3000)
			id += 2
		}
		p.ask(id, "/large")
		p.WriteWindowUpdate(id, 60_000)
		if n := p.take(id); n != 60_000 {
			t.Errorf("got %d bytes", n)
		}
	})
}

// Neither does what waits of requests that are taken back.
func TestHTTP2CancelledRequestsLeaveTheWindow(t *testing.T) {
	t.Parallel()
	r, _ := behindHTTP2(t, echo)
	r.inject("http_latency", `{'latency':3600000,'match':{'path':'/slow'}}`)
	p := r.peer2()
	const calls = 300
	for id := uint32(1); id < 2*calls; id += 2 {
		p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.request("/slow"), EndHeaders: true})
		p.WriteData(id, true, make([]byte, 1000))
		p.WriteRSTStream(id, http2.ErrCodeCancel)
	}
	credit := 0
	for credit < calls*1000 {
		frame, err := p.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := frame.(*http2.WindowUpdateFrame); ok && w.StreamID == 0 {
			credit += int(w.Increment)
		}
	}
}
