package http

import (
	"encoding/binary"
	"math"
	"slices"

	"golang.org/x/net/http2/hpack"
)

// Settings (RFC 9113, 6.5.2).
const (
	settingTable   = 1
	settingPush    = 2
	settingStreams = 3
	settingWindow  = 4
	settingFrame   = 5
	settingHeaders = 6
)

// passConnection passes on what is about the whole connection.
func (w *way) passConnection(f frame) error {
	p := f.payload()
	switch {
	case f.kind == framePing && len(p) != 8, f.kind == frameGoAway && len(p) < 8:
		return codeFrameSize
	case f.kind == frameSettings && !f.ends():
		return w.passSettings(p)
	case f.kind == frameSettings && len(p) > 0:
		return codeFrameSize
	case !w.settled:
		return codeProtocol
	case f.kind == frameGoAway && !w.fromClient:
		w.passGoAway(p)
		return nil
	}
	w.out = append(w.out, f.raw...)
	return nil
}

// passSettings passes settings on, but for those that this proxy keeps to the default or
// below what it can do.
func (w *way) passSettings(p []byte) error {
	switch {
	case len(p)%6 != 0:
		return codeFrameSize
	case len(p)/6 > maxSettings: // with those that are added they might not fit a frame
		return codeCalm
	}
	var out []byte
	add := func(id uint16, v uint32) {
		out = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(out, id), v)
	}
	limited := false
	for ; len(p) > 0; p = p[6:] {
		id, v := binary.BigEndian.Uint16(p), uint32Of(p[2:])
		switch id {
		case settingTable:
			w.back().encoder.SetMaxDynamicTableSizeLimit(v)
			continue
		case settingPush:
			if v > 1 {
				return codeProtocol
			}
			continue
		case settingFrame:
			if v < maxFrame || v > 1<<24-1 {
				return codeProtocol
			}
			continue
		case settingHeaders:
			v = min(v, maxHeaders)
		case settingWindow:
			if v > mostWindow {
				return codeFlowControl
			}
			w.back().initial = int64(v)
		case settingStreams:
			if !w.fromClient {
				limited, w.most = true, v
				v = min(v, maxStreams)
			}
		}
		add(id, v)
	}
	if !w.settled {
		w.settled = true
		switch {
		case w.fromClient:
			add(settingPush, 0)
		case !limited:
			w.most = math.MaxUint32
			add(settingStreams, maxStreams)
		}
	}
	if w.fromClient {
		w.writeFrame(frameSettings, 0, 0, out)
	} else {
		w.down.writeSettings(out)
		w.openWaiting()
	}
	w.back().pump()
	return nil
}

// writeSettings writes settings. The client gets the first ones before anything else.
func (w *way) writeSettings(p []byte) {
	before := w.out
	if w.opened {
		before = nil
	} else {
		w.out, w.opened = nil, true
	}
	w.writeFrame(frameSettings, 0, 0, p)
	w.out = append(w.out, before...)
}

// passGoAway tells the client that the dependency takes no more requests. Those that it
// will not look at any more are refused one by one: they need not be the client's last.
func (w *way) passGoAway(p []byte) {
	last := uint32Of(p) & mostWindow
	if last == mostWindow { // a warning, ahead of the number
		w.writeFrame(frameGoAway, 0, 0, p)
		return
	}
	w.takeNoMore()
	p = slices.Clone(p)
	binary.BigEndian.PutUint32(p, w.lastTaken)
	w.writeFrame(frameGoAway, 0, 0, p)
	w.refuse(func(st *h2stream) bool { return st.up == 0 || st.up > last })
}

func (w *way) passData(f frame) error {
	st, err := w.find(f.id)
	if err != nil {
		return err
	}
	n := len(f.payload())
	switch {
	case int64(n) > w.allowed():
		return codeFlowControl
	case st == nil:
		w.back().writeCredit(n)
		return nil
	case w.fromClient && st.clientDone, !w.fromClient && st.upDone:
		w.back().writeCredit(n)
		w.endLate(st)
		return nil
	case w.fromClient && (st.answered || st.endedBefore(w.session)):
		st.clientDone = f.ends()
		w.back().writeCredit(n)
		w.settleStream(st)
		return nil
	case w.fromClient:
		st.clientDone = f.ends()
	default:
		st.upDone = f.ends()
	}
	if w.lane(st).closed {
		f = f.clone()
		w.hold(st, heldFrame{func() { w.deliverData(st, f, true) }, n, frameHead})
	} else {
		w.deliverData(st, f, false)
	}
	w.settleStream(st)
	if w.allowed() < int64(w.room/2) {
		w.refill()
	}
	return nil
}

// endLate ends a stream that the way's source sends on, though it has ended it. Nothing
// is wrong with the others (RFC 9113, 5.1).
func (w *way) endLate(st *h2stream) {
	if !w.fromClient {
		w.up.writeReset(st.up, codeClosed)
		w.leave(st)
	}
	w.reset(st, codeClosed)
}

func (w *way) passReset(f frame) error {
	if len(f.payload()) != 4 {
		return codeFrameSize
	}
	st, err := w.find(f.id)
	if err != nil || st == nil {
		return err
	}
	if w.fromClient {
		if w.sent[st.up] == st {
			w.write(f, st.up)
		}
		w.drop(st)
		return nil
	}
	ended := st.upDone
	st.upDone = true
	w.leave(st)
	f = f.clone()
	pass := func() { w.deliverReset(st, f, ended) }
	if st.toClient.closed {
		w.hold(st, heldFrame{pass: pass})
	} else {
		pass()
	}
	return nil
}

func (w *way) passWindow(f frame) error {
	if len(f.payload()) != 4 {
		return codeFrameSize
	}
	more := uint32Of(f.payload()) & mostWindow
	if f.id == 0 {
		return w.back().widen(int64(more))
	}
	st, err := w.find(f.id)
	switch {
	case err != nil || st == nil || st.answered && !w.fromClient:
		return err
	case more == 0:
		w.reset(st, codeProtocol)
		return nil
	}
	w.back().lane(st).credit += int64(more)
	if !w.fromClient {
		w.write(f, st.id)
		w.up.pumpStream(st)
		return nil
	}
	switch {
	case w.down.initial+st.toClient.credit > mostWindow:
		w.reset(st, codeFlowControl)
	case st.answered || st.relay:
	case st.up == 0:
		st.heldWindow += more
	case w.sent[st.up] == st:
		w.write(f, st.up)
	}
	w.down.pumpStream(st)
	return nil
}

// widen notes that the side that the way leads to takes more data. Its source learns
// nothing of what only makes up for data that it has credit for already.
func (w *way) widen(more int64) error {
	if more == 0 {
		return codeProtocol
	}
	if w.window += more; w.window > mostWindow {
		return codeFlowControl
	}
	ours := min(more, w.debt)
	w.debt -= ours
	w.reserve += more - ours
	w.refill()
	w.pump()
	return nil
}

// passRequest passes on the headers of a request, or its trailers.
func (w *way) passRequest(id uint32, fields []hpack.HeaderField, end bool) error {
	switch {
	case id%2 == 0:
		return codeProtocol
	case id <= w.last:
		return w.passTrailers(w.streams[id], fields, end)
	}
	w.last = id
	if w.goneAway {
		return nil // the client learns of it
	}
	if len(w.streams) >= maxStreams {
		w.down.writeReset(id, codeRefused)
		return nil
	}
	w.countCall()
	st := &h2stream{id: id, head: fields, headEnd: end, clientDone: end}
	w.streams[id] = st
	if len(w.proxy.Faults.Active()) > 0 && w.meetFaults(st) {
		return nil
	}
	w.tryOpen(st)
	return nil
}

func (w *way) passTrailers(st *h2stream, fields []hpack.HeaderField, end bool) error {
	switch {
	case st == nil:
		return nil
	case st.clientDone:
		w.endLate(st)
		return nil
	case !end:
		w.reset(st, codeProtocol)
		return nil
	}
	st.clientDone = true
	fields = slices.Clone(fields)
	trailers := heldFrame{pass: func() { w.writeHeaders(st.up, fields, true); w.settleStream(st) }, rest: sizeOf(fields)}
	switch {
	case st.answered || st.endedBefore(w.session): // whoever has ended it would take them for another request
	case st.toUp.closed:
		w.hold(st, heldFrame{pass: func() { w.follow(st, trailers) }, rest: trailers.rest})
	default:
		w.follow(st, trailers)
	}
	w.settleStream(st)
	return nil
}

// passAnswer passes on the headers of an answer, or its trailers.
func (w *way) passAnswer(id uint32, fields []hpack.HeaderField, end bool) error {
	st, err := w.find(id)
	switch {
	case err != nil || st == nil:
		return err
	case st.upDone:
		w.endLate(st)
		return nil
	}
	st.upDone = end
	if st.toClient.closed {
		fields = slices.Clone(fields)
		w.hold(st, heldFrame{pass: func() { w.deliverHeaders(st, fields, end) }, rest: sizeOf(fields)})
	} else {
		w.deliverHeaders(st, fields, end)
	}
	w.settleStream(st)
	return nil
}
