package gateway_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A fault that acts on an answer need not wait for its end: that of a stream, or of a
// tunnel, may never come.
func TestHTTP2FaultsOnEndlessAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind, attributes string
		want             []string
	}{
		"error": {"http_error", `{'status':503,'when':'after'}`, []string{"HEADERS 1 status=503 content-length=0 END", "RST_STREAM 1 NO_ERROR"}},
		"abort": {"http_abort", `{'when':'after'}`, []string{"RST_STREAM 1 INTERNAL_ERROR"}},
	} {
		t.Run(name, func(t *testing.T) {
			between(t, func(_ *testing.T, s *sides) {
				f := s.inject(tt.kind, tt.attributes)
				s.client.calls(1, "/shop.Inventory/Watch")
				s.dependency.headers(1, false, ":status", "200")
				time.Sleep(time.Second)
				s.client.wants(tt.want...)
				s.dependency.wants("HEADERS 1 path=/shop.Inventory/Watch content-type=application/grpc te=trailers", "RST_STREAM 1 CANCEL")
				wantCounts(s.client, f, 1, 1, 1)
			})
		})
	}
}

// Requests that wait until the dependency takes one more do not take the window of those
// that it has taken: it would never take one more.
func TestHTTP2RequestsInLineLeaveTheWindow(t *testing.T) {
	t.Parallel()
	one := http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1}
	const size = 65_535
	between(t, func(t *testing.T, s *sides) {
		s.client.calls(1, "/open")
		s.client.calls(3, "/in-line")
		s.client.send(3, size, true)
		if got := windows(s.client, 0); got != size {
			t.Errorf("the client may send %d bytes more on the connection", got)
		}
		s.client.send(1, size, true)
		if got := s.dependency.received(1); got != size {
			t.Fatalf("the dependency gets %d bytes of the request that it has taken", got)
		}
		s.dependency.answer(1, "")
		s.dependency.must(s.dependency.WriteWindowUpdate(0, size-1))
		if got := s.dependency.received(3); got != size-1 {
			t.Errorf("the dependency gets %d bytes of the next one, in a window of %d", got, size-1)
		}
		s.dependency.must(s.dependency.WriteWindowUpdate(0, size+1))
		if got := s.dependency.received(3); got != size {
			t.Errorf("the dependency gets %d bytes of the next one", got)
		}
		if got := windows(s.client, 0); got != size+1 { // one is still owed by the dependency
			t.Errorf("the client may send %d bytes on the connection", got)
		}
	}, one)
}

// windows adds up what a side was given on a stream since the last time, or on the
// connection.
func windows(s *side, id uint32) (n int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	n = s.windows[id]
	s.windows[id] = 0
	return n
}

// What waits under a fault holds up no other stream of the connection, on the way there or
// back: it does not take its window.
func TestHTTP2WhatWaitsLeavesTheWindow(t *testing.T) {
	t.Parallel()
	const size = 65_535
	t.Run("requests", func(t *testing.T) {
		between(t, func(t *testing.T, s *sides) {
			s.inject("http_latency", `{'latency':3600000,'match':{'path':'/slow'}}`)
			s.client.calls(1, "/slow")
			s.client.send(1, size, true)
			s.client.calls(3, "/fast")
			if got := windows(s.client, 0); got != size {
				t.Errorf("the client may send %d bytes more on the connection", got)
			}
			s.client.send(3, size, false)
			if got := s.dependency.received(1); got != size {
				t.Errorf("the dependency gets %d bytes", got)
			}
			s.Set(nil)
			if got := s.dependency.received(3); got != 0 {
				t.Errorf("the dependency gets %d bytes beyond its window", got)
			}
			s.dependency.must(s.dependency.WriteWindowUpdate(0, size))
			if got := s.dependency.received(3); got != size {
				t.Errorf("the dependency gets %d bytes of what waited", got)
			}
		})
	})
	t.Run("answers", func(t *testing.T) {
		between(t, func(t *testing.T, s *sides) {
			s.inject("http_latency", `{'latency':3600000,'when':'after','match':{'path':'/slow'}}`)
			s.client.ask(1, "/slow")
			s.client.ask(3, "/fast")
			s.dependency.headers(1, false, ":status", "200")
			s.dependency.send(1, size, true)
			if got := windows(s.dependency, 0); got != size {
				t.Errorf("the dependency may send %d bytes more on the connection", got)
			}
			s.dependency.headers(3, false, ":status", "200")
			s.dependency.send(3, size, true)
			if got := s.client.received(3); got != size {
				t.Errorf("the client gets %d bytes", got)
			}
			s.Set(nil)
			if got := s.client.received(1); got != 0 {
				t.Errorf("the client gets %d bytes beyond its window", got)
			}
			s.client.must(s.client.WriteWindowUpdate(0, size))
			if got := s.client.received(1); got != size {
				t.Errorf("the client gets %d bytes of what waited", got)
			}
		})
	})
}

// Data that the client's window has no room for, because of an answer of the proxy's, holds
// up nothing but data: the dependency is read on.
func TestHTTP2OwnAnswersHoldUpNothingElse(t *testing.T) {
	t.Parallel()
	between(t, func(_ *testing.T, s *sides) {
		s.inject("http_error", `{'status':503,'body':'`+strings.Repeat("o", 65_530)+`','match':{'path':'/own'}}`)
		s.client.ask(1, "/own")
		s.client.ask(3, "/")
		synctest.Wait()
		s.client.forget()
		s.dependency.answer(1, "0123456789")
		s.dependency.must(s.dependency.WritePing(true, [8]byte{}))
		s.client.wants("HEADERS 3 status=200", "DATA 3 01234", "PING 0")
		s.client.must(s.client.WriteWindowUpdate(0, 5))
		s.client.wants("DATA 3 56789 END")
	})
}

// What waited goes into the windows of the streams as they are by then.
func TestHTTP2WhatWaitedKeepsToWindows(t *testing.T) {
	t.Parallel()
	const size, less = 30_000, 1000
	smaller := http2.Setting{ID: http2.SettingInitialWindowSize, Val: less}
	between(t, func(t *testing.T, s *sides) {
		s.inject("http_latency", `{'latency':3600000,'when':'after'}`)
		s.client.ask(1, "/down")
		s.dependency.headers(1, false, ":status", "200")
		s.dependency.send(1, size, true)
		s.client.must(s.client.WriteSettings(smaller))
		s.dependency.must(s.dependency.WriteSettingsAck())
		synctest.Wait()
		s.Set(nil)
		if got := s.client.received(1); got != less {
			t.Errorf("the client gets %d bytes", got)
		}
		s.client.must(s.client.WriteWindowUpdate(1, size))
		if got := s.client.received(1); got != size {
			t.Errorf("the client gets %d bytes", got)
		}
		s.inject("http_latency", `{'latency':3600000}`)
		s.client.calls(3, "/up")
		s.client.send(3, size, true)
		synctest.Wait()
		s.dependency.must(s.dependency.WriteSettings(smaller))
		s.client.must(s.client.WriteSettingsAck())
		synctest.Wait()
		s.Set(nil)
		if got := s.dependency.received(3); got != less {
			t.Errorf("the dependency gets %d bytes", got)
		}
		s.dependency.must(s.dependency.WriteSettings(roomy()))
		if got := s.dependency.received(3); got != size {
			t.Errorf("the dependency gets %d bytes", got)
		}
	})
}

// The end of an answer waits behind its data, whatever kind of end it is; to requests that
// the dependency has ended it sends nothing more.
func TestHTTP2EndsWaitBehindData(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *sides) string{
		"trailers": func(s *sides) string {
			s.dependency.headers(1, true, "grpc-status", "0")
			return "HEADERS 1 grpc-status=0 END"
		},
		"reset": func(s *sides) string {
			s.dependency.must(s.dependency.WriteRSTStream(1, http2.ErrCodeInternal))
			return "RST_STREAM 1 INTERNAL_ERROR"
		},
	} {
		t.Run(name, func(t *testing.T) {
			between(t, func(_ *testing.T, s *sides) {
				s.inject("http_latency", `{'latency':3600000,'when':'after'}`)
				s.client.calls(1, "/")
				s.client.must(s.client.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 5}))
				synctest.Wait()
				s.dependency.headers(1, false, ":status", "200")
				s.dependency.must(s.dependency.WriteData(1, false, []byte("0123456789")))
				want := end(s)
				synctest.Wait()
				s.Set(nil)
				s.client.wants("HEADERS 1 status=200", "DATA 1 01234")
				s.client.must(s.client.WriteWindowUpdate(1, 5))
				s.client.wants("DATA 1 56789", want)
			})
		})
	}
	t.Run("of a request that the dependency has ended", func(t *testing.T) {
		between(t, func(_ *testing.T, s *sides) {
			s.inject("http_latency", `{'latency':3600000,'when':'after'}`)
			s.client.calls(1, "/")
			s.dependency.answer(1, "x")
			s.dependency.must(s.dependency.WriteRSTStream(1, http2.ErrCodeNo))
			s.client.headers(1, true, "x-trailer", "1")
			s.dependency.wants("HEADERS 1 path=/ content-type=application/grpc te=trailers", "WINDOW_UPDATE 0 1")
			s.Set(nil)
			s.client.wants("HEADERS 1 status=200", "DATA 1 x END")
		})
	})
}

// What opens a tunnel, or calls gRPC, asks for no document: nothing of its answer waits, and
// nothing is taken out of its request.
func TestHTTP2TunnelsAreNoDocuments(t *testing.T) {
	t.Parallel()
	for name, request := range map[string][]string{
		"CONNECT":   {":method", "CONNECT", ":authority", "shop.test:80"},
		"WebSocket": {":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path", "/ws", ":authority", "shop.test"},
		"gRPC":      {":method", "POST", ":scheme", "http", ":path", "/shop.Inventory/Watch", ":authority", "shop.test", "content-type", "application/grpc"},
	} {
		t.Run(name, func(t *testing.T) {
			between(t, func(t *testing.T, s *sides) {
				f := s.inject("http_config", `{'blank':{}}`)
				s.client.headers(1, false, append(request, "accept-encoding", "br, x-own")...)
				s.dependency.headers(1, false, ":status", "200")
				s.dependency.must(s.dependency.WriteData(1, false, []byte("{}")))
				s.client.wants("HEADERS 1 status=200", "DATA 1 {}")
				s.dependency.mu.Lock()
				if got := strings.Join(s.dependency.got, ""); !strings.Contains(got, "accept-encoding=br, x-own") {
					t.Errorf("the dependency gets %s", got)
				}
				s.dependency.mu.Unlock()
				s.client.must(s.client.WriteData(1, true, []byte("more")))
				s.dependency.headers(1, true, "grpc-status", "0")
				s.client.wants("HEADERS 1 grpc-status=0 END")
				wantCounts(t, f, 1, 1, 0)
			})
		})
	}
}

// A fault that has been removed harms no answer any more, also none that had begun before.
func TestHTTP2RemovedFaultsActNoMore(t *testing.T) {
	t.Parallel()
	ok := func(s *sides, length string) {
		s.client.calls(1, "/a")
		s.dependency.headers(1, false, ":status", "200", "content-length", length)
		s.dependency.must(s.dependency.WriteData(1, false, []byte("0123")))
		synctest.Wait()
		s.client.forget()
		s.Set(nil)
	}
	t.Run("grpc_error", func(t *testing.T) {
		between(t, func(t *testing.T, s *sides) {
			f := s.inject("grpc_error", `{'code':'UNAVAILABLE','when':'after'}`)
			ok(s, "4")
			s.dependency.headers(1, true, "grpc-status", "0")
			s.client.wants("HEADERS 1 grpc-status=0 END")
			wantCounts(t, f, 1, 1, 0)
		})
	})
	t.Run("http_abort", func(t *testing.T) {
		between(t, func(t *testing.T, s *sides) {
			f := s.inject("http_abort", `{'when':'middle'}`)
			ok(s, "10")
			s.dependency.must(s.dependency.WriteData(1, true, []byte("456789")))
			s.client.wants("DATA 1 456789 END")
			wantCounts(t, f, 1, 1, 0)
		})
	})
	t.Run("http_config", func(t *testing.T) {
		between(t, func(t *testing.T, s *sides) {
			f := s.inject("http_config", `{'blank':{},'first':1}`)
			s.client.ask(1, "/a")
			s.dependency.headers(1, false, ":status", "200")
			s.dependency.must(s.dependency.WriteData(1, false, []byte(`{"price":1}`)))
			s.client.wants()
			s.Set(nil)
			s.client.wants("HEADERS 1 status=200", `DATA 1 {"price":1}`)
			s.Set([]*gateway.Fault{f})
			s.client.ask(3, "/b") // is the first now
			s.dependency.headers(3, false, ":status", "200")
			s.dependency.must(s.dependency.WriteData(3, true, []byte(`{"price":1}`)))
			s.dependency.must(s.dependency.WriteData(1, true, []byte(`{"price":1}`)))
			synctest.Wait()
			wantCounts(t, f, 2, 2, 1)
		})
	})
}

// A fault that was met does something, whatever way the answer ends; one that does nothing
// is not counted.
func TestHTTP2FaultsActAtAnyEnd(t *testing.T) {
	t.Parallel()
	const abort, status = "http_abort", "grpc_error"
	for name, tt := range map[string]struct {
		kind   string
		answer func(d *side)
		want   []string
	}{
		"no body to cut": {abort, func(d *side) {
			d.headers(1, false, ":status", "200")
			d.headers(1, true, "grpc-status", "5")
		}, []string{"HEADERS 1 status=200", "RST_STREAM 1 INTERNAL_ERROR"}},
		"a balancer's answer": {status, func(d *side) {
			d.headers(1, true, ":status", "503")
		}, []string{"HEADERS 1 status=200 content-type=application/grpc grpc-status=14 END", "RST_STREAM 1 NO_ERROR"}},
		"a balancer's answer with a body": {status, func(d *side) {
			d.headers(1, false, ":status", "503")
			d.must(d.WriteData(1, true, []byte("no")))
		}, []string{"HEADERS 1 status=200 content-type=application/grpc grpc-status=14 END", "RST_STREAM 1 NO_ERROR"}},
		"data alone": {status, func(d *side) {
			d.answer(1, "x")
		}, []string{"HEADERS 1 status=200", "DATA 1 x", "HEADERS 1 grpc-status=14 END"}},
		"a reset": {status, func(d *side) {
			d.headers(1, false, ":status", "200")
			d.must(d.WriteRSTStream(1, http2.ErrCodeInternal))
		}, []string{"HEADERS 1 status=200", "HEADERS 1 grpc-status=14 END", "RST_STREAM 1 NO_ERROR"}},
	} {
		t.Run(name, func(t *testing.T) {
			between(t, func(t *testing.T, s *sides) {
				attributes := `{'when':'middle'}`
				if tt.kind == status {
					attributes = `{'code':14,'when':'after'}`
				}
				f := s.inject(tt.kind, attributes)
				s.client.calls(1, "/a")
				tt.answer(s.dependency)
				s.client.wants(tt.want...)
				wantCounts(t, f, 1, 1, 1)
			})
		})
	}
}

// How many requests may be under way at once is the dependency's to say.
func TestHTTP2ManyStreams(t *testing.T) {
	t.Parallel()
	const many = 3000
	between(t, func(t *testing.T, s *sides) {
		for i := range uint32(many) {
			s.client.encode(":method", "GET", ":scheme", "http", ":path", "/watch", ":authority", "shop.test")
			s.client.must(s.client.WriteHeaders(http2.HeadersFrameParam{StreamID: 1 + 2*i, BlockFragment: s.client.block.Bytes(), EndStream: true, EndHeaders: true}))
		}
		synctest.Wait()
		s.client.wants()
		s.dependency.mu.Lock()
		defer s.dependency.mu.Unlock()
		if got := len(s.dependency.got); got != many {
			t.Errorf("the dependency gets %d of %d requests", got, many)
		}
	})
}

// A client may take no data before it has seen the headers of an answer. A document is read
// all the same, and goes as the client takes it.
func TestHTTP2DocumentsOfClientsThatTakeNothingYet(t *testing.T) {
	t.Parallel()
	none := http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}
	between(t, func(t *testing.T, s *sides) {
		f := s.inject("http_config", `{'stale':{}}`) // of which none has been seen
		s.client.ask(1, "/")
		s.dependency.headers(1, false, ":status", "200")
		if got := windows(s.dependency, 1); got < 8 {
			t.Fatalf("the dependency may send %d bytes", got)
		}
		s.dependency.must(s.dependency.WriteData(1, true, []byte("a: b\nc: d")))
		s.client.wants("HEADERS 1 status=200")
		s.client.must(s.client.WriteWindowUpdate(1, 4))
		s.client.wants("DATA 1 a: b")
		s.client.must(s.client.WriteWindowUpdate(1, 5))
		s.client.wants("DATA 1 \nc: d END")
		wantCounts(t, f, 1, 1, 0)
	}, none)
}

// An answer may end ahead of its request, which goes on, whether faults look at the answer
// or not.
func TestHTTP2AnswersAheadOfTheirRequests(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{`{'blank':{}}`, `{'blank':{},'limit':3}`} {
		between(t, func(_ *testing.T, s *sides) {
			s.inject("http_config", fault)
			s.client.headers(1, false, ":method", "POST", ":scheme", "http", ":path", "/", ":authority", "shop.test")
			s.dependency.answer(1, `{"a":1}`)
			synctest.Wait()
			s.client.forget()
			s.dependency.forget()
			s.client.must(s.client.WriteData(1, true, []byte("the rest")))
			s.dependency.wants("DATA 1 the rest END")
			s.client.wants()
		})
	}
}

// A connection that ends because of what one side sent costs no request that the dependency
// has not seen: it may be sent again.
func TestHTTP2ErrorsRefuseWhatWaits(t *testing.T) {
	t.Parallel()
	between(t, func(t *testing.T, s *sides) {
		s.inject("http_latency", `{'latency':3600000,'match':{'path':'/waits'}}`)
		s.client.ask(1, "/waits")
		s.client.ask(3, "/seen")
		synctest.Wait()
		s.dependency.must(s.dependency.WriteRawFrame(http2.FrameRSTStream, 0, 1, []byte("no")))
		s.client.wants("GOAWAY 0 3 FRAME_SIZE_ERROR", "RST_STREAM 1 REFUSED_STREAM")
		time.Sleep(2 * time.Second)
		if !s.client.hasEnded() {
			t.Error("the connection stays")
		}
	})
}

// What a side sends on a stream that it has ended costs that stream, and no other of the
// connection.
func TestHTTP2FramesBehindTheEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		send   func(s *side)
		credit []string
	}{
		"data":     {func(s *side) { s.must(s.WriteData(1, true, []byte("late"))) }, []string{"WINDOW_UPDATE 0 4"}},
		"trailers": {func(s *side) { s.headers(1, true, "x-late", "1") }, nil},
	} {
		closed := append(tt.credit, "RST_STREAM 1 STREAM_CLOSED")
		for _, when := range []string{"none", "before", "after"} {
			t.Run(name+" of a client/"+when, func(t *testing.T) {
				between(t, func(_ *testing.T, s *sides) {
					seen, next := []string{"HEADERS 1 path=/ END", "RST_STREAM 1 CANCEL"}, uint32(3)
					if when != "none" {
						s.inject("http_latency", `{'latency':3600000,'when':'`+when+`','match':{'path':'/'}}`)
					}
					if when == "before" {
						seen, next = nil, 1
					}
					s.client.ask(1, "/")
					tt.send(s.client)
					s.client.wants(closed...)
					s.dependency.wants(seen...)
					s.goesOn(next)
				})
			})
		}
		t.Run(name+" of a dependency", func(t *testing.T) {
			between(t, func(_ *testing.T, s *sides) {
				s.client.calls(1, "/")
				s.dependency.headers(1, true, ":status", "204")
				synctest.Wait()
				s.dependency.forget()
				tt.send(s.dependency)
				s.client.wants("HEADERS 1 status=204 END", "RST_STREAM 1 STREAM_CLOSED")
				s.dependency.wants(closed...)
				s.goesOn(3)
			})
		})
	}
}

// goesOn wants another request to be answered, which has a number of its own at the
// dependency.
func (s *sides) goesOn(number uint32) {
	s.client.Helper()
	s.client.ask(3, "/next")
	s.dependency.headers(number, true, ":status", "204")
	s.client.wants("HEADERS 3 status=204 END")
}
