package http

import (
	"errors"
	"io"
	"net/http"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// passRequests passes requests on. Its error says how they ended: nil when the client
// has ended its side, errLast when the proxy has said or will say the last word,
// errHTTP2 when the client speaks HTTP/2.
func (c *conn) passRequests() error {
	h := head{strict: true}
	for asked, begun := false, false; ; begun = true {
		if asked && len(c.up.Ahead()) == 0 {
			if err := c.up.Fill(); err != nil {
				return unlessEnded(err)
			}
		}
		if c.queue.isRaw(asked) {
			return unlessEnded(c.up.pass(endless))
		}
		err := c.up.readHead(&h)
		if c.queue.isRaw(false) {
			return unlessEnded(c.up.pass(endless))
		}
		if errors.Is(err, errHTTP2) && !begun {
			return err
		}
		if err != nil {
			return c.refuseRequest(err, &h)
		}
		if asked, err = c.passRequest(&h); err != nil {
			return unlessEnded(err)
		}
	}
}

// refuseRequest ends requests after something that is not one.
func (c *conn) refuseRequest(err error, h *head) error {
	if a := refusal(err); a != nil {
		return c.answerOwn(exchange{own: a, last: true}, h)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		c.up.Keep(len(c.up.Ahead())) // the dependency judges it
		_ = c.up.Flush()             // how the connection ends is known already
	}
	return unlessEnded(err)
}

// unlessEnded returns nil for a stream that its sender ended, in whatever place.
func unlessEnded(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// refusal returns the answer to what is not a request; nil when err is something else.
func refusal(err error) *answer {
	status, problem := http.StatusBadRequest, ""
	switch {
	case errors.Is(err, stream.ErrTooLarge):
		status, problem = http.StatusRequestHeaderFieldsTooLarge, "a header section or line is too large"
	case errors.Is(err, errHTTP2) || isMalformed(err):
		problem = err.Error()
	default:
		return nil
	}
	a := &answer{status: status, body: "the proxy does not pass this request on: " + problem + "\n"}
	a.complete()
	return a
}

// passRequest passes one request on, or does what a fault wants instead. mayTunnel says
// that what follows may be something else than HTTP.
func (c *conn) passRequest(h *head) (mayTunnel bool, err error) {
	c.countCall()
	raw := c.up.Ahead()[:h.size]
	method := raw[:h.method]
	x := exchange{
		toHEAD: string(method) == http.MethodHead, connect: string(method) == http.MethodConnect,
		upgrades: h.switches && h.upgrade, old: h.close || h.minor == 0,
	}
	var early hits
	if len(c.proxy.Faults.Active()) > 0 {
		early, x.late = c.proxy.hit(http1Request{h, raw}).split()
	}
	for i, f := range early {
		switch {
		case !f.Apply():
		case delays(f):
			if !f.Delay(c.ctx) {
				early[i+1:].giveBack()
				x.late.giveBack()
				return false, c.ctx.Err()
			}
		default:
			x.late.giveBack()
			x.late, x.own, x.breaks = nil, f.Rule.answer, f.Rule.answer == nil
			return false, c.answerOwn(x, h)
		}
	}
	var rewritten []byte
	if len(x.late.onDocuments()) > 0 && !x.mayTunnel() {
		x.document, rewritten = c.askForDocument(h, raw)
	}
	if _, ok := c.queue.push(x); !ok {
		x.late.giveBack()
		return false, c.finish()
	}
	if rewritten == nil {
		c.up.Keep(h.size)
	} else {
		c.up.Drop(h.size)
		c.up.Put(rewritten)
	}
	if h.chunked || h.length > 0 {
		return x.mayTunnel(), c.passRequestBody(h)
	}
	_ = c.up.Settle() // the answers end if it fails, and decide how the client's side does
	return x.mayTunnel(), nil
}

func (c *conn) passRequestBody(h *head) error {
	c.uploads.Store(true)
	defer c.uploads.Store(false)
	if err := c.up.body(h, endless); err != nil {
		return c.cutShort(err)
	}
	_ = c.up.Settle() // as above
	if c.queue.answersEnded() {
		return c.finish()
	}
	return nil
}

// finish ends a connection whose dependency is not there any more.
func (c *conn) finish() error {
	c.linger()
	return errLast
}

// cutShort ends the connection in the middle of a request. What was sent of it
// cannot be called back, so the dependency learns that the connection is broken.
func (c *conn) cutShort(err error) error {
	a := refusal(err)
	if a == nil {
		return err
	}
	c.refusal.Store(a)
	stream.Abort(c.upstream)
	return errLast
}

// answerOwn answers a request, or breaks the connection, without the dependency. The
// request's body is read and dropped, when that can be done in reasonable time.
func (c *conn) answerOwn(x exchange, h *head) error {
	if !x.breaks {
		x.last = x.last || x.old || h.expects || h.length > drainLimit
	}
	if err := c.carryOutInTurn(x); err != nil {
		return err
	}
	err := c.dropRequest(h)
	if errors.Is(err, errLimit) || refusal(err) != nil {
		return c.carryOutInTurn(exchange{last: true})
	}
	return err
}

// dropRequest reads a request to its end, and drops it.
func (c *conn) dropRequest(h *head) error {
	_ = c.up.Redirect(io.Discard) // it does not matter here whether the upstream takes more
	c.up.Keep(h.size)
	err := c.up.body(h, drainLimit)
	_ = c.up.Settle()
	_ = c.up.Redirect(c.upstream)
	return err
}

// carryOutInTurn carries an exchange out, or leaves it to the other goroutine if its
// turn has not come. The error is not nil when it ends the connection.
func (c *conn) carryOutInTurn(x exchange) error {
	yours, ok := c.queue.push(x)
	if !ok {
		return c.finish()
	}
	if !yours {
		if x.last || x.breaks {
			return errLast
		}
		return nil
	}
	err := c.carryOut(x)
	switch {
	case errors.Is(err, errLast):
		c.linger()
		_ = c.upstream.Close() // nothing is wanted of it any more
	case err != nil:
		stream.Reset(c.client)
	}
	return err
}
