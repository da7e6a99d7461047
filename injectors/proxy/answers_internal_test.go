package proxy

import (
	"errors"
	"io"
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

// Every wait is in the class whose beginning and end are around it.
func TestClassesOfWaits(t *testing.T) {
	t.Parallel()
	if classOf(0) != 0 || classOf(shortestWait-1) != 0 || classOf(shortestWait) != 1 || classOf(longestWait-1) != classes-2 || classOf(longestWait) != classes-1 || classOf(math.MaxInt64) != classes-1 {
		t.Errorf("%d %d %d %d %d", classOf(0), classOf(shortestWait-1), classOf(shortestWait), classOf(longestWait-1), classOf(longestWait))
	}
	for wait := shortestWait; wait < longestWait; wait += wait / 100 {
		const rounding = 2 * time.Nanosecond
		if i := classOf(wait); wait < beginning(i)-rounding || wait >= beginning(i+1)+rounding {
			t.Errorf("%v is in class %d, from %v to %v", wait, i, beginning(i), beginning(i+1))
		}
	}
	for i := 1; i < classes-1; i++ {
		if begins, ends := beginning(i), beginning(i+1); begins.Microseconds() >= ends.Microseconds() || float64(ends) > float64(begins)*1.0501 {
			t.Errorf("class %d is from %v to %v", i, begins, ends)
		}
	}
}

// What counts as a wait, and which of them the upstream has answered.
func TestStopwatch(t *testing.T) {
	t.Parallel()
	request := []byte("GET")
	for name, test := range map[string]struct {
		happens           func(w *stopwatch)
		answered, givenUp time.Duration // the wait that is counted; 0: none
	}{
		"an answer": {happens: func(w *stopwatch) { w.ask(request); time.Sleep(time.Second); w.read(1, nil) }, answered: time.Second},
		"one that comes in parts": {happens: func(w *stopwatch) {
			w.ask(request)
			time.Sleep(time.Second)
			w.read(1, nil)
			time.Sleep(time.Second)
			w.read(1, io.EOF)
			w.giveUp()
		}, answered: time.Second},
		"a request in parts": {happens: func(w *stopwatch) {
			w.ask(request)
			time.Sleep(time.Second)
			w.ask(request)
			time.Sleep(3 * time.Second)
			w.read(1, nil)
		}, answered: 3 * time.Second},
		"nobody asked":       {happens: func(w *stopwatch) { time.Sleep(time.Second); w.read(1, nil); w.giveUp() }},
		"a client that goes": {happens: func(w *stopwatch) { w.ask(request); time.Sleep(2 * time.Second); w.giveUp(); w.read(0, io.EOF) }, givenUp: 2 * time.Second},
		"an upstream that goes": {happens: func(w *stopwatch) {
			w.ask(request)
			time.Sleep(time.Second)
			w.read(0, errors.New("reset"))
			w.giveUp()
		}},
		"both": {happens: func(w *stopwatch) {
			w.ask(request)
			w.left.Store(true)
			time.Sleep(2 * time.Second)
			w.read(0, io.EOF)
			w.giveUp()
		}, givenUp: 2 * time.Second},
		"an answer to a client that has gone": {happens: func(w *stopwatch) {
			w.ask(request)
			w.left.Store(true)
			time.Sleep(time.Second)
			w.read(1, nil)
			w.giveUp()
		}, givenUp: time.Second},
		"HTTP/2": {happens: func(w *stopwatch) {
			w.ask([]byte("PRI * HTTP/2.0"))
			time.Sleep(time.Second)
			w.read(1, nil)
			w.ask([]byte("window"))
			time.Sleep(time.Minute)
			w.giveUp()
		}, answered: time.Second},
		"TLS": {happens: func(w *stopwatch) { w.ask([]byte{0x16, 3, 1}); time.Sleep(time.Second); w.giveUp() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &stopwatch{times: newAnswerTimes()}
				test.happens(w)
				var want []AnswerCount
				if d := test.answered; d > 0 {
					want = append(want, AnswerCount{From: beginning(classOf(d)).Microseconds(), Answered: 1})
				}
				if d := test.givenUp; d > 0 {
					want = append(want, AnswerCount{From: beginning(classOf(d)).Microseconds(), GivenUp: 1})
				}
				if got := w.times.view(); !reflect.DeepEqual(got, want) {
					t.Errorf("%+v, want %+v", got, want)
				}
			})
		})
	}
}

// BenchmarkStopwatch is what timing costs a request and its answer, to compare with the four
// system calls that carry them.
func BenchmarkStopwatch(b *testing.B) {
	w := &stopwatch{times: newAnswerTimes()}
	request := []byte("GET")
	b.ReportAllocs()
	for b.Loop() {
		w.ask(request)
		w.read(1, nil)
	}
}

// BenchmarkStopwatchBulk is what it costs bytes that are no answer.
func BenchmarkStopwatchBulk(b *testing.B) {
	w := &stopwatch{times: newAnswerTimes()}
	b.ReportAllocs()
	for b.Loop() {
		w.read(1, nil)
	}
}
