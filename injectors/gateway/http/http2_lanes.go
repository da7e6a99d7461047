package http

import "slices"

// Data that cannot go on at once is kept: because of a fault, because the dependency takes
// no more requests, or because a side takes no more data. It must not take up the window of
// the connection that it came on, since other streams would stand still for it. So its
// sender gets credit for it at once, and what the other side gives back for it, later, is
// not passed on: that is the debt. A stream is bounded by its own window, which is not given
// back, and a connection by maxHeld: from there on senders get credit as their data goes.
//
// For each way, what the sender may still send is therefore what the side takes, and the
// debt, less what is owed and what is in reserve.

// A lane leads from one side of a stream to the other.
type lane struct {
	closed bool        // by a fault, or until the dependency takes the request
	queue  []heldFrame // what waits for that
	credit int64       // what the side gave to the stream's window beyond the first, less what was sent

	data   []byte      // is next, and waits for the windows of the side
	shut   bool        // it is a document that is not to go yet
	end    bool        // ends with the data
	behind []heldFrame // follows on the data
	shared bool        // the data is that of many streams, and counts for none
	owed   int         // bytes of all data here for which its sender has no credit yet
	listed bool        // it is among those that wait for a window
}

// A heldFrame waits in a lane.
type heldFrame struct {
	pass func()
	data int // how many bytes of it the windows count
	rest int // how many others there are, about
}

func (f heldFrame) cost() int { return f.rest + heldCost }

// waits reports whether something waits for a window.
func (l *lane) waits() bool { return len(l.data) > 0 || l.end || len(l.behind) > 0 }

// idle reports whether nothing waits.
func (l *lane) idle() bool { return !l.closed && !l.waits() }

// lane returns a stream's lane to the side that the way leads to.
func (w *way) lane(st *h2stream) *lane {
	if w.fromClient {
		return &st.toUp
	}
	return &st.toClient
}

// number returns a stream's number on the side that the way leads to.
func (w *way) number(st *h2stream) uint32 {
	if w.fromClient {
		return st.up
	}
	return st.id
}

// allowed is how much data the way's source may send.
func (w *way) allowed() int64 { return w.window + w.debt - w.owed - w.reserve }

// refill lets the source send what it may from what is in reserve.
func (w *way) refill() {
	if give := min(w.reserve, int64(w.room)-w.allowed()); give > 0 {
		w.reserve -= give
		w.back().writeCredit(int(give))
	}
}

// keep accounts for data that waits, in all that a connection holds.
func (w *way) keep(l *lane, n int) {
	w.held += n
	if w.held > w.room {
		l.owed += n
		w.owed += int64(n)
		return
	}
	w.back().writeCredit(n)
}

// unkeep accounts for data that waits no more.
func (w *way) unkeep(l *lane, n int) {
	w.held -= n
	back := min(n, l.owed)
	l.owed -= back
	w.owed -= int64(back)
	w.back().writeCredit(back)
}

// swallow gives the connection credit for data that goes nowhere. kept says that it is
// accounted for.
func (w *way) swallow(st *h2stream, n int, kept bool) {
	if kept {
		w.unkeep(w.lane(st), n)
	} else {
		w.back().writeCredit(n)
	}
}

// hold keeps a frame in a lane that is closed. A request in line whose data has no more room
// is refused: it would keep the window from those that it waits for.
func (w *way) hold(st *h2stream, f heldFrame) {
	l := w.lane(st)
	l.queue = append(l.queue, f)
	w.held += f.cost()
	w.keep(l, f.data)
	if w.fromClient && f.data > 0 && w.held > w.room && slices.Contains(w.waiting, st) {
		w.reset(st, codeRefused)
		return
	}
	w.bound(st)
}

// openLane lets through what waited. It is passed on in order, also what comes meanwhile.
func (w *way) openLane(st *h2stream) {
	l := w.lane(st)
	for len(l.queue) > 0 {
		f := l.queue[0]
		l.queue = l.queue[1:]
		w.held -= f.cost()
		w.released += f.cost()
		f.pass()
	}
	l.closed, l.queue = false, nil
}

// follow does something when all data in front of it has been sent.
func (w *way) follow(st *h2stream, f heldFrame) {
	l := w.lane(st)
	if !l.waits() && !l.shut {
		f.pass()
		return
	}
	l.behind = append(l.behind, f)
	w.held += f.cost()
	w.bound(st)
}

// clear forgets what waits in a lane.
func (w *way) clear(st *h2stream) {
	l := w.lane(st)
	n := 0
	for _, f := range slices.Concat(l.queue, l.behind) {
		n += f.data
		w.held -= f.cost()
	}
	if !l.shared {
		n += len(l.data)
	}
	w.unkeep(l, n)
	if l.listed {
		w.late = without(w.late, st)
	}
	l.queue, l.data, l.behind, l.end, l.shared, l.listed = nil, nil, nil, false, false, false
}

// sendData sends data to a side: at once as it came, or as its windows allow. kept says that
// it waited, and is accounted for.
func (w *way) sendData(st *h2stream, f frame, kept bool) {
	l := w.lane(st)
	n := len(f.payload())
	if !kept && !l.waits() && int64(n) <= w.window && (w.fromClient || !st.relay) {
		w.window -= int64(n)
		l.credit -= int64(n)
		w.write(f, w.number(st))
		if f.ends() {
			w.ended(st)
		}
		return
	}
	p, ok := w.keepData(st, f, kept)
	if !ok {
		return
	}
	if padding := n - len(p); padding > 0 {
		w.back().writeStreamCredit(w.source(st), padding)
	}
	if st.relay && !w.fromClient {
		st.uncounted += len(p)
	}
	l.end = f.ends()
	w.pumpStream(st)
}

// keepData puts data into its lane.
func (w *way) keepData(st *h2stream, f frame, kept bool) (p []byte, ok bool) {
	l := w.lane(st)
	n := len(f.payload())
	p, err := f.unpadded()
	if err != nil {
		w.swallow(st, n, kept)
		w.fail(err)
		return nil, false
	}
	if !kept {
		w.keep(l, n)
	}
	w.unkeep(l, n-len(p))
	l.data = append(l.data, p...)
	return p, true
}

// source returns a stream's number at the side that the way comes from; 0: it takes no more
// credit.
func (w *way) source(st *h2stream) uint32 {
	switch {
	case !w.fromClient:
		return st.live(w.session)
	case st.clientDone:
		return 0
	}
	return st.id
}

// ended notes that a stream has been sent to its end.
func (w *way) ended(st *h2stream) {
	if !w.fromClient {
		st.delivered = true
	}
	w.settleStream(st)
}

// pump sends what waits for a window, a turn for each stream.
func (w *way) pump() {
	for range len(w.late) {
		if w.window <= 0 || len(w.out) > maxPending/4 || len(w.late) == 0 {
			return
		}
		st := w.late[0]
		w.late = w.late[1:]
		w.lane(st).listed = false
		w.pumpStream(st)
	}
}

// pumpStream sends as much of a stream as its side takes.
func (w *way) pumpStream(st *h2stream) {
	l := w.lane(st)
	for len(l.data) > 0 && !l.shut && !st.gone {
		n := int(min(int64(len(l.data)), w.window, w.initial+l.credit, maxFrame))
		if n <= 0 || len(w.out) > maxPending/4 {
			if !l.listed {
				l.listed = true
				w.late = append(w.late, st)
			}
			return
		}
		w.sendKept(st, n)
	}
	if st.gone || l.shut {
		return
	}
	l.data, l.shared = nil, false
	if l.end {
		l.end = false
		w.writeFrame(frameData, flagEnd, w.number(st), nil)
		w.ended(st)
	}
	for len(l.behind) > 0 && !st.gone {
		f := l.behind[0]
		l.behind = l.behind[1:]
		w.held -= f.cost()
		w.released += f.cost()
		f.pass()
	}
}

// sendKept sends data that was kept.
func (w *way) sendKept(st *h2stream, n int) {
	l := w.lane(st)
	var flags byte
	if l.end && n == len(l.data) {
		flags, l.end = flagEnd, false
	}
	w.writeFrame(frameData, flags, w.number(st), l.data[:n])
	l.data = l.data[n:]
	w.window -= int64(n)
	l.credit -= int64(n)
	w.debt += int64(n)
	if !l.shared {
		w.unkeep(l, n)
	}
	if !w.fromClient {
		back := min(n, st.uncounted)
		st.uncounted -= back
		w.back().writeStreamCredit(st.live(w.session), back)
	}
	if flags == flagEnd {
		w.ended(st)
	}
}
