package gateway

import (
	"errors"
	"io"
	"net/http"
)

// requests passes requests on. Its error says how they ended: nil when the client
// has ended its side, errLast when the gateway has said or will say the last
// word, errHTTP2 when there are none of this protocol.
func (c *conn) requests() error {
	h := head{strict: true}
	for asked, begun := false, false; ; begun = true {
		if asked && len(c.up.ahead()) == 0 {
			if err := c.up.fill(); err != nil {
				return endOf(err)
			}
		}
		if c.queue.isRaw(asked) {
			return endOf(c.up.pass(endless))
		}
		err := c.up.readHead(&h)
		if c.queue.isRaw(false) {
			return endOf(c.up.pass(endless))
		}
		if errors.Is(err, errHTTP2) && !begun {
			return err
		}
		if err != nil {
			return c.noRequest(err, &h)
		}
		if asked, err = c.request(&h); err != nil {
			return endOf(err)
		}
	}
}

// noRequest ends requests after something that is none.
func (c *conn) noRequest(err error, h *head) error {
	if a := refusal(err); a != nil {
		return c.local(exchange{local: a, last: true}, h)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		c.up.accept(len(c.up.ahead())) // it is the dependency's to judge
		c.up.flush()
	}
	return endOf(err)
}

// endOf is nil for a stream that its sender ended, in whatever place.
func endOf(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// refusal is the answer to what is no request; nil when err is something else.
func refusal(err error) *answer {
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, errTooLarge):
		status = http.StatusRequestHeaderFieldsTooLarge
	case errors.Is(err, errHTTP2):
	default:
		if _, ok := errors.AsType[malformed](err); !ok {
			return nil
		}
	}
	a := &answer{status: status, body: "the proxy does not pass this request on: " + err.Error() + "\n"}
	a.describe()
	a.head = a.write()
	return a
}

// request passes one request on, or does what a fault wants instead. asks says
// that what follows may be no HTTP.
func (c *conn) request(h *head) (asks bool, err error) {
	c.calls.call()
	raw := c.up.ahead()[:h.size]
	method := raw[:h.method]
	x := exchange{
		toHEAD: string(method) == http.MethodHead, connect: string(method) == http.MethodConnect,
		upgrades: h.switches && h.upgrade, old: h.close || h.minor == 0,
	}
	var early effect
	if len(c.gateway.force.Now()) > 0 {
		early, x.effect = c.gateway.meet(request{h, raw}).split()
	}
	for _, a := range early {
		switch {
		case !a.Begins():
		case a.waits():
			if !a.Wait(c.ctx) {
				return false, c.ctx.Err()
			}
		default:
			x.effect.giveBack()
			x.effect, x.local, x.breaks = nil, a.answer, a.answer == nil
			return false, c.local(x, h)
		}
	}
	var anew []byte
	if len(x.effect.documents()) > 0 && !x.asks() {
		x.document, anew = c.wants(h, raw)
	}
	if _, ok := c.queue.push(x); !ok {
		return false, c.finish()
	}
	if anew == nil {
		c.up.accept(h.size)
	} else {
		c.up.replace(h.size, anew)
	}
	if h.chunked || h.length > 0 {
		return x.asks(), c.requestBody(h)
	}
	c.up.settle()
	return x.asks(), nil
}

func (c *conn) requestBody(h *head) error {
	c.uploads.Store(true)
	defer c.uploads.Store(false)
	if err := c.up.body(h, endless); err != nil {
		return c.cutShort(err)
	}
	c.up.settle()
	if c.queue.ended() {
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
// cannot be called back, so the dependency learns that it is broken.
func (c *conn) cutShort(err error) error {
	a := refusal(err)
	if a == nil {
		return err
	}
	c.refusal.Store(a)
	abort(c.upstream)
	return errLast
}

// local answers a request, or does not, without the dependency. The request's body
// is left aside, when that can be done in reasonable time.
func (c *conn) local(x exchange, h *head) error {
	if !x.breaks {
		x.last = x.last || x.old || h.expects || h.length > drainLimit
	}
	if err := c.answerOurselves(x); err != nil {
		return err
	}
	c.up.drops = true
	c.up.accept(h.size)
	err := c.up.body(h, drainLimit)
	c.up.settle()
	c.up.drops = false
	if errors.Is(err, errLimit) || refusal(err) != nil {
		return c.answerOurselves(exchange{last: true})
	}
	return err
}

// answerOurselves carries an exchange out, or leaves it to the other goroutine if
// its turn has not come. The error is not nil when it ends the connection.
func (c *conn) answerOurselves(x exchange) error {
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
	err := c.say(x)
	switch {
	case errors.Is(err, errLast):
		c.linger()
		c.upstream.Close()
	case err != nil:
		reset(c.client)
	}
	return err
}
