package gateway

import (
	"errors"
	"io"
	"time"
)

// relay passes answers on until there are no more. Its error says how they ended.
func (c *conn) relay() error {
	var h head
	for {
		x, due := c.queue.front()
		switch {
		case due && x.ours():
			if err := c.say(x); err != nil {
				return err
			}
			c.queue.pop()
			continue
		case len(c.down.ahead()) == 0:
			if err := c.down.fill(); err != nil {
				return err
			}
			continue // a request may have come meanwhile
		case !due:
			if asked, err := c.unasked(); !asked {
				return err
			}
			continue
		}
		c.begun = false
		if err := c.answer(x, &h); err != nil {
			return err
		}
		c.queue.pop()
	}
}

// unasked deals with bytes that no request has asked for. A server of HTTP/2 may
// send some before the client has said that it speaks that; anything else is for
// the client to judge. It is true if there is a request after all.
func (c *conn) unasked() (asked bool, err error) {
	if w := c.queue.http2(c.down.ahead()[0] != 'H'); w != nil {
		c.down.dst = w
		return false, c.down.pass(endless)
	}
	if _, due := c.queue.front(); due {
		return true, nil
	}
	return false, c.goRaw()
}

// goRaw passes bytes on from now on.
func (c *conn) goRaw() error {
	c.queue.goRaw()
	return c.down.pass(endless)
}

// answer passes one answer on, with what faults make of it.
func (c *conn) answer(x exchange, h *head) error {
	if raw, err := c.answerHead(x, h); raw || err != nil {
		return err
	}
	if len(x.effect) > 0 {
		if replaced, err := c.harm(x, h); replaced || err != nil {
			return err
		}
	}
	c.begun = true
	c.down.accept(h.size)
	if x.tunnels(h.status) {
		return c.goRaw()
	}
	if err := c.answerBody(x, h, endless); err != nil {
		if _, ok := errors.AsType[malformed](err); ok || errors.Is(err, errTooLarge) {
			return c.goRaw()
		}
		return err
	}
	return c.down.settle()
}

// answerHead reads the head of the answer, and passes on what comes in front of
// it. raw says that what came is no answer, and was passed on to the end.
func (c *conn) answerHead(x exchange, h *head) (raw bool, err error) {
	for {
		err := c.down.readHead(h)
		_, bad := errors.AsType[malformed](err)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			c.down.accept(len(c.down.ahead()))
			c.down.flush()
			return true, err
		case bad || errors.Is(err, errTooLarge) || h.status == 101 && !x.upgrades:
			c.begun = true
			return true, c.goRaw()
		case err != nil:
			return true, err
		case h.status >= 200 || h.status == 101:
			return false, nil
		}
		c.down.accept(h.size)
		if err := c.down.flush(); err != nil {
			return true, err
		}
	}
}

// answerBody accepts the body of an answer. io.EOF means that the connection ended
// with it, as it may.
func (c *conn) answerBody(x exchange, h *head, limit int64) error {
	switch {
	case x.toHEAD || bodiless(h.status):
		return nil
	case h.chunked || h.length >= 0 && !h.encoded:
		return c.down.body(h, limit)
	}
	if err := c.down.pass(limit); err != nil {
		return err
	}
	return errLimit
}

// harm does what faults want with an answer; replaced says that nothing is left of
// it to pass on.
func (c *conn) harm(x exchange, h *head) (replaced bool, err error) {
	var documents effect
	for i, a := range x.effect {
		if a.config != nil {
			documents = append(documents, a)
			continue
		}
		if !a.Begins() {
			continue
		}
		switch {
		case a.waits():
			if !a.Wait(c.ctx) {
				return true, c.ctx.Err()
			}
			continue
		case a.when == middle:
			err = c.half(x, h)
		case a.answer != nil:
			err = c.replace(x, h, a.answer)
		default:
			err = errBroken
		}
		x.effect[i+1:].giveBack()
		documents.giveBack()
		return true, err
	}
	if x.document == nil {
		documents.passAll("it is no document, but asks for another protocol")
		return false, nil
	}
	return true, c.document(x, h, documents)
}

// replace sends another answer. The real one is read to its end first, so that the
// connection can go on; one that does not end soon costs the connection.
func (c *conn) replace(x exchange, h *head, a *answer) error {
	impatient := time.AfterFunc(settleTime, func() { c.upstream.Close() })
	c.down.drops = true
	c.down.accept(h.size)
	err := c.answerBody(x, h, settleLimit)
	c.down.settle()
	c.down.drops = false
	ends := h.close || h.minor == 0 && !h.keeps // after this answer, whoever gives it
	last := !impatient.Stop() || err != nil || ends || x.old || x.tunnels(h.status)
	return c.say(exchange{local: a, toHEAD: x.toHEAD, last: last})
}

// half sends the first half of an answer's body. Of a body that does not say how
// long it is, that is half of what comes first; an answer without a body is not
// sent at all.
func (c *conn) half(x exchange, h *head) error {
	if x.toHEAD || bodiless(h.status) || h.length == 0 {
		return errBroken
	}
	c.begun = true
	c.down.accept(h.size)
	n := h.length / 2
	switch {
	case h.chunked:
		size, err := c.down.chunkHead()
		if err != nil {
			return err
		}
		n = size / 2
	case h.length < 0:
		if len(c.down.ahead()) == 0 {
			if err := c.down.fill(); err != nil {
				return err
			}
		}
		n = int64(len(c.down.ahead()) / 2)
	}
	if err := c.down.pass(n); err != nil {
		return err
	}
	if err := c.down.flush(); err != nil {
		return err
	}
	return errBroken
}
