package gateway_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// Whoever takes no more requests says so, and those under way are answered.
func TestHTTP2GoAway(t *testing.T) {
	t.Parallel()
	const warning = 1<<31 - 1
	t.Run("of the dependency", func(t *testing.T) {
		between(t, func(_ *testing.T, s *sides) {
			s.inject("http_latency", `{'latency':60000,'match':{'path':'/waits'}}`)
			s.client.ask(1, "/waits")
			s.client.ask(3, "/a")
			s.client.ask(5, "/b")
			s.client.calls(7, "/c")
			s.dependency.wants("HEADERS 1 path=/a END", "HEADERS 3 path=/b END", "HEADERS 5 path=/c content-type=application/grpc te=trailers")
			s.dependency.must(s.dependency.WriteGoAway(warning, http2.ErrCodeNo, nil))
			s.client.wants("GOAWAY 0 2147483647 NO_ERROR")
			s.client.ask(9, "/d") // has crossed with the warning
			s.dependency.wants("HEADERS 7 path=/d END")
			s.dependency.must(s.dependency.WriteGoAway(5, http2.ErrCodeNo, nil))
			s.client.wants("GOAWAY 0 9 NO_ERROR", "RST_STREAM 1 REFUSED_STREAM", "RST_STREAM 9 REFUSED_STREAM")
			s.dependency.wants("RST_STREAM 7 CANCEL")
			s.client.ask(11, "/late")
			s.client.must(s.client.WriteData(7, true, []byte("still")))
			s.dependency.wants("DATA 5 still END")
			for id, body := range map[uint32]string{1: "to a", 3: "to b", 5: "to c"} {
				s.dependency.answer(id, body)
			}
			s.dependency.conn.Close()
			if !s.client.hasEnded() {
				t.Error("the client's connection stays")
			}
			for id, want := range map[uint32]int{3: 4, 5: 4, 7: 4} {
				if got := s.client.received(id); got != want {
					t.Errorf("%d bytes of the answer to %d", got, id)
				}
			}
		})
	})
	t.Run("of the client", func(t *testing.T) {
		between(t, func(_ *testing.T, s *sides) {
			s.client.calls(1, "/a")
			s.client.must(s.client.WriteGoAway(0, http2.ErrCodeNo, nil))
			s.client.must(s.client.WriteData(1, true, []byte("more")))
			s.dependency.wants("HEADERS 1 path=/a content-type=application/grpc te=trailers", "GOAWAY 0 0 NO_ERROR", "DATA 1 more END")
			s.dependency.answer(1, "here")
			s.client.wants("HEADERS 1 status=200", "DATA 1 here END")
		})
	})
}

// A dependency ends its connection: what it has answered arrives, also what a fault holds
// up, and what it cannot have seen is to be sent again.
func TestHTTP2DependencyEnds(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]bool{"closes": false, "breaks": true} {
		t.Run("idle, "+name, func(t *testing.T) {
			between(t, func(t *testing.T, s *sides) {
				s.breaks = breaks
				s.client.ask(1, "/")
				s.dependency.answer(1, "x")
				s.client.wants("HEADERS 1 status=200", "DATA 1 x END")
				s.inject("http_latency", `{'latency':60000}`)
				s.client.ask(3, "/not-seen")
				s.dependency.wants("HEADERS 1 path=/ END")
				s.dependency.conn.Close()
				s.client.wants("GOAWAY 0 3 NO_ERROR", "RST_STREAM 3 REFUSED_STREAM")
				if !s.client.hasEnded() {
					t.Error("the client's connection stays")
				}
			})
		})
		t.Run("an answer waits, "+name, func(t *testing.T) {
			between(t, func(_ *testing.T, s *sides) {
				s.breaks = breaks
				s.inject("http_latency", `{'latency':60000,'when':'after'}`)
				s.client.ask(1, "/")
				s.client.ask(3, "/")
				s.dependency.answer(1, strings.Repeat("x", 10_000))
				s.dependency.answer(3, "y")
				s.dependency.conn.Close()
				s.client.wants("GOAWAY 0 3 NO_ERROR")
				time.Sleep(time.Minute)
				if one, other := s.client.received(1), s.client.received(3); one != 10_000 || other != 1 {
					t.Errorf("got %d bytes and %d", one, other)
				}
				time.Sleep(2 * time.Second)
				if !s.client.hasEnded() {
					t.Error("the client's connection stays")
				}
			})
		})
	}
	t.Run("an answer waits, another is cut", func(t *testing.T) {
		between(t, func(t *testing.T, s *sides) {
			s.inject("http_latency", `{'latency':60000,'when':'after','match':{'path':'/waits'}}`)
			s.client.ask(1, "/waits")
			s.client.ask(3, "/cut")
			s.dependency.answer(1, "x")
			s.dependency.headers(3, false, ":status", "200")
			s.client.wants("HEADERS 3 status=200")
			s.dependency.conn.Close()
			time.Sleep(2 * time.Second)
			if !s.client.hasEnded() {
				t.Error("the client waits for an answer that does not come")
			}
		})
	})
}

// An answer that the client takes bit by bit is not cut because the dependency has gone.
func TestHTTP2DependencyEndsAheadOfItsAnswers(t *testing.T) {
	t.Parallel()
	const size, step = 300_000, 20_000
	between(t, func(t *testing.T, s *sides) {
		s.inject("http_config", `{'blank':{},'limit':100}`)
		s.client.ask(1, "/")
		s.dependency.must(s.dependency.WriteWindowUpdate(0, 1<<20))
		s.client.must(s.client.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: size}))
		s.client.must(s.client.WriteWindowUpdate(0, size))
		s.client.must(s.client.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: step}))
		s.dependency.headers(1, false, ":status", "200")
		s.dependency.send(1, size, true)
		synctest.Wait()
		s.dependency.conn.Close()
		for range size/step - 1 {
			time.Sleep(400 * time.Millisecond)
			s.client.must(s.client.WriteWindowUpdate(1, step))
		}
		if got := s.client.received(1); got != size {
			t.Errorf("got %d bytes", got)
		}
		time.Sleep(3 * time.Second)
		if !s.client.hasEnded() {
			t.Error("the client's connection stays")
		}
	})
}

// Calls that are cancelled are over on both sides, whatever they wait for: the dependency
// learns of those that it has seen, and takes the next.
func TestHTTP2Cancelled(t *testing.T) {
	t.Parallel()
	one := http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1}
	between(t, func(_ *testing.T, s *sides) {
		f := s.inject("http_latency", `{'latency':60000,'first':1,'match':{'path':'/early'}}`)
		s.client.ask(1, "/open")
		s.client.ask(3, "/early")
		s.client.ask(5, "/in-line")
		s.client.ask(7, "/next")
		s.dependency.wants("HEADERS 1 path=/open END")
		for _, id := range []uint32{5, 3, 1} {
			s.client.must(s.client.WriteRSTStream(id, http2.ErrCodeCancel))
		}
		s.dependency.wants("RST_STREAM 1 CANCEL", "HEADERS 3 path=/next END")
		s.dependency.headers(3, false, ":status", "200")
		s.client.wants("HEADERS 7 status=200")
		s.client.must(s.client.WriteRSTStream(7, http2.ErrCodeCancel))
		s.dependency.wants("RST_STREAM 3 CANCEL")
		s.dependency.send(3, 10, true) // has crossed with it
		s.dependency.wants("WINDOW_UPDATE 0 10")
		s.client.wants()
		wantCounts(s.client, f, 4, 1, 1)
	}, one)
}
