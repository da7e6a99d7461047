package http

import (
	"errors"
	"io"
	"time"
)

// passAnswers passes answers on until there are no more. Its error says how they ended.
func (c *conn) passAnswers() error {
	var h head
	for {
		x, due := c.queue.front()
		switch {
		case due && x.isOwn():
			if err := c.carryOut(x); err != nil {
				return err
			}
			c.queue.pop()
			continue
		case len(c.down.Ahead()) == 0:
			if err := c.down.Fill(); err != nil {
				return err
			}
			continue // a request may have come meanwhile
		case !due:
			if asked, err := c.passUnasked(); !asked {
				return err
			}
			continue
		}
		c.begun = false
		if err := c.passAnswer(x, &h); err != nil {
			return err
		}
		c.queue.pop()
	}
}

// passUnasked passes on bytes that no request has asked for. A server of HTTP/2 may send
// some before the client has said that it speaks HTTP/2; anything else is for the client
// to judge. asked is true if there is a request after all.
func (c *conn) passUnasked() (asked bool, err error) {
	if w := c.queue.http2Sink(c.down.Ahead()[0] != 'H'); w != nil {
		if err := c.down.Redirect(w); err != nil {
			return false, err
		}
		return false, c.down.pass(endless)
	}
	if _, due := c.queue.front(); due {
		return true, nil
	}
	return false, c.goRaw()
}

// goRaw passes bytes on unseen from now on.
func (c *conn) goRaw() error {
	c.queue.setRaw()
	return c.down.pass(endless)
}

// passAnswer passes one answer on, with what faults make of it.
func (c *conn) passAnswer(x exchange, h *head) error {
	if raw, err := c.readAnswerHead(x, h); raw || err != nil {
		return err
	}
	if len(x.late) > 0 {
		c.queue.decide()
		if replaced, err := c.applyLate(x, h); replaced || err != nil {
			return err
		}
	}
	c.begun = true
	c.down.Keep(h.size)
	if x.tunnels(h.status) {
		return c.goRaw()
	}
	return c.passBody(x, h)
}

// readAnswerHead reads the head of the answer, and passes on what comes in front of it.
// raw says that what came is not an answer, and was passed on to the end.
func (c *conn) readAnswerHead(x exchange, h *head) (raw bool, err error) {
	for {
		err := c.down.readHead(h)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			c.down.Keep(len(c.down.Ahead()))
			return true, errors.Join(err, c.down.Flush())
		case isMalformed(err) || h.status == 101 && !x.upgrades:
			c.begun = true
			return true, c.goRaw()
		case err != nil:
			return true, err
		case h.status >= 200 || h.status == 101:
			return false, nil
		}
		c.down.Keep(h.size)
		if err := c.down.Flush(); err != nil {
			return true, err
		}
	}
}

// answerBody keeps the body of an answer. io.EOF means that the connection ended with
// it, as it may.
func (c *conn) answerBody(x exchange, h *head, limit int64) error {
	switch {
	case x.toHEAD || isBodiless(h.status):
		return nil
	case h.chunked || h.length >= 0 && !h.encoded:
		return c.down.body(h, limit)
	}
	if err := c.down.pass(limit); err != nil {
		return err
	}
	return errLimit
}

// applyLate does what faults want with an answer; replaced says that nothing is left of
// it to pass on.
func (c *conn) applyLate(x exchange, h *head) (replaced bool, err error) {
	var documents hits
	for i, f := range x.late {
		switch {
		case f.Rule.mutation != nil:
			documents = append(documents, f)
			continue
		case !f.Apply():
			continue
		case delays(f):
			if !f.Delay(c.ctx) {
				x.late[i+1:].giveBack()
				documents.giveBack()
				return true, c.ctx.Err()
			}
			continue
		case f.Rule.when == middle:
			err = c.passHalf(x, h)
		case f.Rule.answer != nil:
			err = c.replaceAnswer(x, h, f.Rule.answer)
		default:
			err = errBroken
		}
		x.late[i+1:].giveBack()
		documents.giveBack()
		return true, err
	}
	if x.document == nil {
		documents.skipAll(noDocument)
		return false, nil
	}
	return true, c.passDocument(x, h, documents)
}

// replaceAnswer sends another answer. The real one is read to its end first, so that the
// connection can go on; one that does not end soon costs the connection.
func (c *conn) replaceAnswer(x exchange, h *head, a *answer) error {
	impatient := time.AfterFunc(settleTime, func() { _ = c.upstream.Close() }) // ends the reading
	if err := c.down.Redirect(io.Discard); err != nil {
		return err
	}
	c.down.Keep(h.size)
	err := c.answerBody(x, h, settleLimit)
	_ = c.down.Settle() // to io.Discard
	if err := c.down.Redirect(c.client); err != nil {
		return err
	}
	ends := h.close || h.minor == 0 && !h.keeps // after this answer, whoever gives it
	last := !impatient.Stop() || err != nil || ends || x.old || x.tunnels(h.status)
	return c.carryOut(exchange{own: a, toHEAD: x.toHEAD, last: last})
}

// passHalf passes on the first half of an answer's body. Of a body that does not say how
// long it is, that is half of what comes first; an answer without a body is not sent at
// all.
func (c *conn) passHalf(x exchange, h *head) error {
	if x.toHEAD || isBodiless(h.status) || h.length == 0 {
		return errBroken
	}
	c.begun = true
	c.down.Keep(h.size)
	n := h.length / 2
	switch {
	case h.chunked:
		size, err := c.down.chunkHead()
		if err != nil {
			return err
		}
		n = size / 2
	case h.length < 0:
		if len(c.down.Ahead()) == 0 {
			if err := c.down.Fill(); err != nil {
				return err
			}
		}
		n = int64(len(c.down.Ahead()) / 2)
	}
	if err := c.down.pass(n); err != nil {
		return err
	}
	if err := c.down.Flush(); err != nil {
		return err
	}
	return errBroken
}
