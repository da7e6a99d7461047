package http

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"syscall"

	"golang.org/x/net/http2/hpack"
)

// Frames (RFC 9113, 6).
const (
	frameData = iota
	frameHeaders
	framePriority
	frameReset
	frameSettings
	framePush
	framePing
	frameGoAway
	frameWindow
	frameContinuation
)

const (
	flagEnd      = 0x1 // of a stream; of settings and pings: that they have come
	flagHeaders  = 0x4 // all of them
	flagPadded   = 0x8
	flagPriority = 0x20

	frameHead = 9
	maxFrame  = 16 << 10 // neither side is told that it may send longer ones
	preface   = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

// A frame is one that has come whole. Its bytes are good until the next one.
type frame struct {
	kind, flags byte
	id          uint32
	raw         []byte // with its head
}

func (f frame) payload() []byte { return f.raw[frameHead:] }
func (f frame) ends() bool      { return f.flags&flagEnd != 0 }

// clone returns a frame that may be kept.
func (f frame) clone() frame {
	f.raw = bytes.Clone(f.raw)
	return f
}

// unpadded returns the payload without its padding, and what else stands ahead of it.
func (f frame) unpadded() ([]byte, error) {
	p := f.payload()
	if f.flags&flagPadded != 0 {
		if len(p) == 0 || int(p[0]) >= len(p) {
			return nil, codeProtocol
		}
		p = p[1 : len(p)-int(p[0])]
	}
	if f.kind == frameHeaders && f.flags&flagPriority != 0 {
		if len(p) < 5 {
			return nil, codeFrameSize
		}
		p = p[5:]
	}
	return p, nil
}

// A way leads from one side to the other: what its reader writes to it are the bytes that
// came, and what it writes are frames.
type way struct {
	*session
	fromClient bool
	partial    []byte // of a frame
	greeted    bool   // the client has said what it speaks
	settled    bool   // settings have come first
	opened     bool   // and have been written

	decoder *hpack.Decoder
	fields  []hpack.HeaderField // of the headers that are being read
	size    int                 // of these, as they came and unpacked
	block   frame               // not nil raw: its headers go on; raw is what has not been read of them

	window  int64       // how much more data the side takes
	initial int64       // the same, for a new stream
	debt    int64       // what the side will give back of data for which the source has credit
	owed    int64       // data that is kept, for which the source has no credit yet
	reserve int64       // what the side takes beyond what the source may send ahead
	late    []*h2stream // those with data that waits for a window

	to         io.Writer
	out, spare []byte
	released   int // bytes of out that waited under a fault until now
	writing    bool
	encoder    *hpack.Encoder
	encoded    bytes.Buffer
}

func (w *way) start(s *session, to io.Writer, fromClient bool) {
	w.session, w.to, w.fromClient = s, to, fromClient
	w.greeted, w.opened = !fromClient, fromClient
	w.window, w.initial = firstWindow, firstWindow
	w.encoder = hpack.NewEncoder(&w.encoded)
	w.decoder = hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		if w.size += int(f.Size()); w.size <= maxHeaders {
			w.fields = append(w.fields, f)
		}
	})
	w.decoder.SetMaxStringLength(maxHeaders)
}

// Write passes on what came from the way's source.
func (w *way) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.clientGone && !w.fromClient {
		return len(p), nil
	}
	if w.over != nil {
		return 0, w.over
	}
	data := p
	if len(w.partial) > 0 {
		w.partial = append(w.partial, p...)
		data = w.partial
	}
	rest, err := w.take(data)
	if err != nil {
		w.fail(err)
		w.flush() // what came before is good
		return 0, err
	}
	w.partial = append(w.partial[:0], rest...)
	w.flush()
	w.back().kick()
	if w.over != nil && (w.fromClient || !w.clientGone) {
		return 0, w.over
	}
	return len(p), nil
}

// back is the way back.
func (w *way) back() *way {
	if w.fromClient {
		return &w.down
	}
	return &w.up
}

// take passes whole frames on, and returns what is left.
func (w *way) take(data []byte) (rest []byte, err error) {
	if !w.greeted {
		if n := min(len(data), len(preface)); string(data[:n]) != preface[:n] {
			return nil, codeProtocol
		}
		if len(data) < len(preface) {
			return data, nil
		}
		w.out = append(w.out, preface...)
		data, w.greeted = data[len(preface):], true
	}
	for len(data) >= frameHead && w.over == nil {
		n := int(data[0])<<16 | int(data[1])<<8 | int(data[2])
		if n > maxFrame {
			return nil, codeFrameSize
		}
		if n += frameHead; len(data) < n {
			break
		}
		f := frame{kind: data[3], flags: data[4], id: uint32Of(data[5:]) & mostWindow, raw: data[:n:n]}
		if err := w.pass(f); err != nil {
			return nil, err
		}
		data = data[n:]
	}
	return data, nil
}

func (w *way) pass(f frame) error {
	switch {
	case w.block.raw != nil && (f.kind != frameContinuation || f.id != w.block.id),
		w.block.raw == nil && f.kind == frameContinuation,
		!w.settled && f.kind != frameSettings,
		f.kind == framePush:
		return codeProtocol
	}
	switch f.kind {
	case frameSettings, framePing, frameGoAway:
		if f.id != 0 {
			return codeProtocol
		}
		return w.passConnection(f)
	case frameData, frameReset, frameHeaders, frameContinuation:
		if f.id == 0 {
			return codeProtocol
		}
	}
	switch f.kind {
	case frameHeaders, frameContinuation:
		return w.readHeaders(f)
	case frameData:
		return w.passData(f)
	case frameReset:
		return w.passReset(f)
	case frameWindow:
		return w.passWindow(f)
	}
	return nil // what is not known is not passed on: it may mean something to a stream
}

// readHeaders reads a frame of headers, and passes them on when they are complete.
func (w *way) readHeaders(f frame) error {
	part := f.payload()
	if f.kind == frameHeaders {
		var err error
		if part, err = f.unpadded(); err != nil {
			return err
		}
		w.fields, w.size = w.fields[:0], 0
		w.block = frame{kind: f.kind, flags: f.flags, id: f.id, raw: []byte{}}
	}
	w.size += len(f.raw)
	if w.size > maxHeaders {
		return codeCalm
	}
	last := f.flags&flagHeaders != 0
	if !last || len(w.block.raw) > 0 { // a decoder copies what is not whole at every piece
		w.block.raw = append(w.block.raw, part...)
		part = w.block.raw
	}
	if !last && len(part) < maxFrame {
		return nil
	}
	if _, err := w.decoder.Write(part); err != nil {
		return codeCompression
	}
	if w.size > maxHeaders {
		return codeCalm
	}
	if w.block.raw = w.block.raw[:0]; !last {
		return nil
	}
	w.block.raw = nil
	if w.decoder.Close() != nil {
		return codeCompression
	}
	if w.fromClient {
		return w.passRequest(w.block.id, w.fields, w.block.ends())
	}
	return w.passAnswer(w.block.id, w.fields, w.block.ends())
}

// find returns the stream of a frame: nil when it is over already.
func (w *way) find(id uint32) (*h2stream, error) {
	if w.fromClient {
		if id > w.last || id%2 == 0 {
			return nil, codeProtocol
		}
		return w.streams[id], nil
	}
	if id >= w.next || id%2 == 0 {
		return nil, codeProtocol
	}
	return w.sent[id], nil
}

// write writes a frame with another stream's number.
func (w *way) write(f frame, id uint32) {
	w.out = append(w.out, f.raw...)
	binary.BigEndian.PutUint32(w.out[len(w.out)-len(f.raw)+5:], id)
}

func (w *way) writeFrame(kind, flags byte, id uint32, payload []byte) {
	n := len(payload)
	w.out = append(w.out, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	w.out = binary.BigEndian.AppendUint32(w.out, id)
	w.out = append(w.out, payload...)
}

func (w *way) writeReset(id uint32, code http2Error) {
	w.writeFrame(frameReset, 0, id, binary.BigEndian.AppendUint32(nil, uint32(code)))
}

func (w *way) writeGoAway(last uint32, code http2Error) {
	if !w.opened {
		w.writeSettings(nil)
	}
	p := binary.BigEndian.AppendUint32(nil, last)
	w.writeFrame(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(p, uint32(code)))
}

// writeCredit gives the connection bytes back.
func (w *way) writeCredit(n int) {
	if n > 0 {
		w.writeFrame(frameWindow, 0, 0, binary.BigEndian.AppendUint32(nil, uint32(n)))
	}
}

// writeStreamCredit gives a stream bytes back, unless its number is 0.
func (w *way) writeStreamCredit(id uint32, n int) {
	if id != 0 && n > 0 {
		w.writeFrame(frameWindow, 0, id, binary.BigEndian.AppendUint32(nil, uint32(n)))
	}
}

func (w *way) writeHeaders(id uint32, fields []hpack.HeaderField, end bool) {
	w.encoded.Reset()
	for _, f := range fields {
		_ = w.encoder.WriteField(f) // into memory
	}
	kind, flags := byte(frameHeaders), byte(0)
	if end {
		flags = flagEnd
	}
	for p := w.encoded.Bytes(); ; kind, flags = frameContinuation, 0 {
		n := min(len(p), maxFrame)
		if n == len(p) {
			w.writeFrame(kind, flags|flagHeaders, id, p)
			return
		}
		w.writeFrame(kind, flags, id, p[:n])
		p = p[n:]
	}
}

var errSlow = errors.New("a side does not read what it causes")

// kick writes what is there beside the one who reads.
func (w *way) kick() {
	switch {
	case len(w.out) == 0 || w.over != nil:
	case len(w.out) > maxPending+w.released:
		w.over = errSlow
		w.dropAll()
		_ = w.client.Close()
		_ = w.upstream.Close()
	case !w.writing:
		w.work.Go(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.flush()
		})
	}
}

// flush writes what is there. Another one who is writing comes first.
func (w *way) flush() {
	for w.writing {
		w.changed.Wait()
	}
	w.writing = true
	for len(w.out) > 0 && w.opened {
		p := w.out
		w.out, w.released = w.spare[:0], 0
		if w.fromClient {
			w.written = w.next
		}
		w.mu.Unlock()
		_, err := w.to.Write(p)
		w.mu.Lock()
		if w.spare = p; cap(p) > 4*maxFrame {
			w.spare = nil
		}
		w.moved = w.moved || !w.fromClient && err == nil
		if w.over == nil {
			w.pump()
		}
		if err != nil && w.fromClient {
			if errors.Is(err, syscall.ECONNRESET) {
				w.broken = err // a socket says so once: the reader meets an end in good order
			}
			w.out = nil // what the dependency still says counts
			break
		}
		if err != nil {
			w.out = nil
			if w.over == nil {
				w.over = err
			}
			w.dropAll()
			if !w.clientGone { // it broke: one that has ended is still heard
				_ = w.upstream.Close()
			}
			break
		}
	}
	w.writing = false
	w.changed.Broadcast()
	w.back().kick() // what has gone gives credit
}
