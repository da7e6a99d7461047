package proxy

import (
	"bytes"
	"math"
	"sync/atomic"
	"time"
)

// An AnswerCount is how often an upstream took so long to answer. A wait is the time from
// when bytes were last written to the upstream, behind the toxics, to when the next bytes
// came from it, before the toxics: what toxics add is no part of it. More that is written
// meanwhile begins the wait anew, more that comes afterwards is none.
//
// It is measured without knowing the protocol. Of one request at a time on a connection it
// is the time from the end of the request to the first byte of its answer. A handshake, of
// TLS or of a database, counts as any answer does. Where requests overtake each other, as
// with HTTP/2, or are sent without waiting for answers, a wait ends with the first bytes of
// any answer, and so is shorter than most requests took. Where the upstream speaks by
// itself, as a queue does, it is the time until it next does.
type AnswerCount struct {
	// From is how long a wait took at least, in microseconds. It took at most 5 % longer, or
	// 100 µs where From is 0, or any time where it is a minute.
	From     int64 `json:"from_us"`
	Answered int64 `json:"answered"` // waits that ended with bytes
	// GivenUp are waits that ended with the connection, or with bytes once the client had
	// ended its side: many upstreams stop their work then. The answer would have taken longer,
	// or as long. A connection that the upstream ends by itself is none. None is counted on
	// connections that begin as those of TLS and HTTP/2 do, where the last bytes are often
	// such that nobody answers.
	GivenUp int64 `json:"given_up"`
}

const (
	shortestWait = 100 * time.Microsecond // the first class is below it
	longestWait  = time.Minute            // the last class begins here
	classWidth   = 1.05                   // the end of a class by its beginning
	// classes are the one below the shortest wait, those up to the longest, the last of
	// which is cut off, and the one of all that is longer.
	classes = 275
)

// classOf is the class of a wait.
func classOf(wait time.Duration) int {
	switch {
	case wait < shortestWait:
		return 0
	case wait >= longestWait:
		return classes - 1
	}
	return min(1+int(math.Log(float64(wait)/float64(shortestWait))/math.Log(classWidth)), classes-2)
}

// beginning is how long a wait of a class takes at least.
func beginning(class int) time.Duration {
	switch class {
	case 0:
		return 0
	case classes - 1:
		return longestWait
	}
	return time.Duration(float64(shortestWait) * math.Pow(classWidth, float64(class-1)))
}

// answerTimes counts waits by class. The zero value does not know the time: see newAnswerTimes.
type answerTimes struct {
	epoch             time.Time
	answered, givenUp [classes]atomic.Int64
}

func newAnswerTimes() *answerTimes { return &answerTimes{epoch: time.Now()} }

// view lists the classes that are not empty, shortest first.
func (a *answerTimes) view() (list []AnswerCount) {
	for i := range classes {
		c := AnswerCount{From: beginning(i).Microseconds(), Answered: a.answered[i].Load(), GivenUp: a.givenUp[i].Load()}
		if c.Answered > 0 || c.GivenUp > 0 {
			list = append(list, c)
		}
	}
	return list
}

// A stopwatch times the answers of the upstream on one session.
type stopwatch struct {
	times *answerTimes
	// asked is when bytes were last written to the upstream, since the epoch; 0: it has
	// answered them, or has not been asked. The time is stored before the write, because an
	// answer may come before the write returns.
	asked  atomic.Int64
	begun  bool        // something was written; belongs to whoever writes
	unsure atomic.Bool // whether what is written last is to be answered
	left   atomic.Bool // the client has ended its side
}

// ask notes that bytes are about to be written to the upstream.
func (w *stopwatch) ask(p []byte) {
	if !w.begun {
		w.begun = true
		w.unsure.Store(endsUnanswered(p))
	}
	w.asked.Store(int64(time.Since(w.times.epoch)) | 1) // any time but 0
}

// endsUnanswered reports whether a connection begins as one of TLS or HTTP/2 does.
func endsUnanswered(p []byte) bool {
	const handshake = 0x16
	return p[0] == handshake || bytes.HasPrefix(p, []byte("PRI "))
}

// read notes what a read from the upstream returned: bytes, or the end.
func (w *stopwatch) read(n int, err error) {
	switch {
	case w.asked.Load() == 0: // nearly always so for bulk data
	case n > 0 && w.left.Load():
		w.giveUp()
	case n > 0:
		w.stop(&w.times.answered)
	case err != nil && !w.left.Load(): // it has ended the connection by itself, which is no answer
		w.asked.Store(0)
	}
}

// giveUp notes that nobody waits any longer.
func (w *stopwatch) giveUp() {
	if !w.unsure.Load() {
		w.stop(&w.times.givenUp)
	}
}

// stop counts the wait, if there is one.
func (w *stopwatch) stop(in *[classes]atomic.Int64) {
	if asked := w.asked.Swap(0); asked != 0 {
		in[classOf(time.Since(w.times.epoch)-time.Duration(asked))].Add(1)
	}
}
