package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// Patience is how long one attempt to send a message may take, and how much longer than the
// run all that is left may take in the end.
const Patience = 2 * time.Second

const (
	mostQueued = 100                    // messages that wait for one receiver
	mostAnswer = 16 << 10               // bytes of an answer that are read
	pause      = 500 * time.Millisecond // before the second attempt, where the answer does not say
)

// A receiver is one who is told, with the messages that wait for it.
type receiver struct {
	to     experiments.Receiver
	format format
	client *http.Client
	logf   func(format string, args ...any)
	warned sync.Once

	mu     sync.Mutex
	queue  []*Message
	closed bool
	wake   chan struct{} // holds one token where the queue has changed
}

// put queues a message. Where too many wait, the oldest is not sent: the last ones say what
// a run came to.
func (r *receiver) put(m *Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) >= mostQueued {
		r.warn(r.queue[0], errors.New("too many messages wait for it"))
		r.queue = r.queue[1:]
	}
	r.queue = append(r.queue, m)
	r.signal()
}

// close lets the receiver end when its queue is empty.
func (r *receiver) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.signal()
}

func (r *receiver) signal() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake already
	}
}

// next waits for a message. It reports false when there will be none any more.
func (r *receiver) next(ctx context.Context) (*Message, bool) {
	for {
		r.mu.Lock()
		if len(r.queue) > 0 {
			m := r.queue[0]
			r.queue = r.queue[1:]
			r.mu.Unlock()
			return m, true
		}
		closed := r.closed
		r.mu.Unlock()
		if closed {
			return nil, false
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// send sends messages, one after the other, until there are none any more.
func (r *receiver) send(ctx context.Context) {
	for {
		m, ok := r.next(ctx)
		if !ok {
			return
		}
		r.tryTo(ctx, m)
	}
}

// tryTo tells a message, or says that it could not be told.
func (r *receiver) tryTo(ctx context.Context, m *Message) {
	if err := r.tell(ctx, m); err != nil {
		r.warn(m, err)
	}
}

// pages reports whether a message pages somebody there. It waits for no other one: not for
// those in the queue, and not for one that a slow server has not taken yet.
func (r *receiver) pages(m *Message) bool { return r.to.Kind == experiments.PagerDuty && m.isAlert() }

// warn says once that the receiver could not be told something.
func (r *receiver) warn(m *Message, err error) {
	r.warned.Do(func() {
		r.logf("warning: %s was not told of %q: %v; the run goes on, and further failures of this receiver are not reported", r.to.Name(), m.Event, err)
	})
}

// tell sends one message. The error says nothing that is a secret.
func (r *receiver) tell(ctx context.Context, m *Message) error {
	for _, q := range r.format.requests(m) {
		answer, err := r.attempt(ctx, q)
		if again, ok := errors.AsType[*retryError](err); ok {
			select {
			case <-time.After(again.after):
			case <-ctx.Done():
				return again.error
			}
			answer, err = r.attempt(ctx, q)
		}
		if err != nil {
			return err
		}
		if q.answered != nil {
			q.answered(answer)
		}
	}
	return nil
}

// A retryError is one after which a second attempt makes sense.
type retryError struct {
	error
	after time.Duration
}

// attempt sends a request once and returns the beginning of the answer's body.
func (r *receiver) attempt(ctx context.Context, q request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.method, q.url, strings.NewReader(string(q.body)))
	if err != nil { // it may repeat the URL
		return nil, errors.New("its address cannot be used")
	}
	req.Header = q.header.Clone()
	req.Header.Set("User-Agent", "blastgauge")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, describe(err)
	}
	defer func() { _ = resp.Body.Close() }()                       // it was only read
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, mostAnswer)) // the status says whether it was told
	return answer, judge(resp)
}

// judge says what is wrong with an answer; nil: nothing.
func judge(resp *http.Response) error {
	code := resp.StatusCode
	answered := fmt.Errorf("it answered %s", strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code))))
	switch {
	case code >= 200 && code <= 299:
		return nil
	case code >= 300 && code <= 399:
		return fmt.Errorf("%w, and redirects are not followed", answered)
	case code != http.StatusTooManyRequests && code < 500:
		return answered
	}
	after, known := retryAfter(resp.Header.Get("Retry-After"), time.Now())
	if !known {
		after = pause
	}
	if after > Patience {
		return answered
	}
	return &retryError{answered, after}
}

// retryAfter reads the header of that name: seconds, or a time.
func retryAfter(text string, now time.Time) (after time.Duration, known bool) {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// describe says what went wrong. The errors of net/http repeat the URL, which is a secret.
func describe(err error) error {
	_, unknown := errors.AsType[*net.DNSError](err)
	_, distrusted := errors.AsType[*tls.CertificateVerificationError](err)
	timeout, _ := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("it had not answered when the run was over")
	case errors.Is(err, context.DeadlineExceeded), timeout != nil && timeout.Timeout():
		return fmt.Errorf("no answer within %g s", Patience.Seconds())
	case unknown:
		return errors.New("its host is not found")
	case distrusted:
		return errors.New("its certificate is not trusted")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("it refuses connections")
	}
	return errors.New("the connection failed")
}

// newClient returns a client that follows no redirect: it would carry a secret to where
// somebody else says.
func newClient(t http.RoundTripper) *http.Client {
	if t == nil {
		own := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: 30 * time.Second}
		own.DialContext = (&net.Dialer{Timeout: Patience}).DialContext
		t = own
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
